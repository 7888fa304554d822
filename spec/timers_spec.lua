--- Timers: those that are due come in order, however many there are and whichever were taken back.
local timers = require("bosa.timers")

--- Numbers from 0 to 999 that look like chance, the same each time.
local function numbers()
  local state = 1
  return function()
    state = (state * 75 + 74) % 65537
    return state % 1000
  end
end

local function take_all(heap)
  local taken = {}
  while heap:first() do
    taken[#taken + 1] = heap:first()
    heap:remove(heap:first())
  end
  return taken
end

describe("timers", function()
  it("come in the order of their times, and of two at the same time the one that was added first", function()
    local heap, at, added = timers.new(), numbers(), {}
    for i = 1, 3000 do added[i] = heap:add(at(), i) end
    table.sort(added, function(a, b)
      if a.at ~= b.at then return a.at < b.at end
      return a.fn < b.fn
    end)
    assert.same(added, take_all(heap))
    assert.is_nil(heap:first())
  end)

  it("that were taken back don't come, and may be taken back again", function()
    local heap, at, kept, gone = timers.new(), numbers(), {}, {}
    for i = 1, 1000 do
      local timer = heap:add(at(), i)
      local list = at() % 3 == 0 and kept or gone
      list[#list + 1] = timer
    end
    for _ = 1, 2 do
      for _, timer in ipairs(gone) do heap:remove(timer) end
    end
    local taken = take_all(heap)
    assert.equal(#kept, #taken)
    for i, timer in ipairs(taken) do
      assert.is_true(i == 1 or taken[i - 1].at <= timer.at)
    end
  end)
end)
