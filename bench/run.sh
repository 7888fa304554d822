#!/usr/bin/env bash
# run.sh: every row side by side in one run, alternating, ROUNDS rounds (5), medians and spread; a table with ratios
# and goals, bench/results/latest.json, and a chart (CHART, bench/results/chart.svg). SHORT=1 only shows that every row
# runs, and fails where one doesn't. A peer that can't be installed is said to be missing.
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}
rounds=${ROUNDS:-5} scale=1
[ -z "${SHORT-}" ] || { rounds=1 scale=20; }
out=$(mktemp -d)
failed=$out.failed python='' schemas=''
trap 'rm -rf "$out" "$failed" "$out.cache" "$out.item"' EXIT
: >"$failed"
case $build in /*) ;; *) build=$PWD/$build ;; esac
if tools/venv.sh "$build/conformance/current" current-sdk gl_connectors_sdk; then
  python=$build/conformance/current/bin/python
else
  echo "missing: gl-connectors-sdk (no Python 3.11 to 3.13 with venv, or no package index)"
fi
if [ -e ../shared/schemas/github.json ] && command -v python3 >/dev/null; then
  schemas=../shared/schemas
else
  echo "missing: the real schemas, so no discovery rows"
fi

cc -O2 -o "$build/bench-bare" bench/bare.c $(pkg-config --cflags --libs libcurl)
has() { tools/on-vm.sh "$1" @lua -e "require('$2')" 2>/dev/null; }

# measure NAME CMD...: one round of a row's variant; a variant that can't run is said to be missing.
measure() {
  local name=$1
  shift
  if "$@" >>"$out/$name" 2>"$out/error"; then return; fi
  echo "  FAILED: $name ($(tail -1 "$out/error"))" >&2
  echo "$name" >>"$failed"
}

# began: milliseconds for a process that ends with its first result, N times.
began() {
  local n=$1 i from
  shift
  from=$(date +%s%N)
  for ((i = 0; i < n; i++)); do "$@" || return; done
  echo "$(($(date +%s%N) - from)) $n" | awk '{ printf "%.4f 0\n", $1 / 1e6 / $2 }'
}

# The same for Python, where there is one with the SDK.
python() {
  [ -z "$python" ] || measure "$1 python" "$python" bench/python.py "$2" "$3"
}

# The same for Lua-cURL, where it is installed.
lcurl() {
  [ -z "$has_lcurl" ] || measure "$1" tools/on-vm.sh luajit @lua bench/lcurl.lua "$2" "$3"
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
  coproc BACKEND { exec tools/on-vm.sh luajit @lua bench/backend.lua; }
  read -r BENCH_BACKEND_URL <&"${BACKEND[0]}"
  export BENCH_BACKEND_URL
  measure "small bare" "$build/bench-bare" "$BENCH_BACKEND_URL/connectors/lab/small" '{}' $((20000 / scale))
  per_vm small 20000
  python small small $((2000 / scale))
  measure "small luasocket" tools/on-vm.sh lua5.4 @lua bench/luasocket.lua 0 $((20000 / scale))
  lcurl "small lcurl" 0 $((20000 / scale))
  for size in 16000:10000 160000:2000; do
    local bytes=${size%:*} n=${size#*:} row=list-$((${size%:*} / 1000))k
    measure "$row bare" "$build/bench-bare" "$BENCH_BACKEND_URL/connectors/lab/list_$bytes" '{}' $((n / scale))
    per_vm "$row" "$n"
    python "$row" "$row" $((n / 25 / scale + 1))
    measure "$row luasocket" tools/on-vm.sh lua5.4 @lua bench/luasocket.lua "$bytes" $((n / scale))
    lcurl "$row lcurl" "$bytes" $((n / scale))
  done
  per_vm list-160k-one 2000
  per_vm list-160k-meta 2000
  kill "$BACKEND_PID" && wait "$BACKEND_PID" 2>/dev/null || true
  for size in 16000:2000 160000:200 5000000:8; do
    for what in decode encode; do
      python "json-$what-$((${size%:*} / 1000))k" "json-$what-$((${size%:*} / 1000))k" $((${size#*:} / scale + 1))
      for vm in lua5.4 luajit; do
        measure "json-$what-$((${size%:*} / 1000))k $vm" tools/on-vm.sh $vm @lua bench/json.lua $what "${size%:*}" $((${size#*:} / scale + 1))
        measure "json-$what-$((${size%:*} / 1000))k cjson-$vm" tools/on-vm.sh $vm @lua bench/json.lua cjson-$what "${size%:*}" $((${size#*:} / scale + 1))
      done
    done
  done
  discovery
  start
  growth
  per_vm pages 100
  python pages pages $((100 / scale + 1))
  per_vm flight 1000
  per_vm upload 1024
  per_vm download 1024
  files $((1024 / scale))
}

discovery() {
  [ -n "$schemas" ] || return 0
  coproc SERVER { exec python3 bench/schemas.py "$schemas"; }
  read -r BENCH_SCHEMAS_URL <&"${SERVER[0]}"
  export BENCH_SCHEMAS_URL BENCH_SCHEMAS_CACHE=$out.cache/schemas
  per_vm validate 100000
  python validate validate $((20000 / scale))
  per_vm discovery $((scale > 1 ? 2 : 40))
  per_vm discovery-cache $((scale > 1 ? 2 : 40))
  python discovery discovery $((scale > 1 ? 1 : 10))
  kill "$SERVER_PID" && wait "$SERVER_PID" 2>/dev/null || true
}

start() {
  local vm n=$((scale > 1 ? 2 : 20))
  for vm in lua5.4 luajit; do
    measure "start $vm" began "$n" tools/on-vm.sh $vm @lua bench/ours.lua start 1
    BENCH_CACHE=$out.cache/start measure "start-cached $vm" began "$n" tools/on-vm.sh $vm @lua bench/ours.lua start 1
  done
  [ -z "$python" ] || measure "start python" began $((scale > 1 ? 1 : 3)) "$python" bench/python.py start 1
}

# files MIB: the curl command's speed with the same request and answer.
files() {
  local url=$BOSA_API_BASE_URL/connectors/lab
  truncate -s "$1M" "$out.big"
  measure "upload curl" speed speed_upload -F "file=@$out.big" "$url/upload"
  rm -f "$out.big"
  measure "download curl" speed speed_download -H 'Content-Type: application/json' \
    -d "{\"bytes\":$(($1 * 1048576))}" "$url/download"
}

speed() {
  local what=$1 rate
  shift
  rate=$(curl -sf -o /dev/null -w "%{$what}" -H "X-API-Key: $BOSA_API_KEY" -H "Authorization: Bearer $BOSA_TOKEN" "$@") || return
  awk -v r="$rate" 'BEGIN { printf "%.4f 0\n", r / 1048576 }'
}

# Of each thing, a tenth, the whole and ten times as much: the ratios tell whether it grows in proportion.
growth() {
  local vm what size n
  for what in items:10000 pages:30 parameters:10000 calls:100; do
    size=${what#*:}
    for vm in lua5.4 luajit; do
      for n in $((size / 10)) "$size" $((size * 10)); do
        measure "growth-${what%:*}-$n $vm" tools/on-vm.sh $vm @lua bench/ours.lua "growth-${what%:*}" "$n"
      done
    done
  done
}

# mcp SECONDS: the Model Context Protocol served by nginx, and by the Python SDK's own server.
mcp() {
  local sdk=$build/mcp-client-2
  tools/venv.sh "$sdk" mcp-2 mcp || sdk=
  coproc BACKEND { exec tools/on-vm.sh luajit @lua bench/backend.lua; }
  read -r BENCH_BACKEND_URL <&"${BACKEND[0]}"
  export BENCH_BACKEND_URL
  tools/on-vm.sh lua5.4 @lua bench/mcp.lua "$1" ${sdk:+"$sdk/bin/python"} || echo mcp >>"$failed"
  kill "$BACKEND_PID" && wait "$BACKEND_PID" 2>/dev/null || true
}

has_lcurl=$(has luajit curl && echo yes) || echo "missing: Lua-cURL (lua-curl)"
printf '%s' '{"id":1296269,"node_id":"MDU6SXNzdWUx","number":1347,"state":"open","title":"Found a bug","body":"I'\''m having a
problem with this.","user":{"login":"octocat","id":1,"site_admin":false},"labels":[{"id":208045946,"name":"bug",
"color":"f29513"}],"comments":0,"created_at":"2011-04-22T13:33:48Z","score":0.75}' | tr '\n' ' ' >"$out.item"
export BENCH_JSON_ITEM=$out.item PYTHONDONTWRITEBYTECODE=1
export -f lcurl measure mcp per_vm all_rows has began python discovery start growth files speed
export out build rounds scale failed python schemas has_lcurl
mkdir -p bench/results
tools/with-sandbox.sh bash -c 'for i in $(seq '"$rounds"'); do all_rows $i; done'
tools/on-vm.sh lua5.4 @lua bench/report.lua "$out" bench/results/latest.json "${CHART:-bench/results/chart.svg}"
if command -v wrk >/dev/null; then
  tools/on-vm.sh lua5.4 tools/with-sandbox.sh @lua bench/nginx.lua $((5 / (scale > 1 ? 5 : 1)))
  tools/with-sandbox.sh bash -c "mcp $((5 / (scale > 1 ? 5 : 1)))"
else
  echo "missing: the nginx and mcp rows (install wrk)"
fi
if [ -s "$failed" ]; then
  echo "rows that did not run: $(sort -u "$failed" | tr '\n' ' ')"
  exit 1
fi
