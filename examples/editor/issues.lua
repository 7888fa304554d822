--- A program whose editor knows the server's connectors. In this directory: bosa types --all -o .bosa
-- .luarc.json and .emmyrc.json name .bosa and the library's own definitions, as `bosa types --path` prints them.
local hub = require("bosa").new()
local github = hub:connect("github") -- no annotation is needed

local issues = assert(github:list_issues({ owner = "lua", repo = "lua", state = "open" }))
for issue in issues:items({ max_items = 5 }) do print(issue.number, issue.title) end
