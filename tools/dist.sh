#!/usr/bin/env bash
# dist.sh VERSION DIR: puts the last commit into DIR/bosa-VERSION.tar.gz, which builds without git, and a PKGBUILD for it
# beside it. The same commit gives the same bytes.
set -eu
cd "$(dirname "$0")/.."
version=$1 out=$2
git rev-parse -q --verify HEAD >/dev/null || { echo "dist.sh: this is no git checkout" >&2 && exit 1; }
git diff --quiet HEAD || echo "note: there are changes that are not committed; they are not in it" >&2
grep -qF "## $version" CHANGELOG.md || echo "note: CHANGELOG.md has no entry for $version yet" >&2
mkdir -p "$out"
tarball=$out/bosa-$version.tar.gz
git archive --format=tar --prefix="bosa-$version/" HEAD | gzip -9n >"$tarball"
sum=$(sha256sum "$tarball" 2>/dev/null || shasum -a 256 "$tarball")
sed -e "s/@VERSION@/$version/; s/@SHA256@/${sum%% *}/" packaging/PKGBUILD.in >"$out/PKGBUILD"
echo "made $tarball and $out/PKGBUILD"
