-- make dist, from a checkout; in a tarball of it there is nothing to make one of.
local command = require("spec.support.command")
local directory = require("spec.support.directory")

local output_of = command.output_of
local dir

setup(function() dir = directory() end)
teardown(function() os.execute("rm -rf " .. dir) end)

local function dist(where) return output_of(("tools/dist.sh 9.9.9 %s/%s 2>&1; echo code $?"):format(dir, where)) end

describe("make dist", function()
  if output_of("git rev-parse -q --verify HEAD 2>/dev/null") == "" then
    it("says that it needs git", function() assert.matches("no git checkout\ncode 1\n$", dist("none")) end)
    return
  end

  it("makes the same tarball each time, which builds without git", function()
    local text = dist("a")
    assert.matches("code 0\n$", text)
    assert.matches("note: CHANGELOG.md has no entry for 9.9.9", text, 1, true)
    dist("b")
    assert.equal("", output_of(("cmp %s/a/bosa-9.9.9.tar.gz %s/b/bosa-9.9.9.tar.gz 2>&1"):format(dir, dir)))
    assert.equal("ok\n", output_of(([[cd %s && tar xzf a/bosa-9.9.9.tar.gz && cd bosa-9.9.9 && [ ! -e .git ] &&
      env -u MAKEFLAGS -u MAKELEVEL -u BUILD GIT_DIR=/dev/null make -n build >../log 2>&1 && echo ok]]):format(dir)))
  end)

  it("fills in a PKGBUILD, whose steps are make's", function()
    dist("a")
    local script = ([[cd %s/a && . ./PKGBUILD && sha256sum "$source" &&
      echo "$sha256sums $pkgver $pkgname" && mkdir -p src && cd src && tar xzf "../$source" &&
      make() { echo "make $*"; } && install() { echo "install $*"; } && (build) &&
      pkgdir=/pkg && (package)]]):format(dir)
    local text = output_of("bash -euc " .. command.quote(script) .. " 2>&1")
    local sum = text:match("^(%x+)  bosa%-9.9.9.tar.gz\n")
    assert.truthy(sum, text)
    assert.equal(sum .. " 9.9.9 lua-bosa\nmake build\nmake install DESTDIR=/pkg PREFIX=/usr\n"
      .. "install -Dm644 LICENSE /pkg/usr/share/licenses/lua-bosa/LICENSE\n", text:match("\n(.*)$"))
  end)
end)
