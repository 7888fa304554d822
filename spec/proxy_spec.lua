--- Proxies: always a tunnel; credentials for the proxy alone, and in no text; which of them counts for which server.
local bosa = require("bosa")
local certificates = require("spec.support.certificates")
local nginx = require("spec.support.nginx")
local relay = require("spec.support.relay")
local server = require("spec.support.server")

local NAME = "bosa.example" -- only a proxy of these specs knows it
local SECRET = "p@ss:w%rd"
local ENCODED = "p%40ss%3Aw%25rd"

local dir, clear, secure, open_proxy, closed_proxy, web

local function port_of(url) return url:match(":(%d+)$") end
local function named(sandbox) return sandbox.url:match("^(%a+://)") .. NAME .. ":" .. port_of(sandbox.url) end
local function proxy_url(proxy, user) return "http://" .. (user and user .. "@" or "") .. "127.0.0.1:" .. proxy.port end

local in_nginx = [[
  lua_ssl_trusted_certificate %s/name.crt;
  init_by_lua_block { bosa = require("bosa") }
]]

local location = [[ location = /run { content_by_lua_block {
  local arg = ngx.req.get_uri_args()
  local hub = bosa.new({ api_base_url = arg.url, proxy = arg.proxy, api_key = arg.key, token = arg.token,
    allow_http = true })
  local results = {}
  for i = 1, 2 do
    local r, err = hub:run("lab", "small")
    results[i] = r and { status = r.status }
      or { kind = err.kind, sent = err.sent, message = tostring(err), cause = err.cause }
  end
  ngx.print(bosa.json.encode(results))
} }
location = /refused { content_by_lua_block {
  local ok, err = pcall(bosa.new, { proxy = ngx.var.arg_scheme .. "://user:topsecret@127.0.0.1:1" })
  ngx.print(tostring(ok), " ", tostring(err))
} } ]]

setup(function()
  dir = os.tmpname()
  os.remove(dir)
  assert(os.execute("mkdir -m 755 " .. dir))
  certificates.make(dir, "name", NAME)
  clear = server.start()
  secure = server.start(("--tls %s/name.crt %s/name.key"):format(dir, dir))
  open_proxy = relay.proxy()
  closed_proxy = relay.proxy("user:" .. SECRET)
  web = nginx.start({ http = in_nginx:format(dir), server = location })
end)
teardown(function()
  web.stop()
  for _, one in ipairs({ open_proxy, closed_proxy, clear, secure }) do one.stop() end
  os.execute("rm -rf " .. dir)
end)

--- Two calls in a row by one hub, over each transport: a list of {status} or {kind, sent, message, cause}.
local function over_libcurl(url, proxy, sandbox)
  local hub = bosa.new({ api_base_url = url, proxy = proxy, api_key = sandbox.key, token = sandbox.token,
    allow_http = true, ca_file = dir .. "/name.crt" })
  local results = {}
  for i = 1, 2 do
    local r, err = hub:run("lab", "small")
    results[i] = r and { status = r.status }
      or { kind = err.kind, sent = err.sent, message = tostring(err), cause = err.cause }
  end
  hub:close()
  return results
end

local function escape(text) return (text:gsub("[^%w]", function(c) return ("%%%02X"):format(c:byte()) end)) end

local function over_cosockets(url, proxy, sandbox)
  local body, status = web.get(("/run?url=%s&proxy=%s&key=%s&token=%s"):format(escape(url), escape(proxy),
    escape(sandbox.key), escape(sandbox.token)))
  assert.equal(200, status, web.log())
  return assert(bosa.json.decode(body))
end

for name, run in pairs({ ["libcurl"] = over_libcurl, ["nginx's cosockets"] = over_cosockets }) do
  describe("a proxy, over " .. name .. ",", function()
    for _, scheme in ipairs({ "http", "https" }) do
      it("is asked for a tunnel to an " .. scheme .. " server, which serves many calls", function()
        local sandbox = scheme == "http" and clear or secure
        local before = #open_proxy.stats().tunnels
        local results = run(named(sandbox), proxy_url(open_proxy), sandbox)
        assert.same({ { status = 200 }, { status = 200 } }, results)
        local tunnels = open_proxy.stats().tunnels
        assert.equal(before + 1, #tunnels)
        assert.equal(NAME, tunnels[#tunnels])
      end)
    end

    it("gets the credentials of its URL", function()
      local results = run(named(clear), proxy_url(closed_proxy, "user:" .. ENCODED), clear)
      assert.same({ { status = 200 }, { status = 200 } }, results)
    end)

    for what, user in pairs({ ["no credentials"] = false, ["wrong ones"] = "user:topsecret" }) do
      it("that refuses " .. what .. " is told of, and nothing was sent", function()
        local before, requests = closed_proxy.stats(), clear.stats().executions.small
        for _, result in ipairs(run(named(clear), proxy_url(closed_proxy, user), clear)) do
          assert.equal("connection", result.kind)
          assert.equal("no", result.sent)
          assert.matches("the proxy refused: status 407", result.message, 1, true)
          assert.is_nil((result.message .. tostring(result.cause)):find("topsecret", 1, true))
        end
        assert.equal(before.refused + 2, closed_proxy.stats().refused)
        assert.equal(#before.tunnels, #closed_proxy.stats().tunnels)
        assert.equal(requests, clear.stats().executions.small)
      end)
    end

    it("that nobody can reach is told of without its password", function()
      for _, result in ipairs(run(named(clear), "http://user:topsecret@127.0.0.1:1", clear)) do
        assert.equal("connection", result.kind)
        assert.equal("no", result.sent)
        assert.matches("refused, through the proxy http://127.0.0.1:1", result.message, 1, true)
        assert.is_nil((result.message .. tostring(result.cause)):find("topsecret", 1, true))
      end
    end)
  end)
end

describe("a proxy URL", function()
  local function refused(url)
    local ok, err = pcall(bosa.new, { api_base_url = clear.url, proxy = url })
    assert.is_false(ok, url)
    err = tostring(err)
    assert.matches("proxy", err)
    assert.is_nil(err:find("topsecret", 1, true), err)
  end

  it("that is none is refused at once, in words without its password", function()
    for _, url in ipairs({ "ftp://user:topsecret@h:1", "http://user:topsecret@", "http://user:topsecret@h:0",
      "http://user:topsecret@h:99999", "http://user:topsecret@h:12x", "http://user:topsecret@[::1",
      "http://user:topsecret%0d@h:1", "http://user:topsecret%zz@h:1", "http://us er:topsecret@h h:1",
      "user:topsecret@h/path" }) do
      refused(url)
    end
  end)

  it("that nginx's sockets can't go through is refused there at once", function()
    for _, scheme in ipairs({ "https", "socks4", "socks5", "SOCKS5h" }) do
      local text = web.get("/refused?scheme=" .. scheme)
      assert.matches("^false .*proxy.*" .. scheme:lower() .. "://", text)
      assert.is_nil(text:find("topsecret", 1, true))
    end
    assert.matches("^true", (web.get("/refused?scheme=HTTP")))
  end)

  it("is read whatever the case of its scheme", function()
    local results = over_libcurl(named(clear), "HTTP://127.0.0.1:" .. open_proxy.port, clear)
    assert.same({ { status = 200 }, { status = 200 } }, results)
  end)
end)

describe("the environment's proxy", function()
  --- What a program says that runs with these variables and calls a server once.
  local function run(variables, url, proxy)
    local script = ([[local hub = require("bosa").new({ api_base_url = "%s", api_key = "%s", token = "%s",
      proxy = %s, allow_http = true, ca_file = "%s/name.crt" })
      local r, err = hub:run("lab", "small")
      print(r and r.status or err.kind .. " " .. err.sent .. " " .. tostring(err))]]):format(url, clear.key,
      clear.token, proxy and ("%q"):format(proxy) or "nil", dir)
    local clean = "env -u http_proxy -u https_proxy -u HTTPS_PROXY -u all_proxy -u ALL_PROXY -u no_proxy -u NO_PROXY "
    local process = io.popen(("%s %s %s -e '%s' 2>&1"):format(clean, variables, os.getenv("BOSA_LUA"), script))
    local text = process:read("*a")
    process:close()
    return (text:gsub("\n$", ""))
  end

  local function tunnels() return #open_proxy.stats().tunnels end

  it("is used for a server elsewhere", function()
    local before = tunnels()
    for _, variable in ipairs({ "http_proxy", "all_proxy", "ALL_PROXY" }) do
      assert.equal("200", run(variable .. "=" .. proxy_url(open_proxy), named(clear)))
    end
    assert.equal(before + 3, tunnels())
  end)

  it("is one for each scheme", function()
    local before = tunnels()
    for _, variable in ipairs({ "https_proxy", "HTTPS_PROXY" }) do
      local text = run(variable .. "=" .. proxy_url(open_proxy) .. " http_proxy=http://127.0.0.1:1", named(secure))
      assert.is_nil(text:find("^connection"), text)
    end
    assert.equal(before + 2, tunnels())
  end)

  it("is not used for this machine, unless the hub names it itself", function()
    local before = tunnels()
    assert.equal("200", run("http_proxy=" .. proxy_url(open_proxy), clear.url))
    assert.equal(before, tunnels())
    assert.equal("200", run("", clear.url, proxy_url(open_proxy)))
    assert.equal(before + 1, tunnels())
  end)

  it("is not used where the hub says \"\", nor for what NO_PROXY names", function()
    local before = tunnels()
    local variables = "http_proxy=" .. proxy_url(open_proxy)
    for _, text in ipairs({ run(variables, named(clear), ""), run(variables .. " NO_PROXY=.example", named(clear)),
      run(variables .. " no_proxy=other," .. NAME, named(clear)), run(variables .. " no_proxy='*'", named(clear)) }) do
      assert.matches("^connection no ", text)
      assert.is_nil(text:find("through the proxy", 1, true))
    end
    assert.equal("200", run(variables .. " NO_PROXY=elsewhere.test", named(clear)))
    assert.equal(before + 1, tunnels())
  end)

  it("is not taken from HTTP_PROXY, which a CGI's client could set", function()
    local before = tunnels()
    assert.matches("^connection no ", run("HTTP_PROXY=" .. proxy_url(open_proxy), named(clear)))
    assert.equal(before, tunnels())
  end)

  it("that is no URL is told of by the variable's name, without its password", function()
    local text = run("http_proxy=ftp://user:topsecret@h", named(clear))
    assert.matches("^connection no ", text)
    assert.matches("http_proxy", text)
    assert.is_nil(text:find("topsecret", 1, true))
  end)
end)
