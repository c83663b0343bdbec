#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds the virtual environment .venv from the lock files and installs Pagetoll into it as a built wheel.
# usage: tools/venv.sh run|test        (test adds what requirements-dev.lock names)
#
# What is already right is left alone: three stamps inside the environment remember which lock files and which
# sources it was built from. Where the clone lies below a folder that other users cannot pass, the daemon's user
# could not read it; then root builds in /opt/pagetoll/venv (PAGETOLL_VENV names another place) and makes .venv a link to it.
set -euo pipefail
umask 022 # the daemon's user must be able to read what root installs
cd "$(dirname "$0")/.."

kind=${1:-}
case "$kind" in run | test) ;; *) echo "usage: tools/venv.sh run|test" >&2; exit 2 ;; esac
system_python=/usr/bin/python3
link=$PWD/.venv

others_can_pass() { # a folder, which like each of its parents must be searchable by everybody
    local folder=$1
    while :; do
        [ $((0$(stat -c %a "$folder") & 1)) -eq 1 ] || return 1
        [ "$folder" != / ] || return 0
        folder=$(dirname "$folder")
    done
}

choose_place() { # prints where the environment is built
    if [ "$(id -u)" -ne 0 ] || others_can_pass "$(pwd -P)"; then
        echo "$link"
    else
        echo "${PAGETOLL_VENV:-/opt/pagetoll/venv}"
    fi
}

place_link() { # makes .venv point to the place, unless it is the place
    [ "$venv" != "$link" ] || { [ ! -L "$link" ] || rm "$link"; return 0; }
    mkdir -p "$(dirname "$venv")"
    others_can_pass "$(dirname "$venv")" || {
        echo "$venv: other users cannot pass its parent folders; name a place they can read: PAGETOLL_VENV=/path" >&2
        exit 1
    }
    if [ -d "$link" ] && [ ! -L "$link" ]; then rm -rf "$link"; fi
    ln -sfn "$venv" "$link"
}

make_environment() { # a fresh one where there is none, or where it belongs to another interpreter
    local version
    version=$("$system_python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])')
    if [ -x "$venv/bin/python" ] && grep -qx "version = $version" "$venv/pyvenv.cfg" &&
        grep -qx 'home = /usr/bin' "$venv/pyvenv.cfg" && "$venv/bin/python" -c 'import pip' 2>/dev/null; then
        return
    fi
    echo "Making a virtual environment in $venv (Python $version)"
    rm -rf "$venv"
    "$system_python" -m venv "$venv"
}

stamped() { [ -f "$venv/.stamp-$1" ] && [ "$(cat "$venv/.stamp-$1")" = "$2" ]; } # a name, a digest
stamp() { printf '%s\n' "$2" >"$venv/.stamp-$1"; }

install_lock() { # a lock file: its exact versions, each checked against its digest, byte-compiled
    local digest
    digest=$(sha256sum <"$1")
    stamped "$1" "$digest" && return
    echo "Installing what $1 names"
    "${pip[@]}" install --require-hashes --only-binary :all: -r "$1"
    stamp "$1" "$digest"
}

install_test_lock() { # the tests' lock, of which python-ldap is compiled here: there is no wheel of it
    local digest lock=requirements-dev.lock tools=requirements-ldap-build.lock
    digest=$(cat "$lock" "$tools" | sha256sum)
    stamped "$lock" "$digest" && return
    echo "Installing what $lock names"
    make_work_folder
    "${pip[@]}" install --require-hashes --only-binary :all: --target "$work/ldap-build" -r "$tools"
    PYTHONPATH=$work/ldap-build "${pip[@]}" install --require-hashes --no-build-isolation \
        --only-binary :all: --no-binary python-ldap -r "$lock"
    stamp "$lock" "$digest"
}

make_work_folder() { # names it in $work; it goes when the script ends
    [ -z "$work" ] || return 0
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
}

source_digest() {
    find src man pyproject.toml README.md LICENSE requirements-build.lock -name __pycache__ -prune -o -type f -print0 |
        sort -z | xargs -0 sha256sum | sha256sum
}

install_pagetoll() { # builds the wheel with the locked hatchling, outside the environment it goes into
    local digest
    digest=$(source_digest)
    stamped source "$digest" && return
    echo "Building and installing pagetoll"
    make_work_folder
    "${pip[@]}" install --require-hashes --only-binary :all: --target "$work/build" -r requirements-build.lock
    PYTHONPATH=$work/build "${pip[@]}" wheel --no-build-isolation --no-deps --wheel-dir "$work/wheel" .
    "${pip[@]}" install --no-deps --no-index --force-reinstall --compile "$work"/wheel/pagetoll-*.whl
    stamp source "$digest"
}

work=
venv=$(choose_place)
place_link
make_environment
pip=("$venv/bin/python" -m pip --quiet --no-input --disable-pip-version-check)
install_lock requirements.lock
[ "$kind" = run ] || install_test_lock
install_pagetoll
