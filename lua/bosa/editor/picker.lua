--- Neovim: choosing a connector, an action and its parameters by vim.ui.select and vim.ui.input.

local bosa = require("bosa")
local parameter_words = require("bosa.cli.parameter_words")
local safe = require("bosa.cli.terminal_text").safe
local words = require("bosa.editor.words")

local vim = rawget(_G, "vim")
local picker = {}

--- Neovim's own dialogs leave the screen as it is: without a redraw each is written behind the one before.
local function choose(...)
  vim.cmd("redraw")
  return vim.ui.select(...)
end

local function input(...)
  vim.cmd("redraw")
  return vim.ui.input(...)
end

---@class bosa.editor.Choice
---@field hub userdata
---@field connector string
---@field action string
---@field words string[] parameters, as :Bosa takes them
---@field done fun(choice: bosa.editor.Choice)
---@field fail fun(err: any)

--- Runs `fn` with what a server gives, once it is there; nothing is held up meanwhile.
local function ask(fail, get, fn)
  bosa.async(function()
    local value, err = get()
    if not value then return fail(err) end
    fn(value)
  end)
end

---------------------------------------------------------------------------------------------------
-- parameters

local function word(parameter, text) return parameter.name .. parameter_words.sign(parameter.type) .. text end

local function hint(parameter)
  local description = type(parameter.description) == "string" and parameter.description:match("^[^\n]*") or ""
  return safe(("%s (%s)%s"):format(parameter.name, parameter.type, description ~= "" and " " .. description or ""))
end

--- Asks for a parameter's value; `fn(text)`, where it was not called off.
local function ask_value(parameter, fn)
  local function given(text) if text ~= nil then fn(text) end end
  local values = parameter.enum or parameter.type == "boolean" and { true, false }
  if values then
    local function show(value) return safe(tostring(value)) end
    return choose(values, { prompt = hint(parameter), format_item = show }, function(value)
      given(value ~= nil and tostring(value) or nil)
    end)
  end
  local is_file = parameter.type:find("file", 1, true)
  input({ prompt = hint(parameter) .. ": ", completion = is_file and "file" or nil }, given)
end

local RUN = "Run"

--- Runs it, or asks for one more of the parameters that may be left out.
local function offer(choice, optional)
  if not optional[1] then return choice.done(choice) end
  local list = { RUN }
  for _, parameter in ipairs(optional) do list[#list + 1] = parameter end
  choose(list, {
    prompt = safe(("%s %s %s"):format(choice.connector, choice.action, table.concat(choice.words, " "))),
    format_item = function(item) return item == RUN and RUN or "more: " .. hint(item) end,
  }, function(item, place)
    if item == RUN then return choice.done(choice) end
    if not item then return end
    ask_value(item, function(text)
      choice.words[#choice.words + 1] = word(item, text)
      if not item.type:find("array", 1, true) then table.remove(optional, place - 1) end
      offer(choice, optional)
    end)
  end)
end

local function ask_required(choice, required, optional, i)
  local parameter = required[i]
  if not parameter then return offer(choice, optional) end
  ask_value(parameter, function(text)
    choice.words[#choice.words + 1] = word(parameter, text)
    ask_required(choice, required, optional, i + 1)
  end)
end

local function ask_parameters(choice)
  ask(choice.fail, function()
    return choice.hub:connect(choice.connector):get_action_parameters(choice.action)
  end, function(parameters)
    local required, optional = {}, {}
    for _, parameter in ipairs(parameters) do
      if not parameter.name:find(".", 1, true) then
        local list = parameter.required and required or optional
        list[#list + 1] = parameter
      end
    end
    ask_required(choice, required, optional, 1)
  end)
end

---------------------------------------------------------------------------------------------------
-- connectors and actions

local function ask_action(choice)
  ask(choice.fail, function() return choice.hub:connect(choice.connector):get_actions() end, function(actions)
    choose(actions, {
      prompt = safe("Action of " .. choice.connector),
      kind = "bosa_action",
      format_item = function(action) return safe(action.name .. "  " .. action.description:match("^[^\n]*")) end,
    }, function(action)
      if not action then return end
      choice.action = action.name
      ask_parameters(choice)
    end)
  end)
end

--- Has somebody choose.
---@param choice bosa.editor.Choice `connector` and `action` may be given
function picker.choose(choice)
  choice.words = {}
  if choice.connector and choice.action then return ask_parameters(choice) end
  if choice.connector then return ask_action(choice) end
  ask(choice.fail, function() return choice.hub:get_available_modules() end, function(names)
    choose(names, { prompt = "Connector", kind = "bosa_connector", format_item = safe }, function(name)
      if not name then return end
      choice.connector = name
      ask_action(choice)
    end)
  end)
end

--- The command that stands for a choice.
---@param choice bosa.editor.Choice
---@return string
function picker.command(choice)
  local list = { "Bosa", choice.connector, choice.action }
  for _, text in ipairs(choice.words) do list[#list + 1] = words.quote(text) end
  return table.concat(list, " ")
end

return picker
