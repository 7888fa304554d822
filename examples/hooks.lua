-- Hooks: functions that see every request before bosa validates it, and every result. They may change or refuse it.
local bosa = require("bosa")
local hub = bosa.new()

hub:before(function(request)
  if request.connector == "github" then request.params.owner = request.params.owner or "lua" end -- a default
  if request.action:find("^delete_") then return nil, "this program deletes nothing" end
end)
hub:after(function(response, err, request)
  print("ran", request.connector .. "." .. request.action, err and err.kind or response.status)
end)

local issues = assert(hub:connect("github"):list_issues({ repo = "lua", limit = 3 }))
print("issues", #issues)

local response, err = hub:connect("google_drive"):delete_file({ id = "x" })
print("refused", response == nil, err)
