#!/usr/bin/env bash
# deps.sh [-v] GROUP...: installs the packages of the groups build, test, lint, fuzz, coverage, bench, doc, recording,
# deb, matrix that are missing, on Debian and Ubuntu as root. A machine that has them all uses no network. Elsewhere it
# says what is missing and goes on; the build says for itself what it can't do without. With -v it also says that
# nothing is missing.
#
# Nothing that is there is ever removed: where two packages exclude each other either will do
# (written a|b), and the one is chosen that suits what is installed. No service is started. A package that
# this release doesn't have, and that only makes a result nicer, is done without (written a|, a or nothing).
set -u

luajit="luajit2|luajit"
luajit_dev="libluajit2-5.1-dev|libluajit-5.1-dev"
build_group="gcc libc6-dev make pkg-config lua5.4 liblua5.4-dev $luajit $luajit_dev
  libcurl4-openssl-dev|libcurl4-gnutls-dev|libcurl4-nss-dev zlib1g-dev libmicrohttpd-dev
  lua-argparse lua-luv lua-readline"
test_group="libcmocka-dev libarchive-dev libssl-dev lua-busted lua-cjson lua-socket lua-cqueues luarocks neovim
  nginx-light|nginx-full|nginx-extras libnginx-mod-http-lua json-schema-test-suite openssl curl
  ca-certificates valgrind cmark-gfm tmux zsh fish jq less python3-venv"
sanitizers="libclang-rt-14-dev|libclang-rt-dev" # bookworm has no package without the number
fuzz_group="clang $sanitizers"
coverage_group="gcovr"
doc_group="cmark-gfm lua5.4|luajit2|luajit"
bench_group="wrk python3-venv lua-curl"
recording_group="tmux"
deb_group="dpkg-dev binutils"
matrix_group="debootstrap qemu-user-static python3-venv"
lint_group="lua-check libcmocka-dev clang clang-format clang-tidy $sanitizers"

installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# True when apt could install the package; a name that others only mention has no candidate.
available() {
  LC_ALL=C apt-cache policy "$1" 2>/dev/null | grep -qE '^ *Candidate: [^(]'
}

# True when one of a|b is installed.
satisfied() {
  local package
  for package in ${1//|/ }; do
    installed "$package" && return 0
  done
  return 1
}

# Prints the one of a|b to install. LuaJIT exists in two builds whose libraries exclude each other.
choose() {
  local package
  if installed libluajit-5.1-2; then
    case $1 in "$luajit" | "$luajit_dev") echo "${1##*|}" && return ;; esac
  fi
  for package in ${1//|/ }; do
    available "$package" && echo "$package" && return
  done
}

apt() {
  DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l apt-get -qq -y --no-install-recommends \
    --no-remove -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" </dev/null
}

# Installs packages; a line that a bare Debian writes for each run is left out.
install() {
  apt install "$@" 2>&1 >/dev/null | grep -v '^debconf: delaying package configuration' >&2
  return "${PIPESTATUS[0]}"
}

# Sets `missing` to what is not satisfied of the list given, but for what can be done without here.
look() {
  local item
  missing=()
  for item in "$@"; do
    satisfied "$item" && continue
    case $item in *'|') available "${item%|}" || continue ;; esac
    missing+=("$item")
  done
}

# Has dpkg's scripts start no service while packages are installed.
forbid_services() {
  local policy=/usr/sbin/policy-rc.d
  [ -e "$policy" ] && return
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  trap 'exit 130' INT TERM
  printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
}

install_missing() {
  local item package packages=()
  apt update >/dev/null || echo "deps: apt-get update failed; trying with the lists at hand" >&2
  look "${wanted[@]}"
  for item in "${missing[@]}"; do
    package=$(choose "$item")
    [ -n "$package" ] && packages+=("$package")
  done
  [ ${#packages[@]} -gt 0 ] || return
  echo "   installing ${#packages[@]} packages by apt-get: ${packages[*]}"
  forbid_services
  install "${packages[@]}" && return
  echo "deps: that failed as a whole; trying one by one" >&2
  for package in "${packages[@]}"; do
    install "$package"
  done
}

told=
[ "${1-}" != -v ] || { told=yes && shift; }
wanted=()
for group in "$@"; do
  case $group in
    build) wanted+=($build_group) ;;
    test) wanted+=($test_group) ;;
    lint) wanted+=($lint_group) ;;
    fuzz) wanted+=($fuzz_group) ;;
    coverage) wanted+=($coverage_group) ;;
    bench) wanted+=($bench_group) ;;
    doc) wanted+=($doc_group) ;;
    recording) wanted+=($recording_group) ;;
    deb) wanted+=($deb_group) ;;
    matrix) wanted+=($matrix_group) ;;
    *)
      echo "usage: $0 build|test|lint|fuzz|coverage|bench|doc|recording|deb|matrix..." >&2
      exit 2
      ;;
  esac
done

if ! command -v dpkg-query >/dev/null; then
  echo "deps: no dpkg here, so what is missing can't be told; these are Debian's names of it:"
  echo "  ${wanted[*]%|}"
  exit 0
fi
look "${wanted[@]}"
[ ${#missing[@]} -gt 0 ] || { [ -z "$told" ] || echo "   installed already" && exit 0; }
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  install_missing
  look "${wanted[@]}"
  [ ${#missing[@]} -gt 0 ] || exit 0
fi
echo "deps: still missing, and to be installed by root with apt-get install:" >&2
missing=("${missing[@]%|}")
printf '  %s\n' "${missing[@]//|/ or }" >&2
exit 0
