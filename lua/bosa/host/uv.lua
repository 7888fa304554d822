--- luv, and Neovim's own (vim.uv, vim.loop): a poll handle on each active hub's descriptor, and one timer.
--
-- Inside bosa.async, `run` yields to the loop. Outside, it blocks, as there is nothing that could be resumed.

local loop = require("bosa.loop")

local vim = rawget(_G, "vim")
local newproxy = rawget(_G, "newproxy") -- LuaJIT's; 5.4 has __gc for tables

local host = { has_loop = true, turns = true }

local uv -- the library, once it is there
local collect -- who collects the functions that are to be run, if somebody does
local polls = {} -- hub -> poll handle; keeps the hub until its descriptor is not watched any more
local timer

local function find()
  if vim then return vim.uv or vim.loop end
  local luv = package.loaded.luv
  return type(luv) == "table" and luv.new_poll and luv or nil
end

function host.running()
  uv = uv or find()
  return uv ~= nil
end

host.name = vim and "neovim" or "luv"

--- Runs `fn` where the host's own functions may be called: in Neovim a uv callback is not such a place.
function host.defer(fn)
  if collect then return collect(fn) end
  if vim and vim.in_fast_event() then
    vim.schedule(fn)
  else
    fn()
  end
end

--- Has functions that are to be run given to `fn` from now on; nil: runs them again.
---@param fn function?
function host.collect_deferred(fn) collect = fn end

function host.report(message)
  if not vim then return loop.to_stderr(message) end
  vim.schedule(function() vim.api.nvim_echo({ { "bosa: " .. message, "ErrorMsg" } }, true, {}) end)
end

--- One turn. In Neovim it runs tasks, which may call anything, so it is scheduled.
local function turn()
  host.defer(function()
    loop.turn(0)
    host.rearm()
  end)
end

--- Has turn() called when the first timer is due.
function host.arm(seconds)
  timer = timer or assert(uv.new_timer())
  local due = uv.get_due_in and timer:is_active() and timer:get_due_in()
  local ms = math.ceil(seconds * 1000)
  if due and due > 0 and due <= ms then return end
  timer:start(ms, 0, turn)
end

--- Has no turn called.
function host.disarm()
  if timer then timer:stop() end
end

function host.rearm()
  local seconds = loop.next_timer()
  if seconds then host.arm(seconds) end
end

function host.watch(hub)
  local poll = assert(uv.new_poll(hub:_fd()))
  polls[hub] = poll
  poll:start("r", turn)
end

local closing = 0 -- poll handles whose closing the loop has not finished
local guard

--- luv crashes when a state is closed with handles that are just being closed; so a last turn is taken before that.
-- The guard is younger than the handles, and so finalized before them. One that a younger has replaced does nothing:
-- it is finalized in the middle of any code, where no callback is expected.
local function make_guard()
  local function finish(self)
    if self == guard and closing > 0 then uv.run("nowait") end
  end
  if newproxy then
    guard = newproxy(true)
    getmetatable(guard).__gc = finish
  else
    guard = setmetatable({}, { __gc = finish })
  end
end

function host.unwatch(hub)
  local poll = polls[hub]
  polls[hub] = nil
  if not poll or poll:is_closing() then return end
  poll:stop()
  closing = closing + 1
  poll:close(function() closing = closing - 1 end)
  if not vim then make_guard() end
end

return host
