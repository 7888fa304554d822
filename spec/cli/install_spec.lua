local command = require("spec.support.command")
local directory = require("spec.support.directory")

if os.getenv("LD_PRELOAD") then
  describe("the installed command", function()
    pending("runs without this environment, and so without the library of a sanitizer, which the module needs")
  end)
  return
end

local build = os.getenv("BOSA_BUILD")
local version = _VERSION:match("%d+%.%d+")
local vm = rawget(_G, "jit") and "luajit" or "lua" .. version
local prefix

--- Runs a shell's line with nothing of this checkout in the environment.
local function outside(line)
  return command.output_of(("cd / && env -i PATH=%s/bin:/usr/local/bin:/usr/bin:/bin HOME=%s %s 2>&1"):format(
    command.quote(prefix), command.quote(prefix), line))
end

setup(function()
  prefix = directory() .. "/with space"
  local quoted = command.quote(prefix)
  assert(os.execute(("tools/install.sh %s/%s/bosa/core.so %s/share/lua/%s %s/lib/lua/%s >/dev/null"):format(build, vm,
    quoted, version, quoted, version)))
  assert(os.execute(("BUILD=%s tools/install.sh --command %s %s >/dev/null"):format(build, vm, quoted)))
end)
teardown(function() os.execute("rm -rf " .. command.quote(prefix)) end)

describe("the installed command", function()
  it("runs from anywhere, without settings", function()
    assert.equal("bosa " .. require("bosa").version .. "\n", outside("bosa --version"))
    assert.equal("github\ngoogle_drive\ngoogle_mail\nlab\n", outside("bosa sandbox -- bosa connectors"))
    local definitions = outside("bosa types --path"):match("[^\n]+")
    assert.equal(prefix, definitions:sub(1, #prefix))
    assert.truthy(io.open(definitions .. "/hub.lua"))
  end)

  it("installs skills", function()
    local dir = command.quote(prefix .. "/skills")
    local text = outside("bosa sandbox -- bosa skills install --dir " .. dir .. " release-helper")
    assert.matches("/skills/release%-helper/SKILL%.md\n", text)
  end)

  it("comes with a man page and completion scripts", function()
    local page = command.read_file(prefix .. "/share/man/man1/bosa.1")
    for _, name in ipairs(require("bosa.cli.commands").names) do
      if name ~= "help" then assert.truthy(page:find("Cm " .. name, 1, true), name) end
    end
    local shells = { bash = "bash-completion/completions/bosa", zsh = "zsh/site-functions/_bosa",
      fish = "fish/vendor_completions.d/bosa.fish" }
    for shell, path in pairs(shells) do
      assert.equal(command.read_file(prefix .. "/share/" .. path), outside("bosa completion " .. shell))
      assert.equal("", command.output_of(("%s -n %s 2>&1"):format(shell, command.quote(prefix .. "/share/" .. path))))
    end
  end)
end)

describe("make uninstall", function()
  it("takes away all that was installed, and nothing else", function()
    local dir = directory()
    local share = ("%s/share/lua/%s"):format(dir, version)
    assert(os.execute(("mkdir -p %s/bin %s && touch %s/bin/other %s/other.lua"):format(dir, share, dir, share)))
    assert(os.execute(("tools/install.sh %s/%s/bosa/core.so %s %s/lib/lua/%s >/dev/null"):format(build, vm, share, dir,
      version)))
    assert(os.execute(("BUILD=%s tools/install.sh --command %s %s >/dev/null"):format(build, vm, dir)))
    command.output_of("tools/install.sh --uninstall " .. dir)
    local left = command.output_of(("cd %s && find . -type f | sort"):format(dir))
    assert.equal(("./bin/other\n./share/lua/%s/other.lua\n"):format(version), left)
    os.execute("rm -rf " .. dir)
  end)

  it("is no way to take away LuaRocks' files, nor does LuaRocks take the others'", function()
    local dir = directory()
    local rock = dir .. "/lib/luarocks/rocks-5.4/bosa/scm-1"
    local library = dir .. "/share/lua/5.4/bosa"
    assert(os.execute(("mkdir -p %s %s/bin && touch %s/init.lua"):format(library, dir, library)))
    local function check() return command.output_of(("tools/rock.sh check %s 2>&1; echo $?"):format(rock)) end
    assert.matches("error: .*/share/lua/5.4/bosa is there already.*make uninstall PREFIX=.*\n1\n$", check())
    assert(os.execute("mkdir -p " .. rock))
    assert.matches("\n1\n$", check()) -- LuaRocks makes the directory of the rock before it installs
    assert(os.execute(("mkdir -p %s/../0.1.0-1"):format(rock)))
    assert.equal("0\n", check())
    local uninstalled = command.output_of(("tools/install.sh --uninstall %s 2>&1; echo $?"):format(dir))
    assert.matches("LuaRocks'.*\n1\n$", uninstalled)
    command.write_file(dir .. "/bin/bosa", "#!/usr/bin/lua5.4\n")
    assert.matches("error: .*/bin/bosa is there already", check())
    command.write_file(dir .. "/bin/bosa", "#!/bin/sh\n# luarocks.loader\n")
    assert.equal("0\n", check())
    os.execute("rm -rf " .. dir)
  end)
end)
