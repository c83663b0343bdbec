# SPDX-License-Identifier: Apache-2.0
"""The languages of this family, in the order in which they are tried."""

from pagetoll.languages.documents.images import dcx, fax, netpbm, picture, tiff
from pagetoll.languages.documents.office import ole2, rtf, zipped
from pagetoll.languages.table import Language, row

ROWS: tuple[Language, ...] = (
    row("zip document", zipped.parse, rb"PK\x03\x04", "XPS"),
    row("ole2 document", ole2.parse, rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    row("rtf", rtf.parse, rb"\{\\rtf"),
    row("tiff", tiff.parse, rb"II\x2a\x00|MM\x00\x2a|II\x2b\x00\x08\x00|MM\x00\x2b\x00\x08", "TIFF"),
    row("image", picture.parse_jpeg, rb"\xff\xd8\xff", "JPEG", "JPG"),
    row("image", picture.parse_png, rb"\x89PNG\r\n\x1a\n", "PNG"),
    row("image", picture.parse_gif, rb"GIF8[79]a"),
    row("image", picture.parse_bmp, rb"BM.{4}\x00{4}.{4}[\x0c\x28\x40\x6c\x7c]\x00\x00\x00"),
    row("image", picture.parse_riff, rb"RIFF.{4}WEBPVP8"),
    # The octets before these were taken for padding.
    row(
        "image",
        picture.parse_one_page,
        rb".?ftyp(?:heic|heix|mif1|avif)|\x0cJXL \r\n\x87\n|\xff\x0a[^\x00]|8BPS\x00\x01",
    ),
    row("image", dcx.parse_pcx, rb"[\x02-\x05]\x01[\x01\x02\x04\x08]", test=dcx.looks_like_pcx),
    row("image", dcx.parse_dcx, rb"\xb1\x68\xde\x3a"),
    row("fax", fax.parse_sff, rb"Sfff"),
    row("fax", fax.parse_digifax, rb"PC Research, Inc\x00", test=fax.looks_like_digifax),
    row("pnm", netpbm.parse, rb"P[1-7]\s", test=netpbm.starts_image),
)
