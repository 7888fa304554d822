--- Snapshots: taken from a server, used without one, compared; by the library and by the command.
local bosa = require("bosa")
local changes = require("bosa.changes")
local command = require("spec.support.command")
local server = require("spec.support.server")
local snapshot = require("bosa.snapshot")

local NOWHERE = "http://127.0.0.1:1"

local sandbox, path, text

setup(function()
  sandbox = server.start()
  local hub = sandbox.hub()
  text = assert(snapshot.take(hub, { "github", "lab" }))
  path = os.tmpname()
  command.write_file(path, text)
  hub:close()
end)
teardown(function()
  os.remove(path)
  sandbox.stop()
end)

describe("a snapshot", function()
  it("is JSON with a version, a date and the connectors, the same each time but for the date", function()
    local hub = bosa.new({ api_base_url = sandbox.url, api_key = sandbox.key })
    local value = assert(bosa.json.decode(text))
    assert.equal(1, value.bosa_snapshot)
    assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$", value.taken)
    assert.equal("/connectors/lab/echo", value.connectors.lab.echo.path)
    local function undated(json) return (json:gsub('"taken": "[^"]*"', "")) end
    assert.equal(undated(text), undated(assert(snapshot.take(hub, { "lab", "github" }))))
    assert.matches("\n$", text)
  end)

  it("holds all connectors of the server when none is named", function()
    local hub = bosa.new({ api_base_url = sandbox.url, api_key = sandbox.key })
    local connectors = assert(snapshot.read(assert(bosa.json.decode(assert(snapshot.take(hub))))))
    for _, name in ipairs(hub:get_available_modules()) do assert.equal("table", type(connectors[name]), name) end
  end)

  it("of what is none raises at the caller's line", function()
    local hub = sandbox.hub()
    for expected, wrong in pairs({
      ["bad argument #1 to 'take' (bosa.hub expected, got string)"] = function() snapshot.take("x") end,
      ["bad argument #2 to 'take' (table expected, got string)"] = function() snapshot.take(hub, "lab") end,
      ["bad argument #2 to 'take' (string expected, got number)"] = function() snapshot.take(hub, { 5 }) end,
      ["bad argument #1 to 'read' (path or table expected, got number)"] = function() snapshot.read(5) end,
    }) do
      local ok, message = pcall(wrong)
      assert.is_false(ok)
      assert.matches("snapshot_spec.lua:%d+: ", message)
      assert.matches(expected, message, 1, true)
    end
  end)

  it("of what the server doesn't have is its error", function()
    local hub = bosa.new({ api_base_url = sandbox.url, api_key = sandbox.key })
    local taken, err = snapshot.take(hub, { "lab", "nothing" })
    assert.is_nil(taken)
    assert.equal("unknown_connector", err.kind)
  end)
end)

describe("a hub with a snapshot", function()
  it("lists, helps and validates without a server", function()
    local hub = assert(bosa.new({ api_base_url = NOWHERE, snapshot = path }))
    assert.same({ "github", "lab" }, assert(hub:get_available_modules()))
    local github = assert(hub:get_connector("github"))
    assert.is_true(#assert(github:get_actions()) > 5)
    assert.matches("owner  string, required", assert(github:help("list_issues")))
    assert.is_true(github:action("list_issues"):params({ owner = "lua", repo = "lua" }):validate())
    local ok, err = github:action("list_issues"):params({ owner = "lua" }):validate()
    assert.is_nil(ok)
    assert.equal("params", err.kind)
    ok, err = github:action("list_isues"):validate()
    assert.is_nil(ok)
    assert.equal("unknown_action", err.kind)
    assert.matches("list_issues", err.message)
  end)

  it("takes a table too, in either form", function()
    local value = assert(bosa.json.decode(text))
    for _, form in ipairs({ value, value.connectors }) do
      local hub = assert(bosa.new({ api_base_url = NOWHERE, snapshot = form }))
      assert.is_true(hub:connect("lab"):action("echo"):params({ text = "x" }):validate())
    end
  end)

  it("has the same schemas as the server's, number for number", function()
    local hub = assert(bosa.new({ api_base_url = NOWHERE, snapshot = path }))
    local live = bosa.new({ api_base_url = sandbox.url, api_key = sandbox.key })
    for _, name in ipairs({ "github", "lab" }) do
      for _, action in ipairs(assert(live:connect(name):get_actions())) do
        assert.same(live:connect(name):get_action_parameters(action.name),
          hub:connect(name):get_action_parameters(action.name))
      end
    end
  end)

  it("never asks the server for them, however old, and whatever is missing", function()
    local asked = {}
    local hub = assert(bosa.new({
      api_base_url = NOWHERE,
      snapshot = path,
      cache_ttl = 1,
      transport = function(request)
        asked[#asked + 1] = request.method .. " " .. request.url:match("%d(/.*)$")
        return { status = 404, headers = { ["Content-Type"] = "application/json" }, body = '{"detail":"Not Found"}' }
      end,
    }))
    assert.equal("unknown_action", select(2, hub:run("lab", "no_such_action")).kind)
    assert.equal("not_found", select(2, hub:run("lab", "small")).kind)
    assert.same({ "POST /connectors/lab/small" }, asked)
    assert.equal("not_found", select(2, hub:run("other", "thing")).kind)
    assert.equal("GET /connectors/?modules=other", asked[2])
  end)

  it("runs its actions, and fetches other connectors as ever", function()
    local hub = assert(bosa.new({
      api_base_url = sandbox.url, api_key = sandbox.key, token = sandbox.token, snapshot = path,
    }))
    local before = sandbox.stats().requests
    assert.equal(200, assert(hub:run("lab", "small")).status)
    assert.equal(1, sandbox.stats().requests - before)
    assert.is_true(#assert(hub:connect("google_mail"):get_actions()) > 0)
    assert.is_true(#assert(hub:get_available_modules()) > 2)
  end)

  it("asks anew for a connector that is refreshed", function()
    local hub = assert(bosa.new({ api_base_url = NOWHERE, snapshot = path }))
    assert.is_true(hub:refresh_connector("github"))
    assert.equal("connection", select(2, hub:connect("github"):get_actions()).kind)
    assert.is_true(#assert(hub:connect("lab"):get_actions()) > 0)
    assert.same({ "lab" }, assert(hub:get_available_modules()))
  end)

  it("can't be made of a file without an end", function()
    local none, err = bosa.new({ api_base_url = "http://127.0.0.1:1", snapshot = "/dev/zero" })
    assert.is_nil(none)
    assert.equal("file", err.kind)
    assert.matches("can't read the snapshot: /dev/zero: too large", err.message, 1, true)
  end)

  it("can't be made of what is missing or makes no sense", function()
    local function refused(source)
      local hub, err = bosa.new({ snapshot = source })
      assert.is_nil(hub)
      return err
    end
    assert.equal("file", refused("/proc/none/snapshot.json").kind)
    assert.matches("/proc/none/snapshot.json", tostring(refused("/proc/none/snapshot.json")), 1, true)
    assert.equal("file", refused("/").kind)
    assert.equal("protocol", refused({ github = 5 }).kind)
    assert.equal("protocol", refused({ bosa_snapshot = 7, connectors = {} }).kind)
    assert.equal("protocol", refused({ github = { f = function() end } }).kind)
    local broken = os.tmpname()
    command.write_file(broken, text:sub(1, 100))
    assert.equal("protocol", refused(broken).kind)
    os.remove(broken)
    assert.has_error(function() bosa.new({ snapshot = 5 }) end)
  end)
end)

--- A connector with one action that has these properties, and an answer with those.
local function one(properties, required, answer)
  return {
    c = {
      act = {
        method = "POST",
        path = "/connectors/c/act",
        parameters = {
          request = {
            schema = {
              type = "object", properties = bosa.object(properties), required = bosa.array(required or {}),
            },
          },
        },
        response = { type = "object", properties = bosa.object(answer or {}) },
      },
    },
  }
end

--- The changes as "change name" words, those that break with a "!" before.
local function found(old, new)
  local words = {}
  for i, change in ipairs(assert(changes.find(old, new))) do
    words[i] = (change.breaking and "!" or "") .. change.change .. " " .. (change.parameter or change.field or "-")
    assert.equal("string", type(change.text))
  end
  return words
end

describe("changes.find", function()
  local text_type, number = { type = "string" }, { type = "number" }

  it("finds none between the same", function()
    assert.same({}, found(assert(snapshot.read(path)), assert(snapshot.read(path))))
  end)

  local cases = {
    { "an optional parameter added", one({}), one({ a = text_type }), { "parameter added a" } },
    { "a required one added", one({}), one({ a = text_type }, { "a" }), { "!parameter added a" } },
    { "one removed", one({ a = text_type }), one({}), { "!parameter removed a" } },
    { "one made required", one({ a = text_type }), one({ a = text_type }, { "a" }), { "!required a" } },
    { "one made optional", one({ a = text_type }, { "a" }), one({ a = text_type }), { "optional a" } },
    { "another type", one({ a = text_type }), one({ a = number }), { "!type a" } },
    { "a wider type", one({ a = text_type }), one({ a = { anyOf = { text_type, number } } }), { "type a" } },
    { "integers that became numbers", one({ a = { type = "integer" } }), one({ a = number }), { "type a" } },
    {
      "values added and removed", one({ a = { enum = { "x", "y" } } }), one({ a = { enum = { "y", "z" } } }),
      { "enum added a", "!enum removed a" },
    },
    { "values that are prescribed now", one({ a = text_type }), one({ a = { type = "string", enum = { "x" } } }),
      { "!enum introduced a" } },
    { "values that no longer are", one({ a = { type = "string", enum = { "x" } } }), one({ a = text_type }),
      { "enum dropped a" } },
    { "another default", one({ a = { type = "integer", default = 1 } }), one({ a = { type = "integer", default = 2 } }),
      { "default a" } },
    {
      "a nested parameter", one({ o = { type = "object", properties = { x = text_type } } }),
      one({ o = { type = "object", properties = { y = text_type } } }),
      { "!parameter removed o.x", "parameter added o.y" },
    },
    { "an object as a whole", one({ o = { type = "object", properties = { x = text_type } } }), one({}),
      { "!parameter removed o" } },
    { "a limit", one({ a = { type = "integer", maximum = 9 } }), one({ a = { type = "integer", maximum = 5 } }),
      { "schema -" } },
    { "words alone", one({ a = { type = "string", title = "A", description = "old" } }), one({ a = text_type }), {} },
    { "fields of an answer", one({}, {}, { a = text_type, b = text_type }), one({}, {}, { b = number, c = text_type }),
      { "!field removed a", "!field type b", "field added c" } },
  }
  for _, case in ipairs(cases) do
    it("names " .. case[1], function() assert.same(case[4], found(case[2], case[3])) end)
  end

  it("names actions and connectors that came and went", function()
    local old, new = one({}), one({})
    new.c.more = new.c.act
    assert.same({ "action added -" }, found(old, new))
    assert.same({ "!action removed -" }, found(new, old))
    assert.same({ "connector added -", "!connector removed -" }, found({ d = old.c }, { a = old.c }))
  end)
end)

describe("bosa snapshot", function()
  local bosa_command

  setup(function() bosa_command = command.new(sandbox) end)
  teardown(function() bosa_command:close() end)

  local function write(name, value)
    local where = bosa_command.dir .. "/" .. name
    command.write_file(where, assert(bosa.json.encode(value)))
    return where
  end

  it("writes what bosa.new loads, to a pipe or a file", function()
    local out, err, code = bosa_command:run({ "snapshot", "lab" })
    assert.equal("", err)
    assert.equal(0, code)
    local file = bosa_command.dir .. "/lab.json"
    assert.equal(0, select(3, bosa_command:run({ "snapshot", "lab", "-o", file })))
    local function undated(json) return (json:gsub('"taken": "[^"]*"', "")) end
    assert.equal(undated(out), undated(command.read_file(file)))
    local hub = assert(bosa.new({ api_base_url = NOWHERE, snapshot = file }))
    assert.is_true(hub:connect("lab"):action("small"):validate())
  end)

  it("needs no key, and asks the server however fresh its cache is", function()
    assert.equal(0, select(3, bosa_command:run({ "actions", "lab" })))
    local before = sandbox.stats().requests
    assert.equal(0, select(3, bosa_command:run({ "snapshot", "lab" }, { env = { BOSA_API_KEY = false } })))
    assert.equal(1, sandbox.stats().requests - before)
  end)

  it("--diff says nothing and ends with 0 where nothing has changed", function()
    local out, err, code = bosa_command:run({ "snapshot", "--diff", path })
    assert.equal("", out)
    assert.equal("", err)
    assert.equal(0, code)
    assert.equal(0, select(3, bosa_command:run({ "snapshot", "--diff", path, path })))
  end)

  it("--diff names what has changed, a line each, and ends with 1", function()
    local old = write("old.json", one({ a = { type = "string" }, b = { type = "string" } }))
    local new = write("new.json", one({ a = { type = "string" } }, { "a" }))
    local out, err, code = bosa_command:run({ "snapshot", "--diff", old, new })
    assert.equal("breaking\tc.act\tparameter a is required now\nbreaking\tc.act\tparameter b was removed\n", out)
    assert.equal("", err)
    assert.equal(1, code)
  end)

  it("--breaking leaves out the rest, --json is for programs", function()
    local old, new = write("old.json", one({})), write("new.json", one({ a = { type = "string" } }))
    local out, _, code = bosa_command:run({ "snapshot", "--diff", old, new, "--breaking" })
    assert.equal("", out)
    assert.equal(0, code)
    out, _, code = bosa_command:run({ "snapshot", "--diff", old, new, "--json" })
    assert.equal(1, code)
    assert.same({
      { connector = "c", action = "act", parameter = "a", change = "parameter added", breaking = false,
        text = "parameter a (string) was added" },
    }, bosa.json.decode(out))
  end)

  it("--diff compares with the server where no second file is named", function()
    local value = assert(snapshot.read(path))
    value.lab.gone = value.lab.echo
    value.lab.small = nil
    local out, _, code = bosa_command:run({ "snapshot", "lab", "--diff", write("old.json", value) })
    assert.equal("breaking\tlab.gone\tthe action was removed\n\tlab.small\tthe action was added\n", out)
    assert.equal(1, code)
    out, _, code = bosa_command:run({ "snapshot", "--diff", write("old.json", { nothing = value.lab }), "live" })
    assert.equal("breaking\tnothing\tthe connector was removed\n", out)
    assert.equal(1, code)
  end)

  it("shows a table on a terminal", function()
    local old, new = write("old.json", one({ a = { type = "string" } })), write("new.json", one({}))
    local screen, code = bosa_command:on_terminal({ "snapshot", "--diff", old, new })
    screen = screen:gsub("\27%[%d+m", "")
    assert.matches("Action%s+Change", screen)
    assert.matches("breaking%s+c%.act%s+parameter a was removed", screen)
    assert.equal(1, code)
    screen, code = bosa_command:on_terminal({ "snapshot", "--diff", old, old })
    assert.matches("^nothing has changed for callers\n$", screen)
    assert.equal(0, code)
  end)

  local mistakes = {
    { { "snapshot", "nothing" }, 4, "nothing" },
    { { "snapshot", "--diff", "/proc/none/old.json" }, 4, "/proc/none/old.json" },
    { { "snapshot", "--diff", "/dev/null", "/dev/null" }, 4, "snapshot /dev/null" },
    { { "snapshot", "--diff" }, 4, "diff" },
    { { "snapshot", "lab", "--breaking" }, 4, "--diff" },
    { { "snapshot", "lab", "-o", "/proc/none/at/all" }, 1, "/proc/none/at/all" },
    { { "snapshot", "lab", "--api-url", NOWHERE }, 5, "cannot connect" },
  }
  for _, case in ipairs(mistakes) do
    it("has one line for " .. table.concat(case[1], " "), function()
      local out, err, code = bosa_command:run(case[1])
      assert.equal("", out)
      assert.equal(case[2], code)
      assert.matches("^bosa[^\n]*\n$", err)
      assert.truthy(err:find(case[3], 1, true), err)
    end)
  end

  it("knows only the connectors that the old snapshot has", function()
    local _, err, code = bosa_command:run({ "snapshot", "nothing", "--diff", path })
    assert.equal(4, code)
    assert.matches("^bosa: [^\n]*has no connector `nothing`\n$", err)
  end)
end)
