--- What -v tells of a call's events: what is sent where, and what came back, how much and when.

local terminal_text = require("bosa.cli.terminal_text")

local verbose = {}

local TIMES = { { "dns", "name" }, { "connect", "connect" }, { "tls", "TLS" }, { "first_byte", "first byte" },
  { "total", "total" } } -- of an event, and what they are called

--- Milliseconds in words.
local function milliseconds(ms)
  if ms < 0.05 then return "under 0.1 ms" end
  return (ms >= 100 and "%.0f ms" or "%.1f ms"):format(ms)
end

local function add_times(words, event)
  for _, time in ipairs(TIMES) do
    local ms = event.ms and event.ms[time[1]]
    if ms and (ms >= 0.05 or time[1] == "total") then words[#words + 1] = time[2] .. " " .. milliseconds(ms) end
  end
end

local function request_words(event)
  local words = { ("%s %s"):format(event.method or "?", event.url or "?") }
  if event.attempt and event.attempt > 1 then words[2] = ("attempt %d"):format(event.attempt) end
  return words
end

local function response_words(event)
  local words = { event.status and ("status %d"):format(event.status) or "no response" }
  if event.type == "error" then words[2] = event.kind end
  if event.bytes_up then words[#words + 1] = terminal_text.size(event.bytes_up) .. " up" end
  if event.bytes_down then words[#words + 1] = terminal_text.size(event.bytes_down) .. " down" end
  if event.reused then words[#words + 1] = "kept connection" end
  add_times(words, event)
  return words
end

--- An event as a line.
---@param event bosa.Event
---@return string
function verbose.line(event)
  local words
  if event.type == "request" then
    words = request_words(event)
  elseif event.type == "response" or event.type == "error" then
    words = response_words(event)
  else
    words = { event.type, event.kind or event.message }
    if event.seconds then words[#words + 1] = ("%.1f s"):format(event.seconds) end
  end
  local name = (event.connector or "server") .. (event.action and "." .. event.action or "")
  return ("bosa: %s: %s"):format(name, table.concat(words, ", "))
end

return verbose
