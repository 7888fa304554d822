--- How often an action runs, counted at the server, when connections die: never more than once for a call, whatever the
-- moment and the manner, and not at all where the error says so.
local bosa = require("bosa")
local certificates = require("spec.support.certificates")
local nginx = require("spec.support.nginx")
local relay = require("spec.support.relay")
local server = require("spec.support.server")
local wire = require("spec.support.wire")

local ROUNDS = 3
local BUSY = 6 -- calls under way at once

local dir, wires, web
local sandboxes, relays = {}, {} -- by scheme

--- Does what nginx's workers and this process do alike: one call, or many at once.
local shared = [[
  local bosa = require("bosa")
  local function outcome(r, err)
    return r and { status = r.status, attempts = r.attempts }
      or { kind = err.kind, sent = err.sent, attempts = err.attempts, message = tostring(err), status = err.status }
  end
  local function action(hub, name, what, key)
    local params = { key = key }
    if what == "upload" then params.file = bosa.file({ filename = "big", file = ("x"):rep(400000) }) end
    if what == "stall" then
      params.key, params.file = nil, bosa.file({ filename = "big", file = ("x"):rep(20000000) })
      return hub:connect(name):action(what):params(params):timeout(2)
    end
    if what == "slow" then params.delay_ms = 20000 end
    if what == "fault" then params.status, params.connection = 500, "close_after_answer" end
    if name == "wire" then params.case, what = what, "act" end
    local attempts = name == "lab" and what ~= "fault" and 3 or 1
    return hub:connect(name):action(what):params(params):max_attempts(attempts):timeout(20)
  end
  return {
    one = function(hub, name, what, key) return outcome(action(hub, name, what, key):run()) end,
    many = function(hub, name, what, keys, meanwhile)
      local calls, results = {}, {}
      for i, key in ipairs(keys) do calls[i] = assert(action(hub, name, what, key):start()) end
      repeat
        calls[1]:wait(0.001)
      until not meanwhile or meanwhile()
      for i, call in ipairs(calls) do results[i] = outcome(call:wait()) end
      return results
    end,
    taken = function(hub, name, what)
      local bytes = 0
      local r, err = action(hub, name, what):output(function(chunk) bytes = bytes + #chunk end):run()
      return { status = r and r.status, bytes = bytes, message = err and tostring(err) }
    end,
  }
]]

local locations = [[ location = /do { content_by_lua_block {
  local arg = ngx.req.get_uri_args()
  local keys = arg.keys and bosa.json.decode(arg.keys)
  ngx.print(bosa.json.encode(shared[arg.how](hub_of(arg.url), arg.name, arg.what, keys or arg.key)))
} } ]]

local in_nginx = [[
  init_by_lua_block {
    bosa = require("bosa")
    shared = loadstring(%q)()
    local hubs = {}
    function hub_of(url)
      hubs[url] = hubs[url] or bosa.new({ api_base_url = url, api_key = "%s", token = "%s", verify = false })
      return hubs[url]
    end
  }
]]

setup(function()
  dir = os.tmpname()
  os.remove(dir)
  assert(os.execute("mkdir -m 755 " .. dir))
  certificates.make(dir, "good", "127.0.0.1")
  sandboxes.http = server.start()
  sandboxes.https = server.start(("--tls %s/good.crt %s/good.key"):format(dir, dir))
  for scheme, sandbox in pairs(sandboxes) do relays[scheme] = relay.start(sandbox.url) end
  wires = wire.start()
  local http = in_nginx:format(shared, sandboxes.http.key, sandboxes.http.token)
  web = nginx.start({ http = http, server = locations })
end)
teardown(function()
  web.stop()
  wires.stop()
  for _, one in pairs(relays) do one.stop() end
  for _, one in pairs(sandboxes) do one.stop() end
  os.execute("rm -rf " .. dir)
end)

local work = assert((rawget(_G, "loadstring") or load)(shared))()
local hubs = {}

local function hub_of(url)
  hubs[url] = hubs[url] or bosa.new({ api_base_url = url, api_key = sandboxes.http.key, token = sandboxes.http.token,
    ca_file = dir .. "/good.crt" })
  return hubs[url]
end

local function escape(text) return (text:gsub("[^%w]", function(c) return ("%%%02X"):format(c:byte()) end)) end

--- The transports: each does jobs of `work`. `many` has the spec do something while its calls are under way, until
-- `meanwhile()` is true.
local libcurl = {}

function libcurl.one(url, name, what, key) return work.one(hub_of(url), name, what, key) end
function libcurl.taken(url, name, what) return work.taken(hub_of(url), name, what) end

function libcurl.many(url, name, what, keys, meanwhile) return work.many(hub_of(url), name, what, keys, meanwhile) end

local cosockets = {}

local function path_of(how, url, name, what, more)
  return ("/do?how=%s&url=%s&name=%s&what=%s%s"):format(how, escape(url), name, what, more or "")
end

local function ask(...)
  local body, status = web.get(path_of(...))
  assert.equal(200, status, web.log())
  return assert(bosa.json.decode(body))
end

function cosockets.one(url, name, what, key) return ask("one", url, name, what, "&key=" .. escape(key or "")) end
function cosockets.taken(url, name, what) return ask("taken", url, name, what) end

function cosockets.many(url, name, what, keys, meanwhile)
  local path = path_of("many", url, name, what, "&keys=" .. escape(bosa.json.encode(bosa.array(keys))))
  local curl = io.popen(("env -u LD_PRELOAD curl -s '%s%s'"):format(web.url, path))
  repeat until meanwhile()
  local text = curl:read("*a")
  curl:close()
  return assert(bosa.json.decode(text))
end

local function assert_answered(result)
  assert.equal(200, result.status, result.message)
  assert.equal(1, result.attempts)
end

local function assert_lost(result)
  assert.equal("connection", result.kind, result.message)
  assert.not_equal("no", result.sent, result.message)
  assert.equal(1, result.attempts)
end

local moments = {
  { name = "before the request", order = "up 1", what = "small", runs = 0 },
  { name = "within the request", order = "up 200000", what = "upload", runs = 0 },
  { name = "before the response", order = "down 1", what = "small", runs = 1 },
  { name = "within the response", order = "down 60", what = "small", runs = 1 },
}

for name, transport in pairs({ ["libcurl"] = libcurl, ["cosockets"] = cosockets }) do
  for _, scheme in ipairs({ "http", "https" }) do
    describe(scheme .. " over " .. name .. ",", function()
      local sandbox, between
      before_each(function() sandbox, between = sandboxes[scheme], relays[scheme] end)

      local number = 0
      local function new_key()
        number = number + 1
        return table.concat({ name, scheme, jit and "jit" or "lua", number }, "-")
      end

      local function runs(key) return assert(transport.one(sandbox.url, "lab", "small", key .. "-unused")) and
        assert(hub_of(sandbox.url):run("lab", "count", { key = key })).data.count end

      --- Leaves a connection that is kept.
      local function warm() assert_answered(transport.one(between.url, "lab", "small", new_key())) end

      for _, how in ipairs({ "close", "reset" }) do
        it("a " .. how .. " while idle costs nothing", function()
          for _ = 1, ROUNDS do
            warm()
            between.command("kill", how)
            local key = new_key()
            assert_answered(transport.one(between.url, "lab", "small", key))
            assert.equal(1, runs(key))
          end
        end)

        for _, moment in ipairs(moments) do
          it("a " .. how .. " " .. moment.name .. " is an error, and nothing runs twice", function()
            for _ = 1, ROUNDS do
              warm()
              between.command(moment.order, how)
              local key = new_key()
              assert_lost(transport.one(between.url, "lab", moment.what, key))
              assert.is_false(between.stats().pending)
              assert.equal(moment.runs, runs(key))
            end
          end)
        end

        it("a " .. how .. " of busy connections is an error for each call, and nothing runs twice", function()
          local keys, before = {}, sandbox.stats().executions.slow or 0
          for i = 1, BUSY do keys[i] = new_key() end
          local killed
          local results = transport.many(between.url, "lab", "slow", keys, function()
            if not killed and (sandbox.stats().executions.slow or 0) == before + BUSY then
              between.command("kill", how)
              killed = true
            end
            return killed
          end)
          for i, key in ipairs(keys) do
            assert_lost(results[i])
            assert.equal("maybe", results[i].sent)
            assert.equal(1, runs(key))
          end
        end)
      end

      it("a server that closes after a 500 costs the next call nothing", function()
        for _ = 1, 3 * ROUNDS do
          assert.equal(500, transport.one(between.url, "lab", "fault", new_key()).status)
          assert_answered(transport.one(between.url, "lab", "small", new_key()))
        end
      end)

      it("a server that is restarted between calls costs none of them anything", function()
        local arguments = scheme == "https" and ("--tls %s/good.crt %s/good.key"):format(dir, dir) or ""
        for _ = 1, ROUNDS do
          local next_one = server.start(arguments)
          warm()
          between.command("target", next_one.url:match(":(%d+)$"))
          between.command("kill", "close")
          sandbox.stop()
          sandboxes[scheme], sandbox = next_one, next_one
          local key = new_key()
          assert_answered(transport.one(between.url, "lab", "small", key))
          assert.equal(1, runs(key))
        end
      end)
    end)
  end

  describe("over " .. name .. ",", function()
    it("20 calls, each after a 500 whose server closes 5 ms later, get 20 responses", function()
      for i = 1, 20 do
        assert.equal(500, transport.one(wires.url, "wire", "oops").status)
        local key = name .. "oops" .. i .. (jit and "jit" or "lua")
        assert_answered(transport.one(wires.url, "wire", "ok", key))
        assert.equal(1, wires.stats().runs[key])
      end
    end)

    it("a server that says no to a request, and reads no more of it, is heard", function()
      local result = transport.one(wires.url, "wire", "stall")
      assert.equal(413, result.status, result.message)
      assert.equal("yes", result.sent)
    end)

    it("a compressed file of which nothing more comes is given out to its end", function()
      local result = transport.taken(wires.url, "wire", "full_queue")
      assert.equal(200, result.status, result.message)
      assert.equal(262144 + 100, result.bytes)
    end)
  end)
end
