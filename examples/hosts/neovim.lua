--- Neovim: a command that lists a repository's issues in a scratch buffer, without holding up the editor.
local bosa = require("bosa")
local hub = bosa.new()

vim.api.nvim_create_user_command("Issues", function(command)
  local owner, repo = command.fargs[1], command.fargs[2]
  bosa.async(function()
    local issues, err = hub:run("github", "list_issues", { owner = owner, repo = repo }) -- yields to the editor
    if not issues then
      vim.notify(tostring(err))
      return
    end
    local lines = {}
    for issue in issues:items({ max_items = 50 }) do
      lines[#lines + 1] = ("#%d %s"):format(issue.number, issue.title)
    end
    vim.cmd("new")
    vim.bo.buftype = "nofile"
    vim.api.nvim_buf_set_lines(0, 0, -1, false, lines)
  end)
end, { nargs = "+" })
