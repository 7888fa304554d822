--- Telescope: :BosaIssues OWNER REPO picks one of a repository's issues; <CR> opens it in the browser.
--
-- Pages are fetched while you go on; the picker opens when all are there.
local bosa = require("bosa")
local actions = require("telescope.actions")
local finders = require("telescope.finders")
local pickers = require("telescope.pickers")
local previewers = require("telescope.previewers")
local sorters = require("telescope.config").values
local state = require("telescope.actions.state")

local MOST = 200 -- issues

local function entry_of(issue)
  local text = ("#%d %s"):format(issue.number, issue.title)
  return { value = issue, display = text, ordinal = text }
end

local function preview(self, entry)
  local body = type(entry.value.body) == "string" and entry.value.body or "" -- not where it is null
  vim.api.nvim_buf_set_lines(self.state.bufnr, 0, -1, false, vim.split(body, "\r?\n"))
end

local function open(prompt)
  local entry = state.get_selected_entry()
  actions.close(prompt)
  if entry then vim.ui.open(entry.value.html_url) end
end

local function pick(issues)
  pickers.new({}, {
    prompt_title = "Issues",
    finder = finders.new_table({ results = issues, entry_maker = entry_of }),
    sorter = sorters.generic_sorter({}),
    previewer = previewers.new_buffer_previewer({ title = "Issue", define_preview = preview }),
    attach_mappings = function(_, map)
      map({ "i", "n" }, "<CR>", open)
      return true
    end,
  }):find()
end

vim.api.nvim_create_user_command("BosaIssues", function(command)
  local owner, repo = command.fargs[1], command.fargs[2]
  bosa.async(function()
    local hub = assert(require("bosa.editor.hub").get()) -- the same as :Bosa's
    local page, err = hub:run("github", "list_issues", { owner = owner, repo = repo }) -- yields to the editor
    if not page then return vim.notify(tostring(err), vim.log.levels.ERROR) end
    local issues = {}
    for issue in page:items({ max_items = MOST }) do issues[#issues + 1] = issue end
    pick(issues)
  end)
end, { nargs = "+" })
