--- What Neovim's :Bosa does; plugin/bosa.lua makes the command.

local bosa = require("bosa")
local candidates = require("bosa.candidates")
local safe = require("bosa.cli.terminal_text").safe
local sorted_json = require("bosa.sorted_json")

local vim = rawget(_G, "vim")
local editor = {}

local hub -- made at first use, from the environment or vim.g.bosa

---@return userdata? hub, table? err
local function get_hub()
  local err
  if not hub then
    hub, err = bosa.new(vim.g.bosa)
  end
  return hub, err
end

--- Names that a command line can hold: they are a server's.
local function plain(names)
  local list = {}
  for _, name in ipairs(names) do
    if not name:find('[%s|"\\]') and safe(name) == name then list[#list + 1] = name end
  end
  return list
end

--- Parameter names for the JSON object being typed: `{"ow` becomes `{"owner": `.
local function parameters(lead, connector, action)
  local before, quoted = lead:match('^(.*[{,]%s*)"?([%w_]*)$')
  if not before then before, quoted = lead == "" and "{" or "", "" end
  local names = plain(candidates.names(candidates.parameters(get_hub(), connector, action)))
  local list = candidates.starting_with(quoted, names)
  for i, name in ipairs(list) do list[i] = before .. '"' .. name .. '": ' end
  return list
end

--- Completion of :Bosa's arguments; fetches schemas when they are not there yet.
---@param lead string what is typed of the present word
---@param line string the whole command line
---@return string[]
function editor.complete(lead, line)
  local words = vim.split(line, "%s+")
  if not get_hub() then return {} end
  if #words <= 2 then return candidates.starting_with(lead, plain(get_hub():get_available_modules() or {})) end
  if #words == 3 then
    return candidates.starting_with(lead, plain(candidates.names(candidates.actions(get_hub(), words[2]))))
  end
  return parameters(lead, words[2], words[3])
end

local function show(response)
  local data = response:get_data()
  vim.cmd("new")
  for name, value in pairs({ buftype = "nofile", bufhidden = "wipe", swapfile = false }) do vim.bo[name] = value end
  local text = type(data) == "userdata" and tostring(data) or sorted_json.encode(data)
  vim.api.nvim_buf_set_lines(0, 0, -1, false, vim.split(text, "\n"))
  vim.bo.filetype = "json"
end

--- A message, not an error: the command itself did what it should.
local function complain(err) vim.api.nvim_echo({ { safe(tostring(err)), "ErrorMsg" } }, true, {}) end

--- Runs "{connector} {action} {json}" and shows the answer, without holding up the editor.
---@param arguments string
function editor.run(arguments)
  local connector, action, json = arguments:match("^(%S+)%s+(%S+)%s*(.*)$")
  if not connector then return complain("Bosa: a connector and an action are needed") end
  local params, err = bosa.json.decode(json == "" and "{}" or json)
  if type(params) ~= "table" then return complain(err or "Bosa: the parameters must be a JSON object") end
  local server, new_err = get_hub()
  if not server then return complain(new_err) end
  bosa.async(function()
    local response, run_err = server:run(connector, action, params)
    if response then
      show(response)
    else
      complain(run_err)
    end
  end)
end

return editor
