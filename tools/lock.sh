#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Makes the lock files anew from pyproject.toml: newest allowed versions, for every platform, with digests and
# without the name of any package index (whoever installs uses the index that pip is configured for).
set -euo pipefail
cd "$(dirname "$0")/.."
uv_version=0.13.8

if [ ! -x .build/lock/bin/uv ]; then
    /usr/bin/python3 -m venv .build/lock
    .build/lock/bin/python -m pip --quiet install "uv==$uv_version"
fi
compile=(.build/lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header)

"${compile[@]}" pyproject.toml -o requirements.lock
"${compile[@]}" --constraints requirements.lock --extra postgres --extra mysql --extra ldap --extra pam --extra snmp --group dev pyproject.toml -o requirements-dev.lock
"${compile[@]}" --group build -o requirements-build.lock
"${compile[@]}" --group ldap-build -o requirements-ldap-build.lock
