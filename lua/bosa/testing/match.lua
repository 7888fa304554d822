--- Which recorded exchange a request is about; and if none, what comes nearest, and why it isn't that.

local sorted_json = require("bosa.sorted_json")
local scrub = require("bosa.testing.scrub")

local match = {}

local MOST_SHOWN = 60 -- bytes of a value in a message
local BODIES = { "json", "form", "parts", "text", "base64" }

--- A request's name: "POST /connectors/github/list_issues".
---@param request table
---@return string
function match.name(request) return request.method .. " " .. request.path end

local function shown(value)
  if value == nil then return "nothing" end
  local ok, text = pcall(sorted_json.line, value)
  text = ok and text or tostring(value)
  return #text > MOST_SHOWN and text:sub(1, MOST_SHOWN) .. "..." or text
end

--- Whether a text is a recorded one in which each mark of a secret stands for any text. No pattern: one of many marks
-- takes a time without end, or is too complex.
local function fits(recorded, given)
  local from = recorded:find(scrub.MARK, 1, true)
  if given:sub(1, from - 1) ~= recorded:sub(1, from - 1) then return false end
  local mark = #scrub.MARK
  local at, place = from + mark, from
  while true do
    from = recorded:find(scrub.MARK, at, true)
    local piece = recorded:sub(at, (from or 0) - 1)
    if not from then return #given - #piece + 1 >= place and (piece == "" or given:sub(-#piece) == piece) end
    local _, to = given:find(piece, place, true)
    if not to then return false end
    at, place = from + mark, to + 1
  end
end

local function same_scalar(recorded, given)
  if recorded == given then return true end
  if type(recorded) == "string" and type(given) == "string" then
    return recorded:find(scrub.MARK, 1, true) ~= nil and fits(recorded, given)
  end
  return type(recorded) == "cdata" and type(given) == "cdata" and tostring(recorded) == tostring(given)
end

--- Where two values differ: a sentence's part; nil: they are the same.
local function difference(recorded, given, path)
  if type(recorded) ~= "table" or type(given) ~= "table" then
    if same_scalar(recorded, given) then return nil end
    return ("%s is %s there and %s here"):format(path, shown(recorded), shown(given))
  end
  local names, seen = {}, {}
  for _, object in ipairs({ recorded, given }) do
    for name in pairs(object) do
      if not seen[name] then names[#names + 1] = name end
      seen[name] = true
    end
  end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  for _, name in ipairs(names) do
    local part = type(name) == "number" and ("%s[%d]"):format(path, name) or path .. "." .. tostring(name)
    local found = difference(recorded[name], given[name], part)
    if found then return found end
  end
  return nil
end

--- Parts of one name keep their order; parts of several come in any.
local function sorted_parts(parts)
  local list = {}
  for i, part in ipairs(parts) do list[i] = { part = part, at = i } end
  table.sort(list, function(a, b)
    if a.part.name ~= b.part.name then return tostring(a.part.name) < tostring(b.part.name) end
    return a.at < b.at
  end)
  for i, entry in ipairs(list) do list[i] = entry.part end
  return list
end

--- Where the bodies of two requests differ; nil: they don't.
---@param recorded table
---@param given table
---@return string?
function match.difference(recorded, given)
  for _, kind in ipairs(BODIES) do
    local a, b = recorded[kind], given[kind]
    if type(a) == "table" and type(b) == "table" and kind == "parts" then a, b = sorted_parts(a), sorted_parts(b) end
    local found = difference(a, b, kind == "json" and "the body" or kind)
    if found then return found end
  end
  return nil
end

--- Bytes that two names have in common from their start.
local function common(a, b)
  local n = 0
  while n < #a and a:byte(n + 1) == b:byte(n + 1) do n = n + 1 end
  return n
end

--- What the error says of a request that was never recorded.
local function nearest(exchanges, request)
  local name = match.name(request)
  local best, best_at, best_score
  for i, exchange in ipairs(exchanges) do
    local own = match.name(exchange.request)
    local score = common(own, name) + (own == name and 1000 or 0) + (exchange.used and 0 or 0.5)
    if not best or score > best_score then best, best_at, best_score = exchange, i, score end
  end
  if not best then return ("nothing recorded for %s: it is empty"):format(name) end
  local why = match.name(best.request)
  if why == name then
    why = match.difference(best.request, request) or "it has been used already"
  end
  return ("nothing recorded for %s; nearest is exchange %d: %s"):format(name, best_at, why)
end

local function same_name(recorded, request)
  return recorded.method == request.method and same_scalar(recorded.path, request.path)
end

--- The first exchange not used yet that a request is about, or `nil, why`.
---@param exchanges table[]
---@param request table as it is kept
---@param again boolean? one that was used may be used again
---@return table? exchange, string? why
function match.find(exchanges, request, again)
  local used
  for _, exchange in ipairs(exchanges) do
    if same_name(exchange.request, request) and not match.difference(exchange.request, request) then
      if not exchange.used then return exchange end
      used = exchange
    end
  end
  if again and used then return used end
  return nil, nearest(exchanges, request)
end

return match
