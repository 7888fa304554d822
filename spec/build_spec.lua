-- What make and its helpers say where something is missing, and what they do with flags of yours.
local command = require("spec.support.command")
local directory = require("spec.support.directory")

local dir

--- Runs a shell's line without make's own settings; its output and whether it succeeded.
local function run(line)
  local text = command.output_of(("env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS -u CPPFLAGS -u BUILD %s 2>&1; echo code $?")
    :format(line))
  return text, text:match("code (%d+)\n$") == "0"
end

--- make into a directory of its own. The compiler is told not to: a test is no place for builds.
local function make(line) return run(("make -n BUILD=%s/build %s"):format(dir, line)) end

setup(function() dir = directory() end)
teardown(function() os.execute("rm -rf " .. dir) end)

describe("the build", function()
  it("asks for libcurl's header by the packages' names", function()
    local text, ok = run("CC=false tools/need.sh curl")
    assert.is_false(ok)
    assert.matches("error: curl/curl.h, libcurl's header, was not found", text, 1, true)
    assert.matches("apt install libcurl4%-openssl%-dev", text)
  end)

  it("refuses a libcurl that is too old, in one sentence", function()
    assert(os.execute(("mkdir -p %s/old/curl"):format(dir)))
    command.write_file(dir .. "/old/curl/curl.h", "#define LIBCURL_VERSION_NUM 0x074b00\n")
    local text, ok = run(("CC=cc CPPFLAGS=-I%s/old tools/need.sh curl"):format(dir))
    assert.is_false(ok)
    assert.matches("error: libcurl 7.76.0 or later (this one's curl/curl.h is older) was not found", text, 1, true)
    command.write_file(dir .. "/old/curl/curl.h", "#define LIBCURL_VERSION_NUM 0x074c00\n")
    assert.is_true(select(2, run(("CC=cc CPPFLAGS=-I%s/old tools/need.sh curl"):format(dir))))
  end)

  it("says that Lua's headers are missing, for the module and for the C tests", function()
    for _, what in ipairs({ "lua", "puc-lua" }) do
      local text, ok = run("CC=cc LUA_INCDIRS='  ' PUC_LUA_INCDIR= tools/need.sh " .. what)
      assert.is_false(ok)
      assert.matches("error: lua.h, of Lua 5.4", text, 1, true)
    end
    local text, ok = make("LUA54_INCDIR= LUA55_INCDIR= LUAJIT_INCDIR= build spec-programs")
    assert.is_true(ok, text)
    assert.matches("tools/need.sh puc-lua", text, 1, true)
    assert.is_nil(text:find("No rule to make target", 1, true))
  end)

  it("does without libarchive and libcrypto, and says nothing", function()
    assert(os.execute(("mkdir -p %s/none && printf '#error\\n' > %s/none/archive.h"):format(dir, dir)))
    local text, ok = run(("CC=cc CPPFLAGS=-I%s/none tools/need.sh has-archive"):format(dir))
    assert.is_false(ok)
    assert.equal("code 1\n", text)
    text, ok = make(("CPPFLAGS=-I%s/none LUA54_INCDIR=/where/lua/is LUAJIT_INCDIR= modules"):format(dir))
    assert.is_true(ok, text)
    assert.matches("lua5.4/bosa/core.so", text, 1, true)
    assert.is_nil(text:find("archive.so", 1, true))
  end)

  it("of the Neovim plugin is LuaJIT's module alone, and asks for LuaJIT's headers", function()
    local text, ok = make("LUAJIT_INCDIR=/where/luajit/is nvim")
    assert.is_true(ok, text)
    assert.matches(dir .. "/build/luajit/bosa/core.so", text, 1, true)
    assert.is_nil(text:find("build/lua5", 1, true))
    assert.is_nil(text:find("bosa-sandbox", 1, true))
    text, ok = run("CC=cc LUAJIT_INCDIR= tools/need.sh luajit")
    assert.is_false(ok)
    assert.matches("error: luajit.h, of LuaJIT, which Neovim runs on, was not found", text, 1, true)
    text, ok = make("LUAJIT_INCDIR= nvim")
    assert.is_false(ok)
    assert.matches("need.sh luajit", text, 1, true)
  end)

  it("keeps its own flags beside those of the command line", function()
    local text = make(("CPPFLAGS=-DYOURS LUA54_INCDIR=/where/lua/is %s/build/spec/c/test_session.o"):format(dir))
    assert.matches("-DYOURS", text, 1, true)
    assert.matches("-I/where/lua/is", text, 1, true)
    assert.matches("-Icsrc/core", text, 1, true)
    assert.matches("-D_FILE_OFFSET_BITS=64", text, 1, true)
  end)

  it("names each file that it compiles, but for make demo", function()
    local file = "csrc/core/base/buf"
    local line = ("%s/build/%s.o"):format(dir, file)
    assert.matches(('\necho "  cc    %s.c"'):format(file), make(line), 1, true)
    local quiet = make("QUIET=1 " .. line)
    assert.is_nil(quiet:find('echo "  cc', 1, true))
    assert.matches(file .. ".c", quiet, 1, true)
    assert.matches("QUIET=1 build", make("demo"), 1, true)
    assert.is_nil(make("V=1 demo"):find("QUIET=1", 1, true))
  end)

  it("asks each system for the names that it hides", function()
    local function flags(system) return (make(("SYSTEM=%s %s/build/csrc/core/base/buf.o"):format(system, dir))) end
    assert.matches("-D_POSIX_C_SOURCE", flags("Linux"), 1, true)
    assert.matches("-D_DARWIN_C_SOURCE", flags("Darwin"), 1, true)
    for _, system in ipairs({ "Darwin", "FreeBSD", "NetBSD", "OpenBSD" }) do
      assert.is_nil(flags(system):find("_POSIX_C_SOURCE", 1, true))
    end
  end)
end)
