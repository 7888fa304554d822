--- Neovim: the hub of :Bosa, made at first use.

local bosa = require("bosa")
local config = require("bosa.cli.config")
local profile = require("bosa.profile")

local vim = rawget(_G, "vim")
local hub = {}

local present
local has_credentials = false

local function set(variable)
  local value = os.getenv(variable)
  return value ~= "" and value or nil
end

--- The options of `bosa.new`: those of vim.g.bosa, the environment's, then the session of `bosa auth login`, which goes
-- to the server that it is for alone. A session that can't be read is an error's text.
---@return table? options, string? message
local function options_of()
  local options = {}
  for name, value in pairs(vim.g.bosa or {}) do options[name] = value end
  local url = options.api_base_url or set("BOSA_API_BASE_URL")
  local key, token = options.api_key or set("BOSA_API_KEY"), options.token or set("BOSA_TOKEN")
  if options.cache_dir == nil then options.cache_dir = config.cache_dir() end
  if options.int64 == nil then options.int64 = "cdata" end -- digits stay numbers in the JSON that is shown
  if key and token or options.profile or set("BOSA_PROFILE") then return options end
  local sessions, err = config.sessions()
  if not sessions then return nil, tostring(err) end
  local session = sessions[profile.DEFAULT]
  if not session or url and not profile.same_server(url, session.api_url) then return options end
  options.api_base_url = url or session.api_url
  options.api_key, options.token = key or session.api_key, token or session.token
  if options.allow_http == nil and session.allow_http == true then options.allow_http = true end
  return options
end

--- The hub; always the same one.
---@return userdata? hub, string? message
function hub.get()
  if present then return present end
  local options, message = options_of()
  if not options then return nil, message end
  local ok, made, err = pcall(bosa.new, options)
  if not ok then return nil, tostring(made) end
  if not made then return nil, tostring(err) end
  local given = options.api_key or options.token or set("BOSA_API_KEY") or set("BOSA_TOKEN")
  present, has_credentials = made, (given or options.profile or set("BOSA_PROFILE")) ~= nil
  return present
end

--- Whether the hub has an API key or a token.
---@return boolean
function hub.has_credentials() return has_credentials end

--- Lets go of the hub, so that the next one is made of what the settings and the session say then.
function hub.forget() present = nil end

return hub
