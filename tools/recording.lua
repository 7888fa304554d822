--- recording.lua COLUMNS: draws lines of a terminal, with their colours as escape sequences, as an SVG. What follows a
-- prompt appears after it, by CSS alone, so the drawing plays as an image, too. Standard input to standard output.

local columns = tonumber(arg[1])

local CELL, LINE, PADDING, BAR = 8.4, 20, 16, 28 -- in the units of the drawing; BAR is the window's title bar
local TYPING, READING = 1.2, 1.6 -- seconds for a command, and for its output

local COLOURS = {
  [31] = "red", [32] = "green", [33] = "yellow", [34] = "blue", [35] = "magenta", [36] = "cyan", [90] = "dim",
}

local function escaped(text) return (text:gsub("&", "&amp;"):gsub("<", "&lt;"):gsub(">", "&gt;")) end

--- Columns of a text; each character of what is recorded takes one.
local function width_of(text) return select(2, text:gsub("[^\128-\191]", "")) end

--- Takes the numbers of one escape sequence into a style.
local function restyle(style, numbers)
  if numbers == "" then numbers = "0" end
  for digits in numbers:gmatch("%d+") do
    local number = tonumber(digits)
    if number == 0 then
      style.colour, style.bold, style.dim = nil, nil, nil
    elseif number == 1 then
      style.bold = true
    elseif number == 2 then
      style.dim = true
    elseif number == 22 then
      style.bold, style.dim = nil, nil
    elseif number == 39 then
      style.colour = nil
    else
      style.colour = COLOURS[number] or style.colour
    end
  end
end

local function class_of(style)
  local words = {}
  if style.colour then words[#words + 1] = style.colour end
  if style.bold then words[#words + 1] = "bold" end
  if style.dim then words[#words + 1] = "dim" end
  return table.concat(words, " ")
end

local style = {} -- goes on from line to line, as in a terminal

--- The pieces of a line: { text, class, column }.
local function pieces_of(line)
  local pieces, column = {}, 0
  for text, numbers in (line .. "\27[m"):gmatch("([^\27]*)\27%[([%d;]*)m") do
    if text ~= "" then
      pieces[#pieces + 1] = { text, class_of(style), column }
      column = column + width_of(text)
    end
    if numbers ~= "" or line:find("\27[m", 1, true) then restyle(style, numbers) end
  end
  return pieces
end

local function read_lines()
  local lines = {}
  for line in io.lines() do lines[#lines + 1] = line end
  while lines[1] and not lines[#lines]:find("[^%s$]") do lines[#lines] = nil end -- the last prompt
  return lines
end

--- Blocks that appear together: a command, then its output. { at =, lines = { { y, pieces } } }
local function blocks_of(lines)
  local blocks, at = {}, 0
  for i, line in ipairs(lines) do
    local pieces = pieces_of(line)
    local is_command = line:find("^%$ ")
    if is_command or not blocks[1] or blocks[#blocks].is_command then
      blocks[#blocks + 1] = { at = at, is_command = is_command, lines = {} }
      at = at + (is_command and TYPING or READING)
    end
    local into = blocks[#blocks].lines
    into[#into + 1] = { i, pieces }
  end
  return blocks
end

local function drawn(line)
  local y, parts = BAR + PADDING + line[1] * LINE - 6, {}
  for _, piece in ipairs(line[2]) do
    local text, class, column = piece[1], piece[2], piece[3]
    local lead = #text:match("^ *")
    text = text:sub(lead + 1):gsub(" +$", "")
    if text ~= "" then
      local attribute = class ~= "" and (' class="%s"'):format(class) or ""
      parts[#parts + 1] = ('<text x="%.1f" y="%d" textLength="%.1f"%s>%s</text>'):format(
        PADDING + (column + lead) * CELL, y, width_of(text) * CELL, attribute, escaped(text))
    end
  end
  return table.concat(parts, "\n")
end

local lines = read_lines()
local out = {}
for i, block in ipairs(blocks_of(lines)) do
  -- the first command and its output stand still, for viewers that show the beginning only
  out[#out + 1] = i <= 2 and "<g>" or ('<g class="later" style="animation-delay: %.1fs">'):format(block.at)
  for _, line in ipairs(block.lines) do out[#out + 1] = drawn(line) end
  out[#out + 1] = "</g>"
end
local width, height = math.floor(columns * CELL + 2 * PADDING), BAR + 2 * PADDING + #lines * LINE
print(([[
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">
<title>A session in a terminal: bosa lists issues as a table, names wrong parameters, and runs a Lua script</title>
<style>
text { font: 14px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #e6edf3; white-space: pre }
.red { fill: #ff7b72 } .green { fill: #7ee787 } .yellow { fill: #e3b341 } .blue { fill: #79c0ff }
.magenta { fill: #d2a8ff } .cyan { fill: #76e3ea } .dim { fill: #8b949e } .bold { font-weight: bold }
.later { animation: appear 0.01s both }
@keyframes appear { from { opacity: 0 } to { opacity: 1 } }
@media (prefers-reduced-motion: reduce) { .later { animation: none } }
</style>
<rect width="%d" height="%d" rx="8" fill="#0d1117"/>
<circle cx="18" cy="16" r="5" fill="#ff5f57"/>
<circle cx="36" cy="16" r="5" fill="#febc2e"/>
<circle cx="54" cy="16" r="5" fill="#28c840"/>
%s
</svg>]]):format(width, height, width, height, width, height, table.concat(out, "\n")))
