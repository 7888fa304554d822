--- The words name=text, name:=JSON and name@file: taken apart, and shown in an error of the parameter.

local terminal_text = require("bosa.cli.terminal_text")

local parameter_words = {}

local MOST_SHOWN = 40 -- columns of a value in a message

--- The name, the sign and the text of a word; nil: it is no parameter.
---@param word string
---@return string? name, string? sign, string? text
function parameter_words.split(word)
  local name, sign, text = word:match("^([^=:@]+)(:?=)(.*)$")
  if not name then name, sign, text = word:match("^([^=:@]+)(@)(.+)$") end
  return name, sign, text
end

--- The type of the elements of a list; nil: the type is no list's.
---@param kind string a parameter's type, as connector:get_action_parameters gives it
---@return string?
function parameter_words.element_type(kind)
  for word in kind:gmatch("[^|]+") do
    local element = word:match("^%s*array of (.-)%s*$")
    if element then return element end
    if word:match("^%s*array%s*$") then return "string" end
  end
  return nil
end

--- The sign that follows the name of a parameter of this type: what is a file or an object can't be given as text.
---@param kind string
---@return "="|":="|"@"
function parameter_words.sign(kind)
  local element = parameter_words.element_type(kind) or kind
  if element == "file" then return "@" end
  return element:find("object", 1, true) and ":=" or "="
end

--- What was expected in place of a word that is no parameter, by what it looks like.
---@param word string
---@return string
function parameter_words.expected(word)
  if word:find("^%s*{") then return "parameters as JSON are read from a file, or from standard input: --input -" end
  if word:find("^[%w_.-]+$") then return (("it has no value; write $=text, $:=JSON or $@file"):gsub("%$", word)) end
  local fields = word:find("^[%w_.]+,[%w_.,]+$") and "; --fields " .. word .. " chooses fields" or ""
  return "name=text, name:=JSON or name@file expected" .. fields
end

--- The validation error of a value that was a text on the line, in words that show the text.
local function explained(detail, words)
  if detail.keyword ~= "type" or detail.got ~= "string" then return detail end
  for _, word in ipairs(words) do
    local name, sign, text = parameter_words.split(word)
    if name == detail.path and sign == "=" then
      local shown = tonumber(text) and text or ('"%s"'):format(terminal_text.cut(terminal_text.safe(text), MOST_SHOWN))
      return { path = name, message = ("`%s`: %s expected, got %s"):format(name, detail.expected, shown) }
    end
  end
  return detail
end

--- An error of the parameters, told of the words that the line had.
---@param err table
---@param words string[]
---@return table err
function parameter_words.explain(err, words)
  if err.kind ~= "params" or err.sent ~= "no" or type(err.details) ~= "table" then return err end
  local details = {}
  for i, detail in ipairs(err.details) do details[i] = explained(detail, words) end
  local first = err.details[1] and err.details[1].message
  if first and err.message:sub(1, #first) == first then -- which tostring goes by, too
    err.message = details[1].message .. err.message:sub(#first + 1)
  end
  err.details = details
  return err
end

return parameter_words
