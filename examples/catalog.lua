--- What a server offers, and a skill of one's own tenant on the disk.
local bosa = require("bosa")
local hub = bosa.new()

-- The catalog's lists go through all their pages, like those of an action
local tools = assert(hub:list_tools({ q = "issue", limit = 2 }))
for tool in tools:items() do print(tool.connector, tool.name) end

-- One of them, for a language model: only its connector's schemas are fetched
local definitions = assert(hub:connect(tools[1].connector):tools({ format = "openai", only = { tools[1].name } }))
print("definition", definitions[1]["function"].name)

-- By meaning
local found = assert(hub:search("prepare a release", { kinds = { "skills" } }))
print("found", #found.skills)

-- All files of a skill, or none
local dir = os.tmpname() .. "-skills"
for skill in assert(hub:list_tenant_skills()):items() do
  local paths, err = hub:download_tenant_skill(skill.id, { dir = dir })
  print(skill.name, paths and #paths .. " files" or tostring(err))
end
os.execute("rm -rf " .. dir)
