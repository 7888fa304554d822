#!/usr/bin/env bash
# sysroot.sh SUITE ARCH DIR PACKAGE...: the files of Debian packages, and of what they depend on, below DIR, to link with or to
# run with (an emulator's -L, or DIR's own ld.so). Nothing is installed and nothing of the packages runs, so it needs no root.
# sysroot.sh SUITE source DIR PACKAGE...: the sources that packages were made of, each in DIR/PACKAGE.
# 3: the mirror can't be reached, or doesn't have them.
set -eu
suite=$1 arch=$2 dir=$3
shift 3
key="$suite $arch $*"
[ "$(cat "$dir/made-of" 2>/dev/null)" != "$key" ] || exit 0

site=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
  sed -n '/security/d; s/^Debian //p' | head -n 1)
[ -n "$site" ] || { echo "not to be had: this machine's apt knows no mirror of Debian" && exit 3; }
rm -rf --one-file-system "$dir"
mkdir -p "$dir"/apt/{lists/partial,cache/archives/partial,parts}
: >"$dir/apt/status"
kind=deb
[ "$arch" != source ] || { kind=deb-src && arch=$(dpkg --print-architecture); }
echo "$kind [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site $suite main" >"$dir/apt/sources.list"
cat >"$dir/apt/apt.conf" <<END
APT::Architecture "$arch";
APT::Architectures "$arch";
APT::Install-Recommends "false";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Dir::State "$dir/apt";
Dir::State::status "$dir/apt/status";
Dir::State::Lists "$dir/apt/lists";
Dir::Cache "$dir/apt/cache";
Dir::Etc::sourcelist "$dir/apt/sources.list";
Dir::Etc::sourceparts "$dir/apt/parts";
Dir::Etc::preferencesparts "$dir/apt/parts";
APT::Sandbox::User "root";
END
export APT_CONFIG="$dir/apt/apt.conf"
fetch() {
  apt-get -q update || return
  if [ $kind = deb ]; then
    apt-get -q -y --download-only install "$@"
  else
    (cd "$dir/apt/cache/archives" && apt-get -q --download-only source "$@")
  fi
}
fetch "$@" >"$dir/apt/log" 2>&1 || {
  tail -n 5 "$dir/apt/log"
  echo "not to be had: the packages of Debian $suite for $arch"
  exit 3
}
if [ $kind = deb-src ]; then
  for package in "$@"; do
    mkdir -p "$dir/$package"
    tar x --no-same-owner --strip-components=1 -C "$dir/$package" -f "$(ls "$dir/apt/cache/archives/$package"_*.orig.tar.* | grep -v "asc$")"
  done
  rm -rf "$dir/apt"
  echo "$key" >"$dir/made-of"
  exit 0
fi
# Where /lib and the like are links to /usr, a package that has them as directories would break them.
for name in bin lib lib64 sbin; do
  mkdir -p "$dir/usr/$name"
  ln -s "usr/$name" "$dir/$name"
done
for package in "$dir"/apt/cache/archives/*.deb; do
  dpkg-deb --fsys-tarfile "$package" | tar x --keep-directory-symlink --no-same-owner -C "$dir" --exclude=./dev
done
(cd "$dir/apt/cache/archives" && ls -- *.deb) >"$dir/packages"
rm -rf "$dir/apt"
echo "$key" >"$dir/made-of"
