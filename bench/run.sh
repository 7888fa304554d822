#!/usr/bin/env bash
# run.sh: every row side by side in one run, alternating, ROUNDS rounds (5), medians and spread; a table with ratios,
# and bench/results/latest.json. SHORT=1 only shows that every row runs.
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}
rounds=${ROUNDS:-5} scale=1
[ -z "${SHORT-}" ] || { rounds=1 scale=20; }
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

cc -O2 -o "$build/bench-bare" bench/bare.c $(pkg-config --cflags --libs libcurl)
has() { tools/on-vm.sh "$1" @lua -e "require('$2')" 2>/dev/null; }

# measure NAME CMD...: one round of a row's variant; a variant that can't run is said to be missing.
measure() {
  local name=$1
  shift
  if "$@" >>"$out/$name" 2>"$out/error"; then return; fi
  echo "  missing: $name ($(tail -1 "$out/error"))" >&2
}

per_vm() {
  local row=$1 n=$2 vm
  for vm in lua5.4 luajit; do
    measure "$row $vm" tools/on-vm.sh $vm @lua bench/ours.lua "$row" $((n / scale + 1))
  done
}

all_rows() {
  local size
  echo "round $1 of $rounds" >&2
  measure "small bare" "$build/bench-bare" "$BOSA_API_BASE_URL/connectors/lab/small" '{}' $((10000 / scale))
  per_vm small 10000
  measure "small luasocket" tools/on-vm.sh lua5.4 @lua bench/luasocket.lua 0 $((10000 / scale))
  for size in 16000:2000 160000:400; do
    local bytes=${size%:*} n=${size#*:} row=list-$((${size%:*} / 1000))k
    measure "$row bare" "$build/bench-bare" "$BOSA_API_BASE_URL/connectors/lab/list_bytes" "{\"bytes\":$bytes}" $((n / scale))
    per_vm "$row" "$n"
    measure "$row luasocket" tools/on-vm.sh lua5.4 @lua bench/luasocket.lua "$bytes" $((n / scale))
  done
  per_vm list-160k-one 400
  for size in 16000:2000 160000:200 5000000:8; do
    for what in decode encode; do
      for vm in lua5.4 luajit; do
        measure "json-$what-$((${size%:*} / 1000))k $vm" tools/on-vm.sh $vm @lua bench/json.lua $what "${size%:*}" $((${size#*:} / scale + 1))
        measure "json-$what-$((${size%:*} / 1000))k cjson-$vm" tools/on-vm.sh $vm @lua bench/json.lua cjson-$what "${size%:*}" $((${size#*:} / scale + 1))
      done
    done
  done
  per_vm validate 100000
  per_vm pages 100
  per_vm flight 1000
  per_vm upload 1024
  per_vm download 1024
}

export -f measure per_vm all_rows has
export out build rounds scale
tools/with-sandbox.sh bash -c 'for i in $(seq '"$rounds"'); do all_rows $i; done'
tools/on-vm.sh lua5.4 @lua bench/report.lua "$out" bench/results/latest.json
if command -v wrk >/dev/null; then
  tools/on-vm.sh lua5.4 tools/with-sandbox.sh @lua bench/nginx.lua $((5 / (scale > 1 ? 5 : 1)))
else
  echo "missing: the nginx rows (install wrk)"
fi
