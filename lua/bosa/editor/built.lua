--- Neovim: where the plugin's own core is. `make nvim` puts it below the plugin's directory, where neither
-- package.cpath nor 'runtimepath' lead.

local built = {}

local vim = rawget(_G, "vim")

--- The directory that this file's `lua/` is in.
local function root()
  local source = debug.getinfo(1, "S").source
  local path = source:match("^@(.*)[/\\]lua[/\\]bosa[/\\]editor[/\\]built%.lua$")
  return path and vim.fn.fnamemodify(path, ":p"):gsub("[/\\]$", "")
end

--- Has `require` find the plugin's own core, where it was built, ahead of another version's.
function built.find()
  local top = vim and vim.fn and package.searchpath and root() -- plain Lua 5.1 has none, nor a core of ours
  if not top then return end
  local template = top .. "/build/luajit/?.so"
  local found = package.searchpath("bosa.core", package.cpath)
  if found and found:sub(1, #top + 1) == top .. "/" then return end -- another build of this directory
  if package.searchpath("bosa.core", template) then package.cpath = template .. ";" .. package.cpath end
end

--- Whether the core can be loaded; if not, one line that says what to do.
---@return boolean ok, string? message
function built.check()
  built.find()
  local ok, why = pcall(require, "bosa.core")
  if ok then return true end
  local top = root() or "the plugin's directory"
  if not rawget(_G, "jit") then return false, "bosa: this Neovim has no LuaJIT, which bosa needs" end
  why = tostring(why)
  if why:find("module 'bosa.core' not found", 1, true) then
    return false, ("bosa: not built for Neovim yet: run `make nvim` in %s"):format(top)
  end
  why = why:match("[^\n]*\n%s*([^\n]+)") or why
  return false, ("bosa: its core can't be loaded (%s): run `make clean nvim` in %s"):format(why, top)
end

return built
