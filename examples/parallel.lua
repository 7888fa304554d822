--- Many calls at once, in one thread: start them all, then wait for all.
local bosa = require("bosa")
local lab = bosa.new():connect("lab")

local calls = {}
for i = 1, 50 do calls[i] = assert(lab:action("slow"):params({ delay_ms = 50 }):start()) end
local results, errors = bosa.all(calls)
print("answers", #results, "errors", next(errors) == nil and 0 or "some")

local call = assert(lab:action("slow"):params({ delay_ms = 60000 }):start())
local _, err = call:wait(0.05)
print("not yet:", err.kind)
call:cancel()
_, err = call:wait()
print("now:", err.kind)
