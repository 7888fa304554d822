#!/usr/bin/env bash
# install.sh MODULE LUADIR LIBDIR: copies the Lua files below LUADIR and the C module to
# LIBDIR/bosa/core.so.
set -eu
[ $# -eq 3 ] || { echo "usage: $0 MODULE LUADIR LIBDIR" >&2; exit 2; }
cd "$(dirname "$0")/.."
module=$1 luadir=$2 libdir=$3

(cd lua && find bosa -name '*.lua') | while read -r file; do
  mkdir -p "$luadir/$(dirname "$file")"
  install -m 644 "lua/$file" "$luadir/$file"
done
mkdir -p "$libdir/bosa"
install -m 755 "$module" "$libdir/bosa/core.so"
echo "installed to $luadir and $libdir"
