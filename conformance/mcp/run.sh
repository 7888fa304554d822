#!/usr/bin/env bash
# run.sh: installs the official conformance suite and the TypeScript SDK below $BUILD/conformance/mcp and runs both
# against nginx that serves the sandbox's connectors. The suite needs Node 22: npm's package `node` brings it. Where
# there is no npm, no nginx or no package registry, it says so and exits 0: that is no fault of this tree.
set -u
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
case $build in /*) ;; *) build=$PWD/$build ;; esac
place=$build/conformance/mcp
packages=$(for name in node mcp-conformance mcp-typescript; do tools/version.sh $name; done)

skip() {
  echo "conformance-mcp: SKIPPED, nothing was tried: $*"
  exit 0
}

command -v npm >/dev/null || skip "no npm"
PATH=$PATH:/usr/sbin command -v nginx >/dev/null || skip "no nginx"
[ -e "$build/luajit/bosa/core.so" ] || skip "no module for LuaJIT, which nginx runs"
mkdir -p "$place"
if [ "$(cat "$place/installed" 2>/dev/null)" != "$packages" ]; then
  # shellcheck disable=SC2086 # a list of words
  npm install --silent --no-fund --no-audit --prefix "$place" $packages >"$place.log" 2>&1 ||
    skip "the packages can't be installed: $(grep -m 1 . "$place.log")"
  echo "$packages" >"$place/installed"
fi
cp conformance/mcp/client.mjs "$place/"
export PATH=$place/node_modules/.bin:$PATH

serve() { BUILD=$build tools/on-vm.sh "${LUA:-lua5.4}" @lua conformance/mcp/serve.lua "$1"; }

echo "== The official conformance suite against nginx"
# shellcheck disable=SC2016 # the URL is known to the shell that serve.lua starts
serve 'conformance server --url $MCP_URL --suite all --expected-failures conformance/mcp/expected-failures.yml \
  -o '"$place/results"' >'"$place/suite.log"' 2>&1'
code=$?
sed -n '/=== SUMMARY ===/,$p' "$place/suite.log"
[ $code -eq 0 ] || exit $code

echo "== The TypeScript SDK against nginx"
serve "node $place/client.mjs"
