---@meta _

--- A call that you build, made by `connector:action`. Every setter returns the builder. `run` copies it, so you may
--- change the builder and use it again.
---@class bosa.Action
local Action = {}

--- All parameters at once.
---@param params table
---@return self
function Action:params(params) end

--- Sets one parameter; nil removes it.
---@param name string
---@param value any
---@return self
function Action:param(name, value) end

--- The fields to ask for, if the action has that parameter.
---@param fields string[] like { "id", "user.login" }
---@return self
function Action:response_fields(fields) end

--- The items that the server is to send of a page, where the action takes such a list: all filters must hold. A plain
--- table may leave its `type` out where its members tell it.
---@param filters bosa.Filter[]?
---@return self
function Action:response_filters(filters) end

--- The user's token, in place of the hub's.
---@param token string?
---@return self
function Action:token(token) end

--- Uses another of the user's connected accounts for this call.
---@param identifier string?
---@return self
function Action:identifier(identifier) end

--- The same as identifier.
---@param identifier string?
---@return self
function Action:account(identifier) end

--- Further header fields.
---@param headers table<string, string>
---@return self
function Action:headers(headers) end

--- Of which trace its requests are a part, in place of the hub's: a `traceparent` of W3C Trace Context, or a function
--- that gives one for each call (nil: no trace).
---@param traceparent string|(fun(): string?)|nil
---@return self
function Action:traceparent(traceparent) end

--- How many attempts to make: bosa sends again after 429 and 5xx, and when no connection could be made.
---@param attempts integer 1 to 11
---@return self
function Action:max_attempts(attempts) end

--- Whether to send again also when a connection was lost and the action may have run.
---@param allowed boolean
---@return self
function Action:replay_unsafe(allowed) end

--- Bounds the whole call, with its attempts and waits.
---@param seconds number?
---@return self
function Action:deadline(seconds) end

--- Bounds one attempt; nil: no bound.
---@param seconds number?
---@return self
function Action:timeout(seconds) end

--- Where a file of the response goes: a path (written next to it, then renamed), or a function that takes chunks and
--- ends the call by returning false.
---@param place string|fun(chunk: string): boolean?
---@return self
function Action:output(place) end

--- Calls a function as bytes go up and down; `total` is nil if it is unknown.
---@param fn fun(done: integer, total: integer?, direction: "up"|"down")
---@return self
function Action:on_progress(fn) end

--- Adds a hook that sees the request before bosa validates it.
---@param hook bosa.BeforeHook
---@return self
function Action:before(hook) end

--- Adds a hook that sees the result.
---@param hook bosa.AfterHook
---@return self
function Action:after(hook) end

--- Runs it and waits for the response. In a task or a host's coroutine, only that one waits.
---@return bosa.Response? response
---@return bosa.Error? err
function Action:run() end

--- Runs it and returns the body as the server sent it (`body.data`, `body.meta`), or a file.
---@return table|bosa.File|nil body
---@return integer|bosa.Error status_or_err
---@return table<string, string>? headers by lower-case name
function Action:execute() end

--- Starts it and returns at once. With hooks it returns a task.
---@return bosa.Call|bosa.Task|nil call
---@return bosa.Error? err
function Action:start() end

--- Validates the parameters against the schema. It sends nothing, but may fetch the schema.
---@return true? ok
---@return bosa.Error? err kind "params", with every validation error in `details`
function Action:validate() end

--- Asks the list again and again and gives the items that were not there before: `for item, again in action:watch{}`.
--- Waits between rounds as `run` does. An item counts as handled when the next one is asked for; `again()` has it given
--- once more in the next round. A round that fails is followed by the next; what no later one would mend is raised.
---@param options? bosa.WatchOptions
---@return fun(): any, fun()
function Action:watch(options) end

--- What `watch` takes.
---@class bosa.WatchOptions
---@field every? number seconds from the beginning of a round to that of the next (60), at least 1
---@field key? string what tells items apart: a name, with dots where it lies deeper ("id")
---@field state? string path of the file that remembers what was handled; without it a new loop begins anew
---@field max_pages? integer pages that a round reads (10)
---@field max_rounds? integer rounds, after which the loop ends (none)
---@field keep? integer keys that are remembered of items that are on no page any more (10000)
---@field from_now? boolean leaves out what is there when the watch begins for the first time
---@field wait? fun(seconds: number): boolean? waits between rounds in place of the library; false ends the loop
---@field on_failure? fun(err: bosa.Error, seconds: number) is told of a round that failed, and when the next one comes

--- A call under way, made by `action:start`. Keep a reference: a call that is garbage-collected is cancelled.
---@class bosa.Call
local Call = {}

--- Waits for the result.
---@param timeout? number seconds; after them it returns an error of kind "timeout", and the call continues
---@return bosa.Response? response
---@return bosa.Error? err
function Call:wait(timeout) end

--- Ends it. Its result is an error of kind "cancelled".
function Call:cancel() end

--- Whether it has ended. It never waits.
---@return boolean
function Call:done() end

--- Calls a function with the result when it ends.
---@param fn fun(response: bosa.Response?, err: bosa.Error?)
---@return self
function Call:on_done(fn) end

--- A function that runs as a task, made by `bosa.async`.
---@class bosa.Task
local Task = {}

--- Waits for the function and returns its results; if it raised, nil and the error.
---@param timeout? number seconds
---@return any ...
function Task:wait(timeout) end

--- Ends it and the call that it waits for.
function Task:cancel() end

--- Whether it has ended. It never waits.
---@return boolean
function Task:done() end

--- Calls a function with its results when it ends.
---@param fn fun(...: any)
---@return self
function Task:on_done(fn) end

return Action
