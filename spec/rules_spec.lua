--- The order of the tree: tools/rules.sh passes it, and tells each kind of breach.
local command = require("spec.support.command")

local dir

setup(function()
  dir = os.tmpname()
  os.remove(dir)
  assert(os.execute(("mkdir %s && cp -r csrc lua tools %s"):format(dir, dir)))
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
