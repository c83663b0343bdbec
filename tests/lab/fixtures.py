# SPDX-License-Identifier: Apache-2.0
"""pytest fixtures for the laboratory. Whatever a fixture starts, it ends, by process id.

A missing program fails the test; it never skips it: `make test` installs what is needed.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

from lab.mariadb import MariadbServer
from lab.mysql import PROGRAM as MYSQLD
from lab.mysql import VARIABLE, MysqlServer
from lab.postgres import PostgresServer
from lab.site import Site
from lab.slapd import SlapdServer
from pagetoll.integrations.printlab.cupsd import PrivateCups
from pagetoll.integrations.printlab.ippprinter import VirtualIppPrinter, counting_program
from pagetoll.integrations.printlab.sink import RawSink

INDEPENDENT_COUNT = Path(__file__).with_name("independent_count.py")


def new_lab_folder() -> Path:
    """A folder with a short path (Unix sockets take 107 octets) that `lp` can pass, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="lab-"))
    folder.chmod(0o755)
    return folder


class Server(Protocol):
    def start(self) -> None: ...

    def stop(self) -> None: ...


AServer = TypeVar("AServer", bound=Server)


@contextmanager
def serving(make: Callable[[Path], AServer]) -> Iterator[AServer]:
    """What `make` makes in a folder of its own, running."""
    folder = new_lab_folder()
    server = make(folder / "server")
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not MYSQLD:
        terminalreporter.write_line(f"MySQL itself was not tested: {VARIABLE} does not say where its server is.")


@pytest.fixture
def lab_folder() -> Iterator[Path]:
    folder = new_lab_folder()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def cups(lab_folder: Path) -> Iterator[PrivateCups]:
    """A running private scheduler without queues, with links to the machine's network backends."""
    scheduler = PrivateCups(lab_folder / "cups")
    try:
        scheduler.start()
        yield scheduler
    finally:
        scheduler.close()


@pytest.fixture
def ipp_printer(lab_folder: Path) -> Iterator[VirtualIppPrinter]:
    """A running virtual printer for all formats that reports what it printed, counted independently."""
    printer = VirtualIppPrinter(lab_folder / "printer", impressions=counting_program(INDEPENDENT_COUNT), name="Lab 1")
    try:
        printer.start()
        yield printer
    finally:
        printer.stop()


@pytest.fixture
def raw_sink() -> Iterator[RawSink]:
    with RawSink() as sink:
        yield sink


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with serving(PostgresServer) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The SQLAlchemy URL of an empty database that only this test has."""
    url = postgres_server.new_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariadbServer]:
    with serving(MariadbServer) as server:
        yield server


@pytest.fixture(scope="session")
def mysql_server() -> Iterator[MysqlServer]:
    with serving(MysqlServer) as server:
        yield server


@pytest.fixture
def mysql_url(mysql_server: MysqlServer) -> Iterator[str]:
    """The SQLAlchemy URL of an empty database that only this test has."""
    url = mysql_server.new_database()
    yield url
    mysql_server.drop_database(url)


@pytest.fixture
def mariadb_url(mariadb_server: MariadbServer) -> Iterator[str]:
    """The SQLAlchemy URL of an empty database that only this test has."""
    url = mariadb_server.new_database()
    yield url
    mariadb_server.drop_database(url)


@pytest.fixture(scope="session")
def slapd_server() -> Iterator[SlapdServer]:
    with serving(SlapdServer) as server:
        yield server


@pytest.fixture
def slapd_url(slapd_server: SlapdServer) -> Iterator[str]:
    """The URL of an empty subtree that only this test has."""
    url = slapd_server.new_base()
    yield url
    slapd_server.drop_base(url)


@pytest.fixture
def site(lab_folder: Path) -> Iterator[Site]:
    """A new site: home, scheduler and installed backend; the daemon starts on demand or by `start_daemon`."""
    place = Site(lab_folder)
    try:
        place.set_up()
        yield place
    finally:
        place.close()
