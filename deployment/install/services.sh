# Which services run on this machine: those of a server, or those of a standby, and never both. Two machines that write
# to one replica spoil it.

# Whether this machine is to follow, or follows already. One that was promoted has the firm, and is a server.
is_standby() {
    [ ! -e "$(firm_file)" ] || return 1
    [ "$standby" = yes ] || { [ -z "$root" ] && systemctl is-enabled -q roadbook-standby 2>/dev/null; }
}

firm_file() {
    data=$(setting ROADBOOK_DATA)
    echo "$root${data:-/var/lib/roadbook}/roadbook.db"
}

check_standby() {
    [ "$standby" = yes ] || return 0
    [ "$kind" != firms ] || fail "--standby is for one firm. Several are followed one by one: deployment/BACKUPS.md, A standby"
    [ -n "$replica" ] || [ -n "$(setting ROADBOOK_REPLICA)" ] ||
        fail "a standby follows the replica of the machine that serves: say which, with --replica. For example: --replica s3://bucket/roadbook"
    [ ! -e "$(firm_file)" ] ||
        fail "this machine has a firm of its own, $(firm_file). A standby begins on a machine without one"
}

start_all() {
    [ "$dry" = no ] && [ -z "$root" ] || return 0
    if is_standby; then follow; else serve; fi
}

serve() {
    ! systemctl is-enabled -q roadbook-standby 2>/dev/null || systemctl disable -q roadbook-standby
    for unit in roadbook roadbook-replica; do
        enabled $unit
    done
    is_running || return 0
    [ "$restart" = no ] || systemctl daemon-reload
    started roadbook "$restart"
    [ "$restart" = no ] || systemctl restart roadbook-replica
    [ "$with_caddy" = no ] || started caddy "$caddy_changed"
}

# The web server waits, too: certificates are had by the machine that the name leads to.
follow() {
    for unit in roadbook roadbook-replica; do
        ! systemctl is-enabled -q $unit 2>/dev/null || systemctl disable -q $unit
    done
    [ "$with_caddy" = no ] || [ "$(cat /etc/caddy/Caddyfile)" != "import /etc/roadbook/Caddyfile" ] ||
        systemctl disable -q --now caddy
    enabled roadbook-standby
    is_running || return 0
    [ "$restart" = no ] || systemctl daemon-reload
    systemctl stop roadbook roadbook-replica
    started roadbook-standby "$restart"
}

enabled() { systemctl is-enabled -q "$1" 2>/dev/null || systemctl enable -q "$1"; }

# started UNIT CHANGED: runs, with what changed.
started() {
    [ "$2" = yes ] || ! systemctl is-active -q "$1" || return 0
    did "start of $1"
    systemctl restart "$1" || {
        journalctl -u "$1" -n 20 --no-pager >&2
        fail "$1 does not start; the reason stands above. Mend it and run this again"
    }
}
