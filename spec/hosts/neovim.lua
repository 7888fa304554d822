--- Run by hosts_spec inside a headless Neovim. Prints what happened.
local bosa = require("bosa")
local hub = bosa.new()
local lab = hub:connect("lab")

local function say(...) io.write(table.concat({ ... }, " "), "\n") end
local function slow(ms) return lab:action("slow"):params({ delay_ms = ms }) end

--- Waits until it is so; a test that would wait for ever ends here.
local function wait(condition)
  if vim.wait(10000, condition, 5) then return end
  say("it did not happen", debug.traceback())
  vim.cmd("cquit")
end

local ticks = 0
local timer = vim.loop.new_timer()
timer:start(10, 10, function() ticks = ticks + 1 end)

local task = bosa.async(function()
  local response = assert(slow(500):run())
  vim.api.nvim_buf_set_lines(0, 0, -1, false, { "status " .. response.status })
end)
wait(function() return task:done() end)
say(vim.api.nvim_buf_get_lines(0, 0, 1, false)[1], ticks > 20 and "ticking" or "stalled")
timer:close()

local lines
assert(slow(0):start()):on_done(function() lines = vim.api.nvim_buf_line_count(0) end)
wait(function() return lines end)
say("on_done may call the API:", tostring(lines))

say("outside it blocks:", tostring(assert(slow(0):run()).status))

assert(slow(0):start()):on_done(function() error("told to the user") end)
wait(function() return vim.api.nvim_exec("messages", true):find("told to the user", 1, true) end)
say("an error in a callback is a message")
bosa.async(function() error("so is one in a task", 0) end)
wait(function() return vim.api.nvim_exec("messages", true):find("so is one in a task", 1, true) end)
say("an error in a task, too")

vim.cmd("runtime plugin/bosa.lua")
local function complete(line) return table.concat(vim.fn.getcompletion(line, "cmdline"), " ") end
say("connectors:", complete("Bosa g"))
say("actions:", complete("Bosa github list_i"))
say("parameters:", complete('Bosa github list_issues {"ow'))
vim.cmd('Bosa github get_issue {"owner": "lua", "repo": "lua", "issue_number": 1}')
wait(function() return vim.bo.filetype == "json" end)
local shown = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false))
say("shown:", vim.bo.buftype, tostring(shown:find('"number": 1') ~= nil))
vim.cmd("Bosa github get_isue {}")
wait(function() return vim.api.nvim_exec("messages", true):find("did you mean `get_issue`", 1, true) end)
say("a mistake is a message")
vim.cmd("checkhealth bosa")
local function buffer() return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n") end
wait(function() return buffer():find("core %S+ is loaded") end)
say("health:", tostring(buffer():find("answers: github") ~= nil))
vim.cmd("helptags doc | help bosa")
say("help:", vim.bo.buftype, vim.fn.expand("%:t")) -- not its filetype: `-u NONE` may leave that off
vim.cmd("qa!")
