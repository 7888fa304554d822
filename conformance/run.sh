#!/usr/bin/env bash
# run.sh: installs the two published SDKs, each into an environment of its own below
# $BUILD/conformance, and runs compare.py with them. Where there is no Python 3.11 or later, or no
# package index, it says so and exits 0: that is no fault of this tree.
set -u
cd "$(dirname "$0")/.."
build=${BUILD:-build}
case $build in /*) ;; *) build=$PWD/$build ;; esac
packages="legacy=legacy-sdk current=current-sdk"

skip() {
  echo "conformance: SKIPPED, nothing was compared: $*"
  exit 0
}

arguments=()
for word in $packages; do
  place=$build/conformance/${word%%=*}
  if tools/venv.sh "$place" "${word#*=}" bosa_connectors; then
    arguments+=("${word%%=*}=$place/bin/python")
  else
    echo "conformance: SKIPPED ${word#*=}, it can't be installed: $(grep . "$place.log" | grep -m 1 ERROR)"
  fi
done
[ ${#arguments[@]} -gt 0 ] || skip "neither SDK could be installed (is there a package index?)"
PYTHONDONTWRITEBYTECODE=1 exec "$place/bin/python" conformance/compare.py "$build" "${arguments[@]}"
