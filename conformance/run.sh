#!/usr/bin/env bash
# run.sh: installs the two published SDKs, each into an environment of its own below
# $BUILD/conformance, and runs compare.py with them. Where there is no Python 3.11 or later, or no
# package index, it says so and exits 0: that is no fault of this tree.
set -u
cd "$(dirname "$0")/.."
build=${BUILD:-build}
case $build in /*) ;; *) build=$PWD/$build ;; esac
packages="seed=bosa-connectors-binary==0.1.6b2 today=gl-connectors-sdk==0.1.15.post1"

skip() {
  echo "conformance: SKIPPED, nothing was compared: $*"
  exit 0
}

# The SDKs are published for 3.11 to 3.13.
python=
for program in python3.11 python3.12 python3.13 python3; do
  "$program" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null || continue
  "$program" -c 'import venv, ensurepip' 2>/dev/null || continue
  python=$program && break
done
[ -n "$python" ] || skip "no Python 3.11, 3.12 or 3.13 with venv was found"

# Installs a package with what it needs. An index may lack one dependency in the newest version that a
# package names; then that one is taken as it is, which is said.
install() {
  local pip="$1/bin/python -m pip --disable-pip-version-check -q" log=$1.log needs
  $pip install "$2" >"$log" 2>&1 && return
  grep -q "No matching distribution found for certifi" "$log" || return
  echo "note    the index has no certifi as new as $2 asks for; the newest it has is used"
  $pip install --no-deps "$2" >>"$log" 2>&1 || return
  needs=$("$1/bin/python" - "${2%%==*}" <<'PYTHON'
import importlib.metadata
import sys

for need in importlib.metadata.requires(sys.argv[1]) or ():
    if "extra ==" not in need:
        print("certifi" if need.startswith("certifi") else need.replace(" ", ""))
PYTHON
  )
  # shellcheck disable=SC2086 # a list of requirements, a word each
  $pip install $needs >>"$log" 2>&1
}

# Makes the environment of a package at a place, once.
prepare() {
  [ ! -e "$1/installed-$2" ] || return 0
  echo "== Installing $2"
  rm -rf "$1"
  mkdir -p "${1%/*}"
  "$python" -m venv "$1" >"$1.log" 2>&1 || return
  install "$1" "$2"
  "$1/bin/python" -c 'import bosa_connectors' 2>>"$1.log" || return
  touch "$1/installed-$2"
}

arguments=()
for word in $packages; do
  place=$build/conformance/${word%%=*}
  if prepare "$place" "${word#*=}"; then
    arguments+=("${word%%=*}=$place/bin/python")
  else
    echo "conformance: SKIPPED ${word#*=}, it can't be installed: $(grep . "$place.log" | grep -m 1 ERROR)"
  fi
done
[ ${#arguments[@]} -gt 0 ] || skip "neither SDK could be installed (is there a package index?)"
PYTHONDONTWRITEBYTECODE=1 exec "$python" conformance/compare.py "$build" "${arguments[@]}"
