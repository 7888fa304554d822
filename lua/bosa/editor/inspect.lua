--- vim.inspect of bosa's objects: what tostring() says of one, and the data of a response. By itself vim.inspect shows
-- every userdata as `<userdata 1>`.

local inspect = {}

--- Whether a value is an object of bosa's; before the module is loaded there are none.
local function is_ours(value)
  if type(value) ~= "userdata" then return false end
  local core = package.loaded["bosa.core"]
  local class = core and debug.getmetatable(value)
  if not class then return false end
  for _, known in pairs(core.classes) do
    if class == known then return true end
  end
  return false
end

--- What vim.inspect is to say of an object.
local function say(object, plain, options)
  local text = tostring(object)
  if debug.getmetatable(object) ~= package.loaded["bosa.core"].classes.response then return text end
  local data = object:get_data()
  return text .. " " .. (is_ours(data) and tostring(data) or plain(data, options))
end

--- Has vim.inspect(value) read well for an object of bosa's; all other values are as they were.
function inspect.extend()
  local meta = getmetatable(vim.inspect)
  local plain = type(vim.inspect) == "table" and meta and meta.__call
  if not plain then return end
  meta.__call = function(self, value, options)
    if is_ours(value) then
      return say(value, function(...) return plain(self, ...) end, options)
    end
    return plain(self, value, options)
  end
end

return inspect
