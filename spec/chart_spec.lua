--- The chart of make bench.
local chart = require("bench.chart")

describe("the chart", function()
  local drawing = chart.svg({
    ["small lua5.4"] = { value = 12345.6 }, ["small python"] = { value = 3000 }, ["small bare"] = { value = 15000 },
    ["list-16k luajit"] = { value = 4000 }, ["list-16k bare"] = { value = 9000 },
  }, "a machine with <2 & more> cores")

  local function count(pattern) return select(2, drawing:gsub(pattern, "")) end

  it("has a bar for each client that was measured, the longest for the fastest", function()
    assert.matches(">12,346</text>", drawing, 1, true)
    assert.matches(">15,000</text>", drawing, 1, true)
    assert.equal(2, count('class="ours"'))
    assert.equal(2, count('class="other"'))
    local widths = {}
    for width in drawing:gmatch('<rect x="%d+" y="%d+" width="([%d.]+)"') do widths[#widths + 1] = tonumber(width) end
    assert.is_true(widths[3] > widths[1] and widths[1] > widths[2])
  end)

  it("compares nothing with a client that decodes nothing", function()
    assert.is_nil(drawing:find("9,000", 1, true))
    assert.is_nil(drawing:find("Lists of 160 kB", 1, true))
  end)

  it("is valid whatever the machine is called", function()
    assert.is_nil(drawing:find("<2", 1, true))
    assert.is_nil(drawing:find("& more", 1, true))
  end)
end)
