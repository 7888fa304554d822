--- Loads bosa.core, the compiled part, for each module that a program may require first. Where that fails it says what
-- to do: Lua's own message for a module that was built for another Lua is the name of a missing C symbol.

local JIT = rawget(_G, "jit")
local NUMBER = _VERSION:match("%d+%.%d+")
local THIS_LUA = JIT and JIT.version or _VERSION
local BUILD = ("`make build`, or `luarocks --lua-version %s make`"):format(NUMBER)
local SETTING = ("`make -s env LUA=%s`"):format(NUMBER == "5.1" and "luajit" or "lua" .. NUMBER)

--- The Lua that a core was built for, as the file itself says; csrc/lua/module.c puts it there.
---@return string? version as "Lua 5.4"
local function built_for(path)
  local file = path and io.open(path, "rb")
  if not file then return nil end
  local text = file:read("*a")
  file:close()
  return text and text:match("bosa%.core for (Lua %d+%.%d+)")
end

--- The name that users know a Lua by: LuaJIT says of itself that it is Lua 5.1.
local function named(version)
  return version == "Lua 5.1" and "LuaJIT (or Lua 5.1)" or version or "another Lua"
end

local function of_another_lua(message)
  local path = message:match("from file '([^']+)'")
  if not path and package.searchpath then path = package.searchpath("bosa.core", package.cpath) end
  local version = message:match("built for (Lua %d+%.%d+)") or built_for(path)
  local text = "bosa: %s was built for %s, but this is %s: build it for this Lua (%s) and set LUA_CPATH to it "
    .. "(%s prints it)"
  return text:format(path or "bosa.core", named(version), THIS_LUA, BUILD, SETTING)
end

local function not_found(message)
  local text = "bosa: the compiled part, bosa.core, was not found for %s: build it (%s), set LUA_CPATH to it "
    .. "(%s prints it), or `make install`.\nLua looked here:%s"
  return text:format(THIS_LUA, BUILD, SETTING, (message:gsub("^[^\n]*", "", 1)))
end

local function explain(message)
  if message:find("undefined symbol", 1, true) or message:find("symbol not found", 1, true)
    or message:find("bosa.core was built for", 1, true)
  then
    return of_another_lua(message)
  end
  if message:find("^module 'bosa.core' not found") then return not_found(message) end
  return message
end

local loaded, core = pcall(require, "bosa.core")
if not loaded then error(explain(tostring(core)), 0) end
return core
