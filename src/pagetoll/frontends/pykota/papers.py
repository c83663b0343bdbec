# SPDX-License-Identifier: Apache-2.0
"""What pkinvoice, pkrefund and pkbanner share: options of a page, the file that it is written into.

A value that is none makes a warning, and the default is used, as PyKota has it.
"""

import os
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, BinaryIO

from pagetoll.core.errors import PagetollError, UsageError
from pagetoll.core.messages import _
from pagetoll.core.sheets import A4, PaperSize, paper_size
from pagetoll.frontends.cli.options import Option, Parsed
from pagetoll.frontends.open_files import open_to_read, open_to_replace, remove_empty
from pagetoll.frontends.remarks import tell

if TYPE_CHECKING:
    from pagetoll.integrations.papers.pdf import Look

LOGO = Option(
    "l", "logo", "FILE", "picture on top of the page; an empty one means none; our mark where it is left out"
)
PAGESIZE = Option("p", "pagesize", "SIZE", "paper: A4 (the default), Letter, ..., or such as iso_a4_210x297mm")
NUMBER_MOST = 10**12
STANDARD_OUTPUT = "-"
LOGO_OCTETS_MAX = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class PageOptions:
    """The logo's octets (None: our mark, empty: none) and name, and the paper."""

    paper: PaperSize
    logo: bytes | None
    logo_name: str

    def look(self, *, lighter_percent: int = 0) -> "Look":
        """How to draw. Raises UsageError for a logo that is no picture."""
        from pagetoll.integrations.papers.logo import read_logo
        from pagetoll.integrations.papers.pdf import Look, Mark

        if self.logo is None:
            return Look(self.paper, Mark(), lighter_percent)
        return Look(self.paper, read_logo(self.logo, self.logo_name) if self.logo else None, lighter_percent)


def page_options(parsed: Parsed) -> PageOptions:
    """What --logo and --pagesize say; the logo is read here, with the caller's rights. Raises UsageError."""
    name = parsed.text("logo")
    return PageOptions(_paper(parsed.text("pagesize")), _logo(name), name or "")


def _logo(name: str | None) -> bytes | None:
    if not name:
        return None if name is None else b""
    try:
        with open_to_read(name) as file:
            octets = file.read(LOGO_OCTETS_MAX + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UsageError(
            _("the logo {name} cannot be read: {why}; give another --logo, or an empty one for none").format(
                name=name, why=why
            )
        ) from error
    if not octets or len(octets) > LOGO_OCTETS_MAX:
        raise UsageError(
            _("the logo {name} is empty or has more than {most} octets; give another --logo").format(
                name=name, most=LOGO_OCTETS_MAX
            )
        )
    return octets


def _paper(name: str | None) -> PaperSize:
    found = A4 if name is None else paper_size(name)
    if found is None:
        tell("WARN", _("there is no paper {name} for this; A4 is used").format(name=repr(name)))
        return A4
    return found


def number_or(parsed: Parsed, option: str, default: int, allowed: Callable[[int], bool]) -> int:
    """A whole number of an option, or the default with a warning where it is none or not allowed."""
    text = parsed.text(option)
    if text is None:
        return default
    word = text.strip()
    if word.isascii() and word.isdecimal() and len(word) <= len(str(NUMBER_MOST)) and allowed(int(word)):
        return int(word)
    _say_default(option, text, str(default))
    return default


def percent_or_none(parsed: Parsed, option: str) -> Decimal:
    """A percentage from 0 to below 100, or 0 with a warning where it is none."""
    text = parsed.text(option)
    if text is None:
        return Decimal(0)
    with suppress(InvalidOperation):
        percent = Decimal(text.strip())
        if percent.is_finite() and 0 <= percent < 100 and int(percent.as_tuple().exponent) >= -6:
            return percent
    _say_default(option, text, "0.0")
    return Decimal(0)


def _say_default(option: str, text: str, default: str) -> None:
    tell(
        "WARN",
        _("invalid --{option} {text}; {default} is used").format(option=option, text=repr(text), default=default),
    )


@dataclass(frozen=True, slots=True)
class Output:
    """Where a document goes: an open file with its name, or standard output."""

    name: str
    file: BinaryIO | None

    @property
    def is_file(self) -> bool:
        """Whether standard output is free for other things."""
        return self.file is not None

    def write(self, octets: bytes) -> None:
        """Write the whole document in place of what was in the file. Raises PagetollError where not all goes in."""
        if self.file is None:
            sys.stdout.flush()
            sys.stdout.buffer.write(octets)
            sys.stdout.buffer.flush()
            return
        try:
            with self.file as file:
                file.write(octets)
                file.flush()
                if _is_regular(file):
                    file.truncate(len(octets))
        except OSError as error:
            raise PagetollError(
                _("{file} cannot be written: {why}; what is in it is not all").format(
                    file=self.name, why=error.strerror
                )
            ) from error

    def discard(self) -> None:
        """Leave things as they were found: there is no document."""
        if self.file is not None:
            is_empty = _is_regular(self.file) and os.fstat(self.file.fileno()).st_size == 0
            self.file.close()
            if is_empty:
                remove_empty(self.name)


def open_output(name: str) -> Output:
    """The file of --output, opened with the caller's rights; `-` is standard output. Raises UsageError."""
    if name == STANDARD_OUTPUT:
        return Output(name, None)
    try:
        return Output(name, open_to_replace(name))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UsageError(
            _("{name} cannot be written: {why}; give another --output").format(name=name, why=why)
        ) from error


def _is_regular(file: BinaryIO) -> bool:
    return stat.S_ISREG(os.fstat(file.fileno()).st_mode)
