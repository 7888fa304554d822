--- Several actions of one connector; bosa fetches its schemas once.
local bosa = require("bosa")
local github = bosa.new():connect("github")

local made = assert(github:create_issue({ owner = "lua", repo = "lua", title = "A question about <close>" }))
local number = made.data.number
local issue = assert(github:get_issue({ owner = "lua", repo = "lua", issue_number = number }))
local commits = assert(github:list_commits({ owner = "lua", repo = "lua" }))

print("made and found", issue.data.number == number, issue.data.title)
print("commits", #commits)
