# What install.sh asks of the machine before it changes anything. Each check ends the run with the cause and a way out.

# Root's work on the real machine; a folder (--root) takes files alone.
check_root() {
    [ -n "$root" ] || [ "$dry" = yes ] || [ "$(id -u)" = 0 ] ||
        fail "only root can install. Try: sudo sh deployment/install.sh $arguments"
}

check_system() {
    release=$root/etc/os-release
    [ -r "$release" ] || release=/etc/os-release
    # shellcheck disable=SC1090
    system=$([ ! -r "$release" ] || . "$release"; echo "${ID:-an unknown system} ${VERSION_ID:-}")
    case $system in
    "debian 12" | "debian 13" | "ubuntu 22.04" | "ubuntu 24.04") ;;
    *)
        say "This machine is $system. Tried are Debian 12 and 13, Ubuntu 22.04 and 24.04."
        [ -n "$root" ] || command -v apt-get >/dev/null ||
            fail "packages come from apt-get, which is not here. Take one of those systems, or the containers: deployment/compose.yaml"
        ;;
    esac
    [ -n "$root" ] || command -v systemctl >/dev/null ||
        fail "systemd is not here. Take one of those systems, or the containers: deployment/compose.yaml"
}

check_url() {
    case $url in
    "") fail "which address will people open? Say it: --url https://roadbook.example.com, or --lan roadbook.lan" ;;
    https://*) host=${url#https://} host=${host%/} ;;
    *) fail "--url is '$url'. It begins with https://: phones work offline over nothing else. For example: --url https://roadbook.example.com" ;;
    esac
    case $host in
    *[!a-zA-Z0-9.*-]*) fail "--url is '$url'. It is a host name of its own, without path or port. For example: --url https://roadbook.example.com" ;;
    *[A-Z]*) fail "--url is '$url'. Write it in small letters." ;;
    *.*) ;;
    '*') ;;
    *) fail "--url is '$url'. A whole host name is needed. For example: --url https://roadbook.example.com" ;;
    esac
    case $kind,$host in
    firms,*\**) ;;
    firms,*) fail "with --firms, --url has a * that stands for each firm's name. For example: --url 'https://*.example.com'" ;;
    *,*\**) fail "--url is '$url'. A * stands for several firms: add --firms" ;;
    *,[0-9]*.*[0-9])
        case $host in *[a-z]*) ;; *) fail "--url is '$url'. Certificates are for names, not for numbers. Without a domain: --lan roadbook.lan" ;; esac
        ;;
    esac
    url=https://$host
}

# Where the release and its virtual environment go, in megabytes; a firm's rows come on top.
room_needed=700

check_room() {
    place=$root/opt
    [ -d "$place" ] || place=$root/
    free=$(df -Pk "$place" | awk 'NR == 2 { print int($4 / 1024) }')
    [ "$free" -ge "$room_needed" ] ||
        fail "$place has $free MB left; Roadbook needs $room_needed MB, and room for the firm. Make room, or take a larger disk."
}

# Caddy needs both ports, also for getting certificates.
check_ports() {
    [ "$with_caddy" = yes ] && [ -z "$root" ] && command -v ss >/dev/null || return 0
    for taken in 80 443; do
        by=$(ss -Hltnp "sport = :$taken" | sed -n 's/.*users:(("\([^"]*\)".*/\1/p' | sort -u | head -n 1)
        case $by in
        "" | caddy) ;;
        *) fail "port $taken is taken by $by. Stop it (systemctl disable --now $by), or keep it as the proxy and add --no-caddy: deployment/ADMINISTRATION.md, Behind TLS" ;;
        esac
    done
    [ -n "$(ss -Hltn "sport = :$port")" ] && ! systemctl is-active -q roadbook || return 0
    by=$(ss -Hltnp "sport = :$port" | sed -n 's/.*users:(("\([^"]*\)".*/\1/p' | head -n 1)
    fail "port $port, Roadbook's own, is taken by ${by:-something}. Stop it, or write ROADBOOK_PORT=8001 into $settings"
}

# The first Python that will do; those of the system first. Ubuntu 22.04 has the right one beside its own.
find_python() {
    for python in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14}; do
        "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null && return 0
    done
    python=
}
