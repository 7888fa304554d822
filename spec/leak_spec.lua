--- A whole session under valgrind: the demo's script must leave nothing behind.
local server = require("spec.support.server")

describe("the demo's script", function()
  local lua = os.getenv("BOSA_LUA") or "lua5.4"
  if jit or os.getenv("LD_PRELOAD") or not os.execute("command -v valgrind >/dev/null") then
    pending("runs under valgrind where that is there, on Lua 5.4 (LuaJIT's own allocator hides what it holds)")
    return
  end
  it("leaks nothing and reads nothing that isn't there", function()
    local sandbox = server.start()
    local process = io.popen(("BOSA_API_BASE_URL=%s BOSA_API_KEY=%s BOSA_TOKEN=%s valgrind -q --leak-check=full "
      .. "--errors-for-leak-kinds=definite,indirect,possible --error-exitcode=99 "
      .. "%s examples/demo.lua 2>&1; echo exit $?")
      :format(sandbox.url, sandbox.key, sandbox.token, lua))
    local text = process:read("*a")
    process:close()
    sandbox.stop()
    assert.matches("exit 0\n$", text)
  end)
end)
