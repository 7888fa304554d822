local server = require("spec.support.server")
local command = require("spec.support.command")

local sandbox, bosa

setup(function() sandbox = server.start() end)
teardown(function() sandbox.stop() end)

before_each(function()
  bosa = command.new()
  bosa.env.BOSA_API_BASE_URL = sandbox.url
end)
after_each(function() bosa:close() end)

local function login()
  return bosa:run({ "auth", "login" }, {
    stdin = ("%s\n%s\n%s\n"):format(sandbox.key, sandbox.user.identifier, sandbox.user.secret),
  })
end

local function config_path() return bosa.dir .. "/config/bosa/config.json" end

describe("bosa auth through a pipe", function()
  it("logs in with lines of standard input, and others can't read the session", function()
    local out, err, code = login()
    assert.equal("", err)
    assert.equal(0, code)
    assert.equal("Logged in as " .. sandbox.user.identifier .. "\n", out)
    assert.equal("600\n700\n", command.output_of("stat -c %a " .. config_path() .. " " .. bosa.dir .. "/config/bosa"))
  end)

  it("passes over a byte order mark before the first line", function()
    local _, err, code = bosa:run({ "auth", "login" }, {
      stdin = ("\239\187\191%s\r\n%s\n%s\n"):format(sandbox.key, sandbox.user.identifier, sandbox.user.secret),
    })
    assert.equal("", err)
    assert.equal(0, code)
  end)

  it("keeps what it needs, and works without an environment then", function()
    login()
    local out = bosa:output({ "integrations" }, { env = { BOSA_API_BASE_URL = false } })
    assert.matches("^github\t%d+\ngoogle_drive\t%d+\n", out)
  end)

  it("shows the session without a secret", function()
    login()
    local out, err, code = bosa:run({ "auth", "status" })
    assert.equal(0, code)
    assert.matches("Username: " .. sandbox.user.identifier, out, 1, true)
    assert.matches("API URL: " .. sandbox.url, out, 1, true)
    assert.matches("Client API Key: sk-client-...", out, 1, true)
    assert.matches("Token Expires: 2", out, 1, true)
    for _, secret in ipairs({ sandbox.key, sandbox.user.secret, "eyJ" }) do
      assert.is_nil((out .. err):find(secret, 1, true))
    end
  end)

  it("keeps no secret of the user", function()
    login()
    assert.is_nil(command.read_file(config_path()):find(sandbox.user.secret, 1, true))
  end)

  it("logs out", function()
    login()
    local out, _, code = bosa:run({ "auth", "logout" })
    assert.equal(0, code)
    assert.equal("Logged out\n", out)
    assert.is_nil(io.open(config_path(), "r"))
    local nothing, err
    nothing, err, code = bosa:run({ "auth", "logout" })
    assert.equal("", nothing)
    assert.equal(2, code)
    assert.matches("^bosa: not logged in[^\n]*\n$", err)
  end)

  it("names the variables that a logout leaves in use", function()
    for i, code in ipairs({ 0, 2, 2 }) do
      if code == 0 then login() end
      local words = { "auth", "logout", i == 3 and "--all" or nil }
      local _, err, ended = bosa:run(words, { env = { BOSA_API_KEY = "sk-client-x", BOSA_TOKEN = "" } })
      assert.equal(code, ended)
      assert.matches("^bosa: note: BOSA_API_KEY is set, and is still used\n", err)
      assert.is_nil(err:find("BOSA_TOKEN is set", 1, true))
      assert.is_nil(err:find("no API key", 1, true)) -- one was named a line before
    end
  end)

  it("shows when the session ends in local time", function()
    login()
    local text = command.read_file(config_path())
    command.write_file(config_path(), (text:gsub('"expires":[%d.]+', '"expires":4102444800')))
    for zone, wanted in pairs({ ["UTC0"] = "2100-01-01 00:00:00 UTC", ["XYZ-7"] = "2100-01-01 07:00:00 XYZ" }) do
      local out = bosa:run({ "auth", "status" }, { env = { TZ = zone } })
      assert.matches("Token Expires: " .. wanted .. "\n", out, 1, true)
    end
    command.write_file(config_path(), (text:gsub('"expires":[%d.]+', '"expires":1e300')))
    assert.matches("Token Expires: 2", (bosa:run({ "auth", "status" })), 1, true)
  end)

  it("refuses wrong secrets, and keeps nothing", function()
    local _, err, code = bosa:run({ "auth", "login" }, { stdin = sandbox.key .. "\nada@example.com\nsk-user-wrong\n" })
    assert.equal(2, code)
    assert.matches("^bosa: [^\n]*check the user's identifier and secret[^\n]*\n$", err)
    assert.is_nil(err:find("sk-user-wrong", 1, true))
    assert.is_nil(io.open(config_path(), "r"))
  end)

  it("asks the server for no token that can't be kept", function()
    command.output_of("mkdir -p " .. config_path())
    local before = sandbox.stats().requests
    local out, err, code = login()
    assert.same({ "", 1 }, { out, code })
    assert.equal(("bosa: the session can't be kept: cannot write `%s`: Is a directory\n"):format(config_path()), err)
    assert.equal(before, sandbox.stats().requests)
  end)

  it("needs no key where the server needs none", function()
    local out, err, code = bosa:run({ "auth", "login" }, {
      stdin = ("\n%s\n%s\n"):format(sandbox.user.identifier, sandbox.user.secret),
    })
    assert.same({ "Logged in as " .. sandbox.user.identifier .. "\n", "", 0 }, { out, err, code })
    assert.is_nil(command.read_file(config_path()):find("api_key", 1, true))
    assert.same({ "", 0 }, { select(2, bosa:run({ "integrations" })) })
  end)

  it("keeps a token that is there, once the server has said whose it is", function()
    local _, err, code = bosa:run({ "auth", "login", "--with-token" }, { stdin = "wrong\n" })
    assert.equal(2, code)
    assert.matches("^bosa: [^\n]*\n$", err)
    assert.is_nil(io.open(config_path(), "r"))
    local out
    out, err, code = bosa:run({ "auth", "login", "--with-token" }, { stdin = sandbox.token .. "\n" })
    assert.same({ "Logged in as " .. sandbox.user.identifier .. "\n", "", 0 }, { out, err, code })
    out, err, code = bosa:run({ "auth", "status" })
    assert.same({ "", 0 }, { err, code })
    assert.matches("Username: " .. sandbox.user.identifier .. "\n", out, 1, true)
    assert.is_nil(out:find(sandbox.token, 1, true))
  end)

  it("needs user and secret, or the token", function()
    local _, missing, exit_code = bosa:run({ "auth", "login", "--with-token" }, { stdin = "\n" })
    assert.equal(2, exit_code)
    assert.matches("^bosa: User Token: input is required\n$", missing)
    for _, stdin in ipairs({ "", sandbox.key .. "\n", sandbox.key .. "\nada@example.com\n", "\n\n\n" }) do
      local _, err, code = bosa:run({ "auth", "login" }, { stdin = stdin })
      assert.equal(2, code)
      assert.matches("^bosa: [^\n]*input is required\n$", err)
    end
  end)

  it("takes them as arguments with a warning", function()
    local _, err, code = bosa:run({ "auth", "login", sandbox.key, sandbox.user.identifier, sandbox.user.secret })
    assert.equal(0, code)
    assert.matches("^bosa: warning: [^\n]*list of processes[^\n]*\n$", err)
  end)

  it("says when nobody is logged in, or no more", function()
    local _, err, code = bosa:run({ "auth", "status" })
    assert.equal(2, code)
    assert.matches("not authenticated", err)
    login()
    local text = command.read_file(config_path())
    command.write_file(config_path(), (text:gsub('"expires":[%d.]+', '"expires":1')))
    _, err, code = bosa:run({ "auth", "status" })
    assert.equal(2, code)
    assert.matches("expired", err)
  end)

  it("ends with the code of a request when there is no server", function()
    local _, err, code = bosa:run({ "--api-url", "http://127.0.0.1:1", "auth", "login" }, { stdin = "a\nb\nc\n" })
    assert.equal(5, code)
    assert.matches("^bosa: [^\n]*\n$", err)
  end)

  it("sends a session's key to its own server alone", function()
    login()
    local _, err, code = bosa:run({ "--api-url", "http://127.0.0.1:1", "integrations" })
    assert.equal(2, code)
    assert.matches("no API key", err)
  end)

  it("lets the environment win over the session", function()
    login()
    local _, err, code = bosa:run({ "integrations" }, { env = { BOSA_API_KEY = "sk-client-wrong" } })
    assert.equal(2, code)
    assert.is_nil(err:find("sk-client-wrong", 1, true))
  end)

  it("warns of a session that others can read, and names one that is broken", function()
    login()
    os.execute("chmod 644 " .. config_path())
    local _, err, code = bosa:run({ "integrations" })
    assert.equal(0, code)
    assert.matches("warning: others can read", err)
    command.write_file(config_path(), "{")
    _, err, code = bosa:run({ "integrations" })
    assert.equal(1, code)
    assert.matches("^bosa: [^\n]*config.json[^\n]*\n$", err)
  end)
end)

describe("bosa auth status", function()
  local function status(env)
    local all = { BOSA_API_KEY = sandbox.key, BOSA_TOKEN = sandbox.token }
    for name, value in pairs(env or {}) do all[name] = value end
    return bosa:run({ "auth", "status" }, { env = all })
  end

  it("says that the server accepts key and token, or the token alone", function()
    local out, err, code = status()
    assert.same({ "", 0 }, { err, code })
    assert.matches("Server: accepts the key and the token of ada@example.com\n", out, 1, true)
    out, err, code = status({ BOSA_API_KEY = false })
    assert.same({ "", 0 }, { err, code })
    assert.matches("Client API Key: none\n", out, 1, true)
    assert.matches("Server: accepts the token of ada@example.com\n", out, 1, true)
  end)

  it("says which of them the server refuses", function()
    local _, err, code = status({ BOSA_TOKEN = "wrong" })
    assert.equal(2, code)
    assert.matches("^bosa: the server refuses the user token [^\n]*bosa auth login`\n$", err)
    _, err, code = status({ BOSA_API_KEY = "sk-client-wrong" })
    assert.equal(2, code)
    assert.matches("^bosa: the server refuses the API key [^\n]*bosa auth login`\n$", err)
    assert.is_nil(err:find("sk-client-wrong", 1, true))
  end)

  it("says that the server could not be asked, or was not", function()
    local out, err, code = status({ BOSA_API_BASE_URL = "http://127.0.0.1:1" })
    assert.equal(5, code)
    assert.matches("Token: set", out, 1, true)
    assert.matches("^bosa: could not ask the server [^\n]*\n$", err)
    out, err, code = status({ BOSA_TOKEN = false })
    assert.same({ "", 0 }, { err, code })
    assert.matches("Server: not asked", out, 1, true)
  end)
end)

--- The command lines of the processes that the command's home directory is given to, where /proc tells.
local function own_processes()
  return command.output_of(("grep -lsF %s /proc/[0-9]*/environ | sed 's/environ$/cmdline/' | xargs cat | tr '\\0' ' '")
    :format(command.quote("XDG_CONFIG_HOME=" .. bosa.dir)))
end

describe("bosa auth on a terminal", function()
  local terminal
  after_each(function() terminal:close() end)

  it("asks without echo, and no process shows what was typed", function()
    terminal = bosa:terminal(bosa:line({ "auth", "login" }) .. "; echo code=$?")
    terminal:wait_for("Client API Key [^\n]*:")
    terminal:type(sandbox.key .. "x")
    terminal:press("BSpace")
    terminal:press("Enter")
    terminal:wait_for("Username")
    terminal:type(sandbox.user.identifier)
    terminal:press("Enter")
    terminal:wait_for("User Secret:")
    local processes = own_processes()
    assert.truthy(processes:find("auth login", 1, true))
    assert.is_nil(processes:find(sandbox.key, 1, true))
    terminal:type(sandbox.user.secret)
    terminal:press("Enter")
    local screen = terminal:wait_for("code=")
    assert.matches("code=0", screen)
    assert.matches("Logged in as " .. sandbox.user.identifier, screen, 1, true)
    assert.is_nil(screen:find(sandbox.key, 1, true))
    assert.is_nil(screen:find(sandbox.user.secret, 1, true))
  end)

  it("ends by Ctrl-C with 130 and a terminal that echoes", function()
    terminal = bosa:terminal(bosa:line({ "auth", "login" }) .. "; echo code=$?; read -r typed; echo got=$typed")
    terminal:wait_for("Client API Key [^\n]*:")
    terminal:press("C-c")
    local screen = terminal:wait_for("code=")
    assert.matches("code=130", screen)
    assert.is_nil(screen:find("traceback", 1, true))
    terminal:type("seen")
    terminal:wait_for("\nseen")
    terminal:press("Enter")
    terminal:wait_for("got=seen")
  end)
end)
