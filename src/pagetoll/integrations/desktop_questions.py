# SPDX-License-Identifier: Apache-2.0
"""Questions to the person at a desktop, through the XML-RPC server of the desktop helper (PyKotIcon's methods
`showDialog`, `askDatas`, `quitApplication`).

Whoever sits at that address may answer anything: an answer has a largest size and, unless the caller waits for
ever, an end in time whatever dribbles in; a document type, from which entities could be blown up, is refused; and
only what was asked for is taken from it, as plain text.
"""

import contextlib
import http.client
import socket
import threading
import xmlrpc.client
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from xml.parsers import expat

from pagetoll.core.errors import DeviceTimeout, DeviceUnreachable, ProtocolError
from pagetoll.core.messages import _
from pagetoll.core.plain_text import plain

PORT = 7654
CONNECT_TIMEOUT_S = 5.0
ANSWER_OCTETS_MAX = 256 * 1024
VALUE_LENGTH_MAX = 4096

# What xmlrpc.client and http.client raise for what is none of theirs; the rest is the operating system's.
_GARBAGE = (
    http.client.HTTPException,
    xmlrpc.client.Error,
    expat.ExpatError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Desktop:
    """Where a desktop helper listens, and how many seconds a person has for an answer (0: for ever)."""

    host: str
    port: int = PORT
    answer_timeout_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Question:
    """A line of a form: what is shown, the variable's name (ASCII), the text that stands there first."""

    label: str
    name: str
    default: str = ""


def show(desktop: Desktop, text: str, *, confirm: bool) -> bool:
    """Shows a text; True when it was answered with OK. With `confirm` there is a way to say no.

    Raises DeviceUnreachable, DeviceTimeout when nobody answered in time, ProtocolError for what is no answer.
    """
    answer = _call(desktop, "showDialog", (_binary(text), confirm))
    return answer == "OK"


def ask(desktop: Desktop, questions: Iterable[Question]) -> Mapping[str, str] | None:
    """The values by name that were filled in, each one line; None when the form was closed. Raises as `show`."""
    asked = list(questions)
    answer = _call(
        desktop,
        "askDatas",
        (
            [_binary(one.label) for one in asked],
            [one.name for one in asked],
            {one.name: _binary(one.default) for one in asked},
        ),
    )
    if not isinstance(answer, dict):
        raise ProtocolError(_("the desktop at {host} answered a form with something else").format(host=desktop.host))
    if answer.get("isValid") is not True:
        return None
    return {one.name: _plain(answer.get(one.name)) for one in asked}


def end_helper(desktop: Desktop) -> None:
    """Asks the desktop helper to end. Raises as `show`."""
    _call(desktop, "quitApplication", ())


def _binary(text: str) -> xmlrpc.client.Binary:
    return xmlrpc.client.Binary(text.encode("utf-8", errors="replace"))


def _plain(value: object) -> str:
    """A value as one line of plain text: a line end in it would look like another variable's value."""
    data = value.data if isinstance(value, xmlrpc.client.Binary) else value
    text = (
        data.decode("utf-8", errors="replace") if isinstance(data, bytes) else data if isinstance(data, str) else ""
    )
    return plain(text[:VALUE_LENGTH_MAX])


def _call(desktop: Desktop, method: str, arguments: tuple[object, ...]) -> object:
    """The single value that the method returns."""
    request = xmlrpc.client.dumps(arguments, method, encoding="utf-8").encode()  # type: ignore[arg-type]
    octets = _exchange(desktop, request)
    try:
        return _read_answer(octets)
    except _GARBAGE as error:
        raise _foreign(desktop) from error


def _exchange(desktop: Desktop, request: bytes) -> bytes:
    connection = _connected(desktop)
    talk, late = connection.sock, threading.Event()

    def cut() -> None:
        late.set()
        with contextlib.suppress(OSError):
            talk.shutdown(socket.SHUT_RDWR)

    watch = threading.Timer(desktop.answer_timeout_s, cut)
    watch.daemon = True
    if desktop.answer_timeout_s:
        watch.start()
    try:
        connection.request("POST", "/RPC2", request, {"Content-Type": "text/xml", "Connection": "close"})
        answer = connection.getresponse()
        octets = answer.read(ANSWER_OCTETS_MAX + 1)
    except (*_GARBAGE, OSError) as error:
        if late.is_set():
            raise _late(desktop) from error
        if isinstance(error, http.client.RemoteDisconnected | OSError):
            raise DeviceUnreachable(
                _("the desktop helper at {host} port {port} hung up without an answer").format(
                    host=desktop.host, port=desktop.port
                )
            ) from error
        raise _foreign(desktop) from error
    finally:
        watch.cancel()
        connection.close()
    if late.is_set():
        raise _late(desktop)
    if answer.status != http.client.OK or len(octets) > ANSWER_OCTETS_MAX:
        raise _foreign(desktop)
    return octets


def _connected(desktop: Desktop) -> http.client.HTTPConnection:
    """A connection made within CONNECT_TIMEOUT_S, that waits for ever from then on."""
    limit_s = min(CONNECT_TIMEOUT_S, desktop.answer_timeout_s or CONNECT_TIMEOUT_S)
    try:
        connection = http.client.HTTPConnection(desktop.host, desktop.port, timeout=limit_s)
        connection.connect()
    except (http.client.HTTPException, OSError, UnicodeError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise DeviceUnreachable(
            _("the desktop helper at {host} port {port} cannot be reached: {why}; does it run there?").format(
                host=desktop.host, port=desktop.port, why=why
            )
        ) from error
    connection.sock.settimeout(None)
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return connection


def _late(desktop: Desktop) -> DeviceTimeout:
    return DeviceTimeout(
        _("nobody at {host} answered within {seconds:g} s").format(
            host=desktop.host, seconds=desktop.answer_timeout_s
        )
    )


def _foreign(desktop: Desktop) -> ProtocolError:
    return ProtocolError(
        _("what answers at {host} port {port} is no desktop helper").format(host=desktop.host, port=desktop.port)
    )


def _read_answer(octets: bytes) -> object:
    target = xmlrpc.client.Unmarshaller()
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = target.start
    parser.EndElementHandler = target.end
    parser.CharacterDataHandler = target.data
    target.xml("", None)  # expat gives decoded text
    parser.Parse(octets, True)
    values = target.close()
    if len(values) != 1:
        raise ValueError("an answer has one value")
    return values[0]


def _refuse_doctype(*_: object) -> None:
    raise ValueError("an answer has no document type")
