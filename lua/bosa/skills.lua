--- The skills of a user's own tenant, and how one comes to be on the disk.
--
-- Only servers of the current API have them. They are read with the user's token alone; what is downloaded comes from a
-- presigned address, which is told nothing of who asks. Everything that a server or a zip decides is checked before the
-- first byte is written.

local catalog = require("bosa.catalog")
local core = require("bosa.core")
local descriptors = require("bosa.descriptors")
local loop = require("bosa.loop")
local misuse = require("bosa.misuse")
local task = require("bosa.task")

local skills = { methods = {} }
local methods = skills.methods

local MOST_BYTES = 256 * 2 ^ 20 -- of a skill, unpacked
local MOST_ENTRIES = 10000 -- of a zip
local RUN = 4 * 2 ^ 20 -- bytes taken before others may run
local ENTRY = 64 * 2 ^ 10 -- bytes that an entry costs beside its own: a file is made, however short it is
local FILE = "SKILL.md"
local IS_ZIP = { upload_zip = true, github = true, upload_md = false, manual = false }
local LIBRARIES = "Debian and Ubuntu: libarchive-dev libssl-dev; Fedora: libarchive-devel openssl-devel; "
  .. "Arch and Homebrew: libarchive openssl"

local kinds = catalog.kinds

local function boolean(value)
  if type(value) ~= "boolean" then return "boolean expected, got " .. type(value) end
end

local function directory(value)
  if type(value) ~= "string" then return "string expected, got " .. type(value) end
  if value == "" or value:find("\0", 1, true) then return "the path of a directory expected" end
end

--- A folder's own name: of one segment, which hides nothing.
local function folder(value)
  if type(value) ~= "string" then return "string expected, got " .. type(value) end
  if not core.is_safe_path(value) or value:find("/", 1, true) then return "the plain name of a folder expected" end
end

local LIST = { limit = kinds.limit, offset = kinds.offset, token = kinds.string }
local DOWNLOAD = {
  dir = directory, name = folder, overwrite = boolean, create_parent = boolean, token = kinds.string,
}

local shown = core.shown

local function malformed(...) return catalog.malformed(string.format(...)) end

---------------------------------------------------------------------------------------------------
-- reading

---@class bosa.TenantSkill
---@field id string
---@field name string
---@field source_type "upload_md"|"upload_zip"|"manual"|"github"
---@field description string?
---@field frontmatter table? get_tenant_skill only
---@field download_url string? get_tenant_skill only: presigned, so a secret for as long as it holds
---@field content_sha256 string? get_tenant_skill only

---@class bosa.TenantSkills
---@field limit integer? items of a page, 1 to 200 (50)
---@field offset integer? items before it (0)
---@field token string? the user's token in place of the hub's

--- The skills of the user's tenant. `items()` and `pages()` of the response go through all pages.
---@param options bosa.TenantSkills?
---@return userdata? response, table? err
function methods:list_tenant_skills(options)
  local query = catalog.check(options, LIST)
  local token = query.token
  query.token = nil
  return catalog.list(self, "tenant_skills", query, token)
end

local function get(hub, id, token)
  local response, err = catalog.ask(hub, "tenant_skill", nil, token, id)
  if not response then return nil, err end
  local skill = response:get_data()
  if type(skill) ~= "table" or type(skill.id) ~= "string" or type(skill.source_type) ~= "string" then
    local _, wrong = malformed("it has no skill; is `%s` the UUID of one?", shown(id))
    return nil, loop.redact(hub, wrong, token)
  end
  return skill
end

--- One skill, with what is needed to download it.
---@param id string
---@param token string? the user's in place of the hub's
---@return bosa.TenantSkill? skill, table? err
function methods:get_tenant_skill(id, token)
  misuse.check_type(id, "string", 1, "get_tenant_skill")
  if token ~= nil then misuse.check_type(token, "string", 2, "get_tenant_skill") end
  return get(self, id, token)
end

---------------------------------------------------------------------------------------------------
-- what was downloaded

--- The module that unpacks and digests, loaded when it is first needed.
local function load_archive()
  local ok, archive = pcall(require, "bosa.archive")
  if ok then return archive end
  local lack = descriptors.lack(1)
  if lack then return nil, loop.error("file", "what unpacks and checks skills can't be loaded: " .. lack, "no") end
  local line = tostring(archive):match("^[^\n]*")
  local why = line:find("module 'bosa.archive' not found", 1, true) and "bosa was built without them" or shown(line)
  local message = ("skills are unpacked and checked by libarchive and OpenSSL's libcrypto, which are not there (%s): "
    .. "install them with their headers (%s) and build bosa again"):format(why, LIBRARIES)
  return nil, loop.error("file", message, "no")
end

local function hex(bytes)
  return (bytes:gsub(".", function(char) return ("%02x"):format(char:byte()) end))
end

--- Compares by bytes, whatever the locale says.
local function before(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = a:byte(i), b:byte(i)
    if x ~= y then return x < y end
  end
  return #a < #b
end

--- Whether what came is what the server has noted; where it noted nothing, it is.
local function check_digest(skill, digest)
  local expected = skill.content_sha256
  if type(expected) ~= "string" or expected == "" then return true end
  if expected:match("^%s*(.-)%s*$"):lower() == digest then return true end
  return malformed("the skill's content has another SHA-256 digest than the server noted: it is damaged or stale")
end

--- Lets others run now and then, by the bytes that were taken.
local function work(job, count)
  job.done = job.done + count
  if job.done < RUN then return end
  job.done = 0
  task.sleep(0.001)
end

--- Gives the pieces of a zip's entry to `take`, and counts them: `total` with them, or nil and why.
local function read_entry(job, zip, total, take)
  work(job, ENTRY)
  while true do
    local bytes, why = zip:read()
    if not bytes then
      if why then return malformed("the skill's zip can't be read: %s", shown(why)) end
      return total
    end
    work(job, #bytes)
    total = total + #bytes
    if total > MOST_BYTES then return malformed("the skill is larger than %d bytes when it is unpacked", MOST_BYTES) end
    local ok, err = take(bytes)
    if not ok then return nil, err end
  end
end

--- Goes through a zip: `visit(name, kind, zip)` for each entry, `true` or nil and why.
local function each_entry(archive, bytes, visit)
  local zip, why = archive.zip(bytes)
  if not zip then return malformed("the skill's zip can't be read: %s", shown(why)) end
  while true do
    local name, kind = zip:next()
    if not name then
      if kind then return malformed("the skill's zip can't be read: %s", shown(kind)) end
      return true
    end
    local ok, err = visit(name, kind, zip)
    if not ok then return nil, err end
  end
end

--- What a survey of a zip gathers.
---@class bosa.skills.Survey
---@field files table[] {name, sum}
---@field is_file table<string, true>
---@field is_directory table<string, true>
---@field entries integer
---@field total number bytes, as they were really unpacked

--- Notes the directories that a path is in.
local function note_directories(survey, path)
  local at = path:find("/", 1, true)
  while at do
    survey.is_directory[path:sub(1, at - 1)] = true
    at = path:find("/", at + 1, true)
  end
end

--- Why an entry can't be; nil: it can.
local function fault(survey, name, path, kind)
  if survey.entries > MOST_ENTRIES then return ("it has more than %d entries"):format(MOST_ENTRIES) end
  if kind == "link" then return ("`%s` is a link"):format(shown(name)) end
  if kind ~= "file" and kind ~= "directory" then
    return ("`%s` is no plain file (%s)"):format(shown(name), kind)
  end
  if not core.is_safe_path(path) then return ("`%s` is no path below a directory"):format(shown(name)) end
  if kind == "file" and survey.is_file[path] then return ("`%s` is there twice"):format(shown(name)) end
end

--- Looks at every entry of a zip and unpacks it to count and digest: a survey, or nil and why it can't be taken.
---@return bosa.skills.Survey? survey, table? err
local function survey_of(job, bytes)
  local archive = job.archive
  local survey = { files = {}, is_file = {}, is_directory = {}, entries = 0, total = 0 }
  local ok, err = each_entry(archive, bytes, function(name, kind, zip)
    local path = kind == "directory" and name:gsub("/$", "") or name
    survey.entries = survey.entries + 1
    local why = fault(survey, name, path, kind)
    if why then return malformed("the skill's zip can't be taken: %s", why) end
    note_directories(survey, kind == "directory" and path .. "/" or path)
    if kind == "directory" then return true end
    local digest = archive.sha256()
    local total, read_err = read_entry(job, zip, survey.total, function(piece)
      digest:add(piece)
      return true
    end)
    if not total then return nil, read_err end
    survey.total, survey.is_file[path] = total, true
    survey.files[#survey.files + 1] = { name = path, sum = digest:finish() }
    return true
  end)
  if not ok then return nil, err end
  table.sort(survey.files, function(a, b) return before(a.name, b.name) end)
  for _, file in ipairs(survey.files) do
    if survey.is_directory[file.name] then
      return malformed("the skill's zip can't be taken: `%s` is a file and a directory", shown(file.name))
    end
  end
  if #survey.files == 0 then return malformed("the skill's zip holds no file") end
  return survey
end

--- The digest of a zip's files, whatever way they are packed.
local function digest_of(archive, survey)
  local digest = archive.sha256()
  for _, file in ipairs(survey.files) do digest:add(file.name .. "\0" .. file.sum) end
  return hex(digest:finish())
end

---------------------------------------------------------------------------------------------------
-- where it goes

--- The name of a skill's folder: one plain name, which hides nothing.
local function folder_of(skill)
  for _, text in ipairs({ skill.name, skill.id }) do
    local name = type(text) == "string" and text:gsub("\\", "/"):gsub(".*/", "") or ""
    name = name:gsub("[%c:]", ""):gsub("^[%s.]+", ""):gsub("%s+$", "")
    if name:find("[%w\128-\255]") and core.is_safe_path(name) then return name end
  end
  return "skill"
end

--- A download under way.
---@class bosa.skills.Job
---@field archive table
---@field skill bosa.TenantSkill
---@field tree userdata
---@field prefix string of every path below the directory
---@field overwrite boolean
---@field done number bytes taken since others ran last

--- Writes one file: `true`, or nil and why.
local function write_file(tree, path, give)
  local ok, err = tree:add(path)
  if not ok then return nil, err end
  ok, err = give(function(bytes) return tree:write(bytes) end)
  if not ok then return nil, err end
  return tree:finish()
end

--- Unpacks a zip, which is looked at as a whole first: the paths below the directory.
local function take_zip(job, bytes)
  local survey, bad = survey_of(job, bytes)
  if not survey then return nil, bad end
  local paths, total = {}, 0
  local ok, err = check_digest(job.skill, digest_of(job.archive, survey))
  for i, file in ipairs(survey.files) do
    if not ok then break end
    paths[i] = job.prefix .. file.name
    ok, err = job.tree:check(paths[i], job.overwrite)
  end
  if not ok then return nil, err end
  ok, err = each_entry(job.archive, bytes, function(name, kind, zip)
    if kind ~= "file" then return true end
    return write_file(job.tree, job.prefix .. name, function(write)
      local read_err
      total, read_err = read_entry(job, zip, total, write)
      return total, read_err
    end)
  end)
  if not ok then return nil, err end
  return paths
end

--- Gives the pieces of a text to `take`: `true`, or nil and why.
local function each_piece(job, bytes, take)
  for at = 1, #bytes, RUN do
    local ok, err = take(bytes:sub(at, at + RUN - 1))
    if not ok then return nil, err end
    work(job, math.min(RUN, #bytes - at + 1))
  end
  return true
end

local function take_single(job, bytes)
  local digest = job.archive.sha256()
  each_piece(job, bytes, function(piece)
    digest:add(piece)
    return true
  end)
  local ok, err = check_digest(job.skill, hex(digest:finish()))
  if ok then
    ok, err = write_file(job.tree, job.prefix .. FILE, function(write) return each_piece(job, bytes, write) end)
  end
  if not ok then return nil, err end
  return { job.prefix .. FILE }
end

--- The bytes at a presigned address.
local function fetch(hub, url)
  local response, err = catalog.ask(hub, "download", nil, nil, url)
  if not response then return nil, err end
  local file = response:get_data()
  if type(file) ~= "userdata" or not file.save then return malformed("the skill's address gave nothing") end
  return file.file
end

--- Where a skill can be downloaded from, and whether it is a zip; or nil and why it can't.
local function source_of(skill)
  local is_zip = IS_ZIP[skill.source_type]
  if is_zip == nil then
    return malformed("the skill is of a kind that is not known here: `%s`", shown(skill.source_type))
  end
  if type(skill.download_url) == "string" then return skill.download_url, is_zip end
  local why = skill.source_type == "github"
      and "no snapshot of it was taken yet: an administrator of the tenant has to refresh it"
    or "the server gives no address to download it from"
  return nil, loop.error("not_found", "the skill can't be downloaded: " .. why, "yes")
end

--- Fetches, checks and writes: the paths below the directory.
local function perform(hub, job, url, is_zip)
  if not is_zip then
    local free, taken = job.tree:check(job.prefix .. FILE, job.overwrite)
    if not free then return nil, taken end
  end
  local bytes, err = fetch(hub, url)
  if not bytes then return nil, err end
  local paths
  paths, err = (is_zip and take_zip or take_single)(job, bytes)
  if not paths then return nil, err end
  local ok
  ok, err = job.tree:place(job.overwrite)
  if not ok then return nil, err end
  return paths
end

---@class bosa.SkillDownload
---@field dir string where to; made where it isn't there
---@field overwrite boolean? replace files that are there; without it they are kept, and nothing is written
---@field create_parent boolean? put a zip's files in a folder named after the skill (true); a single file always is
---@field name string? the folder's name in place of the skill's
---@field token string? the user's token in place of the hub's

--- Puts a skill's files into a directory, all of them or none: their paths, sorted.
---@param id string
---@param options bosa.SkillDownload
---@return string[]? paths, table? err
function methods:download_tenant_skill(id, options)
  misuse.check_type(id, "string", 1, "download_tenant_skill")
  local given = catalog.check(options, DOWNLOAD)
  if not given.dir then misuse.raise(2, "option `dir`: string expected, got nil") end
  local archive, err = load_archive()
  if not archive then return nil, err end
  local skill
  skill, err = get(self, id, given.token)
  if not skill then return nil, err end
  local url, is_zip = source_of(skill)
  if not url then return nil, loop.redact(self, is_zip, given.token) end
  local flat = is_zip and given.create_parent == false
  local job = {
    archive = archive,
    skill = skill,
    tree = core.tree(given.dir),
    prefix = flat and "" or (given.name or folder_of(skill)) .. "/",
    overwrite = given.overwrite == true,
    done = 0,
  }
  local paths
  paths, err = task.with(job.tree, function() return perform(self, job, url, is_zip) end)
  if not paths then return nil, loop.redact(self, err, given.token) end
  local top = given.dir:match("^(.-)/*$")
  for i, path in ipairs(paths) do paths[i] = top .. "/" .. path end
  return paths
end

return skills
