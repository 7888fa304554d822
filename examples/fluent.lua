--- The fluent chain: an action builder, run with retries.
local bosa = require("bosa")
local github = bosa.new():connect("github")

local response = assert(github
  :action("list_issues")
  :params({ owner = "lua", repo = "lua", state = "open" })
  :max_attempts(3) -- 429 and 5xx are tried again, after a wait
  :timeout(10)
  :run())

print("status", response.status, "items", #response, "attempts", response.attempts)
print("first", response[1].number, response[1].title)
