#!/usr/bin/env bash
# rules.sh: the two rules of the tree that a search can check.
set -u
cd "$(dirname "$0")/.."
status=0

if grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]([^">]*/)?(lua|lauxlib|lualib|luajit|luaconf)\.h' \
  csrc/core/*.[ch]; then
  echo "rules: the core knows nothing of Lua; the lines above include its headers" >&2
  status=1
fi

files=$(grep -lE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]curl/' csrc/*/*.[ch])
if ! grep -qxE 'csrc/core/transfer[a-z_]*\.[ch]' <<<"$files" || [ "$(wc -l <<<"$files")" -ne 1 ]; then
  echo "rules: one file, of the transfer module, includes curl/curl.h; found:" "${files:-none}" >&2
  status=1
fi
exit $status
