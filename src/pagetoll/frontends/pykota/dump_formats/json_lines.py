# SPDX-License-Identifier: Apache-2.0
"""JSON, one object a line (RFC 8259), so that a reader needs no more memory than the writer."""

import json
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import IO

from pagetoll.core.dumps import Value
from pagetoll.frontends.pykota.dump_formats.cells import Section, decimal_text, plain


def write_json(sections: Iterable[Section], file: IO[str]) -> None:
    """An object for each row, its members in the order of the columns; amounts are exact numbers."""
    for section in sections:
        names = [json.dumps(name) for name in section.columns]
        for row in section.rows:
            members = [f"{name}: {_json(value)}" for name, value in zip(names, row, strict=True)]
            file.write("{" + ", ".join(members) + "}\n")


def _json(value: Value) -> str:
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, datetime):
        return json.dumps(plain(value))
    return json.dumps(value, ensure_ascii=False)
