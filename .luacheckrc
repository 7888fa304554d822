-- What Lua 5.4 and LuaJIT share; the rest is named here, and is used behind a check only.
std = "min"
read_globals = {
  "jit", "ngx", "unpack", "vim",
  math = { fields = { "maxinteger", "mininteger", "tointeger", "type" } },
  table = { fields = { "pack", "unpack" } },
}
files["spec"].std = "+busted"
files["spec/nginx"] = { globals = { "ngx" } }
exclude_files = { "build" }
