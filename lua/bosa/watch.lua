--- action:watch{...}: asks a list again and again, and gives the items that it hasn't given before.
--
-- A round reads the list's pages and gives what is new while it does. An item counts as handled when the loop asks for
-- the next one; then the state is saved. So what was handed out when the program died is given again: each item comes
-- at least once. Nothing is under way between two items, so leaving the loop leaves nothing behind.

local core = require("bosa.core")
local deep_copy = require("bosa.deep_copy")
local loop = require("bosa.loop")
local misuse = require("bosa.misuse")
local paging = require("bosa.paging")
local state = require("bosa.watch.state")
local task = require("bosa.task")

local watch = {}

local LONGEST_WAIT = 3600 -- seconds that a server can put off the next round, unless `every` is longer

--- Kinds of errors that no later round would be without, but for those that the server says may pass.
local FINAL = {
  params = true, unknown_connector = true, unknown_action = true, auth = true, not_connected = true, not_found = true,
  api = true, file = true, cancelled = true, closed = true,
}

local PASSING = { [408] = true, [425] = true } -- Request Timeout, Too Early: of a moment, whatever the kind

--- Whether a round that failed so is the last one.
local function is_final(err) return FINAL[err.kind] and not (err.retryable or PASSING[err.status]) end

---@class bosa.WatchOptions
---@field every number? seconds from the beginning of a round to that of the next (60), at least 1
---@field key string? what tells items apart: a name, with dots where it lies deeper ("id")
---@field state string? path of the file that remembers what was handled; without it a new loop begins anew
---@field max_pages integer? pages that a round reads (10)
---@field max_rounds integer? rounds, after which the loop ends (none)
---@field keep integer? keys that are remembered of items that are on no page any more (10000)
---@field from_now boolean? leaves out what is there when the watch begins for the first time
---@field wait (fun(seconds: number): boolean?)? waits between rounds in place of the library; false ends the loop
---@field on_failure fun(err: table, seconds: number)? is told of a round that failed, and when the next one comes

---------------------------------------------------------------------------------------------------
-- options

local function is_whole(value)
  return type(value) == "number" and value >= 1 and (value % 1 == 0 or value == math.huge)
end

--- option -> { whether a value fits, what is expected }
local OPTIONS = {
  every = {
    function(value) return type(value) == "number" and value >= 1 and value <= 1e9 end,
    "seconds from 1 to 1000000000 expected",
  },
  key = { function(value) return type(value) == "string" and value ~= "" end, "a name expected" },
  state = {
    function(value) return type(value) == "string" and value ~= "" and not value:find("\0", 1, true) end,
    "a path expected",
  },
  max_pages = { is_whole, "a whole number, 1 or more, expected" },
  max_rounds = { is_whole, "a whole number, 1 or more, expected" },
  keep = {
    function(value) return is_whole(value) and value <= 1e6 end, "a whole number from 1 to 1000000 expected",
  },
  from_now = { function(value) return type(value) == "boolean" end, "boolean expected" },
  wait = { function(value) return type(value) == "function" end, "function expected" },
  on_failure = { function(value) return type(value) == "function" end, "function expected" },
}

--- Raises at the caller `level` up for what is no option.
local function check_options(options, level)
  if type(options) ~= "table" then misuse.raise(level + 1, "options: table expected, got %s", type(options)) end
  for name, value in pairs(options) do
    local option = OPTIONS[name]
    if not option then misuse.unknown_option(level + 1, name, OPTIONS) end
    if not option[1](value) then
      misuse.raise(level + 1, "option `%s`: %s, got %s", name, option[2], tostring(value))
    end
  end
end

---------------------------------------------------------------------------------------------------
-- a watch

---@class bosa.Watch
---@field builder userdata a copy of the caller's
---@field options bosa.WatchOptions
---@field known bosa.WatchState
---@field round integer rounds begun
---@field next_page function? gives the pages of the round that is going on
---@field items table of the page that is being given
---@field keys string[] theirs
---@field place integer of the item given last
---@field count integer items of this round
---@field current { key: string, again: boolean? }? what was handed out and isn't handled yet
---@field opened boolean? the state was read
---@field due number? when the next round begins
---@field over any true, or the error that ended it
local Watch = {}
Watch.__index = Watch

--- An error about what the server gave.
local function error_of(self, kind, message)
  local err = loop.error(kind, message, "yes")
  local _
  _, err.connector, err.action = self.builder:_hub()
  return err
end

--- What the state is of: a file of another watch is refused. `response_fields` says nothing of which items there are.
---@return table? identity, table? err
local function identity_of(self)
  local _, connector, action = self.builder:_hub()
  local parameters = {}
  for name, value in pairs(self.builder:_kept("params") or {}) do
    if name ~= "response_fields" then parameters[name] = value end
  end
  local text, err = core.json.encode(core.object(parameters), { sorted = true })
  if not text then return nil, err end
  text = text .. "\n" .. (self.builder:_kept("identifier") or "")
  return { connector = connector, action = action, key = self.options.key, parameters = state.checksum(text) }
end

--- Reads the state before anything is asked.
function Watch:open()
  if not self.options.wait and rawget(_G, "vim") and self.options.max_rounds ~= 1 and not task.can_wait() then
    return nil, loop.error("cancelled", "a watch would hold up the editor: run it in bosa.async", "no")
  end
  local identity, why
  if self.options.state then
    identity, why = identity_of(self)
    if not identity then return nil, why end
  end
  self.known = state.new(self.options.state, identity or {}, self.options.keep)
  local ok, err = self.known:load()
  if not ok or self.options.from_now or self.known.primed then return ok, err end
  self.known.primed, self.known.dirty = true, true -- what is there now is given, also when this is cut short
  return self.known:save()
end

---------------------------------------------------------------------------------------------------
-- rounds

--- Whether this round only remembers what is there.
function Watch:is_priming() return self.options.from_now and not self.known.primed end

--- Takes a page in: its items with their keys. A page whose items have none is an error.
---@return true? ok, table? err
function Watch:take_page(page)
  if not page:is_list() then return nil, error_of(self, "params", "it gives no list, and can't be watched") end
  local items, keys = page:get_data(), {}
  for i = 1, #page do
    local key, why = state.key_of(items[i], self.options.key)
    if not key then return nil, error_of(self, "params", why) end
    keys[i] = key
    self.known:look(key, self.round)
  end
  self.count = self.count + #keys
  if self.count > self.options.keep then
    local message = "a round read more items than are remembered (%d): raise `keep`, or lower `max_pages`"
    return nil, error_of(self, "params", message:format(self.options.keep))
  end
  self.items, self.keys, self.place = items, keys, 0
  return true
end

--- The next page of the round; false: there is none.
---@return boolean? more, table? err
function Watch:turn_page()
  local page, err = self.next_page()
  if err then return nil, err end
  if not page then return false end
  return self:take_page(page)
end

--- Begins a round.
---@return true? ok, table? err
function Watch:begin_round()
  self.round, self.count, self.due = self.round + 1, 0, core.now() + self.options.every
  local response, err = self.builder:run()
  if not response then return nil, err end
  self.next_page = paging.walk(response, { max_pages = self.options.max_pages })
  return self:turn_page()
end

--- Ends a round whose pages are all read.
---@return true? ok, table? err
function Watch:end_round()
  self.next_page, self.items, self.keys, self.place = nil, {}, {}, 0
  self.known:forget(self.round)
  if not self.known.primed then self.known.primed, self.known.dirty = true, true end
  return self.known:save(true)
end

--- A round failed. nil and the error where that is the end.
---@return true? ok, table? err
function Watch:fail_round(err)
  self.next_page, self.items, self.keys, self.place = nil, {}, {}, 0
  if is_final(err) or self.round >= (self.options.max_rounds or math.huge) then return nil, err end
  local now = core.now()
  local asked = math.min(err.retry_after or 0, math.max(LONGEST_WAIT, self.options.every))
  self.due = math.max(self.due, now + asked)
  local seconds = math.max(0, self.due - now)
  local hub, connector, action = self.builder:_hub()
  local on_event = hub:_kept("on_event")
  if on_event then
    loop.guarded(on_event, {
      type = "warning", kind = err.kind, connector = connector, action = action, status = err.status,
      seconds = seconds, message = "a round of the watch failed: " .. tostring(err),
    })
  end
  if self.options.on_failure then loop.guarded(self.options.on_failure, err, seconds) end
  return true
end

--- Waits for the next round; false: the loop ends.
function Watch:pause()
  if not self.due then return true end
  if self.round >= (self.options.max_rounds or math.huge) then return false end
  local seconds = math.max(0, self.due - core.now())
  if self.options.wait then return self.options.wait(seconds) ~= false end
  task.sleep(seconds)
  return true
end

--- Goes on after the items of a page: to the next page, or the next round. False: the loop ends.
---@return boolean? going, table? err
function Watch:advance()
  local more, err
  if self.next_page then
    more, err = self:turn_page()
    if more == false then return self:end_round() end
  else
    if not self:pause() then return false end
    more, err = self:begin_round()
  end
  if more == nil then return self:fail_round(err) end
  return true
end

---------------------------------------------------------------------------------------------------
-- items

--- What was handed out last is handled now, unless the loop said otherwise.
---@return true? ok, table? err
function Watch:settle()
  local current = self.current
  self.current = nil
  if not current or current.again then return true end
  return self.known:handle(current.key, self.round)
end

--- The next item of the page that is new; nil: there is none.
function Watch:take()
  while self.place < #self.keys do
    self.place = self.place + 1
    local key = self.keys[self.place]
    if not self.known:look(key, self.round) then
      if not self:is_priming() then
        self.current = { key = key }
        return self.items[self.place]
      end
      self.known:add(key, self.round)
    end
  end
  return nil
end

--- The next new item: `item, again`, nothing at the end, or `nil, nil, err`.
function Watch:step()
  local going, err = self:settle()
  if going and not self.opened then
    going, err = self:open()
    self.opened = going
  end
  while going do
    local item = self:take()
    if item ~= nil then
      local current = self.current
      return item, function() current.again = true end
    end
    going, err = self:advance()
  end
  return nil, nil, err
end

--- for item, again in action:watch{...} do
---@param action userdata
---@param options bosa.WatchOptions?
---@return fun(): any, function
function watch.watch(action, options)
  if options == nil then options = {} end
  check_options(options, 2)
  local own = { every = 60, key = "id", max_pages = 10, keep = 10000 }
  for name, value in pairs(options) do own[name] = value end
  local builder = action:_copy()
  local params = action:_kept("params")
  if params then builder:params(deep_copy(params)) end
  local self = setmetatable({
    builder = builder, options = own, round = 0, items = {}, keys = {}, place = 0, count = 0,
  }, Watch)
  return function()
    if self.over == true then return nil end
    if self.over then error(self.over, 0) end
    local item, again, err = self:step()
    if item == nil then self.over = err or true end
    if err then error(err, 0) end
    return item, again
  end
end

return watch
