--- What no program should do, and some do: it ends in a clear error, loses nothing, and what comes next works.
local bosa = require("bosa")
local core = require("bosa.core")
local server = require("spec.support.server")

local sandbox, hub, lab

setup(function()
  sandbox = server.start()
  hub = sandbox.hub()
  lab = hub:connect("lab")
end)
teardown(function() sandbox.stop() end)

local function new(options)
  options.api_base_url, options.api_key, options.token = sandbox.url, sandbox.key, sandbox.token
  return bosa.new(options)
end

local function works() assert.equal(200, assert(lab:small({})).status) end
after_each(works)

describe("a method", function()
  it("called on what is no object of its class raises, whichever it is", function()
    local response = assert(lab:small({}))
    local file = bosa.file({ file = "x" })
    local strangers = { hub, lab, lab:action("small"), response, file, io.stdout, {}, 5, "x", false }
    for class, metatable in pairs(core.classes) do
      for name, method in pairs(metatable.methods or {}) do
        for _, stranger in ipairs(strangers) do
          if getmetatable(stranger) ~= metatable then
            local ok, why = pcall(method, stranger)
            local said = type(why) == "string" and why or tostring(why)
            assert.is_false(ok, class .. "." .. name .. " took " .. tostring(stranger))
            assert.is_nil(said:find("attempt to", 1, true), class .. "." .. name .. ": " .. said)
          end
        end
        assert.is_false((pcall(method)), class .. "." .. name .. " took nothing")
      end
    end
  end)

  it("that keeps Lua values takes no userdata of another library", function()
    local tried = 0
    for class, metatable in pairs(core.classes) do
      for _, name in ipairs({ "_keep", "_kept" }) do
        local method = metatable.methods[name]
        if method then
          tried = tried + 1
          local ok, why = pcall(method, io.stdout, "hub", 1)
          assert.is_false(ok, class .. "." .. name .. " took a file of Lua's")
          assert.matches("bad argument #1", why, 1, true)
        end
      end
    end
    assert.is_true(tried > 0)
  end)

  it("takes no userdata that only begins as ours does", function()
    -- memory that another library has not filled still holds what was there before
    local made = { hub = bosa.new({ api_base_url = sandbox.url, api_key = sandbox.key }) }
    made.connector = made.hub:connect("lab")
    made.action = made.connector:action("small")
    made.file = bosa.file({ file = "x" })
    for class, object in pairs(made) do
      local metatable = debug.getmetatable(object)
      debug.setmetatable(object, { __name = "another library's" })
      for name, method in pairs(metatable.methods) do
        local ok, why = pcall(method, object)
        assert.is_false(ok, class .. "." .. name .. " took it")
        assert.matches("expected", tostring(why), 1, true)
      end
      if class == "file" then
        local _, err = lab:action("upload"):params({ file = object }):validate()
        assert.matches("userdata", err.message, 1, true)
      end
      debug.setmetatable(object, metatable)
    end
  end)

  it("works from a finalizer, also of a closing state", function()
    local lua = os.getenv("BOSA_LUA")
    local script = ([[
      local bosa = require("bosa")
      local hub = bosa.new({ api_base_url = "%s", api_key = "%s", token = "%s" })
      local lab = hub:connect("lab")
      local keep = newproxy and newproxy(true) or setmetatable({}, {})
      local metatable = getmetatable(keep)
      metatable.__gc = function()
        local response, err = lab:small({})
        print(response and response.status or tostring(err))
        print(pcall(hub.close, hub))
      end
      if not newproxy then setmetatable(keep, metatable) end
      if arg[1] == "now" then keep = nil collectgarbage() collectgarbage() end
    ]]):format(sandbox.url, sandbox.key, sandbox.token)
    local path = os.tmpname()
    local f = assert(io.open(path, "w"))
    f:write(script)
    f:close()
    for _, when in ipairs({ "now", "later" }) do
      local process = io.popen(("%s %s %s 2>&1; echo exit $?"):format(lua, path, when))
      local text = process:read("*a")
      process:close()
      assert.matches("exit 0\n$", text)
      assert.matches("true", text)
      if when == "now" then assert.matches("200", text) end
    end
    os.remove(path)
  end)

  it("from a finalizer that runs meanwhile takes nothing from under another", function()
    local restore = require("spec.support.collector").never_rests()
    local forgetful = new({})
    local connector = forgetful:connect("lab")
    local function litter(act)
      for _ = 1, 3 do
        local proxy = newproxy and newproxy(true) or setmetatable({}, { __gc = act })
        if newproxy then getmetatable(proxy).__gc = act end
      end
    end
    for _ = 1, 20 do
      assert(forgetful:get_connector("lab"))
      litter(function() forgetful:refresh_connector("lab") end)
      local entry = connector:_describe("keywords")
      if entry then assert.equal("POST", entry.method) end
      assert(forgetful:get_connector("lab"))
      litter(function() forgetful:refresh_connector("lab") end)
      for _, name in ipairs(connector:_actions() or {}) do assert.matches("^[%w_/-]+$", name) end
    end
    for _ = 1, 50 do
      local closing = new({})
      local action = closing:connect("lab"):action("echo"):params({ text = ("x"):rep(1000), list = { {}, {}, {} } })
      litter(function() closing:close() end)
      local call, err = action:_call()
      assert.is_true(call ~= nil or err.kind == "closed")
      call, err = closing:_fetch("lab")
      assert.is_true(call ~= nil or err.kind == "closed")
    end
    restore()
  end)

  it("of an object that was finalized first answers or raises", function()
    local script = ([[
      local bosa = require("bosa")
      local hub = bosa.new({ api_base_url = "%s", api_key = "%s", token = "%s" })
      local lab = hub:connect("lab")
      local held = {}
      local function use()
        for _, object in ipairs(held) do
          local names = { "status", "data", "size", "file", "reference_id", 1 }
          for name in pairs(getmetatable(object).methods) do names[#names + 1] = name end
          for _, name in ipairs(names) do
            pcall(function() return tostring(object) .. tostring(object[name]) end)
            pcall(function() return #object, object[name](object, "x") end)
            pcall(function() return object[name](object, object) end)
          end
        end
        print("used", #held)
      end
      keep = newproxy and newproxy(true) or setmetatable({}, { __gc = use }) -- older than all that it uses
      if newproxy then getmetatable(keep).__gc = use end
      held[1] = assert(lab:small({}))
      held[2] = assert(lab:download({ bytes = 10, filename = "x" })).data
      held[3] = assert(lab:action("small"):params({}):start())
      held[4] = hub:connect("lab")
      held[5] = held[4]:action("small")
      held[6] = bosa.file({ file = "x" })
      held[7] = hub
      held[3]:wait()
    ]]):format(sandbox.url, sandbox.key, sandbox.token)
    local path = os.tmpname()
    local f = assert(io.open(path, "w"))
    f:write(script)
    f:close()
    local process = io.popen(("cd %s && %s %s 2>&1; echo exit $?"):format("/tmp", os.getenv("BOSA_LUA"), path))
    local text = process:read("*a")
    process:close()
    os.remove(path)
    assert.matches("used\t7\nexit 0\n$", text)
  end)
end)

describe("Ctrl-C", function()
  it("ends a program that waits for an answer", function()
    local path = os.tmpname()
    local f = assert(io.open(path, "w"))
    f:write(([[
      local bosa = require("bosa")
      local hub = bosa.new({ api_base_url = "%s", api_key = "%s", token = "%s", timeout = false })
      print(pcall(hub.run, hub, "lab", "slow", { delay_ms = 600000, key = "interrupted" }))
    ]]):format(sandbox.url, sandbox.key, sandbox.token))
    f:close()
    local process = io.popen(("timeout --foreground -s KILL 60 sh -c 'echo $$; exec %s %s' 2>&1"):format(
      os.getenv("BOSA_LUA"), path))
    local pid = process:read("*l")
    repeat until assert(lab:count({ key = "interrupted" })).data.count == 1
    local function state()
      local stat = io.open("/proc/" .. pid .. "/stat")
      return stat and stat:read("*a"):match("%) (%a)") or "S"
    end
    repeat until state() == "S" -- it waits, and is not on the way there
    os.execute("kill -INT " .. pid)
    local text = process:read("*a")
    process:close()
    os.remove(path)
    assert.matches("^false\t.*interrupted!\n$", text)
  end)
end)

describe("in a callback,", function()
  it("on_event may call, raise and close", function()
    local calls, other = 0, nil
    other = new({
      on_event = function(event)
        if event.type ~= "response" or calls > 3 then return end
        calls = calls + 1
        works()
        if calls == 2 then error("on_event has had enough") end
        if calls == 3 then other:close() end
      end,
    })
    local results = {}
    for i = 1, 5 do results[i] = { other:run("lab", "small", {}) } end
    assert.equal(3, calls)
    assert.equal(200, results[1][1].status)
    assert.equal("closed", results[5][2].kind)
  end)

  it("on_progress may call, raise and close", function()
    local other = new({})
    local function download(fn)
      return other:connect("lab"):action("download"):params({ bytes = 500000 }):output(function() end)
        :on_progress(fn):run()
    end
    assert(download(works))
    local _, err = download(function() error("on_progress has had enough") end)
    assert.equal("cancelled", err.kind)
    assert.matches("has had enough", tostring(err))
    _, err = download(function() other:close() end)
    assert.equal("closed", err.kind)
  end)

  it("output may call, and close", function()
    local other = new({})
    local function download(fn)
      return other:connect("lab"):action("download"):params({ bytes = 500000 }):output(fn):run()
    end
    assert(download(works))
    local _, err = download(function() other:close() end)
    assert.equal("closed", err.kind)
  end)

  it("read may call, raise, close and give nonsense", function()
    local other = new({})
    local function upload(fn)
      return other:run("lab", "upload", { file = bosa.file({ filename = "x", read = fn }) })
    end
    local pieces = 0
    assert(upload(function()
      works()
      pieces = pieces + 1
      return pieces < 4 and "piece" or nil
    end))
    for _, nonsense in ipairs({ 5, {}, true, print }) do
      local _, err = upload(function() return nonsense end)
      assert.equal("file", err.kind)
    end
    local _, err = upload(function() error({}) end)
    assert.equal("file", err.kind)
    _, err = upload(function() other:close() end)
    assert.equal("closed", err.kind)
  end)

  it("on_done may raise, start and cancel", function()
    local first = assert(lab:action("small"):params({}):start())
    local seen
    first:on_done(function() error("on_done has had enough") end)
    first:on_done(function()
      local second = assert(lab:action("slow"):params({ delay_ms = 1000 }):start())
      second:cancel()
      seen = select(2, second:wait()).kind
    end)
    assert(first:wait())
    assert.equal("cancelled", seen)
  end)
end)

describe("a coroutine", function()
  it("that is dropped while it waits takes nothing with it", function()
    local call = assert(lab:action("slow"):params({ delay_ms = 50 }):start())
    for _ = 1, 10 do
      local co = coroutine.create(function()
        bosa.async(function() return call:wait() end)
        coroutine.yield()
      end)
      assert(coroutine.resume(co))
    end
    collectgarbage()
    collectgarbage()
    assert.equal(200, assert(call:wait()).status)
  end)

  it("that is a cancelled task's is not resumed", function()
    local after = false
    local task = bosa.async(function()
      lab:slow({ delay_ms = 30 })
      after = true
    end)
    task:cancel()
    assert.equal("cancelled", select(2, task:wait()).kind)
    assert(lab:slow({ delay_ms = 60 }))
    assert.is_false(after)
  end)

  it("may raise an error of any type", function()
    for _, value in ipairs({ "text", 5, {}, false }) do
      local _, err = bosa.async(function() error(value, 0) end):wait()
      assert.equal(value, err)
    end
  end)
end)

describe("a table", function()
  local function refused(value, word)
    local text, err = bosa.json.encode(value)
    assert.is_nil(text)
    assert.equal("params", err.kind)
    assert.matches(word, tostring(err))
    local response, call_err = lab:echo({ object = { x = value } })
    assert.is_nil(response)
    assert.equal("params", call_err.kind)
    assert.equal("no", call_err.sent)
  end

  it("within itself, or nested without end, is refused", function()
    local loop = {}
    loop.loop = { loop }
    refused(loop, "nested too deep")
    local deep = {}
    for _ = 1, 100000 do deep = { deep } end
    refused(deep, "nested too deep")
  end)

  it("with holes, or keys that no JSON has, is refused", function()
    refused({ 1, 2, nil, 4, [7] = 1 }, "not a sequence: index 3 is nil")
    local _, err = bosa.json.encode({ a = bosa.array({ 1, nil, 3 }) })
    assert.equal("`a`: not a sequence: index 2 is nil", err.message)
    refused({ 1, 2, x = 3 }, "a list must have no other keys")
    refused({ [{}] = 1 }, "keys must be strings")
    refused({ [true] = 1 }, "keys must be strings")
    refused({ [0.5] = 1 }, "list or have names")
    refused({ [2 ^ 53] = 1 }, "list or have names")
  end)

  it("with values that no JSON has is refused, each by its path", function()
    for _, value in ipairs({ 0 / 0, 1 / 0, -1 / 0, print, coroutine.create(print), io.stdout, lab }) do
      local _, err = bosa.json.encode({ a = { 1, value } })
      assert.equal("params", err.kind)
      assert.matches("a[2]", tostring(err), 1, true)
    end
    refused("\255", "UTF%-8")
    refused({ ["\255"] = 1 }, "UTF%-8")
  end)

  it("is read raw: metamethods that raise or lie are not asked", function()
    local function never() error("asked") end
    local sly = setmetatable({ text = "raw" }, { __index = never, __pairs = never, __len = never, __tostring = never })
    assert.equal("raw", assert(lab:echo(sly)).data.body.text)
    assert.equal('{"text":"raw"}', bosa.json.encode(sly))
  end)

  it("of great size is sent whole", function()
    local list = {}
    for i = 1, 100000 do list[i] = i end
    local back = assert(lab:echo({ list = list })).data.body.list
    assert.equal(100000, #back)
    assert.equal(100000, back[100000])
  end)
end)

describe("a number", function()
  it("as a string is refused where a number belongs, and so are numbers that aren't", function()
    for _, value in ipairs({ "50", "0x32", "", 0 / 0, 1 / 0, 1.5, -1 }) do
      local response, err = lab:slow({ delay_ms = value })
      assert.is_nil(response)
      assert.equal("params", err.kind)
    end
    assert.equal(200, assert(lab:slow({ delay_ms = 1.0 })).status)
  end)

  it("is refused where an option wants another", function()
    for _, value in ipairs({ 0, -1, 0 / 0, -1 / 0, "5", {} }) do
      assert.is_false((pcall(function() lab:action("small"):timeout(value) end)), tostring(value))
      assert.is_false((pcall(function() lab:action("small"):deadline(value) end)), tostring(value))
    end
  end)
end)

describe("a file to send", function()
  it("says what it is", function()
    local path = os.tmpname()
    local f = assert(io.open(path, "w"))
    f:write("12345")
    f:close()
    local from_disk = bosa.file({ path = path, content_type = "text/x-test", headers = { ["X-Part"] = "p" } })
    assert.same({ 5, "text/x-test", "p" }, { from_disk.size, from_disk.content_type, from_disk.headers["X-Part"] })
    os.remove(path)
    assert.is_nil(from_disk.size)
    local bytes = bosa.file({ file = "abc", filename = "a.txt" })
    assert.same({ 3, "a.txt", "abc" }, { bytes.size, bytes.filename, bytes.file })
    assert.equal(7, bosa.file({ read = function() end, size = 7 }).size)
    assert.is_nil(bosa.file({ read = function() end }).size)
  end)

  it("can't be saved or read: it never came", function()
    local file = bosa.file({ file = "abc" })
    for _, result in ipairs({ { file:save("/tmp/never") }, { file:save_in("/tmp") } }) do
      assert.is_nil(result[1])
      assert.equal("file", result[2].kind)
    end
    assert.is_false((pcall(function() for _ in file:chunks() do error("read") end end)))
  end)

  it("is refused where its options make no sense", function()
    local mistakes = {
      {}, { path = "a", file = "b" }, { file = 5 }, { file = "x", headers = { 1 } },
      { file = "x", headers = { a = 1 } },
      { file = "x", headers = { ["a\r\nb"] = "c" } }, { file = "x", filename = "a\0b" }, { read = "x" },
      { file = "x", content_type = "a\nb" }, { file = "x", unknown = 1 }, { read = function() end, size = -1 },
    }
    for i, options in ipairs(mistakes) do
      assert.is_false((pcall(bosa.file, options)), "mistake " .. i)
    end
  end)
end)
