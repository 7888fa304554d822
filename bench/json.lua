--- json.lua WHAT SIZE N: MB/s of one codec. WHAT is decode or encode, "cjson-" in front for lua-cjson.
local bosa = require("bosa")
local core = require("bosa.core")
local what, size, n = arg[1], tonumber(arg[2]), tonumber(arg[3])

local item = '{"id":1296269,"node_id":"MDU6SXNzdWUx","number":1347,"state":"open","title":"Found a bug","body":'
  .. '"I\'m having a problem with this.","user":{"login":"octocat","id":1,"site_admin":false},"labels":'
  .. '[{"id":208045946,"name":"bug","color":"f29513"}],"comments":0,"created_at":"2011-04-22T13:33:48Z","score":0.75}'
local text = "[" .. (item .. ","):rep(math.floor(size / #item)) .. item .. "]"

local is_cjson = what:match("^cjson%-")
local codec = is_cjson and require("cjson") or bosa.json
local fn = what:find("decode") and codec.decode or codec.encode
local value = what:find("decode") and text or codec.decode(text)
fn(value)
local begun = core.now()
for _ = 1, n do fn(value) end
print(("%.4f 0"):format(#text * n / (core.now() - begun) / 1e6))
