--- Where the result of an action goes: standard output, or a file that comes to be whole or not at all.

local core = require("bosa.core")
local terminal_text = require("bosa.cli.terminal_text")

local output_file = {}

---@class bosa.cli.OutputFile
---@field file userdata? the file that is written; nil: standard output
local OutputFile = {}
OutputFile.__index = OutputFile

--- Opens one for text: `path` nil or "-" is standard output. `mode` of a file that is new: "shared" where nothing in it
-- is secret; else only its owner can read it.
---@param cx bosa.cli.Context
---@param path string?
---@param mode "shared"|nil
---@return bosa.cli.OutputFile? sink, table? err
function output_file.open(cx, path, mode)
  if not path or path == "-" then
    cx.check_output()
    return setmetatable({ cx = cx }, OutputFile)
  end
  local file, err = core.writer(path, mode)
  if not file then return nil, err end
  local self = setmetatable({ cx = cx, file = file }, OutputFile)
  cx:cleanup(function() self:drop() end)
  return self
end

--- Writes a line. Raises when it can't.
---@param text string
function OutputFile:line(text)
  if not self.file and self.cx.tty then return self.cx:print(text) end
  if not self.file then return self.cx:write(text .. "\n") end
  local ok, err = self.file:write(text .. "\n")
  if not ok then error(err, 0) end
end

--- Writes text of several lines, or of none that ends. Raises when it can't.
---@param text string
function OutputFile:text(text)
  if not self.file then return self.cx:write(self.cx.tty and terminal_text.lines(text) or text) end
  local ok, err = self.file:write(text)
  if not ok then error(err, 0) end
end

--- Puts the file in its place.
---@return true? ok, table? err
function OutputFile:finish()
  local file = self.file
  self.file = nil
  if not file then return true end
  return file:finish()
end

--- Lets go of what was not finished.
function OutputFile:drop()
  if self.file then self.file:drop() end
  self.file = nil
end

return output_file
