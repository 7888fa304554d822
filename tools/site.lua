--- site.lua DIR: makes the site of `make doc` below DIR: the README, the pages of doc/, the examples, and the reference
-- of the API (tools/reference.lua), all with one look and without scripts. cmark-gfm turns Markdown into HTML.

local reference = require("tools.reference")

local target = arg[1]

--- What the menu shows, in its order: { file, label }. A page of doc/ that is missing here comes last, by its title.
local MENU = {
  {
    "Start", { "README.md", "Overview" }, { "doc/recipes.md", "Recipes" },
    { "doc/troubleshooting.md", "Troubleshooting" }, { "examples", "Examples" },
    { "reference", "Reference of the API" },
  },
  {
    "Calls", { "doc/errors.md", "Errors and retries" }, { "doc/pages.md", "Lists and pages" },
    { "doc/watch.md", "What is new" }, { "doc/files.md", "Files" },
    { "doc/parallel.md", "Many calls at once" }, { "doc/options.md", "Options" },
    { "doc/accounts.md", "Users and accounts" },
  },
  {
    "Places", { "doc/hosts.md", "Event loops" }, { "doc/command.md", "The command" },
    { "doc/models.md", "Language models" }, { "doc/catalog.md", "Catalog and skills" },
    { "doc/testing.md", "Tests, snapshots, hooks" }, { "doc/editor.md", "Editors" },
  },
  {
    "Choosing", { "doc/compared.md", "Compared with" }, { "doc/python.md", "From the Python SDK" },
    { "doc/upgrading.md", "Upgrading" }, { "doc/bench.md", "Speed" }, { "doc/platforms.md", "Platforms" },
  },
  {
    "Inside", { "doc/internals.md", "Internals" }, { "doc/faults.md", "Faults" },
    { "doc/reference.md", "Call by call" },
    { "doc/coverage.md", "Coverage" }, { "SECURITY.md", "Security" }, { "CONTRIBUTING.md", "Contributing" },
    { "CHANGELOG.md", "Changelog" },
  },
}

local function read_file(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local function write_file(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

local function output_of(command)
  local process = assert(io.popen(command))
  local text = process:read("*a")
  process:close()
  return text
end

local function escaped(text)
  return (text:gsub("&", "&amp;"):gsub("<", "&lt;"):gsub(">", "&gt;"):gsub('"', "&quot;"))
end

local function unescaped(text)
  return (text:gsub("&lt;", "<"):gsub("&gt;", ">"):gsub("&quot;", '"'):gsub("&amp;", "&"))
end

---------------------------------------------------------------------------------------------------
-- names and links

--- The page of a file, as "errors.html" of "doc/errors.md". doc/reference.md yields to the reference of the API.
local function page_of(path)
  if path == "README.md" then return "index.html" end
  if path == "doc/reference.md" then return "call-by-call.html" end
  return path:match("([^/]+)%.md$"):lower() .. ".html"
end

--- The anchor that GitHub gives a heading, so that links work in both places.
local function slug_of(html)
  local text = unescaped(html:gsub("<[^>]*>", "")):lower()
  return (text:gsub("[^%w%s_\128-\255-]", ""):gsub("%s", "-"))
end

--- A path without `..`: "doc/../README.md" is "README.md".
local function plain_path(path)
  local count
  repeat path, count = path:gsub("[^/.]+/%.%./", "", 1) until count == 0
  return path
end

local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

--- A link of a page as it is in the site. What has no page is shown where the examples are, or copied.
local function link_of(link, folder, copied)
  if link:find("^%a+:") or link:find("^#") then return link end
  local path, anchor = link:match("^([^#]*)(.*)$")
  path = plain_path(folder .. path)
  if path:find("%.md$") then return page_of(path) .. anchor end
  if path:find("^examples") then -- a folder has no place of its own
    return "examples.html" .. (path:find("%.%w+$") and "#" .. path:gsub("^examples/", "") or "")
  end
  assert(exists(path), "a link to a file that isn't there: " .. link)
  local name = path:match("[^/]+$")
  copied[name] = path
  return name .. anchor
end

---------------------------------------------------------------------------------------------------
-- code

local KEYWORDS = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat return then true
  until while]]):gmatch("%a+") do KEYWORDS[word] = true end

--- The next token of Lua at a place: its text and its class.
local function lua_token(code, at)
  local comment = code:match("^%-%-%[%[.-%]%]", at) or code:match("^%-%-[^\n]*", at)
  if comment then return comment, "c" end
  local quote = code:match("^[\"']", at)
  local text = quote and code:match("^" .. quote .. "[^" .. quote .. "\n]*" .. quote, at)
    or code:match("^%[%[.-%]%]", at)
  if text then return text, "s" end
  local word = code:match("^[%a_][%w_]*", at)
  if word then return word, KEYWORDS[word] and "k" end
  return code:match("^[^%a_\"'%-%[]+", at) or code:sub(at, at)
end

local function shell_token(code, at)
  local comment = (at == 1 or code:sub(at - 1, at - 1):find("%s")) and code:match("^#[^\n]*", at)
  if comment then return comment, "c" end
  return code:match("^[^#]+", at) or "#"
end

local TOKENS = { lua = lua_token, sh = shell_token }

--- Code with its comments, strings and words marked.
local function coloured(code, language)
  local token, at, out = TOKENS[language], 1, {}
  if not token then return escaped(code) end
  while at <= #code do
    local text, class = token(code, at)
    out[#out + 1] = class and ('<span class="%s">%s</span>'):format(class, escaped(text)) or escaped(text)
    at = at + #text
  end
  return table.concat(out)
end

---------------------------------------------------------------------------------------------------
-- pages

local function menu_of(current, titles)
  local out = { '<a href="index.html">bosa for Lua</a>' }
  for _, group in ipairs(MENU) do
    out[#out + 1] = "<h2>" .. group[1] .. "</h2><ul>"
    for i = 2, #group do
      local path, label = group[i][1], group[i][2]
      local page = path:find("%.md$") and page_of(path) or path .. ".html"
      local mark = page == current and ' aria-current="page"' or ""
      out[#out + 1] = ('<li><a href="%s"%s>%s</a></li>'):format(page, mark, escaped(label or titles[path]))
    end
    out[#out + 1] = "</ul>"
  end
  return table.concat(out, "\n")
end

local function page(name, title, body, titles)
  return ([[
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s</title>
<link rel="stylesheet" href="site.css">
</head>
<body>
<div class="page">
<nav id="menu">
%s
</nav>
<main>
<a class="to-menu" href="#menu">All pages</a>
%s
</main>
</div>
</body>
</html>
]]):format(escaped(title), menu_of(name, titles), body)
end

--- Gives each heading an anchor of its own.
local function with_anchors(html)
  local seen = {}
  return (html:gsub("<h([1-4])>(.-)</h%1>", function(level, text)
    local slug = slug_of(text)
    seen[slug] = (seen[slug] or -1) + 1
    if seen[slug] > 0 then slug = slug .. "-" .. seen[slug] end
    local here = (' <a class="here" href="#%s" aria-label="Link to this section">#</a>'):format(slug)
    if level == "1" then here = "" end
    return ('<h%s id="%s">%s%s</h%s>'):format(level, slug, text, here, level)
  end))
end

--- Gives each cell of a table the name of its column, which narrow screens show.
local function with_labels(html)
  return (html:gsub("<table>.-</table>", function(whole)
    local labels = {}
    for text in whole:gmatch("<th>(.-)</th>") do labels[#labels + 1] = (text:gsub("<[^>]*>", "")) end
    return '<div class="wide">' .. whole:gsub("<tr>.-</tr>", function(row)
      local column = 0
      return (row:gsub("<td>", function()
        column = column + 1
        local label = labels[column]
        return label and label ~= "" and ('<td data-label="%s">'):format(label) or "<td>"
      end))
    end) .. "</div>"
  end))
end

--- Code that is the name of a type or a function of the API leads to the reference.
local function with_references(html, links)
  return (html:gsub("<code>([%a_][%w_.:]*)</code>", function(name)
    local link = name ~= "bosa" and links[name] -- which is the command's name, too
    return link and ('<a href="%s"><code>%s</code></a>'):format(link, name)
  end))
end

local function html_of(path, copied, links)
  local folder = path:match("^(.*/)") or ""
  local html = output_of("cmark-gfm --extension table --extension autolink " .. path)
  html = html:gsub('<pre><code class="language%-(%w+)">(.-)</code></pre>', function(language, code)
    return "<pre><code>" .. coloured(unescaped(code), language) .. "</code></pre>"
  end)
  html = html:gsub('(<[ai]m?g? [hs]re?[fc]=")([^"]*)"', function(start, link)
    return start .. escaped(link_of(unescaped(link), folder, copied)) .. '"'
  end)
  return with_anchors(with_references(with_labels(html), links))
end

local function examples_html()
  local out = { "<h1>Examples</h1>", "<p>One idea a file. Run one with <code>bosa sandbox -- lua5.4 FILE</code>.</p>" }
  for path in output_of("ls examples/*.lua && find examples/*/ -type f | sort"):gmatch("[^\n]+") do
    local name, code = path:match("^examples/(.*)$"), read_file(path)
    local language = name:find("%.conf$") and "sh" or "lua"
    out[#out + 1] = ('<h2 id="%s">%s</h2><pre><code>%s</code></pre>'):format(name, name, coloured(code, language))
  end
  return table.concat(out, "\n")
end

--- The Markdown files of the site, and the title of each.
local function sources()
  local paths, titles, known = {}, {}, {}
  for path in output_of("ls README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md doc/*.md"):gmatch("[^\n]+") do
    paths[#paths + 1] = path
    titles[path] = read_file(path):match("^# ([^\n]+)")
  end
  for _, group in ipairs(MENU) do
    for i = 2, #group do known[group[i][1]] = true end
  end
  for _, path in ipairs(paths) do
    if not known[path] then table.insert(MENU[#MENU], { path }) end
  end
  return paths, titles
end

local pages, links = reference.pages(read_file, escaped)
local paths, titles = sources()
local copied = {}
for _, path in ipairs(paths) do
  local name = page_of(path)
  write_file(target .. "/" .. name, page(name, titles[path], html_of(path, copied, links), titles))
end
write_file(target .. "/examples.html", page("examples.html", "Examples of bosa", examples_html(), titles))
for _, one in ipairs(pages) do
  write_file(target .. "/" .. one.name, page("reference.html", one.title, one.html, titles))
end
for name, path in pairs(copied) do write_file(target .. "/" .. name, read_file(path)) end
write_file(target .. "/site.css", read_file("tools/site.css"))
