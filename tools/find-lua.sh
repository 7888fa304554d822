#!/usr/bin/env bash
# find-lua.sh 5.4|luajit: prints the directory of that Lua's headers, or nothing.
set -u

case ${1-} in
  5.4)
    packages="lua5.4 lua-5.4 lua54 lua"
    places="/usr/include/lua5.4 /usr/include/lua54 /usr/include /usr/local/include/lua5.4
      /usr/local/include/lua54 /usr/local/include /opt/homebrew/include/lua5.4"
    mark='LUA_VERSION_NUM[[:space:]]+504' file=lua.h
    ;;
  luajit)
    packages="luajit"
    places="/usr/include/luajit-2.1 /usr/local/include/luajit-2.1
      /opt/homebrew/include/luajit-2.1 /usr/local/openresty/luajit/include/luajit-2.1"
    mark='LUAJIT_VERSION' file=luajit.h
    ;;
  *)
    echo "usage: $0 5.4|luajit" >&2
    exit 2
    ;;
esac

# The directories that pkg-config knows of, one a line.
known() {
  local package
  for package in $packages; do
    pkg-config --cflags-only-I "$package" 2>/dev/null | tr ' ' '\n' | sed -n 's/^-I//p'
    pkg-config --variable=includedir "$package" 2>/dev/null
  done
}

for dir in $(known) $places; do
  if grep -qsE "$mark" "$dir/$file" && [ -f "$dir/lauxlib.h" ]; then
    echo "$dir"
    exit 0
  fi
done
