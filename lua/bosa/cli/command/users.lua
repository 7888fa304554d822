--- bosa users: users of the client.

local context = require("bosa.cli.context")
local print_json = require("bosa.cli.json")
local terminal_text = require("bosa.cli.terminal_text")

local users = { summary = "Create a user" }

users.examples = {
  "# a new user of the client; the secret is shown this once", "bosa users create grace@example.com",
}

function users.configure(parser)
  parser:command_target("verb")
  local create = parser:command("create", "Create a user and show the secret, this once.")
  create:argument("username", "Identifier of the new user, like an e-mail address.")
  create:flag("--json", "JSON instead of lines.")
end

--- A user's members with the secret, which the object hides from who goes through them.
local function with_secret(user)
  local members = { secret = user.secret }
  for name, value in pairs(user) do members[name] = value end
  return members
end

function users.run(cx, options)
  local hub, err = cx:hub()
  if not hub then return cx:fail(err) end
  if options.username == "" then return cx:fail(context.error("params", "an empty username")) end
  cx.check_output() -- the secret is shown there, this once
  local user
  user, err = hub:create_bosa_user(options.username)
  if not user then return cx:fail(err) end
  if options.json then return print_json(cx, with_secret(user)) end
  cx:print(cx:paint("bold", "Username:") .. " " .. terminal_text.safe(tostring(user.identifier)))
  cx:print(cx:paint("bold", "User Secret:") .. " " .. terminal_text.safe(tostring(user.secret or "not given")))
  if cx.tty then cx:note(cx:paint("yellow", "The secret is shown this once and can't be had again.")) end
end

return users
