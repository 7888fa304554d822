--- For nginx's cosockets, what libcurl does elsewhere: tunnels through a proxy, trust in the certificates of a file.

local ngx = rawget(_G, "ngx")

local tunnel = {}

local MAX_LINES = 100 -- of a proxy's header section

--- A proxy that connections go through.
---@class bosa.nginx.Proxy
---@field literal string its host as an address is written
---@field port integer
---@field is_address boolean
---@field authorization string? the header field's value

--- The proxy that a hub was given; nil: none. (Only http proxies get here: see tunnel.check.)
function tunnel.proxy_of(hub)
  local scheme, host, port, user, password = hub:_proxy()
  if not scheme then return nil end
  local proxy = { literal = host, port = port }
  proxy.is_address = host:find("^%[") ~= nil or host:find("^%d+%.%d+%.%d+%.%d+$") ~= nil
  if user then proxy.authorization = "Basic " .. ngx.encode_base64(user .. ":" .. (password or "")) end
  return proxy
end

--- Raises, at the line of whoever makes the hub, for a proxy that cosockets can't go through.
function tunnel.check(hub)
  local scheme = hub:_proxy()
  if scheme and scheme ~= "http" then
    error("option `proxy`: in nginx only an http:// proxy can be used, not " .. scheme .. "://", 4)
  end
end

--- Has the proxy at the other end connect to the origin: true, or nil and why. `in_time()`, which is asked before each
-- wait, says whether time is left, and bounds the wait by it.
function tunnel.open(sock, proxy, origin, in_time)
  local target = origin.literal .. ":" .. origin.port
  local lines = { "CONNECT " .. target .. " HTTP/1.1", "Host: " .. target }
  if proxy.authorization then lines[3] = "Proxy-Authorization: " .. proxy.authorization end
  if not in_time() then return nil, "timeout" end
  local ok, err = sock:send(table.concat(lines, "\r\n") .. "\r\n\r\n")
  if not ok then return nil, err end
  local status
  for _ = 1, MAX_LINES do
    if not in_time() then return nil, "timeout" end
    local line
    line, err = sock:receive("*l")
    if not line then return nil, err end
    status = status or line:match("^HTTP/1%.%d (%d%d%d)") or "malformed"
    if line == "" then
      if status:find("^2") then return true end
      return nil, "the proxy refused: status " .. status
    end
  end
  return nil, "the proxy's response has too many header lines"
end

local stores = {} -- path -> X509_STORE; kept for the worker's life

local function load_store(path)
  local ffi = require("ffi")
  pcall(ffi.cdef, [[
    void *X509_STORE_new(void);
    void X509_STORE_free(void *store);
    int X509_STORE_load_locations(void *store, const char *file, const char *dir);
  ]])
  local store = ffi.C.X509_STORE_new()
  if store == nil then return nil end
  if ffi.C.X509_STORE_load_locations(store, path, nil) ~= 1 then
    ffi.C.X509_STORE_free(store)
    return nil
  end
  return store
end

--- Has the next handshake trust the certificates of a file, where this nginx can: true, or nil and why. Older ones
-- (before lua-nginx-module 0.10.31) trust what `lua_ssl_trusted_certificate` says, and nothing is done here.
function tunnel.trust(sock, path)
  if not sock.settrustedstore then return true end
  if not stores[path] then
    local ok, store = pcall(load_store, path)
    if not ok or not store then return nil, "the certificates of ca_file can't be read" end
    stores[path] = store
  end
  return sock:settrustedstore(stores[path])
end

return tunnel
