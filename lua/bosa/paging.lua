--- Loops over the pages of a list, and over its items.
--
-- A server can't make a loop endless: the same cursor again, or the same page again, ends it with an error
-- of kind "protocol". Pages fetched ahead are calls under way; leaving a loop cancels them.

local hooks = require("bosa.hooks")
local loop = require("bosa.loop")
local misuse = require("bosa.misuse")
local run = require("bosa.run")
local task = require("bosa.task")

local paging = {}

local function protocol_error(page, message)
  local err, _ = loop.error("protocol", message, "yes")
  _, err.connector, err.action = page:_names()
  return err
end

local function page_number(page)
  local meta = page:get_meta()
  return type(meta) == "table" and tonumber(meta.page) or nil
end

--- What a loop over pages knows.
---@class bosa.Walk
---@field page userdata the page given out last
---@field forward boolean
---@field ahead userdata[] calls of the pages after it, in order
---@field asked number? the number of the page asked for last, for numbered pages
---@field seen table cursors already used
---@field prefetch integer
---@field room number pages that the loop may still want after `page`
local Walk = {}
Walk.__index = Walk

--- Begins the call of a page that is asked for by `page`.
local function start(page, call, err)
  if not call then return nil, err end
  local hooked = hooks.on and hooks.start_page(page, call)
  if hooked then return hooked end
  local ok, start_err = run.launch(call)
  if not ok then return nil, start_err end
  return call
end

--- Asks for pages ahead by number, as far as the prefetch goes and the server says there are any.
function Walk:ask_numbered(page)
  local number, last = page:_numbered()
  local wanted = math.max(1, math.min(self.prefetch, self.room))
  local next_number = (self.asked or number) + 1
  while #self.ahead < wanted and page:has_next() do
    local known = last > 0 and next_number <= last
    if not known and #self.ahead > 0 then return end
    local call, err = start(page, page:_numbered_call(next_number))
    if not call then return err end
    self.ahead[#self.ahead + 1] = call
    self.asked = next_number
    next_number = next_number + 1
  end
end

--- Asks for the page after `page`. Returns an error object, or nothing.
function Walk:ask(page)
  if self.forward and page:_numbered() then return self:ask_numbered(page) end
  if self.ahead[1] then return nil end
  local cursor = page:_cursor(self.forward)
  local has = self.forward and page:has_next() or not self.forward and page:has_prev()
  if cursor ~= nil and has then
    if self.seen[cursor] then return protocol_error(page, "the server gave the same cursor again") end
    self.seen[cursor] = true
  end
  local call, err = page:_page_call(self.forward)
  if not call then return err end
  call, err = start(page, call)
  if not call then return err end
  self.ahead[1] = call
end

--- True when the page that came is the one before again. Two pages may hold the same by chance: then their numbers
-- differ. Of filtered pages many in a row may be empty.
local function repeats(walk, page)
  if walk.page:_cursor(walk.forward) ~= nil or not page:_same_data(walk.page) then return false end
  local number = page_number(page)
  local empty = #page == 0 and (page:is_list() or page:_is_null())
  return empty and not page:_filtered() or number == nil or number == page_number(walk.page)
end

--- The next page: `page`, or nothing at the end, or `nil, err`.
function Walk:step()
  if self.failed then return nil, self.failed end
  if not self.ahead[1] then
    local err = self:ask(self.page)
    if err then return nil, err end
    if not self.ahead[1] then return nil end
  end
  local call = table.remove(self.ahead, 1)
  task.wait(call)
  local page, err = loop.result(call)
  if not page then return nil, err end
  if repeats(self, page) then return nil, protocol_error(page, "the server gave the same page again") end
  self.page = page
  return page
end

--- Asks ahead of the page given last, where the loop wants that and more pages. An error waits for its turn.
function Walk:ask_ahead(room)
  self.room = room
  if self.prefetch > 0 and room > 0 then self.failed = self:ask(self.page) end
end

--- Cancels what was fetched ahead.
function Walk:close()
  for i = 1, #self.ahead do task.cancel(self.ahead[i]) end
  self.ahead = {}
end
Walk.__close = Walk.close

local function walk(response, options)
  local self = setmetatable({
    page = response,
    forward = not options.reverse,
    ahead = {},
    seen = {},
    prefetch = options.prefetch or 0,
    room = 1,
  }, Walk)
  return self
end

local ITEMS = { prefetch = misuse.whole(0, 100), max_pages = misuse.whole(0), max_items = misuse.whole(0) }
local PAGES = { reverse = "boolean" }
for name, check in pairs(ITEMS) do PAGES[name] = check end

--- Pages one by one: `next() -> page | nothing | nil, err`, and the walk to close.
---@param response userdata
---@param options { prefetch: integer?, max_pages: number?, max_items: number?, reverse: boolean? }
---@return function next_page, table steps
local function pages(response, options)
  local steps, given, max = walk(response, options), 0, options.max_pages or math.huge
  local items, max_items = 0, options.max_items or math.huge -- of the pages that were given

  --- Pages that are wanted after the one given last, if they have as many items as that.
  local function room()
    local size, left = #steps.page, max_items - items
    if left <= size then return 0 end
    return math.min(max - given, size > 0 and math.ceil(left / size) - 1 or math.huge)
  end

  local function next_page()
    if given > 0 then items = items + #steps.page end
    if given >= max or items >= max_items then
      steps:close()
      return nil
    end
    given = given + 1
    local page, err = response, nil
    if given > 1 then page, err = steps:step() end
    if page then
      steps:ask_ahead(room())
    else
      steps:close()
    end
    return page, err
  end
  return next_page, steps
end

paging.walk = pages

--- for page in response:pages{ prefetch, max_pages, max_items, reverse } do: no page after that with the last item
-- that is wanted.
function paging.pages(response, options)
  if options ~= nil then misuse.check_options(options, PAGES, 2) end
  local next_page, steps = pages(response, options or {})
  local function iterate()
    local page, err = next_page()
    if err then error(err, 0) end
    return page
  end
  return iterate, nil, nil, steps
end

--- for item, page in response:items{...} do
function paging.items(response, options)
  if options ~= nil then misuse.check_options(options, ITEMS, 2) end
  options = options or {}
  local next_page, steps = pages(response, options)
  local page, i, given = nil, 0, 0
  local max = options.max_items or math.huge
  local function iterate()
    if given >= max then
      steps:close()
      return nil
    end
    while not page or i >= #page do
      local err
      page, err = next_page()
      if err then error(err, 0) end
      if not page then return nil end
      if not page:is_list() and not page:_is_null() then -- some servers write an empty list as null
        local one = page == response and "the response is not a list; its value is in `data`"
        error(protocol_error(page, one or "malformed response: not a list"), 0)
      end
      i = 0
    end
    i, given = i + 1, given + 1
    return page:_item(i), page
  end
  return iterate, nil, nil, steps
end

--- response:get_all_items() -> { {data =, meta =}, ... } | nil, err: one entry a page, as in the reference.
function paging.get_all_items(response)
  local next_page, steps = pages(response, {})
  local list = {}
  local page, err = next_page()
  while page do
    list[#list + 1] = { data = page:get_data(), meta = page:get_meta() }
    page, err = next_page()
  end
  steps:close()
  if err then return nil, err end
  return list
end

return paging
