# SPDX-License-Identifier: Apache-2.0
"""Two print servers, each with a scheduler and a daemon of its own, with one ledger in an LDAP directory."""

import os
import shutil
from collections.abc import Iterator
from functools import partial

import pytest

from lab.documents import postscript_document
from lab.fixtures import new_lab_folder, serving
from lab.site import Site
from lab.slapd import ACCOUNT, PASSWORD, SlapdServer
from pagetoll.core.jobs import Outcome
from pagetoll.integrations.printlab.sink import RawSink
from pagetoll.wire.ipp import JobState

CONFIGURATION = """
database = "ldap://127.0.0.1:{port}/{base}?bind_dn={account}&password_file={password}"
server_name = "server{number}"
busy_timeout_s = 3
"""


@pytest.fixture
def directory() -> Iterator[SlapdServer]:
    """One that waits for the disk as in life."""
    with serving(partial(SlapdServer, flush=True)) as server:
        yield server


def set_up(site: Site, directory: SlapdServer, base: str, number: int) -> None:
    site.set_up()
    owner = site.home.owner()
    password = site.home.config_folder / "password"
    password.write_text(PASSWORD)
    password.chmod(0o600)
    os.chown(password, owner.uid, owner.gid)
    site.configure(
        CONFIGURATION.format(port=directory.port, base=base, account=ACCOUNT, password=password, number=number)
    )
    site.run("pagetoll", "init")


def submit(site: Site, pages: int) -> int:
    path = site.folder / f"document-{pages}.ps"
    path.write_bytes(postscript_document(pages))
    return site.cups.submit("laser", path, user="anna")


def test_a_limit_holds_on_both_servers_and_while_the_directory_is_away_jobs_are_held(
    directory: SlapdServer, raw_sink: RawSink
) -> None:
    base = directory.base(directory.new_base())
    folders = [new_lab_folder(), new_lab_folder()]
    first, second = sites = [Site(folder) for folder in folders]
    try:
        for number, site in enumerate(sites):
            set_up(site, directory, base, number)
            site.cups.add_queue("laser", f"cupspykota:{raw_sink.device_uri}", "raw")
        first.run("pkprinters", "-a", "laser")
        first.add_user("anna", ["laser"], soft=4, hard=4)

        assert first.cups.wait_job(submit(first, 2)) is JobState.COMPLETED
        assert second.cups.wait_job(submit(second, 3)) is JobState.CANCELED
        assert [record.outcome for record in second.attempts()] == [Outcome.COMPLETED, Outcome.REFUSED]

        directory.kill()
        held = submit(second, 2)
        assert second.cups.wait_job(held, (JobState.PENDING_HELD,)) is JobState.PENDING_HELD
        directory.restart()
        second.run("pagetoll", "upkeep")
        assert second.cups.wait_job(held) is JobState.COMPLETED

        first.settled()
        found = [(record.facts.key.job.spooler_host, record.charged_impressions) for record in first.attempts()]
        assert found == [("server0", 2), ("server1", 0), ("server1", 2)]
        first.audit()
        assert len(raw_sink.jobs()) == 2
    finally:
        for site in sites:
            site.close()
        for folder in folders:
            shutil.rmtree(folder)
