--- What Neovim's :Bosa does; plugin/bosa.lua makes the command.

local bosa = require("bosa")
local buffer = require("bosa.editor.buffer")
local core = require("bosa.core")
local hubs = require("bosa.editor.hub")
local loop = require("bosa.loop")
local parameter_words = require("bosa.cli.parameter_words")
local params = require("bosa.cli.params")
local picker = require("bosa.editor.picker")
local words = require("bosa.editor.words")

local vim = rawget(_G, "vim")
local api = vim and vim.api

---@class bosa.editor.Outcome
---@field connector string
---@field action string
---@field response userdata?
---@field err table?
---@field buf integer? the buffer that shows it

local editor = {
  ---@type bosa.editor.Outcome? what came of the last :Bosa
  last = nil,
}

local complain = buffer.complain

--- Tells `User` autocommands. Neovim 0.7 takes no data for them; editor.last has it all.
local function tell(event, data)
  local takes_data = vim.fn.has("nvim-0.8") == 1
  api.nvim_exec_autocmds("User", { pattern = event, modeline = false, data = takes_data and data or nil })
end

local function failed(outcome, err)
  outcome.err = err
  editor.last = outcome
  if type(err) == "table" and err.kind == "auth" then hubs.forget() end -- somebody may log in anew
  complain(err)
  local about = type(err) == "table" and err or { message = tostring(err) }
  tell("BosaError", {
    connector = outcome.connector, action = outcome.action, kind = about.kind, message = tostring(err),
    status = about.status,
  })
end

--- The parameters that the rest of a command line stands for: a JSON object, or words as the command `bosa` takes them.
---@return table? values, any words_or_err
local function read_parameters(hub, outcome, rest)
  if rest:find("^%s*{") then
    local values, err = bosa.json.decode(rest)
    if type(values) ~= "table" then return nil, err or "bosa: the parameters must be a JSON object" end
    return values
  end
  local list = words.split(rest)
  if not list then return nil, "bosa: a quote is never closed" end
  if not list[1] then return {} end
  for _, word in ipairs(list) do
    local _, sign, text = parameter_words.split(word)
    if sign == "@" and text == "-" or sign == ":=" and text == "@-" then
      return nil, "bosa: Neovim has no standard input: name a file"
    end
  end
  local known, err = hub:connect(outcome.connector):get_action_parameters(outcome.action)
  if not known then return nil, err end
  local values
  values, err = params.read(list, known)
  return values, err or list
end

local function perform(hub, outcome, rest, raw)
  local values, given = read_parameters(hub, outcome, rest)
  if not values then return failed(outcome, given) end
  local err
  outcome.response, err = hub:run(outcome.connector, outcome.action, values)
  if not outcome.response then return failed(outcome, parameter_words.explain(err, given or {})) end
  outcome.buf = buffer.show(outcome.connector .. "/" .. outcome.action, outcome.response, raw)
  editor.last = outcome
  tell("BosaDone", {
    connector = outcome.connector, action = outcome.action, status = outcome.response.status, buf = outcome.buf,
  })
end

--- The hub; nil, and why nothing can be asked: no server is asked without a key and a token.
---@return userdata? hub, any err
local function ready()
  local hub, message = hubs.get()
  if not hub then return nil, message end
  if hubs.has_credentials() then return hub end
  hubs.forget() -- somebody may log in
  return nil, loop.error("auth", core.no_credentials .. ", or vim.g.bosa = { api_key = ..., token = ... }", "no")
end

--- Runs an action and shows what it gives, without holding up the editor.
---@param connector string
---@param action string
---@param rest string? the parameters, as in the command line
---@param raw boolean? show JSON
local function start(connector, action, rest, raw)
  local hub, err = ready()
  local outcome = { connector = connector, action = action }
  if not hub then return failed(outcome, err) end
  bosa.async(perform, hub, outcome, rest or "", raw)
end

--- Has somebody choose what isn't given: connector, action, parameters.
---@param connector string?
---@param action string?
---@param raw boolean? show JSON
function editor.pick(connector, action, raw)
  local hub, why = ready()
  if not hub then return complain(why) end
  picker.choose({
    hub = hub, connector = connector, action = action,
    fail = function(err) failed({ connector = connector, action = action }, err) end,
    done = function(choice)
      local line = picker.command(choice)
      vim.fn.histadd("cmd", line)
      start(choice.connector, choice.action, line:match("^%S+%s+%S+%s+%S+%s*(.*)$"), raw)
    end,
  })
end

--- What `:Bosa {arguments}` does.
---@param arguments string
---@param raw boolean? show JSON: `:Bosa!`
function editor.run(arguments, raw)
  local connector, action, rest = arguments:match("^%s*(%S+)%s+(%S+)%s*(.*)$")
  if not connector then return editor.pick(arguments:match("%S+"), nil, raw) end
  start(connector, action, rest, raw)
end

--- Completion of :Bosa's arguments.
---@param lead string what is typed of the present word
---@param line string the whole command line
---@param at integer? the cursor's place in it
---@return string[]
function editor.complete(lead, line, at)
  return require("bosa.editor.complete").words(lead, line:sub(1, at or #line))
end

return editor
