#!/usr/bin/env lua
--- loop-variables.lua FILE...: complains of assignments to a variable of a `for`, which Lua 5.5 refuses to
-- compile and the older ones don't mind. It looks at tokens and blocks, so a file that doesn't compile for
-- other reasons may confuse it.

local OPENERS = { ["do"] = true, ["then"] = true, ["repeat"] = true, ["function"] = true, ["else"] = true }
local PAIRS = { ["("] = ")", ["["] = "]", ["{"] = "}" }

--- The next token that isn't space or a comment: its kind (name, string, number, or the token itself), text,
-- where it ends, and how many lines were passed.
local function next_token(text, at)
  local start = at
  while true do
    at = text:match("^%s+()", at) or at
    if not text:find("^%-%-", at) then break end
    local level = text:match("^%-%-%[(=*)%[", at)
    local over = level and text:match("^.-%]" .. level .. "%]()", at) or text:match("^[^\n]*()", at)
    at = over
  end
  local _, lines = text:sub(start, at - 1):gsub("\n", "")
  if at > #text then return nil end
  local level = text:match("^%[(=*)%[", at)
  if level then return "string", "", text:match("^.-%]" .. level .. "%]()", at) or #text + 1, lines end
  local quote = text:match("^[\"']", at)
  if quote then
    local over = at + 1
    while over <= #text and text:sub(over, over) ~= quote do
      over = over + (text:sub(over, over) == "\\" and 2 or 1)
    end
    return "string", "", over + 1, lines
  end
  local word = text:match("^[%a_][%w_]*", at)
  if word then return "name", word, at + #word, lines end
  local number = text:match("^%.?%d[%w_.]*", at)
  if number then return "number", number, at + #number, lines end
  local mark = text:match("^[=~<>]=", at) or text:match("^%.%.%.?", at) or text:match("^::", at) or text:sub(at, at)
  return mark, mark, at + #mark, lines
end

--- All tokens: { kind, text, line }.
local function tokens_of(text)
  local tokens, at, line = {}, text:match("^#[^\n]*()") or 1, 1
  while true do
    local kind, word, over, passed = next_token(text, at)
    if not kind then return tokens end
    line = line + passed
    tokens[#tokens + 1] = { kind = kind, text = word, line = line }
    local _, within = text:sub(at, over - 1):gsub("\n", "")
    line = line + within - passed
    at = over
  end
end

--- The bare names that the `=` at token `i` assigns to, unless it declares them.
local function targets_of(tokens, i)
  local names, at = {}, i - 1
  while at > 0 do
    local depth, over = 0, at -- one target, from its end to its beginning
    while at > 0 do
      local text = tokens[at].kind == "string" and "" or tokens[at].text
      local before = tokens[at - 1] and tokens[at - 1].text
      if text == ")" or text == "]" or text == "}" then
        depth = depth + 1
      elseif PAIRS[text] then
        depth = depth - 1
      elseif depth == 0 and tokens[at].kind == "name" and before ~= "." and before ~= ":" then
        break
      end
      at = at - 1
    end
    local before = tokens[at - 1] and tokens[at - 1].text
    if at == over then names[#names + 1] = tokens[at] end
    if before == "local" or before == "for" or before == "<" then return {} end
    if before ~= "," then return names end
    at = at - 2
  end
  return names
end

--- Calls `complain(token)` for each assignment to a loop variable.
local function check(text, complain)
  local tokens = tokens_of(text)
  local scopes = { {} } -- innermost last: name -> "loop" or "other"
  local brackets = {} -- what is open: "(", "[", "{", or a block
  local pending -- the scope that the next `do` opens

  local function open(scope)
    scopes[#scopes + 1] = scope
    brackets[#brackets + 1] = "block"
  end
  local function close()
    scopes[#scopes] = nil
    brackets[#brackets] = nil
  end
  --- Names from token `i` on, with commas between and attributes behind them.
  local function declare(scope, i, how)
    while tokens[i] and (tokens[i].kind == "name" or tokens[i].text == "...") do
      scope[tokens[i].text] = how
      i = i + 1
      if tokens[i] and tokens[i].text == "<" then i = i + 3 end
      if not tokens[i] or tokens[i].text ~= "," then return end
      i = i + 1
    end
  end
  local function kind_of(name)
    for n = #scopes, 1, -1 do
      if scopes[n][name] then return scopes[n][name] end
    end
  end

  for i, token in ipairs(tokens) do
    local word = token.kind ~= "string" and token.text or ""
    local field = i > 1 and (tokens[i - 1].text == "." or tokens[i - 1].text == ":") and tokens[i - 1].kind ~= "string"
    if token.kind == "name" and field then
      word = "" -- even `x.end` would be no keyword, if Lua allowed it
    end
    if word == "for" then
      pending = {}
      declare(pending, i + 1, "loop")
    elseif word == "local" and tokens[i + 1].text ~= "function" then
      declare(scopes[#scopes], i + 1, "other")
    elseif word == "function" then
      local scope, at = {}, i + 1
      if tokens[i - 1] and tokens[i - 1].text == "local" then scopes[#scopes][tokens[at].text] = "other" end
      while tokens[at].text ~= "(" do at = at + 1 end
      declare(scope, at + 1, "other")
      open(scope)
    elseif word == "else" or word == "elseif" then
      close()
      if word == "else" then open({}) end
    elseif word == "do" then
      open(pending or {})
      pending = nil
    elseif OPENERS[word] then
      open({})
    elseif word == "end" or word == "until" then
      close()
    elseif PAIRS[word] then
      brackets[#brackets + 1] = word
    elseif word == ")" or word == "]" or word == "}" then
      brackets[#brackets] = nil
    elseif word == "=" and (brackets[#brackets] or "block") == "block" then
      for _, target in ipairs(targets_of(tokens, i)) do
        if kind_of(target.text) == "loop" then complain(target) end
      end
    end
  end
end

local failed = false
for _, path in ipairs(arg) do
  local file = assert(io.open(path, "rb"))
  check(file:read("*a"), function(token)
    local place = path .. ":" .. token.line
    io.stderr:write(("%s: `%s` is the variable of a loop: give the new value another name\n"):format(place, token.text))
    failed = true
  end)
  file:close()
end
os.exit(failed and 1 or 0)
