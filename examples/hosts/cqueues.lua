--- cqueues: call `run` in any of its coroutines; the others go on.
local cqueues = require("cqueues")
local bosa = require("bosa")
local github = bosa.new():connect("github")

local loop, titles = cqueues.new(), {}
for _, name in ipairs({ "lua", "luv", "luarocks" }) do
  loop:wrap(function()
    local issues = assert(github:list_issues({ owner = "lua", repo = name }))
    titles[#titles + 1] = issues[1].title
  end)
end
assert(loop:loop())

print(#titles .. " repositories")
for _, title in ipairs(titles) do print(title) end
