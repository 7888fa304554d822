--- What bosa finds when it starts: damaged or foreign files, a home without directories, closed streams, another copy
-- of itself in the same Lua state.
local bosa = require("bosa")
local command = require("spec.support.command")
local directory = require("spec.support.directory")
local server = require("spec.support.server")

local sandbox
setup(function() sandbox = server.start() end)
teardown(function() sandbox.stop() end)

describe("the command", function()
  local cli
  before_each(function() cli = command.new(sandbox) end)
  after_each(function() cli:close() end)

  local function connectors() return cli:run({ "connectors" }) end

  it("takes a list of connectors of another shape for none", function()
    local shapes = {
      "", "[]", "null", "1", '"text"', "{", "[1,2]", '{"%s":1}', '{"%s":null}', '{"%s":{"a":"b"}}',
      '{"%s":[1,null,{}]}',
      '{"%s":"github"}', '["a"]', "\0\1\2", '{"x":{"y":[]}}', ("["):rep(500),
    }
    os.execute("mkdir -p " .. cli.dir .. "/cache/bosa")
    for _, shape in ipairs(shapes) do
      command.write_file(cli.dir .. "/cache/bosa/connectors.json", (shape:gsub("%%s", sandbox.url)))
      for _, words in ipairs({ { "connectors" }, { "run", "lab", "small" }, { "__complete", "run", "" } }) do
        local _, err, code = cli:run(words)
        assert.equal("", err)
        assert.equal(0, code)
      end
    end
  end)

  it("waits for no FIFO where a file of its own should be", function()
    os.execute(("mkdir -p %s/cache/bosa && mkfifo %s/cache/bosa/connectors.json"):format(cli.dir, cli.dir))
    local _, err, code = connectors()
    assert.equal("", err)
    assert.equal(0, code)
    os.execute(("mkdir -p %s/config/bosa && mkfifo -m 600 %s/config/bosa/config.json"):format(cli.dir, cli.dir))
    _, err, code = connectors()
    assert.matches("config.json: not a regular file", err, 1, true)
    assert.equal(1, code)
  end)

  it("names a path of the options that leads to no file", function()
    for words, told in pairs({
      ["run lab small --input /dev/zero"] = "too large",
      ["run lab small --input /"] = "Is a directory",
      ["watch lab small --state ''"] = "--state: the path of a file expected",
    }) do
      local arguments = {}
      for word in words:gmatch("%S+") do arguments[#arguments + 1] = word == "''" and "" or word end
      local out, err, code = cli:run(arguments)
      assert.same({ "", 4 }, { out, code })
      assert.matches(told, err, 1, true)
    end
  end)

  it("makes the directories that a new home has not", function()
    cli.env.XDG_CACHE_HOME, cli.env.XDG_CONFIG_HOME = nil, nil
    cli.env.HOME = cli.dir .. "/home"
    os.execute("mkdir " .. cli.env.HOME)
    local env = { XDG_CACHE_HOME = false, XDG_CONFIG_HOME = false }
    local _, err, code = cli:run({ "run", "lab", "small" }, { env = env })
    assert.equal("", err)
    assert.equal(0, code)
    local modes = ("stat -c %%a %s/.cache %s/.cache/bosa"):format(cli.env.HOME, cli.env.HOME)
    assert.equal("700\n700\n", command.output_of(modes))
    assert.matches("%.cache", command.output_of("ls " .. cli.env.HOME .. "/.cache/bosa"))
    cli.env.HOME = "/dev/null"
    _, err, code = cli:run({ "run", "lab", "small" }, { env = env })
    assert.equal("", err)
    assert.equal(0, code)
  end)

  it("does not believe a session that others can write", function()
    local path = cli.dir .. "/config/bosa/config.json"
    os.execute("mkdir -p " .. cli.dir .. "/config/bosa")
    local session = '{"api_url":"%s","api_key":"%s","token":"%s"}'
    command.write_file(path, session:format(sandbox.url, sandbox.key, sandbox.token))
    local none = { BOSA_API_BASE_URL = false, BOSA_API_KEY = false, BOSA_TOKEN = false }
    for _, mode in ipairs({ "622", "620", "602", "666" }) do
      os.execute("chmod " .. mode .. " " .. path)
      local _, err, code = cli:run({ "run", "lab", "small" }, { env = none })
      assert.matches("config.json: others can write to it", err, 1, true)
      assert.equal(1, code)
    end
    os.execute("chmod 600 " .. path)
    assert.equal(0, select(3, cli:run({ "run", "lab", "small" }, { env = none })))
    os.execute("chmod 666 " .. path)
    local _, err, code = cli:run({ "auth", "login", "--api-url", sandbox.url }, {
      stdin = ("%s\n%s\n%s\n"):format(sandbox.key, sandbox.user.identifier, sandbox.user.secret), env = none,
    })
    assert.equal("", err)
    assert.equal(0, code)
    assert.equal("600\n", command.output_of("stat -c %a " .. path))
  end)

  it("names a session of another shape", function()
    local path = cli.dir .. "/config/bosa/config.json"
    os.execute("mkdir -p " .. cli.dir .. "/config/bosa")
    local shapes = { "[1]", "12", '{"api_key":12}', '{"token":{}}', '{"api_url":["x"]}', '{"api_key":"a\\nb"}', "{" }
    for _, text in ipairs(shapes) do
      command.write_file(path, text)
      os.execute("chmod 600 " .. path)
      local _, err, code = connectors()
      assert.matches("config.json: ", err, 1, true)
      assert.is_nil(err:find("traceback", 1, true))
      assert.equal(1, code)
    end
  end)

  it("names a key or a token of the environment that can't be sent", function()
    for _, variable in ipairs({ "BOSA_API_KEY", "BOSA_TOKEN" }) do
      local _, err, code = cli:run({ "run", "lab", "small" }, { env = { [variable] = "of-windows\r" } })
      assert.same({ "bosa: " .. variable .. " holds a character that no header field can carry\n", 4 }, { err, code })
    end
  end)

  it("takes an empty key or token for none, and no empty address", function()
    local path = cli.dir .. "/config/bosa/config.json"
    os.execute("mkdir -p " .. cli.dir .. "/config/bosa")
    local none = { BOSA_API_BASE_URL = false, BOSA_API_KEY = false, BOSA_TOKEN = false }
    for text, outcome in pairs({
      ['{"api_url":"%s","api_key":"%s","token":""}'] = { 0, "Token: none" },
      ['{"api_url":"%s","api_key":"","token":""}'] = { 2, "no API key and no user token were given" },
      ['{"api_url":"","api_key":"k","token":"t"}'] = { 1, "its `api_url` is no text" },
    }) do
      command.write_file(path, (text:format(sandbox.url, sandbox.key)))
      os.execute("chmod 600 " .. path)
      local out, err, code = cli:run({ "auth", "status" }, { env = none })
      assert.equal(outcome[1], code, err)
      assert.matches(outcome[2], out .. err, 1, true)
    end
  end)

  it("is found through links", function()
    os.execute(("ln -s %s/bin/bosa %s/one; ln -s one %s/two"):format(command.top, cli.dir, cli.dir))
    for _, name in ipairs({ "one", "two" }) do
      local line = cli:line({ "--version" }):gsub("bin/bosa", cli.dir .. "/" .. name)
      assert.matches("^bosa %d", command.output_of(("cd / && env -u LUA_PATH -u LUA_CPATH %s 2>&1"):format(line)))
    end
  end)

  it("runs without standard streams", function()
    for _, closed in ipairs({ "<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", "<&- >&- 2>&-" }) do
      local line = ("cd %s; %s %s; echo $? >%s/code"):format(command.quote(command.top),
        cli:line({ "run", "lab", "small" }), closed, cli.dir)
      os.execute(("( %s ) >%s/out"):format(line, cli.dir))
      local written = not (" " .. closed):find(" >&-", 1, true)
      assert.equal(written and "0\n" or "1\n", command.read_file(cli.dir .. "/code"))
      assert.equal(written, command.read_file(cli.dir .. "/out"):find("^{") ~= nil)
    end
  end)
end)

describe("descriptors that have run out", function()
  it("end the command in one line before it begins", function()
    local cli = command.new(sandbox)
    local too_few = 0
    for most = 5, 24 do -- libuv ends the process where it gets none
      local line = "cd %s && { (ulimit -n %d; exec %s) </dev/null 2>&1; echo $?; }"
      local out = command.output_of(line:format(command.quote(command.top), most, cli:line({ "--help" })))
      if out:find("^Usage: bosa ") then
        assert.matches("\n0\n$", out)
      else
        too_few = too_few + 1
        assert.matches("^bosa: the command needs %d+ more open files than it may have: [^\n]*\n1\n$", out)
      end
    end
    assert.is_true(too_few > 0 and too_few < 20)
    cli:close()
  end)

  it("are named as the reason, and nothing was sent", function()
    local dir = directory()
    command.write_file(dir .. "/script.lua", [[
      local lab, held = require("bosa").new():connect("lab"), {}
      repeat held[#held + 1] = io.open("/dev/null") until not io.open("/dev/null")
      for left = 0, 12 do
        local response, err = lab:small({})
        if response then break end
        print(err.kind, err.sent, err.message)
        held[#held - left] = held[#held - left]:close() and nil
      end]])
    local start = "ulimit -n 64; BOSA_API_BASE_URL=%s BOSA_API_KEY=%s BOSA_TOKEN=%s %s %s 2>&1"
    local out = command.output_of(start:format(
      sandbox.url, sandbox.key, sandbox.token, os.getenv("BOSA_LUA") or "lua5.4", dir .. "/script.lua"))
    local lines = 0
    for line in out:gmatch("[^\n]+") do
      lines = lines + 1
      assert.matches("^connection\tno\t.*Too many open files", line)
    end
    assert.is_true(lines > 0)
    os.execute("rm -rf " .. dir)
  end)

  it("leave no secret that somebody could guess", function()
    local dir = directory()
    command.write_file(dir .. "/script.lua", [[
      local core, held = require("bosa.core"), {}
      print(core.random():match("^%x+$") ~= nil)
      repeat held[#held + 1] = io.open("/dev/null") until not io.open("/dev/null")
      print(pcall(core.random))]])
    local start = "ulimit -n 64; %s %s 2>&1"
    local out = command.output_of(start:format(os.getenv("BOSA_LUA") or "lua5.4", dir .. "/script.lua"))
    assert.equal("true\nfalse\t/dev/urandom can't be read (no descriptor is left?)\n", out)
    os.execute("rm -rf " .. dir)
  end)
end)

describe("a module that is required again", function()
  --- Takes all of bosa out of package.loaded, and requires it again.
  local function reload()
    for name in pairs(package.loaded) do
      if name == "bosa" or name:find("^bosa%.") then package.loaded[name] = nil end
    end
    return require("bosa")
  end

  it("goes on with what is under way", function()
    local hub = sandbox.hub()
    local lab = hub:connect("lab")
    assert(lab:small({}))
    local call = assert(lab:action("slow"):params({ delay_ms = 200 }):start())
    local task = bosa.async(function() return assert(lab:action("slow"):params({ delay_ms = 100 }):run()).status end)
    local again = reload()
    assert.equal(200, assert(call:wait(10)).status)
    assert.equal(200, task:wait(10))
    local other = again.new({ api_base_url = sandbox.url, api_key = sandbox.key, token = sandbox.token })
    local results, errors = again.all({
      assert(other:connect("lab"):action("small"):params({}):start()), assert(lab:action("small"):params({}):start()),
    })
    assert.is_nil(next(errors))
    assert.equal(2, #results)
    assert.equal(getmetatable(hub), getmetatable(other))
    hub:close()
    other:close()
  end)

  it("has the same hooks, errors and files", function()
    local seen = 0
    local hub = sandbox.hub()
    hub:before(function() seen = seen + 1 end)
    reload()
    assert(hub:run("lab", "small", {}))
    assert.equal(1, seen)
    local result = hub:call_tool("lab__small", "{}")
    assert.is_false(result.is_error)
    hub:close()
  end)
end)
