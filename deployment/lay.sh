#!/bin/sh
# Lay a release beside those that are there, ready to run, and say its version: lay.sh FOLDER ROADBOOK PYTHON
# FOLDER: a checkout or an unpacked archive. It becomes ROADBOOK/releases/VERSION with a virtual environment of its own;
# what runs now is not touched. Safe to run again: a release that is whole stays as it is, half a one is made anew.
set -eu
folder=$(cd "$1" && pwd)
roadbook=$2
python=$3

version=$(sh "$folder/deployment/version.sh" "$folder")
release=$roadbook/releases/$version

if [ ! -e "$release/.whole" ]; then
    rm -rf "$release"
    mkdir -p "$release"
    sh "$folder/deployment/files.sh" "$folder" | tar -C "$release" --no-same-owner -xf -
    (
        cd "$release"
        sh deployment/venv.sh "$python" .venv >&2
        .venv/bin/python -m compileall -q server sync web
        .venv/bin/python -m server.assets_kept
    )
    touch "$release/.whole"
fi
echo "$version"
