--- Faults on the wire: what comes of them is the same over libcurl and over nginx's cosockets.
local bosa = require("bosa")
local nginx = require("spec.support.nginx")
local wire = require("spec.support.wire")
local sandbox = require("spec.support.server")
local certificates = require("spec.support.certificates")
local faults = require("spec.contract.faults")

local server, web, dir
local secure = {} -- what is wrong with the certificate -> a server that shows it
local tls = {} -- the same -> the options of a hub

local in_nginx = [[
  lua_ssl_trusted_certificate %s/trusted.crt;
  init_by_lua_block {
    bosa = require("bosa")
    context = { new = function(options)
      local all = { api_base_url = "%s", api_key = "sk-client-wire", token = "wire" }
      for option, value in pairs(options or {}) do all[option] = value end
      return bosa.new(all)
    end, tls = {} }
    for what, url in ("%s"):gmatch("([^=]+)=(%%S+) ") do context.tls[what] = { api_base_url = url } end
    hub = context.new()
    package.path = "%s/?.lua;" .. package.path
    faults = require("spec.contract.faults")
  }
]]

local locations = [[
  location = /fault { content_by_lua_block {
    local one = faults.list[tonumber(ngx.var.arg_n)]
    ngx.print(bosa.json.encode(faults.run(context, one, ngx.var.arg_key)))
  } }
  location = /meet { content_by_lua_block {
    local one = { case = ngx.var.arg_case, n = tonumber(ngx.var.arg_n), max_attempts = 3 }
    ngx.print(bosa.json.encode(faults.meet(hub, one, ngx.var.arg_key)))
  } }
]]

setup(function()
  server = wire.start()
  dir = os.tmpname()
  os.remove(dir)
  assert(os.execute("mkdir -m 755 " .. dir))
  certificates.make(dir, "self-signed", "127.0.0.1")
  certificates.make(dir, "for another host", "elsewhere.example")
  certificates.make_expired(dir, "expired", "127.0.0.1")
  assert(os.execute(("cat '%s/for another host.crt' %s/expired.crt >%s/trusted.crt"):format(dir, dir, dir)))
  local urls = ""
  for _, what in ipairs({ "self-signed", "for another host", "expired" }) do
    secure[what] = sandbox.start(("--tls '%s/%s.crt' '%s/%s.key'"):format(dir, what, dir, what))
    tls[what] = { api_base_url = secure[what].url, ca_file = dir .. "/trusted.crt" }
    urls = urls .. what .. "=" .. secure[what].url .. " "
  end
  local root = io.popen("pwd"):read("*l")
  web = nginx.try({ http = in_nginx:format(dir, server.url, urls, root), server = locations })
end)
teardown(function()
  web.stop()
  server.stop()
  for _, one in pairs(secure) do one.stop() end
  os.execute("rm -rf " .. dir)
end)

local function new(options)
  local all = { api_base_url = server.url, api_key = "sk-client-wire", token = "wire" }
  for option, value in pairs(options or {}) do all[option] = value end
  return bosa.new(all)
end

--- The transports: run(n, key) has a new hub meet fault n, meet(case, key, n) one hub that stays.
local libcurl = {
  run = function(n, key) return faults.run({ new = new, tls = tls }, faults.list[n], key) end,
  begin = function(self) self.hub = new() end,
  meet = function(self, case, key, n) return faults.meet(self.hub, { case = case, n = n, max_attempts = 3 }, key) end,
  finish = function(self) self.hub:close() end,
}

local function ask(path, ...)
  local body, status = web.get(path:format(...))
  assert.equal(200, status, web.log())
  return assert(bosa.json.decode(body))
end

local cosockets = {
  run = function(n, key) return ask("/fault?n=%d&key=%s", n, key) end,
  begin = function() end,
  meet = function(_, case, key, n) return ask("/meet?case=%s&key=%s&n=%d", case, key, n or 0) end,
  finish = function() end,
}

local function runs(key) return server.stats().runs[key] or 0 end

for name, transport in pairs({ ["libcurl"] = libcurl, ["nginx's cosockets"] = cosockets }) do
  describe("over " .. name .. ",", function()
    for n, one in ipairs(faults.list) do
      it(one.name, function()
        local key = name:sub(1, 3) .. n .. (jit and "jit" or "lua")
        local result = transport.run(n, key)
        local said = result.message or ("status " .. tostring(result.status))
        if result.kind ~= one.or_kind then assert.equal(one.kind, result.kind, said) end
        if one.sent then assert.equal(one.sent, result.sent, said) end
        if one.status then assert.equal(one.status, result.status) end
        if one.runs then assert.equal(one.runs, runs(key)) end
        if one.sent ~= "no" and runs(key) > 0 then assert.not_equal("no", result.sent, said) end
        assert.is_nil(said:find("sk-client-wire", 1, true))
        if one.case == "html" then assert.equal("text/html", result.file) end
      end)
    end

    it("nobody is led to another origin", function() assert.equal(0, server.stats().elsewhere) end)

    local ends = { idle_close = "closed", idle_reset = "reset", idle_408 = "closed with a 408" }
    for case, ended in pairs(ends) do
      it("a connection that was " .. ended .. " while idle is noticed before anything is sent", function()
        transport:begin()
        for i = 1, 5 do
          local key, closed = name:sub(1, 3) .. case .. i, server.stats().closed
          assert.equal(200, transport:meet(case, key).status)
          repeat until server.stats().closed > closed
          local result = transport:meet("ok", key)
          assert.equal(200, result.status, result.message)
          assert.equal(1, result.attempts)
          assert.equal(2, runs(key))
        end
        transport:finish()
      end)
    end

    for _, how in ipairs({ "close", "reset" }) do
      it("a " .. how .. " at every byte of a reply: an error, and one execution", function()
        transport:begin()
        local length = server.stats().reply
        for n = 0, length - 1 do
          local key = name:sub(1, 3) .. how .. n
          assert.equal(200, transport:meet("ok", "").status)
          local result = transport:meet("cut_reply:" .. how, key, n)
          local said = "byte " .. n .. ": " .. tostring(result.message)
          assert.is_true(result.kind == "connection" or result.kind == "protocol", said)
          assert.is_true(result.sent == "maybe" or result.sent == "yes", said)
          assert.equal(1, runs(key), said)
        end
        assert.equal(200, transport:meet("cut_reply:close", "", length).status)
        transport:finish()
      end)

      it("a " .. how .. " at every byte of a request: an error, never sent twice", function()
        transport:begin()
        -- the first call may meet a kept connection that the server has just closed
        local warm = transport:meet("ok", "").status or transport:meet("ok", "").status
        assert.equal(200, warm)
        local n, result = 0
        repeat
          n = n + 1
          server.cut(n, how)
          result = transport:meet("ok", name:sub(1, 3) .. "request" .. how)
          if not result.status then
            assert.equal("connection", result.kind, result.message)
            assert.equal("maybe", result.sent, result.message)
            assert.equal(1, result.attempts)
          end
        until result.status
        assert.is_true(n > 250, "the request has more bytes than " .. n)
        assert.equal(1, runs(name:sub(1, 3) .. "request" .. how))
        server.cut(nil, how)
        transport:finish()
      end)
    end
  end)
end

describe("doc/faults.md", function()
  it("is the table of these faults", function()
    local f = assert(io.open("doc/faults.md"))
    local text = f:read("*a")
    f:close()
    assert.equal(require("spec.contract.faults_table")(), text)
  end)
end)
