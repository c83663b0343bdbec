# SPDX-License-Identifier: Apache-2.0
"""Which head prints which language."""

from dataclasses import replace

from pagetoll.languages.command_printers import alps, canon_bj, escp, escpr, ibm, imagewriter, nec
from pagetoll.languages.coverage.heads import epson, others
from pagetoll.languages.coverage.heads.moves import Head, head

_OF_PIXELS = replace(
    escpr.DIALECT,
    commands={**escpr.DIALECT.commands, **dict.fromkeys(others.RECORDS, others.record)},
)
_ALPS = replace(alps.DIALECT, commands={**alps.DIALECT.commands, ord("*"): others.alps_star})
_OF_KANJI = {0x1C: epson.kanji}
_OF_NEC = {0x1C: others.nec_fs, 0x1F: others.feeds}
HEADS: dict[str, Head] = {
    "escp9": head(escp.DIALECT, epson.epson(72, 216), 216, _OF_KANJI),
    "pin24": head(escp.DIALECT, epson.epson(60, 180), 180, _OF_KANJI),
    "escp2": head(escp.DIALECT, epson.epson(60, 180), 360, _OF_KANJI),
    "canonbj": head(canon_bj.DIALECT, epson.CANON),
    "ibmpro": head(ibm.DIALECT, epson.IBM),
    "imagewriter": head(imagewriter.DIALECT, others.IMAGEWRITER),
    "pc-pr": head(nec.DIALECT, others.NEC, 120, _OF_NEC),
    "alps": replace(head(_ALPS, {}), draws=True),
    "escpr": replace(head(_OF_PIXELS, {}), by_pixels=True),
}
