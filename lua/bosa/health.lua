--- :checkhealth bosa

local health = {}

local safe = require("bosa.cli.terminal_text").safe
local vim = rawget(_G, "vim")

function health.check()
  local report = vim.health or require("health")
  local start = report.start or report.report_start
  local good, bad = report.ok or report.report_ok, report.error or report.report_error
  local warn = report.warn or report.report_warn
  start("bosa")
  local ok, bosa = pcall(require, "bosa")
  if not ok then
    bad("the module's core can't be loaded: " .. tostring(bosa), { "build it for LuaJIT: make build" })
    return
  end
  local core = require("bosa.core")
  good("core " .. bosa.version .. " is loaded")
  local options = vim.g.bosa or {}
  local key = os.getenv("BOSA_API_KEY") or options.api_key
  local token = os.getenv("BOSA_TOKEN") or options.token
  if not key and not token and not (options.profile or os.getenv("BOSA_PROFILE")) then
    warn(core.no_credentials .. ", or vim.g.bosa = { api_key = ..., token = ... }, or { profile = ... }")
    return
  end
  local hub, new_err = bosa.new(vim.g.bosa)
  if not hub then return bad(safe(tostring(new_err))) end
  local names, err = hub:get_available_modules()
  if names then
    good(safe(tostring(hub) .. " responds: " .. table.concat(names, ", ")))
  else
    bad(safe(tostring(hub) .. ": " .. tostring(err)))
  end
  hub:close()
end

return health
