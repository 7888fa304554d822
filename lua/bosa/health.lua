--- :checkhealth bosa

local health = {}

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
  good("core " .. bosa.version .. " is loaded")
  if not (os.getenv("BOSA_API_KEY") or (vim.g.bosa or {}).api_key) then
    warn("no API key: set $BOSA_API_KEY or vim.g.bosa = { api_key = ... }")
    return
  end
  local hub = bosa.new(vim.g.bosa)
  local names, err = hub:get_available_modules()
  if names then
    good(tostring(hub) .. " answers: " .. table.concat(names, ", "))
  else
    bad(tostring(hub) .. ": " .. tostring(err))
  end
  hub:close()
end

return health
