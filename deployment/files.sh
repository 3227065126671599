#!/bin/sh
# Write what serving needs of a checkout or an unpacked archive to standard output, as tar: files.sh FOLDER
# The same files give the same bytes. Left out is what only developing needs, and what was made here.
set -eu
tar -C "$1" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode='u=rwX,go=rX' \
    --exclude='__pycache__' --exclude='./.*' --exclude='./tests' --exclude='./var' --exclude='./build' \
    --exclude='./deployment/compose*.env' --exclude='*.egg-info' --no-wildcards-match-slash -cf - .
