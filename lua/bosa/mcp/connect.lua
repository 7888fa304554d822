--- Has the user connect an account where a call finds none.
--
-- A client that can send its user to a URL is given the server's link: in a stateless revision as a result that wants
-- input, after which it repeats the request; in 2025-11-25 as an error that says so. Others get the link in the text.
-- An answer counts only with a `requestState` that was given for it (bosa.mcp.request_state).

local core = require("bosa.core")
local is_object = require("bosa.tools.options").is_object
local protocol = require("bosa.mcp.protocol")
local results = require("bosa.tools.result")

local connect = {}

local KEY = "connect" -- of the question among a result's inputRequests
local WAIT = 60 -- seconds for an account to be there, once the user has said yes
local EVERY = 1 -- seconds between two looks

local count = 0 -- of questions, in this process

--- Whether a call failed for want of an account.
---@param err table?
---@return boolean
local function lacks_account(err)
  if not err then return false end
  if err.kind == "not_connected" then return true end
  return err.status == 404 and tostring(err.message):find("[Pp]lease integrate first%.?$") ~= nil
end

local function can_open_urls(cx)
  if cx.version < "2025-11-25" then return false end
  local elicitation = is_object(cx.capabilities) and cx.capabilities.elicitation
  return is_object(elicitation) and is_object(elicitation.url)
end

local function message_of(connector)
  return ("No account of %s is connected. Open the link to connect one."):format(connector)
end

--- What the client is to ask its user in a legacy revision.
local function needs_url(connector, url)
  count = count + 1
  local message = message_of(connector)
  return protocol.error("elicitation", message, { elicitations = core.array({ {
    mode = "url", url = url, message = message, elicitationId = ("%s-%d-%d"):format(connector, os.time(), count),
  } }) })
end

local function wants_input(service, connector, token, url)
  return {
    resultType = "input_required", requestState = service.request_state:give(connector, token),
    inputRequests = { [KEY] = { method = "elicitation/create", params = {
      mode = "url", url = url, message = message_of(connector),
    } } },
  }
end

--- What is to be said besides a result: a link to connect an account, where the call failed for want of one.
---@param service bosa.mcp.Service
---@param connector string
---@param result bosa.ToolResult its text gets the link, where the client can't ask its user
---@param cx bosa.mcp.Context
---@return table? asked, bosa.mcp.Error? fault
function connect.ask(service, connector, result, cx)
  if not lacks_account(result.error) then return nil end
  local token = cx.token or service.options.token
  local renew = { replace_duplicate = true } -- it may be there, but have expired
  local url = service.hub:initiate_connector_auth(connector, token, service.callback_uri, renew)
  if not url then return nil end
  if can_open_urls(cx) then
    if cx.modern then return wants_input(service, connector, token, url) end
    return nil, needs_url(connector, url)
  end
  result.content = ("%s\nThe user can connect an account by opening %s; then call it again.")
    :format(result.content, url)
  return nil
end

--- Waits until an account is there, at most for a while: the browser may still be on its way.
local function wait_for_account(service, connector, cx)
  service.hub:wait_for_integration(connector, cx.token or service.options.token, {
    timeout = WAIT,
    interval = EVERY,
    callback = function() return not cx.running.cancelled end,
  })
end

--- Takes the user's answer to the question for a connector, which the request brings. A result: the call isn't to be
--- made.
---@param service bosa.mcp.Service
---@param connector string
---@param params table
---@param cx bosa.mcp.Context
---@return bosa.ToolResult?
function connect.answered(service, connector, params, cx)
  local token = cx.token or service.options.token
  if not cx.modern or not service.request_state:is_given(params.requestState, connector, token) then return nil end
  local answer = is_object(params.inputResponses) and params.inputResponses[KEY]
  if not is_object(answer) then return nil end
  if answer.action == "accept" then return wait_for_account(service, connector, cx) end
  return results.failed(("The user did not connect an account of %s, and nothing was done."):format(connector))
end

return connect
