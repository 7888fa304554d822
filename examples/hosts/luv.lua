--- luv: three lists at once, while the loop's timer goes on.
local uv = require("luv")
local bosa = require("bosa")
local github = bosa.new():connect("github")

local dots = uv.new_timer()
dots:start(0, 20, function() io.write(".") end)

bosa.async(function()
  local calls = {}
  for i, name in ipairs({ "lua", "luv", "luarocks" }) do
    calls[i] = assert(github:action("list_issues"):params({ owner = "lua", repo = name }):start())
  end
  local results = bosa.all(calls) -- yields to luv
  io.write("\n", #results, " repositories\n")
  for i = 1, #results do print(results[i][1].title) end
  dots:close()
end)

uv.run()
