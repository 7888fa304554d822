--- hostile_server.lua: a BOSA server whose every text holds what a terminal obeys, and whose names and values hold what
-- a shell runs. Runs on Lua 5.4 with luv, prints "listening URL" and ends with its standard input.
--
-- Its one connector is `evil`. `case` in the parameters of its action `act` says what comes back: list, object, text,
-- file, or error, which is `status` 400 unless the parameters say another.
local http_server = require("spec.support.http_server")

-- in JSON's spelling: OSC 52, SGR, BEL, CR, LF, DEL, C1 (CSI and OSC), overrides, isolates, marks, line separators
local NASTY = [[\u001b]52;c;ZXZpbA==\u0007\u001b[31mred\r\n\u007f\u009b31m\u009d0;t\u009c]]
  .. [[\u202ebidi\u2066x\u2069\u200f\u061c\u2028]]
-- as bytes, where no JSON is
local RAW = "\27]52;c;ZXZpbA==\7\27[31mred\194\15531m\226\128\174bidi"
local VALUES = [=[["s$(touch PWNED)","t`touch PWNED`","a'b$(touch PWNED)","c\"d$(touch PWNED)",]=]
  .. [=["e;touch PWNED","f\ntouch PWNED"]]=]

local item

local function fill(text)
  return (text:gsub("ITEM", function() return item end):gsub("NASTY", function() return NASTY end))
end

local properties = '{"case":{"type":"string","description":"NASTY"},"status":{"type":"integer"},'
  .. '"choice":{"type":"string","enum":VALUES},"n$(touch PWNED)":{"type":"string"},'
  .. '"pNASTY":{"type":"string","description":"NASTY"},"tags":{"type":"array","items":{"enum":["NASTY"]}}}'

local schemas = (fill('{"evil":{"act":{"method":"POST","path":"/connectors/evil/act","docstring":"Does NASTY.",'
  .. '"parameters":{"request":{"schema":{"type":"object","properties":' .. properties .. ',"required":["case"]}}},'
  .. '"response":{"type":"any"}},"do_NASTY":{"method":"POST","path":"/connectors/evil/x","docstring":"NASTY",'
  .. '"parameters":{}}}}'):gsub("VALUES", function() return VALUES end))

local integration = '{"id":"NASTY","user_id":"NASTY","connector":"evil","user_identifier":"meNASTY","selected":false}'

item = '{"name":"NASTY","description":"NASTY","connector":"NASTY","categories":["NASTY"],"source":"NASTY",'
  .. '"author":"NASTY","url":"NASTY","tool_count":1e300,'
  .. '"mcp_url":"NASTY","config":{"url":"NASTY","headers":{"kNASTY":"NASTY"}},"score":1}'

-- method and path, as a pattern, to the body of a response
local routes = {
  { "GET /connectors/names$", '["evil","form","NASTY"]' },
  { "GET /connectors/form/auth%-schema$", '{"data":{"supported_auth_types":[{"type":"custom","config":{"type":"object",'
    .. '"properties":{"password":{"type":"string","description":"NASTY"}},"required":["password"]}}]}}' },
  { "GET /connectors/%?modules=evil$", schemas },
  { "POST /users$", '{"data":{"id":"1","identifier":"NASTY","secret":"sk-user-NASTY","secret_preview":"NASTY"}}' },
  { "POST /auth/tokens$",
    '{"data":{"token":"jwt","token_type":"Bearer","expires_at":"NASTY","user_id":"NASTY","is_revoked":false}}' },
  { "GET /users/me$", '{"data":{"id":"1","identifier":"NASTY","integrations":[null,5,"x",' .. integration .. "]}}" },
  { "GET /connectors/evil/integration%-exists$", '{"data":{"has_integration":true}}' },
  { "POST /connectors/evil/integrations$", '{"data":{"url":"https://evil.example/NASTY"}}' },
  { "GET /connectors/evil/integrations/text$", '{"data":"NASTY"}' },
  { "GET /connectors/evil/integrations/list$", '{"data":["NASTY"]}' },
  { "GET /connectors/evil/integrations/", '{"data":{"success":true,"keyNASTY":"NASTY","inner":{"a":"NASTY"}}}' },
  { "GET /catalog/search",
    '{"query":"NASTY","backend":{"model":"NASTY"},"tools":[null,5,ITEM],"mcp":["x",ITEM],"skills":[[],ITEM]}' },
  { "GET /catalog/", '{"items":[null,5,"x",ITEM],"meta":{"total":"NASTY"}}' },
  { "GET /api/skills/", '{"data":{"id":"NASTY","name":"NASTY","source_type":"NASTY","frontmatter":{"kNASTY":"NASTY"},'
    .. '"download_url":"NASTY","content_sha256":"NASTY"}}' },
  { "GET /api/skills",
    '{"items":[null,5,"x",{"id":{},"name":"odd"},{"name":"odd"},'
    .. '{"id":"NASTY","name":"NASTY","source_type":"NASTY","description":"NASTY"}],"meta":null}' },
  { "/connectors/evil/integrations/", '{"data":{"success":false,"error":"NASTY"}}' },
}

local ERROR = '{"error":{"message":"NASTY","code":"NASTY","reference_id":"NASTY","details":[{"message":"NASTY"}]}}'

-- what POST /connectors/evil/act gives, by `case`
local cases = {
  list = '{"data":[{"id":"NASTY","name":"NASTY","kNASTY":"NASTY"},{"id":1,"name":["NASTY"]}],'
    .. '"meta":{"has_next":true,"total":2,"forwards_cursor":"NASTY"}}',
  object = '{"data":{"kNASTY":"NASTY","list":["NASTY",{"a":"NASTY"}]}}',
  text = '{"data":"NASTY"}',
}

local respond = http_server.response
local JSON = "Content-Type: application/json\r\nX-Request-ID: a\194\155b\r\n" -- other controls make it malformed

local function act(body)
  local case = body:match('"case":"(%w+)"')
  if case == "file" then
    return respond(200, RAW, "Content-Type: text/plain\r\nContent-Disposition: attachment; "
      .. "filename*=UTF-8''..%2F..%2Fn%1B%5D52%3Bc%3Bx%07%0D%0A%C2%9B31m%E2%80%AEbidi.txt\r\n")
  end
  if case == "page" then
    return respond(502, "<title>" .. RAW .. "</title>", "Content-Type: text/html\r\n")
  end
  if case == "line" then return respond(500, RAW .. "\155" .. RAW, "Content-Type: text/plain\r\n") end
  if case == "error" then return respond(tonumber(body:match('"status":(%d+)')) or 400, fill(ERROR), JSON) end
  return respond(200, fill(cases[case] or cases.text), JSON)
end

local function answer(method, target, body)
  if target:find("^/connectors/evil/act$") then return act(body) end
  for _, route in ipairs(routes) do
    if (method .. " " .. target):find(route[1]) then return respond(200, fill(route[2]), JSON) end
  end
  return respond(404, fill('{"error":{"message":"NASTY","code":"NASTY"}}'), JSON)
end

http_server.run(function(method, target, _, body) return answer(method, target, body) end)
