--- Whether files can still be opened: where no descriptor is left Lua finds no module, and libuv ends the process.

local descriptors = {}

local TOO_MANY = { [23] = true, [24] = true } -- ENFILE and EMFILE

--- Why not so many files more can be opened, in the system's words; nil: they can.
---@param count integer
---@return string? why
function descriptors.lack(count)
  local files, why = {}, nil
  for i = 1, count do
    local file, message, number = io.open("/dev/null", "rb")
    if not file then
      if TOO_MANY[number] then why = message:gsub("^.*: ", "") end
      break
    end
    files[i] = file
  end
  for _, file in ipairs(files) do file:close() end
  return why
end

return descriptors
