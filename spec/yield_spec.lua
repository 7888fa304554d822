--- Calls within functions that C code calls, which can't yield: they block, or, in nginx, fail before anything is sent.
local bosa = require("bosa")
local nginx = require("spec.support.nginx")
local wire = require("spec.support.wire")

local server, web

setup(function()
  server = wire.start()
  web = nginx.start({
    http = ([[ init_by_lua_block {
      bosa = require("bosa")
      hub = bosa.new({ api_base_url = "%s", api_key = "sk-client-wire", token = "wire" })
    } ]]):format(server.url),
    server = [[ location = /gsub { content_by_lua_block {
      local wire = assert(hub:get_connector("wire"))
      local err
      ("x"):gsub("x", function() err = select(2, wire:act({ case = "ok", key = "nginx" })) end)
      local started, why
      ("x"):gsub("x", function() started, why = wire:action("act"):params({ case = "ok", key = "nginx" }):start() end)
      ngx.print(err.kind, " ", err.sent, " ", tostring(started), " ", why.sent, " ", err.message)
    } }
    location = /tasks { content_by_lua_block {
      local seen = {}
      local function note(...)
        for i = 1, select("#", ...) do seen[#seen + 1] = tostring((select(i, ...))) end
      end
      local function within(fn) return (("x"):gsub("x", function() fn() end)) end
      local ran = false
      within(function()
        local _, err = bosa.async(function() ran = true end):wait(1)
        note(err.kind, err.sent, ran)
      end)
      local wire = assert(hub:get_connector("wire"))
      local call = assert(wire:action("act"):params({ case = "ok", key = "waited" }):start())
      local ended = bosa.async(function() return "ended" end)
      within(function()
        local result, err = call:wait()
        note(result, err.kind, err.sent)
        local results, errors = bosa.all({ call, ended })
        note(results[1], errors[1].sent, results[2], errors[2])
      end)
      note(assert(call:wait(10)).status)
      hub:before(function() end)
      within(function()
        local _, err = wire:action("act"):params({ case = "ok", key = "hooked" }):start():wait()
        note(err.kind, err.sent)
      end)
      local said
      local mcp = require("bosa.mcp").new({ hub = hub, connectors = { "wire" }, send = function(line) said = line end })
      within(function() mcp:receive('{"jsonrpc":"2.0","id":7,"method":"ping"}') end)
      note(said)
      ngx.print(table.concat(seen, " "))
    } } ]],
  })
end)
teardown(function()
  web.stop()
  server.stop()
end)

local ways = {
  gsub = function(call) return (("x"):gsub("x", call)) end,
  sort = function(call)
    local result
    table.sort({ 2, 1 }, function(a, b)
      result = result or call()
      return a < b
    end)
    return result
  end,
  tostring = function(call) return tostring(setmetatable({}, { __tostring = call })) end,
  require = function(call)
    package.preload["spec.made up"] = call
    package.loaded["spec.made up"] = nil
    return require("spec.made up")
  end,
}

for name, way in pairs(ways) do
  it("a task whose call is made within " .. name .. " waits without yielding", function()
    local hub = bosa.new({ api_base_url = server.url, api_key = "sk-client-wire", token = "wire" })
    local key = name .. (jit and "jit" or "lua")
    local beside = bosa.async(function()
      return assert(hub:run("wire", "act", { case = "ok", key = key .. "beside" }))
    end)
    local task = bosa.async(function()
      return way(function() return tostring(assert(hub:run("wire", "act", { case = "ok", key = key })).status) end)
    end)
    assert.equal("200", (task:wait(10)))
    assert.equal(200, beside:wait(10).status)
    assert.equal(1, server.stats().runs[key])
    hub:close()
  end)
end

it("in nginx such a call fails, and says so, before anything is sent", function()
  local body, status = web.get("/gsub")
  assert.equal(200, status, web.log())
  assert.equal("connection no nil no nginx can't wait", body:match("^.-wait"))
  assert.is_nil(server.stats().runs.nginx)
end)

it("in nginx a task doesn't begin there, and a call that is waited for there goes on", function()
  local body, status = web.get("/tasks")
  assert.equal(200, status, web.log())
  local seen, said = body:match("^(.-) ({.*)$")
  assert.equal("connection no false nil connection maybe nil maybe ended nil 200 connection no", seen)
  local answer = assert(bosa.json.decode(said))
  assert.same({ 7, -32603 }, { answer.id, answer.error.code })
  assert.truthy(answer.error.message:find("nginx can't wait", 1, true))
  local runs = server.stats().runs
  assert.same({ 1, nil }, { runs.waited, runs.hooked })
end)
