--- Which names say that what they stand for is not to be shown.

local secret_names = {}

local WORDS = {
  "secret", "token", "password", "passwd", "pwd", "passphrase", "authstring", "authorization", "apikey", "accesskey",
  "privatekey", "credential",
}

--- Whether a member of that name holds a secret.
---@param name any
---@return boolean
function secret_names.is(name)
  if type(name) ~= "string" then return false end
  local plain = name:lower():gsub("[-_]", "")
  for _, word in ipairs(WORDS) do
    if plain:find(word, 1, true) then return true end
  end
  return false
end

return secret_names
