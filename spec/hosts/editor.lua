--- Run by neovim_spec inside a headless Neovim, whose 'runtimepath' has the plugin and nothing else: what :Bosa does.
vim.cmd("runtime plugin/bosa.lua")
local editor -- bosa.editor, once it can be loaded

local function say(name, ...)
  local parts = {}
  for i = 1, select("#", ...) do parts[i] = tostring((select(i, ...))) end
  io.write(name, ": ", table.concat(parts, " "), "\n")
end

--- Waits until it is so; a test that would wait for ever ends here.
local function wait(condition)
  if vim.wait(60000, condition, 5) then return end
  say("it did not happen", debug.traceback(), vim.api.nvim_exec("messages", true))
  vim.cmd("cquit")
end

local function lines() return vim.api.nvim_buf_get_lines(0, 0, -1, false) end
local function press(keys)
  vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes(keys, true, false, true), "xm", false)
end
local function name() return vim.api.nvim_buf_get_name(0) end

--- Runs a command and waits until what it gave is there, or went wrong.
local function bosa(command)
  editor = editor or require("bosa.editor")
  local before = editor.last
  vim.cmd(command)
  wait(function() return editor.last ~= before end)
  return editor.last
end

local events = {}
vim.api.nvim_create_autocmd("User", { pattern = { "BosaDone", "BosaError" }, callback = function(event)
  local data = event.data or {} -- Neovim 0.7 has none
  events[#events + 1] = event.match .. (event.data and " " .. (data.kind or data.status or "other") or "")
end })

for _, line in ipairs({ "Bosa git", "Bosa github list_i", "Bosa! github get_", "Bosa github list_issues ow",
  "Bosa github list_issues owner=x ", "Bosa github list_issues state=", "Bosa github list_issues state=o",
  'Bosa github list_issues {"owner": "lua", "rep', "Bosa google_drive create_file fi",
  "Bosa google_drive create_file file@Makef", "Bosa nobody x" }) do
  say(line, table.concat(vim.fn.getcompletion(line, "cmdline"), " "))
end

bosa("Bosa github list_issues owner=lua repo=lua limit=3")
say("table", name(), vim.bo.buftype, vim.bo.modifiable, #lines(), lines()[1]:match("^id +number +title"))
local widest = 0
for _, line in ipairs(lines()) do widest = math.max(widest, vim.fn.strdisplaywidth(line)) end
local width = vim.api.nvim_win_get_width(0)
say("fits", width, widest <= width, table.concat(lines()):find("…") ~= nil)
local opened = {}
local own_open = vim.ui.open
vim.ui.open = function(url) opened[#opened + 1] = url end
vim.api.nvim_win_set_cursor(0, { 1, 0 })
press("<CR>")
vim.api.nvim_win_set_cursor(0, { 3, 0 })
press("<CR>")
say("opened", table.concat(opened, " "))
vim.ui.open = nil
press("<CR>")
say("without a browser", name(), vim.bo.filetype, vim.fn.json_decode(table.concat(lines())).number)
press("q")
say("closed", name())
vim.api.nvim_win_set_cursor(0, { 4, 0 })
press("o")
say("as JSON", name())
press("q")
vim.api.nvim_win_set_cursor(0, { 5, 0 })
press("<CR>")
wait(function() return #lines() == 8 end)
say("next page", lines()[8]:match("more"), #vim.api.nvim_list_wins())
vim.ui.open = own_open
bosa("Bosa github list_issues owner=lua repo=lua limit=5")
say("again", name(), #lines(), #vim.api.nvim_list_wins())
press("q")

bosa("Bosa! github list_issues owner=lua repo=lua limit=1")
say("raw", name(), vim.bo.filetype, #vim.fn.json_decode(table.concat(lines())))
press("q")
bosa([[Bosa lab echo text="two 'words':=@-" number:=5]])
say("object", name(), vim.fn.json_decode(table.concat(lines())).body.text)
press("q")
bosa("Bosa lab integers")
say("integers", table.concat(lines()):match("9007199254740993"))
press("q")
bosa("Bosa lab download bytes=10")
say("file", name(), lines()[1])
press("q")
bosa("Bosa google_drive create_file name=x file@Makefile")
say("upload", editor.last.err or editor.last.response.status)
press("q")

for _, line in ipairs({ "Bosa github list_isues", "Bosa github list_issues owner='lua", "Bosa github list_issues owner",
  "Bosa github list_issues [1]", "Bosa lab echo text@-", "Bosa lab echo object:=@-", "Bosa lab fault status=503",
  "Bosa github list_issues owner=lua repo=lua limit=3.5 stat=x" }) do
  say(line, bosa(line).err)
end
say("events", table.concat(events, ", "))
say("messages", vim.api.nvim_exec("messages", true):find("a quote is never closed", 1, true) ~= nil)

local asked, picks
vim.ui.select = function(items, options, fn)
  local show = options.format_item or tostring
  asked[#asked + 1] = options.prompt
  local wanted = table.remove(picks, 1)
  for i, item in ipairs(items) do
    if wanted and show(item):find(wanted, 1, true) then return fn(item, i) end
  end
  fn(nil)
end
vim.ui.input = function(options, fn)
  asked[#asked + 1] = options.prompt
  fn(table.remove(picks, 1))
end
asked, picks = {}, { "github", "list_issues", "lua", "two words", "more: state", "all", "more: limit", "2", "Run" }
bosa("Bosa")
say("picked", name(), #lines(), vim.fn.histget("cmd", -1))
say("asked", #asked, (asked[3]:match("^owner %(string%)")), (asked[6]:match("^state %(string%)")))
press("q")
asked, picks = {}, { "small", "Run" }
bosa("Bosa lab")
say("picked", name(), table.concat(asked, ", "))
press("q")
asked, picks = {}, {}
vim.cmd("Bosa github")
wait(function() return asked[1] end)
say("called off", #asked)

local hub = require("bosa.editor.hub").get()
local user = hub:create_user("inspected" .. vim.loop.hrtime())
local token = hub:authenticate(user.identifier, user.secret)
local shown = vim.inspect({ user, token, editor.last, hub, select(2, hub:run("github", "list_issues", {})) })
local function holds(text) return shown:find(text, 1, true) ~= nil end
say("inspected", holds(user.secret), holds(token.token), holds("identifier"))
local github = hub:connect("github")
say("inspected hub", (vim.inspect(hub):gsub("%d+%)$", "PORT)")))
say("inspected action", vim.inspect(github:action("get_issue")))
local one = github:get_issue({ owner = "lua", repo = "lua", issue_number = 1, response_fields = { "number" } })
say("inspected response", (vim.inspect(one):gsub("%s+", " ")))
say("inspected others", vim.inspect(io.stdout), vim.inspect({ hub }), vim.inspect({ 1 }, { newline = "" }))

for _, variable in ipairs({ "BOSA_API_KEY", "BOSA_TOKEN" }) do vim.fn.setenv(variable, vim.NIL) end
require("bosa.editor.hub").forget()
local before = #asked
vim.cmd("Bosa")
bosa("Bosa github list_issues owner=lua repo=lua")
say("without credentials", #asked - before, editor.last.err.kind, editor.last.err.message)
