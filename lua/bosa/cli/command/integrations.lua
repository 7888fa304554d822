--- bosa integrations: the user's connected accounts.

local bosa = require("bosa")
local browser = require("bosa.cli.browser")
local context = require("bosa.cli.context")
local callback_listener = require("bosa.cli.callback_listener")
local print_json = require("bosa.cli.json")
local print_table = require("bosa.cli.table")
local terminal_text = require("bosa.cli.terminal_text")
local params = require("bosa.cli.params")
local terminal = require("bosa.cli.terminal")

local integrations = { summary = "List, add, remove, show and select connected accounts" }

integrations.examples = {
  "# which accounts are connected", "bosa integrations list\nbosa integrations show github",
  "# connect one; a browser opens", "bosa integrations add github",
  "# the same for a browser on another machine", "bosa integrations add github --no-wait",
  "# act as another account, or disconnect one",
  "bosa integrations select github ada@example.com\nbosa integrations remove github ada@example.com",
}

local SECONDS = 300 -- that `add` waits for the browser
local SECRET = { "secret", "token", "password", "auth_string", "api_key", "credential" }

local function whole_seconds(text)
  local seconds = tonumber(text)
  if not seconds or seconds <= 0 or seconds > 86400 then return nil, "--timeout: seconds expected, up to 86400" end
  return seconds
end

local function a_port(text)
  local port = tonumber(text)
  if not port or port % 1 ~= 0 or port < 0 or port > 65535 then return nil, "--port: a number up to 65535 expected" end
  return math.floor(port)
end

local function add_account(command)
  command:argument("connector", "Connector name, like github.")
  command:argument("account", "User identifier of the account, like an e-mail address.")
end

function integrations.configure(parser)
  parser:command_target("verb")
  parser:require_command(false)
  parser:flag("--json", "JSON instead of a table.")
  parser:command("list", "List all connectors and how many accounts are connected (default).")
  local add = parser:command("add", "Connect an account: prints the URL to open, opens it on a desktop, and waits "
    .. "until the browser comes back.")
  add:argument("connector", "Connector name, like github.")
  add:option("--config", "Connect by this configuration instead of a browser: a file with a JSON object, - for "
    .. "standard input."):argname("<file>")
  add:option("--timeout", "Seconds to wait for the browser (300)."):argname("<seconds>"):convert(whole_seconds)
  add:option("--port", "Port of loopback that the browser comes back to (any free one)."):argname("<n>"):convert(a_port)
  add:flag("--no-browser", "Don't open the URL.")
  add:flag("--no-wait", "Print the URL and end; for a browser on another machine.")
  local remove = parser:command("remove", "Disconnect an account; asks first.")
  add_account(remove)
  remove:flag("-y --yes", "Don't ask.")
  local show = parser:command("show", "Show the accounts of a connector, or one of them.")
  show:argument("connector", "Connector name, like github.")
  show:argument("account", "User identifier of the account."):args("?")
  add_account(parser:command("select", "Make an account the one that acts."))
end

local function request_error(message) return context.error("api", message) end

--- The user's integrations, and the names of all connectors where they are asked for.
local function accounts(hub, token)
  local user, err = hub:get_user_info(token)
  if not user then return nil, err end
  return type(user.integrations) == "table" and user.integrations or {}
end

local function of_connector(list, connector)
  local found = {}
  for _, integration in ipairs(list) do
    if type(integration) == "table" and integration.connector == connector then found[#found + 1] = integration end
  end
  return found
end

local function find(list, connector, account)
  for _, integration in ipairs(of_connector(list, connector)) do
    if integration.user_identifier == account then return integration end
  end
  return nil, request_error(("integration not found: %s with account %s"):format(connector, account))
end

local function list_all(cx, hub, token, options)
  local own, err = accounts(hub, token)
  if not own then return cx:fail(err) end
  local names
  names, err = hub:get_available_modules()
  if not names then return cx:fail(err) end
  require("bosa.cli.cache").keep_names(hub, names)
  local rows, counts = {}, {}
  for i, name in ipairs(names) do
    counts[name] = #of_connector(own, name)
    rows[i] = { name, counts[name] }
  end
  if options.json then return print_json(cx, bosa.object(counts)) end
  print_table(cx, { "Connector", "Integrations Count" }, rows, { empty = "no connectors" })
end

local function hide_secrets(value)
  if type(value) ~= "table" then return value end
  local shown = {}
  for name, inner in pairs(value) do
    shown[name] = hide_secrets(inner)
    for _, word in ipairs(SECRET) do
      if type(name) == "string" and name:lower():find(word, 1, true) then shown[name] = "(hidden)" end
    end
  end
  if next(shown) == nil then return value end
  return shown
end

local function show_one(cx, hub, token, options)
  local integration, err = hub:get_integration(options.connector, token, options.account)
  if not integration then return cx:fail(err) end
  integration = hide_secrets(integration)
  if options.json then return print_json(cx, integration) end
  local names, rows = {}, {}
  for name in pairs(integration) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do
    local value = integration[name]
    rows[i] = { name, type(value) == "table" and bosa.json.encode(value) or value == bosa.null and "" or value }
  end
  print_table(cx, { "Property", "Value" }, rows)
end

local function show(cx, hub, token, options)
  if options.account then return show_one(cx, hub, token, options) end
  local own, err = accounts(hub, token)
  if not own then return cx:fail(err) end
  local found = of_connector(own, options.connector)
  if #found == 0 then return cx:fail(request_error("no integrations found for connector: " .. options.connector)) end
  if options.json then return print_json(cx, hide_secrets(bosa.array(found))) end
  local rows = {}
  for i, integration in ipairs(found) do
    rows[i] = { integration.user_identifier, integration.selected == true and "Selected" or "Not Selected" }
  end
  print_table(cx, { "User Identifier", "Status" }, rows)
end

local function report(cx, outcome, err, done)
  if not outcome then return cx:fail(err) end
  if not outcome.success then return cx:fail(err or request_error(outcome.message)) end
  cx:print(cx:paint("green", done))
end

--- The account that the options name, and what it is called; nil: it was told why there is none.
local function chosen(cx, hub, token, options)
  local own, err = accounts(hub, token)
  if not own then return nil, cx:fail(err) end
  local integration
  integration, err = find(own, options.connector, options.account)
  if not integration then return nil, cx:fail(err) end
  return integration, options.connector .. " - " .. options.account
end

local function remove(cx, hub, token, options)
  local integration, what = chosen(cx, hub, token, options)
  if not integration then return what end
  if not options.yes then
    local yes = terminal.confirm(cx, "Disconnect " .. what .. "?")
    if yes == nil then return cx:fail(context.error("params", "not removed: nobody can be asked here, say --yes")) end
    if not yes then
      cx:print("Not removed")
      return
    end
  end
  local outcome, err = hub:remove_integration(options.connector, token, options.account)
  return report(cx, outcome, err, "Removed: " .. what)
end

local function select_one(cx, hub, token, options)
  local integration, what = chosen(cx, hub, token, options)
  if not integration then return what end
  if integration.selected == true then
    cx:print("Already selected: " .. what)
    return
  end
  local outcome, err = hub:select_integration(options.connector, token, options.account)
  return report(cx, outcome, err, "Selected: " .. what)
end

---------------------------------------------------------------------------------------------------
-- add

--- Whether the server has the connector: `true | nil, err`, as a request that went wrong.
local function check_connector(hub, connector)
  local names, err = hub:get_available_modules()
  if not names then return nil, err end
  for _, name in ipairs(names) do
    if name == connector then return true end
  end
  return nil, request_error(("connector '%s' not found; there are %s"):format(connector, table.concat(names, ", ")))
end

local function add_by_config(cx, hub, token, options)
  local config, err = params.read_object("--config", options.config)
  if not config then return cx:fail(err) end
  local result
  result, err = hub:initiate_plugin_configuration(options.connector, token, config)
  if err then return cx:fail(err) end
  if type(result) == "table" and result.success == false then
    return cx:fail(request_error(tostring(result.error or "the server did not accept the configuration")))
  end
  cx:print(cx:paint("green", "Connected " .. options.connector))
end

--- Prints the URL and opens it.
local function show_url(cx, url, options)
  if cx.tty then cx:note("Open this URL to connect " .. options.connector .. ":") end
  cx:print(terminal_text.safe(url))
  io.stdout:flush()
  if not options.no_browser and browser.open(url) and cx.interactive then cx:note("(opened in the browser)") end
end

local function wait_for_browser(cx, options, door)
  if cx.interactive then cx:note("Waiting for the browser to come back; Ctrl-C ends it.") end
  local seconds = options.timeout or SECONDS
  local fields = door:wait(seconds)
  door:close()
  if not fields then return nil, request_error(("the browser did not come back within %g s"):format(seconds)) end
  if fields.error or fields.success == "false" then
    return nil, request_error("not connected: " .. (fields.error_description or fields.error or "refused"))
  end
  return true
end

local function add_by_browser(cx, hub, token, options)
  local door, message = callback_listener.open(options.port)
  if not door then return cx:fail("no listener on loopback: " .. message) end
  local url, err = hub:initiate_connector_auth(options.connector, token, door.url)
  if not url then
    door:close()
    return cx:fail(err)
  end
  show_url(cx, url, options)
  local ok
  ok, err = wait_for_browser(cx, options, door)
  if not ok then return cx:fail(err) end
  local has
  has, err = hub:user_has_integration(options.connector, token)
  if err then return cx:fail(err) end
  if not has then return cx:fail(request_error("the browser came back, but the server has no integration")) end
  cx:note(cx:paint("green", "Connected " .. options.connector))
end

local function print_url(cx, hub, token, options)
  local base = tostring(hub):match("%((.*)%)"):gsub("/+$", "")
  local back = base .. "/connectors/" .. options.connector .. "/success-authorize-callback"
  local url, err = hub:initiate_connector_auth(options.connector, token, back)
  if not url then return cx:fail(err) end
  show_url(cx, url, options)
end

local function wants_another(cx, hub, token, options)
  local has, err = hub:user_has_integration(options.connector, token)
  if err then return nil, err end
  if not has or not cx.interactive then return true end
  cx:note(("You already have an integration for '%s'."):format(options.connector))
  return terminal.confirm(cx, "Add another one?") or false
end

local function add(cx, hub, token, options)
  local ok, err = check_connector(hub, options.connector)
  if not ok then return cx:fail(err) end
  if options.config then return add_by_config(cx, hub, token, options) end
  local another
  another, err = wants_another(cx, hub, token, options)
  if err then return cx:fail(err) end
  if not another then
    cx:print("Not added")
    return
  end
  if options.no_wait then return print_url(cx, hub, token, options) end
  return add_by_browser(cx, hub, token, options)
end

local verbs = { list = list_all, add = add, remove = remove, show = show, select = select_one }

function integrations.run(cx, options)
  local hub, err = cx:hub()
  if not hub then return cx:fail(err) end
  local token
  token, err = cx:token()
  if not token then return cx:fail(err) end
  return verbs[options.verb or "list"](cx, hub, token, options)
end

return integrations
