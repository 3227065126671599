#!/bin/sh
# The command `roadbook` on an installed machine: the settings read, the right user, the release in use.
# Put here by deployment/install.sh.
set -eu
settings=/etc/roadbook/roadbook.env
current=/opt/roadbook/current

if [ "$(id -u)" != 0 ] && [ "$(id -un)" != roadbook ]; then
    echo "roadbook: only root may do this. Try: sudo roadbook $*" >&2
    exit 1
fi
[ -r "$settings" ] || { echo "roadbook: $settings is missing. Run deployment/install.sh again." >&2; exit 1; }

# As systemd reads it: names and values, nothing that a shell would carry out.
while IFS= read -r line || [ -n "$line" ]; do
    case $line in
    [A-Z]*=*) ;;
    *) continue ;;
    esac
    value=${line#*=}
    case $value in
    \"*\") value=${value#\"} value=${value%\"} ;;
    \'*\') value=${value#\'} value=${value%\'} ;;
    esac
    export "${line%%=*}=$value"
done <"$settings"

export PYTHONPATH="$current"
set -- "$current/.venv/bin/python" -P -m server "$@"
# An upgrade changes what is installed, and starts and stops the server: that is for root. All else is for the user
# that owns the firm, so that no file of another owner gets among its own.
[ "$(id -u)" != 0 ] || [ "${5-}" = upgrade ] || set -- runuser -u roadbook -- "$@"
exec "$@"
