--- The reference that `make doc` makes.
local bosa = require("bosa")
local core = require("bosa.core")
local command = require("spec.support.command")

local dir, complaints

setup(function()
  dir = command.output_of("mktemp -d"):match("%S+")
  complaints = command.output_of(("tools/reference.sh %s/doc 2>&1"):format(dir))
end)
teardown(function() os.execute("rm -rf " .. dir) end)

--- The names that a page of the reference has an entry for.
local function names_on(page)
  local names = {}
  for name in command.read_file(dir .. "/doc/" .. page):gmatch('<a name = "([^"]+)">') do
    names[name:match("[%w_]+$")] = true
  end
  return names
end

local function it_is_made(what, fn)
  it(what, function()
    if command.output_of("command -v ldoc") == "" then return pending("ldoc is not installed") end
    fn()
  end)
end

describe("the reference", function()
  it_is_made("is made without complaints", function() assert.equal("", complaints) end)

  it_is_made("has every method of every object", function()
    for class, page in pairs({ hub = "Hub", connector = "Connector", action = "Action", call = "Call",
      response = "Response", file = "File" }) do
      local names = names_on("classes/bosa." .. page .. ".html")
      if page == "Hub" then -- which takes them from another class
        for name in pairs(names_on("classes/bosa.AnyHub.html")) do names[name] = true end
      end
      for name in pairs(core.classes[class].methods) do
        if name:sub(1, 1) ~= "_" then assert.is_true(names[name], page .. ":" .. name) end
      end
    end
  end)

  it_is_made("has every function of the modules", function()
    for _, module in ipairs({ "bosa", "bosa.testing", "bosa.changes" }) do
      local names = names_on("modules/" .. module .. ".html")
      for name, value in pairs(require(module)) do
        if type(value) == "function" then assert.is_true(names[name], module .. "." .. name) end
      end
    end
    local names = names_on("modules/bosa.json.html")
    for name in pairs(bosa.json) do assert.is_true(names[name], "json." .. name) end
  end)

  it_is_made("says of what is taken and given of which type it is, and links it", function()
    local page = command.read_file(dir .. "/doc/classes/bosa.Hub.html")
    assert.truthy(page:find('<a class="type" href="../classes/bosa.Response.html#">bosa.Response</a>', 1, true))
    assert.truthy(page:find("#bosa.CallOptions", 1, true))
  end)

  it_is_made("leads nowhere that isn't there", function()
    local pages = command.output_of(("cd %s/doc && ls index.html */*.html"):format(dir))
    for page in pages:gmatch("%S+") do
      local folder = page:match("^(.*/)") or ""
      for link in command.read_file(dir .. "/doc/" .. page):gmatch('href="([^"#]+)') do
        if not link:find("^https?:") then
          assert.truthy(io.open(dir .. "/doc/" .. folder .. link), page .. ": " .. link)
        end
      end
    end
  end)
end)
