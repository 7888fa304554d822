--- Build a call step by step, and run it with retries.
local bosa = require("bosa")
local github = bosa.new():connect("github")

local response = assert(github
  :action("list_issues")
  :params({ owner = "lua", repo = "lua", state = "open" })
  :max_attempts(3) -- bosa sends it again after 429 and 5xx; the action only reads, so that is safe
  :timeout(10)
  :run())

print("status", response.status, "items", #response, "attempts", response.attempts)
print("first", response[1].number, response[1].title)
