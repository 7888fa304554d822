--- The one way in which misuse of the API raises: at the caller's line, with the name of what was wrong.

local core = require("bosa.core")

local misuse = {}

--- Raises at the line of the caller `level` up from who calls this.
---@param level integer
---@param text string as string.format takes it, with its arguments behind it
function misuse.raise(level, text, ...) error(string.format(text, ...), level + 1) end

--- Raises at the caller of `method` unless its argument at `position` is of a type.
function misuse.check_type(value, expected, position, method)
  if type(value) == expected then return end
  misuse.raise(3, "bad argument #%d to '%s' (%s expected, got %s)", position, method, expected, type(value))
end

--- What `check_options` takes for a whole number: a function that gives why a value is none; nil: it is one.
---@param least integer
---@param most integer? nil: any
---@return fun(value: any): string?
function misuse.whole(least, most)
  local expected = most and ("a whole number from %d to %d expected"):format(least, most)
    or ("a whole number, %d or more, expected"):format(least)
  return function(value)
    local fits = type(value) == "number" and value % 1 == 0 and value >= least and value <= (most or math.huge)
    return not fits and ("%s, got %s"):format(expected, tostring(value)) or nil
  end
end

--- Raises at the line of the caller `level` up from who calls this, unless all options are known and fit.
---@param options any
---@param known table<string, string|true|fun(value: any): string?> of each option its Lua type, true for any, or a
--- function that gives why a value doesn't fit
---@param level integer
function misuse.check_options(options, known, level)
  if type(options) ~= "table" then misuse.raise(level + 1, "options: table expected, got %s", type(options)) end
  for name, value in pairs(options) do
    local expected, why = known[name], nil
    if expected == nil then misuse.raise(level + 1, "unknown option `%s`", tostring(name)) end
    if type(expected) == "function" then
      why = expected(value)
    elseif expected ~= true and type(value) ~= expected then
      why = ("%s expected, got %s"):format(expected, type(value))
    end
    if why then misuse.raise(level + 1, "option `%s`: %s", name, why) end
  end
end

--- Raises at the line of the caller `level` up from who calls this, where options name the account twice.
---@param options { identifier: any, account: any }
---@param level integer
function misuse.check_account(options, level)
  if options.identifier == nil or options.account == nil then return end
  misuse.raise(level + 1, "options `identifier` and `account` say the same: give one of them")
end

--- Raises at the caller of `method` unless `self` is of a class: the method may have been taken from its object.
function misuse.check_self(self, class, method)
  if type(self) == "userdata" and getmetatable(self) == core.classes[class] then return end
  local got = type(self) == "userdata" and (getmetatable(self) or {}).__name or type(self)
  misuse.raise(3, "bad self of '%s' (bosa.%s expected, got %s)", method, class, got)
end

return misuse
