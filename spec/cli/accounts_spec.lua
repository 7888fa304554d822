--- Accounts on the command line: integrations, users. What is said of a configuration is in configuration_spec.lua.
local library = require("bosa")
local command = require("spec.support.command")
local programs = require("spec.support.process")

local sandbox, bosa

before_each(function() bosa, sandbox = command.start() end)
after_each(function() bosa:close() end)

--- Connects an account as its user does who opens the URL.
local function connect(connector)
  local url = bosa:output({ "integrations", "add", connector, "--no-wait" })
  sandbox.browse(url:match("%S+"))
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
    local out = bosa:output({ "integrations" })
    assert.equal("github\t1\ngoogle_drive\t0\ngoogle_mail\t0\nlab\t0\n", out)
    assert.equal(out, (bosa:run({ "integrations", "list" })))
    local all = library.json.decode(bosa:output({ "integrations", "--json" }))
    assert.same({ {}, {}, {} }, { all.google_drive, all.google_mail, all.lab })
    assert.same(library.json.decode(bosa:output({ "integrations", "show", "github", "--json" })), all.github)
    assert.equal(account("github"), all.github[1].user_identifier)
    assert.equal("active", all.github[1].auth_status)
    local screen = bosa:on_terminal({ "integrations" }, { NO_COLOR = "1" })
    assert.matches("^Connector     Integrations Count\ngithub        1\n", screen)
  end)

  it("shows, selects and removes an account", function()
    remove_all()
    connect("github")
    local who = account("github")
    assert.equal(who .. "\tSelected\tactive\n", (bosa:run({ "integrations", "show", "github" })))
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
    os.execute(("rm -f %s/code && mkfifo %s/url"):format(bosa.dir, bosa.dir)) -- one may be there of a run before
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
    remove_all()
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

  --- A browser of the name, in the command's own directory: keeps its arguments, a line each, and opens the last URL
  -- among them.
  local function make_browser(name)
    local path = bosa.dir .. "/" .. name
    command.write_file(path, ([[#!/bin/sh
      printf '%%s\n' "$@" >%s/arguments
      for word; do case $word in *http*) url=http${word#*http};; esac; done
      env -u LD_PRELOAD curl -sL "$url" >/dev/null
    ]]):format(bosa.dir))
    os.execute("chmod +x " .. command.quote(path))
    return path
  end

  it("opens the URL, unless told not to", function()
    local env = { BROWSER = make_browser("browser") }
    remove_all()
    local _, err, code = bosa:run({ "integrations", "add", "google_mail" }, { env = env })
    assert.equal("Connected google_mail\n", err)
    assert.equal(0, code)
    _, _, code = bosa:run({ "integrations", "add", "google_mail", "--no-browser", "--timeout", "0.3" }, { env = env })
    assert.equal(5, code)
  end)

  it("only prints the URL with --no-wait", function()
    remove_all()
    local opened = bosa.dir .. "/opened"
    local script = ('echo "$0" >>%s; exec env -u LD_PRELOAD curl -sLo /dev/null "$0"'):format(opened)
    local env = { BROWSER = "sh -c '" .. script .. "'" }
    local out = bosa:output({ "integrations", "add", "google_mail", "--no-wait" }, { env = env })
    assert.matches("^http://[^\n]+success%-authorize%-callback[^\n]*\n$", out)
    local waited = bosa:run({ "integrations", "add", "google_mail" }, { env = env })
    assert.equal(waited, command.read_file(opened)) -- the browser of this one came back
  end)

  it("opens it by what BROWSER says, and by no shell", function()
    make_browser("browser")
    make_browser("a browser")
    for says, wanted in pairs({
      ["DIR/browser --new-window"] = "--new-window\nURL\n",
      ["DIR/browser --app=%s --x"] = "--app=URL\n--x\n",
      ["DIR/browser %s 100%% %d &"] = "URL\n100%\n%d\n",
      ["'DIR/a browser' \"one word\" '' it's"] = "one word\n\nit's\nURL\n",
      ["DIR/none %s:/:: :DIR/browser:DIR/none"] = "URL\n",
      ["DIR/browser $HOME `touch DIR/ran` $(touch DIR/ran) >DIR/ran;"] =
        "$HOME\n`touch\nDIR/ran`\n$(touch\nDIR/ran)\n>DIR/ran;\nURL\n",
    }) do
      remove_all()
      local env = { BROWSER = (says:gsub("DIR", bosa.dir)) }
      local out, err, code = bosa:run({ "integrations", "add", "google_mail" }, { env = env })
      assert.equal("Connected google_mail\n", err, says)
      assert.equal(0, code)
      local arguments = wanted:gsub("DIR", bosa.dir):gsub("URL", function() return out:match("^%S+") end)
      assert.equal(arguments, command.read_file(bosa.dir .. "/arguments"))
      assert.is_nil(io.open(bosa.dir .. "/ran", "rb"))
    end
  end)

  it("opens it on a desktop by what is there, where BROWSER names nothing that is", function()
    remove_all()
    make_browser("xdg-open")
    local env = { DISPLAY = ":9", BROWSER = bosa.dir .. "/none:", PATH = bosa.dir .. ":" .. os.getenv("PATH") }
    local _, err = bosa:run({ "integrations", "add", "google_mail" }, { env = env })
    assert.equal("Connected google_mail\n", err)
    env.DISPLAY = false
    local _, _, code = bosa:run({ "integrations", "add", "google_drive", "--timeout", "0.3" }, { env = env })
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

local function status(connector)
  for _, one in ipairs(me().integrations) do
    if one.connector == connector then return one.auth_status end
  end
end

--- Runs it in the background. Gives its lines of output one by one, then its exit code and standard error.
local function start(words)
  os.execute(("cd %s && rm -f code lines && mkfifo lines"):format(bosa.dir)) -- those of a run before
  os.execute(("{ %s >%s/lines 2>%s/err; echo $? >%s/code; } </dev/null &"):format(bosa:line(words), bosa.dir, bosa.dir,
    bosa.dir))
  local pipe = assert(io.open(bosa.dir .. "/lines", "r"))
  local function finish()
    pipe:read("*a")
    pipe:close()
    local code
    repeat -- the shell writes it right behind the pipe's end
      code = tonumber(command.output_of("cat " .. bosa.dir .. "/code 2>/dev/null"))
    until code
    return code, command.read_file(bosa.dir .. "/err")
  end
  return function() return pipe:read("*l") end, finish
end

--- The user's browser: opens the URL, and goes where it is sent.
local function visit(url) return command.output_of("env -u LD_PRELOAD curl -sL " .. command.quote(url)) end

describe("an account that expired", function()
  before_each(function() sandbox.expire("github") end)

  it("is shown with what to do", function()
    local out, err, code = bosa:run({ "integrations" })
    assert.equal(0, code)
    assert.equal("github\t1\texpired\ngoogle_drive\t1\ngoogle_mail\t1\nlab\t1\n", out)
    local advice = "github: the account ada@example.com is `expired`; `bosa integrations renew github` renews it\n"
    assert.equal(advice, err)
    out, err, code = bosa:run({ "integrations", "show", "github" })
    assert.same({ "ada@example.com\tSelected\texpired\n", advice, 0 }, { out, err, code })
    out, err = bosa:run({ "integrations", "show", "github", "ada@example.com" })
    assert.matches("auth_status\texpired\n", out, 1, true)
    assert.equal(advice, err)
    local list = library.json.decode((bosa:run({ "integrations", "show", "github", "--json" })))
    assert.equal("expired", list[1].auth_status)
    assert.same(list, library.json.decode((bosa:run({ "integrations", "--json" }))).github)
    assert.matches("Auth", (bosa:on_terminal({ "integrations", "show", "github" }, { NO_COLOR = "1" })), 1, true)
  end)

  it("is renewed by one command", function()
    for _, words in ipairs({
      { "integrations", "renew", "github" }, { "integrations", "renew" },
      { "integrations", "add", "--renew", "github" },
    }) do
      sandbox.expire("github")
      local next_line, finish = start(words)
      assert.matches("The account is connected", visit(next_line()))
      local code, err = finish()
      assert.same({ 0, "Renewed github\n" }, { code, err })
      assert.equal("active", status("github"))
    end
    assert.same({ "Nothing to renew\n", "", 0 }, { bosa:run({ "integrations", "renew" }) })
  end)

  it("is chosen by name among several, and each that expired has a link of its own", function()
    local url = (bosa:run({ "integrations", "add", "github", "--no-wait" })):match("%S+")
    sandbox.browse(url .. "&account=bob")
    sandbox.expire("github")
    local next_line, finish = start({ "integrations", "renew", "github" })
    local first, second = next_line(), next_line()
    assert.matches("The account is connected", visit(second .. "&account=bob"))
    assert.matches("The account is connected", visit(first))
    local code, err = finish()
    assert.equal(0, code)
    for _, who in ipairs({ "ada@example.com", "bob" }) do
      assert.truthy(err:find("Open this URL to renew github, and log in as " .. who .. ":\n", 1, true), err)
      assert.truthy(err:find("Renewed github (" .. who .. ")\n", 1, true), err)
    end

    sandbox.expire("github")
    next_line, finish = start({ "integrations", "renew", "github", "--account", "bob" })
    visit(next_line()) -- as ada
    code, err = finish()
    assert.equal(5, code)
    assert.truthy(err:find("came back with the account ada@example.com, not bob", 1, true), err)
    next_line, finish = start({ "integrations", "renew", "github", "--account", "bob" })
    visit(next_line() .. "&account=bob")
    assert.equal(0, (finish()))

    for words, wrong in pairs({
      ["renew github --account nobody"] = { 5, "no account nobody of github is connected" },
      ["renew --account bob"] = { 4, "--account goes with one connector" },
      ["renew github lab --account bob"] = { 4, "--account goes with one connector" },
    }) do
      local line = { "integrations" }
      for one in words:gmatch("%S+") do line[#line + 1] = one end
      local _, why, exit_code = bosa:run(line)
      assert.equal(wrong[1], exit_code)
      assert.truthy(why:find(wrong[2], 1, true), why)
    end
  end)

  it("is not renewed by adding it, which is said", function()
    local next_line, finish = start({ "integrations", "add", "github" })
    assert.matches("not connected", visit(next_line()))
    local code, err = finish()
    assert.equal(5, code)
    local words = "this account is connected already; `bosa integrations renew github` renews it"
    assert.equal("bosa: not connected: " .. words .. "\n", err)
    assert.equal("expired", status("github"))
  end)

  it("is offered to be renewed on a terminal", function()
    local terminal = bosa:terminal(bosa:line({ "integrations", "add", "github", "--no-wait" }) .. "; echo code=$?")
    terminal:wait_for("ada@example.com of github is `expired`. Renew it%? %[y/N%]")
    terminal:type("y")
    terminal:press("Enter")
    local screen = terminal:wait_for("code=")
    terminal:close()
    assert.matches("replace=1", (screen:gsub("\n", "")), 1, true)
  end)

  it("is renewed only where there is one", function()
    remove_all()
    local _, err, code = bosa:run({ "integrations", "renew", "github" })
    assert.equal(5, code)
    assert.matches("^bosa: no account of github is connected: `bosa integrations add github` [^\n]*\n$", err)
  end)
end)

describe("what the browser comes back with", function()
  it("is told in words", function()
    remove_all()
    for name, words in pairs({
      invalid_request = "did not take the request", integration_error = "the service gave no access",
      cancelled_error = "cancelled in the browser", duplicate_user_error = "`bosa integrations renew google_mail`",
      something_else = "something_else",
    }) do
      local next_line, finish = start({ "integrations", "add", "google_mail" })
      local callback = next_line():match("callback_url=(.*)"):gsub("%%(%x%x)", function(hex)
        return string.char(tonumber(hex, 16))
      end)
      visit(callback .. "?error=" .. name)
      local code, err = finish()
      assert.equal(5, code)
      assert.matches("^bosa: not connected: [^\n]*\n$", err)
      assert.truthy(err:find(words, 1, true), err)
    end
  end)
end)

describe("several connectors at once", function()
  it("are linked, waited for and done", function()
    remove_all()
    local next_line, finish = start({ "integrations", "add", "github", "google_drive", "google_mail" })
    local urls = { next_line(), next_line(), next_line() }
    for i = 3, 1, -1 do assert.matches("The account is connected", visit(urls[i])) end
    local code, err = finish()
    assert.same({ 0, "Connected google_mail\nConnected google_drive\nConnected github\n" }, { code, err })
    for _, connector in ipairs({ "github", "google_drive", "google_mail" }) do
      assert.equal("active", status(connector))
    end
  end)

  it("go on where one of them fails", function()
    sandbox.expire("google_drive")
    remove_all()
    connect("github")
    local next_line, finish = start({ "integrations", "add", "github", "google_drive" })
    visit(next_line())
    visit(next_line())
    local code, err = finish()
    assert.equal(5, code)
    assert.matches("bosa: github: not connected: this account is connected already", err, 1, true)
    assert.matches("\nConnected google_drive\n", err, 1, true)
    local _, unknown, unknown_code = bosa:run({ "integrations", "add", "github", "nosuch" })
    assert.equal(5, unknown_code)
    assert.matches("^bosa: the server has no connector `nosuch`; there are github, ", unknown)
    unknown = select(2, bosa:run({ "integrations", "add", "githb" }))
    assert.equal("bosa: the server has no connector `githb`; did you mean `github`?\n", unknown)
  end)
end)

describe("a connector that takes a configuration", function()
  before_each(remove_all)

  it("asks for its fields, lines of standard input in a pipe", function()
    local out, err, code = bosa:run({ "integrations", "add", "lab" }, { stdin = "db.example.com\nada\nhush\n\n\n\n" })
    assert.same({ "Connected lab\n", "", 0 }, { out, err, code })
    assert.equal("active", status("lab"))
    sandbox.expire("lab")
    local lines = "db.example.com\nada\nhush\nread\n1\nno\n"
    out, err, code = bosa:run({ "integrations", "renew", "lab" }, { stdin = lines })
    assert.same({ "Renewed lab\n", "", 0 }, { out, err, code })
    assert.equal("active", status("lab"))
  end)

  it("asks on a terminal, secrets without echo", function()
    local terminal = bosa:terminal(bosa:line({ "integrations", "add", "lab" }) .. "; echo code=$?")
    terminal:wait_for("host %(Name of the machine%):")
    terminal:type("db.example.com")
    terminal:press("Enter")
    terminal:wait_for("user %(Who logs in%):")
    terminal:type("ada")
    terminal:press("Enter")
    terminal:wait_for("password:")
    terminal:type("hush-hush")
    terminal:press("Enter")
    terminal:wait_for("mode %(read | write, What the account may do, optional%):")
    terminal:press("Enter")
    terminal:wait_for("port %(integer, default 5432%):")
    terminal:press("Enter")
    terminal:wait_for("tls %(boolean, default true%):")
    terminal:press("Enter")
    local screen = terminal:wait_for("code=")
    terminal:close()
    assert.matches("Connected lab\ncode=0", screen, 1, true)
    assert.is_nil(screen:find("hush", 1, true))
    assert.equal("active", status("lab"))
  end)

  it("is told what is wrong before anything is sent", function()
    for text, words in pairs({
      ["db\nada\nhush\nread\n70000\n\n"] = "port", ["db\nada\nhush\nfly\n\n\n"] = "mode",
      ["db\nada\nhush\nread\nmany\n\n"] = "port", ["db\nada\nhush\n\n\nperhaps\n"] = "tls",
      ["db\nada\n"] = "password: input is required", [""] = "host: input is required",
    }) do
      local before = sandbox.stats().requests
      local out, err, code = bosa:run({ "integrations", "add", "lab" }, { stdin = text })
      assert.same({ "", 4 }, { out, code })
      assert.matches("^bosa: [^\n]*\n$", err)
      assert.truthy(err:find(words, 1, true), err)
      assert.is_nil(err:find("hush", 1, true))
      assert.equal(before + 3, sandbox.stats().requests) -- names, who, how; nothing to connect
    end
    assert.is_nil(account("lab"))
  end)

  it("is told so without what is secret, however long, and however it is written", function()
    local listening, stop = programs.start("recording_server.lua")
    finally(stop)
    local path = bosa.dir .. "/made.json"
    local long = ("hush"):rep(100)
    local values = { password = 'quo"te' .. long, pin = 4711, keys = { long }, name = "me" }
    command.write_file(path, library.json.encode(values))
    local out, err, code = bosa:run({ "--api-url", listening:match("%S+$"), "integrations", "add", "made", "--config",
      path })
    assert.same({ "", 4 }, { out, code })
    assert.is_nil(err:find("hush") or err:find("quo") or err:find("4711"), err)
    assert.equal(3, select(2, err:gsub("%(hidden%)", "")))
    assert.truthy(err:find('`name`: expected one of "a"; got "me"', 1, true))
  end)

  it("takes a file, which is checked likewise", function()
    local path = bosa.dir .. "/lab.json"
    command.write_file(path, '{"host":"db","user":"ada","password":"hush","port":"many"}')
    local _, err, code = bosa:run({ "integrations", "add", "lab", "--config", path })
    assert.equal(4, code)
    assert.matches("^bosa: [^\n]*port[^\n]*\n$", err)
    assert.is_nil(err:find("hush", 1, true))
    command.write_file(path, '{"host":"db","user":"ada","password":"hush","port":1}')
    assert.same({ "Connected lab\n", "", 0 }, { bosa:run({ "integrations", "add", "lab", "--config", path }) })
    _, err, code = bosa:run({ "integrations", "add", "lab", "--config", path })
    assert.equal(5, code)
    assert.matches("already exists", err)
    assert.same({ "Renewed lab\n", "", 0 }, { bosa:run({ "integrations", "renew", "lab", "--config", path }) })
    _, err, code = bosa:run({ "integrations", "add", "github", "--config", path })
    assert.equal(4, code)
    assert.matches("connected in the browser", err)
    _, err, code = bosa:run({ "integrations", "add", "github", "lab", "--config", path })
    assert.equal(4, code)
    assert.matches("one connector", err)
  end)
end)

describe("a token without a key", function()
  it("is enough for all but creating users", function()
    local env = { BOSA_API_KEY = false }
    for _, words in ipairs({
      { "run", "lab", "small" }, { "integrations" }, { "actions", "lab" }, { "types", "lab" }, { "auth", "status" },
    }) do
      local _, err, code = bosa:run(words, { env = env })
      assert.same({ "", 0 }, { err, code })
    end
    local _, err, code = bosa:run({ "users", "create", "x" }, { env = env })
    assert.equal(2, code)
    local advice = "Invalid API Key; no API key was given: run `bosa auth login`, or set BOSA_API_KEY"
    assert.matches(advice .. " %(reference [%w-]+%)\n$", err)
  end)
end)

describe("bosa users create", function()
  it("shows the secret this once", function()
    local out = bosa:output({ "users", "create", "new@example.com" })
    local secret = out:match("^Username: new@example%.com\nUser Secret: (sk%-user%-%x+)\n$")
    local hub = library.new({ api_base_url = sandbox.url, api_key = sandbox.key })
    assert.truthy(hub:authenticate("new@example.com", secret))
    local other = library.json.decode((bosa:run({ "users", "create", "other", "--json" })))
    assert.equal("other", other.identifier)
    assert.truthy(hub:authenticate("other", other.secret))
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
    local out = bosa:output({ "connectors" }, { env = env })
    assert.equal("github\ngoogle_drive\ngoogle_mail\nlab\n", out)
    assert.equal('["github","google_drive","google_mail","lab"]\n', (bosa:run({ "connectors", "--json" })))
    out = bosa:run({ "actions", "google_mail" }, { env = env })
    assert.matches("^get_attachment\t[^\n]+\nlist_emails\t[^\n]+\nsend_email\t[^\n]+\n$", out)
    assert.equal(3, #library.json.decode((bosa:run({ "actions", "google_mail", "--json" }))))
    local screen = bosa:on_terminal({ "actions", "google_mail" }, { NO_COLOR = "1" })
    assert.matches("^Action +Description\nget_attachment +Get", screen)
  end)

  it("is explained", function()
    local out = bosa:output({ "help", "github" })
    assert.matches("list_issues  List the issues", out)
    out = bosa:run({ "help", "github", "list_issues" })
    assert.matches("owner  string, required", out)
    assert.matches("bosa run github list_issues owner=... repo=...", out, 1, true)
    assert.equal((bosa:run({ "help" })), (bosa:run({ "--help" })))
    assert.matches("^Usage: bosa run", (bosa:run({ "help", "run" })))
  end)
end)
