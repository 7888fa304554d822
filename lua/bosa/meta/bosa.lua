---@meta bosa

--- The module: `require("bosa")`.
---
--- It works the same on Lua 5.4, Lua 5.5 and LuaJIT, in scripts, OpenResty and Neovim. Loading has no side effects.
--- Misusing the API (a wrong Lua type, an unknown option) raises an error at your line. Everything else (invalid
--- parameters, network and server failures) returns `nil, err`.
---@class bosa
---@field version string of this library
---@field null bosa.Null JSON's null; the same value as lua-cjson's `cjson.null`, in Neovim `vim.NIL`
---@field json bosa.json
---@field filter bosa.filter
local bosa = {}

--- JSON's null. A table can't hold nil, so compare with `bosa.null`.
---@class bosa.Null : lightuserdata

--- Options of `bosa.new`.
---@class bosa.Options
---@field api_base_url? string URL of the server; else `$BOSA_API_BASE_URL`, else https://api.bosa.id
---@field api_key? string the client's key; else `$BOSA_API_KEY`
---@field token? string the user's token, for calls without one; else `$BOSA_TOKEN`
---@field profile? string|false a session that `bosa auth login` saved (else `$BOSA_PROFILE`); false: none
---@field allow_http? boolean plain http to other hosts than loopback (false)
---@field max_attempts? integer attempts of a call, 1 to 11 (1)
---@field replay_unsafe? boolean also send again when a connection was lost and the action may have run (false)
---@field retry_budget? boolean all retries of the hub share one budget (true)
---@field deadline? number|false seconds for a whole call, its attempts and waits (none)
---@field timeout? number|false seconds for one attempt (30)
---@field connect_timeout? number|false seconds to make a connection (10)
---@field max_response_size? integer bytes of JSON in a response; files are not bounded (64 MiB)
---@field max_connections? integer requests under way at once; the others wait in order (16)
---@field cache_dir? string|boolean a directory that keeps schemas between runs; true: the XDG cache directory
---@field cache_ttl? integer seconds that they are kept for (3600)
---@field cache? table in nginx: the `ngx.shared` dictionary that shares schemas between workers
---@field ca_file? string certificates to trust in place of the system's (else of $BOSA_CA_FILE, $SSL_CERT_FILE ...)
---@field proxy? string URL of a proxy, as libcurl takes it
---@field verify? boolean check TLS certificates (true)
---@field user_agent? string what User-Agent says
---@field transport? bosa.Transport sends requests in place of libcurl
---@field on_event? fun(event: bosa.Event) called for every attempt, retry, wait and outcome; events hold no secrets
---@field traceparent? string|fun(): string? of which trace every request is a part (W3C Trace Context)
---@field int64? "string"|"cdata"|"number" what an integer becomes that the VM's numbers can't hold ("string")
---@field null? any what JSON's null becomes in responses (bosa.null)
---@field snapshot? bosa.Snapshot schemas from a file in place of the server's
---@field before? bosa.BeforeHook sees every action before bosa validates it
---@field after? bosa.AfterHook sees every result

--- Sends a request in place of libcurl. Its error may have `sent`; the default is "maybe".
---@alias bosa.Transport fun(request: bosa.TransportRequest): bosa.TransportReply?, table?

--- The request that a transport gets.
---@class bosa.TransportRequest
---@field method "GET"|"POST"|"PUT"|"PATCH"|"DELETE"
---@field url string
---@field headers table<string, string>
---@field body? string
---@field timeout? number seconds left for this attempt

--- The response that a transport returns.
---@class bosa.TransportReply
---@field status integer 100 to 599
---@field headers? table<string, string>
---@field body? string

--- What `on_event` gets. Times are of the attempt, in milliseconds with fractions; over a transport of your own and in
--- nginx only the `total` is known.
---@class bosa.Event
---@field type "request"|"response"|"retry"|"wait"|"error"|"warning"
---@field connector? string
---@field action? string
---@field attempt? integer
---@field method? string of a request
---@field url? string where a request goes, without its query
---@field status? integer
---@field kind? bosa.ErrorKind
---@field sent? "no"|"maybe"|"yes"
---@field message? string
---@field traceparent? string that the call's requests carry
---@field trace_id? string the trace's part of it
---@field seconds? number how long bosa waits
---@field budget? number the rest of the retry budget
---@field bytes_up? integer
---@field bytes_down? integer
---@field reused? boolean over a kept connection
---@field ms? { dns: number?, connect: number?, tls: number?, first_byte: number?, total: number? }

--- Makes a hub. It does not connect yet. Wrong options raise.
---@param options? bosa.Options
---@return bosa.Hub hub
---@return bosa.Error? err the `snapshot` or the `profile` can't be read, a variable of the environment can't be used
function bosa.new(options) end

--- Options of `bosa.file`: exactly one of `path`, `file` and `read`.
---@class bosa.FileSource
---@field path? string a file on disk; bosa reads it while it sends
---@field file? string its bytes
---@field read? fun(): string? returns the next bytes; "": nothing yet; nil: the end
---@field size? integer all bytes of `read`; without it the request is chunked
---@field filename? string the path's last part by default
---@field content_type? string a media type; by the filename by default
---@field headers? table<string, string> further header fields of this part of the form

--- A file to send, for a parameter that takes one.
---@param source bosa.FileSource
---@return bosa.File
function bosa.file(source) end

--- Marks a table as a JSON array, even if it is empty.
---@generic T: table
---@param list? T
---@return T
function bosa.array(list) end

--- Marks a table as a JSON object, even if it is empty.
---@generic T: table
---@param object? T
---@return T
function bosa.object(object) end

--- Runs `fn(...)` as a task. A call inside of it blocks neither other tasks nor the host's event loop.
---@param fn fun(...): ...
---@param ... any
---@return bosa.Task
function bosa.async(fn, ...) end

--- Waits for a list of calls and tasks.
---@param calls (bosa.Call|bosa.Task)[]
---@return table<integer, any> results under the index of their call
---@return table<integer, bosa.Error> errors under the index of their call; empty if all succeeded
function bosa.all(calls) end

--- Makes filters for `response_filters`; each raises for what makes none.
---@class bosa.filter
local filter = {}

--- A filter of items, as it is sent.
---@class bosa.Filter
---@field type? "string"|"string_list"|"date_range"|"number"|"number_list"|"number_range"
---@field field_name string the field, with dots
---@field root? string path to a list in each item whose elements are filtered instead of the items
---@field value? string|number
---@field values? string[]|number[]
---@field ignore_case? boolean of strings (true)
---@field from_date? string
---@field to_date? string
---@field from_value? number
---@field to_value? number

--- What filters take beside: `ignore_case` is for strings only.
---@class bosa.FilterOptions
---@field root? string
---@field ignore_case? boolean

--- The field is this string.
---@param field string
---@param value string
---@param options? bosa.FilterOptions
---@return bosa.Filter
function filter.string(field, value, options) end

--- The field is one of these strings.
---@param field string
---@param values string[]
---@param options? bosa.FilterOptions
---@return bosa.Filter
function filter.string_list(field, values, options) end

--- The field is a date from `from` to `to`, both of which belong to it; one of them may be nil.
---@param field string
---@param from string? ISO 8601
---@param to string? ISO 8601
---@param options? bosa.FilterOptions
---@return bosa.Filter
function filter.date_range(field, from, to, options) end

--- The field is this number.
---@param field string
---@param value number
---@param options? bosa.FilterOptions
---@return bosa.Filter
function filter.number(field, value, options) end

--- The field is one of these numbers.
---@param field string
---@param values number[]
---@param options? bosa.FilterOptions
---@return bosa.Filter
function filter.number_list(field, values, options) end

--- The field is a number from `from` to `to`, both of which belong to it; one of them may be nil.
---@param field string
---@param from number?
---@param to number?
---@param options? bosa.FilterOptions
---@return bosa.Filter
function filter.number_range(field, from, to, options) end

--- JSON as bosa reads and writes it. Integers stay integers, `null` is `bosa.null`, and an empty list stays apart from
--- an empty object.
---@class bosa.json
local json = {}

--- Reads JSON text.
---@param text string
---@param int64? "string"|"cdata"|"number" what an integer becomes that a number can't hold ("string")
---@param lenient? boolean for JSON from a server or a model: half a surrogate pair and invalid UTF-8 become U+FFFD,
--- numbers past all doubles become the largest, and control characters may stand in strings
---@return any value
---@return bosa.Error? err kind "protocol", with line and column
function json.decode(text, int64, lenient) end

--- The layout of JSON text.
---@class bosa.json.Layout
---@field sorted? boolean names in the order of their bytes, whole numbers without a fraction: the same value is then
--- the same text, in every process and on every VM
---@field indent? integer spaces of a level, at most 16; without it, all is on one line

--- Writes a value as JSON.
---@param value any
---@param layout? bosa.json.Layout
---@return string? text
---@return bosa.Error? err the value is none of JSON's: a function, NaN, a table within itself
function json.encode(value, layout) end

return bosa
