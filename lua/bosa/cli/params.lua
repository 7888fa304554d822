--- Parameters as words of a command line: name=text, name:=JSON, name@file.
--
-- The schema says what a text stands for; what it can't stand for stays text, and the library says what is wrong.

local bosa = require("bosa")
local uv = require("luv")
local context = require("bosa.cli.context")
local is_object = require("bosa.is_object")
local parameter_words = require("bosa.cli.parameter_words")
local stdin = require("bosa.cli.stdin")
local read_file = require("bosa.read_file")

local params = {}

local element_type = parameter_words.element_type

local STDIN_CHUNK = 65536 -- bytes
local LARGEST = 256 * 2 ^ 20 -- bytes of a file with parameters

local function complain(...) return nil, context.error("params", string.format(...)) end

--- The content of a file that the user names, which may be a FIFO; "-" is standard input.
---@param path string
---@return string? text, string? message
local function content_of(path)
  if path == "-" then return stdin.read("*a") end
  return read_file(path, LARGEST)
end

--- Notes that a word reads standard input, which can be read once.
local function take_stdin(self, word)
  if self.stdin then return complain("%s and %s both read standard input, which can be read once", self.stdin, word) end
  self.stdin = word
  return true
end

--- A JSON value; `@path` stands for a file's content, `@-` for standard input.
local function json_value(self, name, text)
  if text == "@-" then
    local ok, err = take_stdin(self, name .. ":=@-")
    if not ok then return nil, err end
  end
  if text:sub(1, 1) == "@" then
    local content, message = content_of(text:sub(2))
    if not content then return complain("%s:=%s: %s", name, text, message) end
    text = content
  end
  local value, err = bosa.json.decode(text)
  if err then return complain("%s: no JSON: %s", name, (tostring(err.message):gsub("^.-: ", ""))) end
  return value
end

local function file_value(self, name, path)
  if path == "-" then
    local ok, err = take_stdin(self, name .. "@-")
    if not ok then return nil, err end
    return bosa.file({ filename = "stdin", read = stdin.reader(STDIN_CHUNK) })
  end
  local stat, message = uv.fs_stat(path)
  if stat and stat.type == "directory" then return complain("%s@%s: is a directory", name, path) end
  if not stat or not uv.fs_access(path, "R") then
    message = message and message:match("^%u+: (.-):? ?" .. path:gsub("%p", "%%%0") .. "$") or message
    return complain("%s@%s: %s", name, path, message or "permission denied")
  end
  return bosa.file({ path = path })
end

--- What a text is as a value of one of a type's words; nil: it is none.
local readers = {
  string = function(text) return text end,
  any = function(text) return text end,
  integer = function(text)
    if text:find("^%-?%d+$") then return (bosa.json.decode(text)) end
    return nil
  end,
  number = function(text)
    local value = text:find("^%-?%d") and bosa.json.decode(text)
    return type(value) ~= "boolean" and value or nil
  end,
  boolean = function(text)
    if text == "true" then return true end
    if text == "false" then return false end
    return nil
  end,
}

--- A text as a value of type `kind`, "integer | string" for one. Where text is allowed, it stays text.
local function typed(kind, text)
  local words = {}
  for word in kind:gmatch("[^|]+") do words[#words + 1] = word:match("^%s*(.-)%s*$") end
  for _, word in ipairs(words) do
    if word == "string" then return text end
  end
  for _, word in ipairs(words) do
    local reader = readers[word]
    local value
    if reader then value = reader(text) end
    if value ~= nil then return value end
  end
  return text
end

local function text_value(name, text, parameter)
  if not parameter then return text end
  local kind = element_type(parameter.type) or parameter.type
  if kind == "file" then return complain("%s takes a file: say %s@PATH", name, name) end
  if kind == "object" then
    return complain("%s takes %s: say %s:='JSON'", name, parameter.type == kind and "an object" or "a list of objects",
      name)
  end
  return typed(kind, text)
end

--- What is being read: words of a line, and below them what --input said.
---@class bosa.cli.ParamsReader
---@field values table
---@field known table<string, table> parameters by their names
---@field given table<string, "value" | "list"> names that the line has had; "list": whose elements come a word each
---@field input table<table, boolean> objects of the --input, whose fields the line may replace
---@field stdin string? what reads standard input

--- Where a value belongs: a parameter's own name, or, with dots, a place inside an object.
local function place(self, name)
  local holder, rest = self.values, name
  while not (holder == self.values and self.known[rest] and not rest:find(".", 1, true)) do
    local first, behind = rest:match("^([^.]+)%.(.+)$")
    if not first or not self.known[name] then break end
    local inner = holder[first]
    if inner == nil or self.input[holder] and not is_object(inner) then holder[first] = {} end
    if not is_object(holder[first]) then return nil end
    holder, rest = holder[first], behind
  end
  return holder, rest
end

--- Whether the line has had the name, or one inside of it.
local function is_given(self, name)
  for other in pairs(self.given) do
    if other == name or other:sub(1, #name + 1) == name .. "." then return true end
  end
  return false
end

--- Whether a dotted name leads through a list, where a word can't say which element is meant.
local function inside_list(name, known)
  local prefix = ""
  for part in name:gmatch("([^.]+)%.") do
    prefix = prefix .. part
    if known[prefix] and element_type(known[prefix].type) then return prefix end
    prefix = prefix .. "."
  end
  return nil
end

local function store(self, name, value, is_list)
  local list = inside_list(name, self.known)
  if list then return complain("%s is in a list: say %s:='[...]'", name, list) end
  local holder, key = place(self, name)
  if not holder then return complain("%s: %s is no object", name, name:match("^[^.]+")) end
  if is_list and self.given[name] == "list" then
    table.insert(holder[key], value)
    return true
  end
  if is_given(self, name) or holder[key] ~= nil and not self.input[holder] then
    return complain("%s is given twice", name)
  end
  holder[key] = is_list and bosa.array({ value }) or value
  self.given[name] = is_list and "list" or "value"
  return true
end

--- The value after a sign.
local function value_of(self, sign, name, text, parameter)
  if sign == ":=" then return json_value(self, name, text) end
  if sign == "@" then return file_value(self, name, text) end
  return text_value(name, text, parameter)
end

--- Adds what one word says to the values.
local function add(self, word)
  local name, sign, text = parameter_words.split(word)
  if not name then return complain("`%s`: %s", word, parameter_words.expected(word)) end
  local parameter = self.known[name]
  local value, err = value_of(self, sign, name, text, parameter)
  if err then return nil, err end
  local is_list = sign ~= ":=" and parameter and element_type(parameter.type) ~= nil
  return store(self, name, value, is_list)
end

--- Notes a table and those in it.
local function note_tables(value, found)
  if type(value) ~= "table" then return found end
  found[value] = true
  for _, inner in pairs(value) do note_tables(inner, found) end
  return found
end

--- All of several errors as one.
local function join(errors)
  if not errors[2] then return errors[1] end
  local details = {}
  for i, err in ipairs(errors) do details[i] = { path = "", message = err.message } end
  local err = context.error("params", ("%s (and %d more)"):format(errors[1].message, #errors - 1))
  err.details = details
  return err
end

--- The values that words stand for. They win over those that are there.
---@param words string[] name=text, name:=JSON, name@file
---@param parameters table[] as connector:get_action_parameters gives them
---@param values table? to add to
---@param reader string? what has read standard input before
---@return table? values, table? err of kind "params"
function params.read(words, parameters, values, reader)
  local self = { values = values or {}, known = {}, given = {}, input = note_tables(values, {}), stdin = reader }
  for _, parameter in ipairs(parameters) do self.known[parameter.name] = parameter end
  local errors = {}
  for _, word in ipairs(words) do
    local ok, err = add(self, word)
    if not ok then errors[#errors + 1] = err end
  end
  if errors[1] then return nil, join(errors) end
  return self.values
end

--- The JSON object in a file, or with "-" in standard input.
---@param option string that named the file
---@param path string
---@return table? values, table? err of kind "params"
function params.read_object(option, path)
  local text, message = content_of(path)
  if not text then return complain("%s: %s", option, message) end
  local value, err = bosa.json.decode(text)
  if err then return complain("%s %s: no JSON: %s", option, path, (tostring(err.message):gsub("^.-: ", ""))) end
  if type(value) ~= "table" or value[1] ~= nil then return complain("%s %s: a JSON object expected", option, path) end
  return value
end

return params
