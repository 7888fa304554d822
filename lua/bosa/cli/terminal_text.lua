--- Text for a terminal: made safe, measured in columns, cut.

local display_width = require("bosa.cli.display_width")

local terminal_text = {}

-- what a terminal obeys, or what makes a line look like another: C1, and what changes the direction of writing
local OBEYED = {
  "\194[\128-\159]",
  "\216\156", -- U+061C
  "\226\128[\142\143\168-\174]", -- U+200E, U+200F, line separators, embeddings, overrides
  "\226\129[\166-\169]", -- isolates
}

--- Text that is UTF-8, with something else in place of what a terminal obeys beside ASCII's control characters.
---@param text string
---@param replacement string|fun(char: string): string
---@return string
function terminal_text.replace_obeyed(text, replacement)
  if not text:find("[\194\216\226]") then return text end
  for _, pattern in ipairs(OBEYED) do text = text:gsub(pattern, replacement) end
  return text
end

--- Bytes of the well-formed character at `at`; 0: there is none.
local function character(text, at)
  local first, second, third, fourth = text:byte(at, at + 3)
  local function follows(byte, low, high) return byte ~= nil and byte >= (low or 128) and byte <= (high or 191) end
  if first < 128 then return 1 end
  if first >= 194 and first <= 223 then return follows(second) and 2 or 0 end
  if first >= 224 and first <= 239 then
    local fits = follows(second, first == 224 and 160, first == 237 and 159) and follows(third)
    return fits and 3 or 0
  end
  if first < 240 or first > 244 then return 0 end
  local fits = follows(second, first == 240 and 144, first == 244 and 143) and follows(third) and follows(fourth)
  return fits and 4 or 0
end

--- The text with "?" for bytes that are no UTF-8: one of them alone can be a C1 control character.
local function well_formed(text)
  if not text:find("[\128-\255]") then return text end
  local parts, at, from = {}, 1, 1
  while at <= #text do
    local bytes = character(text, at)
    if bytes == 0 then
      parts[#parts + 1] = text:sub(from, at - 1) .. "?"
      from = at + 1
    end
    at = at + math.max(bytes, 1)
  end
  parts[#parts + 1] = text:sub(from)
  return table.concat(parts)
end

--- Whether a text is UTF-8.
---@param text string
---@return boolean
function terminal_text.is_utf8(text) return well_formed(text) == text end

--- Text of somebody else's as one line that is safe on a terminal: control characters, C1 ones too, and what changes
-- the direction of writing become spaces, bytes that are no UTF-8 "?".
---@param text string
---@return string
function terminal_text.safe(text)
  return terminal_text.replace_obeyed(well_formed(text):gsub("[%z\1-\31\127]", " "), " ")
end

local STYLE, MARK = "(%[3?[0-7]m)", "\1" -- of Context:paint

--- The same of a text that keeps its lines and tabs, and where there are `styles`, those that Context:paint writes.
---@param text string
---@param styles boolean?
---@return string
function terminal_text.lines(text, styles)
  text = text:gsub(MARK, " ")
  if styles then text = text:gsub("\27" .. STYLE, MARK .. "%1") end
  text = terminal_text.replace_obeyed(well_formed(text):gsub("[%z\2-\8\11-\31\127]", " "), " ")
  return (text:gsub(MARK .. STYLE, "\27%1"))
end

local function as_json(char)
  local code, second, third = char:byte(1, 3)
  if third then
    code = (code % 16) * 4096 + (second % 64) * 64 + third % 64
  elseif second then
    code = (code % 32) * 64 + second % 64
  end
  return ("\\u%04x"):format(code)
end

--- JSON that a terminal doesn't obey, and that says the same.
---@param text string
---@return string
function terminal_text.json(text) return terminal_text.replace_obeyed(text:gsub("\127", as_json), as_json) end

--- Columns that text takes; past `enough` it isn't looked at further.
---@param text string
---@param enough integer?
---@return integer
function terminal_text.columns(text, enough) return display_width.of(text, enough) end

--- Text cut to a number of columns, with an ellipsis where something is missing.
---@param text string
---@param limit integer
---@return string
function terminal_text.cut(text, limit)
  if display_width.fits(text, limit) then return text end
  return display_width.beginning(text, limit - 1) .. "…"
end

--- A line in parts that are no wider than a number of columns, broken at spaces. Those after the first are indented
-- a little more.
---@param line string
---@param limit integer
---@return string[]
function terminal_text.wrap(line, limit)
  local lines, current, used = {}, "", 0
  local margin = line:match("^ *") .. "  "
  if terminal_text.columns(line, limit) <= limit then return { line } end
  for gap, word in line:gmatch("( *)([^ ]+)") do
    local width = terminal_text.columns(word)
    if current == "" or used + #gap + width <= limit then
      current, used = current .. gap .. word, used + #gap + width
    else
      lines[#lines + 1] = current
      current, used = margin .. word, #margin + width
    end
  end
  lines[#lines + 1] = current
  return lines
end

--- A number of bytes for people: "12 B", "3.4 kB".
---@param bytes number
---@return string
function terminal_text.size(bytes)
  local units, i = { "B", "kB", "MB", "GB", "TB" }, 1
  while bytes >= 1000 and i < #units do
    bytes, i = bytes / 1000, i + 1
  end
  return (i == 1 and "%d %s" or "%.1f %s"):format(bytes, units[i])
end

return terminal_text
