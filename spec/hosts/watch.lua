--- Run by watch_hosts_spec under luv, cqueues or neither: a watch waits for its next round while the host goes on.
local host = ...
local bosa = require("bosa")
local hub = bosa.new()
local github = hub:connect("github")
local ticks, titles, over = 0, {}, false

local function open(title) assert(github:create_issue({ owner = "hosts", repo = host, title = title })) end

local function body()
  open("before")
  local list = github:action("list_issues"):params({ owner = "hosts", repo = host, limit = 1 })
  local before
  for issue in list:watch({ every = 1, max_rounds = 2, max_pages = 1 }) do
    titles[#titles + 1] = issue.title
    if issue.title == "before" then
      open("after")
      before = ticks
    end
  end
  titles[#titles + 1] = ticks - before > 10 and "ticking" or "standing still"
  over = true
end

if host == "luv" then
  local uv = require("luv")
  local timer = uv.new_timer()
  timer:start(10, 10, function() ticks = ticks + 1 end)
  local task = bosa.async(body)
  local stopped = bosa.async(function()
    for _ in github:action("list_issues"):params({ owner = "hosts", repo = "none" }):watch() do end
  end)
  task:on_done(function()
    stopped:cancel() -- it waits for a round that would come in a minute
    timer:close()
  end)
  uv.run()
  assert(task:done() and stopped:done())
elseif host == "cqueues" then
  local cqueues = require("cqueues")
  local loop = cqueues.new()
  loop:wrap(function()
    while not over do
      cqueues.sleep(0.01)
      ticks = ticks + 1
    end
  end)
  loop:wrap(body)
  assert(loop:loop())
else
  body()
end
print(table.concat(titles, ", "))
