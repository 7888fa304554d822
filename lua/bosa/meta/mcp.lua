---@meta bosa.mcp

--- A server of the Model Context Protocol, for a transport of your own: `require("bosa.mcp")`.
---@class bosa.mcp
local mcp = {}

--- What bosa.mcp.new takes, besides the options of hub:call_tool.
---@class bosa.mcp.Options : bosa.ToolCallOptions
---@field hub bosa.Hub
---@field connectors string[] whose actions are offered; may be left out with `search`
---@field accounts? table<string, string> connector -> the account to use
---@field callback_uri? string where the browser ends after an account was connected
---@field search? boolean three tools that find, describe and call actions, instead of one for each
---@field send fun(line: string) takes a message for the client: one line of JSON without its newline

--- A session with one client, made by `bosa.mcp.new`.
---@class bosa.mcp.Server
local Server = {}

--- Makes a server.
---@param options bosa.mcp.Options
---@return bosa.mcp.Server
function mcp.new(options) end

--- Takes a message of the client's: one line of JSON.
---@param line string
function Server:receive(line) end

--- Whether requests are under way.
---@return boolean
function Server:busy() end

--- Ends all calls without a response.
function Server:close() end

return mcp
