-- What Lua 5.4 and LuaJIT share; the rest is named here, and is used behind a check only.
std = "min"
read_globals = {
  "jit", "newproxy", "ngx", "unpack",
  debug = { fields = { "upvalueid" } }, -- both have it
  math = { fields = { "maxinteger", "mininteger", "tointeger", "type" } },
  package = { fields = { "searchpath" } }, -- both have it
  table = { fields = { "pack", "unpack" } },
}
globals = { "vim" } -- its fields are settings to be written
files["spec"] = { std = "+busted", ignore = { "512" } } -- 512: a loop left in its first turn
files["lua/bosa/mcp/http.lua"] = { globals = { "ngx" } } -- the answer's header is written there
files["lua/bosa/meta"] = { unused = false } -- declarations
exclude_files = { "build" }
