# SPDX-License-Identifier: Apache-2.0
"""The languages of this family, in the order in which they are tried."""

from pagetoll.languages.documents import dvi
from pagetoll.languages.documents.images import dcx, fax, netpbm, picture, tiff
from pagetoll.languages.documents.labels import desktop, escaped, industrial, zpl
from pagetoll.languages.documents.mainframe import afp, ipds
from pagetoll.languages.documents.office import ole2, rtf, zipped
from pagetoll.languages.table import Language, row

# Names after ENTER LANGUAGE are given only where the octets alone may not do: a wrong name never makes a number.
ROWS: tuple[Language, ...] = (
    row("zip document", zipped.parse, rb"PK\x03\x04"),
    row("ole2 document", ole2.parse, rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    row("rtf", rtf.parse, rb"\{\\rtf"),
    row("tiff", tiff.parse, rb"II\x2a\x00|MM\x00\x2a|II\x2b\x00\x08\x00|MM\x00\x2b\x00\x08"),
    row("image", picture.parse_jpeg, rb"\xff\xd8\xff"),
    row("image", picture.parse_png, rb"\x89PNG\r\n\x1a\n"),
    row("image", picture.parse_gif, rb"GIF8[79]a"),
    row("image", picture.parse_bmp, rb"BM.{4}\x00{4}.{4}[\x0c\x28\x40\x6c\x7c]\x00\x00\x00"),
    row("image", picture.parse_riff, rb"RIFF.{4}WEBPVP8"),
    # The octets before these were taken for padding.
    row(
        "image",
        picture.parse_one_page,
        rb".?ftyp(?:heic|heix|mif1|avif)|\x0cJXL \r\n\x87\n|\xff\x0a[^\x00]"
        rb"|\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51\x00|8BPS\x00\x01",
    ),
    row("image", dcx.parse_pcx, rb"[\x02-\x05]\x01[\x01\x02\x04\x08]", test=dcx.looks_like_pcx),
    row("image", dcx.parse_dcx, rb"\xb1\x68\xde\x3a"),
    row("fax", fax.parse_sff, rb"Sfff"),
    row("fax", fax.parse_digifax, rb"PC Research, Inc\x00", test=fax.looks_like_digifax),
    row("afp", afp.parse, rb".{0,4}?\x5a..\xd3", test=afp.looks_like_afp),
    row("ipds", ipds.parse, rb".{0,2}?\xd6.", test=ipds.looks_like_ipds),
    row("dvi", dvi.parse, rb"\xf7[\x02\x03]", test=dvi.begins),
    row("zpl", zpl.parse, rb"\^XA|~DG|~DY|~JA|~CC|~CT|\^CC|\^CT|CT~~CD,|\^FX|~SD\d", "ZPL", "ZPL2"),
    row("label", desktop.parse_cpcl, rb"! \d{1,5} \d{1,5} \d{1,5} \d{1,6} \d{1,5}\s"),
    row(
        "label",
        desktop.parse_epl2,
        rb"N\r?\n(?:[\x21-\x7e]{1,40}\r?\n){0,20}"
        rb'(?:[qQRSD]\d{1,4}(?:,|\r?\n)|Z[BT]\r?\n|[AB]\d{1,4},\d|G[WG]\d|LO\d|JF|FK"|I8,)'
        rb"|q\d{1,4}\r?\n(?:[QRSD]\d|N\r?\n|Z[BT])",
    ),
    row("label", desktop.parse_epl1, rb"(?:\x1bM\d\d)?\x1bB\x1bg\d\d\d"),
    row("label", desktop.parse_tspl, rb"SIZE [\d.]{1,9} ?(?:mm|dot|,)|CLS\r?\n(?:TEXT|BARCODE|BITMAP|BOX) "),
    row(
        "label",
        escaped.parse_dymo,
        rb"\x1b{2,400}(?:@|\x1b)\x1b[LDBq]|\x1bf\x01.\x1bD.[\x16\x17\x1b]|\x1b@?\x1bL..\x1bD.[\x16\x17\x1b]",
    ),
    row("label", escaped.parse_atx, rb"\x1bf..(?:\x1bL..\x1b[dx]|\x1be)"),
    row("label", escaped.parse_brother, rb"(?:\x1b@)?\x1bi(?:a[\x00\x01\x03]|S|!.|R\x01|z.{10})(?:\x1bi|M|\x1b@)"),
    row(
        "label",
        industrial.parse_sbpl,
        rb"\x02?\x1bA[\r\n]{0,2}\x1b(?:[HV]\d{1,5}|A[13]|CS\d|#[EF]|%\d|L\d{4}|PS|IG|G[BHMP]\d|WK|F[WTX]\d|EX|Q\d)",
        test=industrial.looks_like_sbpl,
    ),
    row("label", industrial.parse_dpl, rb"(?:\x02[A-KM-Za-z][^\r\n]{0,60}[\r\n]{1,2}){0,20}\x02L[\r\n]"),
    row("pnm", netpbm.parse, rb"P[1-7]\s", test=netpbm.starts_image),
)
