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

--- The fields to ask for, if the action has that parameter; nil: all.
---@param fields string[]? like { "id", "user.login" }
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
---@param headers table<string, string>?
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
---@param place string|(fun(chunk: string): boolean?)|nil
---@return self
function Action:output(place) end

--- Calls a function as bytes go up and down; `total` is nil if it is unknown.
---@param fn (fun(done: integer, total: integer?, direction: "up"|"down"))?
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

--- Runs it and returns the body as the server sent it (`body.data`, `body.meta`), or a file; of a response without
--- content, an empty table.
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

--- Runs the action again and again and returns the new items of its list: `for item, again in action:watch{}`.
--- The loop waits between rounds as `run` does. An item counts as handled when the loop asks for the next one; after
--- `again()` it comes once more in the next round. After a failed round comes the next one; the loop raises an error
--- that a later round can't mend.
---@param options? bosa.WatchOptions
---@return fun(): any, fun()
function Action:watch(options) end

--- What `watch` takes.
---@class bosa.WatchOptions
---@field every? number seconds from the start of a round to the start of the next (60), at least 1
---@field key? string the field that identifies an item, with dots for a nested one ("id")
---@field state? string path of the file that remembers handled items; without it every loop starts from nothing
---@field max_pages? integer pages that a round reads (10)
---@field max_rounds? integer rounds, after which the loop ends (none)
---@field keep? integer keys to remember of items that are on no page any more (10000)
---@field from_now? boolean skips the items that exist when the watch first starts
---@field wait? fun(seconds: number): boolean? waits instead of bosa; false ends the loop
---@field on_failure? fun(err: bosa.Error, seconds: number) a round failed; the next one starts in so many seconds

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
