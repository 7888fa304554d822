--- Conditions of a command line, like state=open or created_at>=2025-02-01, as filters of a response's items.
--
--   field=text  field=5  field=a,b  field=1..5  field>=5  field<=2025-02-01  field:=JSON  list[].field=text
-- What reads as a number is one, unless it is given as JSON: zip:='"12345"'.

local bosa = require("bosa")
local context = require("bosa.cli.context")
local filter = require("bosa.filter")

local filters = {}

local make = bosa.filter

--- A text as a number; nil: it is none.
local function number_of(text)
  if not text:find("^%-?%d") then return nil end
  local value, err = bosa.json.decode(text)
  if err then return nil end
  return value
end

local function is_date(text) return text:find("^%d%d%d%d%-%d%d%-%d%d") ~= nil end

--- Makes a range of two ends, one of which may be missing; nil: they are neither numbers nor dates.
local function range_of(field, from, to, options)
  if not from and not to then return nil end
  local low, high = from and number_of(from), to and number_of(to)
  if (not from or low) and (not to or high) then return make.number_range(field, low, high, options) end
  if (not from or is_date(from)) and (not to or is_date(to)) then return make.date_range(field, from, to, options) end
  return nil
end

--- What a list with commas means.
local function list_of(field, text, options)
  local texts, numbers = {}, {}
  for part in (text .. ","):gmatch("(.-),") do
    texts[#texts + 1] = part
    numbers[#numbers + 1] = number_of(part)
  end
  if #numbers == #texts then return make.number_list(field, numbers, options) end
  return make.string_list(field, texts, options)
end

local function given(text)
  if text == "" then return nil end
  return text
end

--- What stands after a plain `=`.
local function equal_to(field, text, options)
  local from, to = text:match("^(.-)%.%.(.*)$")
  local range = from and range_of(field, given(from), given(to), options)
  if range then return range end
  if text:find(",", 1, true) then return list_of(field, text, options) end
  local number = number_of(text)
  if number then return make.number(field, number, options) end
  return make.string(field, text, options)
end

--- What stands behind `:=`: a string, a number, or a list of such.
local function from_json(field, text, options)
  local value, err = bosa.json.decode(text)
  if err then return nil, "no JSON: " .. tostring(err.message) end
  local one = { field_name = field, root = options.root }
  if type(value) == "table" then
    one.values = value
  else
    one.value = value
  end
  local made = filter.read(one)
  if made then return made end
  return nil, "a string, a number, or a list of either expected after :="
end

--- The filter that a word stands for: `filter | nil, why`.
local function read(word)
  local field, sign, text = word:match("^([^<>=:]+)([<>:]?=)(.*)$")
  if not field then return nil, "field=value, field>=value, field<=value or field:=JSON expected" end
  local root, inner = field:match("^(.+)%[%]%.(.+)$")
  local options = { root = root }
  field = inner or field
  if sign == ":=" then return from_json(field, text, options) end
  if sign == "=" then return equal_to(field, text, options) end
  local range = range_of(field, sign == ">=" and text or nil, sign == "<=" and text or nil, options)
  if not range then return nil, ("a number or a date like 2025-02-01 expected after %s"):format(sign) end
  return range
end

local ENDS = { { "from_value", "to_value" }, { "from_date", "to_date" } }

--- Puts the end that `one` has into a range that has only the other one; false: they can't be joined.
local function join(range, one)
  if range.field_name ~= one.field_name or range.root ~= one.root or range.type ~= one.type then return false end
  for _, pair in ipairs(ENDS) do
    local from, to = pair[1], pair[2]
    if range[from] ~= nil and range[to] == nil and one[to] ~= nil and one[from] == nil then
      range[to] = one[to]
      return true
    elseif range[to] ~= nil and range[from] == nil and one[from] ~= nil and one[to] == nil then
      range[from] = one[from]
      return true
    end
  end
  return false
end

--- The filters that words stand for; two ends of one range become one filter.
---@param words string[]
---@return bosa.Filter[]? list, table? err of kind "params"
function filters.read(words)
  local list = {}
  for _, word in ipairs(words) do
    local one, why = read(word)
    if not one then return nil, context.error("params", ("--filter %s: %s"):format(word, why)) end
    local joined = false
    for _, before in ipairs(list) do joined = joined or join(before, one) end
    if not joined then list[#list + 1] = one end
  end
  return list
end

return filters
