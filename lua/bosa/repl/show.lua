--- How the prompt shows what a line gave.

local bosa = require("bosa")
local fields = require("bosa.cli.fields")
local literal = require("bosa.repl.literal")
local names = require("bosa.repl.names")
local print_table = require("bosa.cli.table")
local terminal_text = require("bosa.cli.terminal_text")

local show = {}

local MAX_TEXT = 4000 -- bytes of a text that is a result by itself
local MAX_ROWS = 10 -- of a list
local COLORS = { name = "cyan", string = "green", number = "yellow", cdata = "yellow", boolean = "yellow" }
local ERROR = getmetatable(require("bosa.core").new_error({}))

---@class bosa.repl.Style
---@field width integer columns
---@field paint fun(style: string, text: string): string

local function value_text(style, value)
  return literal.write(value, style.width, function(kind, text)
    return style.paint(COLORS[kind] or "dim", text)
  end)
end

--- A text as it is, without what a terminal would obey.
local function plain_text(style, text)
  local kept, cut = literal.cut(text, MAX_TEXT)
  local lines = {}
  for line in (kept:gsub("\n$", "") .. "\n"):gmatch("(.-)\n") do lines[#lines + 1] = terminal_text.safe(line) end
  if cut then lines[#lines + 1] = style.paint("dim", ("... (%d bytes in all)"):format(#text)) end
  return table.concat(lines, "\n")
end

---------------------------------------------------------------------------------------------------
-- answers

--- A table as a terminal would show it, whatever standard output is.
local function rows_text(style, items)
  local lines = {}
  local sheet = {
    tty = true,
    paint = function(_, name, text) return style.paint(name, text) end,
    print = function(_, line) lines[#lines + 1] = line end,
    note = function() end,
  }
  local shown = fields.choose(items, style.width)
  print_table(sheet, shown, fields.rows(items, shown), { width = style.width, paged = false })
  return table.concat(lines, "\n")
end

--- What is after the rows that are shown; nil: nothing.
local function rest_of(response, shown)
  local rest = #response - shown
  local parts = {}
  if rest > 0 then parts[1] = ("... %d more in :get_data()"):format(rest) end
  if response:has_next() then parts[#parts + 1] = "more pages: :next_page(), :items()" end
  return parts[1] and table.concat(parts, "; ")
end

local function list_text(style, response)
  local items = {}
  for i = 1, math.min(#response, MAX_ROWS) do items[i] = response[i] end
  local parts = { fields.is_table(items) and rows_text(style, items) or value_text(style, items) }
  local rest = rest_of(response, #items)
  if rest then parts[2] = style.paint("dim", rest) end
  return table.concat(parts, "\n")
end

local function response_text(style, response)
  local head = style.paint("bold", terminal_text.safe(tostring(response)))
  if response:is_list() then return #response > 0 and head .. "\n" .. list_text(style, response) or head end
  local data = response:get_data()
  if names.class_of(data) then return head .. "\n" .. terminal_text.safe(tostring(data)) end
  return head .. "\n" .. value_text(style, data)
end

---------------------------------------------------------------------------------------------------
-- builders, and actions that wait to be called

--- The body of a request as it would be sent.
local function body_text(style, builder, body)
  local value = builder:_kept("params")
  if body and body ~= "" then
    local decoded, err = bosa.json.decode(body)
    if not err then value = decoded end
  end
  return value ~= nil and value_text(style, value) or nil
end

--- The request that a builder would send, without what is secret of it.
local function request_text(style, builder)
  local call, err = builder:_call()
  if not call then return nil, err end
  if call:_begin() ~= "send" then return nil, select(2, call:_result()) end
  local method, url, _, body = call:_request()
  local parts = { terminal_text.safe(("%s %s"):format(method, url)), body_text(style, builder, body) }
  return table.concat(parts, "\n")
end

local function builder_text(style, builder)
  local hub, connector = builder:_hub()
  local head = style.paint("bold", terminal_text.safe(tostring(builder)))
  local loaded, err = hub:get_connector(connector)
  local request
  if loaded then request, err = request_text(style, builder) end
  if request then return head .. ", not sent yet: :run() sends it\n" .. request end
  local params = body_text(style, builder)
  return ("%s, not sent yet%s\n%s"):format(head, params and "\n" .. params or "",
    style.paint("yellow", terminal_text.safe("It can't be sent as it is: " .. tostring(err))))
end

--- How an action is called: its parameters, those that may be left out in brackets.
local function method_text(style, method)
  local parameters, err = method.connector:get_action_parameters(method.name)
  if not parameters then return nil, err end
  local _, connector = method.connector:_hub()
  local needed, others = {}, {}
  for _, parameter in ipairs(parameters) do
    if not parameter.name:find(".", 1, true) then
      local list = parameter.required and needed or others
      list[#list + 1] = parameter.name
    end
  end
  if others[1] then needed[#needed + 1] = "[" .. table.concat(others, ", ") .. "]" end
  local call = ("%s:%s{ %s }"):format(connector, method.name, table.concat(needed, ", "))
  if not needed[1] then call = ("%s:%s()"):format(connector, method.name) end
  local hint = ("help(%s) tells more"):format(tostring(method))
  return terminal_text.safe(call) .. "\n" .. style.paint("dim", terminal_text.safe(hint))
end

---------------------------------------------------------------------------------------------------
-- results

local shows = { response = response_text, action = builder_text }

--- Whether a value is an error of the library's.
---@param value any
---@return boolean
function show.is_error(value) return getmetatable(value) == ERROR end

--- A value as text of one line or some.
---@param style bosa.repl.Style
---@param value any
---@return string? text, table? err an action can't be shown that the server doesn't have
function show.text(style, value)
  if type(value) == "string" then return plain_text(style, value) end
  if names.is_method(value) then return method_text(style, value) end
  local class = names.class_of(value)
  if class then return (shows[class] or function() return terminal_text.safe(tostring(value)) end)(style, value) end
  return value_text(style, value)
end

--- All that a line gave, on one line where that fits.
---@param style bosa.repl.Style
---@param results { n: integer, [integer]: any }
---@return string? text, table? err
function show.results(style, results)
  if results.n > 1 and results[1] == nil and show.is_error(results[2]) then return nil, results[2] end
  local texts = {}
  for i = 1, results.n do
    local err
    texts[i], err = show.text(style, results[i])
    if not texts[i] then return nil, err end
  end
  local joined = table.concat(texts, "\t")
  if joined:find("\n", 1, true) or terminal_text.columns(joined) > style.width then return table.concat(texts, "\n") end
  return joined
end

return show
