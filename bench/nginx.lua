--- nginx.lua SECONDS: one nginx worker, one hub call a request, beside a hand-written cosocket client with keep-alive;
-- and how fast /ping answers while the worker is busy. Needs wrk. Prints lines for report.lua: "name: a b".
package.path = "./?.lua;" .. package.path
local nginx = require("spec.support.nginx")
local seconds = tonumber(arg[1]) or 5
local url, key, token = os.getenv("BOSA_API_BASE_URL"), os.getenv("BOSA_API_KEY"), os.getenv("BOSA_TOKEN")
local host, port = url:match("^http://([^:]+):(%d+)$")

local http = ([[
  init_by_lua_block {
    bosa = require("bosa")
    cjson = require("cjson")
    hub = bosa.new({ api_base_url = "%s", api_key = "%s", token = "%s", max_connections = 64 })
    lab = hub:connect("lab")
    request = "POST /connectors/lab/small HTTP/1.1\r\nHost: %s\r\nX-API-Key: %s\r\nAuthorization: Bearer %s\r\n"
      .. "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
  }
]]):format(url, key, token, host, key, token)

local server = ([[
  location = /hub { content_by_lua_block { ngx.print(assert(lab:small({})).status) } }
  location = /slow { content_by_lua_block { ngx.print(assert(lab:slow({ delay_ms = 50 })).status) } }
  location = /cosocket { content_by_lua_block {
    local sock = ngx.socket.tcp()
    assert(sock:connect("%s", %s, { pool_size = 64 }))
    assert(sock:send(request))
    local status = assert(sock:receive("*l")):match("%%d%%d%%d")
    local length
    repeat
      local line = assert(sock:receive("*l"))
      length = line:match("^[Cc]ontent%%-[Ll]ength: (%%d+)") or length
    until line == ""
    assert(cjson.decode(assert(sock:receive(tonumber(length)))).data)
    sock:setkeepalive(60000)
    ngx.print(status)
  } }
]]):format(host, port)

local web = nginx.start({ http = http, server = server })

local function wrk(path, connections)
  local command = "wrk --latency -t1 -c%d -d%ds %s%s"
  local process = io.popen(command:format(connections, seconds, web.url, path))
  local text = process:read("*a")
  process:close()
  local function ms(percentile)
    local value, unit = text:match(percentile .. "%%%s+([%d.]+)(%a+)")
    return tonumber(value or 0) * (unit == "us" and 0.001 or unit == "s" and 1000 or 1)
  end
  return tonumber(text:match("Requests/sec:%s+([%d.]+)")), ms("50"), ms("99")
end

wrk("/hub", 32)
for _, path in ipairs({ "/hub", "/cosocket", "/hub", "/cosocket" }) do
  local rate, p50, p99 = wrk(path, 32)
  print(("%-10s %8.0f requests/s  p50 %.2f ms  p99 %.2f ms"):format(path, rate, p50, p99))
end
local _, idle = wrk("/ping", 1)
local busy = io.popen(("wrk -t1 -c200 -d%ds %s/slow"):format(seconds + 2, web.url))
local _, during = wrk("/ping", 1)
busy:close()
print(("/ping      p50 %.3f ms on an idle worker, %.3f ms while 200 calls of 50 ms are under way"):format(idle, during))
web.stop()
