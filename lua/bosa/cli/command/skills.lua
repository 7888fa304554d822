--- bosa skills: the skills of the user's own tenant.

local bosa = require("bosa")
local context = require("bosa.cli.context")
local core = require("bosa.core")
local print_json = require("bosa.cli.json")
local print_properties = require("bosa.cli.properties")
local print_table = require("bosa.cli.table")

local skills = { summary = "List, show and install the skills of your tenant", task = true }

local MOST_PAGES = 50 -- that a name is looked for in

skills.examples = {
  "# what your tenant has", "bosa skills list",
  "# put one into a folder of its own below ./skills", "bosa skills install release-helper --dir skills",
}

function skills.configure(parser)
  parser:command_target("verb")
  local list = parser:command("list", "List the skills of your tenant.")
  list:flag("--json", "A JSON list instead of a table.")
  local show = parser:command("show", "Show one skill.")
  show:argument("skill", "Its id, or its name.")
  show:flag("--json", "JSON instead of a table.")
  local install = parser:command("install", "Download a skill into a folder of its own; prints the files' paths.")
  install:argument("skill", "Its id, or its name.")
  install:option("--dir", "Directory for that folder; bosa makes it if it is missing (.)."):argname("<dir>")
    :default("."):show_default(false)
  install:option("--name", "The folder's name (the skill's)."):argname("<name>")
  install:flag("--flat", "Put the files of a zip into the directory itself.")
  install:flag("--overwrite", "Replace existing files. Without it, bosa writes nothing if one of the files exists.")
  install:flag("--json", "A JSON list instead of lines.")
end

local function text(value) return type(value) == "string" and value or "" end

--- All skills. Raises what goes wrong after the first page.
local function all(hub)
  local page, err = hub:list_tenant_skills({ limit = 200 })
  if not page then return nil, err end
  local items = bosa.array({})
  for item in page:items({ max_pages = MOST_PAGES }) do
    if type(item) == "table" then items[#items + 1] = item end
  end
  return items
end

local UUID = "^" .. ("%x"):rep(8) .. "%-" .. (("%x"):rep(4) .. "%-"):rep(3) .. ("%x"):rep(12) .. "$"

--- The id that an argument means: itself, or that of the one skill of this name.
local function id_of(hub, word)
  if word:find(UUID) then return word end
  local list, err = all(hub)
  if not list then return nil, err end
  local found = {}
  for _, skill in ipairs(list) do
    if skill.id == word then return word end
    if skill.name == word and type(skill.id) == "string" then found[#found + 1] = skill.id end
  end
  if #found == 1 then return found[1] end
  local why = #found == 0 and "there is no skill `%s`"
    or "there are several skills `%s`: give an id of `bosa skills list`"
  return nil, context.error("not_found", why:format(word))
end

local verbs = {}

function verbs.list(cx, hub, options)
  local list, err = all(hub)
  if not list then return cx:fail(err) end
  if options.json then return print_json(cx, list) end
  local rows = {}
  for i, skill in ipairs(list) do
    rows[i] = { text(skill.name), text(skill.source_type), text(skill.id), text(skill.description) }
  end
  print_table(cx, { "Skill", "Kind", "Id", "Description" }, rows, { empty = "your tenant has no skills" })
end

function verbs.show(cx, hub, options)
  local id, err = id_of(hub, options.skill)
  if not id then return cx:fail(err) end
  local skill
  skill, err = hub:get_tenant_skill(id)
  if not skill then return cx:fail(err) end
  skill.download_url = skill.download_url ~= bosa.null and skill.download_url ~= nil and "(hidden)" or bosa.null
  if options.json then return print_json(cx, skill) end
  print_properties(cx, skill)
end

function verbs.install(cx, hub, options)
  local id, err = id_of(hub, options.skill)
  if not id then return cx:fail(err) end
  local paths
  paths, err = hub:download_tenant_skill(id, {
    dir = options.dir, overwrite = options.overwrite == true, create_parent = not options.flat,
    name = options.name,
  })
  if not paths then return cx:fail(err) end
  if options.json then return print_json(cx, bosa.array(paths)) end
  for _, path in ipairs(paths) do cx:print(path) end
end

function skills.run(cx, options)
  local hub, err = cx:hub(true)
  if not hub then return cx:fail(err) end
  if options.verb == "install" and options.dir == "" then
    return cx:fail(context.error("params", "--dir: the path of a directory expected"))
  end
  if options.name and (not core.is_safe_path(options.name) or options.name:find("/", 1, true)) then
    return cx:fail(context.error("params", "--name: the plain name of a folder expected"))
  end
  return verbs[options.verb](cx, hub, options)
end

return skills
