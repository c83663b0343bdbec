#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages that are missing, as root; as anybody else says which and how.
# usage: tools/packages.sh run|test
set -euo pipefail

# What Pagetoll and its demonstration run: the interpreter, the spooler with its filters and its virtual IPP
# printer, the PostScript interpreter, the JBIG decoder (coverage of host-based lasers), and the tools the lab needs
# (a private D-Bus for ippeveprinter).
run_packages=(
    python3 python3-venv ca-certificates
    cups cups-client cups-filters cups-ipp-utils cups-ppdc
    ghostscript poppler-utils qpdf libjbig0
    dbus util-linux procps
)
# What only the tests need: the other databases of the storage contract, git for the clone of the setup test,
# systemd's own checker for the unit files (no service is started), the shells that complete our words, the reader of
# man pages, the descriptions of languages from which tests make a locale, an agent that speaks SNMP version 3, the
# programs of JBIG-KIT, beside whose pictures ours are held, and what python-ldap is compiled with.
test_packages=(
    git make postgresql mariadb-server slapd ldap-utils systemd zsh fish groff-base locales snmpd jbigkit-bin
    gcc libc6-dev python3-dev libldap-dev libsasl2-dev
)

case "${1:-}" in
    run) wanted=("${run_packages[@]}") ;;
    test) wanted=("${run_packages[@]}" "${test_packages[@]}") ;;
    *) echo "usage: tools/packages.sh run|test" >&2; exit 2 ;;
esac

installed() { # whether a package is
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null || true)" = installed ]
}

# Debian's CUPS and LPRng exclude each other: apt would take a print server's spooler away to install ours. So nothing
# of CUPS is wanted beside LPRng; the demonstration and the tests need it.
if installed lprng; then
    if [ "$1" = test ]; then
        echo "The tests need CUPS, whose packages Debian removes lprng for. Run them on another machine." >&2
        exit 1
    fi
    kept=()
    for package in "${wanted[@]}"; do
        case "$package" in cups*) ;; *) kept+=("$package") ;; esac
    done
    wanted=("${kept[@]}")
fi

missing=()
for package in "${wanted[@]}"; do
    installed "$package" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "These Debian packages are missing: ${missing[*]}" >&2
    echo "Install them as root, then run this again:  apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
fi

# Where no init system runs (a container, a chroot), package scripts must not start services: nobody would
# watch over them and a failing start would fail the installation. Debian's own switch for that is this file.
policy=/usr/sbin/policy-rc.d
own_policy=
log=$(mktemp)
cleanup() {
    rm -f "$log"
    [ -z "$own_policy" ] || rm -f "$own_policy"
}
trap cleanup EXIT
if [ ! -d /run/systemd/system ] && [ ! -e "$policy" ]; then
    own_policy=$policy
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 0755 "$policy"
fi

quietly() { # runs a program; shows what it said only when it fails
    "$@" >"$log" 2>&1 </dev/null || { cat "$log" >&2; echo "failed: $*" >&2; exit 1; }
}

echo "Installing Debian packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
quietly apt-get update
quietly apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-confold "${missing[@]}"
