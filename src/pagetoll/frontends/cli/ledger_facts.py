# SPDX-License-Identifier: Apache-2.0
"""What the doctor learns of the ledger; only its owner may look."""

import json

from pagetoll import plugins
from pagetoll.app.doctor.ledger import DirectoryFacts, Fault
from pagetoll.app.giving_up import OwnServer, silent_servers
from pagetoll.config.home import Home
from pagetoll.config.options import Settings
from pagetoll.core.errors import PagetollError, PluginError, SchemaMismatch, StorageUnavailable, UsageError
from pagetoll.frontends.wiring import in_directory, is_shared, ledger_url, now_utc, open_storage, this_server
from pagetoll.ports import Ledger


def ledger_facts(home: Home, settings: Settings) -> dict[str, str]:
    """Its newest job and its silent servers, or why it does not open; and its directory's facts, as JSON."""
    url = ledger_url(home, settings)
    facts: dict[str, str] = {}
    try:
        ledger, _catalogue = open_storage(home, settings)
        try:
            ledger.check()
            newest = next(iter(ledger.history(limit=1)), None)
            silent = _silent_servers(ledger, url, settings)
        finally:
            ledger.close()
    except PagetollError as error:
        facts["database_error"] = str(error)
        facts["database_fault"] = _fault(error, url)
    else:
        facts["silent_servers"] = json.dumps(silent)
        facts["newest_at"] = newest.facts.received_at.isoformat() if newest else ""
    if in_directory(url):
        try:
            facts["directory"] = json.dumps(plugins.examine_directory(url, timeout_s=float(settings.busy_timeout_s)))
        except PagetollError as error:
            facts.setdefault("database_error", str(error))
            facts.setdefault("database_fault", _fault(error, url))
    return facts


def directory_of(facts: dict[str, str]) -> DirectoryFacts | None:
    """What such facts tell of a directory."""
    told = facts.get("directory")
    return DirectoryFacts(**json.loads(told)) if told else None


def _fault(error: PagetollError, url: str) -> Fault:
    if isinstance(error, UsageError | PluginError):
        return Fault.ADDRESS
    if isinstance(error, StorageUnavailable) and is_shared(url):
        return Fault.AWAY
    if in_directory(url) and not isinstance(error, SchemaMismatch):
        return Fault.SAID
    return Fault.TABLES


def _silent_servers(ledger: Ledger, url: str, settings: Settings) -> list[tuple[str, int]]:
    if not is_shared(url):
        return []
    own = OwnServer(this_server(settings), settings.server_gone_s)
    return silent_servers(ledger, own, now_utc())
