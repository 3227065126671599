#!/bin/sh
# Say which release a folder is: version.sh FOLDER
# A release archive: the version of pyproject.toml. Anything else, as a checkout, may hold whatever somebody is working
# on: the version and the beginning of a digest of its files.
set -eu
folder=$1

version=$(sed -n 's/^version = "\([0-9A-Za-z.]*\)"$/\1/p' "$folder/pyproject.toml")
[ -n "$version" ] || { echo "$folder is no Roadbook: its pyproject.toml says no version" >&2; exit 1; }

# Filled in by `git archive` alone.
case $(cat "$folder/deployment/COMMIT" 2>/dev/null) in
'' | *Format*)
    digest=$(sh "$folder/deployment/files.sh" "$folder" | sha256sum | cut -c1-8)
    echo "$version+$digest"
    ;;
*) echo "$version" ;;
esac
