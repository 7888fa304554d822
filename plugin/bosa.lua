--- :Bosa [connector [action [parameters]]]: runs an action and shows what it gives; `:lua =hub` shows bosa's objects.
--
-- Nothing else is loaded before it is used.

if vim.g.loaded_bosa then return end
vim.api.nvim_set_var("loaded_bosa", true)

--- The module behind the command; nil: it isn't built, which is said.
local function editor()
  local ok, message = require("bosa.editor.built").check()
  if ok then return require("bosa.editor") end
  vim.api.nvim_echo({ { message, "ErrorMsg" } }, true, {})
  return nil
end

vim.api.nvim_create_user_command("Bosa", function(command)
  local bosa = editor()
  if bosa then bosa.run(command.args, command.bang) end
end, {
  nargs = "*",
  bang = true,
  desc = "Run an action of a BOSA server",
  complete = function(lead, line, at)
    local ok = require("bosa.editor.built").check()
    return ok and require("bosa.editor").complete(lead, line, at) or {}
  end,
})

require("bosa.editor.inspect").extend()
