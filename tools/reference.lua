--- The reference of the API as pages of HTML, from the definitions in lua/bosa/meta: a page a file, an anchor for each
-- class, table and function, and every type linked. tools/site.lua gives them the look of the site.

local luacats = require("tools.luacats")

local reference = {}

--- The files in the order of the reference, each with its title.
local FILES = {
  { "bosa", "The module" }, { "hub", "Hubs and errors" }, { "connector", "Connectors" },
  { "action", "Actions, calls and tasks" }, { "response", "Responses and files" },
  { "tools", "Hooks and tools for models" },
  { "testing", "bosa.testing" }, { "snapshot", "bosa.snapshot" }, { "changes", "bosa.changes" },
  { "mcp", "bosa.mcp" }, { "mcp_http", "bosa.mcp.http" },
}

---------------------------------------------------------------------------------------------------
-- what the files say

--- The blocks of a file: comment lines, and the line of code after them.
local function blocks_of(text)
  local blocks, comment = {}, {}
  for line in (text .. "\n"):gmatch("(.-)\n") do
    if line:find("^%-%-%-") then
      comment[#comment + 1] = line:sub(4)
    elseif comment[1] then
      blocks[#blocks + 1] = { comment = comment, code = line }
      comment = {}
    end
  end
  return blocks
end

--- The text of a comment, its tags { name, rest }, and the choices of an alias { value, text }.
local function parts_of(block)
  local text, tags, choices = {}, {}, {}
  for _, line in ipairs(block.comment) do
    local tag, rest = line:match("^%s*@(%a+)%s*(.*)$")
    local value, about = line:match('^%s*|%s*("[^"]*")%s*(.*)$')
    if tag then
      tags[#tags + 1] = { tag, rest }
    elseif value then
      choices[#choices + 1] = { value, (about:gsub("^#%s*", "")) }
    elseif tags[1] and tags[#tags][1] ~= "alias" then
      tags[#tags][2] = tags[#tags][2] .. " " .. line:gsub("^%s+", "")
    else
      text[#text + 1] = line:gsub("^%s?", "")
    end
  end
  return table.concat(text, "\n"), tags, choices
end

local function find(tags, name)
  for _, tag in ipairs(tags) do
    if tag[1] == name then return tag[2] end
  end
  return nil
end

--- `name? type text`, of a field or a parameter.
local function named(rest)
  local name, mark, text = rest:match("^([%w_.]+)(%??)%s+(.*)$")
  if not name then name, mark, text = rest:match("^(%b[])(%??)%s+(.*)$") end
  local kind, about = luacats.split(text)
  return { name = name, optional = mark ~= "", kind = kind, text = about }
end

--- `type name? text`, of a result.
local function result(rest)
  local kind, text = luacats.split(rest)
  local name, about = text:match("^([%a_][%w_]*)%s*(.*)$")
  if not name and text:find("^%.%.%.") then name, about = "...", text:match("^%.%.%.%s*(.*)$") end
  return { name = name, kind = kind, text = about or text }
end

local function all(tags, name, read)
  local list = {}
  for _, tag in ipairs(tags) do
    if tag[1] == name then list[#list + 1] = read(tag[2]) end
  end
  return list
end

local function function_of(owner, separator, name, text, tags)
  local object = owner.variable:gsub("^Any", ""):lower() -- AnyHub is what all hubs have
  local called = (separator == ":" and object or owner.name) .. separator .. name
  return {
    name = called, anchor = owner.name .. separator .. name, text = text,
    parameters = all(tags, "param", named), results = all(tags, "return", result),
  }
end

--- The types of a file in its order, each with its fields and its functions.
local function types_of(text)
  local types, by_variable = {}, {}
  for _, block in ipairs(blocks_of(text)) do
    local about, tags, choices = parts_of(block)
    local class, alias = find(tags, "class"), find(tags, "alias")
    local variable, method = block.code:match("^function ([%w_]+)([.:][%w_]+)")
    if class or alias then
      local name, rest = (class or alias):match("^([%w_.]+)%s*:?%s*(.*)$")
      local one = {
        name = name, text = about, fields = all(tags, "field", named), functions = {}, choices = choices,
        parent = class and rest ~= "" and rest or nil, kind = alias and rest ~= "" and rest or nil,
        variable = block.code:match("^local ([%w_]+) = {}$"),
      }
      types[#types + 1] = one
      if one.variable then by_variable[one.variable] = one end
    elseif variable and by_variable[variable] then
      local list = by_variable[variable].functions
      list[#list + 1] = function_of(by_variable[variable], method:sub(1, 1), method:sub(2), about, tags)
    end
  end
  return types
end

---------------------------------------------------------------------------------------------------
-- how it is shown

local Writer = {}
Writer.__index = Writer

--- A text of a comment: `code`, and names of types as links.
function Writer:prose(text)
  local html = self.escaped(text):gsub("`([^`]+)`", "<code>%1</code>")
  return (html:gsub("%f[%w_.]bosa%.[%w_.]*%w", function(name)
    local link = self.links[name]
    return link and ('<a href="%s">%s</a>'):format(link, name)
  end))
end

function Writer:type(kind)
  local html = self.escaped(kind):gsub("%f[%w_.]bosa[%w_.]*", function(name)
    local link = self.links[name]
    return link and ('<a href="%s">%s</a>'):format(link, name)
  end)
  return '<span class="type">' .. html .. "</span>"
end

function Writer:list(label, list)
  if not list[1] then return "" end
  local out = { label and '<p class="label">' .. label .. "</p>" or "", "<dl>" }
  for _, one in ipairs(list) do
    out[#out + 1] = ("<dt>%s %s%s</dt>%s"):format(one.name and "<code>" .. self.escaped(one.name) .. "</code>" or "",
      self:type(one.kind), one.optional and ' <span class="type">optional</span>' or "",
      one.text ~= "" and "<dd>" .. self:prose(one.text) .. "</dd>" or "")
  end
  out[#out + 1] = "</dl>"
  return table.concat(out, "\n")
end

local function signature(fn)
  local words = {}
  for i, one in ipairs(fn.parameters) do words[i] = one.name .. (one.optional and "?" or "") end
  return fn.name .. "(" .. table.concat(words, ", ") .. ")"
end

function Writer:fn(fn)
  return table.concat({
    ('<h3 class="function" id="%s"><code>%s</code></h3>'):format(fn.anchor, self.escaped(signature(fn))),
    "<p>" .. self:prose(fn.text) .. "</p>",
    self:list("Arguments", fn.parameters),
    self:list("Returns", fn.results),
  }, "\n")
end

function Writer:of_type(one)
  local out = { ('<h2 id="%s">%s</h2>'):format(one.name, one.name), "<p>" .. self:prose(one.text) .. "</p>" }
  if one.parent then out[#out + 1] = "<p>It has all of " .. self:type(one.parent) .. ", too.</p>" end
  if one.kind then out[#out + 1] = "<p>" .. self:type(one.kind) .. "</p>" end
  local choices = {}
  for i, choice in ipairs(one.choices) do choices[i] = { name = choice[1], kind = "", text = choice[2] } end
  out[#out + 1] = self:list(nil, choices)
  out[#out + 1] = self:list(nil, one.fields)
  for _, fn in ipairs(one.functions) do out[#out + 1] = self:fn(fn) end
  return table.concat(out, "\n")
end

local function first_paragraph(text) return text:gsub("\n", " "):match("^(.-%.)%s") or text end

function Writer:index(files)
  local out = {
    "<h1>Reference of the API</h1>",
    "<p><code>bosa.new</code> makes a hub. A hub gives connectors, a connector gives actions, and an action gives a "
      .. "response or an error. Anything marked optional may be left out. A result whose type ends with <code>?</code> "
      .. "may be nil.</p>",
  }
  for _, file in ipairs(files) do
    out[#out + 1] = ('<h2><a href="%s">%s</a></h2>'):format(file.page, file.title)
    for _, one in ipairs(file.types) do
      out[#out + 1] = ('<p><a href="%s">%s</a>: %s</p>'):format(self.links[one.name], one.name,
        self:prose(first_paragraph(one.text):gsub("%.$", "")))
      if one.functions[1] then out[#out + 1] = "<ul>" end
      for _, fn in ipairs(one.functions) do
        out[#out + 1] = ('<li><a href="%s#%s"><code>%s</code></a> %s</li>'):format(file.page, fn.anchor,
          self.escaped(signature(fn)), self:prose(first_paragraph(fn.text)))
      end
      if one.functions[1] then out[#out + 1] = "</ul>" end
    end
  end
  return { name = "reference.html", title = "Reference of bosa", html = table.concat(out, "\n") }
end

--- The files, with those that FILES doesn't name last.
local function files_of(read_file)
  local files, known = {}, {}
  for i, file in ipairs(FILES) do files[i], known[file[1]] = { base = file[1], title = file[2] }, true end
  for path in io.popen("ls lua/bosa/meta/*.lua"):lines() do
    local base = path:match("([^/]+)%.lua$")
    if not known[base] then files[#files + 1] = { base = base, title = base } end
  end
  for _, file in ipairs(files) do
    file.page = "reference-" .. file.base:gsub("_", "-") .. ".html"
    file.types = types_of(read_file("lua/bosa/meta/" .. file.base .. ".lua"))
  end
  return files
end

--- The pages: { name = "reference-hub.html", title =, html = }.
---@param read_file fun(path: string): string
---@param escaped fun(text: string): string for HTML
---@return table[] pages
---@return table<string, string> links of types (bosa.Error) and functions (hub:run)
function reference.pages(read_file, escaped)
  local self = setmetatable({ escaped = escaped, links = {} }, Writer)
  local files, pages, links = files_of(read_file), {}, self.links
  for _, file in ipairs(files) do
    for _, one in ipairs(file.types) do
      links[one.name] = file.page .. "#" .. one.name
      for _, fn in ipairs(one.functions) do links[fn.name] = file.page .. "#" .. fn.anchor end
    end
  end
  for _, file in ipairs(files) do
    local out, here = { "<h1>" .. file.title .. "</h1>" }, {}
    for i, one in ipairs(file.types) do here[i] = ('<a href="#%s">%s</a>'):format(one.name, one.name) end
    if here[2] then out[2] = "<p>On this page: " .. table.concat(here, ", ") .. "</p>" end
    for _, one in ipairs(file.types) do out[#out + 1] = self:of_type(one) end
    pages[#pages + 1] = { name = file.page, title = file.title .. " - bosa", html = table.concat(out, "\n") }
  end
  pages[#pages + 1] = self:index(files)
  return pages, links
end

return reference
