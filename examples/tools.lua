-- Tools for a language model: definitions that it reads, and a call that it asks for.
local bosa = require("bosa")
local hub = bosa.new()

local only = { "list_issues", "get_issue" }
local definitions = assert(hub:connect("github"):tools({ format = "anthropic", only = only }))
for _, tool in ipairs(definitions) do print("tool", tool.name, tool.description) end

-- What a model sends after reading them, the first time with a mistake
for _, arguments in ipairs({
  '{"owner": "lua", "repo": "lua", "state": "opened"}',
  '{"owner": "lua", "repo": "lua", "state": "open", "limit": 2}',
}) do
  local result = hub:call_tool("github__list_issues", arguments, { only = only })
  print("is an error", result.is_error)
  print(result.content:sub(1, 200))
end
