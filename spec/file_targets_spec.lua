--- Where files are written: whole or not at all, in place where nothing may be replaced, known before an action runs.
local bosa = require("bosa")
local command = require("spec.support.command")
local directory = require("spec.support.directory")
local server = require("spec.support.server")

local sandbox, hub, lab, dir, attempts

setup(function()
  sandbox = server.start()
  hub = bosa.new({
    api_base_url = sandbox.url, api_key = sandbox.key, token = sandbox.token,
    on_event = function(event) if event.type == "request" and event.action then attempts = attempts + 1 end end,
  })
  lab = hub:connect("lab")
  assert(lab:get_actions())
end)
teardown(function() sandbox.stop() end)
before_each(function()
  attempts = 0
  dir = directory()
end)
after_each(function() os.execute("rm -rf " .. dir) end)

local function shell(...) assert(os.execute(("cd " .. dir .. " && " .. string.format(...)))) end
local function path(name) return dir .. "/" .. name end
local function kind_of(name) return command.output_of("stat -c %F " .. path(name)):match("[^\n]*") end
local function mode_of(name) return command.output_of("stat -c %a " .. path(name)):match("%d+") end
local function names() return (command.output_of("ls -A " .. dir):gsub("\n", " ")) end
local function download(options) return lab:action("download"):params(options or { bytes = 5, filename = "f" }) end

describe("output", function()
  --- It is refused, by words like these, and no request was sent.
  local function assert_refused(target, words)
    local response, err = download():output(target):run()
    assert.is_nil(response)
    assert.equal("file", err.kind)
    assert.equal("no", err.sent)
    assert.matches(words, err.message, 1, true)
    assert.matches(target, err.message, 1, true)
    assert.equal(0, attempts)
  end

  it("is looked at before anything is sent", function()
    assert_refused(path("none/f"), "No such file or directory")
    assert_refused(dir, "Is a directory")
    assert_refused("/dev/null/f", "Not a directory")
    assert_refused(path(("n"):rep(256)), "File name too long")
    shell("mkfifo fifo; ln -s . here; ln -s loop loop")
    assert_refused(path("fifo"), "nobody has this FIFO open for reading")
    assert_refused(path("here"), "Is a directory")
    assert_refused(path("loop"), "symbolic links")
    assert.equal("fifo here loop ", names())
  end)

  it("that something is mounted on, as in a container, gets the bytes", function()
    shell("echo a long line that was there before >below; echo other >on; echo mine >own")
    local try = "unshare -rm sh -c 'mount --bind %s/below %s/on && exec %s %s/script.lua' 2>/dev/null"
    command.write_file(path("script.lua"), ([[
      local lab = require("bosa").new({ api_base_url = "%s", api_key = "%s", token = "%s" }):connect("lab")
      local response, err = lab:action("download"):params({ bytes = 5 }):output("%s/on"):run()
      print(response and response.status or err)
      print(assert(lab:download({ bytes = 7 })).data:save("%s/on"))]]):format(
      sandbox.url, sandbox.key, sandbox.token, dir, dir))
    local check = ("unshare -rm mount --bind %s/below %s/on 2>/dev/null && echo yes"):format(dir, dir)
    if command.output_of(check) ~= "yes\n" then return pending("nothing can be mounted here") end
    local text = command.output_of(try:format(dir, dir, os.getenv("BOSA_LUA"), dir))
    assert.equal("200\n" .. path("on") .. "\n", text)
    assert.equal(7, #command.read_file(path("below")))
    assert.equal("other\n", command.read_file(path("on")))
    assert.equal("below on own script.lua ", names())
  end)

  it("with secrets is closed to others also where something is mounted on it", function()
    shell("echo old >below; echo other >on; chmod 644 below on")
    command.write_file(path("script.lua"), ([[
      assert(require("bosa.core").write_private("%s/on", "secret"))]]):format(dir))
    local try = "unshare -rm sh -c 'mount --bind %s/below %s/on && %s %s/script.lua && echo done' 2>/dev/null"
    local check = ("unshare -rm mount --bind %s/below %s/on 2>/dev/null && echo yes"):format(dir, dir)
    if command.output_of(check) ~= "yes\n" then return pending("nothing can be mounted here") end
    assert.equal("done\n", command.output_of(try:format(dir, dir, os.getenv("BOSA_LUA"), dir)))
    assert.equal("secret", command.read_file(path("below")))
    assert.equal("600", mode_of("below"))
    assert.equal("other\n", command.read_file(path("on")))
    assert.equal("644", mode_of("on"))
  end)

  it("takes the longest name that there is", function()
    local name = ("n"):rep(255)
    assert(download():output(path(name)):run())
    assert.equal(name .. " ", names())
  end)

  it("is written to by way of a link, which stays", function()
    shell("mkdir d; echo old >d/target; chmod 640 d/target; ln -s d/target l; ln -s d/new dangling")
    assert(download():output(path("l")):run())
    assert(download():output(path("dangling")):run())
    assert.equal("symbolic link", kind_of("l"))
    assert.equal("symbolic link", kind_of("dangling"))
    assert.equal(5, #command.read_file(path("d/target")))
    assert.equal(5, #command.read_file(path("d/new")))
    assert.equal("640", mode_of("d/target"))
    assert.equal("600", mode_of("d/new"))
    assert.equal("new\ntarget\n", command.output_of("ls -A " .. path("d")))
  end)

  it("gives a FIFO's reader the bytes", function()
    shell("mkfifo fifo")
    local both = assert(io.open(path("fifo"), "r+")) -- a reader that is surely there
    assert(download():output(path("fifo")):run())
    assert.equal(5, #both:read(5))
    assert(assert(download():run()).data:save(path("fifo")))
    assert.equal(5, #both:read(5))
    both:close()
    assert.equal("fifo", kind_of("fifo"))
  end)

  it("leaves a device where it is", function()
    if not os.execute("mknod " .. path("null") .. " c 1 3 2>/dev/null") then return end -- only root can make one
    assert(download():output(path("null")):run())
    assert(assert(download():run()).data:save(path("null")))
    assert.equal("character special file", kind_of("null"))
  end)

  it("has no file where the answer is none", function()
    assert(lab:action("small"):params({}):output(path("f")):run())
    assert.equal("", names())
    local response = lab:action("fault"):params({ status = 500, key = "targets" }):output(path("f")):run()
    assert.is_nil(response)
    assert.equal("", names())
  end)
end)

describe("a temporary directory", function()
  it("that can't be written is told before anything is sent", function()
    local script = path("script.lua")
    command.write_file(script, [[
      local bosa = require("bosa")
      local response, err = bosa.new():run("lab", "download", { bytes = 3000000 })
      print(response and "ok" or err.kind .. " " .. err.sent .. " " .. err.message)]])
    local out = command.output_of(("TMPDIR=%s BOSA_API_BASE_URL=%s BOSA_API_KEY=%s BOSA_TOKEN=%s %s %s 2>&1"):format(
      path("none"), sandbox.url, sandbox.key, sandbox.token, os.getenv("BOSA_LUA") or "lua5.4", script))
    assert.matches("^file no cannot make a temporary file in", out)
  end)
end)

describe("save", function()
  it("keeps the mode of what it replaces", function()
    shell("echo old >f; chmod 644 f")
    local file = assert(download():run()).data
    assert(file:save(path("f")))
    assert.equal("644", mode_of("f"))
    assert(file:save(path("g")))
    assert.equal("600", mode_of("g"))
    assert.equal("f g ", names())
  end)

  it("goes through a link, but save_in never does", function()
    shell("echo old >target; ln -s target f")
    local file = assert(download():run()).data
    assert(file:save(path("f")))
    assert.equal(5, #command.read_file(path("target")))
    shell("echo mine >target")
    assert.equal(path("f (1)"), assert(file:save_in(dir)))
    assert.equal("mine\n", command.read_file(path("target")))
  end)

  it("says why it can't, and leaves nothing", function()
    local ok, err = assert(download():run()).data:save(path("none/f"))
    assert.is_nil(ok)
    assert.equal("file", err.kind)
    assert.equal("", names())
  end)
end)

describe("the command", function()
  local cli
  before_each(function() cli = command.new(sandbox) end)
  after_each(function() cli:close() end)

  it("writes through a link, with a name that nobody can plant", function()
    shell("echo precious >victim; ln -s victim out.json")
    local _, err, code = cli:run({ "run", "lab", "small", "-o", path("out.json") })
    assert.equal("", err)
    assert.equal(0, code)
    assert.equal("symbolic link", kind_of("out.json"))
    assert.matches("^{", command.read_file(path("victim")))
    assert.equal("out.json victim ", names())
  end)

  it("writes to /dev/stdout, not over it", function()
    shell("ln -s /proc/self/fd/1 stdout")
    for _, action in ipairs({ "download", "small" }) do
      local out, err, code = cli:run({ "run", "lab", action, "-o", path("stdout") })
      assert.equal("", err)
      assert.equal(0, code)
      assert.is_true(#out >= 5)
    end
    assert.equal("symbolic link", kind_of("stdout"))
  end)

  it("keeps answers to their owner, and schemas not", function()
    cli:run({ "run", "lab", "small", "-o", path("answer") })
    cli:run({ "snapshot", "lab", "-o", path("snapshot") })
    assert.equal("600", mode_of("answer"))
    shell("touch made")
    assert.equal(mode_of("made"), mode_of("snapshot"))
  end)

  it("refuses what can't be written before it asks the server", function()
    for _, words in ipairs({ { "run", "lab", "small" }, { "snapshot", "lab" } }) do
      words[#words + 1] = "-o"
      words[#words + 1] = path("none/f")
      local _, err, code = cli:run(words)
      assert.equal(1, code)
      assert.matches("none/f`: No such file or directory", err, 1, true)
    end
  end)
end)
