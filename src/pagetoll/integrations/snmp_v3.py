# SPDX-License-Identifier: Apache-2.0
"""SNMP version 3 (RFC 3414, user-based security) through the library gufo-snmp (extra `snmp`), for `snmp_client`.

The library tells numbers without their kind: they come as INTEGER.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from pagetoll.core.accounting import SNMP_AUTHENTICATIONS, SNMP_PRIVACIES, SnmpUser
from pagetoll.core.errors import DeviceRefused, DeviceTimeout, DeviceUnreachable, UsageError
from pagetoll.core.messages import _
from pagetoll.wire import snmp
from pagetoll.wire.snmp import Kind, Oid, Value

if TYPE_CHECKING:
    from gufo.snmp import User
    from gufo.snmp.sync import SnmpSession

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class SecureAgent:
    """Whom to ask, at which address, as whom, and how long for the whole call."""

    address: str
    port: int
    user: SnmpUser
    timeout_s: float
    tries: int


def get(agent: SecureAgent, oids: tuple[Oid, ...]) -> dict[Oid, Value | None]:
    """As `snmp_client.get`. Raises UsageError too, where the library is missing or the user cannot be one."""

    def ask(session: "SnmpSession") -> dict[Oid, Value | None]:
        found = session.get_many([snmp.dotted(oid) for oid in oids])
        return {oid: _value(found.get(snmp.dotted(oid))) for oid in oids}

    return _tried(agent, ask)


def walk(agent: SecureAgent, root: Oid, objects_max: int, until_s: float) -> list[tuple[Oid, Value]]:
    """As `snmp_client.walk`, step by step: GETBULK sends some agents round in circles. It ends when the monotonic
    clock reads `until_s`."""

    def ask(session: "SnmpSession") -> list[tuple[Oid, Value]]:
        found: list[tuple[Oid, Value]] = []
        for name, content in islice(session.getnext(snmp.dotted(root)), objects_max):
            oid, value = snmp.oid_of(name), _value(content)
            if (
                value is None
                or oid[: len(root)] != root
                or (found and oid <= found[-1][0])
                or time.monotonic() > until_s
            ):
                break
            found.append((oid, value))
        return found

    return _tried(agent, ask)


def _tried(agent: SecureAgent, ask: Callable[["SnmpSession"], Result]) -> Result:
    for number in range(agent.tries):
        try:
            with _session(agent) as session:
                return ask(session)
        except DeviceTimeout:
            if number == agent.tries - 1:
                raise
    raise UsageError(_("asking a printer by SNMP needs at least one try"))


@contextmanager
def _session(agent: SecureAgent) -> Iterator["SnmpSession"]:
    try:
        from gufo.snmp import SnmpAuthError, SnmpError, SnmpVersion
        from gufo.snmp.sync import SnmpSession
    except ImportError as error:
        raise UsageError(_("SNMP version 3 needs the library gufo-snmp; pip install 'pagetoll[snmp]'")) from error
    where = {"host": agent.address, "port": agent.port}
    user = _user(agent.user)
    try:
        with SnmpSession(
            agent.address, agent.port, user=user, version=SnmpVersion.v3, timeout=agent.timeout_s / agent.tries
        ) as session:
            yield session
    except (TimeoutError, BlockingIOError) as error:
        raise DeviceTimeout(
            _(
                "{host} port {port} does not answer SNMP version 3 within {seconds:g} s; is the user known there?"
            ).format(seconds=agent.timeout_s, **where)
        ) from error
    except SnmpAuthError as error:
        raise DeviceRefused(
            _("the SNMP agent of {host} port {port} refuses the user {user}; check names and passwords").format(
                user=agent.user.name, **where
            )
        ) from error
    except (SnmpError, ValueError) as error:
        raise DeviceRefused(
            _("the SNMP agent of {host} port {port} gave no answer that can be used: {why}").format(
                why=error, **where
            )
        ) from error
    except OSError as error:
        raise DeviceUnreachable(
            _("{host} port {port} cannot be asked by SNMP: {why}; is it switched on, is the name right?").format(
                why=error.strerror or error, **where
            )
        ) from error


def _user(wanted: SnmpUser) -> "User":
    from gufo import snmp as library

    authentications = dict(
        zip(
            SNMP_AUTHENTICATIONS,
            (
                library.Md5Key,
                library.Sha1Key,
                library.Sha224Key,
                library.Sha256Key,
                library.Sha384Key,
                library.Sha512Key,
            ),
            strict=True,
        )
    )
    privacies = dict(
        zip(SNMP_PRIVACIES, (library.DesKey, library.Aes128Key, library.Aes192Key, library.Aes256Key), strict=True)
    )
    for given, known in ((wanted.authentication, SNMP_AUTHENTICATIONS), (wanted.privacy, SNMP_PRIVACIES)):
        if given not in known:
            raise UsageError(
                _("{word} is unknown to SNMP; give one of {known}").format(word=given, known=", ".join(known))
            )
    if wanted.privacy_password and not wanted.password:
        raise UsageError(_("SNMP hides nothing for a user who proves nothing; give both passwords"))
    try:
        return library.User(
            wanted.name,
            auth_key=authentications[wanted.authentication](wanted.password.encode()) if wanted.password else None,
            priv_key=privacies[wanted.privacy](wanted.privacy_password.encode()) if wanted.privacy_password else None,
        )
    except (ValueError, library.SnmpError) as error:
        raise UsageError(
            _("the SNMP user {name} cannot be used: {why}").format(name=wanted.name, why=error)
        ) from error


def _value(content: object) -> Value | None:
    if isinstance(content, bool | int):
        return Value(Kind.INTEGER, int(content))
    if isinstance(content, bytes):
        return Value(Kind.OCTET_STRING, content)
    if isinstance(content, str):
        return Value(Kind.OCTET_STRING, content.encode())
    return None
