--- A whole session under valgrind: the demo's script must leave nothing behind.
local server = require("spec.support.server")

describe("responses that nobody keeps", function()
  if os.getenv("LD_PRELOAD") then
    pending("a sanitizer keeps freed memory")
    return
  end

  local function resident_kb()
    for line in io.lines("/proc/self/status") do
      local kb = line:match("^VmHWM:%s*(%d+)")
      if kb then return tonumber(kb) end
    end
  end

  it("don't pile up until Lua's own memory has grown", function()
    local sandbox = server.start()
    local hub = require("bosa").new({ api_base_url = sandbox.url, api_key = sandbox.key, token = sandbox.token })
    local action = hub:connect("lab"):action("list_bytes"):params({ bytes = 160000 })
    for _ = 1, 20 do assert(assert(action:run())[1]) end
    local before = resident_kb()
    for _ = 1, 400 do assert(assert(action:run())[1]) end
    sandbox.stop()
    local answers = resident_kb() - before -- 400 answers are 64 MB of text and as much of nodes
    assert(answers < 16 * 1024, answers .. " kB")
  end)
end)

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
