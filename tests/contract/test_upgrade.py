# SPDX-License-Identifier: Apache-2.0
"""A ledger of the first version is brought up with everything that is in it, and can be used at once."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection

from contract.books import Books, SettableClock, printer_id
from lab.databases import SERVERS
from pagetoll.app.printers import rolling_limits
from pagetoll.core.errors import LimitReached, SchemaMismatch
from pagetoll.core.rolling import RollingLimits
from pagetoll.storage.sql.engine import Database
from pagetoll.storage.sql.migrate import alembic_config, upgrade

FIRST = "0001"

#: As version 0001 wrote a job of 3 impressions at 1 credit, of a user who had paid 10: its columns only.
FIRST_BOOKS = """
INSERT INTO printers VALUES (1, 'hp', 'hp', '', 1, NULL, 1000000, 0, {no}, NULL, 3);
INSERT INTO users VALUES (1, 'anna', 'anna', '', 1, NULL, '', 'quota', 1000000);
INSERT INTO accounts VALUES (1, 'user:1:credits:0:until_reset', 'credits', 'user', '', 1, NULL, NULL,
    'until_reset', '', NULL, 7000000, 10000000, 0, NULL, NULL, NULL, NULL, 0, 1, NULL);
INSERT INTO accounts VALUES (2, 'user:1:impressions:1:until_reset', 'impressions', 'user', '', 1, NULL, 1,
    'until_reset', '', NULL, 3, 3, 0, NULL, NULL, NULL, NULL, 0, 1, NULL);
INSERT INTO attempts (id, nonce, spooler_host, job_id, time_at_creation, job_uuid, state, outcome, printer_name,
    printer_id, class_name, device_uri, user_name, user_id, original_user_name, authenticated_user_name, identified,
    host_name, job_name, options, options_json, content_type, final_content_type, document_from_file, billing_code,
    copies, document_sha256, document_md5, language, confidence, findings, usage_json, tariff_json,
    quoted_impressions, quoted_price, charged_impressions, charged_media_sheets, charged_price, charge_rule,
    over_reserved, printer_counter_before, verdict, reason, decision_text, boot_id, client_pid,
    client_start_time_ticks, received_at, closed_at, hidden)
    VALUES (1, '{nonce}', 'server', 1, 1, '', 'closed', 'completed', 'hp',
    1, '', '', 'anna', 1, 'anna', '', 'claimed',
    '', 'letter', '', '', '', '', {no}, 'physics',
    1, '', '', 'pdf', '', '', '', '',
    3, 3000000, 3, 3, 3000000, 'parsed',
    {no}, 0, 'allow', '', '', '', 0,
    0, 1, 2, {no});
INSERT INTO entries VALUES (1, 1, 'p', 'payment', 10000000, 10000000, NULL, 'cash', 'root', 1);
INSERT INTO entries VALUES (2, 1, 'a1', 'job', -3000000, 0, 1, '', '', 2);
INSERT INTO entries VALUES (3, 2, 'a1', 'job', 3, 3, 1, '', '', 2);
INSERT INTO reservations VALUES (1, 1, 3000000, 'settled', {no}, NULL, {no});
INSERT INTO reservations VALUES (1, 2, 3, 'settled', {no}, NULL, {no});
"""


EVERYWHERE = pytest.mark.parametrize("first_url", ["sqlite", *SERVERS], indirect=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def first_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A ledger as the first version made it, with one job in its books."""
    server = None
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/pagetoll.db"
    else:
        server = request.getfixturevalue(SERVERS[request.param])
        url = server.new_database()
    make_first_ledger(url)
    yield url
    if server is not None:
        server.drop_database(url)


def make_first_ledger(url: str) -> None:
    """Makes the tables of the first version at `url`, with FIRST_BOOKS in them."""
    database = Database.open(url, clock=SettableClock(), create=True)
    with database.durable.begin() as connection:
        fill(connection)
    database.close()


def fill(connection: Connection) -> None:
    command.upgrade(alembic_config(connection), FIRST)
    books = FIRST_BOOKS.replace("{no}", "false").replace("{nonce}", "0" * 32)
    for statement in books.strip().split(";\n"):
        connection.exec_driver_sql(statement.removesuffix(";"))
    if connection.dialect.name == "postgresql":
        for table in ("printers", "users", "accounts", "attempts", "entries"):
            numbered = f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
            connection.exec_driver_sql(numbered)


def test_a_ledger_of_the_first_version_says_which_command_brings_it_up(first_url: str):
    books = Books(first_url)
    with pytest.raises(SchemaMismatch, match="run: pagetoll init"):
        books.catalogue.users()
    books.close()


def test_after_the_upgrade_its_printers_have_no_rolling_limits_and_can_be_given_some(first_url: str):
    upgrade(first_url)
    books = Books(first_url)
    books.print(50)
    change = rolling_limits(RollingLimits(3600, 50))
    books.change(lambda t: t.change_printers([printer_id(t, "hp")], change))
    with pytest.raises(LimitReached, match="50 of 50 impressions used within 1:00:00"):
        books.hold(1)
    books.close()


@EVERYWHERE
def test_after_the_upgrade_its_jobs_can_be_refunded_and_new_ones_booked_on_a_code(first_url: str):
    for _ in range(2):
        upgrade(first_url)
    books = Books(first_url)
    assert books.audit() == []
    record = books.ledger.attempt_by_id(1)
    assert books.refund(record.facts.key, impressions=1) == (1, Decimal(3))
    books.code()
    books.print(2, code="physics")
    assert (books.posted(), books.balance(), books.used_by()) == (4, Decimal(8), (2, Decimal(2)))
    assert [row.amount for row in books.catalogue.payments()] == [10_000_000, -3_000_000]
    assert books.audit() == []
    books.close()


def test_after_the_upgrade_its_jobs_are_explained_with_what_there_is_and_new_ones_with_all(first_url: str):
    upgrade(first_url)
    books = Books(first_url)
    old = books.ledger.attempt_by_id(1)
    legs = books.ledger.legs(1)
    assert old.rolling == ()
    assert [(leg.stood, leg.posted_before, leg.posted) for leg in legs] == [
        (None, 10_000_000, -3_000_000),
        (None, 0, 3),
    ]
    new = books.ledger.attempt(books.print(2))
    assert [leg.stood.posted for leg in books.ledger.legs(new.attempt_id)] == [7_000_000, 3]
    books.close()


@EVERYWHERE
@pytest.mark.parametrize("version", ["0004", "0005"])
def test_the_last_version_is_brought_up_with_jobs_of_every_state_and_down_again(first_url: str, version: str):
    step(first_url, version)
    upgrade(first_url)
    books = Books(first_url)
    opened = books.hold(2)
    books.void(books.hold(1))
    books.close()
    step(first_url, version, down=True)
    upgrade(first_url)
    books = Books(first_url)
    (open_leg, *_rest) = books.ledger.legs(books.ledger.attempt(opened).attempt_id)
    assert (open_leg.state, open_leg.stood is None) == ("open", version == "0004")
    books.settle(opened, 2)
    assert books.posted() == 5
    assert books.audit() == []
    books.close()


def step(url: str, version: str, *, down: bool = False) -> None:
    """Brings a ledger to the schema of a version."""
    database = Database.open(url, clock=SettableClock())
    with database.durable.begin() as connection:
        (command.downgrade if down else command.upgrade)(alembic_config(connection), version)
    database.close()
