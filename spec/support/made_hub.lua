--- made_hub.lua: a hub without a server, for specs that make up the actions of a connector.
local bosa = require("bosa")

--- A hub whose server knows one connector, `made`, with these actions: name -> schema of its parameters (false: none).
-- `answer`: what the server answers to a call.
return function(actions, answer)
  local entries = bosa.object({})
  for name, request in pairs(actions) do
    entries[name] = {
      method = "POST", path = "/connectors/made/run", docstring = "Does it.",
      parameters = request and { request = { schema = request } } or bosa.object({}), response = bosa.object({}),
    }
  end
  return bosa.new({ api_base_url = "http://127.0.0.1:9", api_key = "k", transport = function(request)
    local body = { data = { name = "done" } }
    if request.method == "GET" then body = { made = entries } elseif answer then return answer(request) end
    return { status = 200, headers = { ["Content-Type"] = "application/json" }, body = bosa.json.encode(body) }
  end })
end
