#!/usr/bin/env bash
# deb.sh VERSION DIR: makes Debian packages of what was built, below DIR: lua-bosa (the library for each VM) and bosa (the command,
# on Lua 5.4 or the first VM there is, and the sandbox server). The environment gives BUILD.
set -eu
cd "$(dirname "$0")/.."
version=$1 out=$2 build=${BUILD:-build}
for program in dpkg-deb dpkg-shlibdeps dpkg-architecture; do
  command -v $program >/dev/null || { echo "deb.sh: $program is needed (package dpkg-dev)" >&2 && exit 1; }
done
arch=$(dpkg-architecture -qDEB_HOST_ARCH)
libdir=usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)/lua
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir -p "$out" "$stage/debian"

# The libraries that the programs and modules named are linked with, as packages.
linked_with() {
  printf 'Source: bosa\n\nPackage: bosa\nArchitecture: any\n' >"$stage/debian/control"
  (cd "$stage" && dpkg-shlibdeps -O --ignore-missing-info "$@" 2>/dev/null) | sed -n 's/^shlibs:Depends=//p'
}

# NAME DEPENDS RECOMMENDS SUMMARY TEXT: packs stage/NAME.
pack() {
  local root=$stage/$1
  mkdir -p "$root/DEBIAN" "$root/usr/share/doc/$1"
  cp LICENSE "$root/usr/share/doc/$1/copyright"
  gzip -9n <CHANGELOG.md >"$root/usr/share/doc/$1/changelog.gz"
  {
    printf 'Package: %s\nVersion: %s\nArchitecture: %s\nSection: interpreters\nPriority: optional\n' "$1" "$version" "$arch"
    printf 'Maintainer: The authors of bosa <bosa@localhost>\nInstalled-Size: %s\n' "$(du -sk "$root/usr" | cut -f 1)"
    printf 'Depends: %s\n' "$2"
    [ -z "$3" ] || printf 'Recommends: %s\n' "$3"
    printf 'Description: %s\n %s\n' "$4" "$5"
  } >"$root/DEBIAN/control"
  (cd "$root" && find usr -type f -exec md5sum {} + >DEBIAN/md5sums)
  find "$root" -type d -exec chmod 755 {} +
  dpkg-deb --root-owner-group --build "$root" "$out/${1}_${version}_$arch.deb" >/dev/null
  echo "made $out/${1}_${version}_$arch.deb"
}

vms='' modules=() archives=()
for vm in lua5.4 lua5.5 luajit; do
  module=$build/$vm/bosa/core.so
  [ -e "$module" ] || continue
  case $vm in lua*.*) v=${vm#lua} ;; *) v=5.1 ;; esac
  tools/install.sh "$module" "$stage/lua-bosa/usr/share/lua/$v" "$stage/lua-bosa/$libdir/$v" >/dev/null
  for module in "$stage/lua-bosa/$libdir/$v/bosa"/*.so; do
    strip --strip-unneeded "$module"
    chmod 644 "$module"
    case $module in */archive.so) archives+=("$module") ;; *) modules+=("$module") ;; esac
  done
  # The Lua files are the same for all.
  if [ -n "$vms" ]; then
    rm -r "$stage/lua-bosa/usr/share/lua/$v/bosa"
    ln -s "../$first/bosa" "$stage/lua-bosa/usr/share/lua/$v/bosa"
  else
    first=$v command=$vm
  fi
  vms+="${vms:+ | }$vm"
done
[ -n "$vms" ] || { echo "deb.sh: there is no module; make build first" >&2 && exit 1; }
recommends=$vms
[ ${#archives[@]} -eq 0 ] || recommends+=", $(linked_with "${archives[@]}")" # only downloading skills needs them
pack lua-bosa "$(linked_with "${modules[@]}")" "$recommends" "Call any service behind a BOSA server, from Lua" \
  "The library, for ${vms// | / and }."

DESTDIR="$stage/bosa" BUILD="$build" tools/install.sh --command "$command" /usr >/dev/null
strip "$stage/bosa/usr/bin/bosa-sandbox"
gzip -9n "$stage/bosa/usr/share/man/man1/bosa.1"
if [ -d "$stage/bosa/usr/share/zsh/site-functions" ]; then # where Debian's zsh looks
  mv "$stage/bosa/usr/share/zsh/site-functions" "$stage/bosa/usr/share/zsh/vendor-completions"
fi
pack bosa "lua-bosa (= $version), $command, lua-argparse, lua-luv, $(linked_with "$stage/bosa/usr/bin/bosa-sandbox")" \
  lua-readline "Call any service behind a BOSA server, from the shell" \
  "The command, its prompt and completion, and a sandbox server to try them with."
