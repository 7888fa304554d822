--- Makes the calls of calls.json with this module, and speaks over its standard streams as sdk.py does.
local bosa = require("bosa")

local calls_file, dialect = arg[1], arg[2]
local token = os.getenv("CONFORMANCE_TOKEN")

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

--- The parameters with file objects in place of `$file`.
local function with_files(value)
  if type(value) ~= "table" then return value end
  if value["$file"] then
    return bosa.file({
      file = value["$file"],
      filename = value.filename,
      content_type = value.content_type,
      headers = value.headers,
    })
  end
  for key, item in pairs(value) do
    value[key] = with_files(item)
  end
  return value
end

--- What a call gave, as JSON can hold it.
local function plain(data)
  if type(data) ~= "userdata" or data == bosa.null then return data end
  local sum = 0
  for i = 1, #data.file do
    sum = sum + data.file:byte(i)
  end
  return { filename = data.filename, size = data.size, sum = sum }
end

local function chain(hub, call)
  local action = hub:connect(call.connector):action(call.action):params(with_files(call.params))
  if call.token then action:token(token) end
  for _, setter in ipairs({ "headers", "identifier", "account", "max_attempts" }) do
    if call[setter] then action[setter](action, call[setter]) end
  end
  return action
end

local function sorted(list)
  table.sort(list)
  return list
end

local function user(answer)
  return { identifier = answer.identifier, is_active = answer.is_active }
end

local ops = {}

function ops.connectors(hub) return sorted(assert(hub:get_available_modules())) end

function ops.connector(hub, call) assert(hub:get_connector(call.connector)) end

function ops.actions(hub, call)
  local names = {}
  for i, action in ipairs(assert(hub:connect(call.connector):get_actions())) do
    names[i] = action.name
  end
  return sorted(names)
end

function ops.parameters(hub, call)
  local required = bosa.object({})
  for _, one in ipairs(assert(hub:connect(call.connector):get_action_parameters(call.action))) do
    required[one.name] = one.required
  end
  return required
end

function ops.meta(hub, call)
  local response = assert(chain(hub, call):run())
  return {
    meta = response:get_meta(),
    status = response:get_status(),
    is_list = response:is_list(),
    has_next = response:has_next(),
    has_prev = response:has_prev(),
  }
end

function ops.refresh(hub, call)
  hub:refresh_connector(call.connector)
  assert(hub:get_connector(call.connector))
end

function ops.execute(hub, call)
  return (assert(hub:execute(call.connector, call.action, call.params, { token = token })))
end

function ops.run(hub, call)
  return assert(hub:run(call.connector, call.action, call.params, { token = token })):get_data()
end

function ops.chain(hub, call) return plain(assert(chain(hub, call):run()):get_data()) end

function ops.next(hub, call) return assert(assert(chain(hub, call):run()):next_page()):get_data() end

--- Every page forward, then one back.
function ops.pages(hub, call)
  local response = assert(chain(hub, call):run())
  local seen = { response:get_data() }
  while response:has_next() and #seen < 5 do
    response = assert(response:next_page())
    seen[#seen + 1] = response:get_data()
  end
  seen[#seen + 1] = assert(response:prev_page()):get_data()
  return seen
end

function ops.all(hub, call)
  local seen = {}
  for i, page in ipairs(assert(assert(chain(hub, call):run()):get_all_items())) do
    seen[i] = page.data
  end
  return seen
end

function ops.create_user(hub, call) return user(assert(hub:create_bosa_user(call.identifier))) end

function ops.authenticate(hub)
  local name, secret = os.getenv("CONFORMANCE_USER"), os.getenv("CONFORMANCE_SECRET")
  return assert(hub:authenticate_bosa_user(name, secret)).token_type
end

function ops.user_info(hub) return user(assert(hub:get_user_info(token))) end

function ops.has_integration(hub, call)
  local has, err = hub:user_has_integration(call.connector, token)
  if has == nil then error(err) end
  return has
end

function ops.initiate(hub, call)
  return assert(hub:initiate_connector_auth(call.connector, token, call.callback)):find("^http") == 1
end

function ops.configure(hub, call)
  assert(hub:initiate_plugin_configuration(call.connector, token, call.config))
end

function ops.get_integration(hub, call)
  return assert(hub:get_integration(call.connector, token, call.user)).user_identifier
end

function ops.select_integration(hub, call)
  return assert(hub:select_integration(call.connector, token, call.user)).success
end

function ops.remove_integration(hub, call)
  return assert(hub:remove_integration(call.connector, token, dialect == "current" and call.user or nil)).success
end

local function names_of(items)
  local names = bosa.array({})
  for i, item in ipairs(items) do
    names[i] = item.name
  end
  return names
end

--- A page of a list: the names of its items, and its meta.
local function listing(page) return { names = names_of(page.data), meta = page.meta } end

function ops.list(hub, call) return listing(assert(hub[call.method](hub, call.query))) end

function ops.search(hub, call)
  local found = assert(hub:search(call.words, { kinds = call.kinds, count = call.count, token = token }))
  return {
    query = found.query,
    tools = names_of(found.tools),
    mcp = names_of(found.mcp),
    skills = names_of(found.skills),
  }
end

function ops.mcp_config(hub, call)
  local item = assert(hub:list_mcps({ limit = 1, offset = 0 })).data[1]
  local config = hub:get_mcp_config(item, not call.bare and "a-token" or nil)
  return { path = config.url:match("[^/]*$"), headers = config.headers }
end

function ops.tenant_skills(hub, call)
  return listing(assert(hub:list_tenant_skills({ limit = call.limit, offset = call.offset, token = token })))
end

--- The id of a tenant's skill, by its kind.
local function find_skill(hub, call)
  if call.id then return call.id end
  for _, skill in ipairs(assert(hub:list_tenant_skills({ limit = 50, offset = 0, token = token })).data) do
    if skill.source_type == call.skill then return skill.id end
  end
end

function ops.tenant_skill(hub, call)
  local skill = assert(hub:get_tenant_skill(find_skill(hub, call), token))
  return { name = skill.name, frontmatter = skill.frontmatter, content_sha256 = skill.content_sha256 }
end

--- The files that a download makes, and the bytes in them.
function ops.download(hub, call)
  local place = os.tmpname()
  os.remove(place)
  local id = find_skill(hub, call)
  local paths = assert(hub:download_tenant_skill(id, { dir = place, create_parent = not call.flat, token = token }))
  local files = {}
  for _, path in ipairs(paths) do
    files[path:sub(#place + 2)] = read(path)
  end
  os.execute("rm -rf " .. place)
  return files
end

io.stdout:setvbuf("line")
local hub = bosa.new()
for _, call in ipairs(assert(bosa.json.decode(read(calls_file)))) do
  if not call.only or call.only == dialect then
    print("step " .. call.name)
    io.read("*l")
    local done, result = pcall(ops[call.op], hub, call)
    if done and result == nil then result = bosa.null end
    if done then
      print("ok " .. assert(bosa.json.encode(result)))
    else
      print("failed " .. tostring(result):gsub("\n", " "))
    end
  end
end
