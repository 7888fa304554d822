---@meta bosa.changes

--- What changed for callers between two snapshots: `require("bosa.changes")`.
---@class bosa.changes
local changes = {}

--- One change.
---@class bosa.Change
---@field connector string
---@field action? string
---@field parameter? string
---@field field? string of a response
---@field change string "connector removed", "parameter added", "type", "required", ...
---@field breaking boolean
---@field text string

--- The changes between two snapshots, as bosa.snapshot's `read` gives them.
---@param old table<string, table>
---@param new table<string, table>
---@return bosa.Change[]? list
---@return bosa.Error? err
function changes.find(old, new) end

--- Of a list of changes those that break callers.
---@param list bosa.Change[]
---@return bosa.Change[]
function changes.breaking(list) end

return changes
