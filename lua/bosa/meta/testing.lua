---@meta bosa.testing

--- Tests without a server: `require("bosa.testing")`.
---@class bosa.testing
local testing = {}

--- The response of a stub: data, a file, an error of `testing.error`, or a function that returns `data, meta` or
--- `nil, err`.
---@alias bosa.testing.Answer any

--- What testing.hub takes; every other field is an option of bosa.new.
---@class bosa.testing.Settings : bosa.Options
---@field schemas? bosa.Snapshot parameters are checked against it
---@field stubs? table<string, table<string, bosa.testing.Answer>> connector -> action -> answer
---@field routes? table<string, bosa.testing.Answer> "GET /users/me" -> answer, for requests that are no actions

--- Answers a hub in place of a server.
---@class bosa.testing.Stub
---@field hub bosa.Hub
local Stub = {}

--- Exchanges with a server, kept in a file.
---@class bosa.testing.Cassette
---@field path string
---@field recording boolean
local Cassette = {}

--- A hub without a server, and the stub that answers it.
---@param settings? bosa.testing.Settings
---@return bosa.Hub? hub
---@return bosa.testing.Stub|bosa.Error stub_or_err
function testing.hub(settings) end

--- An error for a stub to give: fields of bosa.Error, each of them optional.
---@param fields table
---@return table
function testing.error(fields) end

--- A stub that gives a list page by page.
---@param list any[]
---@param options? { size: integer?, cursor: string? } items a page (20); the parameter with the cursor (by number)
---@return bosa.testing.Answer
function testing.pages(list, options) end

--- Opens a cassette: a real server's responses, recorded once and replayed from then on.
---@param path string
---@param options? { mode: "auto"|"record"|"replay"|nil, secrets: string[]? } secrets: further strings to leave out
---@return bosa.testing.Cassette? cassette
---@return bosa.Error? err
function testing.cassette(path, options) end

--- Runs `fn(hub, cassette)` with a cassette and closes it. A replay must use every exchange.
---@param path string
---@param options table|function those of `cassette`, and `hub`: those of bosa.new; or the function
---@param fn? fun(hub: bosa.Hub, cassette: bosa.testing.Cassette): ...
---@return any ...
function testing.use(path, options, fn) end

--- The parameters of every call of an action that came so far, in order.
---@param connector string
---@param action string
---@return table[]
function Stub:calls(connector, action) end

--- Changes what an action answers from now on.
---@param connector string
---@param action string
---@param answer bosa.testing.Answer
function Stub:set(connector, action, answer) end

--- Forgets the calls so far.
function Stub:reset() end

--- A hub that the cassette records, or answers.
---@param options? bosa.Options
---@return bosa.Hub
function Cassette:hub(options) end

--- The transport of such a hub, for bosa.new.
---@param options? bosa.Options
---@return bosa.Transport
function Cassette:transport(options) end

--- The exchanges that were not used.
---@return string[]
function Cassette:unused() end

--- Raises if a replay has not used every exchange.
function Cassette:assert_all_used() end

--- Writes what was recorded: whole or not at all, readable by its owner only.
---@return true? ok
---@return bosa.Error? err
function Cassette:close() end

return testing
