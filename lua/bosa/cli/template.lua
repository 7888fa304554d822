--- --template: a text with fields in braces, like "{number}\\t{title}\\n", once for each item.

local fields = require("bosa.cli.fields")
local sorted_json = require("bosa.sorted_json")

local template = {}

local ESCAPED = { n = "\n", t = "\t", ["\\"] = "\\", ["{"] = "{", ["}"] = "}" }

local function wrong(text) return nil, "--template: " .. text end

--- Reads a name up to its brace, after the opening one at `at`: the name, and where the text goes on.
local function read_name(text, at)
  local name, after = text:match("^{([^{}]*)}()", at)
  if not name then return nil, "a { without its }; \\{ stands for the character" end
  if name ~= "" and (name:find("^%.") or name:find("%.$") or name:find("..", 1, true)) then
    return nil, ("{%s}: a name expected, like {user.login}"):format(name)
  end
  return name, after
end

--- The parts of a template: texts, and `{ name = }` for fields; the name "" is the item itself.
---@param text string
---@return (string|{ name: string })[]? parts, string? message
function template.parse(text)
  local parts, at = {}, 1
  while at <= #text do
    local plain = text:match("^[^{}\\]+", at)
    local char = text:sub(at, at)
    if plain then
      parts[#parts + 1], at = plain, at + #plain
    elseif char == "\\" then
      local escaped = ESCAPED[text:sub(at + 1, at + 1)]
      if not escaped then return wrong("after a \\ one of n t \\ { } expected") end
      parts[#parts + 1], at = escaped, at + 2
    elseif char == "}" then
      return wrong("a } without its {; \\} stands for the character")
    else
      local name, after = read_name(text, at)
      if not name then return wrong(after) end
      parts[#parts + 1], at = { name = name }, after
    end
  end
  return parts
end

--- The names of a template's fields.
---@param parts (string|{ name: string })[]
---@return string[]
function template.names(parts)
  local names = {}
  for _, part in ipairs(parts) do
    if type(part) == "table" and part.name ~= "" then names[#names + 1] = part.name end
  end
  return names
end

--- Whether a template shows an item as a whole.
---@param parts (string|{ name: string })[]
---@return boolean
function template.takes_all(parts)
  for _, part in ipairs(parts) do
    if type(part) == "table" and part.name == "" then return true end
  end
  return false
end

--- A template filled with one item.
---@param parts (string|{ name: string })[]
---@param item any
---@return string
function template.fill(parts, item)
  local texts = {}
  for i, part in ipairs(parts) do
    if type(part) == "string" then
      texts[i] = part
    elseif part.name ~= "" then
      texts[i] = fields.text(fields.lookup(item, part.name))
    else
      texts[i] = type(item) == "table" and sorted_json.line(item) or fields.text(item)
    end
  end
  return table.concat(texts)
end

return template
