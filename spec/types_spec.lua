local bosa = require("bosa")
local core = require("bosa.core")
local types = require("bosa.types")
local luacats = require("tools.luacats")
local server = require("spec.support.server")
local command = require("spec.support.command")

local sandbox, hub, bin

setup(function()
  sandbox = server.start()
  hub = sandbox.hub()
  bin = command.new(sandbox)
end)
teardown(function()
  hub:close()
  bin:close()
  sandbox.stop()
end)

--- What the library's own definitions say.
local function own()
  local found
  for path in io.popen("ls lua/bosa/meta/*.lua"):lines() do
    found = luacats.read(found, path, command.read_file(path))
  end
  return found
end

local function set_of(list)
  local set = {}
  for _, name in ipairs(list) do set[name] = true end
  return set
end

--- The names that a table has and the definitions don't, and the other way round.
local function differences(real, described)
  local list = {}
  for name in pairs(real) do
    if not described[name] then list[#list + 1] = "not described: " .. name end
  end
  for name in pairs(described) do
    if not real[name] then list[#list + 1] = "is nowhere: " .. name end
  end
  table.sort(list)
  return list
end

local function methods_of(definitions, class)
  local names = {}
  for name in pairs(definitions.functions) do
    local method = name:match("^" .. class .. "[:.]([%w_]+)$")
    if method then names[#names + 1] = method end
  end
  return set_of(names)
end

local function public(methods)
  local names = {}
  for name, value in pairs(methods) do
    if type(value) == "function" and type(name) == "string" and name:sub(1, 1) ~= "_" then names[#names + 1] = name end
  end
  return set_of(names)
end

describe("the reader of annotations", function()
  local function faults(text) return luacats.read(nil, "x", text).faults end

  it("takes what is right", function()
    assert.same({}, faults("---@class a.B : table<string, integer>\n"
      .. "---@field x? (fun(self: a.B, ...: any): string?)[]|nil it"))
    assert.same({}, faults('---@class A\n---@field c fun(self: A, n: "x"): A\n---@field c fun(self: A, n: "y"): A'))
    assert.same({}, faults("--- Text.\n---@param a { b: string?, [integer]: any }\nfunction f(a) end"))
  end)

  it("finds what is wrong", function()
    for _, text in ipairs({
      "---@class", "---@field x string", "---@class A\n---@field x", "---@class A\n---@field x str[ing",
      "---@class A\n---@field x string\n---@field x integer", "---@nonsense", "---@class A\n---@field x fun(",
      "--- T.\n---@param a string\nfunction f(b) end", "function f() end", "x = = 1",
      "---@class A\n---@field x string)",
    }) do
      assert.is_not_same({}, faults(text), text)
    end
    assert.same({ Nope = "x:1" }, luacats.undefined(luacats.read(nil, "x", "---@type Nope|string")))
  end)
end)

describe("the definitions of the library", function()
  it("can be read, and name no type that is nowhere", function()
    local found = own()
    assert.same({}, found.faults)
    assert.same({}, luacats.undefined(found))
  end)

  it("have every method that there is, and no other", function()
    local found = own()
    for class, name in pairs({ hub = "Hub", connector = "Connector", action = "Action", call = "Call",
      response = "Response", file = "File" }) do
      local described = methods_of(found, name)
      for method in pairs(methods_of(found, "Any" .. name)) do described[method] = true end
      assert.same({}, differences(public(core.classes[class].methods), described), name)
    end
    local any = found.classes["bosa.AnyConnector"].fields
    any.action = "of each connector's own class"
    assert.same({}, differences(public(core.classes.connector.methods), any))
    assert.same({}, differences(public(require("bosa.task").methods), methods_of(found, "Task")))
  end)

  it("have every function of the modules", function()
    local found = own()
    assert.same({}, differences(public(bosa), methods_of(found, "bosa")))
    assert.same({}, differences(public(bosa.json), methods_of(found, "json")))
    assert.same({}, differences(public(bosa.filter), methods_of(found, "filter")))
    for _, name in ipairs({ "testing", "changes" }) do
      assert.same({}, differences(public(require("bosa." .. name)), methods_of(found, name)), name)
    end
    for _, name in ipairs({ "mcp", "snapshot" }) do
      for method in pairs(methods_of(found, name)) do
        assert.equal("function", type(require("bosa." .. name)[method]), name .. "." .. method)
      end
    end
  end)

  it("have every option of bosa.new", function()
    local names = command.read_file("csrc/lua/hub_new.c"):match("option_names%[%] = {(.-)}")
    local list = {}
    for name in names:gmatch('"([%w_]+)"') do list[#list + 1] = name end
    assert.truthy(#list > 20)
    assert.same({}, differences(set_of(list), own().classes["bosa.Options"].fields))
  end)

  it("have every option of a call", function()
    local described = own().classes["bosa.CallOptions"].fields
    for name in pairs(described) do
      local ok, err = pcall(hub.run, hub, "lab", "small", {}, { [name] = { {} } })
      assert.falsy(not ok and err:find("unknown option", 1, true), name)
    end
  end)

  it("are where types.directory says", function()
    assert.truthy(io.open(types.directory() .. "/bosa.lua"))
  end)
end)

--- Reads a connector's annotations together with the library's own.
local function check(text)
  local found = luacats.read(own(), "made", text)
  assert.same({}, found.faults)
  assert.same({}, luacats.undefined(found))
  return found
end

describe("a connector's types", function()
  it("are there for every action", function()
    for _, connector in ipairs({ "github", "google_drive", "google_mail", "lab" }) do
      local found = check(assert(types.of_connector(hub, connector)))
      local class = found.classes["bosa.connectors." .. connector]
      for _, action in ipairs(assert(hub:connect(connector):get_actions())) do
        assert.truthy(class.events[('action "%s"'):format(action.name)], action.name)
        assert.truthy(class.fields[action.name], action.name)
      end
      assert.truthy(found.classes["bosa.Hub"].events[('connect "%s"'):format(connector)])
    end
  end)

  it("have parameters with their types, and what may be left out", function()
    local found = check(assert(types.of_connector(hub, "github")))
    local fields = found.classes["bosa.connectors.github.list_issues.Params"].fields
    assert.same({ type = "string", optional = false }, fields.owner)
    assert.same({ type = '"open"|"closed"|"all"', optional = true }, fields.state)
    assert.same({ type = "string[]", optional = true }, fields.labels)
    found = check(assert(types.of_connector(hub, "google_drive")))
    assert.equal("bosa.File", found.classes["bosa.connectors.google_drive.create_file.Params"].fields.file.type)
  end)

  it("are the same text each time, on both VMs", function()
    assert.equal(types.of_connector(hub, "lab"), types.of_connector(hub, "lab"))
  end)

  it("of the real schemas are in order", function()
    local directory = os.getenv("BOSA_SCHEMAS") or "../shared/schemas"
    for _, connector in ipairs({ "github", "google_drive" }) do
      local file = io.open(directory .. "/" .. connector .. ".json")
      if not file then return pending("there are no real schemas beside this checkout") end
      local schemas = bosa.json.decode(file:read("*a"))
      file:close()
      local offline = bosa.new({ api_key = "k", snapshot = schemas })
      local found = check(assert(types.of_connector(offline, connector)))
      if connector == "github" then
        assert.equal("bosa.connectors.github.list_issues.Data.item[]",
          found.classes["bosa.connectors.github.list_issues.Response"].fields.data.type)
      end
    end
  end)
end)

--- A hub that knows the connector `made`, with these actions: name -> what discovery says.
local function made(actions)
  local entries = bosa.object({})
  for name, entry in pairs(actions) do
    entries[name] = {
      method = "POST", path = "/connectors/made/run", docstring = entry.docstring or "Does it.",
      parameters = entry.request and { request = { schema = entry.request } } or bosa.object({}),
      response = entry.response or bosa.object({}),
    }
  end
  return bosa.new({ api_key = "k", snapshot = { made = entries } })
end

local function fields_of(request, which)
  local found = check(assert(types.of_connector(made({ run = { request = request, response = request } }), "made")))
  return found.classes["bosa.connectors.made.run." .. (which or "Params")].fields, found
end

describe("a schema", function()
  local kinds = {
    { { type = "integer" }, "integer" },
    { { type = "number" }, "number" },
    { { type = "boolean" }, "boolean" },
    { { type = "any" }, "any" },
    { {}, "any" },
    { { type = "string", format = "binary" }, "bosa.File" },
    { { type = "array", items = { type = "string" } }, "string[]" },
    { { type = "array", items = { anyOf = { { type = "string" }, { type = "integer" } } } }, "(string|integer)[]" },
    { { type = "array" }, "any[]" },
    { { type = "object" }, "table<string, any>" },
    { { type = "object", additionalProperties = { type = "integer" } }, "table<string, integer>" },
    { { anyOf = { { type = "string" }, { type = "null" } } }, "string" },
    { { type = { "string", "null", "integer" } }, "string|integer" },
    { { const = "x" }, '"x"' },
    { { enum = { 1, 2, "a" } }, '1|2|"a"' },
    { { enum = { 'with "quotes"', "plain" } }, 'string|"plain"' },
    { { enum = { 1.5, true } }, "number|true" },
    { { allOf = { { type = "integer" } } }, "integer" },
    { { ["$ref"] = "#/$defs/Nowhere" }, "any" },
  }

  it("becomes a type", function()
    for _, kind in ipairs(kinds) do
      local fields = fields_of({ type = "object", properties = { x = kind[1] } })
      assert.equal(kind[2], fields.x.type, bosa.json.encode(kind[1]))
    end
  end)

  it("keeps null apart where an answer holds it", function()
    local maybe = { anyOf = { { type = "string" }, { type = "null" } } }
    local fields = fields_of({ type = "object", properties = { x = maybe } }, "Data")
    assert.equal("string|bosa.Null", fields.x.type)
  end)

  it("may lead to itself", function()
    local fields, found = fields_of({
      type = "object", properties = { tree = { ["$ref"] = "#/$defs/Tree" }, loop = { ["$ref"] = "#/$defs/Loop" } },
      ["$defs"] = {
        Tree = { type = "object", properties = { next = { ["$ref"] = "#/$defs/Tree" } } },
        Loop = { anyOf = { { type = "string" }, { type = "array", items = { ["$ref"] = "#/$defs/Loop" } } } },
      },
    })
    assert.equal("bosa.connectors.made.Tree", fields.tree.type)
    assert.equal("bosa.connectors.made.Tree", found.classes["bosa.connectors.made.Tree"].fields.next.type)
    assert.equal("string|any[]", fields.loop.type)
  end)

  it("shares a class with other actions only where it says the same", function()
    local function request(kind)
      return { type = "object", properties = { x = { ["$ref"] = "#/$defs/D" } },
        ["$defs"] = { D = { type = "object", properties = { y = { type = kind } } } } }
    end
    local found = check(assert(types.of_connector(made({
      a = { request = request("string") }, b = { request = request("string") }, c = { request = request("integer") },
    }), "made")))
    local function type_in(action)
      return found.classes["bosa.connectors.made." .. action .. ".Params"].fields.x.type
    end
    assert.equal(type_in("a"), type_in("b"))
    assert.is_not_equal(type_in("a"), type_in("c"))
    assert.equal("integer", found.classes[type_in("c")].fields.y.type)
  end)

  it("can't bring in syntax of its own", function()
    local nasty = "first\n---@class Evil\n@field x string\r\nos.exit(7) ]] \27[31m | \"quoted\""
    local properties = {}
    for _, name in ipairs({ "ok", "a-b", "end", "with space", 'qu"ote', "new\nline", "]]", "@class", "ünï", "1st" }) do
      properties[name] = { type = "string", description = nasty, default = nasty, enum = { nasty, "x" } }
    end
    local text = assert(types.of_connector(made({
      ["ev\nil"] = { docstring = nasty, request = { type = "object", properties = properties, description = nasty } },
      ["do-it/now"] = { docstring = "@param x string", request = { type = "object", properties = properties } },
      help = { docstring = nasty },
    }), "made"))
    local found = check(text)
    assert.is_nil(found.classes.Evil)
    assert.is_nil(text:find("\27", 1, true))
    local fields = found.classes["bosa.connectors.made.do_it_now.Params"].fields
    assert.truthy(fields["a-b"] and fields["end"] and fields["with space"] and fields["1st"] and fields.ok)
    assert.is_nil(fields['qu"ote'])
    assert.is_nil(found.classes["bosa.connectors.made"].fields.help) -- the connector's own method
    assert.truthy(found.classes["bosa.connectors.made"].events['action "help"'])
  end)
end)

describe("bosa types", function()
  it("writes one connector to standard output", function()
    local out, err, code = bin:run({ "types", "github" })
    assert.equal("", err)
    assert.equal(0, code)
    assert.equal(types.of_connector(hub, "github"), out)
  end)

  it("writes a file each into a directory, also on a terminal", function()
    local directory = bin.dir .. "/types"
    assert.equal(0, select(3, bin:run({ "types", "github", "lab", "-o", directory })))
    assert.equal(types.of_connector(hub, "lab"), command.read_file(directory .. "/lab.lua"))
    local screen, code = bin:on_terminal({ "types", "github", "-o", directory })
    assert.equal(0, code)
    assert.equal(("Wrote %s/github.lua\n"):format(directory), screen)
    assert.equal("github.lua\nlab.lua\n", command.output_of("ls " .. directory))
  end)

  it("writes all connectors of the server", function()
    local directory = bin.dir .. "/all"
    local _, err, code = bin:run({ "types", "--all", "-o", directory })
    assert.equal("", err)
    assert.equal(0, code)
    local names = command.output_of("ls " .. directory):gsub("%.lua\n", " ")
    assert.equal(table.concat(hub:get_available_modules(), " ") .. " ", names)
  end)

  it("tells where the library's own definitions are", function()
    local out, _, code = bin:run({ "types", "--path" }, { env = { BOSA_API_KEY = false } })
    assert.equal(0, code)
    assert.truthy(io.open(out:match("[^\n]+") .. "/bosa.lua"))
  end)

  it("says in one line what is wrong", function()
    command.write_file(bin.dir .. "/a file", "")
    for _, try in ipairs({
      { { "types" }, 4, "name a connector" },
      { { "types", "gitlab" }, 4, "gitlab" },
      { { "types", "github", "lab" }, 4, "-o <dir>" },
      { { "types", "--all" }, 4, "-o <dir>" },
      { { "types", "--all", "github", "-o", bin.dir }, 4, "takes no names" },
      { { "types", "github", "-o", bin.dir .. "/a file" }, 4, "not a directory" },
      { { "types", "github", "-o", bin.dir .. "/no/such/place" }, 1, "no such file or directory" },
      { { "types", "github", "--nope" }, 4, "unknown option" },
      { { "types", "github" }, 2, "no API key", { BOSA_API_KEY = false, BOSA_TOKEN = false } },
    }) do
      local out, err, code = bin:run(try[1], { env = try[4] })
      assert.equal("", out)
      assert.equal(try[2], code, err)
      assert.truthy(err:find(try[3], 1, true), err)
      assert.equal(err:find("\n"), #err)
    end
  end)
end)

describe("an editor's checker", function()
  it("finds what is wrong in a program, and nothing in what is right", function()
    if command.output_of("command -v emmylua_check") == "" then
      return pending("emmylua_check is not installed (cargo install emmylua_check)")
    end
    local place = bin.dir .. "/program"
    assert.equal(0, select(3, bin:run({ "types", "github", "-o", bin.dir .. "/for_checker" })))
    os.execute("mkdir -p " .. place)
    command.write_file(place .. "/.luarc.json", bosa.json.encode({
      workspace = { library = bosa.array({ types.directory(), bin.dir .. "/for_checker" }) },
    }))
    local function complaints(text)
      command.write_file(place .. "/program.lua", text)
      return command.output_of(("cd %s && emmylua_check . 2>&1"):format(command.quote(place)))
    end
    local head = 'local hub = require("bosa").new()\nlocal github = hub:connect("github")\n'
    local fine = complaints(head .. [[
local response, err = github:action("list_issues"):params({ owner = "lua", repo = "lua", state = "open" }):run()
if not response then error(tostring(err)) end
for issue, page in response:items({ prefetch = 2 }) do print(issue.title, page.status) end
local one = assert(github:list_issues({ owner = "lua", repo = "lua" }, { timeout = 5 }))
print(#one.data, github:help("list_issues"), github:get_actions())
local loaded = assert(hub:get_connector("github"))
loaded:list_issues({ owner = "lua", repo = "lua" })
]])
    assert.truthy(fine:find("No issues found", 1, true), fine)
    for line, complaint in pairs({
      ['github:list_issues({ owner = 5, repo = "lua" })'] = "assign-type-mismatch",
      ['github:list_issues({ owner = "lua" })'] = "missing-fields",
      ['github:list_issues({ owner = "lua", repo = "lua", state = "opn" })'] = "assign-type-mismatch",
      ['github:action("list_issues"):max_attempts("three")'] = "param-type-mismatch",
      ['github:list_isues({ owner = "lua", repo = "lua" })'] = "undefined-field",
      ['github:action("list_isues")'] = "param-type-mismatch",
      ['hub:connect("githb")'] = "param-type-mismatch",
      ['require("bosa").new({ timeout = "soon" })'] = "param-type-mismatch",
      ['for issue in assert(github:list_issues({ owner = "lua", repo = "lua" })):items() do print(issue.titel) end']
        = "undefined-field",
      ['---@type bosa.connectors.github.list_issues.Params\nlocal p = { owner = "lua", repo = "lua" }\np.stat = "open"']
        = "inject-field",
    }) do
      local text = complaints(head .. line .. "\n")
      assert.truthy(text:find(complaint, 1, true), text)
    end
  end)
end)
