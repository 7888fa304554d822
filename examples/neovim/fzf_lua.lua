--- fzf-lua: :BosaIssues OWNER REPO picks one of a repository's issues, which appear page by page; <CR> opens it in the
--- browser.
local bosa = require("bosa")
local fzf = require("fzf-lua")

local MOST = 200 -- issues

--- A source for fzf: gives each issue to `add` as a line, nil at the end.
local function source(owner, repo, urls)
  return function(add)
    bosa.async(function()
      local hub = assert(require("bosa.editor.hub").get()) -- the same as :Bosa's
      local page, err = hub:run("github", "list_issues", { owner = owner, repo = repo }) -- yields to the editor
      if not page then
        vim.notify(tostring(err), vim.log.levels.ERROR)
        return add(nil)
      end
      for issue in page:items({ max_items = MOST, prefetch = 1 }) do
        urls[issue.number] = issue.html_url
        add(("#%d %s"):format(issue.number, issue.title))
      end
      add(nil)
    end)
  end
end

vim.api.nvim_create_user_command("BosaIssues", function(command)
  local urls = {} -- by the issue's number
  fzf.fzf_exec(source(command.fargs[1], command.fargs[2], urls), {
    prompt = "Issues> ",
    actions = {
      ["default"] = function(selected)
        local number = selected[1] and tonumber(selected[1]:match("^#(%d+)"))
        if number then vim.ui.open(urls[number]) end
      end,
    },
  })
end, { nargs = "+" })
