--- A listing that has nothing: standard error says so, in a pipe too; nothing is printed, and JSON is an empty list.
local library = require("bosa")
local command = require("spec.support.command")
local process = require("spec.support.process")

local bosa, stop

setup(function()
  local line
  line, stop = process.start("empty_server.lua")
  bosa = command.new({ url = line:match("^listening (%S+)"), key = "sk-client-x", token = "jwt" })
  bosa.env.NO_COLOR = "1"
end)
teardown(function()
  bosa:close()
  stop()
end)

local EMPTY = { -- words, what is said, and with --json
  { "auth list", "no sessions are saved; `bosa auth login` makes one", "[]" },
  { "connectors", "the server has no connectors", "[]" },
  { "actions bare", "bare has no actions", "[]" },
  { "integrations", "the server has no connectors", "{}" },
  { "search an issue", "no action has these words; `bosa connectors` and `bosa actions CONNECTOR` list what there is",
    "[]" },
  { "catalog tools", "the catalog has no tools", "[]" },
  { "catalog tools issue", "the catalog has no tools that match", "[]" },
  { "catalog mcps --all", "the catalog has no MCP servers", "[]" },
  { "catalog skills --source agent", "the catalog has no skills that match", "[]" },
  { "catalog search issue", "the catalog has nothing like this" },
  { "catalog search off", "this server's search is switched off" },
  { "skills list", "your tenant has no skills", "[]" },
}

local function words_of(text)
  local words = {}
  for word in text:gmatch("%S+") do words[#words + 1] = word end
  return words
end

describe("a listing that has nothing", function()
  for _, case in ipairs(EMPTY) do
    local words = words_of(case[1])

    it("says so: " .. case[1], function()
      local out, err, code = bosa:run(words)
      assert.equal("", out)
      assert.equal(case[2] .. "\n", err)
      assert.equal(0, code)
      assert.equal(case[2] .. "\n", (bosa:on_terminal(words)))
    end)

    it("is empty JSON: " .. case[1] .. " --json", function()
      local out = bosa:output(command.with(words, "--json"))
      if case[3] then return assert.equal(case[3] .. "\n", out) end
      local found = assert(library.json.decode(out))
      for _, kind in ipairs({ "tools", "mcp", "skills" }) do assert.same({}, found[kind]) end
    end)
  end
end)
