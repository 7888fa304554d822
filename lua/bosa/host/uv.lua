--- luv, and Neovim's own (vim.uv, vim.loop): a poll handle on each active hub's descriptor, and one timer.
--
-- Inside bosa.async, `run` yields to the loop. Outside, it blocks, as there is nothing that could be resumed.

local loop = require("bosa.loop")

local vim = rawget(_G, "vim")

local host = { has_loop = true }

local uv -- the library, once it is there
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
  if vim and vim.in_fast_event() then
    vim.schedule(fn)
  else
    fn()
  end
end

function host.report(message)
  if not vim then
    io.stderr:write("bosa: ", message, "\n")
    return
  end
  vim.schedule(function() vim.api.nvim_err_writeln("bosa: " .. message) end)
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

function host.rearm()
  local seconds = loop.next_timer()
  if seconds then host.arm(seconds) end
end

function host.watch(hub)
  local poll = assert(uv.new_poll(hub:_fd()))
  polls[hub] = poll
  poll:start("r", turn)
end

function host.unwatch(hub)
  local poll = polls[hub]
  polls[hub] = nil
  if poll and not poll:is_closing() then
    poll:stop()
    poll:close()
  end
end

return host
