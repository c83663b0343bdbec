# SPDX-License-Identifier: Apache-2.0
"""The languages of this family, in the order in which they are tried."""

from pagetoll.languages.command_printers import escp
from pagetoll.languages.table import Language, row

_EJL_PACKET_MODE = rb"\x1b\x01@EJL 1284\.4\n@EJL[ ]*\n"

ROWS: tuple[Language, ...] = (
    row(
        "escp",
        escp.parse,
        rb"(?:" + _EJL_PACKET_MODE + rb")?(?:\x1b@|\x1b\(G\x01\x00)(?!\x00\x02)",
        "ESCP",
        "ESC/P",
        "EPSON",
        "ESCP2",
        test=escp.begins,
    ),
)
