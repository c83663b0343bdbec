# SPDX-License-Identifier: Apache-2.0
"""`pagetoll cups import-quotas`: quotas that lpadmin gave queues become rolling limits of the ledger's printers."""

import json
import os
from collections.abc import Sequence
from typing import cast

from pagetoll.app.printers import PrinterOrder, rolling_limits, save_printers
from pagetoll.app.rehearsal import Rehearsal
from pagetoll.config.home import Home
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.core.rolling import RollingLimits
from pagetoll.frontends.cli.options import Parsed
from pagetoll.frontends.cli.screen import printable
from pagetoll.frontends.cli.subcommand import say
from pagetoll.frontends.session import open_session
from pagetoll.integrations.cups import Cups
from pagetoll.integrations.cups_quotas import quotas_of, removal
from pagetoll.integrations.cups_server import DEFAULT_SOCKET
from pagetoll.integrations.ipp_client import IppClient
from pagetoll.ports import Catalogue


def import_quotas(parsed: Parsed, _home: Home, names: list[str]) -> int:
    """Read the queues' quotas and write them to the ledger, where printers that are missing are created; all queues
    without names. Raises UsageError for an unknown queue, DeviceError, ConfigError, NotAllowed, StorageError."""
    known = [queue.name for queue in Cups(os.environ).queues()]
    for name in names:
        if name not in known:
            raise UsageError(
                _("CUPS has no queue {name} (a class is managed by its member queues); the queues: {known}").format(
                    name=printable(name), known=" ".join(known) or _("there are none")
                )
            )
    client = IppClient(os.environ.get("CUPS_SERVER") or DEFAULT_SOCKET)
    found = [(name, quotas_of(client, name)) for name in dict.fromkeys(names or known)]
    rehearsed = "dry-run" in parsed
    _write([(name, limits) for name, limits in found if limits is not None], names, rehearsed=rehearsed)
    for name, limits in found:
        if "json" in parsed:
            say(_as_json(name, limits, written=limits is not None and not rehearsed))
        else:
            say(_as_text(printable(name), limits, rehearsed=rehearsed))
    return 0


def _write(found: Sequence[tuple[str, RollingLimits]], words: list[str], *, rehearsed: bool) -> None:
    """Each printer in a transaction of its own; a rehearsed one is undone."""
    session = open_session("pagetoll cups", ["import-quotas", *words])
    try:
        catalogue = cast(Catalogue, Rehearsal(session.catalogue)) if rehearsed else session.catalogue
        for name, limits in found:
            order = PrinterOrder([name], add=True, change=rolling_limits(limits))
            save_printers(catalogue, order, session.actor, session.act)
    finally:
        session.close()


def _as_text(queue: str, limits: RollingLimits | None, *, rehearsed: bool) -> str:
    if limits is None:
        return _("{queue}: CUPS keeps no quota, nothing to import").format(queue=queue)
    kept = [_("{impressions} impressions").format(impressions=limits.impressions)] if limits.impressions else []
    kept += [f"{limits.k_octets} KiB"] if limits.k_octets else []
    text = (
        _("{queue}: would be limited to {limits} in {period_s} s for each user")
        if rehearsed
        else _("{queue}: limited to {limits} in {period_s} s for each user; CUPS's own limits go by: {command}")
    )
    return text.format(queue=queue, limits=", ".join(kept), period_s=limits.period_s, command=removal(queue))


def _as_json(queue: str, limits: RollingLimits | None, *, written: bool) -> str:
    return json.dumps(
        {
            "queue": queue,
            "period_s": limits.period_s if limits else None,
            "pages": limits.impressions if limits else None,
            "k_octets": limits.k_octets if limits else None,
            "imported": written,
            "remove": removal(queue) if limits else None,
        }
    )
