#!/bin/sh
# Install Roadbook on this machine, from the checkout or unpacked archive that this file is in:
#
#   sudo sh deployment/install.sh --url https://roadbook.example.com [--email it@example.com] [--replica PLACE]
#   sudo sh deployment/install.sh --lan roadbook.lan          a name inside this network, without a domain
#   sudo sh deployment/install.sh --url 'https://*.example.com' --firms     several firms, each under its host name
#
# Safe to run again: it changes what differs and says so; settings that are there stay. What it makes, and how to take
# it away again, is in deployment/INSTALL.md.
#
#   --email ADDRESS   whom the certificate's maker and push services may write to when something is wrong
#   --replica PLACE   where every change is kept away from this machine: file:///…, s3://…, sftp://… (deployment/BACKUPS.md);
#                     what lets us in is taken from ROADBOOK_REPLICA_KEY, _SECRET and _HOST_KEY in the environment
#   --standby         a second machine: it follows the replica that another one writes, and serves once it is promoted
#   --no-caddy        another proxy does TLS
#   --no-start        put everything in place, start nothing
#   --dry-run         say what would be done
#   --root FOLDER     fill a folder, for an image: files alone, no packages, no user
set -eu
umask 022

source=$(cd "$(dirname "$0")/.." && pwd)
settings=/etc/roadbook/roadbook.env
arguments=$*
url='' email='' replica='' kind=domain root='' dry=no start=yes with_caddy=yes standby=no restart=no caddy_changed=no

. "$source/deployment/install/steps.sh"
. "$source/deployment/install/machine.sh"
. "$source/deployment/install/services.sh"

main() {
    read_arguments "$@"
    check_root
    recall
    ask_url
    check_system
    check_url
    check_standby
    check_room
    check_ports
    # Outlives no run, and is in nobody else's reach.
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT

    version=$(sh "$source/deployment/version.sh" "$source")
    say "Roadbook $version on $system, for $url"
    install_packages
    make_user
    lay_release
    write_settings
    install_command
    install_units
    [ "$with_caddy" = no ] || install_caddy
    start_all
    finish
}

read_arguments() {
    while [ $# -gt 0 ]; do
        case $1 in
        --url | --email | --replica | --lan | --root)
            [ -n "${2-}" ] || fail "$1 needs a value. See the top of deployment/install.sh"
            case $1 in
            --url) url=$2 ;;
            --email) email=$2 ;;
            --replica) replica=$2 ;;
            --lan) kind=lan url=https://$2 ;;
            --root) root=$(mkdir -p "$2" && cd "$2" && pwd) ;;
            esac
            shift
            ;;
        --firms) kind=firms ;;
        --no-caddy) with_caddy=no ;;
        --standby) standby=yes ;;
        --no-start) start=no ;;
        --dry-run) dry=yes ;;
        -h | --help) sed -n '2,/^set -eu/p' "$0" | sed '$d; s/^# \{0,1\}//'; exit 0 ;;
        *) fail "$1 is not known. See the top of deployment/install.sh" ;;
        esac
        shift
    done
}

# What an earlier run was told counts, so that a later one needs no arguments.
recall() {
    known=$(setting ROADBOOK_URL)
    [ -z "$known" ] || [ -z "$url" ] || [ "${url%/}" = "$known" ] ||
        fail "this machine serves $known. To change that, write ROADBOOK_URL=$url into $settings and run this again without --url"
    [ -n "$url" ] || url=$known
    [ -z "$(setting ROADBOOK_FIRMS)" ] || kind=firms
    [ ! -e "$root/etc/roadbook/lan/root.crt" ] || kind=lan
    [ -n "$email" ] || email=$(setting ROADBOOK_CONTACT)
    port=$(setting ROADBOOK_PORT)
    port=${port:-8000}
}

ask_url() {
    [ -z "$url" ] && [ -t 0 ] || return 0
    printf 'Which address will people open? For example https://roadbook.example.com: '
    read -r url
}

install_packages() {
    packages ca-certificates
    find_python
    if [ -z "$python" ] && [ -z "$root" ]; then
        case $system in "ubuntu 22.04") packages python3.11 python3.11-venv ;; *) packages python3 python3-venv ;; esac
        find_python
    fi
    [ -n "$python" ] || [ "$dry" = yes ] ||
        fail "Roadbook needs Python 3.11 to 3.14; $(python3 -V 2>&1) is here. Name another: PYTHON=/usr/local/bin/python3.12 sh deployment/install.sh …"
    [ "$with_caddy" = yes ] && [ -z "$root" ] && ! command -v caddy >/dev/null || return 0
    is_there caddy || [ "$dry" = yes ] || apt-get update -qq
    is_there caddy ||
        fail "$system has no package of Caddy. Install it as https://caddyserver.com/docs/install says and run this again, or add --no-caddy and bring a proxy of your own"
    packages caddy
}

make_user() {
    if [ -z "$root" ] && ! getent passwd roadbook >/dev/null; then
        did "user roadbook"
        run useradd --system --user-group --no-create-home --home-dir /var/lib/roadbook --shell /usr/sbin/nologin roadbook
    fi
    folder /var/lib/roadbook 700 roadbook:roadbook
    [ "$kind" != firms ] || folder_within /var/lib/roadbook/firms
}

lay_release() {
    now=$(readlink "$root/opt/roadbook/current" || true)
    # A standby has no firm that would need a copy, or a way back.
    [ -z "$now" ] || [ "$now" = "releases/$version" ] || is_standby ||
        fail "Roadbook ${now#releases/} is installed. To change to $version, which takes a copy of the firm first and can go back: roadbook upgrade $source"
    folder /opt/roadbook 755 root:root
    folder /opt/roadbook/releases 755 root:root
    if [ ! -e "$root/opt/roadbook/releases/$version/.whole" ]; then
        did "release $version, with the packages it needs (a minute or two)"
        [ "$dry" = yes ] || sh "$source/deployment/lay.sh" "$source" "$root/opt/roadbook" "$python" >"$log" 2>&1 ||
            { tail -n 20 "$log" >&2; fail "the release could not be laid. Is there a network? Nothing runs differently; run this again"; }
    fi
    [ "$now" != "releases/$version" ] || return 0
    did "release $version in use"
    restart=yes
    run ln -sfn "releases/$version" "$root/opt/roadbook/current"
}

# Settings that are there stay; what was asked for now and is not among them is added.
write_settings() {
    folder /etc/roadbook 755 root:root
    told=$(setting ROADBOOK_REPLICA)
    [ -z "$replica" ] || [ -z "$told" ] || [ "$told" = "$replica" ] ||
        fail "the replica is kept at $told. To change that, edit $settings and run this again without --replica"
    {
        [ -s "$root$settings" ] && cat "$root$settings" || first_settings
        [ -z "$replica" ] || [ -n "$told" ] || replica_settings
    } >"$log"
    put "$settings" 640 root:roadbook <"$log"
    [ "$put_changed" = no ] || restart=yes
}

first_settings() {
    echo "# Roadbook's settings, one NAME=value a line; deployment/ADMINISTRATION.md describes them all."
    echo "# After a change: run deployment/install.sh again, or systemctl restart roadbook roadbook-replica"
    [ "$kind" = firms ] && echo "ROADBOOK_FIRMS=/var/lib/roadbook/firms" || echo "ROADBOOK_DATA=/var/lib/roadbook"
    echo "ROADBOOK_URL=$url"
    [ -z "$email" ] || echo "ROADBOOK_CONTACT=$email"
}

replica_settings() {
    echo "ROADBOOK_REPLICA=$replica"
    [ -z "${ROADBOOK_REPLICA_KEY-}" ] || echo "ROADBOOK_REPLICA_KEY=$ROADBOOK_REPLICA_KEY"
    [ -z "${ROADBOOK_REPLICA_SECRET-}" ] || echo "ROADBOOK_REPLICA_SECRET=$ROADBOOK_REPLICA_SECRET"
    [ -z "${ROADBOOK_REPLICA_HOST_KEY-}" ] || echo "ROADBOOK_REPLICA_HOST_KEY=$ROADBOOK_REPLICA_HOST_KEY"
}

install_command() {
    folder /usr/local/bin 755 root:root
    put /usr/local/bin/roadbook 755 root:root <"$source/deployment/roadbook.sh"
}

install_units() {
    folder /etc/systemd/system 755 root:root
    for unit in roadbook roadbook-replica roadbook-standby; do
        put /etc/systemd/system/$unit.service 644 root:root <"$source/deployment/systemd/$unit.service"
        [ "$put_changed" = no ] || restart=yes
        let_out $unit
    done
}

# Folders outside of Roadbook's own that a setting names: the units may write there, and nowhere else.
let_out() {
    place=$(setting ROADBOOK_REPLICA)
    case $place in file://*) outside=${place#file://} ;; *) outside= ;; esac
    copies=$(setting ROADBOOK_COPIES)
    case $copies in /*) outside="$outside $copies" ;; esac
    [ -n "${outside# }" ] || return 0
    for one in $outside; do
        [ -z "$root" ] || break
        case $one in /var/lib/roadbook/*) continue ;; esac
        case $one in /home/* | ~root/* | /run/user/*) fail "$one is in a home, which the services cannot see. Take a folder elsewhere, such as /mnt/backup/roadbook" ;; esac
        [ -d "$one" ] || folder "$one" 700 roadbook:roadbook
    done
    folder "/etc/systemd/system/$1.service.d" 755 root:root
    put "/etc/systemd/system/$1.service.d/places.conf" 644 root:root <<END
# Made by deployment/install.sh from $settings: run it again when that changes.
[Service]
ReadWritePaths=${outside# }
END
    [ "$put_changed" = no ] || restart=yes
}

install_caddy() {
    lan=/etc/roadbook/lan
    [ "$kind" != lan ] || make_lan
    sh "$source/deployment/install/caddyfile.sh" "$kind" "$host" "$port" "$email" "$lan" >"$log"
    put /etc/roadbook/Caddyfile 644 root:root <"$log"
    [ "$put_changed" = no ] || caddy_changed=yes
    folder /etc/caddy 755 root:root
    main=/etc/caddy/Caddyfile
    if [ ! -e "$root$main" ] || is_as_packaged "$main"; then
        printf 'import /etc/roadbook/Caddyfile\n' >"$log"
        put "$main" 644 root:root <"$log"
        [ "$put_changed" = no ] || caddy_changed=yes
    elif ! grep -q '^import /etc/roadbook/Caddyfile' "$root$main"; then
        say "  $main is your own and stays as it is. Add this as its first line, and have no other global options:"
        say "      import /etc/roadbook/Caddyfile"
    fi
}

is_as_packaged() {
    [ -z "$root" ] &&
        dpkg-query -W -f='${Conffiles}\n' caddy 2>/dev/null | grep -q " $1 $(md5sum "$1" | cut -d' ' -f1)"
}

make_lan() {
    folder $lan 755 root:root
    [ "$dry" = no ] || { did "certificate for $host, and the page that gets it trusted"; return 0; }
    [ -e "$root$lan/page/roadbook.crt" ] || did "certificate for $host, and the page that gets it trusted"
    fingerprint=$(cd "$root/opt/roadbook/current" && .venv/bin/python -m deployment.lan "$root$lan" "$host") ||
        fail "the certificate page could not be made"
    owned root:caddy "$root$lan/root.key"
}

finish() {
    [ "$changes" -gt 0 ] || say "  Nothing to change."
    [ "$dry" = no ] && [ -z "$root" ] || return 0
    if is_standby; then
        say "This machine is a standby. How it stands: roadbook doctor. When the other one is gone: roadbook promote"
        return 0
    fi
    is_running || { say "Not started. Start it with: systemctl start roadbook caddy"; return 0; }
    if [ "$kind" != firms ]; then
        say
        /usr/local/bin/roadbook doctor || true
    fi
    say
    hints
    [ "$kind" != firms ] || { say "Make a folder for each firm: deployment/ADMINISTRATION.md, Several firms"; return 0; }
    # Only a new firm has such a link.
    /usr/local/bin/roadbook admin 2>/dev/null || say "Roadbook is at $url"
}

# What only the administrator can do: names, firewalls, trust.
hints() {
    [ "$kind" = firms ] || getent hosts "$host" >/dev/null ||
        say "$host leads nowhere yet: let its name point to this machine; the certificate comes by itself then."
    if command -v ufw >/dev/null && ufw status | grep -q '^Status: active'; then
        ufw status | grep -qE '^(80,443|443)(/tcp)? .*ALLOW' || say "The firewall is closed. Open it: ufw allow 80,443/tcp"
    fi
    [ -n "$(setting ROADBOOK_REPLICA)" ] ||
        say "Nothing is kept away from this machine yet: if its disk dies, so does what is on it. See deployment/BACKUPS.md"
    [ "$kind" != lan ] || {
        say "On every phone, first open http://$host and follow it. The certificate's SHA-256 is"
        say "    $fingerprint"
    }
}

main "$@"
