--- The content of a file, whatever kind of file it is: the one place where the library and the command read one whole.

local PIECE = 65536 -- bytes
local MOST = 256 * 2 ^ 20 -- bytes, where nothing else is said: a device has no end

--- The content of a file of `most` bytes at most (256 MiB); nil, why not, and the system's number for that.
---@param path string
---@param most number?
---@return string? text, string? message, integer? errno
return function(path, most)
  local file, message, errno = io.open(path, "rb")
  if not file then return nil, message, errno end
  local pieces, size, piece = {}, 0
  repeat
    piece, message, errno = file:read(PIECE)
    pieces[#pieces + 1] = piece
    size = size + #(piece or "")
  until not piece or size > (most or MOST)
  file:close()
  if message then return nil, message, errno end
  if piece then return nil, path .. ": too large" end
  return table.concat(pieces)
end
