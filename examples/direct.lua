--- `execute`: one call, and the body of its response as the server sent it.
local bosa = require("bosa")
local hub = bosa.new() -- $BOSA_API_BASE_URL, $BOSA_API_KEY, $BOSA_TOKEN

local body, status = hub:execute("github", "list_pull_requests", { owner = "lua", repo = "lua" })
if not body then error(status, 0) end -- then the second value is the error

print("status", status)
for _, pr in ipairs(body.data) do print(pr.number, pr.title) end
