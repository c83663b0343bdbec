# SPDX-License-Identifier: Apache-2.0
"""Builds what the steps of an attempt work with: the one place where the daemon chooses its adapters."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from pagetoll.accounters.software.counter import SoftwareCounter
from pagetoll.app.notices import Teller
from pagetoll.app.printing.attempt import Attempt, Services, at_once
from pagetoll.app.printing.devices import DeviceGate
from pagetoll.app.printing.notice_queue import NoticeQueue
from pagetoll.app.printing.print_servers import ServerWatch
from pagetoll.config.home import Home
from pagetoll.config.options import Settings
from pagetoll.core.errors import PagetollError
from pagetoll.core.lifecycle import Command
from pagetoll.core.notices import Notice
from pagetoll.frontends.meters import open_meter
from pagetoll.frontends.python_hook import child_words
from pagetoll.frontends.wiring import is_shared, ledger_url, now_utc, open_storage, this_server
from pagetoll.integrations.device_uris import device_uri_of
from pagetoll.integrations.processes import LinuxProcesses
from pagetoll.integrations.site_commands import SiteCommandRunner
from pagetoll.integrations.tea_hooks import TeaHookFiles
from pagetoll.notifiers.mail import SmtpMailSender
from pagetoll.storage.journal_folder import JournalFolder
from pagetoll.storage.spool_folder import SpoolFolder

log = logging.getLogger("pagetoll.daemon")

Checkpoint = Callable[[Command, Attempt], None]


def no_checkpoint(_command: Command, _attempt: Attempt) -> None:
    """Nothing happens between the commands."""


class DaemonTeller:
    """Tells by mail and by the site's command, with connections of its own."""

    def __init__(self, settings: Settings) -> None:
        self._mails = SmtpMailSender(settings.smtpserver)
        self._teller = Teller(settings, self._mails, SiteCommandRunner())

    def tell(self, notice: Notice) -> Sequence[str]:
        return self._teller.tell(notice)

    def close(self) -> None:
        self._mails.close()


def directories_of(settings: Settings) -> set[str]:
    """The folders outside of the home that documents may lie in."""
    return {queue.directory for queue in (settings.defaults, *settings.queues.values()) if queue.directory}


def in_thread(work: Callable[[], None]) -> None:
    """Work that nobody waits for; what it raises is logged."""

    def logged() -> None:
        try:
            work()
        except PagetollError as error:
            log.error("upkeep could not finish an attempt, and tries again: %s", error)
        except Exception:
            log.exception("upkeep met an unexpected failure")

    threading.Thread(target=logged, name="aside", daemon=True).start()


def build_services(
    home: Home,
    settings: Callable[[], Settings],
    checkpoint: Checkpoint = no_checkpoint,
    aside: Callable[[Callable[[], None]], None] = at_once,
) -> Services:
    """The services of a home. The database is that of the settings now; a change of it needs a restart."""
    ledger, _ = open_storage(home, settings())
    tea_hooks = TeaHookFiles(home.spool, child_words(home))
    tea_hooks.remove_leftovers()
    commands = SiteCommandRunner()
    return Services(
        ledger=ledger,
        commands=commands,
        meter_of=lambda uri, queue: open_meter(uri, queue, commands),
        notices=NoticeQueue(ledger, now_utc, DaemonTeller),
        counter=SoftwareCounter(),
        store=SpoolFolder(home.spool, lambda: directories_of(settings())),
        processes=LinuxProcesses(),
        journal=JournalFolder(home.journal),
        devices=DeviceGate(),
        settings=settings,
        device_uri_of=lambda queue, shown: device_uri_of(home, queue, shown),
        clock=now_utc,
        monotonic=time.monotonic,
        tea_hooks=tea_hooks,
        spooler_host=this_server(settings()),
        checkpoint=checkpoint,
        aside=aside,
        servers=ServerWatch(this_server(settings()), lambda: settings().server_gone_s, time.monotonic),
        shared_ledger=is_shared(ledger_url(home, settings())),
    )
