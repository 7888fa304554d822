--- Opening a URL in the user's browser: $BROWSER as xdg-open and Python's webbrowser read it, but without a shell; else
-- what the desktop has.

local uv = require("luv")

local browser = {}

--- What a variable of the environment says; nil: nothing.
local function set(variable)
  local value = os.getenv(variable)
  return value ~= "" and value or nil
end

--- The words of a command. Quotes keep spaces in a word; nothing else means anything.
local function words_of(text)
  local words, word, at = {}, nil, 1
  while at <= #text do
    local char = text:sub(at, at)
    local close = char:find("[\"']") and text:find(char, at + 1, true)
    if close then
      word, at = (word or "") .. text:sub(at + 1, close - 1), close
    elseif char:find("%s") then
      words[#words + 1], word = word, nil
    else
      word = (word or "") .. char
    end
    at = at + 1
  end
  words[#words + 1] = word
  return words
end

--- A command with the URL in place of each %s, else at its end. A `&` at the end says what is done anyway.
local function with_url(words, url)
  local command, placed = {}, false
  if words[#words] == "&" then words[#words] = nil end
  for i, word in ipairs(words) do
    command[i] = word:gsub("%%([s%%])", function(char)
      placed = placed or char == "s"
      return char == "s" and url or char
    end)
  end
  if not placed then command[#command + 1] = url end
  return command
end

--- The commands that may open the URL, the first that can be started does: those of $BROWSER, which has colons between
-- them, then what the desktop has.
local function commands(url)
  local list = {}
  for text in (set("BROWSER") or ""):gmatch("[^:]+") do
    local words = words_of(text)
    if words[1] then list[#list + 1] = with_url(words, url) end
  end
  if uv.os_uname().sysname == "Darwin" then
    list[#list + 1] = { "open", url }
  elseif set("DISPLAY") or set("WAYLAND_DISPLAY") then
    list[#list + 1] = { "xdg-open", url }
  end
  return list
end

--- Opens a URL where there is a browser for it. The URL is a server's: only http and https are opened.
---@param url string
---@return boolean opened
function browser.open(url)
  if not url:find("^https?://[^%s%c]+$") then return false end
  for _, command in ipairs(commands(url)) do
    local handle = uv.spawn(table.remove(command, 1), { args = command, detached = true, stdio = {} }, function() end)
    if handle then
      handle:unref()
      return true
    end
  end
  return false
end

return browser
