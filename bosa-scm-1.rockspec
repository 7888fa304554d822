rockspec_format = "3.0"
package = "bosa"
version = "scm-1"
source = {
  url = "git+file://.",
}
description = {
  summary = "Call any service behind a BOSA server, from any event loop",
  detailed = [[
    A client for BOSA, which puts the actions of many services behind one HTTP interface. Its core is
    C11 over libcurl; parameters are checked against the server's own schemas before anything is sent.
    It works in scripts, and without blocking under luv, Neovim, cqueues and OpenResty.]],
  license = "MIT",
}
supported_platforms = { "unix" }
dependencies = {
  "lua >= 5.1, < 5.6",
}
-- By its library: some systems keep the header where LuaRocks doesn't look but compilers do. The
-- Makefile looks for it with the compiler, and names the packages where it is missing.
external_dependencies = {
  CURL = { library = "curl" },
  ZLIB = { library = "z" },
}
build = {
  type = "make",
  build_target = "rock",
  install_target = "install-rock",
  build_variables = {
    CC = "$(CC)",
    CFLAGS = "$(CFLAGS)",
    LIBFLAG = "$(LIBFLAG)",
    LUA_INCDIR = "$(LUA_INCDIR)",
    CURL_INCDIR = "$(CURL_INCDIR)",
    CURL_LIBDIR = "$(CURL_LIBDIR)",
    ZLIB_INCDIR = "$(ZLIB_INCDIR)",
    ZLIB_LIBDIR = "$(ZLIB_LIBDIR)",
  },
  install_variables = {
    INST_LUADIR = "$(LUADIR)",
    INST_LIBDIR = "$(LIBDIR)",
    INST_PREFIX = "$(PREFIX)",
    LUA = "$(LUA)",
  },
  install = {
    bin = { "bin/bosa" },
  },
}
