--- A watch under each host: it waits for its next round while the host goes on.
local command = require("spec.support.command")
local directory = require("spec.support.directory")
local nginx = require("spec.support.nginx")
local server = require("spec.support.server")

local dir
before_each(function() dir = directory() end)
after_each(function() os.execute("rm -rf " .. dir) end)

describe("a watch waits without holding up", function()
  local sandbox, hub
  setup(function()
    sandbox = server.start()
    hub = sandbox.hub()
  end)
  teardown(function() sandbox.stop() end)

  local function output(line)
    return command.output_of(("BOSA_API_BASE_URL=%s BOSA_API_KEY=%s BOSA_TOKEN=%s timeout 60 %s 2>&1"):format(
      sandbox.url, sandbox.key, sandbox.token, line))
  end

  local lua = os.getenv("BOSA_LUA") or "lua5.4"

  it("luv", function()
    if not pcall(require, "luv") then return pending("luv is not there for this VM") end
    assert.equal("before, after, ticking\n", output(lua .. " spec/hosts/watch.lua luv"))
  end)

  it("cqueues", function()
    if not pcall(require, "cqueues") then return pending("cqueues is not there for this VM") end
    assert.equal("before, after, ticking\n", output(lua .. " spec/hosts/watch.lua cqueues"))
  end)

  it("nothing, in a plain program, which it holds up", function()
    assert.equal("before, after, standing still\n", output(lua .. " spec/hosts/watch.lua plain"))
  end)

  it("nginx, in a timer: the example", function()
    local state = os.tmpname()
    os.remove(state)
    local env = {
      BOSA_API_BASE_URL = sandbox.url, BOSA_API_KEY = sandbox.key, BOSA_TOKEN = sandbox.token, WATCH_STATE = state,
    }
    --- What a worker has told, once its first round is over.
    local function told(wanted)
      local web = nginx.example("watch.conf", env)
      local latest, deadline = "", os.time() + 60
      repeat latest = latest .. web.get("/latest") until latest:find(wanted, 1, true) or os.time() > deadline
      local log = web.log()
      web.stop()
      return latest, log
    end
    local function open(title)
      assert(hub:run("github", "create_issue", { owner = "lua", repo = "lua", title = title }))
    end
    open("nginx one")
    local latest, log = told("nginx one")
    assert.truthy(latest:find("nginx one\n", 1, true), log)
    open("nginx two")
    latest, log = told("nginx two")
    assert.truthy(latest:find("nginx two\n", 1, true), log)
    assert.is_nil(latest:find("nginx one", 1, true))
    os.remove(state)
  end)

  it("Neovim: the example tells what is new, and refuses to hold the editor up", function()
    local cpath = (os.getenv("BOSA_BUILD") or "build") .. "/luajit/?.so;"
    command.write_file(dir .. "/run.lua", ([[
      local list = require("bosa").new():connect("github"):action("list_issues"):params({ owner = "lua", repo = "lua" })
      local ok, err = pcall(function() for _ in list:watch() do end end)
      io.write(tostring(ok), " ", tostring(err), "\n")
      local told = {}
      vim.notify = function(text) told[#told + 1] = text end
      dofile("examples/hosts/neovim_watch.lua")
      local path = vim.fn.stdpath("data") .. "/bosa-issues.json"
      local function primed()
        local file = io.open(path)
        local text = file and file:read("*a") or ""
        if file then file:close() end
        return text:find('"primed":true', 1, true) ~= nil
      end
      assert(vim.wait(10000, primed, 5), "it did not begin")
      local made = require("bosa").new():connect("github")
      assert(made:create_issue({ owner = "lua", repo = "lua", title = "for the editor" }))
      assert(vim.wait(10000, function() return told[1] end, 5), "nothing was told")
      io.write(#told, " ", told[1]:match(" (.*)"), "\n")
      vim.cmd("qa!")
    ]]))
    local line = ("env XDG_DATA_HOME=%s nvim --headless -u NONE --cmd 'set rtp^=%s' --cmd 'let g:bosa_watch_every=1' "
      .. "--cmd 'lua package.cpath=%q..package.cpath' -c 'luafile %s/run.lua'"):format(dir, command.top, cpath, dir)
    assert(os.execute(("mkdir -p %s/nvim"):format(dir)))
    assert.equal("false a watch would hold up the editor: run it in bosa.async\n1 for the editor\n", output(line))
  end)
end)
