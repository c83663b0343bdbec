# SPDX-License-Identifier: Apache-2.0
"""The Ledger port on an SQL database: each method is one transaction; the modules beside it do the work."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, update

from pagetoll.core.audit import AuditDifference, AuditExtent
from pagetoll.core.charging import ChargeView, CostCenter, Plan
from pagetoll.core.errors import AlreadySettled, AlreadyVoided
from pagetoll.core.job_figures import JobFigures
from pagetoll.core.jobs import ALL_ATTEMPTS, AttemptKey, AttemptState, HistoryFilter, Outcome
from pagetoll.core.policy import AccountState, Decision, Rule
from pagetoll.core.rolling import Asking, RollingCheck, RollingRefusal, RollingUse
from pagetoll.core.standings import NO_STANDINGS, Standings
from pagetoll.ports import (
    Act,
    AttemptFacts,
    AttemptRecord,
    Clock,
    Drift,
    KeptReading,
    Ledger,
    LegRecord,
    LoggedPosting,
    NoCopy,
    Note,
    Phase,
    Refund,
    Reserved,
    RunPlanner,
    Settlement,
    UserCharges,
)
from pagetoll.ports.devices import DeviceIdentity, DeviceSpan
from pagetoll.ports.print_servers import PrintServer
from pagetoll.storage.sql import devices, print_servers, spans
from pagetoll.storage.sql import history as reading
from pagetoll.storage.sql import settle as closing
from pagetoll.storage.sql.accounts import read_states
from pagetoll.storage.sql.attempts import get_attempt, insert_notes, read_notes
from pagetoll.storage.sql.audit import audit, extent
from pagetoll.storage.sql.engine import Database
from pagetoll.storage.sql.imports import import_runs
from pagetoll.storage.sql.instants import to_micros
from pagetoll.storage.sql.job_cost_centers import ensure_cost_center
from pagetoll.storage.sql.job_figures import (
    count_deny_banners,
    hide_earlier,
    job_figures,
    last_attempt_on,
    same_document,
)
from pagetoll.storage.sql.refunds import Wish, refund
from pagetoll.storage.sql.reserve import reserve
from pagetoll.storage.sql.rolling import look_at
from pagetoll.storage.sql.schema import attempts
from pagetoll.storage.sql.texts import clean
from pagetoll.storage.sql.views import charge_view

#: Which states a mark may change: a mark that comes late or twice changes nothing.
_BEFORE = {
    AttemptState.STARTING: (AttemptState.RESERVED.value,),
    # a device backend that failed may be started again
    AttemptState.PRINTING: (AttemptState.RESERVED.value, AttemptState.STARTING.value, AttemptState.PRINTING.value),
}


def open_ledger(url: str, *, clock: Clock, busy_timeout_s: float) -> Ledger:
    """The ledger at `url`; connects at its first use. Raises UsageError for a URL that is none of ours."""
    return SqlLedger(Database.open(url, clock=clock, busy_timeout_s=busy_timeout_s))


class SqlLedger:
    """See `ports.Ledger`."""

    def __init__(self, database: Database, *, history_page_rows: int = 500) -> None:
        self.database = database
        self._history_page_rows = history_page_rows

    def charge_view(
        self, printer_name: str, user_name: str, rules: dict[str, Rule], default: Rule, billing_code: str = ""
    ) -> ChargeView:
        printer, user = clean(printer_name), clean(user_name)
        return self.database.read(
            lambda connection: charge_view(connection, printer, user, rules, default, billing_code)
        )

    def ensure_cost_center(self, billing_code: str) -> CostCenter:
        now = self.database.now_micros()
        return self.database.write(lambda connection: ensure_cost_center(connection, billing_code, now))

    def account_states(self, account_ids: Sequence[int]) -> Sequence[AccountState]:
        return self.database.read(lambda connection: read_states(connection, account_ids))

    def job_figures(self, printer_id: int | None, user_id: int | None) -> JobFigures:
        return self.database.read(lambda connection: job_figures(connection, printer_id, user_id))

    def same_document(self, key: AttemptKey, user_id: int, sha256: str, since: datetime) -> AttemptRecord | None:
        return self.database.read(
            lambda connection: same_document(connection, key, user_id, sha256, to_micros(since))
        )

    def last_attempt_on(self, printer_id: int, key: AttemptKey) -> AttemptRecord | None:
        return self.database.read(lambda connection: last_attempt_on(connection, printer_id, key))

    def hide_earlier(self, printer_id: int, key: AttemptKey) -> None:
        self.database.write(lambda connection: hide_earlier(connection, printer_id, key), durable=False)

    def count_deny_banners(self, account_id: int, added: int) -> None:
        self.database.write(lambda connection: count_deny_banners(connection, account_id, added), durable=False)

    def reserve(
        self,
        facts: AttemptFacts,
        plan: Plan,
        decision: Decision,
        notes: Sequence[Note],
        no_copy: NoCopy | None = None,
    ) -> Reserved:
        now = self.database.now_micros()
        return self.database.write(lambda connection: reserve(connection, facts, plan, decision, notes, now, no_copy))

    def rolling_uses(
        self, asking: Asking, checks: Sequence[RollingCheck]
    ) -> tuple[tuple[RollingUse, ...], RollingRefusal | None]:
        now = self.database.now_micros()
        return self.database.read(lambda connection: look_at(connection, asking, checks, now))

    def record_unreserved(
        self,
        facts: AttemptFacts,
        decision: Decision,
        outcome: Outcome,
        notes: Sequence[Note],
        standings: Standings = NO_STANDINGS,
    ) -> int:
        now = self.database.now_micros()
        return self.database.write(
            lambda connection: closing.record_unreserved(connection, facts, decision, outcome, notes, standings, now),
            durable=False,
        )

    def post_unreserved(self, facts: AttemptFacts, plan: Plan, settlement: Settlement) -> int:
        now = self.database.now_micros()
        return self.database.write(
            lambda connection: closing.post_unreserved(connection, facts, plan, settlement, now)
        )

    def import_runs(self, server: str, job_ids: Sequence[int], planner: RunPlanner) -> Sequence[LoggedPosting]:
        now = self.database.now_micros()
        return self.database.write(lambda connection: import_runs(connection, server, job_ids, planner, now))

    def mark_starting(self, key: AttemptKey, at: datetime) -> None:
        self._mark(key, AttemptState.STARTING, started_at=to_micros(at))

    def mark_started(self, key: AttemptKey, backend_pid: int, backend_start_time_ticks: int) -> None:
        self._mark(
            key, AttemptState.PRINTING, backend_pid=backend_pid, backend_start_time_ticks=backend_start_time_ticks
        )

    def _mark(self, key: AttemptKey, state: AttemptState, **columns: int) -> None:
        def mark(connection: Connection) -> None:
            marked = {"state": state.value, **columns}
            due = (attempts.c.nonce == key.nonce) & attempts.c.state.in_(_BEFORE[state])
            if connection.execute(update(attempts).where(due).values(**marked)).rowcount:
                return
            attempt = get_attempt(connection, key)
            if attempt.state == AttemptState.CLOSED.value:
                kind = AlreadySettled if attempt.charge_rule else AlreadyVoided
                raise kind(f"attempt {key} is closed; a new run of the job is a new attempt")

        self.database.write(mark, durable=False)

    def settle(self, key: AttemptKey, settlement: Settlement) -> None:
        now = self.database.now_micros()
        self.database.write(lambda connection: closing.settle(connection, key, settlement, now), durable=False)

    def void(self, key: AttemptKey, outcome: Outcome, notes: Sequence[Note], *, only_unstarted: bool = False) -> bool:
        now = self.database.now_micros()
        return self.database.write(
            lambda connection: closing.void(connection, key, outcome, notes, now, only_unstarted=only_unstarted),
            durable=False,
        )

    def add_notes(self, key: AttemptKey, notes: Sequence[Note]) -> None:
        self.database.write(
            lambda connection: insert_notes(connection, get_attempt(connection, key).id, notes), durable=False
        )

    def refund(
        self,
        attempt_id: int,
        *,
        impressions: int | None = None,
        price: int | None = None,
        reason: str,
        actor: str,
        at: datetime,
        write_id: str,
    ) -> Refund:
        wish = Wish(impressions, price, reason, actor, to_micros(at), write_id)
        return self.database.write(lambda connection: refund(connection, attempt_id, wish))

    def keep_reading(self, key: AttemptKey, phase: Phase, reading: KeptReading) -> None:
        self.database.write(lambda connection: devices.keep_reading(connection, key, phase, reading), durable=False)

    def readings(self, attempt_id: int) -> dict[Phase, KeptReading]:
        return self.database.read(lambda connection: devices.read_readings(connection, attempt_id))

    def name_device(self, identity: DeviceIdentity) -> str:
        known = self.database.read(lambda connection: devices.known_name(connection, identity))
        if known is not None:
            return known
        return self.database.write(lambda connection: devices.name_device(connection, identity), durable=False)

    def hold_device(self, device: str, key: AttemptKey, parsed_impressions: int) -> bool:
        return self.database.write(
            lambda connection: spans.hold(connection, device, key.nonce, parsed_impressions), durable=False
        )

    def join_device(self, device: str, key: AttemptKey, parsed_impressions: int) -> DeviceSpan:
        return self.database.write(
            lambda connection: spans.join(connection, device, key.nonce, parsed_impressions), durable=False
        )

    def device_span(self, key: AttemptKey, handed_over_impressions: int | None = None) -> DeviceSpan | None:
        if handed_over_impressions is None:
            return self.database.read(lambda connection: spans.span_of(connection, key.nonce))
        return self.database.write(
            lambda connection: spans.end(connection, key.nonce, handed_over_impressions), durable=False
        )

    def close_span(self, key: AttemptKey, parts: Mapping[str, int], trouble: str) -> bool:
        return self.database.write(
            lambda connection: spans.close(connection, key.nonce, parts, trouble), durable=False
        )

    def beat(self, server: str) -> Sequence[PrintServer]:
        now = self.database.now_micros()
        return self.database.write(lambda connection: print_servers.beat(connection, server, now), durable=False)

    def print_servers(self) -> Sequence[PrintServer]:
        return self.database.read(print_servers.read)

    def give_up_server(self, server: str, actor: str) -> None:
        now = self.database.now_micros()
        self.database.write(lambda connection: print_servers.give_up(connection, server, actor, now))

    def drift(self, wanted: HistoryFilter = ALL_ATTEMPTS) -> Sequence[Drift]:
        return self.database.read(lambda connection: devices.drift(connection, wanted))

    def attempt(self, key: AttemptKey) -> AttemptRecord | None:
        return self.database.read(lambda connection: reading.by_key(connection, key))

    def attempt_by_id(self, attempt_id: int) -> AttemptRecord | None:
        return self.database.read(lambda connection: reading.by_id(connection, attempt_id))

    def open_attempts(self) -> Sequence[AttemptRecord]:
        return self.database.read(reading.open_attempts)

    def open_attempts_of_job(self, spooler_host: str, job_id: int, time_at_creation: int) -> Sequence[AttemptRecord]:
        return self.database.read(
            lambda connection: reading.open_attempts_of_job(connection, spooler_host, job_id, time_at_creation)
        )

    def history(
        self, wanted: HistoryFilter = ALL_ATTEMPTS, *, newest_first: bool = True, limit: int | None = None
    ) -> Iterator[AttemptRecord]:
        return reading.pages(
            self.database,
            wanted,
            newest_first=newest_first,
            limit=limit,
            page_rows=self._history_page_rows,
        )

    def charges_by_user(self, wanted: HistoryFilter = ALL_ATTEMPTS) -> Sequence[UserCharges]:
        return self.database.read(lambda connection: reading.charges_by_user(connection, wanted))

    def legs(self, attempt_id: int) -> Sequence[LegRecord]:
        return self.database.read(lambda connection: reading.legs(connection, attempt_id))

    def notes(self, attempt_id: int) -> Sequence[Note]:
        return self.database.read(lambda connection: read_notes(connection, attempt_id))

    def audit(self) -> Iterator[AuditDifference]:
        return iter(self.database.read(audit, snapshot=True))

    def audit_extent(self) -> AuditExtent:
        return self.database.read(extent)

    def acts(self) -> Iterator[Act]:
        return reading.acts(self.database, self._history_page_rows)

    def check(self) -> None:
        self.database.check()

    def tidy(self) -> None:
        self.database.tidy()

    def close(self) -> None:
        self.database.close()
