#!/usr/bin/env bash
# venv.sh PLACE NAME MODULE: makes a Python environment at PLACE with a package of tools/versions, once, and checks
# that MODULE can be imported. Says on stderr what it does and why it couldn't. 3: no Python for it.
set -u
place=$1 module=$3
package=$("${0%/*}/version.sh" "$2") || exit

# The SDKs are published for 3.11 to 3.13.
python=
for program in python3.11 python3.12 python3.13 python3; do
  "$program" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null || continue
  "$program" -c 'import venv, ensurepip' 2>/dev/null || continue
  python=$program && break
done
if [ -z "$python" ]; then
  echo "no Python 3.11, 3.12 or 3.13 with venv was found" >&2
  exit 3
fi

# Installs the package with what it needs. An index may lack one dependency in the newest version that a
# package names; then that one is taken as it is, which is said.
install() {
  local pip="$place/bin/python -m pip --disable-pip-version-check -q" log=$place.log needs
  $pip install "$package" >"$log" 2>&1 && return
  grep -q "No matching distribution found for certifi" "$log" || return
  echo "note    the index has no certifi as new as $package asks for; the newest it has is used" >&2
  $pip install --no-deps "$package" >>"$log" 2>&1 || return
  needs=$("$place/bin/python" - "${package%%==*}" <<'PYTHON'
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

[ ! -e "$place/installed-$package" ] || exit 0
echo "== Installing $package" >&2
rm -rf "$place"
mkdir -p "${place%/*}"
"$python" -m venv "$place" >"$place.log" 2>&1 || exit
install
"$place/bin/python" -c "import $module" 2>>"$place.log" || exit
touch "$place/installed-$package"
