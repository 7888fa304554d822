--- skill_server.lua: a BOSA server whose one skill is a zip of many files, so that it takes a while to install. Runs on
-- Lua 5.4 with luv, prints "listening URL" and ends with its standard input.
package.path = "./?.lua;" .. package.path

local uv = require("luv")
local zip = require("spec.support.zip")

local FILES = 8000

local entries = {}
for i = 1, FILES do entries[i] = { ("%d/%d"):format(i % 50, i) } end
local content = zip.make(entries)
local skill -- as JSON

local function serve(server)
  local client, text = uv.new_tcp(), ""
  server:accept(client)
  client:read_start(function(err, bytes)
    if err or not bytes then return client:is_closing() or client:close() end
    text = text .. bytes
    local path = text:match("^GET (%S+).*\r\n\r\n$")
    if not path then return end
    client:read_stop()
    local kind, body = "json", skill
    if path == "/zip" then
      kind, body = "zip", content
    end
    local head = "HTTP/1.1 200 OK\r\nContent-Type: application/%s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    client:write(head:format(kind, #body) .. body, function() client:close() end)
  end)
end

local server = uv.new_tcp()
assert(server:bind("127.0.0.1", 0))
assert(server:listen(16, function() serve(server) end))
local url = "http://127.0.0.1:" .. server:getsockname().port
skill = ('{"data":{"id":"7","client_id":"c","name":"many","source_type":"upload_zip","download_url":"%s/zip"}}'):format(
  url)
io.stdout:write("listening ", url, "\n")
io.stdout:flush()

local input = uv.new_pipe(false)
input:open(0)
input:read_start(function(err, bytes)
  if err or not bytes then uv.stop() end
end)
uv.run()
