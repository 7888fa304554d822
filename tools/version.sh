#!/bin/sh
# version.sh NAME: prints the package and version that tools/versions has for it.
while read -r name package; do
  [ "$name" = "$1" ] && echo "$package" && exit
done <"${0%/*}/versions"
echo "tools/versions has no '$1'" >&2
exit 1
