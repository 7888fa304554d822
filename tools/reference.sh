#!/usr/bin/env bash
# reference.sh DIR: makes the reference of the API below DIR as HTML, by LDoc, of the definitions in lua/bosa/meta.
# What LDoc complains of is a failure.
set -eu
case $1 in /*) dir=$1 ;; *) dir=$PWD/$1 ;; esac
cd "$(dirname "$0")/.."
if ! command -v ldoc >/dev/null; then
  echo "reference.sh: ldoc is needed (Debian: lua-ldoc; luarocks: ldoc)" >&2
  exit 3
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tools/on-vm.sh "" @lua -e 'package.path = "./?.lua;" .. package.path' tools/reference.lua "$work"
mkdir -p "$dir"
ldoc -q -c doc/config.ld -d "$dir" "$work" >"$work/log" 2>&1 || { cat "$work/log" >&2 && exit 1; }
complaints=$(grep -vE "^(reading configuration|output written|format: )" "$work/log" || true)
[ -z "$complaints" ] || { echo "$complaints" >&2 && exit 1; }
