local bosa = require("bosa")
local server = require("spec.support.server")

local sandbox, dir

setup(function()
  sandbox = server.start()
  dir = os.tmpname()
  os.remove(dir)
end)
teardown(function()
  sandbox.stop()
  os.execute("rm -rf " .. dir)
end)

local function new(options)
  options = options or {}
  options.api_base_url, options.api_key, options.token = sandbox.url, sandbox.key, sandbox.token
  options.cache_dir = options.cache_dir or dir
  return bosa.new(options)
end

local function one_file()
  local names = {}
  for name in io.popen("ls -A " .. dir):lines() do names[#names + 1] = name end
  assert.equal(1, #names)
  return dir .. "/" .. names[1]
end

describe("the schema cache", function()
  it("lets another hub do without a fetch", function()
    local first = new()
    assert(first:get_connector("lab"))
    first:close()
    local before = sandbox.stats().requests
    local second = new()
    assert(second:connect("lab"):get_actions())
    assert.equal(before, sandbox.stats().requests)
    second:close()
  end)

  it("is for its owner alone", function()
    local process = io.popen("stat -c '%a' " .. one_file() .. " " .. dir)
    assert.equal("600\n700\n", process:read("*a"))
    process:close()
  end)

  it("is thrown away when it is broken", function()
    local name = one_file()
    for _, bytes in ipairs({ "", "garbage", "\0\1\2", '{"lab": {}}' }) do
      local f = assert(io.open(name, "wb"))
      f:write(bytes)
      f:close()
      local hub = new()
      assert.truthy(hub:connect("lab"):get_actions())
      hub:close()
    end
    local f = assert(io.open(name, "rb"))
    local text = f:read("*a")
    f:close()
    f = assert(io.open(name, "wb"))
    f:write(text:sub(1, math.floor(#text / 2)))
    f:close()
    local hub = new()
    assert.equal(200, assert(hub:connect("lab"):small({})).status)
    hub:close()
  end)

  it("is cleared by refresh_connector", function()
    local hub = new()
    assert(hub:get_connector("lab"))
    assert(hub:refresh_connector("lab"))
    assert.equal("", io.popen("ls -A " .. dir):read("*a"))
    hub:close()
  end)

  it("goes on without a directory that can't be used", function()
    local file = os.tmpname()
    local hub = new({ cache_dir = file .. "/below/a/file" })
    assert.equal(200, assert(hub:connect("lab"):small({})).status)
    hub:close()
    os.remove(file)
  end)
end)

describe("an action that is not known", function()
  it("is an error with the nearest name", function()
    local hub = new()
    local response, err = hub:run("lab", "smal", {})
    assert.is_nil(response)
    assert.equal("unknown_action", err.kind)
    assert.matches("small", err.message)
    hub:close()
  end)
end)
