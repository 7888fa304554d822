--- The catalog: lists by pages, the search, and what goes along with each request.
local bosa = require("bosa")
local server = require("spec.support.server")

local KEY, TOKEN = "sk-client-of-the-spec", "token-of-the-spec"

local sandbox, hub

setup(function()
  sandbox = server.start()
  hub = sandbox.hub()
end)
teardown(function() sandbox.stop() end)

--- A hub whose requests come to `serve(request)`, which gives a body or a reply; and the requests that came.
local function stubbed(serve)
  local requests = {}
  local stub = bosa.new({
    api_base_url = "https://api.example.com/base",
    api_key = KEY,
    token = TOKEN,
    transport = function(request)
      requests[#requests + 1] = request
      local body = serve(request)
      if type(body) == "table" then return body end
      return { status = 200, headers = { ["Content-Type"] = "application/json" }, body = body }
    end,
  })
  return stub, requests
end

--- The field of a request, whatever its case; nil: it has none.
local function field(request, name)
  for key, value in pairs(request.headers) do
    if key:lower() == name:lower() then return value end
  end
end

local EMPTY = '{"items":[],"meta":{"total":0,"limit":50,"offset":0}}'

local function names_of(iterator)
  local names = {}
  for item in iterator do names[#names + 1] = item.name end
  return names
end

describe("a list of the catalog", function()
  it("is a response whose data are the items", function()
    local tools = assert(hub:list_tools({ connector = "github", limit = 3 }))
    assert.equal(3, #tools)
    assert.equal(tools.data[1].name, tools[1].name)
    assert.matches("^github_.*_tool$", tools.data[1].name)
    assert.equal(3, tools.meta.limit)
    assert.is_true(tools:is_list())
    assert.equal("response (200, list of 3, more pages)", tostring(tools))
    assert.equal("table", type(assert(hub:list_mcps()).data[1].config))
    assert.is_truthy(assert(hub:list_skills()).data[1].source)
  end)

  it("filters", function()
    local all, some = assert(hub:list_tools()), assert(hub:list_tools({ q = "issue", category = "development" }))
    assert.is_true(some.meta.total > 0 and some.meta.total < all.meta.total)
    for _, skill in ipairs(assert(hub:list_skills({ source = "openclaw" })).data) do
      assert.equal("openclaw", skill.source)
    end
  end)

  it("is gone through by offset, one way and the other", function()
    local first = assert(hub:list_tools({ limit = 5 }))
    local second = assert(first:next_page())
    assert.equal(5, second.meta.offset)
    assert.is_true(second:has_prev())
    assert.is_false(first:has_prev())
    assert.equal(first.data[1].name, assert(second:prev_page()).data[1].name)
    local whole = names_of(assert(hub:list_tools({ limit = 200 })):items())
    assert.equal(first.meta.total, #whole)
    for _, prefetch in ipairs({ 0, 3 }) do
      assert.same(whole, names_of(assert(hub:list_tools({ limit = 4 })):items({ prefetch = prefetch })))
    end
    local pages = 0
    for page in assert(hub:list_tools({ limit = 10 })):pages() do
      pages = pages + 1
      assert.is_true(#page <= 10)
    end
    assert.equal(math.ceil(#whole / 10), pages)
    assert.equal(pages, #assert(assert(hub:list_tools({ limit = 10 })):get_all_items()))
  end)

  it("begins where it is told, and ends at the end", function()
    local total = assert(hub:list_tools({ limit = 1 })).meta.total
    local last = assert(hub:list_tools({ offset = total - 2, limit = 5 }))
    assert.equal(2, #last)
    assert.is_false(last:has_next())
    local none, err = last:next_page()
    assert.is_nil(none)
    assert.is_nil(err)
  end)

  it("sends what is given, percent-encoded, and nothing else", function()
    local stub, requests = stubbed(function() return EMPTY end)
    assert(stub:list_tools())
    assert.equal("https://api.example.com/base/catalog/tools", requests[1].url)
    assert(stub:list_tools({ q = "a b&c=ü" }))
    assert.equal("https://api.example.com/base/catalog/tools?q=a%20b%26c%3D%C3%BC", requests[2].url)
    assert(stub:list_mcps({ limit = 7 }))
    assert.equal("https://api.example.com/base/catalog/mcp?limit=7", requests[3].url)
    assert(stub:list_skills({ offset = 3 }))
    assert.equal("https://api.example.com/base/catalog/skills?offset=3", requests[4].url)
  end)

  it("is asked for without key and token, its further pages too", function()
    local stub, requests = stubbed(function(request)
      local offset = tonumber(request.url:match("offset=(%d+)")) or 0
      return ('{"items":[{"name":"n%d"}],"meta":{"total":3,"limit":1,"offset":%d}}'):format(offset, offset)
    end)
    assert.same({ "n0", "n1", "n2" }, names_of(assert(stub:list_tools({ limit = 1 })):items()))
    assert.equal(3, #requests)
    for _, request in ipairs(requests) do
      assert.equal("GET", request.method)
      assert.is_nil(field(request, "X-API-Key"))
      assert.is_nil(field(request, "Authorization"))
      assert.matches("limit=1", request.url, 1, true)
    end
  end)

  it("goes on as long as pages are full where meta is missing or empty", function()
    for _, meta in ipairs({ "null", "{}", '{"total":null}', '"odd"' }) do
      local stub, requests = stubbed(function(request)
        local offset = tonumber(request.url:match("offset=(%d+)")) or 0
        local items = {}
        for i = offset, math.min(offset + 1, 4) do items[#items + 1] = { name = "n" .. i } end
        return ('{"items":%s,"meta":%s}'):format(bosa.json.encode(bosa.array(items)), meta)
      end)
      assert.same({ "n0", "n1", "n2", "n3", "n4" }, names_of(assert(stub:list_tools({ limit = 2 })):items()))
      assert.equal(3, #requests)
      if meta == "null" then assert.same({}, assert(stub:list_tools()).meta) end
    end
  end)

  it("ends with an error where the same page comes again", function()
    local stub, requests = stubbed(function()
      return '{"items":[{"name":"a"},{"name":"b"}],"meta":{"total":1000000,"limit":2,"offset":0}}'
    end)
    local ok, err = pcall(names_of, assert(stub:list_tools({ limit = 2 })):items())
    assert.is_false(ok)
    assert.equal("protocol", err.kind)
    assert.matches("same page again", err.message, 1, true)
    assert.equal(2, #requests)
  end)

  it("is malformed where there are no items", function()
    for _, body in ipairs({ '{"meta":null}', "{}", '{"items":{"a":1}}', "7" }) do
      local response, err = stubbed(function() return body end):list_tools()
      assert.is_nil(response)
      assert.equal("protocol", err.kind)
    end
  end)

  it("tells that a server has no catalog", function()
    local old = server.start("--dialect legacy")
    local stranger = bosa.new({ api_base_url = old.url, token = old.token })
    for _, ask in ipairs({ "list_tools", "list_mcps", "list_skills" }) do
      local response, err = stranger[ask](stranger)
      assert.is_nil(response)
      assert.equal("not_found", err.kind)
      assert.matches("this server has no catalog", tostring(err), 1, true)
    end
    assert.matches("this server has no catalog", tostring(select(2, stranger:search("x"))), 1, true)
    stranger:close()
    old.stop()
  end)

  it("raises at the caller's line for what it can't be asked", function()
    local function misused(fn, says)
      local ok, message = pcall(fn)
      assert.is_false(ok)
      assert.matches("catalog_spec.lua:%d+: .*" .. says, tostring(message))
    end
    misused(function() local _ = hub:list_tools({ limt = 1 }) end, "unknown option `limt`")
    misused(function() local _ = hub:list_mcps({ connector = "github" }) end, "unknown option `connector`")
    misused(function() local _ = hub:list_skills({ source = "else" }) end, "option `source`: \"agent\" or \"openclaw\"")
    misused(function() local _ = hub:list_tools({ limit = 201 }) end, "option `limit`: a whole number from 1 to 200")
    misused(function() local _ = hub:list_tools({ offset = 1.5 }) end, "option `offset`")
    misused(function() local _ = hub:list_tools({ q = 1 }) end, "option `q`: string expected, got number")
    misused(function() local _ = hub:list_tools("github") end, "options: table expected, got string")
    misused(function() local _ = hub:search() end, "bad argument #1 to 'search'")
    misused(function() local _ = hub:search("x", { kinds = { "mcps" } }) end, "option `kinds`: a list of \"tools\"")
    misused(function() local _ = hub:search("x", { count = 0 }) end, "option `count`")
    misused(function() local _ = hub:get_mcp_config("github") end, "bad argument #1 to 'get_mcp_config'")
    misused(function() local _ = hub:get_mcp_config({ config = { url = "u" } }, 1) end, "bad argument #2")
  end)

  it("tells of its requests, and goes by the hub's policy", function()
    local types, tries = {}, 0
    local patient = bosa.new({
      api_base_url = "https://api.example.com",
      max_attempts = 2,
      transport = function()
        tries = tries + 1
        if tries == 1 then return { status = 503, headers = { ["Retry-After"] = "0" }, body = "" } end
        return { status = 200, headers = { ["Content-Type"] = "application/json" }, body = EMPTY }
      end,
      on_event = function(event) types[#types + 1] = event.type end,
    })
    assert.equal(2, assert(patient:list_tools()).attempts)
    assert.equal("request response retry wait request response", table.concat(types, " "))
  end)
end)

describe("search", function()
  it("finds by words, the best first", function()
    local found = assert(hub:search("issue triage", { kinds = { "skills", "tools" }, count = 2 }))
    assert.equal("issue triage", found.query)
    assert.equal("issue-triage", found.skills[1].name)
    assert.equal(2, #found.tools)
    assert.same({}, found.mcp)
    assert.equal(#assert(hub:search("issue")).tools, #assert(hub:semantic_search("issue")).tools)
  end)

  it("takes key and token along, and kinds as one word", function()
    local stub, requests = stubbed(function() return '{"query":"x","backend":null,"tools":[]}' end)
    local found = assert(stub:search("x y", { kinds = { "tools", "mcp" } }))
    assert.same({}, found.skills)
    assert.equal(bosa.null, found.backend)
    assert.equal("https://api.example.com/base/catalog/search", requests[1].url:match("^[^?]*"))
    assert.matches("kinds=tools%2Cmcp", requests[1].url, 1, true)
    assert.matches("q=x%20y", requests[1].url, 1, true)
    assert.equal(KEY, field(requests[1], "X-API-Key"))
    assert.equal("Bearer " .. TOKEN, field(requests[1], "Authorization"))
    assert(stub:search("x", { token = "another" }))
    assert.equal("Bearer another", field(requests[2], "Authorization"))
  end)

  it("says that a token is missing, before anything is sent", function()
    local anonymous = bosa.new({ api_base_url = sandbox.url, api_key = sandbox.key })
    local before = sandbox.stats().requests
    local found, err = anonymous:search("x")
    assert.is_nil(found)
    assert.equal("auth", err.kind)
    assert.equal("no", err.sent)
    assert.equal(before, sandbox.stats().requests)
    anonymous:close()
  end)

  it("gives what the server refuses", function()
    assert.equal(422, select(2, hub:search("")).status)
    assert.equal(401, select(2, hub:search("x", { token = "no-such-token" })).status)
  end)
end)

describe("an MCP server of the catalog", function()
  it("is told how to be connected to, without a request", function()
    local item = assert(hub:list_mcps({ limit = 1 })).data[1]
    local before = sandbox.stats().requests
    local config = hub:get_mcp_config(item, "abc")
    assert.equal(item.config.url, config.url)
    assert.equal("Bearer abc", config.headers.Authorization)
    assert.equal(item.config.headers["X-Connector"], config.headers["X-Connector"])
    assert.equal("", hub:get_mcp_config(item).headers.Authorization)
    assert.equal("", item.config.headers.Authorization)
    assert.equal(before, sandbox.stats().requests)
  end)

  it("is told without what can be no header field", function()
    local odd = { "x", ["X-A"] = "a", ["X-B"] = bosa.null, ["X-C"] = { 1 }, AUTHORIZATION = "other" }
    local config = hub:get_mcp_config({ config = { url = "https://m", headers = odd } }, "abc")
    assert.same({ url = "https://m", headers = { ["X-A"] = "a", Authorization = "Bearer abc" } }, config)
    local ok, message = pcall(function()
      local _ = hub:get_mcp_config({ config = { url = "https://m" } }, "a\r\nX: b")
    end)
    assert.is_false(ok)
    assert.matches("catalog_spec.lua:%d+: bad argument #2 to 'get_mcp_config'", message)
  end)
end)

describe("a tool of the catalog", function()
  it("can be offered to a model by its name there", function()
    local names = {}
    for item in assert(hub:list_tools({ connector = "github" })):items() do names[#names + 1] = item.name end
    local github = hub:connect("github")
    local all = assert(github:tools({ format = "mcp" }))
    assert.equal(#all, #assert(github:tools({ format = "mcp", only = names })))
    local one = assert(github:tools({ format = "mcp", only = { "github_get_issue_tool" } }))
    assert.equal(1, #one)
    assert.equal("github__get_issue", one[1].name)
    assert.equal(#all - 1, #assert(github:tools({ format = "mcp", except = { "github_get_issue_tool" } })))
    assert.equal(0, #assert(github:tools({ format = "mcp", only = { "lab_get_issue_tool", "*_tool" } })))
  end)
end)
