--- Connect an account: the browser comes back to this script, which listens on loopback.
-- With BOSA_EXAMPLE_ALONE=1 the script follows the URL itself, in place of a person with a browser.
local socket = require("socket")
local bosa = require("bosa")
local hub = bosa.new()

local listener = assert(socket.bind("127.0.0.1", 0))
local _, port = listener:getsockname()
local callback = ("http://127.0.0.1:%d/callback"):format(port)

local url = assert(hub:initiate_connector_auth("google_drive", os.getenv("BOSA_TOKEN"), callback))
print("open this in a browser: " .. url)

local browser = os.getenv("BOSA_EXAMPLE_ALONE") and io.popen(("curl -sL -m 20 '%s' >/dev/null"):format(url), "r")
listener:settimeout(browser and 10 or 300)
local client, err = listener:accept()
if client then
  client:settimeout(10)
  print("came back: " .. assert(client:receive("*l")))
  client:send("HTTP/1.1 200 OK\r\nContent-Length: 26\r\nConnection: close\r\n\r\nYou can close this window.")
  client:close()
else
  print("nobody came back: " .. err)
end
listener:close()
if browser then browser:close() end
print("connected:", hub:user_has_integration("google_drive", os.getenv("BOSA_TOKEN")))
