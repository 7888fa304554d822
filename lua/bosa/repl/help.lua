--- help(x) at the prompt: what something is, and what can be done with it.

local error_help = require("bosa.repl.error_help")
local names = require("bosa.repl.names")
local show = require("bosa.repl.show")

local help = {}

local OVERVIEW = [[
hub                              the server: hub:get_available_modules(), hub:run(...)
github                           a connector, by its name; help(github) lists its actions
github:list_issues{ owner = "lua", repo = "lua" }
                                 runs an action; help(github.list_issues) shows its parameters
github:action("list_issues")     a builder: :params{...}, :account(...), :run()
_                                what the last line gave, like _.data, _:next_page()
err                              the last error; help(err) says what it means and what to do
?x                               the same as help(x)

Tab completes names, actions, parameters and their values. Ctrl-C ends the line or the call; exit, quit or Ctrl-D
the prompt.]]

local CLASSES = {
  hub = [[
:connect(name)                          a connector; at the prompt its name alone does
:run(connector, action, params?, options?)      runs an action: a response
:execute(connector, action, params?, options?)  runs an action: the body as the server sent it, and the status
:get_available_modules()                the names of the connectors
:refresh_connector(name)                forgets its schemas, which are fetched anew
:create_user(identifier)                a user, with the secret in .secret this once
:authenticate(identifier, secret)       a token for a user
:get_user_info(token?)                  who a token belongs to
:user_has_integration(name, token?)     whether an account is connected
:get_integration(name, token, account)  a connected account; :select_integration, :remove_integration likewise
:initiate_connector_auth(name, token, callback_uri)  the URL that connects an account]],
  action = [[
:params{...}, :param(name, value)       parameters; :response_fields{...} which fields are wanted
:response_filters{...}, :watch{...}      filters for items; for item in :watch{} do: new items
:account(who), :token(token)            the account to use, the user's token
:timeout(seconds), :deadline(seconds)   of an attempt, of the whole call
:max_attempts(n), :replay_unsafe(bool)  repeating after errors
:headers{...}, :output(path), :on_progress(fn)
:validate()                             true, or nil and what is wrong; sends no request
:run()                                  a response; :execute() the body as it came; :start() a call]],
  response = [[
.data, .meta, .status, .headers         what came; [i] and # if it is a list
:items(), :pages()                      for item in response:items() do ... end: this page and the ones after
:next_page(), :prev_page()              a response; nil: there is none
:get_all_items()                        every page at once
.attempts, .elapsed, .reference_id      attempts, seconds, the server's id of the request]],
  call = [[
:wait(seconds?)                         its result: a response, or nil and an error
:done(), :cancel(), :on_done(fn)]],
  file = [[
.filename, .content_type, .size, .file  its name, type, size and bytes
:save(path), :save_in(dir)              writes it; :chunks(size?) goes through it]],
}

--- The help of an action, or of a connector.
local function ask(connector, action)
  local text, err = connector:help(action)
  if not text then error(err, 0) end
  return text
end

local function with_methods(value, text) return ("%s\n\n%s"):format(tostring(value), text) end

local function of_hub(self, hub)
  local text = with_methods(hub, CLASSES.hub)
  if hub ~= self.names:hub() then return text end
  local ok, err = self.names:ask()
  if not ok then error(err, 0) end
  return ("%s\n\nconnectors: %s"):format(text, table.concat(self.names:list(), ", "))
end

local function of_object(self, class, value)
  if class == "hub" then return of_hub(self, value) end
  if class == "connector" then return ask(value) end
  if class == "action" then
    return ask(value:_kept("connector"), value:_kept("name")) .. "\n\nmethods of the builder:\n" .. CLASSES.action
  end
  return with_methods(value, CLASSES[class] or "")
end

--- help("github"), help("github.list_issues"), help("github", "list_issues")
local function of_name(self, name, action)
  if type(action) ~= "string" then
    local first, second = name:match("^([^.:]+)[.:]([^.:]+)$")
    name, action = first or name, second
  end
  return ask(self.names:hub():connect(name), action)
end

--- The text for help(...). Raises an error object for what the server doesn't have.
---@param self { names: bosa.repl.Names }
---@param ... any
---@return string
local function text_of(self, ...)
  if select("#", ...) == 0 then return OVERVIEW end
  local value, action = ...
  local class = names.class_of(value)
  if class == "connector" and type(action) == "string" then return ask(value, action) end
  if class then return of_object(self, class, value) end
  if names.is_method(value) then return ask(value.connector, value.name) end
  if show.is_error(value) then return error_help.text(value) end
  if type(value) == "string" then return of_name(self, value, action) end
  if value == nil then return "nil: this name is not set; help() lists what there is" end
  return ("%s: a %s of Lua's"):format(tostring(value), type(value))
end

--- The function `help` of a prompt.
---@param known bosa.repl.Names
---@param write fun(text: string) takes the text
---@return function
function help.new(known, write)
  local self = { names = known }
  return function(...) write(text_of(self, ...)) end
end

return help
