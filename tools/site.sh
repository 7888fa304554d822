#!/usr/bin/env bash
# site.sh DIR: makes the site of the documents and the reference of the API below DIR, by tools/site.lua.
set -eu
case $1 in /*) dir=$1 ;; *) dir=$PWD/$1 ;; esac
cd "$(dirname "$0")/.."
if ! command -v cmark-gfm >/dev/null; then
  echo "site.sh: cmark-gfm is needed (Debian: cmark-gfm)" >&2
  exit 3
fi
mkdir -p "$dir"
tools/on-vm.sh "" @lua -e 'package.path = "./?.lua;" .. package.path' tools/site.lua "$dir"
