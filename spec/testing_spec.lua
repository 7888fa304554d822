--- The kit for users' own tests: stubs that the real core stands in front of. Cassettes are in cassette_spec.lua.
local bosa = require("bosa")
local command = require("spec.support.command")
local server = require("spec.support.server")
local snapshot = require("bosa.snapshot")
local testing = require("bosa.testing")
local raised = require("spec.support.raised")

local sandbox, schemas, dir

setup(function()
  sandbox = server.start()
  local hub = bosa.new({ api_base_url = sandbox.url, api_key = sandbox.key })
  schemas = assert(bosa.json.decode(assert(snapshot.take(hub, { "github", "lab" }))))
  dir = sandbox.directory()
end)
teardown(function() sandbox.stop() end)

describe("testing.hub", function()
  local where = { owner = "lua", repo = "lua" }

  it("answers by functions, which get the parameters as they were sent", function()
    local hub, stub = testing.hub({
      schemas = schemas,
      stubs = {
        github = {
          list_issues = function(params, request)
            assert.equal("list_issues", request.action)
            assert.equal("github", request.connector)
            return { { number = 1, title = params.repo } }, { total = 1, has_next = false }
          end,
        },
      },
    })
    local response = assert(hub:run("github", "list_issues", where))
    assert.equal(1, #response)
    assert.equal("lua", response[1].title)
    assert.same({ total = 1, has_next = false }, response:get_meta())
    assert.equal(200, response.status)
    local calls = stub:calls("github", "list_issues")
    assert.equal(1, #calls)
    assert.equal("lua", calls[1].owner)
    assert.same({}, stub:calls("github", "create_issue"))
    assert.same({}, stub:calls("nothing", "at_all"))
    stub:reset()
    assert.same({}, stub:calls("github", "list_issues"))
  end)

  it("checks parameters as ever, and asks no stub when they are wrong", function()
    local hub, stub = testing.hub({ schemas = schemas, stubs = { github = { list_issues = {} } } })
    local response, err = hub:run("github", "list_issues", { owner = "lua" })
    assert.is_nil(response)
    assert.equal("params", err.kind)
    assert.matches("repo", err.message)
    assert.equal("params", select(2, hub:connect("github"):action("list_issues"):params({ owner = 5 }):validate()).kind)
    assert.equal("unknown_action", select(2, hub:run("github", "list_isues")).kind)
    assert.same({}, stub:calls("github", "list_issues"))
  end)

  it("takes schemas as a path, too, and none at all", function()
    local path = dir .. "/schemas.json"
    command.write_file(path, assert(bosa.json.encode(schemas)))
    local hub = testing.hub({ schemas = path, stubs = { lab = { small = { ok = 1 } } } })
    assert.same({ ok = 1 }, assert(hub:run("lab", "small")).data)
    local free, stub = testing.hub({ stubs = { any = { thing = { ok = 2 } } } })
    assert.same({ ok = 2 }, assert(free:run("any", "thing", { a = { b = { 1, 2 } } })).data)
    assert.same({ { a = { b = { 1, 2 } } } }, stub:calls("any", "thing"))
    assert.same({ "any" }, assert(free:get_available_modules()))
    local none, err = testing.hub({ schemas = "/proc/none/at/all" })
    assert.is_nil(none)
    assert.equal("file", err.kind)
  end)

  it("gives data of every form", function()
    local answers = {
      text = "text", number = 5, truth = true, null = bosa.null, object = { a = { b = 1 } }, list = { 1, 2 },
    }
    local hub = testing.hub({ stubs = { any = answers } })
    for name, value in pairs(answers) do assert.same(value, assert(hub:run("any", name)).data) end
    assert.is_true(assert(hub:run("any", "list")):is_list())
  end)

  it("takes an empty table for a list, unless the schema has an object there", function()
    local own = { c = {} }
    for _, kind in ipairs({ "object", "array" }) do
      own.c[kind] = {
        method = "POST", path = "/c/" .. kind, parameters = {},
        response = { type = "object", properties = { data = { type = kind } } },
      }
    end
    local hub = testing.hub({ schemas = own, stubs = { c = { object = {}, array = {} }, free = { empty = {} } } })
    assert.is_false(assert(hub:run("c", "object")):is_list())
    assert.is_true(assert(hub:run("c", "array")):is_list())
    assert.is_true(assert(hub:run("free", "empty")):is_list())
    for _ in assert(hub:run("free", "empty")):items() do error("there is none") end
  end)

  for style, options in pairs({ number = {}, cursor = { cursor = "cursor" } }) do
    it("gives pages by " .. style, function()
      options.size = 3
      local list = { 1, 2, 3, 4, 5, 6, 7 }
      local hub, stub = testing.hub({ stubs = { any = { list = testing.pages(list, options) } } })
      local seen = {}
      for item in assert(hub:run("any", "list")):items() do seen[#seen + 1] = item end
      assert.same(list, seen)
      assert.equal(3, #stub:calls("any", "list"))
      local first = assert(hub:run("any", "list"))
      assert.is_false(first:has_prev())
      local second = assert(first:next_page())
      assert.equal(4, second[1])
      assert.equal(1, assert(second:prev_page())[1])
      local last = assert(second:next_page())
      assert.equal(1, #last)
      assert.is_nil(last:next_page())
      assert.equal(7, #assert(hub:run("any", "list", { limit = 10 })))
      assert.equal(3, #assert(first:get_all_items()))
    end)
  end

  it("gives files, and takes them", function()
    local hub, stub = testing.hub({
      schemas = schemas,
      stubs = {
        lab = {
          download = bosa.file({ file = "by\0tes", filename = "a.bin", content_type = "image/png" }),
          echo_form = function() return { ok = true } end,
        },
      },
    })
    local file = assert(hub:run("lab", "download")).data
    assert.equal("by\0tes", file.file)
    assert.equal("a.bin", file.filename)
    assert.equal("image/png", file.content_type)
    assert(hub:run("lab", "echo_form", {
      file = bosa.file({ file = "\0\1\2", filename = "b.bin" }), text = "5", number = 2.5, count = 3, flag = true,
      tags = { "x", "y" }, numbers = { 1, 2 },
    }))
    assert(hub:run("lab", "echo_form", { text = "a & b", tags = { "one" } }))
    assert.same({
      {
        file = { file = "\0\1\2", filename = "b.bin", content_type = "application/octet-stream" }, text = "5",
        number = 2.5, count = 3, flag = true, tags = { "x", "y" }, numbers = { 1, 2 },
      },
      { text = "a & b", tags = { "one" } },
    }, stub:calls("lab", "echo_form"))
  end)

  local kinds = {
    auth = 401, not_found = 404, rate_limit = 429, api = 400, server = 500, connection = false, timeout = false,
    tls = false, protocol = false, file = false, params = false, unknown_connector = false, unknown_action = false,
    cancelled = false, closed = false,
  }
  for kind, status in pairs(kinds) do
    it("gives an error of kind " .. kind .. ", by run and by start", function()
      local hub = testing.hub({
        stubs = {
          any = {
            constant = testing.error({ kind = kind, message = "as told" }),
            returned = function() return nil, { kind = kind, message = "as told" } end,
          },
        },
      })
      for _, action in ipairs({ "constant", "returned" }) do
        local builder = hub:connect("any"):action(action)
        for _, result in ipairs({ { builder:run() }, { builder:start():wait() } }) do
          assert.is_nil(result[1])
          assert.equal(kind, result[2].kind)
          assert.equal(status or nil, result[2].status)
          assert.truthy(result[2].message:find("as told", 1, true))
        end
      end
    end)
  end

  it("gives an error with everything that a server says", function()
    local hub = testing.hub({
      stubs = {
        any = {
          down = testing.error({
            status = 503, message = "closed for today", code = "down", retry_after = 120, reference_id = "ref-1",
          }),
          odd = testing.error({ kind = "params", status = 422, message = "no", details = { { message = "x" } } }),
          forbidden = testing.error({ status = 403 }),
          word = function() return nil, "just text" end,
        },
      },
    })
    local _, err = hub:run("any", "down")
    assert.equal("server", err.kind)
    assert.equal(503, err.status)
    assert.equal("down", err.code)
    assert.equal(120, err.retry_after)
    assert.equal("ref-1", err.reference_id)
    _, err = hub:run("any", "odd")
    assert.equal("params", err.kind)
    assert.equal(422, err.status)
    assert.same({ { message = "x" } }, err.details)
    assert.equal("auth", select(2, hub:run("any", "forbidden")).kind)
    _, err = hub:run("any", "word")
    assert.equal("server", err.kind)
    assert.matches("just text", err.message)
  end)

  it("lets the hub try again", function()
    local count = 0
    local hub, stub = testing.hub({
      max_attempts = 3,
      stubs = {
        any = {
          flaky = function()
            count = count + 1
            if count < 3 then return nil, { kind = "rate_limit", retry_after = 0 } end
            return "made it"
          end,
        },
      },
    })
    assert.equal(3, assert(hub:run("any", "flaky")).attempts)
    assert.equal(3, #stub:calls("any", "flaky"))
  end)

  it("tells of what is missing or broken in the stubs", function()
    local hub, stub = testing.hub({
      schemas = schemas,
      stubs = {
        lab = {
          small = function() error("broken", 0) end,
          echo = function() return { f = print } end,
        },
      },
    })
    local _, err = hub:run("lab", "small")
    assert.equal("lab.small: the stub of lab.small raised: broken", tostring(err))
    assert.matches("can't be JSON", tostring(select(2, hub:run("lab", "echo"))))
    assert.matches("no stub of lab.slow", tostring(select(2, hub:run("lab", "slow", { delay_ms = 1 }))))
    assert.equal("unknown_connector", select(2, hub:run("other", "thing")).kind)
    assert.matches("no stub of GET /users/me", tostring(select(2, hub:get_user_info())))
    stub:set("lab", "small", { now = "mended" })
    assert.same({ now = "mended" }, assert(hub:run("lab", "small")).data)
    assert.matches("testing_spec.lua:%d+: .*no such action", raised(function() stub:set("lab", "smal", 1) end))
  end)

  it("answers what is no action by its route", function()
    local hub = testing.hub({
      routes = {
        ["GET /users/me"] = { id = "1", identifier = "me", integrations = bosa.array({}) },
        ["POST /users"] = function(body) return { identifier = body.identifier, secret = "sk-user-1" } end,
        ["GET /connectors/github/integration-exists"] = function() return nil, { kind = "auth" } end,
      },
    })
    assert.equal("me", assert(hub:get_user_info()).identifier)
    assert.equal("ada", assert(hub:create_bosa_user("ada")).identifier)
    assert.equal("auth", select(2, hub:user_has_integration("github")).kind)
  end)

  it("is an error where the schemas are malformed", function()
    for _, malformed in ipairs({ { github = 5 }, { github = { "list_issues" } } }) do
      local hub, err = testing.hub({ schemas = malformed })
      assert.is_nil(hub)
      assert.equal("protocol", err.kind)
      assert.matches("the snapshot's `github` is no JSON object of actions", err.message)
    end
  end)

  it("raises misuse at the caller's line", function()
    local cases = {
      { function() testing.hub({ stubs = 5 }) end, "stubs: table expected" },
      { function() testing.hub("x") end, "settings: table expected" },
      { function() testing.hub({ stubs = { github = 5 } }) end, "stubs.github: table of actions expected" },
      { function() testing.hub({ schemas = schemas, stubs = { lab = { smal = 1 } } }) end, "have no action `smal`" },
      { function() testing.hub({ transport = print }) end, "transport: use `stubs`" },
      { function() testing.hub({ snapshot = "x" }) end, "snapshot: use `schemas`" },
      { function() testing.hub({ max_atempts = 2 }) end, "did you mean `max_attempts`" },
      { function() testing.error(5) end, "error: table expected" },
      { function() testing.pages("x") end, "list: table expected" },
      { function() testing.pages({}, { size = 0 }) end, "option `size`: a whole number, 1 or more" },
      { function() testing.pages({}, { cursor = 5 }) end, "option `cursor`: string expected" },
      { function() testing.cassette(5) end, "path: string expected" },
      { function() testing.cassette("x", { mode = "play" }) end, "mode: auto, record or replay" },
      { function() testing.cassette("x", { mod = "play" }) end, "unknown option `mod`; did you mean `mode`?" },
      { function() testing.cassette("x", 5) end, "options: table expected" },
      { function() testing.use("x", {}, 5) end, "a function expected" },
    }
    for _, case in ipairs(cases) do
      local message = raised(case[1])
      assert.truthy(message:find(case[2], 1, true), message)
      assert.matches("testing_spec.lua:%d+: ", message)
    end
  end)
end)
