-- tools/loop-variables.lua, which make lint runs.
local command = require("spec.support.command")

--- The lines of `text` that it complains of, and whether it failed.
local function complaints(text)
  local path = os.tmpname()
  command.write_file(path, text)
  local output = command.output_of(("%s tools/loop-variables.lua %s 2>&1; echo exit $?"):format(os.getenv("BOSA_LUA"),
    path))
  os.remove(path)
  local lines = {}
  for line, name in output:gmatch(":(%d+): `(%w+)`") do lines[#lines + 1] = line .. " " .. name end
  return table.concat(lines, ", "), output:match("exit (%d+)")
end

describe("the check of loop variables", function()
  it("finds every assignment to one", function()
    local lines, status = complaints([==[
#!/usr/bin/env lua
for i = 1, 2 do i = i + 1 end
for k, v in pairs({}) do
  v = v:gsub("x", "y")
  if k then k, v = v, k elseif v then v = 1 else k = 2 end
  local t = {}
  t[k], v = 1, 2
  t.a.b, t[f(1, 2)], k = 1
  while true do repeat v = 3 until k end
  local function inner(...) v = 4 end
  local s = function(a) k = 5 end
  --[[ v = 1
  ]] v = 6
end
]==])
    assert.equal("2 i, 4 v, 5 v, 5 k, 5 v, 5 k, 7 v, 8 k, 9 v, 10 v, 11 k, 13 v", lines)
    assert.equal("1", status)
  end)

  it("leaves everything else alone", function()
    local lines, status = complaints([==[
local i, k, v
i, k, v = 1, 2, 3
for i = 1, 2 do local a <const> = i end
i = 4
for k, v in pairs({ k = 1, v = 2 }) do
  local v = v
  v = 5
  local t = { k = 1, ["v"] = 2, f = function(k) k = 6 return k end }
  t.k, t["v"], t.a.k = 1, 2, 3
  t.k = k == v and k <= v
  if k == 1 then local k k = 1 end
  local function v() v = nil end
  local s, r = "v = 1", [[
  k = 1]]
  -- k = 1
  t:k(function(...) local k, v = ... k, v = v, k end)
  local k <const>, l = 1, 2
  goto done
  ::done::
end
for a = 1, 2 do for b = 1, 2 do end end
k, v = 1, 2
]==])
    assert.equal("", lines)
    assert.equal("0", status)
  end)
end)
