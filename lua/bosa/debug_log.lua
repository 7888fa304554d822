--- BOSA_DEBUG=1: every event of every call as a line on standard error.

local NAMES = { "attempt", "method", "url", "status", "kind", "sent", "seconds", "budget", "bytes_up", "bytes_down" }

--- An event as a line.
local function line_of(event)
  local words = { "bosa:", event.type, (event.connector or "server") .. (event.action and "." .. event.action or "") }
  for _, name in ipairs(NAMES) do
    if event[name] ~= nil then words[#words + 1] = name .. "=" .. tostring(event[name]) end
  end
  if event.ms then words[#words + 1] = ("total=%.1fms"):format(event.ms.total or 0) end
  return table.concat(words, " ")
end

if os.getenv("BOSA_DEBUG") == "1" then
  return function(event) io.stderr:write(line_of(event), "\n") end
end
return function() end
