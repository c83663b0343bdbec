# SPDX-License-Identifier: Apache-2.0
"""A small IPP client: one request, one answer, over a scheduler's Unix socket or over TCP (RFC 8010 §4).

An endpoint is written as CUPS_SERVER is: an absolute path is a Unix socket, anything else `host[:port]`.
Who asks is what `requesting_user_name` claims; Debian's policy shows job-name only to the owner and root.
"""

import http.client
import io
import itertools
import socket
import time
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pagetoll.core.errors import DeviceRefused, DeviceTimeout, DeviceUnreachable, ProtocolError
from pagetoll.core.messages import _
from pagetoll.wire import ipp

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

IPP_PORT = 631
MAX_ANSWER_OCTETS = 16 << 20
FIRST_ERROR_STATUS = 0x0400  # below are the successful-* codes (RFC 8011 §4.1.8)

#: How many times the time for a silence a whole answer may take, however it dribbles in.
SILENCES_MAX = 3
SILENCE_S = 10.0

JobAttributes = dict[str, tuple[ipp.Content, ...]]


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket; the Host header says localhost, as the CUPS client library does."""

    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class _Answer(io.RawIOBase):
    """What a socket says until a moment (time.monotonic); raises TimeoutError then."""

    def __init__(self, talk: socket.socket, raw: io.RawIOBase, silence_s: float) -> None:
        self._talk, self._raw, self._silence_s = talk, raw, silence_s
        self._until_s = time.monotonic() + SILENCES_MAX * silence_s

    def readable(self) -> bool:
        return True

    def readinto(self, room: "WriteableBuffer", /) -> int | None:
        left_s = self._until_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self._talk.settimeout(min(left_s, self._silence_s))
        return self._raw.readinto(room)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """An answer that has an end; http.client itself bounds each silence only."""

    def __init__(self, sock: socket.socket, *words: Any, **options: Any) -> None:
        super().__init__(sock, *words, **options)
        self.fp = io.BufferedReader(_Answer(sock, self.fp.detach(), sock.gettimeout() or SILENCE_S))


class IppClient:
    """Sends IPP requests to `endpoint`, each over a connection of its own.

    Every method raises DeviceUnreachable when nobody answers, DeviceTimeout after `timeout_s` of silence or
    SILENCES_MAX times as long without the whole answer, ProtocolError when the answer is no IPP, and, except
    `send`, DeviceRefused for an error status.
    """

    def __init__(self, endpoint: str, *, timeout_s: float = SILENCE_S, requesting_user_name: str = "root") -> None:
        self._endpoint = endpoint
        self._timeout_s = timeout_s
        self._requesting_user_name = requesting_user_name
        self._request_ids = itertools.count(1)

    def get_job_attributes(self, job_id: int, requested: Collection[str] = ("all",)) -> JobAttributes:
        """What the scheduler knows of a job (Get-Job-Attributes), by attribute name."""
        target = self._job_target(job_id)
        target.append(ipp.attribute("requested-attributes", ipp.Tag.KEYWORD, *requested))
        return self._group(self._accepted(ipp.Operation.GET_JOB_ATTRIBUTES, "/", target), ipp.Tag.JOB_GROUP)

    def get_printer_attributes(
        self, resource: str = "/ipp/print", requested: Collection[str] = ("all",)
    ) -> JobAttributes:
        """What the printer or queue at `resource` (`/printers/NAME` on CUPS) says about itself, by name."""
        target = [self._printer_uri(resource)]
        target.append(ipp.attribute("requested-attributes", ipp.Tag.KEYWORD, *requested))
        answer = self._accepted(ipp.Operation.GET_PRINTER_ATTRIBUTES, resource, target)
        return self._group(answer, ipp.Tag.PRINTER_GROUP)

    def print_job(
        self,
        resource: str,
        document: bytes,
        *,
        user: str,
        title: str | None = None,
        document_format: str = "application/octet-stream",
        job_attributes: Iterable[ipp.Attribute] = (),
    ) -> int:
        """Send one document (Print-Job) and return the job-id. Without a title no job-name is sent."""
        target = [self._printer_uri(resource)]
        operation = [ipp.attribute("document-format", ipp.Tag.MIME_MEDIA_TYPE, document_format)]
        if title is not None:
            operation.insert(0, ipp.attribute("job-name", ipp.Tag.NAME, title))
        answer = self._accepted(
            ipp.Operation.PRINT_JOB, resource, target + operation, job_attributes, document, user=user
        )
        job_id = answer.first("job-id")
        if not isinstance(job_id, int):
            raise ProtocolError(_("{endpoint} took the job but named no job-id").format(endpoint=self._endpoint))
        return job_id

    def act_on_job(self, operation: ipp.Operation, job_id: int, *, user: str | None = None) -> None:
        """Cancel, hold, release or restart a job."""
        self._accepted(operation, "/jobs/", self._job_target(job_id), user=user)

    def send(
        self,
        operation: int,
        resource: str,
        operation_attributes: Iterable[ipp.Attribute] = (),
        job_attributes: Iterable[ipp.Attribute] = (),
        document: bytes = b"",
        *,
        user: str | None = None,
        groups: Iterable[ipp.Group] = (),
    ) -> ipp.Message:
        """Any operation: the answer, whatever its status. The required first attributes are added here."""
        head = [
            ipp.attribute("attributes-charset", ipp.Tag.CHARSET, "utf-8"),
            ipp.attribute("attributes-natural-language", ipp.Tag.NATURAL_LANGUAGE, "en"),
        ]
        name = ipp.attribute("requesting-user-name", ipp.Tag.NAME, user or self._requesting_user_name)
        first, *others = list(operation_attributes) or [name]
        # RFC 8011 §4.1.5: charset, language, then the target; the order of the others is free.
        operation_group = (*head, first, *([] if first is name else [name]), *others)
        sent = [ipp.Group(ipp.Tag.OPERATION_GROUP, operation_group), *groups]
        if template := tuple(job_attributes):
            sent.append(ipp.Group(ipp.Tag.JOB_GROUP, template))
        request = ipp.Message(operation, next(self._request_ids), tuple(sent), document=document)
        return ipp.decode(self._post(resource, ipp.encode(request)))

    def _accepted(
        self,
        operation: ipp.Operation,
        resource: str,
        operation_attributes: Iterable[ipp.Attribute],
        job_attributes: Iterable[ipp.Attribute] = (),
        document: bytes = b"",
        *,
        user: str | None = None,
    ) -> ipp.Message:
        answer = self.send(operation, resource, operation_attributes, job_attributes, document, user=user)
        if answer.code >= FIRST_ERROR_STATUS:
            text = answer.first("status-message")
            raise DeviceRefused(f"{self._endpoint}: {operation.name} was refused with 0x{answer.code:04x}: {text!r}")
        return answer

    def _post(self, resource: str, body: bytes) -> bytes:
        connection = self._connection()
        connection.response_class = _Response
        try:
            connection.request("POST", resource, body, {"Content-Type": "application/ipp"})
            response = connection.getresponse()
            octets = response.read(MAX_ANSWER_OCTETS)
        except TimeoutError as error:
            raise DeviceTimeout(f"{self._endpoint}: no answer within {self._timeout_s} s") from error
        except OSError as error:
            raise DeviceUnreachable(f"{self._endpoint}: {error}; is the scheduler running?") from error
        except http.client.HTTPException as error:
            raise ProtocolError(
                _("{endpoint}: broken HTTP answer: {error!r}").format(endpoint=self._endpoint, error=error)
            ) from error
        finally:
            connection.close()
        if response.status != http.client.OK:
            raise DeviceRefused(f"{self._endpoint}: HTTP status {response.status} {response.reason}")
        return octets

    def _connection(self) -> http.client.HTTPConnection:
        if self._endpoint.startswith("/"):
            return _UnixConnection(self._endpoint, self._timeout_s)
        host, _, port = self._endpoint.partition(":")
        return http.client.HTTPConnection(host, int(port or IPP_PORT), timeout=self._timeout_s)

    @property
    def _authority(self) -> str:
        return "localhost" if self._endpoint.startswith("/") else self._endpoint

    def _printer_uri(self, resource: str) -> ipp.Attribute:
        return ipp.attribute("printer-uri", ipp.Tag.URI, f"ipp://{self._authority}{resource}")

    def _job_target(self, job_id: int) -> list[ipp.Attribute]:
        return [ipp.attribute("job-uri", ipp.Tag.URI, f"ipp://{self._authority}/jobs/{job_id}")]

    def _group(self, answer: ipp.Message, tag: ipp.Tag) -> JobAttributes:
        for group in answer.groups:
            if group.tag == tag:
                return ipp.contents_by_name(group)
        raise ProtocolError(_("{endpoint}: the answer has no {tag}").format(endpoint=self._endpoint, tag=tag.name))


def job_template(options: Mapping[str, ipp.Content]) -> list[ipp.Attribute]:
    """Job attributes for `print_job` from plain values: text becomes a keyword, a number an integer."""
    tags: dict[type, ipp.Tag] = {
        bool: ipp.Tag.BOOLEAN,
        int: ipp.Tag.INTEGER,
        str: ipp.Tag.KEYWORD,
        ipp.IntegerRange: ipp.Tag.RANGE_OF_INTEGER,
    }
    return [ipp.attribute(name, tags[type(content)], content) for name, content in options.items()]
