#!/usr/bin/env bash
# find-lua.sh VM: prints the directory of the headers of lua5.4, lua5.5 or luajit, or nothing.
# find-lua.sh --program VM: prints that VM's program, or nothing. --names VM: what it may be called.
set -u

what=headers
case ${1-} in --*) what=${1#--} && shift ;; esac
vm=${1-}
case $vm in
  lua5.4 | lua5.5)
    v=${vm#lua} short=${vm/./}
    programs="$vm $short lua-$v lua"
    packages="$vm lua-$v $short lua"
    places="/usr/include/$vm /usr/include/$short /usr/include /usr/local/include/$vm /usr/local/include/$short
      /usr/local/include /opt/homebrew/include/$vm /opt/homebrew/opt/lua@$v/include/$vm /opt/homebrew/include/lua
      /usr/local/opt/lua@$v/include/$vm /usr/local/include/lua /usr/pkg/include"
    # 5.4 writes the number out, 5.5 makes it of two.
    mark="LUA_VERSION_NUM[[:space:]]+${v/./0}|LUA_VERSION_MINOR_N[[:space:]]+${v#*.}\$" file=lua.h
    says="_VERSION == 'Lua $v'"
    ;;
  luajit)
    programs="luajit luajit-2.1 luajit2"
    packages="luajit"
    places="/usr/include/luajit-2.1 /usr/local/include/luajit-2.1
      /opt/homebrew/include/luajit-2.1 /usr/local/openresty/luajit/include/luajit-2.1"
    mark='LUAJIT_VERSION' file=luajit.h
    says="jit ~= nil"
    ;;
  *)
    echo "usage: $0 [--program|--names] lua5.4|lua5.5|luajit" >&2
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

case $what in
  names) echo "$programs" ;;
  program)
    for program in $programs; do
      command -v "$program" >/dev/null || continue
      # `lua` may be any of them.
      [ "$program" != lua ] || lua -e "os.exit($says)" 2>/dev/null || continue
      command -v "$program" && break
    done
    ;;
  headers)
    for dir in $(known) $places; do
      if grep -qsE "$mark" "$dir/$file" && [ -f "$dir/lauxlib.h" ]; then
        echo "$dir"
        exit 0
      fi
    done
    ;;
esac
exit 0
