#!/bin/sh
# Make the virtual environment from a lock file: venv.sh PYTHON FOLDER [LOCK]
# requirements.lock is what serving needs, requirements-dev.lock has the tests too.
# Safe to run again; a half-made environment is made anew.
set -eu
python=$1
venv=$2
lock=${3:-requirements.lock}

"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' || {
    echo "Roadbook needs Python 3.11 to 3.14; $python is $("$python" -V 2>&1). Try: make PYTHON=python3.12 …" >&2
    exit 1
}

# Debian and Ubuntu ship python3 without the part that puts pip into a virtual environment.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    package="python$version-venv"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package"
    else
        echo "This Python cannot make virtual environments. Install $package and run make again:" >&2
        echo "    sudo apt-get install $package" >&2
        exit 1
    fi
fi

[ -e "$venv/.installed" ] || rm -rf "$venv"
"$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
touch "$venv/.installed"
