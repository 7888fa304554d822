--- The event loops, each in a real program of its own.
local server = require("spec.support.server")

local sandbox
setup(function() sandbox = server.start() end)
teardown(function() sandbox.stop() end)

--- What a command prints, with the sandbox in its environment.
local function output(command)
  local process = assert(io.popen(("BOSA_API_BASE_URL=%s BOSA_API_KEY=%s BOSA_TOKEN=%s timeout 60 %s 2>&1"):format(
    sandbox.url, sandbox.key, sandbox.token, command)))
  local text = process:read("*a")
  process:close()
  return text
end

local lua = os.getenv("BOSA_LUA") or "lua5.4"

describe("luv", function()
  it("runs tasks side by side while its own timers go on", function()
    assert.equal(
      "side by side\n30 items, all, cancelled, closed, done 200, quick, slow, timeout, wait timeout\nticking\n200\n"
        .. "callbacks in their turn\n",
      output(lua .. " spec/hosts/luv.lua")
    )
  end)
  it("runs the example", function()
    assert.matches("3 repositories", output(lua .. " examples/hosts/luv.lua"))
  end)
end)

describe("cqueues", function()
  if not pcall(require, "cqueues") then
    pending("is not there for this VM")
    return
  end
  it("lets any coroutine wait while others go on", function()
    assert.equal(
      "side by side\n30 items, all, cancelled, closed, done 200, quick, slow, still cancelled, wait timeout\nticking\n",
      output(lua .. " spec/hosts/cqueues.lua")
    )
  end)
  it("runs the example", function()
    assert.matches("3 repositories", output(lua .. " examples/hosts/cqueues.lua"))
  end)
end)

describe("Neovim", function()
  local cpath = (os.getenv("BOSA_BUILD") or "build") .. "/luajit/?.so;"
  local nvim = ("nvim --headless -u NONE --cmd 'set rtp^=%s' --cmd 'lua package.cpath=%q..package.cpath' "):format(
    io.popen("pwd"):read("*l"), cpath)

  it("stays awake, shows results, help and errors", function()
    local text = output(nvim .. "-c 'luafile spec/hosts/neovim.lua'")
    for _, line in ipairs({
      "status 200 ticking",
      "on_done may call the API: 1",
      "outside it blocks: 200",
      "an error in a callback is a message",
      "an error in a task, too",
      "connectors: github google_drive google_mail",
      "actions: list_issues",
      "parameters: {\"owner",
      "shown: nofile true",
      "a mistake is a message",
      "health: true",
      "help: help bosa.txt",
    }) do
      assert.truthy(text:find(line, 1, true), line .. "\n--- not in:\n" .. text)
    end
  end)

  it("runs the example", function()
    assert.matches("#%d+", output(nvim .. "-c 'luafile examples/hosts/neovim.lua' -c 'Issues lua lua' "
      .. "-c 'lua vim.wait(30000, function() return vim.api.nvim_buf_get_lines(0, 0, 1, false)[1] ~= \"\" end)' "
      .. "-c 'lua io.write(vim.api.nvim_buf_get_lines(0, 0, 1, false)[1], \"\\n\")' -c 'qa!'"))
  end)
end)
