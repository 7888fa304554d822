--- What a language model is told of an action that was run: its response as text of a bounded length, or what failed
-- in words to act on.

local argument_errors = require("bosa.tools.argument_errors")
local core = require("bosa.core")
local hooks = require("bosa.hooks")
local reading = require("bosa.tools.reading")

local result = {}

--- What is handed back for a tool that was called. `content` and `is_error` are all that a model needs:
--   OpenAI     { role = "tool", tool_call_id = id, content = r.content }
--   Anthropic  { type = "tool_result", tool_use_id = id, content = r.content, is_error = r.is_error }
--   MCP        { content = { { type = "text", text = r.content } }, isError = r.is_error }
---@class bosa.ToolResult
---@field content string JSON { data, meta, next_page } or { file }; cut, or of an error, plain words
---@field is_error boolean
---@field structured table? what `content` says, as a table; of what was cut within, only the note
---@field response userdata? the response
---@field error table? the error object, where one is behind it

local INLINE = 20000 -- bytes of a text file that is shown as it is

-- parameters that say how much comes at once
local SIZE_PARAMETERS = { "limit", "page_size", "per_page", "max_results", "first" }

--- A failure in words.
---@param text string
---@param err table?
---@return bosa.ToolResult
function result.failed(text, err)
  return { content = text, is_error = true, error = err }
end

---------------------------------------------------------------------------------------------------
-- what went wrong

local function fault_lines(details)
  local lines = {}
  for _, fault in ipairs(type(details) == "table" and details or {}) do
    local message = type(fault) == "table" and (fault.message or fault.msg)
    if message then lines[#lines + 1] = "- " .. tostring(message) end
  end
  return lines
end

--- What is wrong with arguments, a line each.
local function explain_arguments(name, err, changed)
  local lines = {}
  for i, message in ipairs(argument_errors.messages(err, changed)) do lines[i] = "- " .. message end
  if not lines[1] then lines[1] = "- " .. tostring(err.message) end
  table.insert(lines, 1, ("The arguments of %s are wrong, and nothing was done. Correct them and call it again:")
    :format(name))
  return table.concat(lines, "\n")
end

local ADVICE = {
  auth = "The credentials are missing, have expired or do not suffice. Calling again does not help; tell the user.",
  not_connected = "The user has connected no account of this service. Calling again does not help; tell the user to "
    .. "connect one.",
  not_found = "Check the names and ids in the arguments.",
  unknown_action = "Use only the tools that are listed.",
  unknown_connector = "Use only the tools that are listed.",
  closed = "No more tools can be called.",
  cancelled = "It was ended before it was done.",
}
local PASSING = { connection = true, timeout = true, server = true, protocol = true, tls = true }

--- Whether it can be called again.
local function again(action, err)
  if err.sent == "no" then return "Nothing was sent, so it may be called again." end
  if reading.reads(action) then return "It may be called again." end
  return "The action may have been carried out all the same: look whether it was before calling it again."
end

local function advice(action, err)
  if err.kind == "rate_limit" then
    local seconds = tonumber(err.retry_after)
    return seconds and ("Wait %.0f seconds before calling it again."):format(math.ceil(seconds))
      or "Wait a while before calling it again."
  end
  if err.status == 422 then return "Correct the arguments and call it again." end
  if PASSING[err.kind] then return again(action, err) end
  return ADVICE[err.kind]
end

--- What an error means to who called the tool.
---@param name string the tool's
---@param action string
---@param err table
---@param changed bosa.Tool? the tool as `change` made it
---@return bosa.ToolResult
function result.of_error(name, action, err, changed)
  if err.kind == "params" and err.sent ~= "yes" then
    return result.failed(explain_arguments(name, err, changed), err)
  end
  local lines = { tostring(err) }
  for _, line in ipairs(err.status and fault_lines(err.details) or {}) do
    if not lines[1]:find(line:sub(3), 1, true) then lines[#lines + 1] = line end
  end
  lines[#lines + 1] = advice(action, err)
  return result.failed(table.concat(lines, "\n"), err)
end

---------------------------------------------------------------------------------------------------
-- what came

--- Text cut to a number of bytes, not within a character.
local function cut(text, most)
  if #text <= most then return text end
  while most > 0 and text:byte(most + 1) >= 0x80 and text:byte(most + 1) < 0xc0 do most = most - 1 end
  return text:sub(1, most)
end

--- Of a list of names, the first that an action has a parameter of.
local function parameter_of(properties, list)
  for _, name in ipairs(list) do
    if properties[name] ~= nil then return name end
  end
  return nil
end

--- How to see more of what is too long.
local function how_to_see(properties, shown)
  local ways = {}
  local size = parameter_of(properties, SIZE_PARAMETERS)
  if size and shown and shown > 0 then
    ways[1] = ("go through the list with `%s` = %d or less"):format(size, shown)
  end
  if properties.response_fields ~= nil then
    ways[#ways + 1] = "name only the fields that are needed in `response_fields`"
  end
  if not ways[1] then ways[1] = "ask for less" end
  return "To see the rest, " .. table.concat(ways, ", or ") .. "."
end

--- The arguments that ask for the page after a response; nil: there is none.
local function next_page(response)
  if not response:has_next() then return nil end
  local call = response:_page_call(true)
  local arguments
  for _, name in ipairs(call and core.page_parameters or {}) do
    local value = call:_param(name)
    if value ~= nil then
      arguments = arguments or {}
      arguments[name] = value
    end
  end
  return arguments
end

local function line(value) return assert(core.json.encode(value, { sorted = true })) end

--- The order in which the members of a result are told.
local MEMBERS = { "note", "whole", "data", "meta", "next_page" }

--- A result's members as JSON. `texts`: those that are written already.
local function write(members, texts)
  local fields = {}
  for _, name in ipairs(MEMBERS) do
    local value = members[name]
    if value ~= nil then fields[#fields + 1] = ('"%s":%s'):format(name, texts[name] or line(value)) end
  end
  return "{" .. table.concat(fields, ",") .. "}"
end

--- What a response says about itself; nil: nothing.
local function meta_of(response)
  local meta = response:get_meta()
  return (type(meta) ~= "table" or next(meta) ~= nil) and meta or nil
end

--- The elements of a list and their JSON, as many as fit, and whether they are all.
local function items_of(response, most)
  local items, texts, bytes = core.array({}), {}, 0
  for i = 1, #response do
    local item = response[i]
    local text = line(item)
    bytes = bytes + #text + 1
    if bytes > most then return items, texts, false end
    items[i], texts[i] = item, text
  end
  return items, texts, true
end

local function has_list(response)
  if not response:is_list() then return false end
  if not hooks.on then return true end
  local data = response:get_data() -- a hook may have made something else of it
  return type(data) == "table" and (data[1] ~= nil or next(data) == nil)
end

--- Saves what is too long to be shown, where there is a directory for that: where it is, or nil.
local function save_whole(data, options)
  if not options.files then return nil end
  local text = line(data)
  local path = core.save_in(options.files, options.name .. ".json", text)
  return path and { path = path, size = #text, content_type = "application/json" }
end

local function see_file(whole)
  return whole and (" The whole is in the file %s."):format(whole.path) or ""
end

local function of_cut(data, text, options, properties)
  local whole, shown = save_whole(data, options), cut(text, options.max_length)
  local note = ("Only the first %d of %d bytes of the response are shown. %s%s"):format(#shown, #text,
    how_to_see(properties), see_file(whole))
  return ("[%s]\n%s"):format(note, shown), { note = note, whole = whole }
end

--- A list: whole items only.
local function of_list(response, options, properties)
  local items, texts, all = items_of(response, options.max_length)
  if not texts[1] and not all then return nil end
  local members = { data = items, meta = meta_of(response), next_page = next_page(response) }
  if not all then
    members.whole = save_whole(response:get_data(), options)
    members.note = ("Only %d of the %d items of this page are shown, the response is too long. %s%s"):format(#items,
      #response, how_to_see(properties, #items), see_file(members.whole))
  end
  return write(members, { data = "[" .. table.concat(texts, ",") .. "]" }), members
end

local function of_value(response, options, properties)
  local data = response:get_data()
  if data == nil then data = core.null end
  local text = line(data)
  if #text > options.max_length then return of_cut(data, text, options, properties) end
  local members = { data = data, meta = meta_of(response), next_page = next_page(response) }
  return write(members, { data = text }), members
end

---------------------------------------------------------------------------------------------------
-- files

local TEXT_TYPES = { -- besides text/*
  ["application/json"] = true, ["application/xml"] = true, ["application/yaml"] = true, ["application/x-yaml"] = true,
  ["application/javascript"] = true, ["application/sql"] = true, ["application/toml"] = true,
}

--- The text of a file that is one and fits; nil: it isn't, or doesn't.
local function text_of(file, most)
  local kind = (file.content_type or ""):lower():match("^%s*([^;%s]*)")
  local is_text = kind:find("^text/") or TEXT_TYPES[kind] or kind:find("%+json$") or kind:find("%+xml$")
  if not is_text or file.size > math.min(most, INLINE) then return nil end
  local text = file.file
  if text:find("%z") or not core.json.encode(text) then return nil end -- it says so, but isn't
  return text
end

--- A file: saved in a directory, shown where it is a short text, and described.
local function of_file(file, options)
  local about = { filename = file.filename, content_type = file.content_type, size = file.size }
  about.text = text_of(file, options.max_length)
  local note
  if options.files then
    local path, err = file:save_in(options.files)
    if not path then return nil, err end
    about.path = path
  elseif not about.text then
    note = "The response is a file. It was not saved, as no directory for files was set up."
  end
  local members = { file = about, note = note }
  return line(members), members
end

local function describe(response, options, properties)
  local data = not response:is_list() and response:get_data()
  if type(data) == "userdata" and not core.is_null(data) then return of_file(data, options) end
  if has_list(response) then
    local text, members = of_list(response, options, properties)
    if text then return text, members end
  end
  return of_value(response, options, properties)
end

--- How a response is told.
---@class bosa.tools.Showing
---@field max_length integer bytes of the response's data
---@field files string? where files, and what is too long, are saved
---@field name string the tool's: what is too long is saved under it

--- What is told of a response.
---@param response userdata
---@param options bosa.tools.Showing
---@param properties table the action's parameters by name
---@return bosa.ToolResult
function result.of_response(response, options, properties)
  local ok, text, members = pcall(describe, response, options, properties)
  if not ok then return result.failed("The response can't be shown: " .. tostring(text)) end
  if not text then
    return result.failed(("The action was carried out, but its file can't be saved: %s"):format(tostring(members)),
      members)
  end
  return { content = text, is_error = false, structured = members, response = response }
end

result.cut = cut

return result
