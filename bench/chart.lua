--- Draws calls per second as bars, an SVG for the README: bosa beside what else could make the same calls.
-- report.lua calls it with the medians of run.sh.

local chart = {}

local WIDTH, LABEL, BAR, GAP = 760, 290, 22, 8 -- in the units of the drawing

local panels = {
  { row = "small", title = "Small calls per second",
    note = "one request and a short response, on one connection" },
  { row = "list-16k", title = "Lists of 16 kB per second", note = "every item decoded and read" },
  { row = "list-160k", title = "Lists of 160 kB per second", note = "every item decoded and read" },
}

--- Bars: the variant of report.lua, its label, whether it is bosa. Bare libcurl decodes nothing, so it has no list.
local bars = {
  { "lua5.4", "bosa, Lua 5.4", true },
  { "luajit", "bosa, LuaJIT", true },
  { "luasocket", "LuaSocket and lua-cjson, by hand" },
  { "lcurl", "Lua-cURL and lua-cjson, by hand" },
  { "python", "the Python SDK" },
  { "bare", "libcurl in C, response thrown away", only = "small" },
}

local function grouped(value)
  local text = ("%.0f"):format(value):reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (text:gsub("^,", ""))
end

local function add(out, text, ...) out[#out + 1] = text:format(...) end

local function text_at(out, x, y, class, text)
  add(out, '<text x="%d" y="%d" class="%s">%s</text>', math.floor(x), y, class, text)
end

--- The bars of a panel that were measured, and the largest value.
local function measured_of(panel, measured)
  local list, most = {}, 0
  for _, bar in ipairs(bars) do
    local m = measured[panel.row .. " " .. bar[1]]
    if m and (not bar.only or bar.only == panel.row) then
      list[#list + 1] = { label = bar[2], ours = bar[3], value = m.value }
      most = math.max(most, m.value)
    end
  end
  return list, most
end

local function draw_panel(out, panel, measured, y)
  local list, most = measured_of(panel, measured)
  if not list[1] then return y end
  text_at(out, 16, y + 20, "title", panel.title)
  text_at(out, 16, y + 40, "note", panel.note)
  y = y + 52
  for _, bar in ipairs(list) do
    local width = bar.value / most * (WIDTH - LABEL - 100)
    text_at(out, LABEL - 10, y + 16, "label", bar.label)
    local class = bar.ours and "ours" or "other"
    add(out, '<rect x="%d" y="%d" width="%.1f" height="%d" class="%s"/>', LABEL, y, width, BAR, class)
    text_at(out, LABEL + width + 8, y + 16, "value", grouped(bar.value))
    y = y + BAR + GAP
  end
  return y + 18
end

--- The drawing as text.
---@param measured table<string, { value: number }> by "row variant"
---@param machine string what it was measured on
function chart.svg(measured, machine)
  local out, y = {}, 8
  for _, panel in ipairs(panels) do y = draw_panel(out, panel, measured, y) end
  text_at(out, 16, y + 8, "note", "make bench on " .. machine:gsub("[<&]", ""))
  return ([[
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">
<title>Calls per second: bosa, clients written by hand, and the Python SDK</title>
<style>
text { font: 15px sans-serif; fill: #1f2328 }
.title { font-weight: bold } .note { font-size: 13px; fill: #59636e } .label { text-anchor: end }
.ours { fill: #1f6feb } .other { fill: #afb8c1 }
</style>
<rect width="%d" height="%d" fill="#ffffff"/>
%s
</svg>
]]):format(WIDTH, y + 24, WIDTH, y + 24, WIDTH, y + 24, table.concat(out, "\n"))
end

return chart
