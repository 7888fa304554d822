--- bosa integrations: the user's connected accounts.

local bosa = require("bosa")
local accounts = require("bosa.accounts")
local connecting = require("bosa.cli.connecting")
local context = require("bosa.cli.context")
local numbers = require("bosa.cli.numbers")
local print_json = require("bosa.cli.json")
local print_properties = require("bosa.cli.properties")
local print_table = require("bosa.cli.table")
local secret_names = require("bosa.cli.secret_names")
local terminal = require("bosa.cli.terminal")

local integrations = { summary = "List, add, renew, remove, show and select connected accounts" }

integrations.examples = {
  "# which accounts are connected", "bosa integrations list\nbosa integrations show github",
  "# connect one; a browser opens", "bosa integrations add github",
  "# the same for a browser on another machine", "bosa integrations add github --no-wait",
  "# renew those that have expired", "bosa integrations renew",
  "# act as another account, or disconnect one",
  "bosa integrations select github ada@example.com\nbosa integrations remove github ada@example.com",
}

local function add_account(command)
  command:argument("connector", "Connector name, like github.")
  command:argument("account", "User identifier of the account, like an e-mail address.")
end

local function add_connecting(command)
  command:option("--config", "File with the configuration as a JSON object, - for standard input.")
    :argname("<file>")
  command:option("--timeout", "Seconds to wait for the browser (300)."):argname("<seconds>")
    :convert(numbers.seconds("--timeout", 0, 86400))
  command:option("--port", "Loopback port for the browser to come back to (any free one)."):argname("<n>")
    :convert(numbers.whole("--port", 0, 65535))
  command:flag("--no-browser", "Don't open the URLs.")
  command:flag("--no-wait", "Print the URLs and end, for a browser on another machine.")
end

function integrations.configure(parser)
  parser:command_target("verb")
  parser:require_command(false)
  parser:flag("--json", "JSON instead of a table.")
  parser:command("list", "List all connectors and how many accounts are connected (default); with "
    .. "--json the accounts of each.")
  local add = parser:command("add", "Connect accounts. bosa prints the URLs, opens them in the browser, and waits "
    .. "until it comes back. If a service takes a configuration, bosa asks for its fields.")
  add:argument("connectors", "Connector names, like github."):args("+"):argname("<connector>")
  add:flag("--renew", "Renew an account that is connected already.")
  add_connecting(add)
  local renew = parser:command("renew", "Renew the authorization of accounts, for example after it has expired. "
    .. "Without a connector: of all that need it.")
  renew:argument("connectors", "Connector names, like github."):args("*"):argname("<connector>")
  renew:option("--account", "Which account of the connector, if there are several (those that need it).")
    :argname("<name>")
  add_connecting(renew)
  local remove = parser:command("remove", "Disconnect an account; bosa asks first.")
  add_account(remove)
  remove:flag("-y --yes", "Don't ask.")
  local show = parser:command("show", "Show the accounts of a connector, or one of them.")
  show:argument("connector", "Connector name, like github.")
  show:argument("account", "User identifier of the account."):args("?")
  add_account(parser:command("select", "Choose the account that actions use."))
end

local function request_error(message) return context.error("api", message) end

--- The user with a list of integrations; nil and an error.
local function user_of(hub, token)
  local user, err = hub:get_user_info(token)
  if not user then return nil, err end
  if type(user.integrations) ~= "table" then user.integrations = {} end
  return user
end

local function find(user, connector, account)
  local integration = accounts.find(accounts.of(user, connector), account)
  if integration then return integration end
  return nil, connecting.not_there(connector, account)
end

local function hide_secrets(value)
  if type(value) ~= "table" then return value end
  local shown = {}
  for name, inner in pairs(value) do
    shown[name] = hide_secrets(inner)
    if secret_names.is(name) then shown[name] = "(hidden)" end
  end
  if next(shown) == nil then return value end
  return shown
end

local function list_all(cx, hub, token, options)
  local user, err = user_of(hub, token)
  if not user then return cx:fail(err) end
  local names
  names, err = hub:get_available_modules()
  if not names then return cx:fail(err) end
  require("bosa.cli.cache").keep_names(hub, names)
  local rows, objects, headers = {}, {}, { "Connector", "Integrations Count" }
  for i, name in ipairs(names) do
    local own = accounts.of(user, name)
    objects[name] = hide_secrets(bosa.array(own))
    rows[i] = { name, #own }
    for _, one in ipairs(own) do
      if not accounts.is_well(one) then rows[i][3], headers[3] = one.auth_status, "Auth" end
    end
  end
  if options.json then
    print_json(cx, bosa.object(objects))
  else
    print_table(cx, headers, rows, { empty = "the server has no connectors" })
  end
  connecting.advise(cx, user.integrations)
end

local function show_one(cx, hub, token, options)
  local integration, err = hub:get_integration(options.connector, token, options.account)
  if not integration then return cx:fail(err) end
  integration = hide_secrets(integration)
  if type(integration) == "table" and integration.connector == nil then integration.connector = options.connector end
  connecting.advise(cx, { integration })
  if options.json then return print_json(cx, integration) end
  print_properties(cx, integration)
end

local function show(cx, hub, token, options)
  if options.account then return show_one(cx, hub, token, options) end
  local user, err = user_of(hub, token)
  if not user then return cx:fail(err) end
  local found = accounts.of(user, options.connector)
  if #found == 0 then return cx:fail(connecting.none_of(options.connector)) end
  local rows, headers = {}, { "User Identifier", "Status" }
  for i, one in ipairs(found) do
    local status = accounts.status(one)
    rows[i] = { one.user_identifier, one.selected == true and "Selected" or "Not Selected", status }
    if status then headers[3] = "Auth" end
  end
  if options.json then
    print_json(cx, hide_secrets(bosa.array(found)))
  else
    print_table(cx, headers, rows)
  end
  connecting.advise(cx, found)
end

local function report(cx, outcome, err, done)
  if not outcome then return cx:fail(err) end
  if not outcome.success then return cx:fail(err or request_error(outcome.message)) end
  cx:print(cx:paint("green", done))
end

--- The account that the options name, and what it is called; nil: it was told why there is none.
local function chosen(cx, hub, token, options)
  local user, err = user_of(hub, token)
  if not user then return nil, cx:fail(err) end
  local integration
  integration, err = find(user, options.connector, options.account)
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

local function add(cx, hub, token, options) return connecting.run(cx, hub, token, options) end
local function renew(cx, hub, token, options) return connecting.run(cx, hub, token, options, true) end

local verbs = { list = list_all, add = add, renew = renew, remove = remove, show = show, select = select_one }

function integrations.run(cx, options)
  local hub, err = cx:hub()
  if not hub then return cx:fail(err) end
  local token
  token, err = cx:token()
  if not token then return cx:fail(err) end
  return verbs[options.verb or "list"](cx, hub, token, options)
end

return integrations
