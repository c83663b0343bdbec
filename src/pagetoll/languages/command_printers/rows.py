# SPDX-License-Identifier: Apache-2.0
"""The languages of this family, in the order in which they are tried."""

from pagetoll.languages.command_printers import (
    alps,
    canon_bj,
    escp,
    escp_laser,
    escpage,
    escpr,
    fujitsu,
    ibm,
    imagewriter,
    lips,
    nec,
    oki,
    oki_laser,
    receipts,
    rpdl,
    sixel,
    xes,
)
from pagetoll.languages.command_printers.lj250 import parse as parse_lj250
from pagetoll.languages.table import Language, row

LEAST_COMMANDS = 6
"""Commands of a printer that make sure it is this one."""
_EJL_PACKET_MODE = rb"\x1b\x01@EJL 1284\.4\n@EJL[ ]*\n"

ROWS: tuple[Language, ...] = (
    row(
        "escpage",
        escpage.parse,
        rb"\x1b\x01@EJL|\x1bS|\x1d[-0-9;.]{0,96}[a-z]{0,4}\{?[A-Z]",
        "ESC/PAGE",
        "ESC/PAGE-COLOR",
        "ESC/PAGES03",
        test=escpage.begins,
    ),
    row("alps", alps.parse, rb"\x1be\x1b%\x80A\x1b\x1a", test=alps.begins, least_commands=LEAST_COMMANDS),
    row("rpdl", rpdl.parse, rb"\x1b\x12!@|\x1b\rP\x1b\x12", "RPDL", test=rpdl.begins, least_commands=LEAST_COMMANDS),
    row(
        "pc-pr",
        nec.parse,
        rb"\x1bc[l1](?:\x1bP|\x1c[a-z])|\x1bP\x1bG\x1bT\d\d",
        "NPDL",
        test=nec.begins,
        least_commands=LEAST_COMMANDS,
    ),
    row(
        "imagewriter",
        imagewriter.parse,
        rb"\x1b>\x1bT\d\d|\x1bm.\x1bP\x1bT\d\d",
        test=imagewriter.begins,
        least_commands=LEAST_COMMANDS,
    ),
    row("okidata", oki.parse, rb"\x18\x1c\x1b%[A-Z0-9]", test=oki.begins, least_commands=LEAST_COMMANDS),
    row("okidata", oki_laser.parse, rb"\x1b%-98765X", test=oki_laser.begins),
    row("okidata", oki_laser.parse_ml600, rb"\x1b/\xf2\x1b\|", test=oki_laser.ml600_begins),
    row("fujitsu", fujitsu.parse, rb"\x1bc\x1bQ[0-9]{1,4}[ !]", test=fujitsu.begins, least_commands=LEAST_COMMANDS),
    row("xes", xes.parse, rb"\x1b\+[A-Z]\n", test=xes.begins, least_commands=LEAST_COMMANDS),
    row("imPRESS", None, rb"@document\(language impress"),
    row("tektronix", None, rb"\x1bI[0-9]{4}"),
    row("dec", sixel.parse, rb"(?:\x1bc)?(?:\x1b\[[0-?]*[ -/]*[@-~])*(?:\x1bP|\x90)[0-9;]{0,32}q", test=sixel.begins),
    row("dec", parse_lj250, rb"\x1b%8\x1b\*r[Bb]"),
    row("escp2", escp_laser.parse, rb"\x1b\*rbC\x1b\*t\d{2,3}R(?:\x1bJ.){0,64}\x1b\|", test=escp_laser.begins),
    row("escpr", escpr.parse, rb"\x1b@|\x1b\(R", "ESCPR", test=escpr.begins),
    row("lips", lips.parse, rb"\x1b%@|\x90|\x1bP[0-9]|\x1b[;c]", "LIPS", test=lips.begins),
    row(
        "canonbj",
        canon_bj.parse,
        rb"\x1b\[K\x02\x00\x00|\x1b@(?:\x1bJ.){0,8}\x1b\\..\x1b\|\*",
        test=canon_bj.begins,
        least_commands=LEAST_COMMANDS,
    ),
    row(
        "ibmpro",
        ibm.parse_inkjet,
        rb"\x1b@(?:\x1be.){1,16}\x1b\[O",
        test=ibm.inkjet_begins,
        least_commands=LEAST_COMMANDS,
    ),
    row(
        "escpos",
        receipts.parse,
        rb"\x1b@|\x1d|\x1ba[0-2\x00-\x02]|[ -~]",
        test=receipts.begins,
        least_commands=LEAST_COMMANDS,
    ),
    row(
        "star",
        receipts.parse_star,
        rb"\x1b@|\x1b\x1d|\x1b\x1e",
        test=receipts.star_begins,
        least_commands=LEAST_COMMANDS,
    ),
    row(
        "escp",
        escp.parse,
        rb"(?:" + _EJL_PACKET_MODE + rb")?(?:\x1b@|\x1b\(G\x01\x00)(?!\x00\x02)",
        "ESCP",
        "ESC/P",
        "EPSON",
        "ESCP2",
        test=escp.begins,
        least_commands=LEAST_COMMANDS,
    ),
    row(
        "ibmpro",
        ibm.parse,
        rb"[\x11\x18]*(?:\x1b(?:[3AJ].|[012]))*\x1b(?:\[[@KCIT\\g]|[KLYZ]|\*[\x00-\x07\x20-\x28])",
        "IBM",
        "PROPRINTER",
        test=ibm.begins,
        least_commands=LEAST_COMMANDS,
    ),
)
