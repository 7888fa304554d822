#!/usr/bin/env bash
# test.sh [c|lua]...: runs the tests of what was built (all kinds unless told) and counts them.
#
# Every program and every spec file is a process of its own, so a crash costs one failure and the rest
# is still run. The last line is "N passed, N failed". The environment may give
#   ONLY     a pattern (grep -E): only the programs and spec files whose names match
#   EXCEPT   a pattern: not those
#   VMS      the VMs to run the specs on (lua5.4, luajit, and lua5.5 where it was built); one that is
#            missing is a failure
#   RUNNER   a command before each C program (valgrind ...)
#   LIMIT    seconds after which one program counts as hung
#   AGAIN    set: what failed is run a second time, which counts; both are told, and named at the end
#   GC       aggressive or generational: how Lua collects while the specs run (spec/support/gc.lua)
set -u
cd "$(dirname "$0")/.."
build=${BUILD:-build}
only=${ONLY:-.}
except=${EXCEPT:-^$}
limit=${LIMIT:-600}
suite=${JSON_SCHEMA_SUITE:-/usr/share/json-schema-test-suite/tests}
schemas=${BOSA_SCHEMAS:-../shared/schemas}
passed=0 failed=0 skipped=0
unsteady=()

output=$(mktemp) || exit 1
home=$(mktemp -d) || exit 1
trap 'rm -rf "$output" "$home"' EXIT
trap 'exit 130' INT TERM

# What somebody has set or keeps at home decides nothing here: sessions, caches by the address of a server (whose
# port may come again), keys, proxies, a language, a umask.
export XDG_CONFIG_HOME=$home/config XDG_CACHE_HOME=$home/cache XDG_STATE_HOME=$home/state XDG_DATA_HOME=$home/data
export LC_ALL=C.UTF-8
unset BOSA_API_BASE_URL BOSA_API_KEY BOSA_TOKEN BOSA_PROFILE BOSA_CA_FILE BOSA_DEBUG BOSA_CASSETTE
unset NO_COLOR COLUMNS LINES PAGER BROWSER TMUX
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY
umask 022

# A sanitizer's library that is loaded before everything makes curl hang now and then, and finds faults of
# jq's; these programs are no part of what is tested.
if [ -n "${LD_PRELOAD-}" ]; then
  plain=$(LD_PRELOAD='' mktemp -d) || exit 1
  trap 'rm -rf "$output" "$home" "$plain"' EXIT
  for name in curl jq; do
    program=$(command -v $name) || continue
    printf '#!/bin/sh\nunset LD_PRELOAD\nexec %s "$@"\n' "$program" >"$plain/$name"
    chmod 755 "$plain/$name"
  done
  PATH=$plain:$PATH
fi

guard=()
command -v timeout >/dev/null && guard=(timeout --foreground --kill-after=10 "$limit")

# From TAP, or from lines "N passed, N failed[, N skipped]": passed, failed, skipped, and the results
# that were announced but never given. TAP without a plan was cut off: busted prints it at the end.
count() {
  awk '
    /^[0-9]+ passed, [0-9]+ failed/ { p += $1; f += $3; s += $5; next }
    /^(not )?ok / { tap = 1 }
    /^(not )?ok .*# SKIP/ { s++; next }
    /^ok / { p++; next }
    /^not ok / { f++; if ($3 == 0) group++; next }
    /^1\.\.[0-9]+$/ { plan += substr($0, 4); planned = 1 }
    END {
      lost = planned && !group ? plan - p - f - s : tap && !planned
      print p + 0, f + 0, s + 0, (lost > 0 ? lost : 0)
    }' "$output"
}

# What a program said, without its successes; nor the names of tests as they began, but where it
# broke off.
complaints() {
  local begun='^# .*_spec\.lua @ [0-9]+: '
  [ -z "$1" ] || begun='^$'
  grep -vE "^ok |^1\\.\\.|$begun" "$output" | tail -n 200 | sed 's/^/        /'
}

# Runs a program: p, f and s are its results, `note` is why it has none.
try() {
  local status lost
  note=
  { "${guard[@]}" "$@" >"$output" 2>&1 </dev/null; } 2>/dev/null
  status=$?
  read -r p f s lost < <(count)
  if [ "$lost" -gt 0 ]; then
    note="$lost or more tests gave no result"
    f=$((f + 1))
  elif [ $((p + f + s)) -eq 0 ]; then
    note="no tests ran"
    f=1
  elif [ $status -ne 0 ] && [ "$f" -eq 0 ]; then
    note="ended with status $status"
    f=1
  fi
  [ $status -eq 124 ] && note="stopped after $limit seconds"
  [ $status -gt 128 ] && note="killed by signal $((status - 128))"
  return 0
}

# Runs a program, counts its results, prints one line, and its complaints when something was wrong.
run() {
  local name=$1 p f s note
  shift
  try "$@"
  if [ "$f" -gt 0 ] && [ -n "${AGAIN-}" ]; then
    printf '  again %-44s %5d passed, %d failed%s\n' "$name" "$p" "$f" "${note:+ ($note)}"
    complaints "$note" | sed 's/not ok/at first/'
    try "$@"
    [ "$f" -gt 0 ] || unsteady+=("$name")
  fi
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  if [ "$f" -eq 0 ]; then
    printf '  ok    %-44s %5d%s\n' "$name" "$p" "$([ "$s" -eq 0 ] || echo "  ($s skipped)")"
  else
    printf '  FAIL  %-44s %5d passed, %d failed%s\n' "$name" "$p" "$f" "${note:+ ($note)}"
    complaints "$note"
  fi
}

# A step that could not be made at all.
broken() {
  printf '  FAIL  %s\n' "$1"
  failed=$((failed + 1))
}

matches() {
  grep -qE -- "$only" <<<"$1" && ! grep -qE -- "$except" <<<"$1"
}

run_c() {
  local source name program found=
  echo "== C"
  export CMOCKA_MESSAGE_OUTPUT=TAP BOSA_SANDBOX="$build/bin/bosa-sandbox"
  for source in spec/c/test_*.c spec/c/schema_*.c; do
    name=$(basename "$source" .c)
    program=$build/spec/c/$name
    [ -e "$source" ] || continue
    found=yes
    matches "$name" || continue
    case $name in
      schema_suite) [ -d "$suite" ] || { broken "$name: no directory $suite" && continue; } ;;
      schema_real) [ -d "$schemas" ] || continue ;;
    esac
    case $name in
      schema_suite) run "$name" ${RUNNER-} "$program" "$suite"/draft6 "$suite"/draft7 ;;
      schema_real) run "$name" ${RUNNER-} "$program" "$schemas"/*.json ;;
      *) run "$name" ${RUNNER-} "$program" ;;
    esac
  done
  [ -n "$found" ] || broken "there are no C tests"
}

run_lua() {
  local vm spec busted found gift='' helper=()
  [ -z "${GC-}" ] || helper=(--helper=spec/support/gc.lua)
  busted=$(command -v busted) || { broken "busted is not installed" && return; }
  [ ! -e "$build/lua5.5/bosa/core.so" ] || gift=lua5.5
  for vm in ${VMS:-lua5.4 $gift luajit}; do
    echo "== Lua specs on $vm"
    if [ ! -e "$build/$vm/bosa/core.so" ]; then
      broken "$vm: no module was built for it"
      continue
    fi
    found=
    for spec in spec/*_spec.lua spec/*/*_spec.lua; do
      [ -e "$spec" ] || continue
      found=yes
      matches "$spec" && run "$vm $spec" tools/on-vm.sh "$vm" "$busted" --lua=@lua "${helper[@]}" -o TAP "$spec"
    done
    [ -n "$found" ] || broken "there are no specs"
  done
}

for kind in ${*:-c lua}; do
  case $kind in
    c) run_c ;;
    lua) run_lua ;;
    *)
      echo "usage: $0 [c|lua]..." >&2
      exit 2
      ;;
  esac
done

[ $((passed + failed)) -gt 0 ] || broken "no test matches $only"
[ "$skipped" -eq 0 ] || echo "$skipped skipped"
[ ${#unsteady[@]} -eq 0 ] || printf 'failed at first, passed when run again: %s\n' "${unsteady[@]}"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
