--- The `requestState` of a question to the user: it comes back with the answer, by way of a client.
--
-- In nginx it is signed (HMAC-SHA1): any worker can check what another gave out, and any machine that has the same
-- `state_secret`. Elsewhere it is a random word that this process remembers. Either way it says which connector the
-- question was about and for whose token; a made-up, an old and someone else's one say nothing.

local core = require("bosa.core")

local request_state = {}

local PREFIX = "connect"
local LIFETIME = 3600 -- seconds in which an answer counts
local MOST = 256 -- questions remembered; the oldest are forgotten
local SECRET_KEY = "bosa:state_secret" -- in a shared dictionary

---@class bosa.mcp.RequestState
---@field secret string? what signs; nil: made when it is first needed
---@field shared table? ngx.shared.X, where the workers of a machine find the one that was made
---@field given table<string, table> word -> what it stands for
---@field words string[] in the order they were given
local RequestState = {}
RequestState.__index = RequestState

---@param hub userdata
---@param secret string?
---@return bosa.mcp.RequestState
function request_state.new(hub, secret)
  return setmetatable({ secret = secret, shared = hub:_kept("cache"), given = {}, words = {} }, RequestState)
end

---------------------------------------------------------------------------------------------------
-- in nginx: signed

--- The secret of this machine, where the options have none.
local function secret_of(self)
  if not self.secret and self.shared then
    self.shared:add(SECRET_KEY, core.random())
    self.secret = self.shared:get(SECRET_KEY)
  end
  self.secret = self.secret or core.random()
  return self.secret
end

local function hex(bytes) return (bytes:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end)) end

local function signature(self, payload, token)
  return hex(ngx.hmac_sha1(secret_of(self), payload .. "\0" .. (token or "")))
end

local function signed(self, connector, token)
  local payload = ("%s:%s:%d"):format(PREFIX, connector, ngx.time() + LIFETIME)
  return payload .. ":" .. signature(self, payload, token)
end

--- Equal, in a time that doesn't tell where they differ: what is compared are signatures of both.
local function is_equal(self, a, b) return signature(self, a) == signature(self, b) end

local function is_signed(self, state, connector, token)
  local payload, sign = state:match("^(.*):(%x+)$")
  if not payload or not is_equal(self, sign, signature(self, payload, token)) then return false end
  local name, ends = payload:match("^" .. PREFIX .. ":(.*):(%d+)$")
  return name == connector and tonumber(ends) >= ngx.time()
end

---------------------------------------------------------------------------------------------------
-- elsewhere: remembered

local function remember(self, connector, token)
  local word = ("%s:%s:%s"):format(PREFIX, connector, core.random())
  self.words[#self.words + 1] = word
  self.given[word] = { connector = connector, token = token, ends = core.now() + LIFETIME }
  if #self.words > MOST then self.given[table.remove(self.words, 1)] = nil end
  return word
end

local function is_remembered(self, state, connector, token)
  local given = self.given[state]
  return given ~= nil and given.connector == connector and given.token == token and given.ends >= core.now()
end

---------------------------------------------------------------------------------------------------

local function signs() return rawget(_G, "ngx") ~= nil and ngx.hmac_sha1 ~= nil end

--- The state that goes with a question about a connector, to whom a token belongs.
---@param connector string
---@param token string?
---@return string
function RequestState:give(connector, token)
  return (signs() and signed or remember)(self, connector, token)
end

--- Whether a state was given for this connector and token, not too long ago.
---@param state any what the request says
---@param connector string
---@param token string?
---@return boolean
function RequestState:is_given(state, connector, token)
  if type(state) ~= "string" or #state > 1024 then return false end
  return (signs() and is_signed or is_remembered)(self, state, connector, token)
end

return request_state
