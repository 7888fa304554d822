#!/usr/bin/env bash
# on-vm.sh VM CMD...: runs CMD with this checkout on the paths of lua5.4, lua5.5 or luajit; `@lua` at
# the end of a word of CMD becomes the VM's program. An empty VM is the first that a module was built for.
# on-vm.sh VM --print: prints the settings for a shell's eval instead.
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}
case $build in /*) ;; *) build=$PWD/$build ;; esac

# One word for a shell.
quote() {
  printf "'%s'" "${1//"'"/"'\\''"}"
}

vm=${1-}
shift
if [ -z "$vm" ]; then
  for vm in lua5.4 lua5.5 luajit lua5.4; do
    [ ! -e "$build/$vm/bosa/core.so" ] || break
  done
fi
case $vm in
  lua5.4 | lua5.5 | luajit) ;;
  *)
    echo "on-vm.sh: no VM \`$vm\`; lua5.4, lua5.5 or luajit" >&2
    exit 2
    ;;
esac

lua_path="$PWD/lua/?.lua;$PWD/lua/?/init.lua;;"
lua_cpath="$build/$vm/?.so;;"
if [ "${1-}" = --print ]; then
  echo "export LUA_PATH=$(quote "$lua_path") LUA_CPATH=$(quote "$lua_cpath")" \
    "PATH=$(quote "$build/bin:$PWD/bin"):\"\$PATH\""
  exit 0
fi

lua=$(tools/find-lua.sh --program "$vm")
if [ -z "$lua" ]; then
  echo "on-vm.sh: no program for $vm was found (looked for: $(tools/find-lua.sh --names "$vm"))" >&2
  exit 127
fi
command=()
for word in "$@"; do
  command+=("${word/%@lua/$lua}")
done
unset LUA_PATH_5_4 LUA_CPATH_5_4 LUA_PATH_5_5 LUA_CPATH_5_5 LUA_INIT LUA_INIT_5_4 LUA_INIT_5_5
export LUA_PATH="$lua_path" LUA_CPATH="$lua_cpath" PATH="$build/bin:$PWD/bin:$PATH"
export BOSA_LUA="$lua" BOSA_BUILD="$build" BOSA_SANDBOX="$build/bin/bosa-sandbox"
exec "${command[@]}"
