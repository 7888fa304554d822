#!/usr/bin/env bash
# fuzz.sh DIR SECONDS: runs the fuzzing programs below DIR/spec/c/fuzz, each for so long, on the inputs
# of spec/c/fuzz/corpus/NAME and on what earlier runs found (DIR/corpus/NAME). An input that breaks a
# promise is kept and shown. The last line is "N passed, N failed".
set -u
cd "$(dirname "$0")/.."
dir=$1 seconds=$2 passed=0 failed=0
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT TERM

# Bytes of the file as hexadecimal digits, the first 64.
show() {
  od -An -v -tx1 -N64 "$1" | tr -d '\n'
}

run() {
  local name=$1 grown=$dir/corpus/$1 bad=$dir/found/$1- runs corpus crash
  mkdir -p "$grown" "$dir/found"
  UBSAN_OPTIONS=print_stacktrace=1 timeout --kill-after=10 $((seconds + 60)) "$dir/spec/c/fuzz/$name" \
    -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=65536 -verbosity=1 -print_final_stats=1 \
    -artifact_prefix="$bad" "$grown" "spec/c/fuzz/corpus/$name" >"$log" 2>&1 </dev/null
  local status=$?
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  corpus=$(find "$grown" -type f | wc -l)
  if [ $status -eq 0 ] && [ -n "$runs" ]; then
    printf '  ok    %-14s %9d executions, %d inputs found\n' "$name" "$runs" "$corpus"
    passed=$((passed + 1))
    return
  fi
  printf '  FAIL  %-14s status %d\n' "$name" "$status"
  grep -vE '^#|^INFO' "$log" | head -n 40 | sed 's/^/        /'
  crash=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
  [ -z "$crash" ] || echo "        input: $crash:$(show "$crash")"
  failed=$((failed + 1))
}

echo "== Fuzzing, $seconds s each"
for source in spec/c/fuzz/*.c; do
  run "$(basename "$source" .c)"
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
