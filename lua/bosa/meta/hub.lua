---@meta _

--- The methods of a hub that return connectors. The files of `bosa types` declare these of `bosa.Hub` in their place,
--- and know each connector by its name.
---@class bosa.AnyHub
local AnyHub = {}

--- A connector by its name. It sends nothing and can't fail: the first call loads the schemas.
---@param name string
---@return bosa.Connector
function AnyHub:connect(name) end

--- A connector with its schemas loaded.
---@param name string
---@return bosa.Connector? connector
---@return bosa.Error? err
function AnyHub:get_connector(name) end

--- A server with an API key, and the connections to it. `bosa.new` makes it.
---@class bosa.Hub : bosa.AnyHub
local Hub = {}

--- Options of a call. Each is also a method of the builder.
---@class bosa.CallOptions
---@field token? string the user's token in place of the hub's
---@field identifier? string which of the user's connected accounts to use
---@field account? string the same as `identifier`
---@field headers? table<string, string> further header fields
---@field max_attempts? integer 1 to 11
---@field replay_unsafe? boolean also send again when a connection was lost and the action may have run
---@field deadline? number seconds for the whole call
---@field timeout? number seconds for one attempt
---@field output? string|fun(chunk: string): boolean? where a file goes: a path, or a function (false stops)
---@field on_progress? fun(done: integer, total: integer?, direction: "up"|"down") in bytes
---@field response_fields? string[] the fields to ask for
---@field response_filters? bosa.Filter[] filters for the items of a page
---@field traceparent? string|fun(): string? the W3C Trace Context of this call

--- Runs an action and waits for the response.
---@param connector string
---@param action string
---@param params? table
---@param options? bosa.CallOptions
---@return bosa.Response? response
---@return bosa.Error? err
function Hub:run(connector, action, params, options) end

--- Runs an action and returns the body as the server sent it (`body.data`, `body.meta`), or a file.
---@param connector string
---@param action string
---@param params? table
---@param options? bosa.CallOptions
---@return table|bosa.File|nil body
---@return integer|bosa.Error status_or_err
---@return table<string, string>? headers by lower-case name
function Hub:execute(connector, action, params, options) end

--- The names of all connectors, sorted.
---@return string[]? names
---@return bosa.Error? err
function Hub:get_available_modules() end

--- Forgets a connector's schemas, in memory and on disk; the next call fetches them again.
---@param name string
function Hub:refresh_connector(name) end

--- Creates a user. The server shows the `secret` only this once.
---@param identifier string
---@return bosa.User? user
---@return bosa.Error? err
function Hub:create_bosa_user(identifier) end

--- The same as create_bosa_user.
---@param identifier string
---@return bosa.User? user
---@return bosa.Error? err
function Hub:create_user(identifier) end

--- A token for a user.
---@param identifier string
---@param secret string
---@return bosa.Token? token
---@return bosa.Error? err
function Hub:authenticate_bosa_user(identifier, secret) end

--- The same as authenticate_bosa_user.
---@param identifier string
---@param secret string
---@return bosa.Token? token
---@return bosa.Error? err
function Hub:authenticate(identifier, secret) end

--- Who a token belongs to.
---@param token? string the hub's without it
---@return bosa.User? user
---@return bosa.Error? err
function Hub:get_user_info(token) end

--- Whether the user has an account of this connector's service connected.
---@param name string
---@param token? string
---@return boolean? has
---@return bosa.Error? err
function Hub:user_has_integration(name, token) end

--- The URL that the user opens to connect an account.
---@param name string
---@param token string?
---@param callback_uri string where the browser ends
---@param options? bosa.ConnectOptions
---@return string? url
---@return bosa.Error? err
function Hub:initiate_connector_auth(name, token, callback_uri, options) end

--- Connects an account of a service that takes a configuration instead of a browser.
---@param name string
---@param token string?
---@param config table as the schema of get_auth_schema describes it
---@param options? bosa.ConnectOptions
---@return table? result
---@return bosa.Error? err
function Hub:initiate_plugin_configuration(name, token, config, options) end

--- How accounts of a connector are connected. It needs neither key nor token. Older servers don't tell.
---@param name string
---@return bosa.AuthType[]? types in the server's order
---@return bosa.Error? err
function Hub:get_auth_schema(name) end

--- Waits until the user has an account of the connector that can act. One that has expired counts once it is renewed.
--- It never blocks a host's event loop. At the end of the time the error's kind is "timeout".
---@param name string
---@param token string?
---@param options? bosa.WaitOptions
---@return true? ok
---@return bosa.Error? err
function Hub:wait_for_integration(name, token, options) end

--- One of the user's connected accounts.
---@param name string
---@param token string?
---@param user_identifier string
---@return bosa.Integration? integration
---@return bosa.Error? err
function Hub:get_integration(name, token, user_identifier) end

--- Makes one of the user's connected accounts the active one.
---@param name string
---@param token string?
---@param user_identifier string
---@return bosa.Outcome? outcome
---@return bosa.Error? err also after an outcome without success
function Hub:select_integration(name, token, user_identifier) end

--- Disconnects an account.
---@param name string
---@param token string?
---@param user_identifier? string without it, the connector's only account (legacy API)
---@return bosa.Outcome? outcome
---@return bosa.Error? err also after an outcome without success
function Hub:remove_integration(name, token, user_identifier) end

--- Runs the action of a tool, for a language model. A failure is a result, too; only misuse raises.
---@param name string as connector:tools gave it
---@param arguments? string|table what the model wrote: JSON text, or a table
---@param options? bosa.ToolCallOptions
---@return bosa.ToolResult
function Hub:call_tool(name, arguments, options) end

--- Finds actions by the words of their names, descriptions and parameters. It searches here and asks the server only
--- for missing schemas.
---@param words string
---@param options? bosa.SearchOptions
---@return bosa.FoundAction[]? list the best first
---@return table<string, bosa.Error>|bosa.Error|nil failed connectors that can't be loaded, by name; or the error
function Hub:search_actions(words, options) end

--- The tools of all connectors, as the server's catalog has them; needs neither key nor token. `items()` and `pages()`
--- of the response go through all pages.
---@param options? bosa.CatalogTools
---@return bosa.Response? response its data are the items: {name, description, connector, categories, source}
---@return bosa.Error? err
function Hub:list_tools(options) end

--- The connectors that can be reached as MCP servers, likewise.
---@param options? bosa.CatalogMcps
---@return bosa.Response? response items {name, description, mcp_url, config, tool_count, categories, source}
---@return bosa.Error? err
function Hub:list_mcps(options) end

--- Skills that others have published, likewise.
---@param options? bosa.CatalogSkills
---@return bosa.Response? response items {name, description, source, author, url}
---@return bosa.Error? err
function Hub:list_skills(options) end

--- Has the server search its catalog by meaning; needs a user's token.
---@param words string
---@param options? bosa.CatalogSearch
---@return bosa.CatalogFound? found
---@return bosa.Error? err
function Hub:search(words, options) end

--- The same as search.
---@param words string
---@param options? bosa.CatalogSearch
---@return bosa.CatalogFound? found
---@return bosa.Error? err
function Hub:semantic_search(words, options) end

--- How an MCP client is to connect to a server of the catalog. Sends no request.
---@param item table of list_mcps or search
---@param token? string without it the field Authorization is empty, to be filled in
---@return bosa.McpClientConfig config
function Hub:get_mcp_config(item, token) end

--- The skills of the user's tenant; needs a user's token. `items()` and `pages()` go through all pages.
---@param options? bosa.TenantSkills
---@return bosa.Response? response
---@return bosa.Error? err
function Hub:list_tenant_skills(options) end

--- One skill of the user's tenant.
---@param id string
---@param token? string the hub's without it
---@return bosa.TenantSkill? skill
---@return bosa.Error? err
function Hub:get_tenant_skill(id, token) end

--- Puts a skill's files into a directory, all of them or none.
---@param id string
---@param options bosa.SkillDownload
---@return string[]? paths of the files, sorted
---@return bosa.Error? err
function Hub:download_tenant_skill(id, options) end

--- Adds a hook that sees every action before bosa validates it.
---@param hook bosa.BeforeHook
---@return self
function Hub:before(hook) end

--- Adds a hook that sees every result.
---@param hook bosa.AfterHook
---@return self
function Hub:after(hook) end

--- Ends all calls with errors of kind "closed" and closes the connections. You may call it twice. In Lua 5.4 a hub
--- may be a `<close>` variable.
function Hub:close() end

--- A user of the server. `tostring` shows no secret.
---@class bosa.User
---@field id string
---@field identifier string
---@field secret? string only right after creation
---@field secret_preview? string
---@field is_active? boolean
---@field integrations? bosa.Integration[]

--- One of a user's connected accounts.
---@class bosa.Integration
---@field id? string
---@field client_id? string
---@field user_id? string
---@field connector string
---@field user_identifier string who the user is at the service
---@field selected? boolean calls use it if they name no other
---@field auth_status? string|bosa.Null whether it still works, if the server says so: "active", "expired" ...

--- What connecting an account takes.
---@class bosa.ConnectOptions
---@field replace_duplicate? boolean renews an account that is connected already; without it, the server refuses

--- One way in which accounts of a connector are connected.
---@class bosa.AuthType
---@field type "oauth2"|"custom"|string in a browser, or by a configuration
---@field config? table of "custom": the JSON Schema of the configuration

--- What waiting for an account takes.
---@class bosa.WaitOptions
---@field timeout? number seconds in all (300); 0 asks once
---@field interval? number seconds between two requests (2)
---@field account? string user identifier of the account to wait for (the active one)
---@field callback? fun(seconds: number): boolean? called after each request that found none; false ends the wait

--- A user's token. `tostring` doesn't show it.
---@class bosa.Token
---@field token string what you pass to calls
---@field token_type string
---@field expires_at? string as the server wrote it
---@field expires? number the same in seconds since 1970

--- The outcome of selecting or removing an account.
---@class bosa.Outcome
---@field success boolean
---@field message string

---@class bosa.CatalogTools
---@field q? string words in the name or the description
---@field connector? string
---@field category? string
---@field limit? integer items of a page, 1 to 200 (50)
---@field offset? integer items before it (0)

---@class bosa.CatalogMcps
---@field q? string words in the name or the description
---@field category? string
---@field limit? integer items of a page, 1 to 200 (50)
---@field offset? integer items before it (0)

---@class bosa.CatalogSkills
---@field q? string words in the name or the description
---@field source? "agent"|"openclaw"
---@field limit? integer items of a page, 1 to 200 (50)
---@field offset? integer items before it (0)

---@class bosa.CatalogSearch
---@field kinds? ("tools"|"mcp"|"skills")[] which kinds to search (all)
---@field count? integer items of each kind
---@field token? string the user's in place of the hub's

--- What a search found, the best of each kind first.
---@class bosa.CatalogFound
---@field query string
---@field backend any what the server searched with; null: its search is switched off
---@field tools table[]
---@field mcp table[]
---@field skills table[]

---@class bosa.McpClientConfig
---@field url string
---@field headers table<string, string>

---@class bosa.TenantSkills
---@field limit? integer items of a page, 1 to 200 (50)
---@field offset? integer items before it (0)
---@field token? string the user's in place of the hub's

--- A skill of the user's tenant. The last three come with get_tenant_skill; each may be null.
---@class bosa.TenantSkill
---@field id string
---@field client_id string
---@field source_type "upload_md"|"upload_zip"|"manual"|"github"
---@field name string
---@field description? string
---@field frontmatter? table
---@field download_url? string presigned: it needs no key to download
---@field content_sha256? string

---@class bosa.SkillDownload
---@field dir string the directory to write to; bosa makes it if it is missing
---@field overwrite? boolean replace existing files; without it, bosa writes nothing if one exists
---@field create_parent? boolean put a zip's files in a folder named after the skill (true)
---@field name? string the folder's name in place of the skill's
---@field token? string the user's in place of the hub's

--- What went wrong. `tostring(err)` is one line that a person can act on. No key, token or secret is in it.
---@class bosa.Error
---@operator concat(string): string
---@field kind bosa.ErrorKind
---@field message string one line
---@field sent "no"|"maybe"|"yes" "no": it did not run; "maybe": it may have run; "yes": the server responded
---@field retryable boolean the same call may succeed later
---@field status? integer of the response
---@field code? string the server's error code
---@field type? string the server's own kind of it
---@field contract? integer version of the error contract that the server says it keeps
---@field details? bosa.ValidationError[] for kind "params" all validation errors, at least one; else the server's
---@field body? string the beginning of the response body
---@field reference_id? string the request's id in the server's logs
---@field retry_after? number seconds to wait
---@field attempts? integer how many bosa made
---@field connector? string
---@field action? string
---@field url? string
---@field cause? string what libcurl or the system says

---@alias bosa.ErrorKind
---| "params" parameters that don't match the schema; nothing was sent
---| "unknown_connector" the server has none of that name
---| "unknown_action" the connector has none of that name
---| "auth" 401 and 403, and an invalid API key
---| "not_connected" the user has no account of this service connected
---| "not_found" 404
---| "rate_limit" 429
---| "api" any other 4xx
---| "server" 5xx
---| "connection" no connection, or a lost one
---| "timeout" no response in time
---| "tls" a certificate that is not trusted, or no common TLS
---| "protocol" a malformed response
---| "file" a file that can't be read or written
---| "cancelled" by you, or by a hook
---| "closed" the hub is closed

--- A validation error.
---@class bosa.ValidationError
---@field path? string where, with dots
---@field message string

return Hub
