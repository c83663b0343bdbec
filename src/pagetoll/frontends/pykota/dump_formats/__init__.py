# SPDX-License-Identifier: Apache-2.0
"""How a dump is written: one module a format, and the table of all."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import IO

from pagetoll.frontends.pykota.dump_formats import json_lines, markup, page_log, separated
from pagetoll.frontends.pykota.dump_formats.cells import Section


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write sections. `is_utf8` whatever the locale says; `is_binary` for files that are no text."""

    write: Callable[[Iterable[Section], IO[str]], None] | None
    write_binary: Callable[[Iterable[Section], IO[bytes]], None] | None = None
    is_utf8: bool = False
    is_page_log: bool = False


def _write_workbook(sections: Iterable[Section], file: IO[bytes]) -> None:
    from pagetoll.frontends.pykota.dump_formats.workbook import write_workbook  # its library is large

    write_workbook(sections, file)


FORMATS: Mapping[str, Format] = {
    "csv": Format(separated.write_csv),
    "ssv": Format(separated.write_ssv),
    "tsv": Format(separated.write_tsv),
    "xml": Format(markup.write_xml, is_utf8=True),
    "cups": Format(page_log.write_8_fields, is_page_log=True),
    "cups11": Format(page_log.write_11_fields, is_page_log=True),
    "json": Format(json_lines.write_json, is_utf8=True),
    "xlsx": Format(None, _write_workbook),
}
