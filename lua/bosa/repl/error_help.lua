--- help(err) at the prompt: what an error means, what is known of it, and what can be done.

local error_help = {}

local MOST_DETAILS = 20
local FIELDS = { "status", "code", "attempts", "retry_after", "reference_id", "url", "cause" }

local MEANS = {
  params = "The parameters don't fit the action's schema. Nothing was sent.",
  unknown_connector = "The server has no connector of this name.",
  unknown_action = "The connector has no action of this name.",
  auth = "The server doesn't accept the API key or the token.",
  not_connected = "The user has no account of this service connected, or has to renew it.",
  not_found = "The service has nothing under this id or name, or doesn't show it to this account.",
  rate_limit = "Too many requests in a short time (429).",
  api = "The server refused the request as it is.",
  server = "The server, or the service behind it, failed.",
  connection = "No connection could be made, or it broke.",
  timeout = "It took longer than `timeout` or `deadline` allow.",
  tls = "The server's certificate can't be trusted.",
  protocol = "The response is malformed, or too large.",
  file = "A file can't be read or written.",
  cancelled = "The call was cancelled.",
  closed = "The hub was closed.",
}

local ADVICE = {
  params = "help(%s) shows the parameters.",
  unknown_connector = "hub:get_available_modules() lists the connectors.",
  unknown_action = "help(%c) lists the actions.",
  auth = "Run `bosa auth login` in a shell, or set BOSA_API_KEY and BOSA_TOKEN.",
  not_connected = "`bosa integrations add %c` in a shell connects one.",
  rate_limit = "Wait, or let bosa wait: :max_attempts(3).",
  server = "Try again later; :max_attempts(3) lets bosa do it, for actions that may run twice.",
  connection = "Check the server's address, the network and the proxy.",
  timeout = "Allow more time: :timeout(60).",
  tls = "`ca_file` or BOSA_CA_FILE names the certificates of a private authority.",
}

local SENT = {
  no = "It was not sent: the action did not run.",
  maybe = "It may have been sent: the action may have run.",
  yes = "The server responded.",
}

--- Advice with the names of the connector (%c) and of the action (%s) in it; nil: there is none, or they aren't known.
local function advice_of(err)
  local text = ADVICE[err.kind]
  if not text or text:find("%%") and not err.connector then return nil end
  local action = err.action and err.connector .. "." .. err.action or err.connector
  return (text:gsub("%%[cs]", function(mark) return mark == "%c" and err.connector or action end))
end

local function details_of(err)
  local lines = {}
  for i, fault in ipairs(type(err.details) == "table" and err.details or {}) do
    if type(fault) == "table" and fault.message and i <= MOST_DETAILS then
      lines[#lines + 1] = "  " .. tostring(fault.message)
    end
  end
  if #lines < 2 then return nil end -- the message has said it
  return table.concat(lines, "\n")
end

local function fields_of(err)
  local lines = { "  kind          " .. err.kind }
  for _, name in ipairs(FIELDS) do
    if err[name] ~= nil then lines[#lines + 1] = ("  %-13s %s"):format(name, tostring(err[name])) end
  end
  return table.concat(lines, "\n")
end

--- The help of an error of the library's.
---@param err bosa.Error
---@return string
function error_help.text(err)
  local parts = { tostring(err), "", MEANS[err.kind] or "" }
  local function add(text) if text then parts[#parts + 1] = text end end
  add(details_of(err))
  if err.kind ~= "params" then add(SENT[err.sent]) end
  add(advice_of(err))
  add("")
  add(fields_of(err))
  return table.concat(parts, "\n")
end

return error_help
