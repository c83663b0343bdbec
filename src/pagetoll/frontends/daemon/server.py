# SPDX-License-Identifier: Apache-2.0
"""The listening part of pagetolld: a thread for each connection, a beat for all, upkeep every minute."""

import json
import logging
import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict

from pagetoll.app.lprng import service as lprng
from pagetoll.app.printing.attempt import Adoption, Arrival, Services
from pagetoll.app.printing.client import ClientGone
from pagetoll.app.printing.print_servers import look_every_s
from pagetoll.app.printing.run import attempt_of, run
from pagetoll.app.upkeep import UpkeepReport, run_upkeep
from pagetoll.core.errors import PagetollError
from pagetoll.frontends.daemon.commands import Commands
from pagetoll.frontends.daemon.session import Session
from pagetoll.wire import frames
from pagetoll.wire.lprng_frames import Lprng

log = logging.getLogger("pagetoll.daemon")

BEAT_EVERY_S = 2.0
FIRST_FRAME_TIMEOUT_S = 30.0
MOST_SESSIONS = 512
MOST_STRANGERS = 32
MOST_OF_ONE_STRANGER = 4
STRANGERS_LEAVE_S = 2.0
PAUSE_S = 0.1
NOT_FROM_YOU = b"pagetolld takes no jobs from this user; the administrator's way to mend it: pagetoll doctor"


class Server:
    """Serves thin clients until it is told to stop."""

    def __init__(
        self,
        services: Services,
        commands: Commands,
        may_print: Callable[[int], bool],
        upkeep_every_s: Callable[[], float],
    ) -> None:
        self._services = services
        self._commands = commands
        self._may_print = may_print
        self._upkeep_every_s = upkeep_every_s
        self._sessions: set[Session] = set()
        self._strangers: set[Session] = set()
        self._warned_of: set[int] = set()
        self._lock = threading.Lock()
        self._keeping_up = threading.Lock()
        self._stopping = threading.Event()
        self._woken = threading.Event()

    def serve(self, listener: socket.socket) -> None:
        """Accept connections until `stop`. The listener stays open: with socket activation it is systemd's."""
        listener.settimeout(0.5)
        threading.Thread(target=self._beat, name="beat", daemon=True).start()
        threading.Thread(target=self._keep_up, name="upkeep", daemon=True).start()
        if self._services.shared_ledger:
            threading.Thread(target=self._show_life, name="life", daemon=True).start()
        while not self._stopping.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError as error:  # no descriptor is left, say: those in use come back
                log.error("no connection can be taken now: %s", error)
                self._stopping.wait(PAUSE_S)
                continue
            try:
                self._take(connection)
            except Exception:
                log.exception("a connection could not be taken")
                connection.close()

    def _take(self, connection: socket.socket) -> None:
        """Start a thread for a connection, or close it where there are too many. Everybody may connect, so that
        those who may not print must not use up the sessions, nor one of them the others'."""
        session = Session(connection)
        is_stranger = not self._may_print(session.peer_uid)
        crowd, most = (self._strangers, MOST_STRANGERS) if is_stranger else (self._sessions, MOST_SESSIONS)
        with self._lock:
            of_one = sum(other.peer_uid == session.peer_uid for other in crowd) if is_stranger else 0
            if len(crowd) >= most or of_one >= MOST_OF_ONE_STRANGER:
                session.close()
                return
            crowd.add(session)
        serve = self._serve_stranger if is_stranger else self._serve_one
        try:
            threading.Thread(target=serve, args=(session,), name="job", daemon=True).start()
        except RuntimeError:  # no further thread
            with self._lock:
                crowd.discard(session)
            raise

    def stop(self) -> None:
        """Stop accepting. Clients in the middle of a job find the next daemon by themselves."""
        self._stopping.set()
        self._woken.set()

    def wake_upkeep(self) -> None:
        self._woken.set()

    def _serve_stranger(self, session: Session) -> None:
        """Run a command for somebody who may not print, and turn away whatever else he wants."""
        try:
            if session.announces_command(STRANGERS_LEAVE_S):
                self._commands.serve(session)
            else:
                self._turn_away(session)
        except ClientGone as error:
            log.debug("client pid=%s left: %s", session.peer_pid, error)
        except Exception:
            log.exception("client pid=%s: unexpected failure", session.peer_pid)
        finally:
            with self._lock:
                self._strangers.discard(session)
            session.close()

    def _turn_away(self, session: Session) -> None:
        """Say no, and give the client time to read it. Nothing of what it sends is received, no descriptor either:
        to close one may take as long as its file system likes. Raises ClientGone."""
        with self._lock:
            is_new = session.peer_uid not in self._warned_of
            self._warned_of.add(session.peer_uid)
        if is_new:
            log.warning("uid=%s may not hand in jobs", session.peer_uid)
        session.send(frames.Failed(sentence=NOT_FROM_YOU))
        session.wait_for_end(STRANGERS_LEAVE_S)

    def _serve_one(self, session: Session) -> None:
        try:
            if session.announces_command(FIRST_FRAME_TIMEOUT_S):
                self._commands.serve(session)
            else:
                self._converse(session)
        except ClientGone as error:
            log.debug("client pid=%s left: %s", session.peer_pid, error)
        except Exception:
            # one job's fault must not end the daemon; the client follows on_failure
            log.exception("client pid=%s: unexpected failure", session.peer_pid)
            with suppress(ClientGone):
                session.send(frames.Failed(sentence=b"pagetolld met an unexpected failure; its log says more"))
        finally:
            with self._lock:
                self._sessions.discard(session)
            session.close()

    def _converse(self, session: Session) -> None:
        first = session.receive(FIRST_FRAME_TIMEOUT_S)
        if first is None:
            return
        message, descriptors = first
        if isinstance(message, frames.Upkeep):
            self._answer_upkeep(session, as_json=message.as_json)
        elif isinstance(message, frames.Job):
            run(self._services, attempt_of(self._services, _arrival(message, session, descriptors[0]), session, None))
        elif isinstance(message, Lprng):
            self._serve_lprng(session, message, descriptors)
        elif isinstance(message, frames.Adopt):
            attempt = attempt_of(
                self._services, _arrival(message.job, session, descriptors[0]), session, _adoption(message)
            )
            attempt.life_fd, attempt.backend_stderr_fd = descriptors[1:]
            for descriptor in descriptors[1:]:
                os.set_blocking(descriptor, False)
            run(self._services, attempt)
            self.wake_upkeep()

    def _serve_lprng(self, session: Session, call: Lprng, descriptors: tuple[int, ...]) -> None:
        """A call of lpd's; our own failure is told, so that its program follows on_failure. Raises ClientGone."""
        try:
            if lprng.serve(self._services, session, call, descriptors):
                self.wake_upkeep()
        except (PagetollError, OSError) as error:
            log.error("lpd's call %s on %s failed: %s", call.role, call.variables.get(b"PRINTER"), error)
            session.send(frames.Failed(sentence=str(error).encode("utf-8", "replace")[:1000]))

    def _answer_upkeep(self, session: Session, *, as_json: bool) -> None:
        report = self._upkeep_once()
        for problem in () if as_json else report.problems:
            session.say(problem)
        session.say(json.dumps(asdict(report)) if as_json else str(report))
        session.send(frames.Exit(status=int(bool(report.problems))))

    def _upkeep_once(self) -> UpkeepReport:
        with self._keeping_up:
            return run_upkeep(self._services)

    def _beat(self) -> None:
        while not self._stopping.wait(BEAT_EVERY_S):
            with self._lock:
                sessions = list(self._sessions)
            for session in sessions:
                session.beat()

    def _show_life(self) -> None:
        """Tell the other print servers of the ledger that this one lives, and see which of them do."""
        services = self._services
        while not self._stopping.is_set():
            try:
                gone = services.servers.look(services.ledger.beat(services.spooler_host))
            except PagetollError as error:
                log.warning("the other print servers cannot be told that this one lives: %s", error)
            except Exception:
                log.exception("the other print servers cannot be told that this one lives")
            else:
                if gone:
                    self.wake_upkeep()
            settings = services.settings()
            self._stopping.wait(look_every_s(settings.server_gone_s))

    def _keep_up(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            self._warned_of.clear()
            try:
                self._upkeep_once()
            except Exception:
                log.exception("upkeep met an unexpected failure")
            self._woken.wait(self._upkeep_every_s())


def _arrival(job: frames.Job, session: Session, document_fd: int) -> Arrival:
    return Arrival(
        nonce=job.nonce,
        client_pid=job.pid,
        client_start_time_ticks=job.start_time_ticks,
        client_uid=session.peer_uid,
        arguments=job.arguments,
        variables={name.decode("utf-8", "replace"): value for name, value in job.environment},
        document_fd=document_fd,
    )


def _adoption(message: frames.Adopt) -> Adoption:
    return Adoption(
        ended=message.stage == "ended",
        backend_pid=message.backend_pid,
        backend_start_time_ticks=message.backend_start_time_ticks,
        backend_status=message.status if message.stage == "ended" else None,
        canceled=message.canceled,
    )
