# SPDX-License-Identifier: Apache-2.0
"""The languages of this family, in the order in which they are tried."""

from pagetoll.languages.hostbased import (
    brother_hbp,
    capsl,
    capt,
    cpca,
    ddst,
    events,
    hbpl,
    hiperc,
    lava,
    lexmark,
    lexmark_swipes,
    lidil,
    minolta,
    oak,
    photo,
    ppa,
    qpdl,
    spl1,
    xl2hb,
    xqx,
    zjstream,
)
from pagetoll.languages.table import Language, row

ROWS: tuple[Language, ...] = (
    row("zjstream", zjstream.parse, rb"JZJZ|ZJZJ", "ZJS"),
    row("slx", zjstream.parse, rb"\xa5SLX"),
    row("xqx", xqx.parse, rb",XQX", "XQX"),
    row("oak", oak.parse, rb"OAKT"),
    row("qpdl", qpdl.parse, rb"(?!)", "QPDL"),
    row("spl1", spl1.parse, rb"\$PJL ", "SMART"),
    row("hbp", brother_hbp.parse, rb"@L.@G\x00", "HBP"),
    row("hbpl", hbpl.parse, rb"\x1bJP<", "HBPL"),
    row("hiperc", hiperc.parse, rb"(?!)", "HIPERC"),
    row("lava", lava.parse, rb"\x1bE\x1b&l\d+S", "LAVAFLOW", test=lava.looks_like_lavaflow),
    row("ddst", ddst.parse, rb"(?i:@PJL[ \t]{1,8}SET[ \t]{1,8}PAGESTATUS)"),
    row("lidil", lidil.parse, rb"\$\x01\x00\x00\x07"),
    row("ppa", ppa.parse, rb"\$\x01\x00[\x08-\x7f]\x01?", test=ppa.looks_like_ppa),
    row("minolta-w", minolta.parse, rb"\x1b@.\x02\x00\xbf"),
    row("kodak", events.parse, rb"LockPrinterWait\?|Event=StartOfJob;"),
    row("lexmark-gdi", lexmark.parse, rb"\x1b\*m\x00[\x14\x40\x42]|\xa5\x00.\x40.{1,12}\xa5\x00.\x40"),
    row("xl2hb", xl2hb.parse, rb"['()] BROTHER XL2HB;", "XL2HB"),
    row("dnp", photo.parse, rb"\x1bP(?:CNTRL |IMAGE )[A-Z0-9_ ]{16}[0-9 ]{8}"),
    row("carps", cpca.parse, rb"\xcd\xca\x10[\x00\x02]"),
    row("capt", capt.parse, rb"[\xa0-\xaf][\xa0\xa1\xd0\xe0\xe1].{2}", test=capt.looks_like_capt),
    row("lexmark-inkjet", lexmark_swipes.parse, rb"\x1b\*\x80\x00{5}\x1b", test=lexmark_swipes.begins),
    row("lexmark ink-jet", None, rb"\x1b\*[\x80-\xff]\x00{5}"),
    row("lbp-capsl", capsl.parse, rb"\x1b;\x1b<\x1b\[0&z|\x1b%@\x1bP35;"),
)
"""Languages whose pages start with whatever octet have no pattern: PJL has to announce them."""
