--- bosa sandbox: a server of one's own, for a command or until Ctrl-C.
local library = require("bosa")
local command = require("spec.support.command")

local sandbox, bosa

before_each(function() bosa, sandbox = command.start() end)
after_each(function() bosa:close() end)

describe("bosa sandbox", function()
  it("speaks a dialect by its name, and by the name before", function()
    for _, name in ipairs({ "legacy", "seed", "current", "today" }) do
      local script = 'curl -s -o /dev/null -w "%{http_code}" "$BOSA_API_BASE_URL/connectors/names"'
      local out = bosa:output({ "sandbox", "--dialect", name, "--", "sh", "-c", script })
      assert.equal((name == "legacy" or name == "seed") and "404" or "200", out)
    end
    assert.is_nil(bosa:run({ "sandbox", "--help" }):find("today", 1, true))
  end)

  it("runs a command with a server of its own, and ends as it does", function()
    local words = { "sandbox", "--", "sh", "-c", 'echo "$BOSA_API_BASE_URL"; exit 7' }
    local out, err, code = bosa:run(words)
    assert.equal("", err)
    assert.equal(7, code)
    assert.matches("^http://127%.0%.0%.1:%d+\n$", out)
    assert.are_not.equal(sandbox.url .. "\n", out)
  end)

  it("prints what to export until Ctrl-C", function()
    local terminal = bosa:terminal(bosa:line({ "sandbox" }) .. "; echo code=$?")
    local screen = terminal:wait_for("runs until Ctrl%-C")
    local url = screen:match("export BOSA_API_BASE_URL='([^']+)'")
    local key = screen:gsub("\n", ""):match("export BOSA_API_KEY='([^']+)'")
    local hub = library.new({ api_base_url = url, api_key = key })
    assert.equal(4, #assert(hub:get_available_modules()))
    terminal:press("C-c")
    screen = terminal:wait_for("code=")
    terminal:close()
    assert.matches("code=130", screen)
    assert.is_nil(screen:find("traceback", 1, true))
  end)

  it("says when there is none", function()
    local _, err, code = bosa:run({ "sandbox" }, { env = { BOSA_SANDBOX = command.missing } })
    assert.equal(1, code)
    assert.matches("^bosa: no sandbox server: [^\n]*\n$", err)
  end)
end)
