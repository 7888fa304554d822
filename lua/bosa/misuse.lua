--- The one way in which misuse of the API raises: at the caller's line, with the name of what was wrong.

local core = require("bosa.core")

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
  local names = {}
  for each in pairs(known) do names[#names + 1] = each end
  table.sort(names)
  local meant = require("bosa.spelling").nearest(name, names)
  local text = meant and "unknown option `%s`; did you mean `%s`?" or "unknown option `%s`"
  misuse.raise(level + 1, text, name, meant)
end

--- Raises at the caller of `method` unless its argument at `position` is of a type.
function misuse.check_type(value, expected, position, method)
  if type(value) == expected then return end
  misuse.raise(3, "bad argument #%d to '%s' (%s expected, got %s)", position, method, expected, type(value))
end

--- Raises at the caller of `method` unless `self` is of a class: the method may have been taken from its object.
function misuse.check_self(self, class, method)
  if type(self) == "userdata" and getmetatable(self) == core.classes[class] then return end
  local got = type(self) == "userdata" and (getmetatable(self) or {}).__name or type(self)
  misuse.raise(3, "bad self of '%s' (bosa.%s expected, got %s)", method, class, got)
end

return misuse
