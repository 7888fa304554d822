-- Spans in the manner of OpenTelemetry: one for each attempt of a call, written as a line of JSON. A real program sends
-- the lines to a collector; here they go to the standard output.
local bosa = require("bosa")

math.randomseed(os.time())

--- Random lower-case hexadecimal digits.
local function hex(digits)
  local list = {}
  for i = 1, digits do list[i] = ("%x"):format(math.random(i == 1 and 1 or 0, 15)) end
  return table.concat(list)
end

--- Nanoseconds since 1970 as OTLP's JSON has them: digits in a string.
local function nanoseconds(ms) return ("%.0f"):format(ms * 1e6) end

local KIND_CLIENT, ERROR = 3, 2

--- A span of an attempt that is over: `event` is that of its response or of its failure.
local function span_of(event, parent_id)
  local ended = os.time() * 1000
  local failed = event.type == "error" or event.status >= 400
  return {
    traceId = event.trace_id,
    spanId = hex(16),
    parentSpanId = parent_id,
    name = event.connector and event.connector .. (event.action and "." .. event.action or "") or "server",
    kind = KIND_CLIENT,
    startTimeUnixNano = nanoseconds(ended - (event.ms.total or 0)),
    endTimeUnixNano = nanoseconds(ended),
    status = failed and { code = ERROR, message = event.kind or tostring(event.status) } or bosa.object({}),
    attributes = {
      ["http.response.status_code"] = event.status,
      ["http.request.resend_count"] = event.attempt - 1,
      ["error.type"] = event.kind,
    },
  }
end

--- The span of the program that is going on; its calls are parts of it. A server's handler takes these two from the
-- request that it answers.
local current = { trace = hex(32), span = hex(16) }

local hub = bosa.new({
  max_attempts = 3,
  traceparent = function() return current and ("00-%s-%s-01"):format(current.trace, current.span) end,
  on_event = function(event)
    -- what the server answered has a response; a connection that broke has only an error
    local is_over = event.type == "response" or event.type == "error" and not event.status
    if is_over and event.trace_id then
      print(bosa.json.encode(span_of(event, event.traceparent:sub(37, 52)), { sorted = true }))
    end
  end,
})

assert(hub:run("github", "list_issues", { owner = "lua", repo = "lua" }))
hub:connect("lab"):fault({ status = 503, retry_after = 0, times = 2, key = hex(16) })
current = nil
assert(hub:get_available_modules()) -- of no trace
