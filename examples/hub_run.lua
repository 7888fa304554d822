--- `hub:run`: connector, action, parameters, options; and only the fields you want.
local bosa = require("bosa")
local hub = bosa.new()

local response = assert(hub:run("github", "list_pull_requests", {
  owner = "lua",
  repo = "lua",
  response_fields = { "number", "user.login" },
}, { max_attempts = 2, timeout = 5 }))

for i = 1, math.min(3, #response) do
  local pr = response[i]
  print(pr.number, pr.user.login, pr.title == nil and "no title was sent" or pr.title)
end
