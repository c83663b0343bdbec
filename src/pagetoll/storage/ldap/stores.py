# SPDX-License-Identifier: Apache-2.0
"""The ports on an LDAP directory, by URL: what `plugins` names. Each connects at its first use."""

from pagetoll.ports import Catalogue, Clock, Ledger
from pagetoll.storage.ldap.address import Address
from pagetoll.storage.ldap.database import DirectoryDatabase
from pagetoll.storage.sql.catalogue import SqlCatalogue
from pagetoll.storage.sql.ledger import SqlLedger


def open_database(url: str, *, clock: Clock, busy_timeout_s: float) -> DirectoryDatabase:
    """Raises UsageError for a URL that is none of ours."""
    return DirectoryDatabase(Address.parse(url), clock=clock, busy_timeout_s=busy_timeout_s)


def open_ledger(url: str, *, clock: Clock, busy_timeout_s: float) -> Ledger:
    """Raises UsageError for a URL that is none of ours."""
    return SqlLedger(open_database(url, clock=clock, busy_timeout_s=busy_timeout_s))


def open_catalogue(url: str, *, clock: Clock, busy_timeout_s: float) -> Catalogue:
    """Raises UsageError for a URL that is none of ours."""
    return SqlCatalogue(open_database(url, clock=clock, busy_timeout_s=busy_timeout_s))
