--- Neovim: the buffers that results are shown in.

local bosa = require("bosa")
local safe = require("bosa.cli.terminal_text").safe
local sheet = require("bosa.editor.table")
local sorted_json = require("bosa.sorted_json")

local vim = rawget(_G, "vim")
local api = vim and vim.api
local buffer = {}

local LINKS = { "html_url", "web_url", "webViewLink", "url", "link" } -- fields that lead a browser to an item
local MORE = "... more: <CR> here fetches the next page"
local SPACE = vim and api.nvim_create_namespace("bosa") or 0

---@class bosa.editor.Table
---@field items table[] a line each, below the heading
---@field response userdata the last page
---@field name string of the buffer

local tables = {} -- buffer -> bosa.editor.Table

--- A message, not an error: the command itself did what it should.
---@param message any
function buffer.complain(message) api.nvim_echo({ { safe(tostring(message)), "ErrorMsg" } }, true, {}) end

---------------------------------------------------------------------------------------------------
-- buffers and windows

local function named(name)
  for _, number in ipairs(api.nvim_list_bufs()) do
    if api.nvim_buf_get_name(number) == name then return number end
  end
  return nil
end

--- Closes the window, or where it is the only one, the buffer.
local function close()
  if not pcall(api.nvim_win_close, 0, false) then api.nvim_buf_delete(0, { force = true }) end
end

local function map(number, key, fn, about)
  vim.keymap.set("n", key, fn, { buffer = number, nowait = true, silent = true, desc = about })
end

local function set_lines(number, from, to, lines)
  vim.bo[number].modifiable = true
  api.nvim_buf_set_lines(number, from, to, false, lines)
  vim.bo[number].modifiable = false
end

--- Puts lines into the window of the buffer of this name, which is made where there is none.
---@return integer number
local function open(name, lines, filetype)
  local number = named(name)
  local window = number and vim.fn.bufwinid(number) or -1
  if window ~= -1 then
    api.nvim_set_current_win(window)
  else
    vim.cmd("new")
    if number then vim.cmd("buffer " .. number) end
  end
  number = api.nvim_get_current_buf()
  if api.nvim_buf_get_name(number) ~= name then api.nvim_buf_set_name(number, name) end
  for option, value in pairs({ buftype = "nofile", bufhidden = "wipe", swapfile = false }) do
    vim.bo[number][option] = value
  end
  set_lines(number, 0, -1, lines)
  if vim.bo[number].filetype ~= filetype then vim.bo[number].filetype = filetype end
  map(number, "q", close, "Close")
  return number
end

---------------------------------------------------------------------------------------------------
-- JSON, text

--- Shows a value as JSON.
---@param name string of the buffer
---@param value any
---@return integer number
function buffer.json(name, value)
  return open(name .. ".json", vim.split(sorted_json.encode(value), "\n"), "json")
end

--- Shows a file that came: its text, or where it is none, what there is.
local function show_file(name, file)
  local bytes = file.file
  if bytes and not bytes:find("[%z\1-\8\14-\31]") then
    return open(name, vim.split((bytes:gsub("\r\n", "\n"):gsub("\n$", "")), "\n"), "")
  end
  return open(name, { safe(tostring(file)), "", "To save it:",
    ":lua require'bosa.editor'.last.response.data:save('PATH')" }, "")
end

---------------------------------------------------------------------------------------------------
-- tables

--- The URL of an item that a browser may be sent to; it is a server's word. nil: there is none.
local function link_of(item)
  for _, name in ipairs(LINKS) do
    local url = item[name]
    if type(url) == "string" and url:find("^https?://[%w%-._~:/?#%[%]@!$&'()*+,;=%%]+$") then return url end
  end
  return nil
end

local function fill(number, state)
  local width = api.nvim_win_get_width(0)
  local lines = sheet.lines(state.items, width)
  if state.response:has_next() then lines[#lines + 1] = MORE end
  set_lines(number, 0, -1, lines)
  api.nvim_buf_clear_namespace(number, SPACE, 0, -1)
  api.nvim_buf_set_extmark(number, SPACE, 0, 0, { end_col = #lines[1], hl_group = "Title" })
  if state.response:has_next() then
    api.nvim_buf_set_extmark(number, SPACE, #lines - 1, 0, { end_col = #MORE, hl_group = "Comment" })
  end
end

--- Fetches the next page, whose lines come below.
local function add_page(number, state)
  if state.busy then return end
  state.busy = true
  bosa.async(function()
    local response, err = state.response:next_page()
    state.busy = false
    if err then return buffer.complain(err) end
    if not response or tables[number] ~= state or not api.nvim_buf_is_valid(number) then return end
    for i = 1, #response do state.items[#state.items + 1] = response[i] end
    state.response = response
    fill(number, state)
  end)
end

local function show_item(state, place)
  return buffer.json(("%s/%d"):format(state.name, place), state.items[place])
end

--- What <CR> does: the item in the browser, or as JSON where it can't be; on the last line, the next page.
local function enter()
  local number = api.nvim_get_current_buf()
  local state, place = tables[number], api.nvim_win_get_cursor(0)[1] - 1
  local item = state and state.items[place]
  if not item then
    if state and place > #state.items then add_page(number, state) end
    return
  end
  local url = link_of(item)
  if not (url and vim.ui.open) then return show_item(state, place) end
  local _, err = vim.ui.open(url)
  if err then buffer.complain(err) end
end

local function item_as_json()
  local state, place = tables[api.nvim_get_current_buf()], api.nvim_win_get_cursor(0)[1] - 1
  if state and state.items[place] then show_item(state, place) end
end

local function show_table(name, response, items)
  local number = open(name, {}, "bosa")
  local state = { items = items, response = response, name = name }
  tables[number] = state
  vim.cmd("setlocal nowrap")
  map(number, "<CR>", enter, "Open the item in the browser")
  map(number, "o", item_as_json, "Show the item as JSON")
  local function forget() tables[number] = nil end
  api.nvim_create_autocmd("BufWipeout", { buffer = number, once = true, callback = forget })
  fill(number, state)
  return number
end

--- Shows what an action gave.
---@param name string like "github/list_issues"
---@param response userdata
---@param raw boolean? as JSON, whatever it is
---@return integer number of the buffer
function buffer.show(name, response, raw)
  name = "bosa://" .. safe(name)
  local data = response:get_data()
  if type(data) == "userdata" and data ~= bosa.null then return show_file(name, data) end
  if not raw and sheet.fits(data) then return show_table(name, response, data) end
  return buffer.json(name, data)
end

return buffer
