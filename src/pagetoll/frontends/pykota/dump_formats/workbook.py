# SPDX-License-Identifier: Apache-2.0
"""A workbook for spreadsheets (Office Open XML), written row by row: rows wait in files, not in memory.

Texts stay texts, whatever they begin with: no title becomes a formula or a link.
"""

import shutil
import tempfile
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import IO, Any

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

from pagetoll.core.dumps import Value
from pagetoll.frontends.pykota.dump_formats.cells import Section, visible

ROWS_MAX = 1_048_576  # of a sheet, with the line of names
TEXT_LENGTH_MAX = 32_767


def write_workbook(sections: Iterable[Section], file: IO[bytes], *, rows_max: int = ROWS_MAX) -> None:
    """A sheet for each section, and more of them where one is full. Raises OSError where it cannot be written."""
    with tempfile.TemporaryFile() as whole:
        try:
            _fill(sections, whole, rows_max)
        except FileCreateError as error:
            raise error.args[0] from error  # what the system said
        whole.seek(0)
        shutil.copyfileobj(whole, file)


def _fill(sections: Iterable[Section], file: IO[bytes], rows_max: int) -> None:
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        dated = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for section in sections:
            sheet: Any = None
            sheets, filled = 0, rows_max
            for row in section.rows:
                if filled == rows_max:
                    sheets += 1
                    sheet = book.add_worksheet(section.data if sheets == 1 else f"{section.data} {sheets}")
                    sheet.write_row(0, 0, section.columns)
                    filled = 1
                for column, value in enumerate(row):
                    _write_cell(sheet, filled, column, value, dated)
                filled += 1


def _write_cell(sheet: Any, row: int, column: int, value: Value, dated: Any) -> None:
    if isinstance(value, str):
        sheet.write_string(row, column, visible(value)[:TEXT_LENGTH_MAX])
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int | Decimal):
        sheet.write_number(row, column, value)
    elif isinstance(value, datetime):
        sheet.write_datetime(row, column, value.replace(tzinfo=None), dated)
