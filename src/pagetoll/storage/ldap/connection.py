# SPDX-License-Identifier: Apache-2.0
"""One connection to a directory: python-ldap with types, timeouts, and its errors in our words.

Nothing else imports python-ldap. What a server says is hostile: names and figures are cut where they are shown, and
what is no UTF-8 is an error of the entry, not of ours.
"""

import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pagetoll.core.errors import StorageUnavailable
from pagetoll.core.messages import _
from pagetoll.storage.ldap.address import Address
from pagetoll.storage.ldap.libldap import ldap
from pagetoll.storage.ldap.refusals import ConnectionLost, refusal

# isort: split
# After ours, which says how it is loaded.
from ldap.controls.libldap import AssertionControl, SimplePagedResultsControl
from ldap.filter import escape_filter_chars

Entry = tuple[str, dict[str, list[bytes]]]

ANY_ENTRY = "(objectClass=*)"
PAGE_ENTRIES = 500
#: Whom a machine trusts; Debian's place, and a link on others.
USUAL_CA = Path("/etc/ssl/certs/ca-certificates.crt")
_KEEPALIVE_IDLE_S = 60
_LONGEST_PASSWORD = 4096


def escaped(text: str) -> str:
    """Text as it stands in a filter."""
    return str(escape_filter_chars(text, escape_mode=1))


class Connection:
    """Connected and bound. For one thread at a time; after a ConnectionLost it is of no use any more."""

    def __init__(self, address: Address, *, timeout_s: float) -> None:
        """Raises ConnectionLost, StorageUnavailable, StorageError."""
        self._where = address.where
        self._timeout_s = timeout_s
        knows_tls = address.server.startswith("ldaps:") and self._knock(address)
        try:
            if address.starttls:
                self._start_tls(address)
            else:
                self._ldap = ldap.initialize(address.server)
                self._set_options(address)
            self._bind(address)
        except ldap.SERVER_DOWN as error:
            # Of what it has against a certificate, libldap says that much only.
            raise refusal(ldap.CONNECT_ERROR(*error.args) if knows_tls else error, self._where) from error
        except (ldap.LDAPError, ValueError, OSError) as error:
            raise refusal(error, self._where) from error

    def _start_tls(self, address: Address) -> None:
        """libldap waits for ever for a server that agrees to a handshake and is mute then: so the socket is ours."""
        try:
            plain = socket.create_connection(address.host_and_port, self._timeout_s)
        except TimeoutError as error:
            raise self._no_answer() from error
        except OSError as error:
            said = {"desc": "Can't contact LDAP server", "info": error.strerror or ""}
            raise refusal(ldap.SERVER_DOWN(said), self._where) from error
        with plain:
            plain.settimeout(None)
            for level, option, value in (
                (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
                (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
                (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEPALIVE_IDLE_S),
            ):
                plain.setsockopt(level, option, value)
            # libldap closes what it is given.
            self._ldap = ldap.initialize(address.server, fileno=os.dup(plain.fileno()))
            self._set_options(address)
            with _shut_after(plain, self._timeout_s) as is_shut:
                try:
                    self._ldap.start_tls_s()
                except ldap.LDAPError as error:
                    if is_shut.is_set():
                        raise self._no_answer() from error
                    raise

    def _knock(self, address: Address) -> bool:
        """Whether a TLS handshake comes to its end, which proves nothing else. libldap with GnuTLS waits for its own
        for ever where a server accepts connections and is frozen; here no thread is left behind."""
        host, port = address.host_and_port
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            with socket.create_connection((host, port), self._timeout_s) as plain, context.wrap_socket(plain):
                return True
        except TimeoutError as error:
            raise self._no_answer() from error
        except OSError:
            return False  # libldap says it better

    def _set_options(self, address: Address) -> None:
        for option, value in (
            (ldap.OPT_PROTOCOL_VERSION, ldap.VERSION3),
            (ldap.OPT_REFERRALS, ldap.OPT_OFF),
            (ldap.OPT_NETWORK_TIMEOUT, self._timeout_s),
            (ldap.OPT_TIMEOUT, self._timeout_s),
            (ldap.OPT_X_KEEPALIVE_IDLE, _KEEPALIVE_IDLE_S),
            (ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_DEMAND),
        ):
            self._ldap.set_option(option, value)
        if address.ca is not None or address.starttls or address.server.startswith("ldaps:"):
            ca = address.ca or USUAL_CA
            ca.open("rb").close()  # its own words where it cannot be read
            self._ldap.set_option(ldap.OPT_X_TLS_CACERTFILE, str(ca))
        self._ldap.set_option(ldap.OPT_X_TLS_NEWCTX, 0)  # takes the settings above; must be the last

    def _bind(self, address: Address) -> None:
        if address.server.startswith("ldaps:"):
            # What is sent first connects: without a name it says no more than nothing would.
            password = b"" if address.bind_dn is None else self._password(address)
            self._result(self._in_time(lambda: int(self._ldap.simple_bind(address.bind_dn or "", password))))
        elif address.bind_dn is not None:
            self._result(self._ldap.simple_bind(address.bind_dn, self._password(address)))
        elif address.is_local_socket:
            self._ldap.sasl_external_bind_s()

    def _in_time(self, work: Callable[[], int]) -> int:
        """`work`, which libldap may never come back from: then its thread is left to wait for the server's end."""
        future: Future[int] = Future()

        def run() -> None:
            try:
                future.set_result(work())
            except (ldap.LDAPError, ValueError) as error:
                future.set_exception(error)

        threading.Thread(target=run, daemon=True).start()
        try:
            return future.result(self._timeout_s)
        except TimeoutError as error:
            raise self._no_answer() from error

    def _password(self, address: Address) -> bytes:
        if address.password_file is None:
            password = (address.password or "").encode()
        else:
            with address.password_file.open("rb") as file:
                password = file.read(_LONGEST_PASSWORD).partition(b"\n")[0].rstrip(b"\r")
        if not password:
            # RFC 4513 §5.1.2: it would be taken for an anonymous bind, and succeed.
            raise StorageUnavailable(
                _("{where}: the password is empty; write it into the first line of its file").format(
                    where=self._where
                )
            )
        return password

    def read(self, dn: str, attributes: Sequence[str]) -> dict[str, list[bytes]]:
        """One entry's attributes, their names in small letters. Raises NoSuchEntry and the like."""
        found = list(self._entries(self._send(self._ldap.search_ext, dn, ldap.SCOPE_BASE, ANY_ENTRY, attributes)))
        if len(found) != 1:
            raise refusal(ldap.NO_SUCH_OBJECT({"desc": dn}), self._where)
        return found[0][1]

    def search(self, base: str, filter_text: str, attributes: Sequence[str]) -> Iterator[Entry]:
        """Every entry below `base` that the filter fits, by pages (RFC 2696)."""
        cookie: Any = b""
        while True:
            page = SimplePagedResultsControl(True, size=PAGE_ENTRIES, cookie=cookie)
            sent = self._send(
                self._ldap.search_ext, base, ldap.SCOPE_SUBTREE, filter_text, attributes, serverctrls=[page]
            )
            said, controls = self._answer(sent)
            yield from self._decoded(said)
            cookies = [control.cookie for control in controls if control.controlType == page.controlType]
            cookie = cookies[0] if cookies else b""
            if not cookie:
                return

    def add(self, dn: str, attributes: Mapping[str, Sequence[bytes]]) -> None:
        """Raises EntryExists and the like."""
        self.finish(self.start_add(dn, attributes))

    def modify(self, dn: str, changes: Sequence["Modification"], assertion: str | None = None) -> None:
        """All of `changes` or none, and only where the filter `assertion` fits the entry (RFC 4528).

        Raises AssertionFailed, NoSuchEntry, NoSuchValue and the like; ConnectionLost: it may have been done."""
        self.finish(self.start_modify(dn, changes, assertion))

    def delete(self, dn: str, assertion: str | None = None) -> None:
        """Raises NoSuchEntry, AssertionFailed and the like."""
        self.finish(self._send(self._ldap.delete_ext, dn, serverctrls=_controls(assertion)))

    def start_add(self, dn: str, attributes: Mapping[str, Sequence[bytes]]) -> int:
        """Sends, and does not wait; `finish` with what comes back."""
        return self._send(self._ldap.add_ext, dn, [(name, list(values)) for name, values in attributes.items()])

    def start_modify(self, dn: str, changes: Sequence["Modification"], assertion: str | None = None) -> int:
        """Sends, and does not wait; `finish` with what comes back."""
        return self._send(self._ldap.modify_ext, dn, list(changes), serverctrls=_controls(assertion))

    def finish(self, message_id: int) -> None:
        """Waits for the answer to what was sent; raises what the request would."""
        self._answer(message_id)

    def close(self) -> None:
        try:
            self._ldap.unbind_ext_s()
        except ldap.LDAPError:
            return  # it is gone

    def _send(self, request: Any, *arguments: Any, **options: Any) -> int:
        try:
            return int(request(*arguments, **options))
        except (ldap.LDAPError, ValueError) as error:
            raise refusal(error, self._where) from error

    def _result(self, message_id: int) -> tuple[Any, Any]:
        try:
            answer = self._ldap.result3(message_id, all=1, timeout=self._timeout_s)
        except ldap.TIMEOUT as error:
            raise self._no_answer() from error
        return answer[1], answer[3]

    def _answer(self, message_id: int) -> tuple[Any, Any]:
        try:
            return self._result(message_id)
        except (ldap.LDAPError, ValueError) as error:
            raise refusal(error, self._where) from error

    def _no_answer(self) -> ConnectionLost:
        return ConnectionLost(
            _("{where}: no answer in {seconds} s; check that the directory runs").format(
                where=self._where, seconds=f"{self._timeout_s:g}"
            )
        )

    def _entries(self, message_id: int) -> Iterator[Entry]:
        return self._decoded(self._answer(message_id)[0])

    def _decoded(self, said: Any) -> Iterator[Entry]:
        for dn, attributes, *_rest in said or ():
            if dn is None or not isinstance(attributes, dict):
                continue  # a reference to another server
            yield str(dn), {name.lower(): list(values) for name, values in attributes.items()}


@contextmanager
def _shut_after(open_socket: socket.socket, timeout_s: float) -> Iterator[threading.Event]:
    """Ends a socket that is still in here then, whoever waits for it; whether it did."""
    is_shut = threading.Event()

    def shut() -> None:
        is_shut.set()
        with suppress(OSError):
            open_socket.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(timeout_s, shut)
    timer.daemon = True
    timer.start()
    try:
        yield is_shut
    finally:
        timer.cancel()
        timer.join()


Modification = tuple[int, str, list[bytes] | None]


def replacing(name: str, values: Sequence[bytes]) -> Modification:
    """Without values: the attribute goes, if there is one."""
    return (int(ldap.MOD_REPLACE), name, list(values) or None)


def adding(name: str, value: bytes) -> Modification:
    return (int(ldap.MOD_ADD), name, [value])


def dropping(name: str, values: Sequence[bytes]) -> Modification:
    return (int(ldap.MOD_DELETE), name, list(values))


def _controls(assertion: str | None) -> list[Any] | None:
    return None if assertion is None else [AssertionControl(True, assertion)]
