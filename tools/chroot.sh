#!/usr/bin/env bash
# chroot.sh make SUITE DIR [ARCH]: a bare Debian of that release below DIR, unless there is one. 3: it can't be had.
# chroot.sh copy DIR: the files of this checkout that git knows or would add, to DIR/src; its build stays.
# chroot.sh run DIR CMD...: runs a shell's CMD there, in /src when that is there. What is mounted for it, and
# what it leaves running, ends with it: nothing may be left for a careless rm or cp to walk into.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)

# The mirror that this machine's packages come from.
mirror() {
  apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    sed -n '/security/d; s/^Debian //p' | head -n 1
}

make_one() {
  local suite=$1 dir=$2 arch=${3:-$(dpkg --print-architecture)} from
  [ ! -e "$dir/etc/bosa-is-made" ] || return 0
  [ "$(id -u)" = 0 ] || { echo "not to be had: only root can make a chroot" && exit 3; }
  command -v debootstrap >/dev/null || { echo "not to be had: debootstrap is missing" && exit 3; }
  from=$(mirror)
  rm -rf --one-file-system "$dir"
  mkdir -p "$dir"
  debootstrap --variant=minbase --arch="$arch" "$suite" "$dir" ${from:+"$from"} >"$dir.log" 2>&1 || {
    tail -n 5 "$dir.log"
    echo "not to be had: debootstrap can't make Debian $suite for $arch here"
    exit 3
  }
  # A mirror may be a copy of some weeks ago.
  echo 'Acquire::Check-Valid-Until "false";' >"$dir/etc/apt/apt.conf.d/99old-mirror"
  touch "$dir/etc/bosa-is-made"
}

copy() {
  local dir=$1
  mkdir -p "$dir/src"
  find "$dir/src" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf --one-file-system {} +
  (cd "$here" && git ls-files -z -co --exclude-standard | tar c --null --ignore-failed-read -T -) | tar x -C "$dir/src"
}

run() {
  local dir=$1
  shift
  cp -f /etc/resolv.conf "$dir/etc/resolv.conf" 2>/dev/null || true
  mkdir -p "$dir/dev/pts" "$dir/dev/shm"
  exec unshare --mount --pid --fork --kill-child sh -euc '
    dir=$1 && shift
    mount -t proc proc "$dir/proc"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$dir/dev/pts"
    mount -t tmpfs tmpfs "$dir/dev/shm"
    exec chroot "$dir" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LANG=C.UTF-8 \
      DEBIAN_FRONTEND=noninteractive sh -c "[ ! -d /src ] || cd /src; $*"' sh "$dir" "$@"
}

case ${1-} in
  make) make_one "$2" "$3" "${4-}" ;;
  copy) copy "$2" ;;
  run) shift && run "$@" ;;
  *) sed -n '2,/^set/s/^# //p' "$0" >&2 && exit 2 ;;
esac
