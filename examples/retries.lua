-- Retries: what to do when the server is in trouble, and how an error says whether the action may have run.
local bosa = require("bosa")
local hub = bosa.new({
  on_event = function(event)
    if event.type == "retry" then print("again", event.attempt, event.status, event.seconds) end
  end,
})
local lab = hub:connect("lab") -- a connector of the sandbox; its actions fail as you ask

local function trouble() return { status = 503, times = 1, key = tostring(os.time()) .. math.random(1e9) } end

-- By default bosa sends it once
local response, err = lab:fault(trouble())
print("without", response, err.kind, "retryable " .. tostring(err.retryable), "sent " .. err.sent)

-- Up to three attempts, and ten seconds in all
response = assert(lab:action("fault"):params(trouble()):max_attempts(3):deadline(10):run())
print("with", response.status, "attempts " .. response.attempts)

-- The connection is lost after the request left: the action may have run, so bosa does not send it again
response, err = lab:action("fault"):params({ connection = "close_after_read" }):max_attempts(3):run()
print("lost", response, err.kind, "sent " .. err.sent, "attempts " .. err.attempts)
