--- What require("bosa") says where the compiled part was built for another Lua, or isn't there.
local command = require("spec.support.command")
local new_directory = require("spec.support.directory")

local build = os.getenv("BOSA_BUILD") or command.top .. "/build"
local is_jit = rawget(_G, "jit") ~= nil
local other = is_jit and "lua5.4" or "luajit"
local dir

setup(function() dir = new_directory() end)
teardown(function() os.execute("rm -rf " .. dir) end)

--- The first line on standard error of a program that requires `name` and finds cores in `directory` only.
local function require_with(name, directory)
  local text = command.output_of(("cd %s && LUA_CPATH=%s/'?.so' %s -e 'require(\"%s\")' 2>&1"):format(
    command.quote(command.top), command.quote(directory), os.getenv("BOSA_LUA"), name))
  return text:match("^[^\n]*"), text
end

local MODULES = { "bosa", "bosa.mcp", "bosa.mcp.http", "bosa.snapshot", "bosa.testing", "bosa.types" }

describe("the compiled part", function()
  it("of another Lua is told in one line: which file, for which Lua, what to do", function()
    local path = ("%s/%s/bosa/core.so"):format(build, other)
    if not io.open(path) then return pending("no core for " .. other) end
    for _, name in ipairs(MODULES) do
      local line = require_with(name, build .. "/" .. other)
      assert.matches(path .. " was built for " .. (is_jit and "Lua 5.4" or "LuaJIT"), line, 1, true)
      assert.matches("but this is " .. (is_jit and "LuaJIT" or _VERSION), line, 1, true)
      assert.matches("make -s env LUA=" .. (is_jit and "luajit" or "lua" .. _VERSION:match("%d.*")), line, 1, true)
      assert.is_nil(line:find("undefined symbol", 1, true))
    end
  end)

  it("that is not there is told in one line, and where Lua looked below it", function()
    for _, name in ipairs(MODULES) do
      local line, text = require_with(name, dir)
      assert.matches("the compiled part, bosa.core, was not found", line, 1, true)
      assert.matches("make build", line, 1, true)
      assert.matches(("\n\tno file '%s/bosa/core.so'"):format(dir), text, 1, true)
    end
  end)

  it("that is damaged is told in Lua's own words", function()
    os.execute(("mkdir -p %s/bosa"):format(dir))
    command.write_file(dir .. "/bosa/core.so", "not a library")
    local line = require_with("bosa", dir)
    assert.matches("error loading module 'bosa.core' from file", line, 1, true)
  end)
end)
