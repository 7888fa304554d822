local bosa = require("bosa")
local server = require("spec.support.server")

local sandbox, hub, lab, drive
local dir -- a directory of our own, removed at the end

local function path(name) return dir .. "/" .. name end

local function write(name, bytes)
  local f = assert(io.open(path(name), "wb"))
  f:write(bytes)
  f:close()
  return path(name)
end

local function read(name)
  local f = io.open(name:sub(1, 1) == "/" and name or path(name), "rb")
  if not f then return nil end
  local bytes = f:read("*a")
  f:close()
  return bytes
end

local function entries()
  local list = {}
  for name in io.popen("ls -A " .. dir):lines() do list[#list + 1] = name end
  return table.concat(list, " ")
end

setup(function()
  sandbox = server.start()
  hub = sandbox.hub()
  lab, drive = hub:connect("lab"), hub:connect("google_drive")
  dir = sandbox.directory()
end)

teardown(function() sandbox.stop() end)

--- What the server says of the parts of a form.
local function form(params)
  local response = assert(lab:echo_form(params))
  return response.data
end

describe("uploads", function()
  it("send bytes with name and content type", function()
    local file = bosa.file({ file = "a\0b\r\n", filename = "x.png" })
    local data = form({ file = file })
    local part = data.parts[1]
    assert.equal("file", part.name)
    assert.equal("x.png", part.filename)
    assert.equal("image/png", part.content_type)
    assert.equal(5, part.size)
  end)

  it("send a file from disk", function()
    local bytes = ("0123456789"):rep(30000)
    local name = write("report.pdf", bytes)
    local data = form({ file = bosa.file({ path = name }) })
    assert.equal("report.pdf", data.parts[1].filename)
    assert.equal("application/pdf", data.parts[1].content_type)
    assert.equal(#bytes, data.parts[1].size)
  end)

  it("send what a read function gives, with and without a known size", function()
    for _, size in ipairs({ 300000, false }) do
      local left = 3
      local file = bosa.file({
        read = function()
          left = left - 1
          return left >= 0 and ("x"):rep(100000) or nil
        end,
        size = size or nil,
        filename = "stream.bin",
      })
      local response = assert(lab:upload({ file = file }))
      assert.equal(300000, response.data.size)
    end
  end)

  it("refuse a read function that gives less or more than its size", function()
    for _, size in ipairs({ 5, 50 }) do
      local given = false
      local file = bosa.file({
        read = function()
          if given then return nil end
          given = true
          return "ten bytes!"
        end,
        size = size,
      })
      local response, err = lab:upload({ file = file })
      assert.is_nil(response)
      assert.equal("file", err.kind)
    end
  end)

  it("end with kind file when a read function raises or gives no string", function()
    for _, bad in ipairs({ function() error("disk on fire") end, function() return 5 end }) do
      local response, err = lab:upload({ file = bosa.file({ read = bad }) })
      assert.is_nil(response)
      assert.equal("file", err.kind)
    end
  end)

  it("name a missing file before anything is sent", function()
    local response, err = lab:upload({ file = bosa.file({ path = path("not-there") }) })
    assert.is_nil(response)
    assert.equal("file", err.kind)
    assert.equal("no", err.sent)
    assert.matches("not%-there", err.message)
  end)

  it("send other parameters as text parts: booleans, numbers, lists as repeated parts", function()
    local data = form({
      file = bosa.file({ file = "x", filename = "x" }),
      flag = true,
      count = 7,
      number = 1.5,
      text = "ü \"q\"",
      tags = { "a", "b" },
      numbers = { 1, 2 },
    })
    local texts = {}
    for _, part in ipairs(data.parts) do
      if part.filename == bosa.null then
        texts[part.name] = (texts[part.name] and texts[part.name] .. "|" or "") .. part.text
      end
    end
    assert.same({ flag = "true", count = "7", number = "1.5", text = "ü \"q\"", tags = "a|b", numbers = "1|2" }, texts)
  end)

  it("send a list of files as parts of one name", function()
    local one, two = bosa.file({ file = "1", filename = "a" }), bosa.file({ file = "22", filename = "b" })
    local data = form({ files = { one, two } })
    assert.equal(2, #data.parts)
    assert.equal("files", data.parts[2].name)
    assert.equal("b", data.parts[2].filename)
  end)

  it("refuse an object in a form before anything is sent", function()
    local response, err = lab:echo_form({ file = bosa.file({ file = "x" }), object = { a = 1 } })
    assert.is_nil(response)
    assert.equal("params", err.kind)
    assert.equal("no", err.sent)
    assert.matches("object", err.message)
  end)

  it("are refused where the schema has no file, before anything is sent", function()
    local file, before = bosa.file({ file = "x" }), sandbox.stats()
    for expected, params in pairs({
      ["`text`: expected string, got file"] = { text = file },
      ["`tags[0]`: expected string, got file"] = { tags = { file } },
      ["`count`: expected integer, got file"] = { count = file },
    }) do
      local response, err = lab:echo_form(params)
      assert.is_nil(response)
      assert.same({ "params", "no" }, { err.kind, err.sent })
      assert.matches(expected, err.message, 1, true)
    end
    local _, err = lab:echo({ text = file })
    assert.matches("`text`: expected string, got file", err.message, 1, true)
    assert.same(before.executions, sandbox.stats().executions)
  end)

  it("replace what a file name can't have", function()
    local data = form({ file = bosa.file({ file = "x", filename = 'a"b\nc.txt' }) })
    assert.equal("a_b_c.txt", data.parts[1].filename)
  end)

  it("use the urlencoded form where the schema has files and none is given", function()
    local data = form({ text = "a b&c", tags = { "x", "y" } })
    local pairs_sent = {} -- a table's names have no order
    for pair in data.raw:gmatch("[^&]+") do pairs_sent[#pairs_sent + 1] = pair end
    table.sort(pairs_sent)
    assert.same({ "tags=x", "tags=y", "text=a%20b%26c" }, pairs_sent)
    local content_type
    for _, field in ipairs(data.fields) do
      if field.name == "Content-Type" then content_type = field.value end
    end
    assert.equal("application/x-www-form-urlencoded", content_type)
  end)

  it("report progress", function()
    local seen = {}
    local response = assert(lab
      :action("upload")
      :params({ file = bosa.file({ file = ("x"):rep(500000) }) })
      :on_progress(function(done, total, direction) seen[#seen + 1] = { done, total, direction } end)
      :run())
    assert.equal(500000, response.data.size)
    assert.is_true(#seen > 0)
    assert.equal("up", seen[1][3])
    assert.is_true(seen[1][1] <= seen[1][2])
  end)

  it("reach the third party once and can be found there", function()
    local made = assert(drive:create_file({ name = "n.txt", file = bosa.file({ file = "hello", filename = "n.txt" }) }))
    local back = assert(drive:download_file({ id = made.data.id }))
    assert.equal("hello", back.data.file)
  end)
end)

describe("downloads", function()
  local function download(params) return assert(lab:download(params)) end

  it("come as a file", function()
    local file = download({ bytes = 1000, filename = "data.bin" }).data
    assert.equal("userdata", type(file))
    assert.equal(1000, file.size)
    assert.equal(1000, #file.file)
    assert.equal("data.bin", file.filename)
    assert.equal("string", type(file.content_type))
    assert.equal("string", type(file.headers["content-disposition"]))
    assert.matches("data.bin", tostring(file))
  end)

  it("over 1 MiB are kept on disk, and read in chunks", function()
    local file = download({ bytes = 5000000, chunked = true }).data
    local size, count = 0, 0
    for chunk in file:chunks(1000000) do
      size, count = size + #chunk, count + 1
    end
    assert.equal(5000000, size)
    assert.equal(5, count)
  end)

  it("are saved whole, with nothing left beside", function()
    local file = download({ bytes = 3000000 }).data
    assert.equal(path("saved"), file:save(path("saved")))
    assert.equal(file.file, read("saved"))
    assert.not_matches("part", entries())
  end)

  it("say why they can't be saved", function()
    local file = download({ bytes = 10 }).data
    assert.has_error(function() file:save(path("a\0b")) end)
    assert.has_error(function() file:save_in(dir .. "\0x") end)
    for _, result in ipairs({ { file:save(path("no/such/dir/x")) }, { file:save("") }, { file:save_in("") } }) do
      assert.is_nil(result[1])
      assert.equal("file", result[2].kind)
      assert.matches("No such file or directory", result[2].message, 1, true)
    end
  end)

  it("are saved in a directory under a safe name, never over another file", function()
    local evil = { "../../evil", "/etc/passwd", "..", ".hidden", "a/b\\c", "nul\1l", "CON" }
    for _, name in ipairs(evil) do
      local saved = assert(download({ bytes = 3, filename = name }).data:save_in(dir))
      assert.equal(dir .. "/", saved:sub(1, #dir + 1))
      assert.is_nil(saved:sub(#dir + 2):find("[/\\%c]"))
      assert.equal(3, #read(saved))
    end
    write("same.txt", "mine")
    local second = assert(download({ bytes = 3, filename = "same.txt" }).data:save_in(dir))
    assert.equal("mine", read("same.txt"))
    assert.not_equal(path("same.txt"), second)
  end)

  it("go to a path, and leave nothing else beside it", function()
    local before = entries()
    local response = assert(lab:action("download"):params({ bytes = 2000000 }):output(path("out.bin")):run())
    assert.equal(2000000, #read("out.bin"))
    assert.equal(2000000, response.data.size)
    os.remove(path("out.bin"))
    assert.equal(before, entries())
  end)

  it("leave nothing at the path when they fail", function()
    local response = lab:action("fault"):params({ status = 500, key = "f1" }):output(path("never")):run()
    assert.is_nil(response)
    assert.is_nil(read("never"))
    assert.not_matches("never", entries())
  end)

  it("are handed over in chunks", function()
    local size = 0
    local response = assert(lab
      :action("download")
      :params({ bytes = 4000000 })
      :output(function(chunk) size = size + #chunk end)
      :run())
    assert.equal(4000000, size)
    assert.equal(200, response.status)
  end)

  it("stop when the function returns false, or raises", function()
    for _, stop in ipairs({ function() return false end, function() error("enough") end }) do
      local response, err = lab:action("download"):params({ bytes = 4000000 }):output(stop):run()
      assert.is_nil(response)
      assert.equal("cancelled", err.kind)
    end
  end)

  it("stop at the last chunk as at any other", function()
    local few = { bytes = 5 } -- which come together with the response's end
    for _, stop in ipairs({ function() return false end, function() error("enough", 0) end }) do
      local response, err = lab:action("download"):params(few):output(stop):run()
      assert.is_nil(response)
      assert.same({ "cancelled", "yes" }, { err.kind, err.sent })
      local call = assert(lab:action("download"):params(few):output(stop):start())
      response, err = call:wait()
      assert.is_nil(response)
      assert.equal("cancelled", err.kind)
      assert.equal(err, select(2, call:wait()))
    end
    local function fail() error("enough", 0) end
    local response, err = lab:action("download"):params(few):on_progress(fail):run()
    assert.is_nil(response)
    assert.matches("on_progress raised: enough", err.message, 1, true)
  end)

  it("report progress", function()
    local last
    assert(lab
      :action("download")
      :params({ bytes = 2000000 })
      :on_progress(function(done, total, direction) last = { done, total, direction } end)
      :run())
    assert.equal("down", last[3])
    assert.is_true(last[1] <= 2000000)
  end)
end)
