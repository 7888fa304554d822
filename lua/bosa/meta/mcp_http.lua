---@meta bosa.mcp.http

--- Streamable HTTP of the Model Context Protocol in nginx: `require("bosa.mcp.http")`.
---@class bosa.mcp.http
local http = {}

--- What bosa.mcp.http takes, besides the options of hub:call_tool.
---@class bosa.mcp.HttpOptions : bosa.ToolCallOptions
---@field hub bosa.Hub
---@field connectors string[] whose actions are offered; may be left out with `search`
---@field allowed_origins? string[] of pages that may call; `http://localhost:*` stands for any port (none)
---@field max_body? integer bytes of a request (4 MiB); nginx's client_max_body_size comes first
---@field max_time? number seconds that a request may take (300)
---@field resource_metadata? string URL that a 401 names
---@field accounts? table<string, string> connector -> the account to use
---@field callback_uri? string where the browser ends that connected an account
---@field state_secret? string signs questions to users: 16 bytes or more, the same on all machines (made at random)
---@field search? boolean three tools that find, describe and call actions, in place of one for each
---@field token? string the token for callers without one; nil: they get a 401

--- Made by `bosa.mcp.http.new`, once for many requests.
---@class bosa.mcp.Endpoint
local Endpoint = {}

--- Makes an endpoint: in init_by_lua, or in a module.
---@param options bosa.mcp.HttpOptions
---@return bosa.mcp.Endpoint
function http.new(options) end

--- Serves the request that nginx is at: in a content handler.
function Endpoint:handle() end

--- The same in one step; what is made of the options is kept.
---@param options bosa.mcp.HttpOptions
function http.handle(options) end

return http
