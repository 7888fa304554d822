#!/usr/bin/env bash
# coverage.sh DIR: runs every test of the build in DIR, which was made with COV=1, and prints which lines
# and branches of the product they reached: of each file of core and binding, and of the sandbox server,
# which is there for tests, in all.
set -u
cd "$(dirname "$0")/.."
dir=$1

report() {
  gcovr --root . --object-directory "$dir" --exclude-unreachable-branches --gcov-ignore-parse-errors "$@" "$dir"
}

find "$dir" -name '*.gcda' -delete
echo "== Running the tests"
BUILD=$dir tools/test.sh | tail -n 1
echo "== Lines"
report --filter csrc/core --filter csrc/lua | grep -vE '^(-|=|GCC)'
echo "== Branches"
report --branches --filter csrc/core --filter csrc/lua | grep -vE '^(-|=|GCC)'
echo "== Sandbox server"
report --filter csrc/sandbox | grep TOTAL
