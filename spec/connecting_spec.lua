--- The time that connecting takes, in every state: bounded on both transports, and given back when nobody waits.
local bosa = require("bosa")
local nginx = require("spec.support.nginx")
local process = require("spec.support.process")
local relay = require("spec.support.relay")
local server = require("spec.support.server")
local socket = require("socket")

local silent, deaf, web -- a TCP server that takes connections and says nothing; a name server that never answers

local in_nginx = [[
  resolver 127.0.0.1:%d ipv6=off;
  resolver_timeout 30s;
  init_by_lua_block { bosa = require("bosa") }
]]

local locations = [[
  location = /run { content_by_lua_block {
    local arg = ngx.req.get_uri_args()
    local hub = bosa.new({ api_base_url = arg.url, proxy = arg.proxy, api_key = "k", token = "t", allow_http = true,
      timeout = tonumber(arg.timeout), connect_timeout = tonumber(arg.connect_timeout), verify = false })
    local _, err = hub:get_user_info("t")
    ngx.print(bosa.json.encode({ kind = err.kind, sent = err.sent, message = tostring(err) }))
  } }
  location = /cancelled {
    content_by_lua_block {
      local hub = bosa.new({ api_base_url = "http://nowhere.example", api_key = "k", token = "t", allow_http = true,
        connect_timeout = 20 })
      local task = bosa.async(function() return hub:get_user_info("t") end)
      has_begun = true
      ngx.sleep(0)
      task:cancel()
      ngx.print(tostring(select(2, task:wait())))
    }
    log_by_lua_block { has_ended = true }
  }
  location = /begun { content_by_lua_block { ngx.print(tostring(has_begun)) } }
  location = /patient { content_by_lua_block {
    local hub = bosa.new({ api_base_url = "http://nowhere.example", api_key = "k", token = "t", allow_http = true,
      connect_timeout = 3 })
    local _, err = hub:get_user_info("t")
    ngx.print(err.kind, " ", tostring(has_ended))
  } }
]]

setup(function()
  silent = assert(socket.bind("127.0.0.1", 0))
  deaf = socket.udp()
  assert(deaf:setsockname("127.0.0.1", 0))
  web = nginx.start({ http = in_nginx:format(select(2, deaf:getsockname())), server = locations })
end)
teardown(function()
  web.stop()
  silent:close()
  deaf:close()
end)

local function over_libcurl(options)
  local hub = bosa.new({ api_base_url = options.url, proxy = options.proxy, api_key = "k", token = "t",
    allow_http = true, timeout = options.timeout, connect_timeout = options.connect_timeout })
  local _, err = hub:get_user_info("t")
  hub:close()
  return { kind = err.kind, sent = err.sent, message = tostring(err) }
end

local function over_cosockets(options)
  local list = {}
  for name, value in pairs(options) do list[#list + 1] = name .. "=" .. tostring(value):gsub("[:/]", { [":"] = "%3A",
    ["/"] = "%2F" }) end
  local body, status = web.get("/run?" .. table.concat(list, "&"))
  assert.equal(200, status, web.log())
  return assert(bosa.json.decode(body))
end

for name, run in pairs({ ["libcurl"] = over_libcurl, ["nginx's cosockets"] = over_cosockets }) do
  describe("over " .. name .. ",", function()
    local function place() return "127.0.0.1:" .. select(2, silent:getsockname()) end

    local cases = {
      ["a TLS handshake"] = function() return { url = "https://" .. place() } end,
      ["a proxy"] = function() return { url = "http://bosa.example", proxy = "http://" .. place() } end,
      ["a proxy on the way to TLS"] = function()
        return { url = "https://bosa.example", proxy = "http://" .. place() }
      end,
    }
    for what, options_of in pairs(cases) do
      for _, bound in ipairs({ "timeout", "connect_timeout" }) do
        it(what .. " that is not answered ends with `" .. bound .. "`", function()
          local options = options_of()
          options[bound] = 0.2
          local result = run(options)
          assert.equal("timeout", result.kind, result.message)
          assert.equal("no", result.sent)
          assert.matches("^no connection to .* within 0.2 s$", result.message)
        end)
      end
    end
  end)
end

describe("a name that nobody looks up", function()
  it("ends with connect_timeout in nginx", function()
    local result = over_cosockets({ url = "http://nowhere.example", connect_timeout = 0.2 })
    assert.equal("timeout", result.kind)
    assert.equal("no", result.sent)
  end)

  it("does not hold a request in nginx whose task was cancelled", function()
    local cancelled = io.popen(("env -u LD_PRELOAD curl -s '%s/cancelled'"):format(web.url))
    repeat until web.get("/begun") == "true"
    assert.equal("timeout true", web.get("/patient"))
    assert.equal("the task was cancelled", cancelled:read("*a"))
    cancelled:close()
  end)
end)

describe("a connection to a name that is kept in nginx", function()
  local in_names = [[
    resolver 127.0.0.1:%d ipv6=off;
    init_by_lua_block { bosa = require("bosa") }
  ]]
  local by_name = [[
    location = /cancelled { content_by_lua_block {
      local hub = bosa.new({ api_base_url = "http://bosa.example:%s", api_key = "%s", token = "%s", allow_http = true })
      local lab = hub:connect("lab")
      assert(lab:small({}))
      local call = assert(lab:action("small"):params({ key = "cancelled by another" }):start())
      ngx.thread.wait(ngx.thread.spawn(function() call:cancel() end)) -- only a thread's parent can kill it
      local _, err = call:wait(10)
      assert(lab:small({})) -- whatever was on its way has come
      local runs = assert(lab:count({ key = "cancelled by another" })).data.count
      ngx.print(bosa.json.encode({ kind = err.kind, runs = runs }))
    } }
  ]]

  it("takes no call that was cancelled before it was there", function()
    local sandbox = server.start()
    local line, stop = process.start("name_server.lua")
    local names = nginx.start({ http = in_names:format(line:match("%d+")),
      server = by_name:format(sandbox.url:match("%d+$"), sandbox.key, sandbox.token) })
    local body = names.get("/cancelled")
    local log = names.log()
    names.stop()
    stop()
    sandbox.stop()
    assert.same({ kind = "cancelled", runs = 0 }, bosa.json.decode(body), log)
  end)
end)

describe("a request over a new connection in nginx", function()
  -- a clock that stands makes connecting take no time at all
  local in_no_time = [[
    init_by_lua_block {
      local core = require("bosa.core")
      local now = core.now()
      core.now = function() return now end
      bosa = require("bosa")
    }
  ]]
  local slow = [[
    location = /slow { content_by_lua_block {
      local hub = bosa.new({ api_base_url = "%s", proxy = "http://127.0.0.1:%d", api_key = "%s", token = "%s",
        connect_timeout = 1, timeout = 60 })
      local lab = hub:connect("lab")
      assert(lab:small({}))
      local calls = {} -- one of them has the connection that is there
      for i = 1, 2 do calls[i] = assert(lab:action("slow"):params({ delay_ms = 1500 }):max_attempts(1):start()) end
      local results = bosa.all(calls)
      ngx.print(#results)
    } }
  ]]

  it("has the time of the attempt, not that of connecting, once a proxy has connected", function()
    local sandbox, proxy = server.start(), relay.proxy()
    local waiting = nginx.start({ http = in_no_time,
      server = slow:format(sandbox.url, proxy.port, sandbox.key, sandbox.token) })
    local body = waiting.get("/slow")
    local log = waiting.log()
    waiting.stop()
    proxy.stop()
    sandbox.stop()
    assert.equal("2", body, log)
  end)
end)
