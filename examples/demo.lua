--- A short tour: discovery, a validation error with its suggestion, a filtered list, a loop over pages, a retry.
local bosa = require("bosa")

local function title(text) print("\n== " .. text) end

local hub = bosa.new({
  on_event = function(event)
    if event.type == "retry" then
      print(("   attempt %d answered %s; trying again"):format(event.attempt, event.status or event.kind))
    elseif event.type == "wait" then
      print(("   waiting %.1f s, as the server asked"):format(event.seconds))
    end
  end,
})
print("connected to " .. tostring(hub))

title("What can this server do?")
print("connectors: " .. table.concat(assert(hub:get_available_modules()), ", "))
local github = assert(hub:get_connector("github"))
for _, action in ipairs(assert(github:get_actions())) do
  print(("  %-22s %s"):format(action.name, action.description))
end

title("A mistake is found before anything is sent")
local _, err = github:list_issues({ onwer = "lua", repo = "lua", state = "opened" })
print(err)
for _, fault in ipairs(err.details) do print("  - " .. fault.message) end

title("A filtered list: open issues of lua/lua, only the fields we want")
local issues = assert(github
  :action("list_issues")
  :params({ owner = "lua", repo = "lua", state = "open", limit = 5 })
  :response_fields({ "number", "title", "user.login" })
  :run())
for _, issue in ipairs(issues.data) do
  print(("  #%-5d %-58s %s"):format(issue.number, issue.title, issue.user.login))
end

title("A loop over items, page after page")
local count, pages = 0, {}
for issue, page in issues:items({ max_pages = 4 }) do
  count = count + 1
  pages[page.meta.page] = (pages[page.meta.page] or 0) + 1
  if count % 5 == 1 then print(("  page %d begins with #%d"):format(page.meta.page, issue.number)) end
end
print(("  %d items on %d pages, one connection"):format(count, #pages))

title("Make an issue, read it back")
local made = assert(github:create_issue({ owner = "lua", repo = "lua", title = "Found by the tour" }))
print(("  made #%d: %s"):format(made.data.number, made.data.title))
local found = assert(github:get_issue({ owner = "lua", repo = "lua", issue_number = made.data.number }))
print(("  read #%d: %s (%s)"):format(found.data.number, found.data.title, found.data.state))

title("A server in trouble: two answers of 503, then it works")
local answer = assert(hub:connect("lab")
  :action("fault")
  :params({ status = 503, retry_after = 1, times = 2, key = "tour" })
  :max_attempts(3)
  :run())
print(("  status %d after %d attempts and %.1f s"):format(answer.status, answer.attempts, answer.elapsed))

title("Integers stay exact")
local exact = math.type and 9007199254740993 or "9007199254740993" -- LuaJIT's numbers are doubles
local integers = assert(hub:connect("lab"):action("integers"):params({ value = exact }):run())
print("  sent and received: " .. tostring(integers.data.value))

hub:close()
