--- The order of the tree: tools/rules.sh passes it, and tells each kind of breach.
local command = require("spec.support.command")

local dir

setup(function()
  dir = os.tmpname()
  os.remove(dir)
  assert(os.execute(("mkdir %s && cp -r csrc lua spec tools %s"):format(dir, dir)))
end)
teardown(function() os.execute("rm -rf " .. dir) end)

local function rules() return command.output_of("tools/rules.sh " .. dir .. " 2>&1; echo exit $?") end

it("is kept", function() assert.equal("exit 0\n", rules()) end)

local breaches = {
  { "an include that goes up a floor", "csrc/core/json/planted.c", '#include "call/call.h"\n', "json lies below call" },
  { "a private header of another room", "csrc/core/hub/planted.c", '#include "json/json_internal.h"\n', "is private" },
  { "a header marked Private, from the binding", "csrc/lua/planted.c", '#include "transport/connection.h"\n',
    "is private" },
  { "Lua's headers in the core", "csrc/core/base/planted.c", "#include <lua.h>\n", "knows nothing of Lua" },
  { "libcurl's headers outside of transport", "csrc/core/http/planted.c", "#include <curl/curl.h>\n",
    "only transport" },
  { "libcurl's headers in the binding", "csrc/lua/planted.c", "#include <curl/curl.h>\n", "transport includes" },
  { "a file in no room", "csrc/core/planted.c", "typedef int nothing;\n", "lie in no room" },
  { "a file that is too long", "csrc/lua/planted.c", ("/* */\n"):rep(601), "planted.c: 601 lines are too many" },
  { "a spec that is too long", "spec/planted_spec.lua", ("-- x\n"):rep(601), "planted_spec.lua: 601 lines" },
  { "a function of C that is too long", "csrc/core/base/planted.c", "void f(void)\n{\n" .. ("\n"):rep(69) .. "}\n",
    "planted.c:2: a function of 71 lines" },
  { "a function of a C test that is too long", "spec/c/planted.c", "void f(void)\n{\n" .. ("\n"):rep(69) .. "}\n",
    "spec/c/planted.c:2: a function of 71 lines" },
  { "a function of Lua that is too long", "lua/bosa/planted.lua", "local function f()\n  local function g()\n"
    .. ("    f()\n"):rep(70) .. "  end\nend\n", "planted.lua:2: a function of 72 lines" },
}

for _, breach in ipairs(breaches) do
  local name, path, text, words = breach[1], breach[2], breach[3], breach[4]
  it("is broken by " .. name, function()
    command.write_file(dir .. "/" .. path, text)
    local said = rules()
    os.remove(dir .. "/" .. path)
    assert.matches("exit 1\n$", said)
    assert.truthy(said:find(words, 1, true), said)
  end)
end
