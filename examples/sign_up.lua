--- A user signs up, gets a token, and is asked who they are.
local bosa = require("bosa")
local hub = bosa.new() -- needs the API key only

local user = assert(hub:create_bosa_user("grace-" .. os.time() .. "@example.com"))
print(user) -- shows the preview; user.secret is given this once, so keep it now
local token = assert(hub:authenticate_bosa_user(user.identifier, user.secret))
print("expires in days:", math.floor((token.expires - os.time()) / 86400))

local me = assert(hub:get_user_info(token.token))
print("signed in as", me.identifier, "integrations", #me.integrations)
