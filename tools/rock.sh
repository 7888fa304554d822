#!/usr/bin/env bash
# rock.sh announce LUA_INCDIR: tells for which Lua LuaRocks has it built. The environment gives CC.
# rock.sh check INST_PREFIX: fails where files that LuaRocks doesn't know would be moved aside: those of `make install`.
# rock.sh done INST_PREFIX: tells for which Lua it was installed, and how to have it for another.
set -eu

case ${1-} in
  announce)
    number=$(printf '#include <lua.h>\nLUA_VERSION_NUM\n' | ${CC:-cc} -I"$2" -E - 2>/dev/null | tail -n 1)
    case $number in *[!0-9*+\ \(\)]* | '') number=0 ;; *) number=$((number)) ;; esac
    if [ "$number" = 0 ]; then
      echo "error: no lua.h in \`$2\`. Install Lua's headers (Debian: liblua5.4-dev), or say where they are:" >&2
      echo "  luarocks --lua-version 5.4 make LUA_INCDIR=/where/they/are" >&2
      exit 1
    fi
    name="Lua $((number / 100)).$((number % 100))"
    if [ "$number" = 501 ]; then name="$name, which is LuaJIT's, too"; fi
    echo "== bosa is built for $name (headers in $2)"
    ;;
  check)
    # TREE/lib/luarocks/rocks-5.4/bosa/scm-1
    rocks=${2%/*/*} tree=${2%/lib/luarocks/*} name=${2%/*}
    version=${rocks##*rocks-}
    others=$(ls "$name" 2>/dev/null | grep -vxF "${2##*/}" || true)
    found=
    [ ! -e "$tree/share/lua/$version/bosa/init.lua" ] || [ -n "$others" ] || found=$tree/share/lua/$version/bosa
    [ ! -e "$tree/bin/bosa" ] || grep -q luarocks "$tree/bin/bosa" || found=$tree/bin/bosa
    [ -n "$found" ] || exit 0
    {
      echo "error: $found is there already, and not by LuaRocks, which would move it aside."
      echo "Take it away with \`make uninstall PREFIX=$tree\`, or give LuaRocks a tree of its own (--tree)."
    } >&2
    exit 1
    ;;
  done)
    rocks=${2%/*/*}
    echo "== bosa is installed for Lua ${rocks##*rocks-}; for another: luarocks --lua-version 5.4 make (or 5.1, 5.5)"
    ;;
  *) sed -n '2,/^set/s/^# //p' "$0" >&2 && exit 2 ;;
esac
