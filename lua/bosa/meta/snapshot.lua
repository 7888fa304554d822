---@meta bosa.snapshot

--- Schemas in a file: `require("bosa.snapshot")`.
---@class bosa.snapshot
local snapshot = {}

--- Takes a snapshot: fetches the schemas of each connector.
---@param hub bosa.Hub
---@param names? string[] all that the server has
---@return string? text JSON, with a newline at its end
---@return bosa.Error? err
function snapshot.take(hub, names) end

--- Reads a snapshot.
---@param source bosa.Snapshot
---@return table<string, table>? connectors name -> action -> what discovery says of it
---@return bosa.Error? err
function snapshot.read(source) end

return snapshot
