--- Opening a URL in the browser of a desktop.

local uv = require("luv")

local browser = {}

local function is_set(variable)
  local value = os.getenv(variable)
  return value ~= nil and value ~= ""
end

--- The program that opens a URL here; nil: there is no desktop.
local function program()
  if uv.os_uname().sysname == "Darwin" then return "open" end
  if not is_set("DISPLAY") and not is_set("WAYLAND_DISPLAY") then return nil end
  if is_set("BROWSER") then return (os.getenv("BROWSER"):match("^[^:]+")) end
  return "xdg-open"
end

--- Opens a URL where there is a desktop. The URL is a server's: only http and https are opened.
---@param url string
---@return boolean opened
function browser.open(url)
  local name = program()
  if not name or not url:find("^https?://[^%s%c]+$") then return false end
  local handle = uv.spawn(name, { args = { url }, detached = true, stdio = {} }, function() end)
  if not handle then return false end
  handle:unref()
  return true
end

return browser
