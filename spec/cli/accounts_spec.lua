local library = require("bosa")
local server = require("spec.support.server")
local command = require("spec.support.command")

local sandbox, bosa

before_each(function()
  sandbox = server.start()
  bosa = command.new(sandbox)
end)
after_each(function()
  bosa:close()
  sandbox.stop()
end)

local function connect(connector)
  local _, err, code = bosa:run({ "integrations", "add", connector, "--config", "-" }, { stdin = '{"a":1}' })
  assert.equal("", err)
  assert.equal(0, code)
end

--- The user that the token is of.
local function me()
  return assert(library.new({ api_base_url = sandbox.url, api_key = sandbox.key }):get_user_info(sandbox.token))
end

local function account(connector)
  for _, integration in ipairs(me().integrations) do
    if integration.connector == connector then return integration.user_identifier end
  end
end

local function remove_all()
  for _, one in ipairs(me().integrations) do
    bosa:run({ "integrations", "remove", one.connector, one.user_identifier, "--yes" })
  end
end

describe("bosa integrations", function()
  it("lists connectors and counts, as rows, as a table and as JSON", function()
    remove_all()
    connect("github")
    local out, err, code = bosa:run({ "integrations" })
    assert.equal("", err)
    assert.equal(0, code)
    assert.equal("github\t1\ngoogle_drive\t0\ngoogle_mail\t0\nlab\t0\n", out)
    assert.equal(out, (bosa:run({ "integrations", "list" })))
    assert.same({ github = 1, google_drive = 0, google_mail = 0, lab = 0 },
      library.json.decode((bosa:run({ "integrations", "--json" }))))
    local screen = bosa:on_terminal({ "integrations" }, { NO_COLOR = "1" })
    assert.matches("^Connector     Integrations Count\ngithub        1\n", screen)
  end)

  it("shows, selects and removes an account", function()
    remove_all()
    connect("github")
    local who = account("github")
    assert.equal(who .. "\tSelected\n", (bosa:run({ "integrations", "show", "github" })))
    local out = bosa:run({ "integrations", "show", "github", who })
    assert.matches("connector\tgithub\n", out)
    assert.matches("user_identifier\t" .. who .. "\n", out, 1, true)
    assert.equal("Already selected: github - " .. who .. "\n", (bosa:run({ "integrations", "select", "github", who })))
    local removed, _, code = bosa:run({ "integrations", "remove", "github", who, "-y" })
    assert.equal(0, code)
    assert.equal("Removed: github - " .. who .. "\n", removed)
    assert.is_nil(account("github"))
  end)

  it("asks before it removes", function()
    connect("github")
    local who = account("github")
    local out, _, answered = bosa:run({ "integrations", "remove", "github", who }, { stdin = "n\n" })
    assert.equal("Not removed\n", out)
    assert.equal(0, answered)
    local _, err, code = bosa:run({ "integrations", "remove", "github", who })
    assert.equal(4, code)
    assert.matches("^bosa: not removed: [^\n]*%-%-yes\n$", err)
    assert.equal(who, account("github"))
    local terminal = bosa:terminal(bosa:line({ "integrations", "remove", "github", who }) .. "; echo code=$?")
    terminal:wait_for("Disconnect github [^\n]*%[y/N%]")
    terminal:type("y")
    terminal:press("Enter")
    local screen = terminal:wait_for("code=")
    terminal:close()
    assert.matches("Removed: github", screen)
    assert.matches("code=0", screen)
    assert.is_nil(account("github"))
  end)

  it("hides what is secret of an account", function()
    local body = '{"data":{"connector":"x","user_identifier":"me","auth_string":"{\\"access\\":\\"hush\\"}",'
      .. '"access_token":"hush","auth_scopes":["a"],"deep":{"client_secret":"hush"}}}'
    local script = bosa.dir .. "/answer.lua"
    command.write_file(script, ([[
      local listener = require("socket").bind("127.0.0.1", 0)
      print((select(2, listener:getsockname())))
      io.stdout:flush()
      local client = listener:accept()
      repeat local line = client:receive("*l") until line == "" or not line
      local body = %q
      client:send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " .. #body)
      client:send("\r\n\r\n" .. body)
      client:close()]]):format(body))
    local process = io.popen(os.getenv("BOSA_LUA") .. " " .. script, "r")
    local url = "http://127.0.0.1:" .. process:read("*l")
    local out, _, code = bosa:run({ "--api-url", url, "integrations", "show", "x", "me" })
    process:close()
    assert.equal(0, code)
    assert.matches("auth_string\t(hidden)", out, 1, true)
    assert.is_nil(out:find("hush", 1, true))
  end)
end)

describe("bosa integrations add", function()
  --- Starts it in the background; the URL that it prints.
  local function begin(words, env)
    os.execute(("mkfifo %s/url"):format(bosa.dir))
    local line = bosa:line(words, env)
    os.execute(("{ %s >%s/url 2>%s/err; echo $? >%s/code; } </dev/null &"):format(line, bosa.dir, bosa.dir, bosa.dir))
    local pipe = assert(io.open(bosa.dir .. "/url", "r"))
    local url = pipe:read("*l")
    return url, function()
      pipe:read("*a")
      pipe:close()
      local code
      repeat -- the shell writes it right behind the pipe's end
        code = tonumber(command.output_of("cat " .. bosa.dir .. "/code 2>/dev/null"))
      until code
      return code, command.read_file(bosa.dir .. "/err")
    end
  end

  local function browse(url) return command.output_of("env -u LD_PRELOAD curl -sL " .. command.quote(url)) end

  local function callback_of(url)
    return url:match("callback_url=(.*)"):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
  end

  it("waits for the browser, and tells it that it worked", function()
    remove_all()
    local url, finish = begin({ "integrations", "add", "google_mail" })
    assert.matches("^http://127%.0%.0%.1:%d+/connectors/google_mail/", url)
    assert.matches("The account is connected", browse(url))
    local code, err = finish()
    assert.equal(0, code)
    assert.equal("Connected google_mail\n", err)
    assert.equal("string", type(account("google_mail")))
  end)

  it("minds only who comes with the word of the callback", function()
    local url, finish = begin({ "integrations", "add", "google_mail" })
    local callback = callback_of(url)
    assert.matches("^http://127%.0%.0%.1:%d+/callback/%x+$", callback)
    for _, path in ipairs({ "/", "/callback", "/callback/0", "/favicon.ico" }) do
      assert.matches("nothing here", browse(callback:match("^http://[^/]+") .. path))
    end
    assert.matches("connected", browse(url))
    assert.equal(0, (finish()))
  end)

  it("says what the browser came back with", function()
    local url, finish = begin({ "integrations", "add", "google_mail" })
    assert.matches("not connected", browse(callback_of(url) .. "?error=access_denied&error_description=No%20thanks"))
    local code, err = finish()
    assert.equal(5, code)
    assert.equal("bosa: not connected: No thanks\n", err)
  end)

  it("gives up after a while", function()
    local _, err, code = bosa:run({ "integrations", "add", "google_mail", "--timeout", "0.1" })
    assert.equal(5, code)
    assert.equal("bosa: the browser did not come back within 0.1 s\n", err)
  end)

  it("only prints the URL with --no-wait", function()
    local out, err, code = bosa:run({ "integrations", "add", "google_mail", "--no-wait" })
    assert.equal("", err)
    assert.equal(0, code)
    assert.matches("^http://[^\n]+success%-authorize%-callback[^\n]*\n$", out)
  end)

  it("opens the URL on a desktop, unless told not to", function()
    local browser = bosa.dir .. "/browser"
    command.write_file(browser, "#!/bin/sh\nenv -u LD_PRELOAD curl -sL \"$1\" >/dev/null\n")
    os.execute("chmod +x " .. browser)
    local env = { DISPLAY = ":9", BROWSER = browser }
    local _, err, code = bosa:run({ "integrations", "add", "google_mail" }, { env = env })
    assert.equal("Connected google_mail\n", err)
    assert.equal(0, code)
    _, _, code = bosa:run({ "integrations", "add", "google_mail", "--no-browser", "--timeout", "0.3" }, { env = env })
    assert.equal(5, code)
  end)

  it("asks on a terminal whether another account is wanted", function()
    connect("google_mail")
    local terminal = bosa:terminal(bosa:line({ "integrations", "add", "google_mail" }) .. "; echo code=$?")
    terminal:wait_for("Add another one%?")
    terminal:press("Enter")
    local screen = terminal:wait_for("code=")
    assert.matches("Not added\ncode=0", screen)
    terminal:close()
  end)

  it("ends by Ctrl-C with 130", function()
    remove_all()
    local terminal = bosa:terminal(bosa:line({ "integrations", "add", "google_mail" }) .. "; echo code=$?")
    terminal:wait_for("Waiting for the browser")
    terminal:press("C-c")
    local screen = terminal:wait_for("code=")
    terminal:close()
    assert.matches("code=130", screen)
    assert.is_nil(screen:find("traceback", 1, true))
  end)
end)

describe("bosa users create", function()
  it("shows the secret this once", function()
    local out, err, code = bosa:run({ "users", "create", "new@example.com" })
    assert.equal("", err)
    assert.equal(0, code)
    local secret = out:match("^Username: new@example%.com\nUser Secret: (sk%-user%-%x+)\n$")
    local hub = library.new({ api_base_url = sandbox.url, api_key = sandbox.key })
    assert.truthy(hub:authenticate("new@example.com", secret))
    assert.equal("other", library.json.decode((bosa:run({ "users", "create", "other", "--json" }))).identifier)
    local screen = bosa:on_terminal({ "users", "create", "third" }, { NO_COLOR = "1" })
    assert.matches("The secret is shown this once", screen)
  end)

  it("needs a key and no token", function()
    local _, _, code = bosa:run({ "users", "create", "x" }, { env = { BOSA_TOKEN = false } })
    assert.equal(0, code)
    _, _, code = bosa:run({ "users", "create", "y" }, { env = { BOSA_API_KEY = false } })
    assert.equal(2, code)
  end)
end)

describe("what a server offers", function()
  it("is listed without a key", function()
    local env = { BOSA_API_KEY = false, BOSA_TOKEN = false }
    local out, err, code = bosa:run({ "connectors" }, { env = env })
    assert.equal("", err)
    assert.equal(0, code)
    assert.equal("github\ngoogle_drive\ngoogle_mail\nlab\n", out)
    assert.equal('["github","google_drive","google_mail","lab"]\n', (bosa:run({ "connectors", "--json" })))
    out = bosa:run({ "actions", "google_mail" }, { env = env })
    assert.matches("^get_attachment\t[^\n]+\nlist_emails\t[^\n]+\nsend_email\t[^\n]+\n$", out)
    assert.equal(3, #library.json.decode((bosa:run({ "actions", "google_mail", "--json" }))))
    local screen = bosa:on_terminal({ "actions", "google_mail" }, { NO_COLOR = "1" })
    assert.matches("^Action +Description\nget_attachment +Get", screen)
  end)

  it("is explained", function()
    local out, err, code = bosa:run({ "help", "github" })
    assert.equal("", err)
    assert.equal(0, code)
    assert.matches("list_issues  List the issues", out)
    out = bosa:run({ "help", "github", "list_issues" })
    assert.matches("owner  string, required", out)
    assert.matches("bosa run github list_issues owner=... repo=...", out, 1, true)
    assert.equal((bosa:run({ "help" })), (bosa:run({ "--help" })))
    assert.matches("^Usage: bosa run", (bosa:run({ "help", "run" })))
  end)
end)

describe("bosa sandbox", function()
  it("speaks a dialect by its name, and by the name before", function()
    for _, name in ipairs({ "legacy", "seed", "current", "today" }) do
      local script = 'curl -s -o /dev/null -w "%{http_code}" "$BOSA_API_BASE_URL/connectors/names"'
      local out, err, code = bosa:run({ "sandbox", "--dialect", name, "--", "sh", "-c", script })
      assert.equal("", err)
      assert.equal(0, code)
      assert.equal((name == "legacy" or name == "seed") and "404" or "200", out)
    end
    assert.is_nil(bosa:run({ "sandbox", "--help" }):find("today", 1, true))
  end)

  it("runs a command with a server of its own, and ends as it does", function()
    local words = { "sandbox", "--", "sh", "-c", 'echo "$BOSA_API_BASE_URL"; exit 7' }
    local out, err, code = bosa:run(words)
    assert.equal("", err)
    assert.equal(7, code)
    assert.matches("^http://127%.0%.0%.1:%d+\n$", out)
    assert.are_not.equal(sandbox.url .. "\n", out)
  end)

  it("prints what to export until Ctrl-C", function()
    local terminal = bosa:terminal(bosa:line({ "sandbox" }) .. "; echo code=$?")
    local screen = terminal:wait_for("runs until Ctrl%-C")
    local url = screen:match("export BOSA_API_BASE_URL='([^']+)'")
    local key = screen:gsub("\n", ""):match("export BOSA_API_KEY='([^']+)'")
    local hub = library.new({ api_base_url = url, api_key = key })
    assert.equal(4, #assert(hub:get_available_modules()))
    terminal:press("C-c")
    screen = terminal:wait_for("code=")
    terminal:close()
    assert.matches("code=130", screen)
    assert.is_nil(screen:find("traceback", 1, true))
  end)

  it("says when there is none", function()
    local _, err, code = bosa:run({ "sandbox" }, { env = { BOSA_SANDBOX = command.missing } })
    assert.equal(1, code)
    assert.matches("^bosa: no sandbox server: [^\n]*\n$", err)
  end)
end)
