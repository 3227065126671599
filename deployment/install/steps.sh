# How install.sh changes the machine: each step looks first, changes only what differs, and says what it did.

changes=0

say() { printf '%s\n' "$*"; }
fail() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }

# did WORDS…: something was changed, or would be.
did() {
    changes=$((changes + 1))
    say "  $([ "$dry" = yes ] && echo 'would: ')$*"
}

# run COMMAND…: unless only looking.
run() { [ "$dry" = yes ] || "$@"; }

# owned OWNER:GROUP PATH: on the real machine; a folder for an image keeps its maker.
owned() { [ -n "$root" ] || [ "$(stat -c %U:%G "$2" 2>/dev/null)" = "$1" ] || run chown "$1" "$2"; }

# folder PATH MODE OWNER:GROUP
folder() {
    if [ ! -d "$root$1" ] || [ "$(stat -c %a "$root$1")" != "$2" ]; then
        did "folder $1"
        run mkdir -p "$root$1"
        run chmod "$2" "$root$1"
    fi
    owned "$3" "$root$1"
}

# folder_within PATH: in a folder that is roadbook's. Root's hands stay off: a link there may lead anywhere.
folder_within() {
    [ ! -d "$root$1" ] || return 0
    did "folder $1"
    if [ -n "$root" ]; then run mkdir -m 700 "$root$1"; else run runuser -u roadbook -- mkdir -m 700 "$1"; fi
}

# put PATH MODE OWNER:GROUP <content: whole or not at all, and only where it differs. `put_changed` says which.
put() {
    target=$root$1
    put_changed=no
    content=$(cat; echo .)
    content=${content%.}
    if [ ! -f "$target" ] || [ "$(cat "$target"; echo .)" != "$content." ]; then
        put_changed=yes
        did "file $1"
        if [ "$dry" = no ]; then
            (umask 077 && printf %s "$content" >"$target.making")
            chmod "$2" "$target.making"
            owned "$3" "$target.making"
            mv -f "$target.making" "$target"
        fi
    elif [ "$(stat -c %a "$target")" != "$2" ]; then
        did "mode of $1"
        run chmod "$2" "$target"
    fi
    [ ! -e "$target" ] || owned "$3" "$target"
}

# package NAME…: from the system's own sources, where they are not installed yet.
packages() {
    [ -z "$root" ] || return 0
    missing=
    for name; do
        [ "$(dpkg-query -W -f='${Status}' "$name" 2>/dev/null)" = "install ok installed" ] || missing="$missing $name"
    done
    [ -n "$missing" ] || return 0
    did "packages:$missing"
    [ "$dry" = no ] || return 0
    apt-get update -qq || fail "the lists of packages cannot be fetched. Is there a network? Try: apt-get update"
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >"$log" 2>&1 ||
        { tail -n 5 "$log" >&2; fail "apt-get could not install$missing. Try it by hand: apt-get install$missing"; }
}

# is_there NAME: whether apt-get could install it.
is_there() { [ -n "$(apt-cache madison "$1" 2>/dev/null)" ]; }

# setting NAME: what roadbook.env says.
setting() { sed -n "s/^$1=//p" "$root$settings" 2>/dev/null | tail -n 1 | sed 's/^"\(.*\)"$/\1/'; }

# Whether systemd runs here, rather than a folder or an image being filled.
is_running() { [ "$start" = yes ] && [ -z "$root" ] && [ -d /run/systemd/system ]; }
