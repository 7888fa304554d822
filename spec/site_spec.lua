--- The site that `make doc` makes: the pages of doc/, and the reference of the API.
local bosa = require("bosa")
local core = require("bosa.core")
local command = require("spec.support.command")
local directory = require("spec.support.directory")

local dir, said
local has_cmark = command.output_of("command -v cmark-gfm") ~= ""

setup(function()
  dir = directory()
  said = command.output_of(("%s/tools/site.sh %s 2>&1"):format(command.top, dir))
end)
teardown(function() os.execute("rm -rf " .. dir) end)

local function read(page) return command.read_file(dir .. "/" .. page) end

local function it_is_made(what, fn)
  it(what, function()
    if not has_cmark then return pending("cmark-gfm is not installed") end
    fn()
  end)
end

--- The pages of the site: { "index.html", ... }.
local function pages()
  local list = {}
  for page in command.output_of("cd " .. dir .. " && ls *.html"):gmatch("%S+") do list[#list + 1] = page end
  return list
end

--- The anchors of a page; each is there once.
local function anchors_of(page)
  local anchors = {}
  for anchor in read(page):gmatch(' id="([^"]*)"') do
    assert.is_nil(anchors[anchor], page .. " has an anchor twice: " .. anchor)
    anchors[anchor] = true
  end
  return anchors
end

describe("the site", function()
  it_is_made("is made without a word", function() assert.equal("", said) end)

  it_is_made("has a page for each document, and all of them in its menu", function()
    local menu = read("index.html"):match("<nav.-</nav>")
    for path in command.output_of("ls doc/*.md README.md SECURITY.md CHANGELOG.md CONTRIBUTING.md"):gmatch("%S+") do
      local title = command.read_file(path):match("^# ([^\n]+)")
      local found = false
      for _, page in ipairs(pages()) do
        if read(page):find("<title>" .. title .. "</title>", 1, true) then
          found = true
          assert.truthy(menu:find(('href="%s"'):format(page), 1, true), page)
        end
      end
      assert.is_true(found, path)
    end
  end)

  it_is_made("leads nowhere that isn't there", function()
    local anchors, count = {}, 0
    for _, page in ipairs(pages()) do
      for link in read(page):gmatch(' [hs]re?[fc]="([^"]*)"') do
        if not link:find("^%a+:") then
          count = count + 1
          local path, anchor = link:match("^([^#]*)#?(.*)$")
          path = path == "" and page or path
          assert.truthy(io.open(dir .. "/" .. path), page .. ": " .. link)
          if anchor ~= "" then
            anchors[path] = anchors[path] or anchors_of(path)
            assert.is_true(anchors[path][anchor], page .. ": " .. link)
          end
        end
      end
    end
    assert.is_true(count > 1000)
  end)

  it_is_made("needs no script and nothing of another server", function()
    for _, page in ipairs(pages()) do
      assert.is_nil(read(page):find("<script", 1, true))
      assert.is_nil(read(page):find('<link[^>]*href="http'))
      assert.is_nil(read(page):find('<img[^>]*src="http'))
    end
  end)

  it_is_made("shows an example where a page links it", function()
    assert.truthy(read("accounts.html"):find('href="examples.html#oauth.lua"', 1, true))
    assert.is_true(anchors_of("examples.html")["openresty/nginx.conf"])
  end)
end)

describe("the reference", function()
  it_is_made("has every method of every object", function()
    for class, page in pairs({ hub = "hub", connector = "connector", action = "action", call = "action",
      response = "response", file = "response" }) do
      local anchors = anchors_of("reference-" .. page .. ".html")
      local name = "bosa." .. class:gsub("^%l", string.upper)
      assert.is_true(anchors[name])
      for method in pairs(core.classes[class].methods) do
        local inherited = class == "hub" and anchors["bosa.AnyHub:" .. method]
        if method:sub(1, 1) ~= "_" then
          assert.is_true(inherited or anchors[name .. ":" .. method], name .. ":" .. method)
        end
      end
    end
  end)

  it_is_made("has every function of the modules", function()
    for module, page in pairs({ bosa = "bosa", ["bosa.testing"] = "testing", ["bosa.changes"] = "changes" }) do
      local anchors = anchors_of("reference-" .. page .. ".html")
      for name, value in pairs(require(module)) do
        if type(value) == "function" then assert.is_true(anchors[module .. "." .. name], module .. "." .. name) end
      end
    end
    local anchors = anchors_of("reference-bosa.html")
    for name in pairs(bosa.json) do assert.is_true(anchors["bosa.json." .. name], "json." .. name) end
  end)

  it_is_made("has every type, and links it where it is taken, given or named", function()
    local count = 0
    for path in command.output_of("ls lua/bosa/meta/*.lua"):gmatch("%S+") do
      local anchors = anchors_of("reference-" .. path:match("([^/]+)%.lua$"):gsub("_", "-") .. ".html")
      for tag, name in command.read_file(path):gmatch("\n%-%-%-@(%a+) (bosa[%w_.]*)") do
        if tag == "class" or tag == "alias" then
          count = count + 1
          assert.is_true(anchors[name], name)
        end
      end
    end
    assert.is_true(count > 40)
    local hub = read("reference-hub.html")
    assert.truthy(hub:find('<a href="reference-hub.html#bosa.CallOptions">bosa.CallOptions</a>', 1, true))
    assert.truthy(hub:find('<a href="reference-response.html#bosa.Response">bosa.Response</a>', 1, true))
    assert.truthy(read("errors.html"):find('<a href="reference-hub.html#bosa.Error"><code>', 1, true))
    assert.truthy(read("options.html"):find('<a href="reference-bosa.html#bosa.Options">', 1, true))
  end)
end)
