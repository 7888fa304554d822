-- Schemas in a file: help and validation without a server, and what has changed since.
local bosa = require("bosa")
local changes = require("bosa.changes")
local snapshot = require("bosa.snapshot")

local text = assert(snapshot.take(bosa.new(), { "github" })) -- the same as `bosa snapshot github`

-- A hub that knows github and needs no server
local offline = assert(bosa.new({ api_base_url = "http://127.0.0.1:1", snapshot = bosa.json.decode(text) }))
print(offline:connect("github"):help("get_issue"))
print(offline:connect("github"):action("get_issue"):params({ owner = "lua" }):validate())

-- Later, the server requires more
local old, new = assert(snapshot.read(bosa.json.decode(text))), assert(snapshot.read(bosa.json.decode(text)))
local schema = new.github.get_issue.parameters.request.schema
schema.required[#schema.required + 1] = "reason"
schema.properties.reason = { type = "string" }
for _, change in ipairs(assert(changes.find(old, new))) do
  print(change.breaking and "breaks callers" or "is fine", change.connector .. "." .. change.action, change.text)
end
