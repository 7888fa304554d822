--- :Bosa {connector} {action} {json}: runs an action and shows its answer in a scratch buffer.

if vim.g.loaded_bosa then return end
vim.api.nvim_set_var("loaded_bosa", true)

vim.api.nvim_create_user_command("Bosa", function(command) require("bosa.editor").run(command.args) end, {
  nargs = "+",
  desc = "Run an action of a BOSA server",
  complete = function(lead, line) return require("bosa.editor").complete(lead, line) end,
})
