--- Filters of a response's items, which the server applies to a page before it sends it: bosa.filter makes them, and
-- `response_filters` of an action takes them, or tables like them.

local core = require("bosa.core")
local misuse = require("bosa.misuse")

local filter = {}

--- A filter as it is sent.
---@class bosa.Filter
---@field type "string"|"string_list"|"date_range"|"number"|"number_list"|"number_range"
---@field field_name string the field, with dots
---@field root string? path to a list in each item whose elements are filtered instead of the items
---@field value any
---@field values table?
---@field ignore_case boolean?
---@field from_date string?
---@field to_date string?
---@field from_value number?
---@field to_value number?

---------------------------------------------------------------------------------------------------
-- what a value may be

--- Whether a value is a number, also one past what the VM's numbers hold: cdata, or the digits of one.
local function is_number(value)
  if type(value) == "number" then return value == value and value ~= math.huge and value ~= -math.huge end
  if type(value) == "string" then return value:find("^%-?%d+$") ~= nil and #value > 15 end
  return type(value) == "cdata"
end

local function is_text(value) return type(value) == "string" end

local function list_of(is_element)
  return function(value)
    if type(value) ~= "table" or value[1] == nil then return false end
    for _, element in ipairs(value) do
      if not is_element(element) then return false end
    end
    return true
  end
end

local function is_flag(value) return type(value) == "boolean" end

--- member -> { whether a value fits, what is expected }
local TEXT, NUMBER = { is_text, "string" }, { is_number, "number" }
local FLAG = { is_flag, "boolean" }

--- The kinds: what each has beside `type`, `field_name` and `root`, and which of that it can't be without.
local KINDS = {
  string = { members = { value = TEXT, ignore_case = FLAG }, needs = { "value" } },
  string_list = {
    members = { values = { list_of(is_text), "list of strings" }, ignore_case = FLAG }, needs = { "values" },
  },
  date_range = { members = { from_date = TEXT, to_date = TEXT }, one_of = { "from_date", "to_date" } },
  number = { members = { value = NUMBER }, needs = { "value" } },
  number_list = { members = { values = { list_of(is_number), "list of numbers" } }, needs = { "values" } },
  number_range = { members = { from_value = NUMBER, to_value = NUMBER }, one_of = { "from_value", "to_value" } },
}

local COMMON = { type = TEXT, field_name = TEXT, root = TEXT }

---------------------------------------------------------------------------------------------------
-- checking

--- The kind of a filter that doesn't say it, by what it has; nil: that says nothing.
local function guess(given)
  if given.from_date ~= nil or given.to_date ~= nil then return "date_range" end
  if given.from_value ~= nil or given.to_value ~= nil then return "number_range" end
  if given.values ~= nil then
    local first = type(given.values) == "table" and given.values[1]
    return type(first) == "string" and "string_list" or "number_list"
  end
  if given.value == nil then return nil end
  return type(given.value) == "string" and "string" or "number"
end

--- null stands for what is left out.
local function is_given(value) return value ~= nil and not core.is_null(value) end

--- Why the members of a filter don't fit its kind; nil: they do.
local function complaint_of(given, kind)
  for name, value in pairs(given) do
    local member = COMMON[name] or kind.members[name]
    if not member then return ("a %s filter has no `%s`"):format(given.type, tostring(name)) end
    if is_given(value) and not member[1](value) then
      return ("`%s`: %s expected, got %s"):format(name, member[2], type(value))
    end
  end
  for _, name in ipairs(kind.needs or {}) do
    if not is_given(given[name]) then return ("`%s` is missing"):format(name) end
  end
  if kind.one_of and not is_given(given[kind.one_of[1]]) and not is_given(given[kind.one_of[2]]) then
    return ("`%s` or `%s` is missing"):format(kind.one_of[1], kind.one_of[2])
  end
  return nil
end

--- A copy of a filter with its type; nil and why it is none.
---@param given any
---@return bosa.Filter? filter, string? why
function filter.read(given)
  if type(given) ~= "table" then return nil, "table expected, got " .. type(given) end
  local copy = {}
  for name, value in pairs(given) do copy[name] = value end
  if copy.type == nil then copy.type = guess(copy) end
  local kind = KINDS[copy.type]
  if copy.type == nil then return nil, "`type` is missing" end
  if not kind then return nil, ("there is no `type` %s"):format(tostring(copy.type)) end
  if type(copy.field_name) ~= "string" or copy.field_name == "" then
    return nil, "`field_name`: the field's name expected, got " .. type(copy.field_name)
  end
  local why = complaint_of(copy, kind)
  if why then return nil, why end
  return core.object(copy)
end

--- A list of filters as it is sent, each with its type; nil and why it is none.
---@param given any
---@return bosa.Filter[]? list, string? why
function filter.list(given)
  if type(given) ~= "table" then return nil, "table expected, got " .. type(given) end
  if given.field_name ~= nil then return nil, "a list of filters expected, got one filter" end
  local list, count = {}, 0
  for index in pairs(given) do
    if type(index) ~= "number" then return nil, "a list of filters expected, with the name " .. tostring(index) end
    count = count + 1
  end
  for i = 1, count do
    local one, why = filter.read(given[i])
    if not one then return nil, ("filter %d: %s"):format(i, why) end
    list[i] = one
  end
  return core.array(list)
end

---------------------------------------------------------------------------------------------------
-- making

local OPTIONS = { root = true, ignore_case = true }

--- A filter out of what a builder was given; raises at the builder's caller. So no builder may end in a tail call.
local function make(name, field, members, options)
  if options ~= nil and type(options) ~= "table" then
    misuse.raise(3, "bad options of '%s' (table expected, got %s)", name, type(options))
  end
  for option, value in pairs(options or {}) do
    if not OPTIONS[option] then misuse.unknown_option(3, option, OPTIONS) end
    members[option] = value
  end
  members.type, members.field_name = name, field
  local made, why = filter.read(members)
  if not made then misuse.raise(3, "bad filter of '%s' (%s)", name, why) end
  return made
end

--- The builders, `bosa.filter`.
filter.make = {}

--- The field is this string, in whatever case.
---@param field string
---@param value string
---@param options { root: string?, ignore_case: boolean? }?
---@return bosa.Filter
function filter.make.string(field, value, options) return (make("string", field, { value = value }, options)) end

--- The field is one of these strings.
---@param field string
---@param values string[]
---@param options { root: string?, ignore_case: boolean? }?
---@return bosa.Filter
function filter.make.string_list(field, values, options)
  return (make("string_list", field, { values = values }, options))
end

--- The field is a date from `from` to `to`, both of which belong to it; nil: it has no such end.
---@param field string
---@param from string? ISO 8601
---@param to string? ISO 8601
---@param options { root: string? }?
---@return bosa.Filter
function filter.make.date_range(field, from, to, options)
  return (make("date_range", field, { from_date = from, to_date = to }, options))
end

--- The field is this number.
---@param field string
---@param value number
---@param options { root: string? }?
---@return bosa.Filter
function filter.make.number(field, value, options) return (make("number", field, { value = value }, options)) end

--- The field is one of these numbers.
---@param field string
---@param values number[]
---@param options { root: string? }?
---@return bosa.Filter
function filter.make.number_list(field, values, options)
  return (make("number_list", field, { values = values }, options))
end

--- The field is a number from `from` to `to`, both of which belong to it; nil: it has no such end.
---@param field string
---@param from number?
---@param to number?
---@param options { root: string? }?
---@return bosa.Filter
function filter.make.number_range(field, from, to, options)
  return (make("number_range", field, { from_value = from, to_value = to }, options))
end

return filter
