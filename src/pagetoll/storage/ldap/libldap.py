# SPDX-License-Identifier: Apache-2.0
"""Loads python-ldap, whose library takes no settings of the machine, the user or the current folder then.

`ldap.conf`, a `./ldaprc` and `LDAPTLS_…` would say whom to trust and how to encrypt: the ledger's URL alone does.
The library looks while it is loaded; programs that are started later find their environment as it was.
"""

import os

_WITHOUT_SETTINGS = "LDAPNOINIT"

_before = os.environ.get(_WITHOUT_SETTINGS)
os.environ[_WITHOUT_SETTINGS] = "1"
try:
    import ldap
finally:
    del os.environ[_WITHOUT_SETTINGS]
    if _before is not None:
        os.environ[_WITHOUT_SETTINGS] = _before

__all__ = ["ldap"]
