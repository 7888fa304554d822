--- Uploads: from disk, from memory, from a function; streamed, whatever their size.
local bosa = require("bosa")
local drive = bosa.new():connect("google_drive")

local name = os.tmpname()
local f = assert(io.open(name, "w"))
f:write(("a line of text\n"):rep(1000))
f:close()

local lines = bosa.file({ path = name, filename = "lines.txt" })
local from_disk = assert(drive:create_file({ name = "lines.txt", file = lines }))
os.remove(name)
print("from disk", from_disk.data.name)

local rows = 0
local made = assert(drive
  :action("create_file")
  :params({
    name = "rows.csv",
    file = bosa.file({
      filename = "rows.csv",
      read = function() -- bosa calls it for the next bytes; nil is the end
        rows = rows + 1
        if rows <= 1000 then return rows .. ";" .. rows * rows .. "\n" end
      end,
    }),
  })
  :on_progress(function(done, total) if total and done == total then print("sent", done) end end)
  :run())
print("from a function", made.data.name)
