--- Uploads whose end only they know: `read` functions that have nothing yet, files of unknown size, FIFOs.
local bosa = require("bosa")
local command = require("spec.support.command")
local server = require("spec.support.server")

local sandbox, hub, lab, dir

setup(function()
  sandbox = server.start()
  hub = sandbox.hub()
  lab = hub:connect("lab")
  dir = sandbox.directory()
end)
teardown(function() sandbox.stop() end)

local function path(name) return dir .. "/" .. name end

--- A `read` that gives these pieces, one after the other, then nil.
local function pieces(list)
  local i = 0
  return function()
    i = i + 1
    return list[i]
  end
end

--- The size that the server saw of the only part of an upload, and how the request was framed.
local function sent(file)
  local response = assert(lab:echo_form({ file = file }))
  return response.data.parts[1].size
end

describe("a read function", function()
  it('has nothing yet where it gives "": nil alone is the end', function()
    assert.equal(11, sent(bosa.file({ filename = "f", read = pieces({ "one,", "", "two,", "", "", "six" }) })))
    assert.equal(3, sent(bosa.file({ filename = "f", read = pieces({ "", "", "", "one" }) })))
    assert.equal(0, sent(bosa.file({ filename = "f", read = pieces({}) })))
    assert.equal(0, sent(bosa.file({ filename = "f", read = pieces({ "", "" }) })))
    assert.equal(6, sent(bosa.file({ filename = "f", size = 6, read = pieces({ "abc", "", "def" }) })))
  end)

  it("is asked again and again while it has nothing", function()
    local asked = 0
    assert.equal(4, sent(bosa.file({ filename = "f", read = function()
      asked = asked + 1
      if asked < 50 then return "" end
      return asked == 50 and "last" or nil
    end })))
  end)

  it("that never has anything holds nobody up, and ends with the attempt's time", function()
    local file = bosa.file({ filename = "f", read = function() return "" end })
    local stuck = assert(lab:action("echo_form"):params({ file = file }):timeout(1):start())
    for _ = 1, 3 do assert(lab:small({})) end
    assert.is_false(stuck:done())
    local response, err = stuck:wait()
    assert.is_nil(response)
    assert.equal("timeout", err.kind)
  end)

  it("that fails is an error, and no end", function()
    local reads = {
      [function() return nil, "the disk is gone" end] = "the file's read function failed: the disk is gone",
      [function() error("broken", 0) end] = "the file's read function raised: broken",
      [function() return false end] = "must return a string or nil, not a boolean",
    }
    for read, words in pairs(reads) do
      local response, err = lab:echo_form({ file = bosa.file({ filename = "f", read = read }) })
      assert.is_nil(response)
      assert.equal("file", err.kind)
      assert.matches(words, err.message, 1, true)
    end
  end)

  it("is asked so by a transport of the user's, too", function()
    local body
    local own = sandbox.hub({ timeout = 1,
      transport = function(request)
        if request.method == "GET" then
          return { status = 200, headers = { ["Content-Type"] = "application/json" }, body = [[{"t":{"up":{
            "method":"POST","path":"/connectors/t/up","parameters":{"request":{"schema":{"type":"object","properties":{
            "file":{"type":"string","format":"binary"}}}}}}}}]] }
        end
        body = request.body
        return { status = 200, headers = { ["Content-Type"] = "application/json" }, body = "{}" }
      end })
    local quiet = {}
    for i = 1, 20 do quiet[i] = "" end
    quiet[21] = "the end"
    assert(own:run("t", "up", { file = bosa.file({ filename = "f", read = pieces(quiet) }) }))
    assert.matches("the end", body)
    local response, err = own:run("t", "up", { file = bosa.file({ filename = "f", read = function() return "" end }) })
    assert.is_nil(response)
    assert.equal("timeout", err.kind)
  end)
end)

describe("content that looks like the form around it", function()
  local TRICKY = "\r\n--X\r\n--\r\r\n--X\0Y\r\n-XY\r\n--bosa\r\n\r\n----"

  it("comes byte for byte, in pieces of any size", function()
    for size = 1, #TRICKY do
      local list = {}
      for at = 1, #TRICKY, size do list[#list + 1] = TRICKY:sub(at, at + size - 1) end
      local file = bosa.file({ filename = "f", content_type = "text/x", read = pieces(list) })
      local seen = assert(lab:echo_form({ file = file })).data.parts
      assert.equal(1, #seen)
      assert.equal(#TRICKY, seen[1].size)
      assert.equal("75e6d14629f8f1eb", seen[1].checksum)
      assert.equal("f", seen[1].filename)
      assert.equal("text/x", seen[1].content_type)
    end
  end)

  it("and an empty file beside it stay two", function()
    local files = { bosa.file({ filename = "a", file = "" }), bosa.file({ filename = "b", file = "\r\n" }),
      bosa.file({ filename = "c", file = "" }) }
    local sizes = {}
    for i, part in ipairs(assert(lab:echo_form({ files = files })).data.parts) do sizes[i] = part.size end
    assert.same({ 0, 2, 0 }, sizes)
  end)
end)

describe("a path", function()
  it("whose size stat doesn't know is read to its end", function()
    local file = io.open("/proc/self/status", "rb")
    if not file then return end -- a system without /proc
    file:close()
    local whole = assert(io.open("/proc/version", "rb")):read("*a")
    assert.equal(#whole, sent(bosa.file({ path = "/proc/version" })))
    assert.is_nil(bosa.file({ path = "/proc/version" }).size)
  end)

  it("of an empty file has the size 0", function()
    command.write_file(path("empty"), "")
    assert.equal(0, bosa.file({ path = path("empty") }).size)
    assert.equal(0, sent(bosa.file({ path = path("empty") })))
  end)

  it("of a FIFO is read as it comes", function()
    assert(os.execute("mkfifo " .. path("fifo")))
    local writer = assert(io.popen("cat >" .. path("fifo"), "w"))
    local file = bosa.file({ path = path("fifo") })
    assert.is_nil(file.size)
    local call = assert(lab:action("echo_form"):params({ file = file }):start())
    call:wait(0.01)
    writer:write(("x"):rep(60000)) -- no more than a pipe holds: nobody reads while this process writes
    writer:close()
    assert.equal(60000, assert(call:wait()).data.parts[1].size)
  end)

  it("of a FIFO without a writer holds nobody up, and ends with the attempt's time", function()
    assert(os.execute("mkfifo " .. path("nobody")))
    local file = bosa.file({ path = path("nobody") })
    local stuck = assert(lab:action("echo_form"):params({ file = file }):timeout(1):start())
    for _ = 1, 3 do assert(lab:small({})) end
    assert.is_false(stuck:done())
    local response, err = stuck:wait()
    assert.is_nil(response)
    assert.equal("timeout", err.kind)
  end)

  it("of a pipe is taken by the command", function()
    local cli = command.new(sandbox)
    local words = cli:line({ "run", "lab", "upload", "file@/dev/stdin" })
    local out = command.output_of(("cd %s && printf 12345 | %s"):format(command.quote(command.top), words))
    assert.matches('"size":5', out, 1, true)
    words = cli:line({ "run", "lab", "echo", "--input", path("parameters") })
    assert(os.execute("mkfifo " .. path("parameters")))
    out = command.output_of(("cd %s && { echo '{\"text\":\"by way of a FIFO\"}' >%s & %s; }"):format(
      command.quote(command.top), path("parameters"), words))
    assert.matches("by way of a FIFO", out)
    cli:close()
  end)
end)
