--- Downloads: as a file object, to a path, and in chunks.
local bosa = require("bosa")
local lab = bosa.new():connect("lab")

local file = assert(lab:download({ bytes = 2000000, filename = "report.bin" })).data
print(file)

local dir = os.tmpname()
os.remove(dir)
assert(os.execute("mkdir " .. dir))
print("saved", assert(file:save_in(dir)):match("[^/]+$"))

assert(lab:action("download"):params({ bytes = 2000000 }):output(dir .. "/straight.bin"):run()) -- never in memory
local count = 0
assert(lab:action("download"):params({ bytes = 2000000 }):output(function(chunk) count = count + #chunk end):run())
print("in chunks", count)
os.execute("rm -r " .. dir)
