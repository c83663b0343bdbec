# SPDX-License-Identifier: Apache-2.0
"""An IPP printer that is asked again and again for its counters, as meters do (RFC 8011 §4.2.6, §4.2.5)."""

import http.client
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from pagetoll.core.errors import DeviceRefused, DeviceUnreachable
from pagetoll.core.messages import _
from pagetoll.integrations.ipp_client import FIRST_ERROR_STATUS, IPP_PORT, IppClient, JobAttributes
from pagetoll.wire import ipp

TIMEOUT_S = 5.0
JOBS_MAX = 200


class _SecureClient(IppClient):
    """Over TLS. Printers sign their own certificates: whoever it is, only counters are asked."""

    def _connection(self) -> http.client.HTTPConnection:
        host, _colon, port = self._endpoint.partition(":")
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(host, int(port or IPP_PORT), timeout=self._timeout_s, context=context)


@dataclass(frozen=True, slots=True)
class PrinterQuestions:
    """The printer at host, port and resource (`/ipp/print`)."""

    host: str
    port: int = IPP_PORT
    resource: str = "/ipp/print"
    secure: bool = False
    timeout_s: float = TIMEOUT_S

    @property
    def address(self) -> str:
        """The address that its name leads to. Raises DeviceUnreachable."""
        try:
            return str(socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0][4][0])
        except (OSError, UnicodeError) as error:
            said = _("{host} has no address: {why}; check the device URI")
            raise DeviceUnreachable(said.format(host=self.host, why=error)) from error

    def printer(self, requested: Sequence[str]) -> JobAttributes:
        return self._client().get_printer_attributes(self.resource, tuple(requested))

    def jobs(self, requested: Sequence[str]) -> list[JobAttributes]:
        """The jobs that it still knows, those on their way and those that are over."""
        found: list[JobAttributes] = []
        for which in ("not-completed", "completed"):
            answer = self._client().send(
                ipp.Operation.GET_JOBS,
                self.resource,
                [
                    ipp.attribute("printer-uri", ipp.Tag.URI, f"ipp://{self.host}:{self.port}{self.resource}"),
                    ipp.attribute("which-jobs", ipp.Tag.KEYWORD, which),
                    ipp.attribute("limit", ipp.Tag.INTEGER, JOBS_MAX),
                    ipp.attribute("requested-attributes", ipp.Tag.KEYWORD, *requested),
                ],
            )
            if answer.code >= FIRST_ERROR_STATUS:
                said = _("{host} does not list its jobs (IPP status 0x{status:04x}); use another accounter for it")
                raise DeviceRefused(said.format(host=self.host, status=answer.code))
            found += [ipp.contents_by_name(group) for group in answer.groups if group.tag == ipp.Tag.JOB_GROUP]
        return found

    def _client(self) -> IppClient:
        kind = _SecureClient if self.secure else IppClient
        return kind(f"{self.host}:{self.port}", timeout_s=self.timeout_s)
