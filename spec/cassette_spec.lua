--- Cassettes: what the server responded is recorded in a file, and replayed from it without a server.
local bosa = require("bosa")
local command = require("spec.support.command")
local server = require("spec.support.server")
local testing = require("bosa.testing")
local raised = require("spec.support.raised")

local sandbox, dir

setup(function()
  sandbox = server.start()
  dir = sandbox.directory()
end)
teardown(function() sandbox.stop() end)

describe("a cassette", function()
  local number = 0
  local path

  before_each(function()
    number = number + 1
    path = dir .. "/" .. number .. ".json"
  end)

  --- A hub that records at the sandbox, and its cassette.
  local function record(options, hub_options)
    options = options or {}
    options.mode = "record"
    local cassette = assert(testing.cassette(path, options))
    local all = { api_base_url = sandbox.url, api_key = sandbox.key, token = sandbox.token }
    for name, value in pairs(hub_options or {}) do all[name] = value end
    return cassette:hub(all), cassette
  end

  local function replay(hub_options)
    local cassette = assert(testing.cassette(path, { mode = "replay" }))
    return cassette:hub(hub_options), cassette
  end

  --- Records what fn(hub) does, then replays it without a server; what it returned both times.
  local function both(fn, hub_options)
    local hub, cassette = record(nil, hub_options)
    local recorded = fn(hub)
    assert(cassette:close())
    local before = sandbox.stats().requests
    hub, cassette = replay()
    local replayed = fn(hub)
    cassette:assert_all_used()
    assert.equal(0, sandbox.stats().requests - before)
    return recorded, replayed
  end

  it("answers from the file what the server answered", function()
    local function session(hub)
      local response = assert(hub:run("github", "list_issues", { owner = "lua", repo = "lua", limit = 2 }))
      local made = assert(hub:run("github", "create_issue", { owner = "lua", repo = "lua", title = "new" }))
      local titles = {}
      for item in assert(hub:run("lab", "list_pages", { total = 45 })):items() do titles[#titles + 1] = item.name end
      return {
        response.data, response:get_meta(), made.data, titles, response.headers["content-type"], response.reference_id,
      }
    end
    local recorded, replayed = both(session)
    assert.equal(45, #recorded[4])
    assert.same(recorded, replayed)
  end)

  it("keeps errors, of the server and of the way to it", function()
    local function session(hub)
      local _, server_error = hub:run("lab", "fault", { status = 503, retry_after = 7, message = "down" })
      local _, unknown = hub:run("lab", "no_such_action")
      local _, lost = hub:run("lab", "fault", { connection = "reset" })
      local kept = {}
      for i, err in ipairs({ server_error, unknown, lost }) do
        kept[i] = { err.kind, err.status, err.message, err.retry_after, err.code, err.sent, err.reference_id }
      end
      return kept
    end
    local recorded, replayed = both(session)
    assert.same({ "server", "unknown_action", "connection" }, { recorded[1][1], recorded[2][1], recorded[3][1] })
    assert.same(recorded, replayed)
  end)

  it("keeps files up and down, forms, and integers of any size", function()
    local bytes = {}
    for i = 0, 255 do bytes[i + 1] = string.char(i) end
    bytes = table.concat(bytes)
    local function session(hub)
      local down = assert(hub:run("lab", "download", { bytes = 600, filename = "a b.bin" })).data
      local up = assert(hub:run("lab", "upload", { file = bosa.file({ file = bytes, filename = "x.bin" }) })).data
      local form = assert(hub:run("lab", "echo_form", { text = "ä & ö", tags = { "x", "y" }, flag = false })).data
      local numbers = assert(hub:run("lab", "integers")).data
      return { down.file, down.filename, up, form.raw, tostring(numbers.huge), tostring(numbers.highest),
        tostring(numbers.unsigned) }
    end
    local recorded, replayed = both(session)
    assert.equal(600, #recorded[1])
    assert.same(recorded, replayed)
  end)

  it("keeps what several attempts and redirects took", function()
    local function session(hub)
      local params = { key = "cassette", status = 503, times = 2, retry_after = 0 }
      return { assert(hub:run("lab", "fault", params, { max_attempts = 3 })).attempts }
    end
    local recorded, replayed = both(session)
    assert.same({ 3 }, recorded)
    assert.same({ 3 }, replayed)
  end)

  it("never holds a secret, wherever one turned up", function()
    local hub, cassette = record({ secrets = { "my-own-secret" } })
    local lab = hub:connect("lab")
    assert(lab:echo({ text = "key " .. sandbox.key .. " token " .. sandbox.token .. " my-own-secret" }))
    assert(lab:echo_form({ text = sandbox.key, file = bosa.file({ file = "\0" .. sandbox.token .. "\255" }) }))
    assert(lab:echo_form({ text = sandbox.key .. "&x" }))
    assert(lab:echo({
      object = { password = "p4ssw0rd-1", nested = { api_key = "a-key-of-mine" }, token = { "t-1-2-3-4" } },
    }))
    local user = assert(hub:create_bosa_user("ada"))
    local token = assert(hub:authenticate_bosa_user("ada", user.secret))
    assert(hub:run("lab", "echo", { text = "later: " .. user.secret .. " " .. token.token }))
    assert(hub:run("lab", "echo", {}, { token = token.token }))
    hub:initiate_plugin_configuration("github", nil, { site = "plugin-configuration-value" })
    assert(cassette:save())
    local text = command.read_file(path)
    for _, secret in ipairs({
      sandbox.key, sandbox.token, "my-own-secret", "p4ssw0rd-1", "a-key-of-mine", "t-1-2-3-4", user.secret,
      user.secret:sub(-8), token.token, "plugin-configuration-value",
    }) do
      assert.is_nil(text:find(secret, 1, true), "the cassette holds " .. secret)
    end
    for base64 in text:gmatch('"base64": "([^"]*)"') do
      assert.is_nil(require("bosa.testing.body").decode64(base64):find(sandbox.token, 1, true))
    end
    assert.is_nil(text:lower():find("cookie", 1, true))
    assert.truthy(text:find("[secret]", 1, true))
    assert.equal("600", command.output_of("stat -c %a " .. path):match("%d+"))
    -- with other secrets, or none, the same session is found again
    local again = replay({ api_key = "another-key-12345" })
    assert(again:connect("lab"):echo({ text = "key another-key-12345 token x my-own-secret" }))
    assert.equal("string", type(assert(again:create_bosa_user("ada")).secret))
    assert.equal("string", type(assert(again:authenticate_bosa_user("ada", "a-secret-of-today")).token))
  end)

  it("knows a secret by its name, as text, number or in text of JSON's", function()
    local hub, cassette = record()
    local names = {
      "api_secret", "client_api_key", "X-Auth-Token", "dbPassword", "aws_secret_access_key", "pin", "otp",
      "webhook-secret", "smtp.password",
    }
    local object, texts = {}, {}
    for i, name in ipairs(names) do
      object[name] = i % 2 == 0 and 1234567000 + i or "hidden-" .. i .. '-"quoted\\'
      texts[i] = bosa.json.encode({ [name] = "shut-" .. i .. '-"quoted\\', other = { [name] = 7654321000 + i } })
    end
    object.page_token, object.next_token, object.token_type = "kept-page", "kept-next", "kept-type"
    object.secret = { a = "hidden-below", n = 1234567999, deeper = { b = "hidden-deeper" } }
    object.urls = {
      "https://ada:hidden-password@a.test/x", "ssh://kept-user@c.test",
      "https://b.test/f?sig=hidden-sig&X-Amz-Signature=hidden%2Bamz&part=kept-part",
    }
    object.list = bosa.array({ { api_secret = bosa.array({ 5550001112223, "hidden-list" }) } })
    local lab = hub:connect("lab")
    assert(lab:echo({ object = object, text = table.concat(texts, " ") }))
    assert(lab:echo({ text = bosa.json.encode({ within = texts[1] }) .. " later: 1234567002" }))
    assert(cassette:close())
    local text = command.read_file(path)
    for _, secret in ipairs({ "hidden", "shut", "quoted", "12345670", "76543210", "5550001112223" }) do
      assert.is_nil(text:find(secret, 1, true), "the cassette holds " .. secret)
    end
    for _, kept in ipairs({ "kept-page", "kept-next", "kept-type", "kept-part", "kept-user" }) do
      assert.truthy(text:find(kept, 1, true), kept)
    end
    local again = assert(testing.cassette(path, { mode = "replay" })):hub()
    assert(again:connect("lab"):echo({ object = object, text = table.concat(texts, " ") }))
  end)

  it("doesn't take schemas' names for secrets", function()
    local function session(hub) return assert(hub:connect("github"):get_action_parameters("list_issues")) end
    local recorded, replayed = both(session)
    assert.same(recorded, replayed)
    assert.is_nil(command.read_file(path):find("[secret]", 1, true))
  end)

  it("is text that compares well: the same session makes the same file", function()
    local function session()
      local hub, cassette = record()
      assert(hub:run("lab", "echo", { number = 1, text = "a", object = { x = 1, y = { 1, 2 } } }))
      assert(cassette:close())
      return (command.read_file(path):gsub('"x%-request%-id": "[^"]*"', ""):gsub('"value": "127[^"]*"', ""))
    end
    assert.equal(session(), session())
  end)

  it("gives what was asked twice in the order of the recording", function()
    local hub, cassette = record()
    local count = { key = "twice" }
    assert(hub:run("lab", "count", count))
    assert(hub:run("lab", "small", { key = "twice" }))
    assert(hub:run("lab", "count", count))
    assert(cassette:close())
    hub = replay()
    assert.equal(0, assert(hub:run("lab", "count", count)).data.count)
    assert.equal(1, assert(hub:run("lab", "count", count)).data.count)
    local _, err = hub:run("lab", "count", count)
    assert.equal("protocol", err.kind)
    assert.matches("used already", err.message)
    assert.equal("no", err.sent)
  end)

  it("answers parallel calls", function()
    local function session(hub)
      local calls = {}
      for i = 1, 10 do calls[i] = hub:connect("lab"):action("echo"):params({ number = i }):start() end
      local results, errors = bosa.all(calls)
      assert.is_nil(next(errors))
      local numbers = {}
      for i = 1, 10 do numbers[i] = results[i].data.body.number end
      return numbers
    end
    local recorded, replayed = both(session)
    assert.same({ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, recorded)
    assert.same(recorded, replayed)
  end)

  it("says what is nearest to a request that was not recorded", function()
    local hub, cassette = record()
    assert(hub:run("lab", "echo", { text = "a", object = { x = { 1, 2 } } }))
    assert(cassette:close())
    hub, cassette = replay()
    local _, err = hub:run("lab", "echo", { text = "a", object = { x = { 1, 3 } } })
    assert.equal("protocol", err.kind)
    assert.truthy(err.message:find(path, 1, true))
    local expected = "POST /connectors/lab/echo; nearest is exchange 2: the body.object.x[2] is 2 there and 3 here"
    assert.truthy(err.message:find(expected, 1, true), err.message)
    _, err = hub:run("lab", "small")
    assert.matches("POST /connectors/lab/small; nearest is exchange 2: POST /connectors/lab/echo", err.message)
    local message = raised(function() cassette:assert_all_used() end)
    assert.matches("cassette_spec.lua:%d+: .*never asked for 2: POST /connectors/lab/echo", message)
    assert.same({ "2: POST /connectors/lab/echo" }, cassette:unused())
  end)

  it("records where there is none yet, replays where there is one, and does as $BOSA_CASSETTE says", function()
    local cassette = assert(testing.cassette(path))
    assert.is_true(cassette.recording)
    assert.matches("recording", tostring(cassette))
    local hub = cassette:hub({ api_base_url = sandbox.url, api_key = sandbox.key, token = sandbox.token })
    assert(hub:run("lab", "small"))
    assert(cassette:close())
    assert(cassette:close())
    local _, err = hub:run("lab", "small") -- nothing is sent that is not recorded
    assert.equal("no", err.sent)
    assert.matches("closed", err.message)
    assert.is_false(assert(testing.cassette(path)).recording)
    local script = dir .. "/mode.lua"
    command.write_file(script, 'print(tostring(assert(require("bosa.testing").cassette(arg[1]))))')
    local line = ("BOSA_CASSETTE=record %s %s %s"):format(os.getenv("BOSA_LUA"), script, path)
    assert.matches("recording", command.output_of(line))
    command.write_file(script, 'print(require("bosa.testing").cassette(arg[1]))')
    line = ("BOSA_CASSETTE=sometimes %s %s %s"):format(os.getenv("BOSA_LUA"), script, path)
    assert.matches("^nil\tBOSA_CASSETTE: auto, record or replay expected, got `sometimes`", command.output_of(line))
  end)

  it("keeps the paths behind a base URL's own", function()
    local function transport(request)
      assert.matches("^https://api%.example/v1/connectors/", request.url)
      return { status = 200, headers = { ["Content-Type"] = "application/json" }, body = request.method == "GET"
        and '{"c":{"a":{"method":"POST","path":"/connectors/c/a","parameters":{}}}}' or '{"data":1}' }
    end
    local hub, cassette = record(nil, { api_base_url = "https://api.example/v1/", transport = transport })
    assert.equal(1, assert(hub:run("c", "a")).data)
    assert(cassette:close())
    assert.equal(1, assert(replay():run("c", "a")).data)
    assert.equal(1, assert(replay({ api_base_url = "https://other.example/v2" }):run("c", "a")).data)
  end)

  it("that is missing or broken is an error", function()
    local none, err = testing.cassette(path, { mode = "replay" })
    assert.is_nil(none)
    assert.equal("file", err.kind)
    for _, text in ipairs({ "", "{", "[]", '{"bosa_cassette":2,"exchanges":[]}', '{"bosa_cassette":1,"exchanges":[{}]}',
      '{"bosa_cassette":1,"exchanges":[{"request":{"method":"GET","path":"/"}}]}' }) do
      command.write_file(path, text)
      none, err = testing.cassette(path)
      assert.is_nil(none)
      assert.equal("protocol", err.kind)
      assert.truthy(err.message:find(path, 1, true))
    end
    command.write_file(path, '{"bosa_cassette":1,"exchanges":[]}')
    assert.matches("it is empty", tostring(select(2, replay():run("lab", "small"))))
  end)

  it("that is there but can't be read is not recorded anew", function()
    local there = path .. ".directory"
    os.execute("mkdir " .. there)
    for _, case in ipairs({
      { there, "auto", "Is a directory" }, { there, "replay", "Is a directory" },
      { "/dev/zero", "auto", "too large" },
    }) do
      local none, err = testing.cassette(case[1], { mode = case[2] })
      assert.is_nil(none)
      assert.equal("file", err.kind)
      assert.matches("can't read the cassette " .. case[1], err.message, 1, true)
      assert.matches(case[3], err.message, 1, true)
    end
  end)

  it("with an exchange of another shape is refused when it is opened", function()
    local exchange = '{"bosa_cassette":1,"exchanges":[{"request":{"method":"POST","path":"/"%s},%s}]}'
    local shapes = {
      { "", '"reply":{"status":200.5}' }, { "", '"reply":{"status":1e300}' }, { "", '"reply":{"status":-1}' },
      { "", '"reply":{"status":200,"headers":"x"}' }, { "", '"reply":{"status":200,"headers":null}' },
      { "", '"error":{}' }, { "", '"error":{"kind":"timeout","message":7}' },
      { ',"parts":[1]', '"reply":{"status":200}' }, { ',"parts":"x"', '"reply":{"status":200}' },
    }
    for _, shape in ipairs(shapes) do
      command.write_file(path, exchange:format(shape[1], shape[2]))
      local none, err = testing.cassette(path)
      assert.is_nil(none)
      assert.equal("protocol", err.kind)
      assert.matches("exchange 1 is malformed", err.message, 1, true)
    end
  end)

  it("has a mark of a secret stand for any text, however many there are", function()
    local match = require("bosa.testing.match")
    local function fits(recorded, given) return match.difference({ text = recorded }, { text = given }) == nil end
    local mark = "[secret]"
    assert.is_true(fits(mark, ""))
    assert.is_true(fits("a" .. mark .. "b", "ab"))
    assert.is_true(fits("a" .. mark .. "bb" .. mark .. "c", "a%bb.*bbc"))
    assert.is_true(fits("a" .. mark .. mark, "a\0"))
    for _, given in ipairs({ "", "a", "b", "aab ", " ab" }) do assert.is_false(fits("a" .. mark .. "b", given)) end
    assert.is_false(fits("ab" .. mark .. "ba", "aba"))
    assert.is_false(fits(mark .. "a" .. mark .. "a", "a"))
    assert.is_true(fits((mark .. "x"):rep(1000), ("yx"):rep(1000)))
    assert.is_false(fits((mark .. "x"):rep(40) .. "y", ("x"):rep(10000)))
  end)

  it("that can't be written is an error, and leaves what was there", function()
    local cassette, err = testing.cassette("/proc/none/at/all.json") -- before a server is asked
    assert.is_nil(cassette)
    assert.equal("file", err.kind)
    local gone = path .. ".d"
    assert(os.execute("mkdir " .. gone))
    cassette = assert(testing.cassette(gone .. "/x.json", { mode = "record" }))
    assert.equal("", command.output_of("ls -A " .. gone))
    os.execute("rmdir " .. gone)
    local ok
    ok, err = cassette:close()
    assert.is_nil(ok)
    assert.equal("file", err.kind)
  end)

  it("is used and closed by testing.use", function()
    local hub_options = { api_base_url = sandbox.url, api_key = sandbox.key, token = sandbox.token }
    testing.use(path, { mode = "record", hub = hub_options }, function(hub) assert(hub:run("lab", "small")) end)
    local ran = false
    testing.use(path, function(hub, cassette)
      ran = true
      assert.is_false(cassette.recording)
      assert(hub:run("lab", "small"))
    end)
    assert.is_true(ran)
    assert.matches("never asked for", raised(function() testing.use(path, function() end) end))
    assert.matches("my own", raised(function() testing.use(path, function() error("my own") end) end))
  end)
end)
