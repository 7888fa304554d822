#!/usr/bin/env bash
# install.sh MODULE LUADIR LIBDIR: copies the Lua files below LUADIR and the C module to
# LIBDIR/bosa/core.so, and archive.so, which may be beside it, likewise.
# install.sh --command VM PREFIX: installs the command `bosa`, to run on that VM, its man page, its
# completion scripts, and the sandbox server where it has been built. The environment gives DESTDIR, BUILD.
# install.sh --pages LUA DIR: the man page and the completion scripts alone.
# install.sh --uninstall PREFIX: takes all of it away again, for every VM; nothing that LuaRocks put there.
set -eu
cd "$(dirname "$0")/.."

usage() {
  sed -n '2,/^set/s/^# //p' "$0" >&2
  exit 2
}

# Prints the program of a VM.
find_program() {
  local program
  program=$(tools/find-lua.sh --program "$1") || usage
  echo "${program:-/usr/bin/env $1}"
}

install_library() {
  local module=$1 luadir=$2 libdir=$3 file
  (cd lua && find bosa -name '*.lua') | while read -r file; do
    mkdir -p "$luadir/$(dirname "$file")"
    install -m 644 "lua/$file" "$luadir/$file"
  done
  mkdir -p "$libdir/bosa"
  install -m 755 "$module" "$libdir/bosa/core.so"
  if [ -e "${module%/*}/archive.so" ]; then install -m 755 "${module%/*}/archive.so" "$libdir/bosa/archive.so"; fi
  echo "installed to $luadir and $libdir"
}

# A completion script goes to a file; without an interpreter there is none.
write_completion() {
  local lua=$1 shell=$2 file=$3
  mkdir -p "$(dirname "$file")"
  # shellcheck disable=SC2086 # the interpreter may be `env NAME`
  LUA_PATH="$PWD/lua/?.lua" LUA_PATH_5_4="$PWD/lua/?.lua" LUA_PATH_5_5="$PWD/lua/?.lua" \
    $lua -e "io.write(require('bosa.cli.completion_scripts').$shell)" >"$file.new" || {
    rm -f "$file.new"
    echo "note: no completion for $shell: $lua can't be run" >&2
    return 0
  }
  chmod 644 "$file.new"
  mv "$file.new" "$file"
}

install_pages() {
  local lua=$1 share=$2
  mkdir -p "$share/man/man1"
  install -m 644 doc/bosa.1 "$share/man/man1/bosa.1"
  write_completion "$lua" bash "$share/bash-completion/completions/bosa"
  write_completion "$lua" zsh "$share/zsh/site-functions/_bosa"
  write_completion "$lua" fish "$share/fish/vendor_completions.d/bosa.fish"
}

install_command() {
  local vm=$1 prefix=$2 version=5.1 lua bin=${DESTDIR-}$2/bin sandbox=${BUILD:-build}/bin/bosa-sandbox
  case $vm in lua*.*) version=${vm#lua} ;; esac
  lua=$(find_program "$vm")
  mkdir -p "$bin"
  cat >"$bin/bosa.new" <<END
#!$lua
package.path = [==[$prefix/share/lua/$version/?.lua;$prefix/share/lua/$version/?/init.lua;]==] .. package.path
package.cpath = [==[$prefix/lib/lua/$version/?.so;]==] .. package.cpath
os.exit(require("bosa.cli").main(arg))
END
  chmod 755 "$bin/bosa.new"
  mv "$bin/bosa.new" "$bin/bosa"
  if [ -x "$sandbox" ]; then install -m 755 "$sandbox" "$bin/bosa-sandbox"; fi
  install_pages "$lua" "${DESTDIR-}$prefix/share"
  echo "installed $bin/bosa, which runs on $lua"
}

uninstall() {
  local prefix=$1 version
  if ls -d "$prefix"/lib/luarocks/rocks-*/bosa >/dev/null 2>&1; then
    echo "error: bosa in $prefix is LuaRocks': luarocks remove bosa" >&2
    exit 1
  fi
  for version in 5.1 5.4 5.5; do
    rm -rf "$prefix/share/lua/$version/bosa" "$prefix/lib/lua/$version/bosa"
  done
  rm -f "$prefix/bin/bosa" "$prefix/bin/bosa-sandbox" "$prefix/share/man/man1/bosa.1" \
    "$prefix/share/bash-completion/completions/bosa" "$prefix/share/zsh/site-functions/_bosa" \
    "$prefix/share/fish/vendor_completions.d/bosa.fish"
  echo "bosa is gone from $prefix"
}

case ${1-} in
  --uninstall) [ $# -eq 2 ] && uninstall "$2" || usage ;;
  --command) [ $# -eq 3 ] && install_command "$2" "$3" || usage ;;
  --pages) [ $# -eq 3 ] && install_pages "$2" "$3" || usage ;;
  *) [ $# -eq 3 ] && install_library "$@" || usage ;;
esac
