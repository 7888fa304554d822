--- The tools that a model is offered: names, forms, schemas. Calling one is in call_tool_spec.lua.
local bosa = require("bosa")
local names = require("bosa.tools.names")
local reading = require("bosa.tools.reading")
local sorted_json = require("bosa.sorted_json")
local made_hub = require("spec.support.made_hub")
local server = require("spec.support.server")

local sandbox, hub, dir

setup(function()
  sandbox = server.start()
  hub = sandbox.hub()
  dir = sandbox.directory()
end)
teardown(function() sandbox.stop() end)

local function by_name(list)
  local found = {}
  for _, tool in ipairs(list) do found[(tool["function"] or tool).name] = tool end
  return found
end

local function made_schema(request, options)
  options = options or {}
  options.format = options.format or "openai"
  local tool = made_hub({ run = request }):connect("made"):tools(options)[1]
  return tool and (tool.parameters or tool.inputSchema or tool["function"].parameters)
end

describe("a tool's name", function()
  it("is made of connector and action, within what models take", function()
    assert.equal("github__list_issues", names.encode("github", "list_issues"))
    assert.equal("lab__get-users", names.encode("lab", "get-users"))
    for _, name in ipairs({ "admin/revoke", "übergröße", "a b", ("long/"):rep(40), "", "-", "_" }) do
      for _, connector in ipairs({ "github", "über", ("long_"):rep(30), "3scale", "-x", "_", ("3"):rep(90) }) do
        assert.truthy(names.encode(connector, name):find("^[a-zA-Z_][a-zA-Z0-9_-]*$"))
        assert.is_true(#names.encode(connector, name) <= 64)
      end
    end
  end)

  it("is another one for every connector and action, and can be read back", function()
    local parts = { "_", "-", "x2f", "a", "/", "3" }
    local texts = {}
    local function grow(text, depth)
      if text ~= "" then texts[#texts + 1] = text end
      if depth == 3 then return end
      for _, part in ipairs(parts) do grow(text .. part, depth + 1) end
    end
    grow("", 0)
    local seen = {}
    for _, connector in ipairs(texts) do
      for _, action in ipairs(texts) do
        local name = names.encode(connector, action)
        if not name:find("^[%a_]") then error(name .. " begins as no name may") end
        if seen[name] then error(("%s.%s has the name of %s"):format(connector, action, seen[name])) end
        seen[name] = connector .. "." .. action
        local c, a = names.decode(name)
        if c ~= connector or a ~= action then error(name .. " can't be read back") end
      end
    end
  end)

  it("is cut where it is too long, and still another one for every action", function()
    local seen = {}
    for i = 1, 500 do
      local name = names.encode("connector", ("do_something_with_a_very_long_name_"):rep(3) .. i)
      assert.equal(64, #name)
      assert.is_nil(seen[name])
      seen[name] = true
    end
  end)

  it("is never one that was cut, when it isn't", function()
    local cut = names.encode("c", ("a"):rep(100))
    local action = cut:match("__(.*)")
    assert.are_not.equal(cut, names.encode("c", action))
    assert.is_false(names.is_cut(names.encode("c", "z-z0123456789ab")))
  end)

  it("is nothing where it is no tool's", function()
    local long = ("a"):rep(40) .. "__" .. ("b"):rep(40)
    for _, name in ipairs({ "", "github", "__x", "github__", "a b__c", "github__a-x61", long }) do
      assert.is_nil((names.decode(name)))
    end
  end)
end)

describe("the rule of what reads", function()
  it("goes by the first word behind the last slash", function()
    for _, name in ipairs({ "list_issues", "get-users", "search_files", "getUser", "download_file", "admin/list_users",
      "GET_ITEM", "count", "get_deleted_items" }) do
      assert.is_true(reading.reads(name), name)
    end
    for _, name in ipairs({ "create_issue", "github_search_issue", "getaway", "listen", "admin/revoke", "list/delete",
      "run", "", "/", "delete_list" }) do
      assert.is_false(reading.reads(name), name)
    end
  end)

  it("doubts a name that says more", function()
    for _, name in ipairs({ "get_or_create_label", "find_and_replace", "listAndRemove", "delete/list_x" }) do
      assert.is_false(reading.reads(name), name)
    end
  end)

  it("knows what only adds, and what changes nothing the second time", function()
    for _, name in ipairs({ "create_file", "addIssueComment", "admin/upload", "send_email" }) do
      assert.is_true(reading.adds(name), name)
    end
    for _, name in ipairs({ "create_or_update", "add_and_remove", "list_created", "update", "delete_file" }) do
      assert.is_false(reading.adds(name), name)
    end
    for _, name in ipairs({ "delete_file", "removeUser", "admin/revoke", "set_label" }) do
      assert.is_true(reading.settles(name), name)
    end
    for _, name in ipairs({ "create_file", "list_deleted", "undelete", "" }) do
      assert.is_false(reading.settles(name), name)
    end
  end)
end)

describe("connector:tools", function()
  local github

  before_each(function() github = hub:connect("github") end)

  it("has OpenAI's form", function()
    local tool = by_name(github:tools({ format = "openai" })).github__create_issue
    assert.equal("function", tool.type)
    assert.equal("Open an issue in a repository.", tool["function"].description)
    local parameters = tool["function"].parameters
    assert.equal("object", parameters.type)
    assert.same({ "owner", "repo", "title" }, parameters.required)
    assert.equal("The repository's name.", parameters.properties.repo.description)
  end)

  it("has Anthropic's form", function()
    local tool = by_name(github:tools({ format = "anthropic" })).github__get_issue
    assert.equal("Read one issue.", tool.description)
    assert.equal("object", tool.input_schema.type)
    assert.truthy(tool.input_schema.properties.owner)
    assert.is_nil(tool.parameters)
  end)

  it("has MCP's form", function()
    local tools = by_name(github:tools({ format = "mcp" }))
    assert.truthy(tools.github__create_issue.inputSchema)
    assert.equal("Create issue (github)", tools.github__create_issue.title)
  end)

  it("keeps defaults, enums, limits and descriptions", function()
    local properties = hub:connect("lab"):tools({
      format = "openai", only = { "keywords" }, full = true,
    })[1]["function"].parameters.properties
    assert.equal("red", properties.colour.default)
    assert.same({ "red", "green", "blue" }, properties.colour.anyOf[1].enum)
    assert.equal("Red, green or blue.", properties.colour.description)
    assert.is_false(properties.flag.default)
    assert.equal(bosa.null, properties.level.default)
    assert.equal(10, properties.level.anyOf[1].maximum)
    assert.is_false(properties.point.anyOf[1].additionalProperties)
    assert.equal("string", properties.pair.anyOf[1].prefixItems[1].type)
  end)

  it("writes empty lists and objects as what they are", function()
    local text = bosa.json.encode(hub:connect("lab"):tools({ format = "mcp" }))
    assert.truthy(text:find('"default":[]', 1, true))
    assert.truthy(text:find('"properties":{}', 1, true))
    assert.is_nil(text:find('"properties":[]', 1, true))
  end)

  it("gives an object also for an action without parameters", function()
    local tool = hub:connect("lab"):tools({ format = "anthropic", only = { "no_params" } })[1]
    assert.equal('{"properties":{},"type":"object"}', sorted_json.line(tool.input_schema))
  end)

  it("offers what `only` and `read_only` let through", function()
    local function offered(options)
      options.format = "mcp"
      local list = {}
      for i, tool in ipairs(github:tools(options)) do list[i] = tool.name:match("__(.*)") end
      return list
    end
    assert.same({ "get_issue", "list_collaborators", "list_commits" }, offered({ only = { "get_issue", "list_co*" } }))
    assert.same({ "create_issue" }, offered({ only = { "github.create_*", "other.list_*" } }))
    assert.same({}, offered({ only = { "list" } }))
    for _, name in ipairs(offered({ read_only = true })) do assert.is_true(reading.reads(name)) end
    assert.same({}, offered({ read_only = true, only = { "create_issue" } }))
  end)

  it("leaves file parameters out, and what can't do without", function()
    local lab = by_name(hub:connect("lab"):tools({ format = "openai" }))
    assert.is_nil(lab.lab__upload)
    local form = lab.lab__echo_form["function"].parameters.properties
    assert.truthy(form.text)
    assert.is_nil(form.file)
    assert.is_nil(form.files)
    assert.is_nil(bosa.json.encode(lab.lab__echo_form):find("binary", 1, true))
  end)

  it("has paths instead where there is a directory", function()
    local lab = by_name(hub:connect("lab"):tools({ format = "openai", files = dir }))
    local upload = lab.lab__upload["function"].parameters
    assert.same({ "file" }, upload.required)
    assert.equal("string", upload.properties.file.type)
    assert.is_nil(upload.properties.file.format)
    assert.truthy(upload.properties.file.description:find("^A file of any size%. Path of a file"))
    local files = lab.lab__echo_form["function"].parameters.properties.files
    assert.equal("string", files.items.type)
    assert.is_nil(bosa.json.encode(lab.lab__echo_form):find("binary", 1, true))
  end)

  it("says what went wrong", function()
    local list, err = hub:connect("gitlab"):tools({ format = "mcp" })
    assert.is_nil(list)
    assert.equal("unknown_connector", err.kind)
  end)

  it("raises for misuse, at the caller's line", function()
    for _, options in ipairs({ {}, { format = "xml" }, { format = "mcp", nope = 1 }, { format = "mcp", only = "x" },
      { format = "mcp", only = { 1 } }, { format = "mcp", max_length = 5 } }) do
      local ok, message = pcall(function() github:tools(options) end)
      assert.is_false(ok)
      assert.truthy(message:find("tools_spec.lua:", 1, true), message)
    end
  end)
end)

describe("a tool's schema", function()
  --- Whether a schema takes parameters: the library's own validator says.
  local function verdict(request, params)
    local made = made_hub({ run = request })
    local ok = made:connect("made"):action("run"):params(params):validate()
    made:close()
    return ok == true
  end

  it("takes and refuses the same as the server's", function()
    local samples = {
      keywords = {
        { name = "a" }, { name = "" }, {}, { name = "a", level = 11 }, { name = "a", colour = "red" },
        { name = "a", colour = "pink" }, { name = "a", point = { x = 1, y = 2 } }, { name = "a", point = { x = 1 } },
        { name = "a", shape = { kind = "circle", radius = 1 } }, { name = "a", shape = { kind = "circle", side = 1 } },
        { name = "a", shape = { radius = 1 } }, { name = "a", limits = { b = "c" } },
        { name = "a", tree = { value = 1, children = { { value = 2, children = { { value = 3 } } } } } },
        { name = "a", tree = { value = 1, children = { { value = 2, children = { { value = "3" } } } } } },
        { name = "a", pair = { "b", 1 } }, { name = "a", pair = { 1, "b" } },
      },
      unions = {
        { shape = { kind = "square", side = 2 } }, { shape = { kind = "square" } }, { shape = { side = 2 } },
        { shape = { kind = "circle", radius = 1 }, shapes = { { kind = "square", side = 1 } } },
        { shape = { kind = "circle", radius = 1 }, shapes = { { kind = "round", side = 1 } } },
        { shape = { kind = "circle", radius = 1 }, id = true }, { shape = { kind = "circle", radius = 1 }, id = "x" },
      },
    }
    local taken, refused = 0, 0
    for action, list in pairs(samples) do
      for _, format in ipairs({ "openai", "mcp" }) do
        local tool = hub:connect("lab"):tools({ format = format, only = { action } })[1]
        local schema = tool.inputSchema or tool["function"].parameters
        for i, params in ipairs(list) do
          local expected = hub:connect("lab"):action(action):params(params):validate() == true
          assert.equal(expected, verdict(schema, params), ("%s %s %d"):format(action, format, i))
          taken, refused = taken + (expected and 1 or 0), refused + (expected and 0 or 1)
        end
      end
    end
    assert.is_true(taken > 15 and refused > 15)
  end)

  it("has no $ref for OpenAI, but for one that leads to itself", function()
    local lab = hub:connect("lab")
    local unions = lab:tools({ format = "openai", only = { "unions" } })
    assert.is_nil(sorted_json.line(unions):find("$", 1, true))
    local keywords = lab:tools({ format = "openai", only = { "keywords" } })[1]["function"].parameters
    local left = {}
    for name in pairs(keywords["$defs"]) do left[#left + 1] = name end
    assert.same({ "Tree" }, left)
    assert.equal("#/$defs/Tree", keywords.properties.tree["$ref"])
  end)

  it("keeps its $defs for MCP and Anthropic", function()
    local tool = hub:connect("lab"):tools({ format = "anthropic", only = { "unions" } })[1]
    assert.equal("#/$defs/Shape", tool.input_schema.properties.shape["$ref"])
    assert.truthy(tool.input_schema["$defs"].Circle)
  end)

  it("requires the tag of a union, which the server wants", function()
    local tool = hub:connect("lab"):tools({ format = "mcp", only = { "unions" } })[1]
    assert.same({ "radius", "kind" }, tool.inputSchema["$defs"].Circle.required)
  end)

  it("ends where schemas lead to each other", function()
    local shaped = made_schema({
      type = "object", properties = { a = { ["$ref"] = "#/$defs/A" }, c = { ["$ref"] = "#/$defs/C" } },
      ["$defs"] = {
        A = { type = "object", properties = { b = { ["$ref"] = "#/$defs/B" } } },
        B = { type = "object", properties = { a = { ["$ref"] = "#/$defs/A" }, c = { ["$ref"] = "#/$defs/C" } } },
        C = { type = "string" }, D = { type = "string" },
      },
    })
    assert.equal("string", shaped.properties.c.type)
    assert.equal("#/$defs/A", shaped.properties.a["$ref"])
    assert.equal("#/$defs/B", shaped["$defs"].A.properties.b["$ref"])
    assert.equal("string", shaped["$defs"].B.properties.c.type)
    assert.is_nil(shaped["$defs"].D)
  end)

  it("stays small where names stand for more and more", function()
    local defs = { D0 = { type = "string" } }
    for i = 1, 40 do
      local below = { ["$ref"] = ("#/$defs/D%d"):format(i - 1) }
      defs["D" .. i] = { type = "object", properties = { a = below, b = below } }
    end
    local shaped = made_schema({ type = "object", properties = { d = { ["$ref"] = "#/$defs/D40" } }, ["$defs"] = defs })
    assert.is_true(#bosa.json.encode(shaped) < 1e6)
    for name in bosa.json.encode(shaped):gmatch('"#/%$defs/(%w+)"') do assert.truthy(shaped["$defs"][name]) end
  end)

  it("gives a $ref's own words precedence, and holds both where they can't be one", function()
    local shaped = made_schema({
      type = "object",
      properties = {
        a = { ["$ref"] = "#/$defs/N", description = "Mine.", default = 3 },
        b = { ["$ref"] = "#/$defs/N", minimum = 5 },
      },
      ["$defs"] = { N = { type = "integer", minimum = 1, description = "Theirs." } },
    })
    assert.same({ type = "integer", minimum = 1, description = "Mine.", default = 3 }, shaped.properties.a)
    assert.equal(1, shaped.properties.b.allOf[1].minimum)
    assert.equal(5, shaped.properties.b.allOf[2].minimum)
  end)

  it("is an object also behind a $ref", function()
    local shaped = made_schema({
      ["$ref"] = "#/$defs/R", ["$defs"] = { R = { type = "object", properties = { a = { type = "string" } } } },
    }, { format = "mcp" })
    assert.equal("object", shaped.type)
    assert.equal("string", shaped.properties.a.type)
  end)

  it("holds no type that JSON Schema doesn't know, and leaves data alone", function()
    local shaped = made_schema({
      type = "object",
      properties = { a = { type = "any", default = { type = "any", format = "binary" } } },
    })
    assert.is_nil(shaped.properties.a.type)
    assert.same({ type = "any", format = "binary" }, shaped.properties.a.default)
  end)

  it("loses a file parameter wherever the file is", function()
    local file = { type = "string", format = "binary" }
    local request = {
      type = "object",
      properties = {
        a = { anyOf = { file, { type = "null" } } }, b = { type = "array", items = { ["$ref"] = "#/$defs/F" } },
        c = { anyOf = { file, { type = "boolean" } } }, d = { ["$ref"] = "#/$defs/F" },
      },
      ["$defs"] = { F = file },
    }
    for _, format in ipairs({ "openai", "mcp" }) do
      local left = made_schema(request, { format = format })
      assert.equal('{"properties":{"c":{"anyOf":[{"type":"boolean"}]}},"type":"object"}', sorted_json.line(left))
      local paths = made_schema(request, { format = format, files = dir })
      assert.equal("string", paths.properties.b.items.type)
      assert.equal("string", paths.properties.d.type)
      assert.is_nil(sorted_json.line(paths):find("binary", 1, true))
    end
    request.required = { "d" }
    assert.is_nil(made_schema(request))
  end)
end)
