--- A loop over many pages that fetches the next pages while you work on this one.
local bosa = require("bosa")
local lab = bosa.new():connect("lab")

local first = assert(lab:list_pages({ total = 400, limit = 20, delay_ms = 20 }))
local count = 0
for _ in first:items({ prefetch = 8 }) do count = count + 1 end
print("items", count)

for page in first:pages({ prefetch = 8 }) do
  if page.meta.page == 3 then break end -- leaving early cancels the pages fetched ahead
end
print("left early")
