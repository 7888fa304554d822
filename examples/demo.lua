--- A short tour: discovery, a validation error with its suggestion, a filtered list, a loop over pages, a retry.
-- Each step prints its own lines before it runs them.
local bosa = require("bosa")

local this_file = debug.getinfo(1, "S").source:sub(2)

--- Prints a title, then the lines of `step`, then runs it.
local function show(title, step)
  print("\n== " .. title)
  local place, number = debug.getinfo(step, "S"), 0
  for line in io.lines(this_file) do
    number = number + 1
    if number > place.linedefined and number < place.lastlinedefined then print("   | " .. line:gsub("^  ", "", 1)) end
  end
  step()
end

local hub = bosa.new({ -- address, key and token are in $BOSA_API_BASE_URL, $BOSA_API_KEY and $BOSA_TOKEN
  on_event = function(event)
    if event.type == "retry" then
      print(("attempt %d: %s; bosa will try again"):format(event.attempt, event.status or event.kind))
    elseif event.type == "wait" then
      print(("waiting %.1f s, as the server asked"):format(event.seconds))
    end
  end,
})
local github = hub:connect("github")

show("What can this server do?", function()
  print(hub)
  print("connectors: " .. table.concat(assert(hub:get_available_modules()), ", "))
  for _, action in ipairs(assert(github:get_actions())) do
    print(("  github.%-20s %s"):format(action.name, action.description))
  end
end)

show("The server publishes a schema, so bosa finds a mistake before it sends anything", function()
  local _, err = github:list_issues({ onwer = "lua", repo = "lua", state = "opened" })
  print(err.kind, "sent: " .. err.sent)
  for _, detail in ipairs(err.details) do print("  " .. detail.message) end
end)

local issues
show("Open issues of lua/lua, and only the fields we want", function()
  issues = assert(github:action("list_issues")
    :params({ owner = "lua", repo = "lua", state = "open", limit = 5 })
    :response_fields({ "number", "title", "user.login" })
    :run())
  for _, issue in ipairs(issues.data) do
    print(("  #%-5d %-58s %s"):format(issue.number, issue.title, issue.user.login))
  end
end)

show("A loop over items fetches page after page", function()
  local count, pages = 0, {}
  for issue, page in issues:items({ max_pages = 4 }) do
    count = count + 1
    pages[page.meta.page] = pages[page.meta.page] or issue.number
  end
  for number, first in ipairs(pages) do print(("  page %d begins with #%d"):format(number, first)) end
  print(("  %d items on %d pages, over one connection"):format(count, #pages))
end)

show("Open an issue, read it back", function()
  local made = assert(github:create_issue({ owner = "lua", repo = "lua", title = "Found by the tour" }))
  local found = assert(github:get_issue({ owner = "lua", repo = "lua", issue_number = made.data.number }))
  print(("  #%d: %s (%s)"):format(found.data.number, found.data.title, found.data.state))
end)

show("A server in trouble: it responds 503 twice, then it works", function()
  local response = assert(hub:connect("lab"):action("fault")
    :params({ status = 503, retry_after = 1, times = 2, key = "tour" })
    :max_attempts(3)
    :run())
  print(("  status %d after %d attempts and %.1f s"):format(response.status, response.attempts, response.elapsed))
end)

show("Integers stay exact", function()
  local exact = math.type and 9007199254740993 or "9007199254740993" -- LuaJIT's numbers are doubles
  print("  " .. tostring(assert(hub:connect("lab"):integers({ value = exact })).data.value))
end)

hub:close()
