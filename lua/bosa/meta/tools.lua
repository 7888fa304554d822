---@meta _

--- What a hook sees of a request, and may change. The caller's own tables stay as they are.
---@class bosa.Request
---@field connector string not to be changed
---@field action string not to be changed
---@field params table
---@field headers table<string, string>
---@field identifier? string which of the user's accounts to use
---@field token? string to be set only: it can't be read here

--- Sees a request before bosa validates it. It changes the request in place, gives another one back, or refuses with
--- `nil, err`.
---@alias bosa.BeforeHook fun(request: bosa.Request): bosa.Request?, bosa.Error|table|string|nil

--- Sees what came, once a run. It gives back nothing, another response, a table to be the data, or `nil, err`.
---@alias bosa.AfterHook fun(response: bosa.Response?, err: bosa.Error?, request: bosa.Request): any, any

--- Schemas from a file: its path, or its content as a table.
---@alias bosa.Snapshot string|table

--- Which tools are offered to a language model.
---@class bosa.ToolOptions
---@field only? string[] actions: `{ "list_*", "github.get_issue" }`, or a tool's name in the catalog, whole
---@field except? string[] actions not to offer, likewise
---@field read_only? boolean only actions whose name is clearly read-only
---@field files? string a directory for files; without it there are none
---@field change? fun(tool: bosa.Tool): bosa.Tool? sees every tool, and may change it or leave it out (nil)
---@field connectors? string[] where hub:call_tool looks for a tool whose name `change` made

--- One tool, as `change` sees it.
---@class bosa.Tool
---@field connector string
---@field action string
---@field name string 1 to 64 letters, digits, _ and -
---@field title string
---@field description string
---@field parameters table JSON Schema of the arguments
---@field read_only boolean the action's name is clearly read-only
---@field preset table<string, any> to be filled: parameters with a fixed value, which the model does not see
---@field hide string[] to be filled: parameters that the model does not see and can't set
---@field rename table<string, string> to be filled: a parameter's name -> the one that the model sees

--- What connector:tools takes.
---@class bosa.ToolListOptions : bosa.ToolOptions
---@field format "openai"|"openai_responses"|"anthropic"|"gemini"|"mcp"
---@field full? boolean everything that the schemas say; without it, what a model has no use for is left out
---@field strict? boolean the service makes the model follow the schema, where the schema allows that

--- What hub:search_actions takes.
---@class bosa.SearchOptions : bosa.ToolOptions
---@field connectors? string[] where to search (all)
---@field limit? integer actions to return at most (10)

--- An action that was found.
---@class bosa.FoundAction
---@field connector string
---@field action string
---@field name string the tool's, for hub:call_tool
---@field description string
---@field score number

--- What hub:call_tool takes.
---@class bosa.ToolCallOptions : bosa.ToolOptions
---@field max_length? integer bytes of a response's data that are shown (50000)
---@field token? string
---@field identifier? string
---@field account? string
---@field headers? table<string, string>
---@field max_attempts? integer
---@field replay_unsafe? boolean
---@field deadline? number seconds
---@field timeout? number seconds
---@field on_progress? fun(done: integer, total: integer?, direction: "up"|"down")

--- What is handed back to a language model.
---@class bosa.ToolResult
---@field content string
---@field is_error boolean
---@field structured? table what `content` says, as a table
---@field response? bosa.Response
---@field error? bosa.Error
