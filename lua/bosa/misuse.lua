--- The one way in which misuse of the API raises: at the caller's line, with the name of what was wrong.

local core = require("bosa.core")
local sorted_names = require("bosa.sorted_names")

-- Every method of every class checks its self, so this is looked up once.
local classes, getmetatable, type = core.classes, getmetatable, type

local misuse = {}

--- Raises at the line of the caller `level` up from who calls this.
---@param level integer
---@param text string as string.format takes it, with its arguments behind it
function misuse.raise(level, text, ...) error(string.format(text, ...), level + 1) end

--- Raises, as `raise` does, for an option that there isn't; names the one that was meant, where one is near.
---@param level integer
---@param name any
---@param known table<string, any> the options that there are are its keys
function misuse.unknown_option(level, name, known)
  if type(name) ~= "string" then misuse.raise(level + 1, "options must have names, not positions") end
  local meant = core.nearest(name, sorted_names(known))
  local text = meant and "unknown option `%s`; did you mean `%s`?" or "unknown option `%s`"
  misuse.raise(level + 1, text, name, meant)
end

--- Raises at the caller of `method` unless its argument at `position` is of a type.
function misuse.check_type(value, expected, position, method)
  if type(value) == expected then return end
  misuse.raise(3, "bad argument #%d to '%s' (%s expected, got %s)", position, method, expected, type(value))
end

--- Raises at the caller of `method` unless its argument at `position` can be a name of `what`: "an action".
function misuse.check_name(value, what, position, method)
  if type(value) ~= "string" then
    misuse.raise(3, "bad argument #%d to '%s' (string expected, got %s)", position, method, type(value))
  end
  if value == "" or value:find("\0", 1, true) then
    misuse.raise(3, "bad argument #%d to '%s' (%s's name expected)", position, method, what)
  end
end

--- Has a setter of a builder take an option's value. What it refuses is raised, as `raise` does, by the option's name.
---@param level integer
---@param builder userdata
---@param set function
---@param name string
---@param value any
function misuse.set_option(level, builder, set, name, value)
  local ok, err = pcall(set, builder, value)
  if ok then return end
  misuse.raise(level + 1, "option `%s`: %s", name, tostring(err):match("%((.-)%)$") or tostring(err))
end

--- What `check_options` takes for a whole number: a function that gives why a value is none; nil: it is one.
---@param least integer
---@param most integer? nil: any
---@return fun(value: any): string?
function misuse.whole(least, most)
  local expected = most and ("a whole number from %d to %d expected"):format(least, most)
    or ("a whole number, %d or more, expected"):format(least)
  return function(value)
    local fits = type(value) == "number" and value >= least and value <= (most or math.huge)
      and value == math.floor(value)
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
    if expected == nil then misuse.unknown_option(level + 1, name, known) end
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
  if type(self) == "userdata" and getmetatable(self) == classes[class] then return end
  local got = type(self) == "userdata" and (getmetatable(self) or {}).__name or type(self)
  misuse.raise(3, "bad self of '%s' (bosa.%s expected, got %s)", method, class, got)
end

return misuse
