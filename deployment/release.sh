#!/bin/sh
# Make the archive of a release from what is committed, and its checksum: release.sh [FOLDER]
# The same commit gives the same bytes, on any machine. It unpacks to roadbook-VERSION/, from which install.sh runs.
set -eu
cd "$(dirname "$0")/.."
folder=${1:-build}

version=$(git show HEAD:pyproject.toml | sed -n 's/^version = "\([0-9A-Za-z.]*\)"$/\1/p')
name=roadbook-$version.tar.gz
mkdir -p "$folder"
# Without name and time of its own in gzip's header; plain settings, whatever git was told about archives elsewhere.
git -c core.autocrlf=false -c tar.umask=0022 archive --format=tar --prefix="roadbook-$version/" HEAD |
    gzip -9 -n >"$folder/$name.making"
mv "$folder/$name.making" "$folder/$name"
(cd "$folder" && sha256sum "$name" >SHA256SUMS && cat SHA256SUMS)
git diff --quiet HEAD || echo "What is not committed is not in it." >&2
