--- A transport given by the user, function(request) -> reply | nil, err: made a `send` that takes one call's
-- request to it and its reply back (see bosa.transport).

local loop = require("bosa.loop")
local task = require("bosa.task")

local user = {}

--- Why a reply is malformed; nil: it is well-formed.
local function reply_fault(reply)
  if type(reply) ~= "table" then return "the transport must return a table with a status" end
  local status = reply.status
  if type(status) ~= "number" or status % 1 ~= 0 or status < 100 or status > 599 then
    return "the transport's reply must have a status from 100 to 599"
  end
  if reply.headers ~= nil and type(reply.headers) ~= "table" then return "the transport's headers must be a table" end
  if reply.body ~= nil and type(reply.body) ~= "string" then return "the transport's body must be a string" end
end

local function deliver(call, reply)
  if not call:_status(reply.status) then return nil end
  for name, value in pairs(reply.headers or {}) do
    if not call:_field(tostring(name) .. ": " .. tostring(value)) then return nil end
  end
  local body = reply.body or ""
  if body == "" then return true end
  local taken = call:_body(body)
  while taken == "again" do
    loop.give_chunks(call)
    if call:_ended() then return nil end
    taken = call:_body(body)
  end
  if not taken then return nil end
  loop.give_chunks(call)
  loop.show_progress(call)
  return true
end

--- The whole body of a request that is not in memory yet: nil where it can't be read (the call knows why) or was ended.
local function collect_body(call)
  local pieces = {}
  while true do
    local bytes, needs_input = call:_body_piece(65536)
    if needs_input then
      local pause = loop.feed(call)
      if pause then task.sleep(pause) end
      if call:_ended() then return nil end
    elseif not bytes then
      return nil
    elseif bytes == "" then
      return table.concat(pieces)
    else
      pieces[#pieces + 1] = bytes
    end
  end
end

local kinds = { connection = true, timeout = true, tls = true, protocol = true, file = true }
local sents = { no = true, maybe = true, yes = true }

--- Tells the call what a transport said went wrong. (An error's `instead` is for bosa.testing: it becomes the call's
-- result.)
local function refuse(call, err)
  if type(err) ~= "table" then
    return call:_broke("maybe", "connection", err and loop.text(err) or "the transport gave no reply")
  end
  if err.instead then call:_keep("error", err.instead) end
  local message = type(err.message) == "string" and err.message or "the transport failed"
  call:_broke(sents[err.sent] and err.sent or "maybe", kinds[err.kind] and err.kind or "connection", message)
end

--- A `send` made of the user's function.
function user.sender(fn)
  return function(call)
    call:_sending()
    if call:_ended() then return end -- the deadline has passed: nothing may be sent
    local method, url, headers, body = call:_request()
    if body == false then
      body = collect_body(call)
      if not body then return call:_ended() or call:_broke("no") end
    end
    local request = { method = method, url = url, headers = headers, body = body, timeout = call:_attempt_time() }
    local ok, reply, err = pcall(fn, request)
    if call:_ended() then return end -- by somebody else, meanwhile
    if not ok then return call:_broke("maybe", "connection", "the transport raised: " .. loop.text(reply)) end
    if reply == nil then return refuse(call, err) end
    local fault = reply_fault(reply)
    if fault then return call:_broke("maybe", "protocol", fault) end
    local delivered = deliver(call, reply)
    if call:_ended() then return end
    if delivered then
      call:_responded()
    else
      call:_broke("yes")
    end
  end
end

return user
