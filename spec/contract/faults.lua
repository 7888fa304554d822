--- What goes wrong on the wire, and what comes of it, whatever the transport. The table of doc/faults.md is made of
-- this list (spec/contract/faults_table.lua), and spec/wire_spec.lua runs it.
--
-- A fault has a name; what the server does (`case`, see spec/support/wire_server.lua) or where the hub looks for it
-- (`hub`, `tls`); the options of the call; and what must come of it: `kind` and `sent` of the error (nil: a response,
-- with `status`; `or_kind`: the network decides), and `runs`, how often the server got the request.

local bosa = require("bosa")
local hostile = require("spec.contract.hostile")

local faults = {}
local list = {}
faults.list = list

local function fault(entry) list[#list + 1] = entry end

-- the connection
fault({ name = "nothing listens at the address",
  hub = { api_base_url = "http://127.0.0.1:1" }, kind = "connection", sent = "no" })
fault({ name = "the network is unreachable", kind = "connection", or_kind = "timeout", sent = "no",
  hub = { api_base_url = "http://[100::1]", allow_http = true, connect_timeout = 2 } })
for _, how in ipairs({ "close", "reset" }) do
  local verb = how == "close" and "closed" or "reset"
  fault({ name = verb .. " before a response", case = how .. "_before", kind = "connection", sent = "maybe", runs = 1 })
  fault({ name = verb .. " before a response, on a connection that was kept", case = how .. "_before", kept = true,
    kind = "connection", sent = "maybe", runs = 1 })
  fault({ name = verb .. " in the header section", case = how .. "_in_head", kind = "connection", runs = 1 })
  fault({ name = verb .. " in the body", case = how .. "_in_body", kind = "connection", sent = "yes", runs = 1 })
end
fault({ name = "closed in a body without a stated length",
  case = "no_length", kind = "protocol", sent = "yes", runs = 1 })
fault({ name = "closed in a chunk", case = "chunk_cut", kind = "connection", sent = "yes", runs = 1 })
fault({ name = "silence", case = "silence", timeout = 0.5, kind = "timeout", sent = "maybe", runs = 1 })
fault({ name = "a response byte by byte, in time", case = "slowly", status = 200, runs = 1 })
fault({ name = "a response byte by byte, not in time", case = "endlessly", timeout = 0.5, kind = "timeout", runs = 1 })

-- TLS
for _, what in ipairs({ "self-signed", "for another host", "expired" }) do
  fault({ name = "a certificate that is " .. what, tls = what, kind = "tls", sent = "no" })
end

-- what is no HTTP, or too much of it
fault({ name = "another protocol", case = "no_http", kind = "protocol", runs = 1 })
fault({ name = "a Content-Length that is too short", case = "short_length", kind = "protocol", sent = "yes", runs = 1 })
fault({ name = "two Content-Lengths", case = "two_lengths", kind = "protocol", runs = 1 })
fault({ name = "a Content-Length that is not a number", case = "word_length", kind = "protocol", runs = 1 })
fault({ name = "a malformed chunk size", case = "chunk_garbage", kind = "protocol", sent = "yes", runs = 1 })
fault({ name = "a header field of 1 MiB", case = "huge_field", kind = "protocol", runs = 1 })
fault({ name = "100,000 header fields", case = "many_fields", kind = "protocol", runs = 1 })
fault({ name = "a header section that begins with a folded line, on a connection that was kept",
  case = "folded", kept = true,
  kind = "protocol", runs = 1 })
fault({ name = "100 Continue before the response", case = "continue", status = 200, runs = 1 })
fault({ name = "103 Early Hints before the response", case = "interim", status = 200, runs = 1 })
fault({ name = "103 Early Hints without end", case = "interim_flood", kind = "protocol", runs = 1 })
fault({ name = "101 Switching Protocols, which nobody asked for", case = "switching", kind = "protocol", runs = 1 })
fault({ name = "a second response that nobody asked for", case = "answer_behind", status = 200, runs = 1 })
fault({ name = "a response before the request has ended", action = "send", kind = "api", status = 413, sent = "yes" })

-- bodies
fault({ name = "100 MiB of zeros as 450 kB of gzip", case = "gzip_bomb", kind = "protocol", sent = "yes", runs = 1 })
fault({ name = "JSON as gzip that is cut off", case = "gzip_cut", kind = "protocol", sent = "yes", runs = 1 })
fault({ name = "JSON nested a million deep", case = "deep", kind = "protocol", sent = "yes", runs = 1 })
fault({ name = "200 MiB of JSON", case = "big", kind = "protocol", sent = "yes", runs = 1 })
fault({ name = "invalid UTF-8", case = "bad_utf8", status = 200, runs = 1, what = "data, U+FFFD for each such byte" })
fault({ name = "HTML with 200", case = "html", status = 200, runs = 1, what = "a file of type text/html" })
fault({ name = "204 No Content", case = "no_content", status = 204, runs = 1, what = "no data" })

-- redirects, and being told to wait
fault({ name = "a redirect loop", case = "redirect_loop", kind = "protocol", sent = "no" })
fault({ name = "a redirect to another origin", case = "redirect_away", kind = "protocol", sent = "no", runs = 1 })
fault({ name = "a redirect from http to https", case = "redirect_tls", kind = "protocol", sent = "no", runs = 1 })
fault({ name = "303 See Other", case = "see_other", kind = "protocol", sent = "yes", runs = 1 })
fault({ name = "429 without end, 4 attempts", case = "storm", max_attempts = 4, kind = "rate_limit", sent = "yes",
  runs = 4 })
fault({ name = "503, Retry-After in the past, 2 attempts", case = "retry_past", max_attempts = 2, kind = "server",
  sent = "yes", runs = 2 })
fault({ name = "503, Retry-After in a year, 2 attempts", case = "retry_year", max_attempts = 2, kind = "server",
  sent = "yes", runs = 1 })
fault({ name = "503, Retry-After malformed, 2 attempts", case = "retry_malformed", max_attempts = 2, kind = "server",
  sent = "yes", runs = 2 })
fault({ name = "lost after the request, 3 attempts", case = "close_before", max_attempts = 3, kind = "connection",
  sent = "maybe", runs = 1 })
fault({ name = "lost after the request, 2 attempts, `replay_unsafe`", case = "close_before", max_attempts = 2,
  replay_unsafe = true, kind = "connection", sent = "maybe", runs = 2 })

-- responses that a careless reader misreads
for n, row in ipairs(hostile) do
  fault({ name = row.name, case = "hostile", n = n, kind = row.kind, sent = row.sent, status = row.status, runs = 1 })
end

--- What came of a call, in a form that JSON can carry.
local function outcome(response, err)
  if not response then
    return { kind = err.kind, sent = err.sent, status = err.status, attempts = err.attempts, message = tostring(err) }
  end
  local data = response.data
  return { status = response.status, attempts = response.attempts,
    file = type(data) == "userdata" and data.content_type or nil }
end

local function big_file()
  local left = 80
  return bosa.file({ filename = "big", read = function()
    left = left - 1
    return left >= 0 and ("x"):rep(65536) or nil
  end })
end

--- Has `hub` meet a fault whose requests are counted under `key`.
function faults.meet(hub, one, key)
  -- on a connection that was kept, or in a time that is for the request alone
  if one.kept or one.timeout then assert(hub:run("wire", "act", { case = "ok" })) end
  local action = hub:connect("wire"):action(one.action or "act")
  if one.action == "send" then
    action:params({ file = big_file() })
  else
    action:params({ case = one.case or "ok", n = one.n, key = key })
  end
  if one.timeout then action:timeout(one.timeout) end
  return outcome(action:max_attempts(one.max_attempts or 1):replay_unsafe(one.replay_unsafe or false):run())
end

--- Has a new hub of the context meet a fault; then the next call must work, if not at once: what ended a connection
-- behind a good response may not have come yet. c.new(options) makes a hub, c.tls gives the options of one whose server
-- has a bad certificate.
function faults.run(c, one, key)
  local hub = c.new(one.tls and c.tls[one.tls] or one.hub)
  local result = faults.meet(hub, one, key)
  if not one.hub and not one.tls then
    local again = { case = "ok" }
    assert(hub:run("wire", "act", again, { max_attempts = 3, replay_unsafe = true }))
  end
  hub:close()
  return result
end

return faults
