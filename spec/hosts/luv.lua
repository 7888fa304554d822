--- Run by hosts_spec: bosa under luv. Prints what happened, in order.
local uv = require("luv")
local bosa = require("bosa")
local hub = bosa.new()
local lab = hub:connect("lab")

local function slow(ms) return lab:action("slow"):params({ delay_ms = ms }) end

local order, place, ticks = {}, {}, 0
local function note(what)
  order[#order + 1] = what
  place[what] = #order
end

local timer = uv.new_timer()
timer:start(10, 10, function() ticks = ticks + 1 end)

local tasks = {
  bosa.async(function()
    assert(slow(300):run())
    note("slow")
  end),
  bosa.async(function()
    assert(slow(50):run())
    note("quick")
    local count = 0
    for _ in assert(lab:list_pages({ total = 30, limit = 10 })):items({ prefetch = 2 }) do count = count + 1 end
    note(count .. " items")
  end),
  bosa.async(function()
    local _, err = slow(60000):timeout(0.1):run()
    note(err.kind)
  end),
  bosa.async(function()
    local call = assert(slow(60000):start())
    local _, err = call:wait(0.02)
    note("wait " .. err.kind)
    call:cancel()
    _, err = call:wait()
    note(err.kind)
  end),
}
assert(slow(0):start()):on_done(function(response) note("done " .. response.status) end)

local all = bosa.async(function()
  bosa.all(tasks)
  note("all")
  local call = assert(slow(60000):start())
  local waiter = bosa.async(function()
    local _, err = call:wait(math.huge)
    note(err.kind)
  end)
  hub:close()
  waiter:wait()
  timer:stop()
  timer:close()
end)
uv.run()
assert(all:done())
print(place.quick < place.slow and "side by side" or "one after the other")
table.sort(order) -- what took how long depends on the machine
print(table.concat(order, ", "))
print(ticks > 10 and "ticking" or "stalled")

-- a loop stopped with calls under way: nothing is lost, and a wait outside the loop still works
local other = bosa.new()
local call = assert(other:connect("lab"):action("slow"):params({ delay_ms = 50 }):start())
uv.run("nowait")
print(assert(call:wait()).status)
other:close()

-- what is collected after calls runs no callback in the middle of other code
local last, fired, inside = bosa.new(), false, nil
local work = bosa.async(function()
  for _ = 1, 2 do assert(last:run("lab", "small")) end
  local due = uv.new_timer()
  due:start(0, 0, function() fired = true end)
  collectgarbage()
  collectgarbage()
  inside = fired
  due:stop()
end)
while not work:done() do uv.run("once") end
print(inside and "callbacks within the collector" or "callbacks in their turn")
last:close()
