--- Create a user, log in for a token, and ask whose it is.
local bosa = require("bosa")
local hub = bosa.new() -- needs the API key only

local user = assert(hub:create_bosa_user("grace-" .. os.time() .. "@example.com"))
print(user) -- hides the secret; keep user.secret now, the server shows it only once
local token = assert(hub:authenticate_bosa_user(user.identifier, user.secret))
print("expires in days:", math.floor((token.expires - os.time()) / 86400))

local me = assert(hub:get_user_info(token.token))
print("signed in as", me.identifier, "integrations", #me.integrations)
