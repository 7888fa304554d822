--- The work that a server's schemas and texts make grows with their size, and no faster.
local bosa = require("bosa")
local describe_module = require("bosa.describe")
local lean = require("bosa.tools.lean")

local MANY = 1000000 -- what takes the square of it never ends

local function hub_of(request, docstring, response)
  return bosa.new({
    api_base_url = "http://127.0.0.1:1", api_key = "k",
    snapshot = { made = { run = {
      method = "POST", path = "/connectors/made/run", docstring = docstring or "Runs.",
      response = response or bosa.object({}),
      parameters = { request = { schema = request } },
    } } },
  })
end

local function object(properties) return { type = "object", properties = properties } end

--- Everything that reads an action's description or its schema.
local READERS = {
  help = function(hub) return assert(hub:connect("made"):help("run")) end,
  ["help of all"] = function(hub) return assert(hub:connect("made"):help()) end,
  actions = function(hub) return assert(hub:connect("made"):get_actions()) end,
  parameters = function(hub) return assert(hub:connect("made"):get_action_parameters("run")) end,
  types = function(hub) return assert(require("bosa.types").of_connector(hub, "made")) end,
  search = function(hub) return assert(hub:search_actions("run this", { connectors = { "made" } })) end,
  tools = function(hub) return assert(hub:connect("made"):tools({ format = "mcp" })) end,
  ["full tools"] = function(hub) return assert(hub:connect("made"):tools({ format = "mcp", full = true })) end,
  ["tools without $ref"] = function(hub)
    return assert(hub:connect("made"):tools({ format = "gemini", full = true }))
  end,
}

describe("a text of a server", function()
  local TEXTS = {
    ["of empty lines"] = ("\n"):rep(MANY),
    ["of blanks before a word"] = (" "):rep(MANY) .. "x",
    ["of words and blanks"] = ("a  \t"):rep(MANY / 4),
    ["of lines and blanks"] = ("a \n"):rep(MANY / 4) .. (" \n"):rep(MANY / 2),
    ["of form feeds"] = "a" .. ("\f"):rep(MANY) .. "b",
    ["of carriage returns"] = ("\r"):rep(MANY),
    ["of sections"] = ("\nArgs: "):rep(140000),
    ["that is one word"] = ("a"):rep(MANY),
    ["that is one long participle"] = ("a"):rep(MANY) .. "ing",
  }
  for kind, text in pairs(TEXTS) do
    for reader, read in pairs(READERS) do
      it(kind .. " is read once by " .. reader, function()
        assert.truthy(read(hub_of(object({ p = { type = "string", description = text } }), text)))
      end)
    end
  end

  it("is told up to the first empty line, on one line", function()
    local told = {
      [""] = "", [" \n\n "] = "", ["One."] = "One.", ["\n\n  One\n  two.\n\nThree."] = "One two.",
      ["One\n \t\nTwo"] = "One", ["One\r\n\r\nTwo"] = "One", ["a\n"] = "a",
    }
    for text, sentence in pairs(told) do assert.equal(sentence, describe_module.first_paragraph(text)) end
  end)

  it("goes to a model without the code's sections and indentation", function()
    local docstring = "  Lists them.\n\n   All of  them.\n\n    Args:\n        request: what is sent\n"
      .. "    Returns:\n        all\n"
    local tool = assert(hub_of(object({}), docstring):connect("made"):tools({ format = "mcp" }))[1]
    assert.equal("Lists them.\nAll of them.", tool.description)
    assert.equal("", lean.words(" \n \t"))
    assert.equal("a\nb", lean.words("\n a \r\n  b \f"))
  end)
end)

--- Instructions that the VM runs in fn. What a compiler of LuaJIT does isn't counted, so there it is off.
local function instructions(fn)
  local count, compiler = 0, rawget(_G, "jit")
  if compiler then
    compiler.off()
    compiler.flush()
  end
  debug.sethook(function() count = count + 1 end, "", 1000)
  fn()
  debug.sethook()
  if compiler then compiler.on() end
  return count
end

local function list_of(n, make)
  local list = {}
  for i = 1, n do list[i] = make(i) end
  return bosa.array(list)
end

local function map_of(n, make)
  local map = {}
  for i = 1, n do map["p" .. i] = make(i) end
  return map
end

describe("a schema", function()
  local SCHEMAS = {
    ["whose properties are all required"] = function(n)
      local made = object(map_of(n, function() return { type = "string" } end))
      made.required = list_of(n, function(i) return "p" .. i end)
      return made
    end,
    ["below a name of many words"] = function(n)
      local name = table.concat(list_of(n, function(i) return "w" .. i .. "w" end), " ")
      return object({ [name] = object(map_of(n, function() return { type = "string", description = "w0w" } end)) })
    end,
    ["that names one long enum often"] = function(n)
      local made = object(map_of(n, function() return { ["$ref"] = "#/$defs/d", enum = { "e1", "e2" } } end))
      made["$defs"] = { d = { enum = list_of(n, function(i) return "e" .. i end) } }
      return made
    end,
    ["that names one wide object often"] = function(n)
      local made = object(map_of(n, function() return { ["$ref"] = "#/$defs/d", properties = { p1 = {} } } end))
      made["$defs"] = { d = object(map_of(n, function() return { type = "string" } end)) }
      return made
    end,
    ["whose branches have many tags"] = function(n)
      local branch = object(map_of(n, function(i) return { const = i } end))
      branch.required = list_of(n, function(i) return "p" .. i end)
      return object({ x = { oneOf = { branch }, discriminator = { propertyName = "p1" } } })
    end,
    ["whose classes would have one name"] = function(n)
      local properties = {}
      for i = 1, n do
        local name = "a" -- the bits of i, in signs that no class's name can have
        for bit = 0, 13 do name = name .. (math.floor(i / 2 ^ bit) % 2 == 0 and "-" or ".") end
        properties[name] = object({ a = { type = "string" } })
      end
      return object(properties)
    end,
    ["whose definitions would have one name"] = function(n)
      local properties = map_of(n, function() return object({ a = { type = "string" } }) end)
      for i = 1, n do properties["q" .. i] = { ["$ref"] = "#/properties/p" .. i .. "/properties/a" } end
      return object(properties)
    end,
    ["whose branches all lead back to their union"] = function(n)
      local made = object({ x = { oneOf = list_of(n, function(i) return { ["$ref"] = "#/$defs/p" .. i } end) } })
      made["$defs"] = map_of(n, function(i)
        return object({ kind = { const = "p" .. i }, next = { ["$ref"] = "#/properties/x" } })
      end)
      return made
    end,
    ["of many documents"] = function(n)
      local properties = map_of(n, function(i) return { ["$id"] = "http://h/" .. i .. "/a", type = "string" } end)
      for i = 1, n do properties["q" .. i] = { ["$ref"] = i .. "/b" } end
      for i = 1, n do properties["r" .. i] = { ["$ref"] = "x" .. i .. "/a" } end
      return object(properties)
    end,
  }
  it("of a response whose parts have $defs of one name takes work that grows as it does", function()
    local function make(n)
      return object(map_of(n, function()
        local part = object({ a = { ["$ref"] = "#/$defs/a" } })
        part["$defs"] = { a = { type = "string" } }
        return part
      end))
    end
    local small, large = hub_of(object({}), nil, make(250)), hub_of(object({}), nil, make(1000))
    READERS.tools(hub_of(object({}), nil, make(10)))
    local before = instructions(function() READERS.tools(small) end)
    local after = instructions(function() READERS.tools(large) end)
    assert.is_true(after <= 6 * before + 100, ("%d, then %d thousand"):format(before, after))
  end)

  -- of those whose square weighs little beside the rest
  local LARGER = {
    ["whose properties are all required"] = 1000, ["below a name of many words"] = 1000,
    ["whose definitions would have one name"] = 1000, ["of many documents"] = 1000,
  }
  for kind, make in pairs(SCHEMAS) do
    for reader, read in pairs(READERS) do
      it(kind .. " takes " .. reader .. " work that grows as it does", function()
        local n = LARGER[kind] or 250
        local small, large = hub_of(make(n)), hub_of(make(4 * n))
        read(hub_of(make(10))) -- what is made once
        local before = instructions(function() read(small) end)
        local after = instructions(function() read(large) end)
        assert.is_true(after <= 6 * before + 100, ("%d, then %d thousand"):format(before, after))
      end)
    end
  end
end)
