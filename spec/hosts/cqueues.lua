--- Run by hosts_spec: bosa under cqueues. Prints what happened, in order.
local cqueues = require("cqueues")
local bosa = require("bosa")
local hub = bosa.new()
local lab = hub:connect("lab")
local loop = cqueues.new()

local order, place, ticks, over = {}, {}, 0, false
local function note(what)
  order[#order + 1] = what
  place[what] = #order
end
local function slow(ms) return lab:action("slow"):params({ delay_ms = ms }) end

loop:wrap(function()
  while not over do
    cqueues.sleep(0.01)
    ticks = ticks + 1
  end
end)

loop:wrap(function()
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
      local call = assert(slow(60000):start())
      local _, err = call:wait(0.02)
      note("wait " .. err.kind)
      call:cancel()
      _, err = call:wait()
      note(err.kind)
    end),
  }
  assert(slow(0):start()):on_done(function(response) note("done " .. response.status) end)
  bosa.all(tasks)
  note("all")
  local stage
  local stubborn = bosa.async(function() -- cqueues can't kill a coroutine: it goes on, but is not heard any more
    stage = "begun"
    while stage == "begun" do cqueues.sleep(0) end
    stage = "over"
    return "late"
  end)
  while stage ~= "begun" do cqueues.sleep(0) end
  stubborn:cancel()
  stage = "cancelled"
  while stage ~= "over" do cqueues.sleep(0) end
  local late, cancelled = stubborn:wait()
  note(late or "still " .. cancelled.kind)
  local call = assert(slow(60000):start())
  local waiter = bosa.async(function()
    local _, err = call:wait()
    note(err.kind)
  end)
  cqueues.sleep(0)
  hub:close()
  waiter:wait()
  over = true
end)

assert(loop:loop())
print(place.quick < place.slow and "side by side" or "one after the other")
table.sort(order) -- what took how long depends on the machine
print(table.concat(order, ", "))
print(ticks > 10 and "ticking" or "stalled")
