# SPDX-License-Identifier: Apache-2.0
"""What the printer of a CUPS queue takes, by the queue's PPD, which the scheduler gives to everybody.

The operation is CUPS's own, CUPS-Get-PPD: the file follows the answer's attributes.
"""

from urllib.parse import quote

from pagetoll.core.errors import DeviceError, ProtocolError
from pagetoll.integrations.ipp_client import FIRST_ERROR_STATUS, IppClient
from pagetoll.wire import ipp
from pagetoll.wire.ppd import formats_of

GET_PPD = 0x400F


def formats_taken(client: IppClient, queue: str) -> tuple[str, ...] | None:
    """MIME types that the queue's printer takes; None where nobody tells, as for a raw queue."""
    resource = f"/printers/{quote(queue, safe='')}"
    target = ipp.attribute("printer-uri", ipp.Tag.URI, f"ipp://localhost{resource}")
    try:
        answer = client.send(GET_PPD, resource, [target])
    except (DeviceError, ProtocolError):
        return None
    if answer.code >= FIRST_ERROR_STATUS or not answer.document:
        return None
    return formats_of(answer.document.decode("utf-8", "replace"))
