--- What a person at a shell may do about an error that the library tells in words for programs.

local reading = require("bosa.tools.reading")

local advice = {}

--- What to do about credentials that the server refuses.
local function about_credentials(cx, err)
  local session = cx.session_
  if session and type(session.expires) == "number" and session.expires <= os.time() then
    return "; the session has expired, run " .. cx:login_command()
  end
  local about_key = tostring(err.message):find("API Key", 1, true)
  if err.status ~= 401 and not about_key then return "" end
  local credentials = cx:credentials() or {}
  local name, variable, used = "token", "BOSA_TOKEN", credentials.token
  if about_key then
    name, variable, used = "key", "BOSA_API_KEY", credentials.api_key
  end
  if not used or os.getenv(variable) ~= used then
    local command = cx:login_command()
    return tostring(err.message):find(command, 1, true) and "" or "; run " .. command
  end
  local words = "; the %s in %s was refused; set another, or unset it and run %s"
  return words:format(name, variable, cx:login_command())
end

--- Whether an action may have run that isn't clearly read-only: who repeats it may do it twice.
local function may_have_run(err)
  return err.sent == "maybe" and type(err.action) == "string" and not reading.reads(err.action)
end

--- What is to be added to an error; nothing where there is nothing to add.
---@param cx bosa.cli.Context
---@param err any
---@return string
function advice.of(cx, err)
  if type(err) ~= "table" then return "" end
  if may_have_run(err) then return "; the action may have run: look before you repeat it" end
  if err.kind ~= "auth" or cx.options.command == "auth" then return "" end
  return about_credentials(cx, err)
end

--- An error of `bosa.new` about the address, the key or the token, in the names that a person at a shell gave it.
---@param cx bosa.cli.Context
---@param message string
---@param credentials table that bosa.new was given
---@return string
function advice.about_options(cx, message, credentials)
  for option, variable in pairs({ api_key = "BOSA_API_KEY", token = "BOSA_TOKEN" }) do
    local given = credentials[option]
    if given and given == os.getenv(variable) then message = message:gsub("^" .. option .. " ", variable .. " ") end
  end
  local from = cx.options.api_url and "--api-url" or os.getenv("BOSA_API_BASE_URL") and "BOSA_API_BASE_URL" or nil
  local words = message:gsub("or set allow_http", "or give --allow-http")
  if from then words = words:gsub("^api_base_url", from) end
  if not words:find("must be an absolute http or https URL", 1, true) then return words end
  return words .. ", like https://api.bosa.id"
end

return advice
