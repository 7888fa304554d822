--- Waiting for an account holds up no host's event loop: what connects it runs beside the wait.
local command = require("spec.support.command")
local nginx = require("spec.support.nginx")
local server = require("spec.support.server")

local EXPECTED = "connected true after a look"
local lua = os.getenv("BOSA_LUA")
local sandbox, dir

before_each(function()
  sandbox = server.start()
  dir = sandbox.directory()
end)
after_each(function() sandbox.stop() end)

--- What a script prints that runs in a host.
local function output(program, script)
  command.write_file(dir .. "/script.lua", script)
  return command.output_of(("BOSA_API_BASE_URL=%s BOSA_API_KEY=%s timeout 60 %s 2>&1"):format(sandbox.url, sandbox.key,
    program:format(dir .. "/script.lua")))
end

describe("wait_for_integration", function()
  it("waits in luv", function()
    assert.equal(EXPECTED .. "\n", output(lua .. " %s", [[
      local uv = require("luv")
      local bosa = require("bosa")
      local hub = bosa.new()
      print(dofile("spec/hosts/renewing.lua")(hub, function(a, b)
        local one, two = bosa.async(a), bosa.async(b)
        uv.run()
        assert(one:done() and two:done())
      end))]]))
  end)

  it("waits in cqueues", function()
    if not pcall(require, "cqueues") then return pending("it is not there for this VM") end
    assert.equal(EXPECTED .. "\n", output(lua .. " %s", [[
      local cqueues = require("cqueues")
      local hub = require("bosa").new()
      print(dofile("spec/hosts/renewing.lua")(hub, function(a, b)
        local loop = cqueues.new()
        loop:wrap(a)
        loop:wrap(b)
        assert(loop:loop())
      end))]]))
  end)

  it("waits in Neovim", function()
    local cpath = (os.getenv("BOSA_BUILD") or "build") .. "/luajit/?.so;"
    local nvim = ("nvim --headless -u NONE --cmd 'set rtp^=%s' --cmd 'lua package.cpath=%q..package.cpath' "):format(
      command.top, cpath)
    assert.truthy(output(nvim:gsub("%%", "%%%%") .. "-c 'luafile %s' -c 'qa!'", [[
      local bosa = require("bosa")
      local hub = bosa.new()
      io.write(dofile("spec/hosts/renewing.lua")(hub, function(a, b)
        local one, two = bosa.async(a), bosa.async(b)
        vim.wait(20000, function() return one:done() and two:done() end, 5)
      end), "\n")]]):find(EXPECTED, 1, true))
  end)

  it("blocks a plain script, and is ended by what its callback does", function()
    assert.equal("true\t2\n", output(lua .. " %s", [[
      local hub = require("bosa").new()
      local user = assert(hub:create_bosa_user("plain@example.com"))
      local token = assert(hub:authenticate_bosa_user(user.identifier, user.secret)).token
      local looks = 0
      print(hub:wait_for_integration("lab", token, { interval = 0.01, callback = function()
        looks = looks + 1
        if looks < 2 then return end
        assert(hub:initiate_plugin_configuration("lab", token, { host = "h", user = "u", password = "p" }))
      end }), looks)]]))
  end)

  it("waits in nginx", function()
    local web = nginx.start({
      http = ([[
        init_by_lua_block {
          hub = require("bosa").new({ api_base_url = "%s", api_key = "%s" })
          renewing = dofile("%s/spec/hosts/renewing.lua")
        }]]):format(sandbox.url, sandbox.key, command.top),
      server = [[
        location = /wait { content_by_lua_block {
          ngx.print(renewing(hub, function(a, b)
            local one, two = ngx.thread.spawn(a), ngx.thread.spawn(b)
            assert(ngx.thread.wait(one))
            assert(ngx.thread.wait(two))
          end))
        } }
        location = /log { return 200 "ok"; log_by_lua_block {
          local ok, err = hub:wait_for_integration("lab", "token")
          failed = tostring(ok) .. " " .. tostring(err)
        } }
        location = /failed { content_by_lua_block { ngx.print(failed or "") } }]],
    })
    local waited = web.get("/wait")
    web.get("/log")
    local failed
    for _ = 1, 1000 do -- the log phase comes after the response
      failed = web.get("/failed")
      if failed ~= "" then break end
    end
    web.stop()
    assert.equal(EXPECTED, waited)
    assert.matches("^nil [^\n]*log", failed)
  end)
end)
