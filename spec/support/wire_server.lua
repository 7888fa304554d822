--- wire_server.lua: a server that does to a connection what its request names: `case` in the body of a POST says which
-- of the tricks below. Runs on Lua 5.4 with luv, prints "listening URL ELSEWHERE" and ends with its standard input.
--
-- GET /stats gives what it counted: requests that came whole, by their `key`; connections it closed; those that came
-- to ELSEWHERE, where nobody should come; and the bytes of a plain reply. GET /cut?at=N&how=close|reset has it end the
-- next POST's connection once N of its bytes came; without N, none. GET /release?key=K gives the reply that the request
-- with the case `held` and that `key` waits for; it may come before the request.
local uv = require("luv")
local hostile = require("spec.contract.hostile")

local counts = { runs = {}, closed = 0, elsewhere = 0 }
local cut -- {at, how}: what GET /cut said
local held, released = {}, {} -- key -> connection that waits for GET /release, or that need not wait
local elsewhere -- URL of the second listener

local schema = '{"wire":{"act":{"method":"POST","path":"/connectors/wire/act","docstring":"Does what it is told.",'
  .. '"parameters":{"request":{"schema":{"type":"object","properties":{"case":{"type":"string"},'
  .. '"n":{"type":"integer"},"key":{"type":"string"}},"required":["case"]}}}},'
  .. '"send":{"method":"POST","path":"/connectors/wire/send","docstring":"Takes a file.","parameters":{"request":'
  .. '{"schema":{"type":"object","properties":{"file":{"type":"string","format":"binary"}}}}}},'
  .. '"stall":{"method":"POST","path":"/connectors/wire/stall","docstring":"Takes no file.","parameters":{"request":'
  .. '{"schema":{"type":"object","properties":{"file":{"type":"string","format":"binary"}}}}}}}}'

local function shut(conn, how)
  if conn:is_closing() then return end
  local function done() counts.closed = counts.closed + 1 end
  if how == "reset" then
    conn:close_reset(done)
  else
    conn:close(done)
  end
end

--- Writes `bytes` and, where `how` says so, ends the connection then.
local function say(conn, bytes, how)
  if conn:is_closing() then return end
  conn:write(bytes, function() if how then shut(conn, how) end end)
end

local function answer(body, fields, status)
  return ("HTTP/1.1 %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s"):format(
    status or "200 OK", fields or "", #body, body)
end

local ok = answer('{"data":{"ok":true}}')
local head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

--- Writes piece after piece, each when the one before has left, until `next_piece` gives nil or the other side goes.
local function pour(conn, next_piece)
  local piece = next_piece()
  if not piece or conn:is_closing() then return end
  conn:write(piece, function(err)
    if err then return shut(conn) end
    pour(conn, next_piece)
  end)
end

local function times(piece, n)
  return function()
    n = n - 1
    return n >= 0 and piece or nil
  end
end

--- Writes byte by byte, and the last again and again where it is to go on for ever.
local function slowly(conn, bytes, for_ever)
  local timer, at = uv.new_timer(), 0
  timer:start(0, 1, function()
    if at < #bytes then at = at + 1 end
    say(conn, bytes:sub(at, at))
    if at == #bytes and not for_ever or conn:is_closing() then timer:close() end
  end)
end

local function gzip(command)
  local pipe = io.popen(command .. " | gzip -1", "r")
  local bytes = pipe:read("a")
  pipe:close()
  return bytes
end

local function say_gzip(conn, bytes, how)
  say(conn, head .. "Content-Encoding: gzip\r\nContent-Length: " .. #bytes .. "\r\n\r\n" .. bytes, how)
end

local function redirect(conn, location, status)
  say(conn, answer("", "Location: " .. location .. "\r\n", status or "307 Temporary Redirect"))
end

local function busy(conn, status, retry_after)
  say(conn, answer('{"message":"busy"}', "Retry-After: " .. retry_after .. "\r\n", status))
end

local tricks = {
  ok = function(conn) say(conn, ok) end,
  reset_before = function(conn) shut(conn, "reset") end,
  close_before = function(conn) shut(conn) end,
  reset_in_head = function(conn) say(conn, head:sub(1, 30), "reset") end,
  close_in_head = function(conn) say(conn, head:sub(1, 30), "close") end,
  reset_in_body = function(conn) say(conn, head .. "Content-Length: 100\r\n\r\n{\"data\"", "reset") end,
  close_in_body = function(conn) say(conn, head .. "Content-Length: 100\r\n\r\n{\"data\"", "close") end,
  cut_reply = function(conn, n, how) say(conn, ok:sub(1, n), how) end,
  short_length = function(conn) say(conn, head .. 'Content-Length: 9\r\n\r\n{"data":{"ok":true}}', "close") end,
  two_lengths = function(conn) say(conn, head .. "Content-Length: 9\r\nContent-Length: 20\r\n\r\n{}", "close") end,
  word_length = function(conn) say(conn, head .. "Content-Length: soon\r\n\r\n{}", "close") end,
  chunk_garbage = function(conn) say(conn, head .. "Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n", "close") end,
  chunk_cut = function(conn) say(conn, head .. "Transfer-Encoding: chunked\r\n\r\n40\r\n{\"data\"", "close") end,
  no_length = function(conn) say(conn, head .. '\r\n{"data":', "close") end,
  no_http = function(conn) say(conn, "SSH-2.0-OpenSSH_9.2\r\n", "close") end,
  huge_field = function(conn) pour(conn, times(head .. "X-Big: " .. ("x"):rep(1048576) .. "\r\n\r\n{}", 1)) end,
  many_fields = function(conn) pour(conn, times(head .. ("X-Field: value\r\n"):rep(100000) .. "\r\n{}", 1)) end,
  folded = function(conn) say(conn, "HTTP/1.1 200 OK\r\n folded: yes\r\nContent-Length: 2\r\n\r\n{}", "close") end,
  slowly = function(conn) slowly(conn, ok) end,
  endlessly = function(conn) slowly(conn, head .. 'Content-Length: 1000000\r\n\r\n{"data": ', true) end,
  silence = function() end,
  held = function(conn, _, _, key)
    if released[key] then return say(conn, ok) end
    held[key] = conn
  end,
  continue = function(conn) say(conn, "HTTP/1.1 100 Continue\r\n\r\n" .. ok) end,
  interim = function(conn) say(conn, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" .. ok) end,
  interim_flood = function(conn)
    pour(conn, function() return ("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"):rep(1000) end)
  end,
  switching = function(conn)
    say(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
  end,
  answer_behind = function(conn) say(conn, ok .. answer('{"message":"not asked for"}', nil, "500 Oops")) end,
  gzip_cut = function(conn) say_gzip(conn, gzip("echo '['; seq -s, 9999; echo ']'"):sub(1, 9999)) end,
  gzip_bomb = function(conn) say_gzip(conn, gzip("head -c 104857600 /dev/zero"), "close") end,
  deep = function(conn)
    say(conn, head .. "Content-Length: 1000009\r\n\r\n" .. '{"data": ' .. ("["):rep(1000000))
  end,
  big = function(conn)
    local piece = ("%x\r\n%s\r\n"):format(1048576, ("[],"):rep(349525) .. " ")
    say(conn, head .. "Transfer-Encoding: chunked\r\n\r\n1\r\n[\r\n")
    pour(conn, times(piece, 200))
  end,
  bad_utf8 = function(conn) say(conn, answer('{"data":"\255\254"}')) end,
  html = function(conn)
    say(conn, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>")
  end,
  no_content = function(conn) say(conn, "HTTP/1.1 204 No Content\r\n\r\n") end,
  redirect_loop = function(conn) redirect(conn, "/connectors/wire/act") end,
  redirect_away = function(conn) redirect(conn, elsewhere) end,
  redirect_tls = function(conn) redirect(conn, (elsewhere:gsub("^http:", "https:")) .. "/connectors/wire/act") end,
  see_other = function(conn) redirect(conn, "/connectors/wire/act", "303 See Other") end,
  storm = function(conn) busy(conn, "429 Too Many Requests", "0") end,
  retry_past = function(conn) busy(conn, "503 Service Unavailable", "Wed, 21 Oct 2015 07:28:00 GMT") end,
  retry_year = function(conn) busy(conn, "503 Service Unavailable", "31536000") end,
  retry_malformed = function(conn) busy(conn, "503 Service Unavailable", "soon") end,
  hostile = function(conn, n)
    local row = hostile[n]
    say(conn, row.bytes, row.ends == nil and "close" or row.ends)
  end,
  oops = function(conn) -- as some servers do when an action raised: the end comes a little later, and unannounced
    say(conn, answer('{"message":"Oops"}', nil, "500 Internal Server Error"))
    local timer = uv.new_timer()
    timer:start(5, 0, function()
      timer:close()
      shut(conn)
    end)
  end,
  full_queue = function(conn)
    local bytes = gzip("head -c " .. 262144 + 100 .. " /dev/zero")
    say(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Encoding: gzip\r\nContent-Length: "
      .. #bytes .. "\r\n\r\n" .. bytes)
  end,
  idle_close = function(conn) say(conn, ok, "close") end,
  idle_reset = function(conn) say(conn, ok, "reset") end,
  idle_408 = function(conn)
    say(conn, ok)
    say(conn, answer("", "Connection: close\r\n", "408 Request Timeout"), "close")
  end,
}

local function stats()
  local runs = {}
  for key, count in pairs(counts.runs) do runs[#runs + 1] = ("%q:%d"):format(key, count) end
  return answer(('{"runs":{%s},"closed":%d,"elsewhere":%d,"reply":%d}'):format(table.concat(runs, ","), counts.closed,
    counts.elsewhere, #ok))
end

--- Answers a request that came whole.
local function serve(conn, line, body)
  local method, path = line:match("^(%u+) (%S+)")
  if path:find("/connectors/?modules=", 1, true) then return say(conn, answer(schema)) end
  if path == "/stats" then return say(conn, stats()) end
  local freed = path:match("^/release%?key=(.*)")
  if freed then
    if held[freed] then say(held[freed], ok) end
    released[freed] = true
    return say(conn, ok)
  end
  if method == "GET" then
    local at = tonumber(path:match("at=(%d+)"))
    cut = at and { at = at, how = path:match("how=(%a+)") }
    return say(conn, ok)
  end
  local key, n = body:match('"key":"([^"]*)"') or "", tonumber(body:match('"n":(%d+)'))
  counts.runs[key] = (counts.runs[key] or 0) + 1
  local trick, how = (body:match('"case":"([^"]*)"') or "ok"):match("^([%w_]+):?(%a*)")
  tricks[trick](conn, n, how, key)
end

--- Takes whole requests off the front of what came, and leaves the rest.
local function take(conn, buffer, early)
  while true do
    local head_end = select(2, buffer:find("\r\n\r\n", 1, true))
    if not head_end then return buffer end
    local length = tonumber(buffer:match("\r\n[Cc]ontent%-[Ll]ength: (%d+)")) or 0
    local chunked = buffer:sub(1, head_end):lower():find("transfer-encoding: chunked", 1, true)
    local expects = buffer:sub(1, head_end):lower():find("expect: 100-continue", 1, true)
    if expects and not early.continued then
      early.continued = true
      say(conn, "HTTP/1.1 100 Continue\r\n\r\n")
    end
    if buffer:find("^POST /connectors/wire/stall") then -- nothing more is read, nor is the connection closed
      conn:read_stop()
      say(conn, answer('{"message":"too large"}', nil, "413 Content Too Large"))
      return ""
    end
    if buffer:find("^POST /connectors/wire/send") and not early.answered then
      early.answered = true
      say(conn, answer('{"message":"too large"}', "Connection: close\r\n", "413 Content Too Large"))
    end
    if early.answered then return "" end -- the rest of the upload is read and forgotten
    if chunked or #buffer < head_end + length then return buffer end
    serve(conn, buffer:match("^[^\r]*"), buffer:sub(head_end + 1, head_end + length))
    buffer = buffer:sub(head_end + length + 1)
  end
end

local function accept(listener)
  local conn = uv.new_tcp()
  listener:accept(conn)
  conn:nodelay(true)
  local buffer, early, got = "", {}, 0
  conn:read_start(function(err, bytes)
    if err or not bytes then return shut(conn) end
    if early.answered then return end
    buffer = buffer .. bytes
    got = buffer:find("^POST") and #buffer or 0
    if cut and got >= cut.at then
      local how = cut.how
      cut = nil
      return shut(conn, how)
    end
    buffer = take(conn, buffer, early)
  end)
end

local function listen(on_connection)
  local listener = uv.new_tcp()
  assert(listener:bind("127.0.0.1", 0))
  assert(listener:listen(128, function() on_connection(listener) end))
  return "http://127.0.0.1:" .. listener:getsockname().port
end

local url = listen(accept)
elsewhere = listen(function(listener)
  counts.elsewhere = counts.elsewhere + 1
  local conn = uv.new_tcp()
  listener:accept(conn)
  shut(conn)
end)
print("listening " .. url .. " " .. elsewhere)
io.stdout:flush()

local stdin = uv.new_pipe()
stdin:open(0)
stdin:read_start(function(_, bytes) if not bytes then os.exit(0) end end)
uv.run()
