--- Pages forward and backward, by hand; then all items in one loop.
local bosa = require("bosa")
local github = bosa.new():connect("github")

local page = assert(github:list_issues({ owner = "lua", repo = "lua", limit = 5 }))
local forward = { page.meta.page }
while page:has_next() and #forward < 3 do
  page = assert(page:next_page())
  forward[#forward + 1] = page.meta.page
end
print("forward", table.concat(forward, " "))

local backward = {}
while page do
  backward[#backward + 1] = page.meta.page
  local before, err = page:prev_page() -- plain nil where there is none
  if err then error(err, 0) end
  page = before
end
print("backward", table.concat(backward, " "))

local first = assert(github:list_issues({ owner = "lua", repo = "lua", limit = 5 }))
local count = 0
for issue in first:items({ max_pages = 3 }) do
  count = count + 1
  if count <= 3 then print(issue.number, issue.title) end
end
print("items on three pages", count)
