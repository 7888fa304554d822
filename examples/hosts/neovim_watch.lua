--- Neovim: shows a repository's new issues while you edit. Those that came while Neovim was closed come at its start.
local bosa = require("bosa")

local list = bosa.new():connect("github"):action("list_issues"):params({ owner = "lua", repo = "lua" })

bosa.async(function() -- a task of Neovim's loop: the editor never waits
  for issue in list:watch({
    every = vim.g.bosa_watch_every or 60,
    key = "number",
    max_pages = 1,
    from_now = true,
    state = vim.fn.stdpath("data") .. "/bosa-issues.json",
    on_failure = function(err) vim.notify(tostring(err), vim.log.levels.WARN) end,
  }) do
    vim.notify(("#%d %s"):format(issue.number, issue.title))
  end
end)
