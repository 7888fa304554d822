--- skill_server.lua: a BOSA server whose one skill is a zip of many files, so that it takes a while to install. Runs on
-- Lua 5.4 with luv, prints "listening URL" and ends with its standard input.
package.path = "./?.lua;" .. package.path

local http_server = require("spec.support.http_server")
local zip = require("spec.support.zip")

local FILES = 8000
local SKILL = '{"data":{"id":"7","client_id":"c","name":"many","source_type":"upload_zip",'
  .. '"download_url":"http://%s/zip"}}'

local entries = {}
for i = 1, FILES do entries[i] = { ("%d/%d"):format(i % 50, i) } end
local content = zip.make(entries)

http_server.run(function(_, target, head)
  if target == "/zip" then return http_server.response(200, content, "Content-Type: application/zip\r\n") end
  local host = head:match("\r\n[Hh]ost: ([^\r]+)")
  return http_server.response(200, SKILL:format(host), "Content-Type: application/json\r\n")
end)
