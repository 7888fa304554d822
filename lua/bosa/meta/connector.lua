---@meta _

--- A service behind the server, made by `hub:connect`. An action whose name is not a method can be called like one:
--- `github:list_issues(params, options)` is `github:action("list_issues"):params(params):run()`.
---@class bosa.Connector
---@field [string] fun(self: bosa.Connector, params?: table, options?: bosa.CallOptions): bosa.Response?, bosa.Error?
local Connector = {}

--- An action, to be built. Nothing is looked up yet, so it can't fail.
---@param name string
---@return bosa.Action
function Connector:action(name) end

--- All actions, sorted by name.
---@return bosa.ActionEntry[]? actions
---@return bosa.Error? err
function Connector:get_actions() end

--- The parameters of an action; nested ones with dots.
---@param action string
---@return bosa.Parameter[]? parameters
---@return bosa.Error? err
function Connector:get_action_parameters(action) end

--- Help for a person: all actions, or one with its parameters.
---@param action? string
---@return string? text
---@return bosa.Error? err
function Connector:help(action) end

--- Definitions of the actions for a language model, sorted by action. Write them with
--- bosa.json.encode(list, { sorted = true }).
---@param options bosa.ToolListOptions
---@return table[]? definitions
---@return bosa.Error? err
function Connector:tools(options) end

--- Adds a hook that sees the calls of this object before bosa validates them.
---@param hook bosa.BeforeHook
---@return self
function Connector:before(hook) end

--- Adds a hook that sees every result of what is run by this object.
---@param hook bosa.AfterHook
---@return self
function Connector:after(hook) end

--- What every connector has. The classes that `bosa types` writes are made of it: they have this and the actions of
--- their connector, and nothing else.
---@class bosa.AnyConnector
---@field get_actions fun(self: self): bosa.ActionEntry[]?, bosa.Error? all actions, sorted by name
---@field get_action_parameters fun(self: self, action: string): bosa.Parameter[]?, bosa.Error? nested ones with dots
---@field help fun(self: self, action?: string): string?, bosa.Error? a text for a person
---@field tools fun(self: self, options: bosa.ToolListOptions): table[]?, bosa.Error? definitions for a language model
---@field before fun(self: self, hook: bosa.BeforeHook): self adds a hook that sees every request ahead of its check
---@field after fun(self: self, hook: bosa.AfterHook): self adds a hook that sees every result

--- An action in a list.
---@class bosa.ActionEntry
---@field name string
---@field path string
---@field description string

--- A parameter of an action.
---@class bosa.Parameter
---@field name string nested ones with dots
---@field type string for people: "integer", "array of string", "file", "string | integer"
---@field required boolean
---@field default any
---@field description? string
---@field enum? any[] the values that are allowed

return Connector
