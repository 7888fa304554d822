--- Watching: what is given, once and not again; what is remembered; what ends it. `wait` stands for the time between
-- rounds, so none passes. Waiting under each host is in watch_hosts_spec.lua.
local bosa = require("bosa")
local command = require("spec.support.command")
local directory = require("spec.support.directory")
local server = require("spec.support.server")

local SCHEMAS = '{"made":{"run":{"method":"POST","path":"/connectors/made/run","parameters":{"request":{"schema":'
  .. '{"type":"object","properties":{"page":{"type":"integer"},"of":{"type":"string"},"list":{"type":"array"},'
  .. '"response_fields":{"type":"array"}}}}},"response":{"type":"any"}},'
  .. '"other":{"method":"POST","path":"/connectors/made/other","parameters":{}}}}'

local dir
before_each(function() dir = directory() end)
after_each(function() os.execute("rm -rf " .. dir) end)

local function reply(status, body, headers)
  headers = headers or {}
  headers["Content-Type"] = "application/json"
  return { status = status, headers = headers, body = body }
end

--- A server whose pages are JSON texts of items: `made.pages` is what a round finds; a number there is a status.
local function made_server(options)
  local made = { pages = { "" }, requests = 0, bodies = {} }
  options = options or {}
  options.api_base_url = "http://127.0.0.1:1"
  function options.transport(request)
    if request.method == "GET" then return reply(200, SCHEMAS) end
    made.requests = made.requests + 1
    made.bodies[#made.bodies + 1] = request.body
    local number = tonumber(request.body:match('"page":(%d+)')) or 1
    local page = made.pages[number]
    if type(page) == "table" then return reply(page[1], page[2] or "{}", page[3]) end
    return reply(200, ('{"data":[%s],"meta":{"page":%d,"has_next":%s}}'):format(page, number,
      tostring(made.pages[number + 1] ~= nil)))
  end
  made.hub = bosa.new(options)
  made.action = made.hub:connect("made"):action("run")
  return made
end

--- Items of ids, as the server writes them.
local function ids(...)
  local list = {}
  for i, id in ipairs({ ... }) do list[i] = ('{"id":%s}'):format(tostring(id)) end
  return table.concat(list, ",")
end

--- What a watch gives in rounds between which `rounds[i]()` runs; ends behind them. Items are separated by spaces,
-- rounds by "|".
local function given(action, options, rounds, show)
  local words, done = {}, 0
  options.wait = options.wait or function()
    words[#words + 1] = "|"
    done = done + 1
    if not rounds or not rounds[done] then return false end
    rounds[done]()
  end
  for item in action:watch(options) do words[#words + 1] = (show or function(i) return tostring(i.id) end)(item) end
  return table.concat(words, " ")
end

--- The error that a watch ends with.
local function failure(action, options)
  options.wait = options.wait or function() return false end
  local ok, err = pcall(function()
    for _ in action:watch(options) do end
  end)
  assert.is_false(ok, "it did not fail")
  return err
end

describe("a watch", function()
  it("gives what is there, and then only what is new", function()
    local made = made_server()
    made.pages = { ids(3, 2, 1) }
    assert.equal("3 2 1 | 5 4 | | 6 |", given(made.action, {}, {
      function() made.pages = { ids(5, 4, 3, 2) } end,
      function() made.pages = { ids(5, 4, 3) } end,
      function() made.pages = { ids(1, 6, 2) } end,
    }))
    assert.equal(4, made.requests)
  end)

  it("reads every page, up to max_pages", function()
    local made = made_server()
    made.pages = { ids(1, 2), ids(3, 2), "", ids(4) }
    assert.equal("1 2 3 4 | 5 |", given(made.action, {}, {
      function() made.pages[4] = ids(4, 5) end,
    }))
    assert.equal("1 2 3 |", given(made.action, { max_pages = 3 }))
    made.requests = 0
    made.pages = {}
    for i = 1, 12 do made.pages[i] = ids(i) end
    assert.equal("1 2 3 4 5 6 7 8 9 10 |", given(made.action, {})) -- the default
    assert.equal(10, made.requests)
  end)

  it("misses none that moves between pages, and gives it once", function()
    local made = made_server()
    made.pages = { ids(1, 2), ids(3, 4) }
    local words = {}
    for item in made.action:watch({ wait = function() return false end }) do
      words[#words + 1] = item.id
      if item.id == 2 then made.pages = { ids(9, 1), ids(2, 3), ids(4) } end -- a new one pushes the others on
    end
    assert.same({ 1, 2, 3, 4 }, words)
  end)

  it("sees what really comes to a server", function()
    local sandbox = server.start()
    local hub = bosa.new({ api_base_url = sandbox.url, api_key = sandbox.key, token = sandbox.token })
    local github = hub:connect("github")
    local repo = { owner = "lua", repo = "lua" }
    local list = github:action("list_issues"):params(repo):param("limit", 100)
    local function open(title)
      assert(github:create_issue({ owner = "lua", repo = "lua", title = title }))
    end
    local before = 0
    for _ in assert(list:run()):items() do before = before + 1 end
    local words = given(list, { from_now = true }, {
      function() open("first") end,
      function() end,
      function()
        open("second")
        open("third")
      end,
    }, function(item) return item.title end)
    assert.equal("| first | | third second |", words)
    local count = 0
    for _ in list:watch({ wait = function() return false end }) do count = count + 1 end
    assert.equal(before + 3, count)
    hub:close()
    sandbox.stop()
  end)

  it("is of the builder as it was, with its hooks", function()
    local made = made_server()
    made.pages = { ids(1) }
    local params = { of = "a" }
    local action = made.action:params(params):param("page", nil)
    local seen = {}
    action:before(function(request) seen[#seen + 1] = request.params.of end)
    local watch = action:watch({ wait = function() end, max_rounds = 2 })
    params.of = "b"
    action:param("of", "c"):params({ of = "d" })
    assert.equal(1, watch().id)
    assert.is_nil(watch())
    assert.same({ "a", "a" }, seen)
  end)

  it("ends after max_rounds, or when wait says so, and stays at its end", function()
    local made = made_server()
    made.pages = { ids(1) }
    local waits = 0
    local watch = made.action:watch({ max_rounds = 3, wait = function() waits = waits + 1 end })
    assert.equal(1, watch().id)
    assert.is_nil(watch())
    assert.is_nil(watch())
    assert.same({ 3, 2 }, { made.requests, waits })
    assert.equal("1 |", given(made.action, {}))
  end)

  it("waits from the beginning of a round to that of the next", function()
    local made = made_server()
    made.pages = { ids(1) }
    local asked
    for _ in made.action:watch({ every = 1e6, wait = function(seconds)
      asked = seconds
      return false
    end }) do end
    assert.is_true(asked > 1e6 - 60 and asked <= 1e6)
  end)

  it("leaves nothing behind when the loop is left", function()
    local sandbox = server.start()
    local hub = bosa.new({ api_base_url = sandbox.url, api_key = sandbox.key, token = sandbox.token })
    for _ in hub:connect("lab"):action("list_pages"):watch() do break end
    assert.equal(0, hub:_active())
    local held = setmetatable({}, { __mode = "k" })
    do
      local watch = hub:connect("lab"):action("list_pages"):watch()
      assert.equal(1, watch().id)
      held[watch] = true
    end
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(held))
    hub:close()
    sandbox.stop()
  end)
end)

describe("a watch's key", function()
  local BIG, NEXT = "9007199254740993", "9007199254740995"

  it("may be a string, a number of any size, a path", function()
    for _, case in ipairs({
      { "id", '{"id":"a"},{"id":"b"}', '{"id":"b"},{"id":"c"},{"id":"a"}', "a b | c |" },
      { "id", ids(BIG), ids(NEXT, BIG), BIG .. " | " .. NEXT .. " |" },
      { "id", ids(1.5, 2), ids(2, 1.5, 2.5), "1.5 2 | 2.5 |" },
      { "user.id", '{"id":1,"user":{"id":7}}', '{"id":2,"user":{"id":7}},{"id":3,"user":{"id":8}}', "1 | 3 |" },
      { "a.b", '{"id":1,"a.b":"x"}', '{"id":2,"a.b":"x"},{"id":3,"a.b":"y"}', "1 | 3 |" },
    }) do
      local made = made_server()
      made.pages = { case[2] }
      assert.equal(case[4], given(made.action, { key = case[1] }, { function() made.pages = { case[3] } end },
        function(item) return (tostring(item.id):gsub("U?LL$", "")) end), case[1])
    end
  end)

  it("tells large numbers apart as cdata too, and refuses those that are rounded", function()
    if not rawget(_G, "jit") then return end
    local made = made_server({ int64 = "cdata" })
    made.pages = { ids(BIG, NEXT) }
    assert.equal(("%s %s |"):format(BIG, NEXT), given(made.action, {}, nil,
      function(item) return (tostring(item.id):gsub("U?LL$", "")) end))
    made = made_server({ int64 = "number" })
    made.pages = { ids("9007199254740995", "9007199254740996") }
    assert.matches("`id` of an item is a number that is not exact", tostring(failure(made.action, {})), 1, true)
  end)

  it("may be long", function()
    local made = made_server()
    local long = ("x"):rep(5000)
    made.pages = { ('{"id":"%sa"}'):format(long) }
    assert.equal("a | b |", given(made.action, { state = dir .. "/s" }, {
      function() made.pages = { ('{"id":"%sb"},{"id":"%sa"}'):format(long, long) } end,
    }, function(item) return item.id:sub(-1) end))
    assert.is_true(#command.read_file(dir .. "/s") < 1000)
  end)

  it("may be long and of letters of several bytes", function()
    for before = 0, 3 do
      local made = made_server()
      local path, long = dir .. "/letters" .. before, ("x"):rep(before) .. ("\240\159\152\128"):rep(80) .. "\195\169"
      made.pages = { ('{"id":"%sa"}'):format(long) }
      local function again() made.pages = { ('{"id":"%sb"},{"id":"%sa"}'):format(long, long) } end
      local function last(item) return item.id:sub(-1) end
      assert.equal("a | b |", given(made.action, { state = path }, { again }, last))
      assert.equal("", given(made.action, { state = path, max_rounds = 1 }, nil, last):gsub("[| ]", ""))
    end
  end)

  it("that an item lacks ends it, named, before an item of that page is given", function()
    for item, why in pairs({
      ['{"id":1},{"other":2}'] = "an item has no `id`", ["5"] = "an item has no `id`", ["null"] = "an item has no `id`",
      ['{"id":null}'] = "`id` of an item is no key: string or number expected, got null",
      ['{"id":{}}'] = "got table", ['{"id":true}'] = "got boolean",
    }) do
      local made = made_server()
      made.pages = { item }
      local err = failure(made.action, {})
      assert.same({ "params", "made", "run" }, { err.kind, err.connector, err.action })
      assert.matches(why, err.message, 1, true)
    end
  end)
end)

describe("a watch's state", function()
  local path
  before_each(function() path = dir .. "/state.json" end)

  it("lets another run go on, and is private", function()
    local made = made_server()
    made.pages = { ids(3, 2, 1) }
    assert.equal("3 2 1 |", given(made.action, { state = path }))
    assert.matches("^%-rw%-%-%-%-%-%-%-", command.output_of("ls -l " .. path))
    made.pages = { ids(4, 3, 2, 1) }
    assert.equal("4 |", given(made.action, { state = path }))
    assert.equal("|", given(made.action, { state = path }))
    assert.equal("4 3 2 1 |", given(made.action, {})) -- none: it begins anew
    assert.equal("state.json\n", command.output_of("ls -A " .. dir)) -- and no temporary file
  end)

  it("counts an item as handled when the next one is asked for: each comes at least once", function()
    local made = made_server()
    made.pages = { ids(1, 2, 3) }
    for item in made.action:watch({ state = path }) do
      if item.id == 2 then break end
    end
    assert.equal("2 3 |", given(made.action, { state = path }))
    local ok = pcall(function()
      for _ in made.action:watch({ state = dir .. "/other" }) do error("the program dies") end
    end)
    assert.is_false(ok)
    assert.equal("1 2 3 |", given(made.action, { state = dir .. "/other" }))
  end)

  it("grows by a line for each item, and is one document again after the round", function()
    local made = made_server()
    local many = {}
    for i = 1, 500 do many[i] = i end
    made.pages = { ids((table.unpack or unpack)(many)) }
    local link, given_, sizes = dir .. "/link", 0, {}
    for _ in made.action:watch({ state = path, max_rounds = 1 }) do
      given_ = given_ + 1
      if given_ == 3 then os.execute("ln " .. path .. " " .. link) end -- it keeps the file, not the name
      if given_ % 100 == 0 then sizes[#sizes + 1] = #command.read_file(path) end
      if given_ == 500 then assert.equal(command.read_file(path), command.read_file(link)) end
    end
    for i = 3, #sizes do assert.equal(sizes[2] - sizes[1], sizes[i] - sizes[i - 1]) end
    assert.equal(1, select(2, command.read_file(path):gsub("\n", "")))
    assert.equal("|", given(made.action, { state = path }))
  end)

  it("loses no item to a line cut off, a line of another watch, or a file that is gone", function()
    local made = made_server()
    made.pages = { ids(1, 2, 3, 4) }
    local function until_item(id, work)
      for item in made.action:watch({ state = path }) do
        if item.id == id then
          work()
          break
        end
      end
    end
    until_item(4, function() end)
    local text = command.read_file(path)
    assert.equal(4, select(2, text:gsub("\n", "")))
    command.write_file(path, text:sub(1, -5))
    assert.equal("3 4 |", given(made.action, { state = path }))

    os.remove(path)
    until_item(4, function() end)
    command.write_file(path, (text:gsub('("handled":"2","of":")%d', "%1x")))
    assert.equal("2 4 |", given(made.action, { state = path }))

    os.remove(path)
    local watch = made.action:watch({ state = path, max_rounds = 1 })
    assert.same({ 1, 2 }, { watch().id, watch().id })
    os.remove(path)
    assert.equal(3, watch().id)
    assert.equal("3 4 |", given(made.action, { state = path }))
  end)

  it("may have been laid out anew by somebody", function()
    local made = made_server()
    made.pages = { ids(1, 2, 3, 4) }
    assert.equal(1, made.action:watch({ state = path })().id)
    local text = command.read_file(path)
    for _, other in ipairs({ (text:gsub(",", ",\n  ")), (text:gsub("\n$", "")) }) do
      command.write_file(path, other)
      for item in made.action:watch({ state = path }) do
        if item.id == 4 then break end
      end
      assert.equal("4 |", given(made.action, { state = path }))
    end
  end)

  it("is without an item for which again() was called", function()
    local made = made_server()
    made.pages = { ids(1, 2) }
    local words, failing = {}, true
    for item, again in made.action:watch({ state = path, max_rounds = 3, wait = function() end }) do
      words[#words + 1] = item.id
      if item.id == 1 and failing then again() end
      failing = #words < 3
    end
    assert.same({ 1, 2, 1, 1 }, words)
    assert.equal("|", given(made.action, { state = path }))
  end)

  it("is one for other fields, and none for another list", function()
    local made = made_server()
    made.pages = { ids(1) }
    local function watched(of, options)
      options.state = path
      return made.action:params({ of = of, response_fields = options.fields }), options
    end
    local action, options = watched("a", {})
    assert.equal("1 |", given(action, options))
    options.wait, options.key = nil, nil
    assert.equal("|", given(made.action:params({ of = "a", response_fields = { "id" } }), { state = path }))
    made.requests = 0
    for _, case in ipairs({
      { made.action:params({ of = "b" }), {}, "is of a watch with other parameters" },
      { made.action:params({ of = "a" }), { key = "of" }, "the key is `id`, not `of`" },
      { made.action:params({ of = "a" }):account("me"), {}, "other parameters" },
      { made.hub:connect("made"):action("other"), {}, "the action is `run`, not `other`" },
      { made.hub:connect("else"):action("run"), {}, "the connector is `made`, not `else`" },
    }) do
      case[2].state = path
      local err = failure(case[1], case[2])
      assert.same({ "file", "no" }, { err.kind, err.sent })
      assert.matches(case[3], err.message, 1, true)
      assert.matches(path, err.message, 1, true)
    end
    assert.equal(0, made.requests)
  end)

  it("that is damaged, or can't be read or written, ends it before anything is asked", function()
    local made = made_server()
    local good = '{"action":"run","bosa_watch":1,"connector":"made","key":"id","keys":["1"],"parameters":"1"}'
    for text, why in pairs({
      [""] = "damaged", ["{"] = "damaged", ["[]"] = "is no state of a watch", ["5"] = "is no state of a watch",
      ['{"bosa_snapshot":1}'] = "is no state of a watch", ['{"bosa_watch":2}'] = "of another version",
      [(good:gsub('"action":"run",', ""))] = "it has no `action`", [(good:gsub('"keys":%["1"%],', ""))] = "no `keys`",
      [good] = "other parameters", [good:sub(1, -10)] = "damaged", [(good:gsub('%["1"%]', '{"a":"1"}'))] = "no `keys`",
    }) do
      command.write_file(path, text)
      local err = failure(made.action, { state = path })
      assert.equal("file", err.kind)
      assert.matches(why, err.message, 1, true)
      assert.equal(text, command.read_file(path)) -- it is left as it is
    end
    os.execute(("rm %s; mkfifo %s"):format(path, path))
    for _, other in ipairs({ dir, "/dev/null", "/dev/zero", path }) do -- none is waited for, or read
      local err = failure(made.action, { state = other })
      assert.same({ "file", "no" }, { err.kind, err.sent })
      assert.matches(other .. ": not a regular file", err.message, 1, true)
    end
    local err = failure(made.action, { state = dir .. "/none/state" })
    assert.equal("file", err.kind)
    assert.matches(dir .. "/none", tostring(err), 1, true)
    assert.equal(0, made.requests)
  end)

  it("that can't be written any more ends it", function()
    local made = made_server()
    made.pages = { ids(1, 2) }
    local watch = made.action:watch({ state = path })
    assert.equal(1, watch().id)
    os.execute("rm -rf " .. dir)
    local ok, err = pcall(watch)
    assert.is_false(ok)
    assert.equal("file", err.kind)
    ok, err = pcall(watch)
    assert.is_false(ok)
    assert.equal("file", err.kind) -- the same again
  end)

  it("is bounded: of keys that are on no page the oldest go first", function()
    local made = made_server()
    local function stored()
      return table.concat(assert(bosa.json.decode(command.read_file(path))).keys, " ")
    end
    made.pages = { ids(1, 2, 3) }
    assert.equal("1 2 3 | 4 5 | 6 |", given(made.action, { state = path, keep = 4 }, {
      function() made.pages = { ids(1, 4, 5) } end,
      function() made.pages = { ids(1, 6) } end,
    }))
    assert.equal("1 4 5 6", stored())
    made.pages = { ids(1, 2) }
    assert.equal("2 |", given(made.action, { state = path, keep = 2 }))
    assert.equal("1 2", stored())
  end)

  it("refuses to remember less than a round reads", function()
    local made = made_server()
    made.pages = { ids(1, 2), ids(3) }
    local err = failure(made.action, { keep = 2 })
    assert.equal("params", err.kind)
    assert.matches("`keep`", err.message, 1, true)
  end)
end)

describe("from_now", function()
  it("leaves out what is there the first time", function()
    local made, path = made_server(), dir .. "/s"
    made.pages = { ids(1), ids(2) }
    assert.equal("| 3 |", given(made.action, { from_now = true, state = path }, {
      function() made.pages = { ids(3, 1), ids(2) } end,
    }))
    made.pages = { ids(4, 3, 1), ids(2) } -- came while nobody watched
    assert.equal("4 |", given(made.action, { from_now = true, state = path }))
  end)

  it("begins with the first round that succeeds", function()
    local made, path = made_server(), dir .. "/s"
    made.pages = { ids(1), { 503 } }
    assert.equal("| | 4 |", given(made.action, { from_now = true, state = path }, {
      function() made.pages = { ids(1), ids(2, 3) } end,
      function() made.pages = { ids(4, 1), ids(2, 3) } end,
    }))
  end)

  it("takes nothing away from a watch that began without it", function()
    local made, path = made_server(), dir .. "/s"
    made.pages = { ids(1, 2) }
    for _ in made.action:watch({ state = path }) do break end
    assert.equal("1 2 |", given(made.action, { from_now = true, state = path }))
  end)
end)

describe("a round that fails", function()
  it("is told, and the next one comes", function()
    local events, told = {}, {}
    local made = made_server({ on_event = function(event)
      if event.type == "warning" then events[#events + 1] = event end
    end })
    made.pages = { { 503 } }
    assert.equal("| 1 2 | 3 | |", given(made.action, { on_failure = function(err, seconds)
      told[#told + 1] = { err.kind, type(seconds) }
    end }, {
      function() made.pages = { ids(1), ids(2), { 502 } } end, -- what was on its pages is given
      function() made.pages = { ids(1), ids(2), ids(3) } end,
      function() made.pages = { { 200, "{" } } end,
    }))
    assert.same({ { "server", "number" }, { "server", "number" }, { "protocol", "number" } }, told)
    assert.equal(3, #events)
    assert.same({ "server", "made", "run", 503 },
      { events[1].kind, events[1].connector, events[1].action, events[1].status })
    assert.equal("number", type(events[1].seconds))
    assert.matches("a round of the watch failed", events[1].message, 1, true)
  end)

  it("is tried by the retry rules first", function()
    local made = made_server({ retry_budget = false })
    made.pages = { { 503, "{}", { ["Retry-After"] = "0" } } }
    assert.equal("|", given(made.action:max_attempts(3), {}))
    assert.equal(3, made.requests)
  end)

  it("is followed by one as late as the server asks for, within bounds", function()
    for asked, bound in pairs({ ["100"] = { 90, 100 }, ["9999999"] = { 3500, 3600 }, ["5"] = { 50, 60 } }) do
      local made = made_server()
      made.pages = { { 429, "{}", { ["Retry-After"] = asked } } }
      local waited
      for _ in made.action:watch({ every = 60, wait = function(seconds)
        waited = seconds
        return false
      end }) do end
      assert.is_true(waited > bound[1] and waited <= bound[2], ("%s: %s"):format(asked, waited))
    end
  end)

  it("is followed by another where the server says that it may pass", function()
    local may = '{"error":{"message":"busy","recovery":{"retryable":true}}}'
    for status, body in pairs({ [408] = "{}", [425] = "{}", [409] = may, [423] = may }) do
      local made = made_server()
      made.pages = { { status, body } }
      assert.equal("| 1 |", given(made.action, {}, { function() made.pages = { ids(1) } end }), status)
    end
  end)

  it("ends the watch where no later one would go better", function()
    for status, kind in pairs({ [401] = "auth", [403] = "auth", [404] = "not_found", [422] = "api" }) do
      local made = made_server()
      made.pages = { { status, '{"error":{"message":"no"}}' } }
      local err = failure(made.action, {})
      assert.same({ kind, status }, { err.kind, err.status })
    end
    local made = made_server()
    assert.equal("params", failure(made.action:param("none", 1), {}).kind)
    assert.equal("unknown_action", failure(made.hub:connect("made"):action("runn"), {}).kind)
    assert.equal("params", failure(made.hub:connect("made"):action("other"):param("a", 1), {}).kind)
    made.pages = { { 200, '{"data":{"id":1}}' } }
    local err = failure(made.hub:connect("made"):action("run"), {})
    assert.same({ "params", "made", "run" }, { err.kind, err.connector, err.action })
    assert.matches("no list", err.message, 1, true)
    made.hub:close()
    assert.equal("closed", failure(made.hub:connect("made"):action("run"), {}).kind)
  end)

  it("that is the last one raises its error", function()
    local made = made_server()
    made.pages = { { 503 } }
    assert.equal("server", failure(made.action, { max_rounds = 1 }).kind)
    assert.equal("server", failure(made.action, { max_rounds = 2, wait = function() end }).kind)
  end)
end)

describe("the options of a watch", function()
  local action = bosa.new({ api_base_url = "http://127.0.0.1:1" }):connect("made"):action("run")
  for i, case in ipairs({
    { 5, "options: table expected, got number" },
    { { evry = 5 }, "unknown option `evry`" },
    { { every = 0.5 }, "option `every`: seconds from 1 to 1000000000 expected" },
    { { every = 2e9 }, "option `every`: seconds from 1 to 1000000000 expected, got 2000000000" },
    { { every = "60" }, "option `every`" },
    { { every = 0 / 0 }, "option `every`" },
    { { key = "" }, "option `key`: a name expected" },
    { { key = 5 }, "option `key`" },
    { { state = true }, "option `state`: a path expected" },
    { { state = "a\0b" }, "option `state`" },
    { { max_pages = 0 }, "option `max_pages`: a whole number" },
    { { max_pages = 1.5 }, "option `max_pages`" },
    { { max_rounds = "1" }, "option `max_rounds`" },
    { { keep = 1e7 }, "option `keep`" },
    { { from_now = 1 }, "option `from_now`: boolean expected" },
    { { wait = 5 }, "option `wait`: function expected" },
    { { on_failure = {} }, "option `on_failure`: function expected" },
  }) do
    it(("raise at the caller's line (%d): %s"):format(i, case[2]), function()
      local ok, message = pcall(function()
        local watch = action:watch(case[1])
        return watch
      end)
      assert.is_false(ok)
      assert.matches("watch_spec.lua:%d+: ", message)
      assert.matches(case[2], message, 1, true)
    end)
  end
end)
