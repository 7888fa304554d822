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
  local built, message = require("bosa.editor.built").check()
  if not built then return bad(message) end
  local bosa, core = require("bosa"), require("bosa.core")
  good("core " .. bosa.version .. " is loaded")
  local hub
  hub, message = require("bosa.editor.hub").get()
  if not hub then return bad(safe(message)) end
  if not require("bosa.editor.hub").has_credentials() then
    return warn(core.no_credentials .. ", or vim.g.bosa = { api_key = ..., token = ... }, or { profile = ... }")
  end
  local names, err = hub:get_available_modules()
  if names then
    good(safe(tostring(hub) .. " responds: " .. table.concat(names, ", ")))
  else
    bad(safe(tostring(hub) .. ": " .. tostring(err)))
  end
end

return health
