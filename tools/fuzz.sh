#!/usr/bin/env bash
# fuzz.sh DIR SECONDS: runs the fuzzing programs below DIR/spec/c/fuzz, each for so long, on the inputs
# of spec/c/fuzz/corpus/NAME and on what earlier runs found (DIR/corpus/NAME). An input that breaks a
# promise is kept in DIR/found and shown. The last line is "N passed, N failed". The environment may give
#   ONLY        a pattern (grep -E): only the targets whose names match
#   FUZZ_SEED   a number: the same inputs each time, as far as a program can (0: others each time)
set -u
cd "$(dirname "$0")/.."
dir=$1 seconds=$2 passed=0 failed=0
only=${ONLY:-.}
most_seconds=100  # by the clock on the wall for one input: one without end, on a machine with other work
most_memory=2048  # MiB
most_bytes=65536  # of an input
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT TERM

# The option that gives words of its input's language to the fuzzer, where there are any.
words() {
  local name=$1
  case $1 in
    json_round | cassette) name=json_text ;;
    socket) name=exchange ;;
    snapshot | cache) name=schema ;;
  esac
  [ ! -e "spec/c/fuzz/$name.dict" ] || echo "-dict=spec/c/fuzz/$name.dict"
}

# Bytes of the file as hexadecimal digits, the first 4096.
show() {
  od -An -v -tx1 -N4096 "$1" | tr -d ' \n'
  [ "$(wc -c <"$1")" -le 4096 ] || printf '...'
}

run() {
  local name=$1 grown=$dir/corpus/$1 status runs seeds corpus crash
  mkdir -p "$grown" "$dir/found"
  # shellcheck disable=SC2046 # one word, or none
  UBSAN_OPTIONS=print_stacktrace=1 timeout --kill-after=10 $((seconds + 2 * most_seconds)) "$dir/spec/c/fuzz/$name" \
    -seed="${FUZZ_SEED:-0}" -max_total_time="$seconds" -timeout=$most_seconds -rss_limit_mb=$most_memory -max_len=$most_bytes \
    -print_final_stats=1 -artifact_prefix="$dir/found/$name-" $(words "$name") \
    "$grown" "spec/c/fuzz/corpus/$name" >"$log" 2>&1 </dev/null
  status=$?
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  seeds=$(find "spec/c/fuzz/corpus/$name" -type f | wc -l)
  corpus=$(find "$grown" -type f | wc -l)
  if [ $status -eq 0 ] && [ "${runs:-0}" -gt "$seeds" ]; then
    printf '  ok    %-12s %9d executions, corpus of %d and %d found\n' "$name" "$runs" "$seeds" "$corpus"
    passed=$((passed + 1))
    return
  fi
  printf '  FAIL  %-12s status %d after %d executions\n' "$name" "$status" "${runs:-0}"
  grep -vE '^#|^INFO' "$log" | head -n 40 | sed 's/^/        /'
  crash=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
  [ -z "$crash" ] || echo "        input in $crash: $(show "$crash")"
  failed=$((failed + 1))
}

echo "== Fuzzing, $seconds s each"
for source in spec/c/fuzz/*.c; do
  name=$(basename "$source" .c)
  if grep -qE -- "$only" <<<"$name"; then
    run "$name"
  fi
done
[ $((passed + failed)) -gt 0 ] || { echo "  FAIL  no target matches $only" && failed=1; }
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
