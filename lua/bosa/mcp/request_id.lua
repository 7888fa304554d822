--- The id of a request that can't be read as a whole, being nested too deep: its client waits for a response with it.

local core = require("bosa.core")

local request_id = {}

--- The position after a string whose quote opens at `at`; nil: it has no end.
local function after_string(text, at)
  local from = at + 1
  while true do
    local place = text:find('["\\]', from)
    if not place then return nil end
    if text:sub(place, place) == '"' then return place + 1 end
    from = place + 2
  end
end

--- The value of a member, where it is a string or a number.
local function value_at(text, at)
  local value = text:match("^%-?%d[%d.eE+-]*", at)
  local ends = not value and text:sub(at, at) == '"' and after_string(text, at)
  if ends then value = text:sub(at, ends - 1) end
  return value and core.json.decode(value) or nil
end

--- The member `id` of an object that ends where the text does. Looks at each byte once; nesting takes no stack.
---@param text string
---@return string|number? id
function request_id.find(text)
  local at, depth, id = text:match("^%s*(){"), 0, nil
  while at do
    local char = text:sub(at, at)
    local after = at + 1
    if char == '"' then
      after = after_string(text, at)
      if not after then return nil end
      local value = depth == 1 and text:sub(at, after - 1) == '"id"' and text:match("^%s*:%s*()", after)
      if value then id = value_at(text, value) end
    elseif char == "{" or char == "[" then
      depth = depth + 1
    else
      depth = depth - 1
      if depth == 0 then return text:find("^%s*$", after) and id or nil end
    end
    at = text:find('["{}%[%]]', after)
  end
  return nil
end

return request_id
