-- Test your program without a server: stubs that validate, and a recorded session.
local testing = require("bosa.testing")

-- The program under test. It takes a hub, so that a test can pass its own.
local function open_titles(hub, owner, repo)
  local titles = {}
  for issue in assert(hub:run("github", "list_issues", { owner = owner, repo = repo })):items() do
    titles[#titles + 1] = issue.title
  end
  return titles
end

-- Functions answer. With `schemas`, a file of `bosa snapshot github`, bosa also validates parameters.
local issues = { { title = "one" }, { title = "two" }, { title = "three" } }
local hub, stub = testing.hub({ stubs = { github = { list_issues = testing.pages(issues, { size = 2 }) } } })
print("stubbed", table.concat(open_titles(hub, "lua", "lua"), ", "))
print("asked", #stub:calls("github", "list_issues"), stub:calls("github", "list_issues")[2].page)

stub:set("github", "list_issues", testing.error({ kind = "rate_limit", retry_after = 60 }))
print("failing", select(2, pcall(open_titles, hub, "lua", "lua")))

-- A real server responds. The first run records it, every later one replays it without a server.
local path = os.tmpname()
local params = { owner = "lua", repo = "lua", limit = 2 }
local recorded, replayed
testing.use(path, { mode = "record" }, function(live) recorded = #assert(live:run("github", "list_issues", params)) end)
testing.use(path, { mode = "replay" }, function(tape) replayed = #assert(tape:run("github", "list_issues", params)) end)
print("recorded and replayed", recorded, replayed)
os.remove(path)
