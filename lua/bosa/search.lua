--- Finds actions by words, over schemas that are there or are fetched once: no server is asked to search.
--
--   hub:search_actions(words, { connectors =, limit = 10, read_only =, only =, except = }?) -> list, failed | nil, err
--
-- An action is a document of weighted words: those of its name weigh most, then its connector's, its description's, its
-- parameters'. Words are compared by their stems. One that no action has stands for those that are spelled nearly so; a
-- short one also for those that begin with it. Documents are ranked as BM25 does: a rare word counts more than one that
-- many have, the tenth time of a word less than the first. The same words give the same list on every VM.

local core = require("bosa.core")
local describe = require("bosa.describe")
local misuse = require("bosa.misuse")
local names = require("bosa.tools.names")
local options = require("bosa.tools.options")
local run = require("bosa.run")
local requests = require("bosa.schema.request")

local search = {}

local LIMIT = 10
local MOST_WORDS = 32 -- of a query that are looked up
local SATURATION, LENGTH_NORM = 1.2, 0.3 -- BM25's k1 and b
local WEIGHTS = { name = 4, connector = 2, description = 1, parameter = 0.5, about = 0.2 }
local EXACT, BEGINNING, NEAR, LIKE = 1, 0.6, 0.5, 0.4 -- what a word counts that was asked for so
local SHORTEST_BEGINNING = 3
local COVERAGE = 1 -- what a name counts more of which every word was asked for

local LITTLE = {} -- words that tell nothing
for word in ("a an and any are as at be by can do for from has have how i if in into is it its me my of on or our "
  .. "please that the their them then this to was we what which with you your all some"):gmatch("%a+") do
  LITTLE[word] = true
end

--- Words for the same deed: connectors say one, people another.
local DEEDS = {
  { "create", "add", "make", "new", "open", "write", "insert" }, { "delete", "remove", "erase", "trash", "destroy" },
  { "list", "show", "browse", "enumerate" }, { "get", "read", "fetch", "view", "show", "retrieve" },
  { "search", "find", "lookup", "query" }, { "update", "edit", "change", "modify", "rename", "set" },
  { "send", "post", "deliver" }, { "download", "export", "save" }, { "upload", "import" },
  { "mail", "email", "letter" }, { "pull", "pr" }, { "share", "permission" },
}

---------------------------------------------------------------------------------------------------
-- words

--- A word without its ending, so that "issues" and "issue", "creating" and "created" are one.
local function stem(word)
  if #word <= 3 then return #word == 3 and (word:gsub("([^aius])s$", "%1")) or word end
  word = word:gsub("ies$", "y"):gsub("sses$", "ss"):gsub("([^su])s$", "%1")
  local bare = word:sub(-3) == "ing" and word:sub(1, -4) or word:sub(-2) == "ed" and word:sub(1, -3) or ""
  if #bare >= 3 and bare:find("[aeiouy]") then
    word = bare:gsub("([^aeiouls])%1$", "%1")
  elseif #word >= 7 then
    word = word:gsub("ion$", "")
  end
  return #word > 3 and (word:gsub("e$", "")) or word
end

--- Calls fn(stem) for each word of a text that tells something.
local function each_word(text, fn)
  local parted = text:gsub("(%l)(%u)", "%1 %2"):lower()
  for word in parted:gmatch("[%w\128-\255]+") do
    if not LITTLE[word] then fn(stem(word)) end
  end
end

--- Stem -> the set of stems for the same deed.
local like = {}
for _, deed in ipairs(DEEDS) do
  for _, word in ipairs(deed) do
    local set = like[stem(word)] or {}
    for _, other in ipairs(deed) do set[stem(other)] = true end
    like[stem(word)] = set
  end
end

---------------------------------------------------------------------------------------------------
-- documents

local function add_text(document, text, weight)
  if type(text) ~= "string" then return end
  each_word(text, function(word)
    document.weights[word] = (document.weights[word] or 0) + weight
    document.length = document.length + weight
  end)
end

--- What an action does, on one line: its docstring's first paragraph, else that of its parameters' description.
local function description_of(entry)
  local text = describe.first_paragraph(entry.docstring)
  if text ~= "" then return text end
  local request = requests.offered(entry)
  return request and describe.first_paragraph(request.description) or ""
end

local function document_of(connector, action, entry, parameters)
  local document = {
    connector = connector, action = action, description = description_of(entry), weights = {}, length = 0,
    name = {},
  }
  each_word(action, function(word) document.name[#document.name + 1] = word end)
  add_text(document, action, WEIGHTS.name)
  add_text(document, connector, WEIGHTS.connector)
  add_text(document, document.description, WEIGHTS.description)
  for _, parameter in ipairs(parameters) do
    if not parameter.name:find("response_fields", 1, true) and not parameter.name:find("response_filters", 1, true) then
      add_text(document, parameter.name, WEIGHTS.parameter)
      add_text(document, parameter.description, WEIGHTS.about)
    end
  end
  return document
end

--- What is known of a hub's connectors: hub -> connector -> { text =, documents =, counts = }.
local known = setmetatable({}, { __mode = "k" })

local function make_index(hub, connector, text)
  local documents, counts = {}, {}
  local object = hub:connect(connector)
  for _, action in ipairs(object:_actions() or {}) do
    local parameters = object:get_action_parameters(action) or {}
    local document = document_of(connector, action, object:_describe(action), parameters)
    documents[#documents + 1] = document
    for word in pairs(document.weights) do counts[word] = (counts[word] or 0) + 1 end
  end
  return { text = text, documents = documents, counts = counts }
end

--- The documents of a connector; made once for what its server says.
local function index_of(hub, connector)
  local ok, err = run.load(hub, connector)
  if not ok then return nil, err end
  local text = hub:_text(connector)
  local indexes = known[hub] or {}
  known[hub] = indexes
  if not indexes[connector] or indexes[connector].text ~= text then
    indexes[connector] = make_index(hub, connector, text)
  end
  return indexes[connector]
end

---------------------------------------------------------------------------------------------------
-- ranking

--- In how many documents each word is, of all indexes.
local function count_all(indexes)
  local counts, documents, length = {}, 0, 0
  for _, index in ipairs(indexes) do
    for word, count in pairs(index.counts) do counts[word] = (counts[word] or 0) + count end
    for _, document in ipairs(index.documents) do
      documents, length = documents + 1, length + document.length
    end
  end
  return counts, documents, documents > 0 and length / documents or 1
end

local function keep_best(found, word, weight)
  if not found[word] or found[word] < weight then found[word] = weight end
end

--- The words that documents have for one that was asked for: word -> what it counts.
local function meanings(word, counts)
  local found = {}
  if counts[word] then found[word] = EXACT end
  for other in pairs(like[word] or {}) do
    if counts[other] then keep_best(found, other, LIKE) end
  end
  local most = #word >= 8 and 2 or #word >= 3 and 1 or 0
  for other in pairs(counts) do
    local shorter, longer = word, other
    if #shorter > #longer then shorter, longer = longer, shorter end
    if #shorter >= SHORTEST_BEGINNING and shorter ~= longer and longer:sub(1, #shorter) == shorter then
      keep_best(found, other, BEGINNING)
    elseif not counts[word] and most > 0 and #longer > 3 and core.distance(word, other, most) <= most then
      keep_best(found, other, NEAR)
    end
  end
  return found
end

--- The words of a query, each once: lists of { word, weight times rarity }, in order.
local function read_query(words, counts, documents)
  local terms, seen = {}, {}
  each_word(words, function(word)
    if seen[word] or #terms >= MOST_WORDS then return end
    seen[word] = true
    local term = {}
    for other, weight in pairs(meanings(word, counts)) do
      local count = counts[other]
      term[#term + 1] = { other, weight * math.log(1 + (documents - count + 0.5) / (count + 0.5)) }
    end
    table.sort(term, function(a, b) return a[1] < b[1] end) -- of equals the first counts, the same in every process
    terms[#terms + 1] = term
  end)
  return terms
end

--- How much of an action's name was asked for, 0 to 1.
local function coverage_of(document, used)
  local covered = 0
  for _, word in ipairs(document.name) do covered = covered + (used[word] and 1 or 0) end
  return document.name[1] and covered / #document.name or 0
end

--- A word of a document answers one word of the query only.
local function score_of(document, terms, mean)
  local score, used = 0, {}
  local norm = SATURATION * (1 - LENGTH_NORM + LENGTH_NORM * document.length / mean)
  for _, term in ipairs(terms) do
    local best, which = 0, nil
    for _, meaning in ipairs(term) do
      local weight = not used[meaning[1]] and document.weights[meaning[1]]
      local value = weight and meaning[2] * weight * (SATURATION + 1) / (weight + norm) or 0
      if value > best then best, which = value, meaning[1] end
    end
    if which then used[which] = true end
    score = score + best
  end
  score = score * (1 + COVERAGE * coverage_of(document, used))
  return math.floor(score * 10000 + 0.5) / 10000
end

local function by_score(a, b)
  if a.score ~= b.score then return a.score > b.score end
  if a.connector ~= b.connector then return a.connector < b.connector end
  return a.action < b.action
end

local function rank(indexes, words, given)
  local counts, documents, mean = count_all(indexes)
  local terms, list = read_query(words, counts, documents), {}
  for _, index in ipairs(indexes) do
    for _, document in ipairs(index.documents) do
      local score = options.let(document.connector, document.action, given) and score_of(document, terms, mean) or 0
      if score > 0 then
        list[#list + 1] = {
          connector = document.connector, action = document.action, description = document.description, score = score,
          name = names.encode(document.connector, document.action),
        }
      end
    end
  end
  table.sort(list, by_score)
  for i = #list, (given.limit or LIMIT) + 1, -1 do list[i] = nil end
  return core.array(list)
end

---------------------------------------------------------------------------------------------------

--- The indexes of connectors, and what went wrong with those that can't be had: name -> err.
local function load_all(hub, connectors)
  local indexes, failed, first = {}, {}, nil
  for _, connector in ipairs(connectors) do
    local index, err = index_of(hub, connector)
    if index then
      indexes[#indexes + 1] = index
    else
      failed[connector], first = err, first or err
    end
  end
  if not indexes[1] and first then return nil, first end
  return indexes, failed
end

--- Those connectors that a hub knows: of its snapshot, or of its server.
---@param hub userdata
---@return string[]? names, table? err
function search.connectors(hub)
  local listed = require("bosa.snapshot").names(hub)
  if listed then return listed end
  return hub:get_available_modules()
end

local OPTIONS = options.known({ limit = misuse.whole(1) })

---@class bosa.SearchOptions : bosa.ToolOptions
---@field connectors string[]? where to search; all, unless told
---@field limit integer? actions to give at most (10)

---@class bosa.FoundAction
---@field connector string
---@field action string
---@field name string the tool's, for hub:call_tool
---@field description string
---@field score number

--- hub:search_actions(words, options?) -> list, failed | nil, err: the actions that words tell of, the best first.
---@param hub userdata
---@param words string
---@param given bosa.SearchOptions?
---@return bosa.FoundAction[]? list
---@return table|nil failed connectors that can't be loaded, by name, where others could; or the error
function search.actions(hub, words, given)
  misuse.check_type(words, "string", 1, "search_actions")
  if given ~= nil then misuse.check_options(given, OPTIONS, 2) end
  given = given or {}
  local connectors, err = given.connectors, nil
  if not connectors then connectors, err = search.connectors(hub) end
  if not connectors then return nil, err end
  local indexes, failed = load_all(hub, connectors)
  if not indexes then return nil, failed end
  return rank(indexes, words, given), failed
end

return search
