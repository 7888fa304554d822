--- TLS: verified unless told otherwise; the certificates are made here.
local bosa = require("bosa")
local server = require("spec.support.server")
local directory = require("spec.support.directory")
local has_luv = pcall(require, "luv")
local certificates = require("spec.support.certificates")
local nginx = require("spec.support.nginx")

local dir, sandbox

setup(function()
  dir = directory()
  certificates.make(dir, "good", "127.0.0.1")
  certificates.make(dir, "other", "elsewhere.example")
  sandbox = server.start(("--tls %s/good.crt %s/good.key"):format(dir, dir))
end)
teardown(function()
  sandbox.stop()
  os.execute("rm -rf " .. dir)
end)

local function new(options)
  options.api_base_url = options.api_base_url or sandbox.url
  options.api_key, options.token = sandbox.key, sandbox.token
  return bosa.new(options)
end

describe("over https", function()
  it("a certificate that is trusted is", function()
    local hub = new({ ca_file = dir .. "/good.crt" })
    assert.equal(200, assert(hub:run("lab", "small")).status)
    hub:close()
  end)

  it("verify = false is said: to each hub's on_event, and once on stderr", function()
    local events = {}
    for _ = 1, 2 do
      new({ verify = false, on_event = function(event) events[#events + 1] = event end })
    end
    assert.equal(2, #events)
    assert.same({ "warning", "tls" }, { events[1].type, events[1].kind })
    assert.matches("verify = false", events[1].message, 1, true)
    local lua = os.getenv("BOSA_LUA")
    local script = [[for _ = 1, 3 do require("bosa").new({ verify = false, api_key = "sk-client-unseen" }) end]]
    local process = io.popen(("%s -e '%s' 2>&1"):format(lua, script))
    local text = process:read("*a")
    process:close()
    assert.matches("^bosa: TLS certificates are not checked %(verify = false%)[^\n]*\n$", text)
    assert.is_nil(text:find("unseen", 1, true))
  end)

  it("a session is resumed by the next connection", function()
    local socket = require("socket")
    local listener = socket.bind("127.0.0.1", 0)
    local port = select(2, listener:getsockname())
    listener:close()
    local web = nginx.start({ http = ([[ server {
      listen 127.0.0.1:%s ssl;
      ssl_certificate %s/good.crt;
      ssl_certificate_key %s/good.key;
      ssl_session_cache shared:tls:1m;
      keepalive_timeout 0;
      location / {
        default_type application/json;
        return 200 '{"id":"i","client_id":"c","identifier":"$ssl_session_reused","integrations":[]}';
      }
    } ]]):format(port, dir, dir) })
    local hub = new({ api_base_url = "https://127.0.0.1:" .. port, ca_file = dir .. "/good.crt" })
    local reused = {}
    for i = 1, 3 do reused[i] = assert(hub:get_user_info("t")).identifier end
    hub:close()
    web.stop()
    assert.same({ ".", "r", "r" }, reused)
  end)

  it("nothing is verified with verify = false", function()
    local hub = new({ verify = false })
    assert.equal(200, assert(hub:run("lab", "small")).status)
    hub:close()
  end)

  it("a CA file takes the place of the system's certificates", function()
    if not io.popen("command -v strace"):read("*l") or os.getenv("LD_PRELOAD") then
      pending("needs strace")
      return
    end
    local script = ([[local hub = require("bosa").new({ api_base_url = "%s", ca_file = "%s", api_key = "x" })
      local response, err = hub:run("lab", "small")
      print(response, err.kind)]]):format(sandbox.url, dir .. "/other.crt")
    local path = dir .. "/other.lua"
    local f = assert(io.open(path, "w"))
    f:write(script)
    f:close()
    local process = io.popen(("strace -f -e trace=file %s %s 2>&1"):format(os.getenv("BOSA_LUA"), path))
    local text = process:read("*a")
    process:close()
    assert.matches("nil\ttls\n", text)
    assert.matches(dir .. "/other.crt", text, 1, true)
    assert.is_nil(text:match("[^\n]*/certs/[^\n]*"))
  end)

  --- Runs a script, or the command's words, with these variables; what it printed.
  local function with_env(env, words)
    local line = ("env -u SSL_CERT_FILE -u SSL_CERT_DIR %s %s %s 2>&1"):format(env, os.getenv("BOSA_LUA"), words)
    local process = io.popen(line)
    local text = process:read("*a")
    process:close()
    return text
  end

  it("certificates come from the environment where no option names them", function()
    local path, good, other = dir .. "/env.lua", dir .. "/good.crt", dir .. "/other.crt"
    local f = assert(io.open(path, "w"))
    f:write(([[local hub = require("bosa").new({ api_base_url = "%s", api_key = "%s", token = "%s", ca_file = arg[1] })
      local response, err = hub:run("lab", "small")
      print(response and response.status or err.kind)]]):format(sandbox.url, sandbox.key, sandbox.token))
    f:close()
    assert.equal("tls\n", with_env("", path))
    for _, name in ipairs({ "BOSA_CA_FILE", "SSL_CERT_FILE", "CURL_CA_BUNDLE" }) do
      assert.equal("200\n", with_env(name .. "=" .. good, path))
    end
    assert.equal("200\n", with_env(("BOSA_CA_FILE=%s SSL_CERT_FILE=%s"):format(good, other), path))
    assert.equal("200\n", with_env(("SSL_CERT_FILE=%s CURL_CA_BUNDLE=%s"):format(good, other), path))
    assert.equal("tls\n", with_env(("BOSA_CA_FILE=%s SSL_CERT_FILE=%s"):format(other, good), path))
    assert.equal("200\n", with_env("BOSA_CA_FILE=" .. other, path .. " " .. good))
    assert.equal("200\n", with_env("BOSA_CA_FILE= SSL_CERT_FILE=" .. good, path))
    os.execute(("mkdir -p %s/certs && cp %s %s/certs/ && openssl rehash %s/certs"):format(dir, good, dir, dir))
    assert.equal("200\n", with_env(("SSL_CERT_DIR=%s/certs"):format(dir), path))
  end)

  it("the command takes an option and the same variables", function()
    if not has_luv then return pending("the command needs luv") end
    local env = ("BOSA_API_BASE_URL=%s BOSA_API_KEY=%s BOSA_TOKEN=%s XDG_CACHE_HOME=%s XDG_CONFIG_HOME=%s"):format(
      sandbox.url, sandbox.key, sandbox.token, dir, dir)
    local good = dir .. "/good.crt"
    assert.matches("^bosa: ", with_env(env, "bin/bosa run lab small"))
    assert.matches("^{", with_env(env, "bin/bosa run lab small --ca-file " .. good))
    assert.matches("^{", with_env(env, "bin/bosa --ca-file " .. good .. " run lab small"))
    assert.matches("^{", with_env(env .. " BOSA_CA_FILE=" .. good, "bin/bosa run lab small"))
    assert.matches("^{", with_env(env .. " CURL_CA_BUNDLE=" .. good, "bin/bosa run lab small"))
  end)

  it("the command sends keys over plain http where it is told to", function()
    if not has_luv then return pending("the command needs luv") end
    local env = "BOSA_API_BASE_URL=http://bosa.invalid BOSA_API_KEY=k BOSA_TOKEN=t XDG_CONFIG_HOME=" .. dir
    assert.matches("--allow-http", with_env(env, "bin/bosa run lab small"), 1, true)
    local text = with_env(env, "bin/bosa run lab small --allow-http")
    assert.is_nil(text:find("--allow-http", 1, true))
    assert.matches("bosa.invalid", text, 1, true)
  end)

  it("a CA file that isn't there is an error of kind tls", function()
    local hub = new({ ca_file = dir .. "/none.crt" })
    local response, err = hub:run("lab", "small")
    assert.is_nil(response)
    assert.equal("tls", err.kind)
    hub:close()
  end)
end)
