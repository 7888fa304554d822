--- Where the result of an action goes: standard output, or a file that comes to be whole or not at all.

local uv = require("luv")

local output_file = {}

---@class bosa.cli.OutputFile
local OutputFile = {}
OutputFile.__index = OutputFile

--- Opens one for text: `path` nil or "-" is standard output.
---@param cx bosa.cli.Context
---@param path string?
---@return bosa.cli.OutputFile? output, string? message
function output_file.open(cx, path)
  if not path or path == "-" then return setmetatable({ cx = cx }, OutputFile) end
  local beside = ("%s.%d.part"):format(path, uv.os_getpid())
  local file, message = io.open(beside, "wb")
  if not file then return nil, (message:gsub("%.%d+%.part", "", 1)) end
  local self = setmetatable({ cx = cx, file = file, path = path, beside = beside }, OutputFile)
  cx:cleanup(function() self:drop() end)
  return self
end

--- Writes a line. Raises when it can't.
---@param text string
function OutputFile:line(text)
  if not self.file then return self.cx:print(text) end
  local ok, message = self.file:write(text, "\n")
  if not ok then error("can't write " .. self.path .. ": " .. tostring(message), 0) end
end

--- Puts the file in its place.
---@return true? ok, string? message
function OutputFile:finish()
  if not self.file then return true end
  local file = self.file
  self.file = nil
  local ok, message = file:close()
  if ok then ok, message = uv.fs_rename(self.beside, self.path) end
  if ok then return true end
  uv.fs_unlink(self.beside)
  return nil, message
end

--- Lets go of what was not finished.
function OutputFile:drop()
  if not self.file then return end
  self.file:close()
  self.file = nil
  uv.fs_unlink(self.beside)
end

return output_file
