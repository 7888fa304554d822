--- A transport of the user's own: everything reaches it, nothing that it does can hang or crash a call.
local bosa = require("bosa")

local json = { ["Content-Type"] = "application/json" }
local schema = '{"properties":{"file":{"type":"string","format":"binary"}}}'
local discovery = '{"lab":{"up":{"method":"POST","path":"/connectors/lab/up","parameters":{"request":{"schema":'
  .. schema .. '}}},"plain":{"method":"POST","path":"/connectors/lab/plain","parameters":{}}}}'

--- A hub whose actions are answered by `answer(request)`.
local function new(answer)
  return bosa.new({
    api_base_url = "http://127.0.0.1:1",
    transport = function(request)
      if request.method == "GET" then return { status = 200, headers = json, body = discovery } end
      return answer(request)
    end,
  })
end

local ok_reply = { status = 200, headers = json, body = '{"data":1}' }

describe("a transport", function()
  it("gets the whole body of an upload: from memory, from disk, from a read function", function()
    local path = os.tmpname()
    local f = assert(io.open(path, "w"))
    f:write("from disk")
    f:close()
    local given = false
    local files = {
      ["from memory"] = bosa.file({ file = "from memory" }),
      ["from disk"] = bosa.file({ path = path }),
      ["from a function"] = bosa.file({
        read = function()
          if given then return nil end
          given = true
          return "from a function"
        end,
      }),
    }
    for text, file in pairs(files) do
      local seen
      assert(new(function(request)
        seen = request
        return ok_reply
      end):run("lab", "up", { file = file }))
      assert.truthy(seen.body:find("\r\n\r\n" .. text .. "\r\n", 1, true))
      assert.matches("^multipart/form%-data", seen.headers["Content-Type"])
    end
    os.remove(path)
  end)

  it("is not asked when a read function fails", function()
    local asked = false
    local response, err = new(function() asked = true end):run("lab", "up", {
      file = bosa.file({ read = function() error("no more") end }),
    })
    assert.is_nil(response)
    assert.equal("file", err.kind)
    assert.is_false(asked)
  end)

  it("hands a download to `output`, all of it", function()
    local bytes, size = ("x"):rep(3000000), 0
    local hub = new(function() return { status = 200, headers = { ["Content-Type"] = "image/png" }, body = bytes } end)
    assert(hub:connect("lab"):action("plain"):output(function(chunk) size = size + #chunk end):run())
    assert.equal(#bytes, size)
  end)

  local nonsense = {
    ["an unknown kind"] = function() return nil, { kind = "rate_limit", message = "x" } end,
    ["an unknown sent"] = function() return nil, { sent = "dunno", message = "x" } end,
    ["an error without a message"] = function() return nil, { kind = "timeout" } end,
    ["nothing at all"] = function() return nil end,
    ["headers that are no table"] = function() return { status = 200, headers = "x" } end,
    ["a body that is no string"] = function() return { status = 200, body = {} } end,
    ["half a status"] = function() return { status = 200.5 } end,
    ["a status out of range"] = function() return { status = 7 } end,
    ["a raise"] = function() error("broken") end,
    ["a raise without a text"] = function() error(setmetatable({}, { __tostring = function() error("none") end })) end,
    ["a header with a line break"] = function() return { status = 200, headers = { a = "b\r\nc: d" } } end,
  }
  for what, answer in pairs(nonsense) do
    it("that gives " .. what .. " makes an error, by run and by start", function()
      local action = new(answer):connect("lab"):action("plain")
      local response, err = action:run()
      assert.is_nil(response)
      assert.equal("string", type(err.message))
      assert.is_truthy(err.kind == "connection" or err.kind == "protocol" or err.kind == "timeout")
      assert.not_matches("^table: ", tostring(err))
      local told
      local call = assert(action:start()):on_done(function(_, why) told = why.kind end)
      call:wait(10)
      assert.equal(err.kind, told)
    end)
  end

  it("whose caller is cancelled while schemas are fetched doesn't spoil the next call", function()
    local task = require("bosa.task")
    local hub = bosa.new({
      api_base_url = "http://127.0.0.1:1",
      transport = function(request)
        task.sleep(0.01)
        if request.method == "GET" then return { status = 200, headers = json, body = discovery } end
        return ok_reply
      end,
    })
    assert(hub:connect("lab"):action("plain"):start()):cancel()
    assert.equal(200, assert(hub:run("lab", "plain")).status)
  end)

  it("tells on_done also of a call that was done at once", function()
    local told
    local call = assert(new(function() return ok_reply end):connect("lab"):action("plain"):start())
    call:on_done(function(response) told = response.status end)
    assert.equal(200, told)
  end)
end)

describe("a fetch of schemas that could not begin", function()
  it("fails who asked, and leaves nothing behind for who asks next", function()
    local broken = true
    local function nothing() end
    require("bosa.loop").add_host({
      name = "broken",
      running = function() return broken end,
      detach = function() error("not enough memory", 0) end,
      watch = nothing,
      unwatch = nothing,
      arm = nothing,
      defer = nothing,
      report = nothing,
    })
    local hub = new(function() return ok_reply end)
    local response, err = hub:run("lab", "plain")
    broken = false
    assert.is_nil(response)
    assert.equal("connection", err.kind)
    assert.equal("no", err.sent)
    assert.matches("not enough memory", err.message)
    assert.equal(1, assert(hub:run("lab", "plain")).data)
  end)
end)
