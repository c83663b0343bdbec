# SPDX-License-Identifier: Apache-2.0
"""PostScript in three steps.

1. A straight-line program is counted exactly by its `showpage`s.
2. Structuring comments count only when the caller knows that a print filter wrote every octet.
3. Everything else is a program and must be run: the caller's renderer (Ghostscript) turns it into PCL XL, whose
   pages carry copies, sides and media.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from pagetoll.core.errors import DocumentError, DocumentTooComplex, MalformedDocument, TruncatedDocument
from pagetoll.core.usage import ColorClass, Confidence, Duplex
from pagetoll.languages import ps_dsc, ps_exact
from pagetoll.languages.limits import Renderer
from pagetoll.languages.parsed import Context, Parsed, Run
from pagetoll.languages.pclxl import PclxlReader
from pagetoll.languages.universal_exit import next_exit

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

DOS_EPS = b"\xc5\xd0\xd3\xc6"
TAGGED_BINARY = b"\x01M"
_TEXT = rb"[\t-\r -~]"
_TEXT_BEHIND = rb"(?=" + _TEXT + rb"{32}|" + _TEXT + rb"{0,31}(?:\x04|\x1b%-12345X|\Z))"
# Control-D ends a job where the next one, a universal exit or nothing follows, and in the middle of words: what
# stands behind it there is a job to a printer, whatever the program does with it. Elsewhere it may be data.
_JOB_END = re.compile(
    rb"\x04(?:(?=[\x00\t\n\x0c\r ]{0,64}\x04?[\x00\t\n\x0c\r ]{0,64}(?:%!|\x1b%-12345X|%PDF-|\Z))"
    rb"|(?<=" + _TEXT + rb"{8}\x04)" + _TEXT_BEHIND + rb")"
)
_JOB_END_AT_ONCE = re.compile(rb"%!" + _TEXT + rb"{0,6}(?=\x04" + _TEXT_BEHIND + rb")")
_OTHER_LANGUAGE = re.compile(rb"%%EOF[\x00\t\n\x0c\r \x04]*+(?=%PDF-[0-9]|RaS2PwgRaster|UNIRAST\x00)")
_PAGES_COMMENT = re.compile(rb"(?:^|(?<=[\r\n]))%%Pages:[ \t]*(\d{1,9})")
_NAME = rb"(?<![^\s\x00()<>\[\]{}/])(?:%s)(?![^\s\x00()<>\[\]{}/])"
_DEVICE_NAMES = {name: re.compile(_NAME % name) for name in (b"product", b"serialnumber", b"realtime", b"usertime")}
_FILE_NAMES = re.compile(_NAME % b"deletefile|renamefile|filenameforall|run")
_SAMPLE_OCTETS = 1 << 20
_MOST_TOLD_COPIES = 32767
LISTENED_OCTETS = 4
"""Where the pages are looked at on the way they have twice the dots an inch, so this many times the octets."""


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count one PostScript job in `data[start:end]`.

    Raises DocumentTooComplex when it must be run and there is no renderer, or no page came within the limits.
    """
    stop = job_end(data, start, end)
    if data[start : start + 4] == DOS_EPS:
        return _dos_eps(data, start, stop, context)
    if data[start : start + 2] == TAGGED_BINARY:
        plain = untag(bytes(data[start + 2 : stop]))
        parsed = _count(plain, 0, len(plain), context)
        parsed.page_ends = []
    else:
        parsed = _count(data, start, stop, context)
    parsed.end = stop
    return parsed


def job_end(data: "Buffer", start: int, end: int) -> int:
    """Where the PostScript job that begins at `start` ends: universal exit, Control-D, another language or `end`."""
    at_once = _JOB_END_AT_ONCE.match(data, start, end)
    control = None if at_once else _JOB_END.search(data, start, end)
    ends_at = at_once.end() if at_once else control.start() if control else end
    stop = next_exit(data, start, ends_at)
    other = _OTHER_LANGUAGE.search(data, start, stop)
    return stop if other is None else other.end()


def _dos_eps(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    offset = int.from_bytes(data[start + 4 : start + 8], "little")
    octets = int.from_bytes(data[start + 8 : start + 12], "little")
    first, last = start + offset, start + offset + octets
    if offset < 12 or not octets or last > end:
        raise MalformedDocument("the header of the DOS EPS file points outside the file", start)
    parsed = _count(data, first, last, context)
    parsed.end = end
    return parsed


def untag(raw: bytes) -> bytes:
    """Undo the tagged binary protocol: Control-A announces an octet exclusive-ored with 0x40."""
    pieces = raw.split(b"\x01")
    plain = [pieces[0]]
    for piece in pieces[1:]:
        plain.append(bytes([piece[0] ^ 0x40]) + piece[1:] if piece else b"")
    return b"".join(plain)


def _count(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    exact = ps_exact.scan(data, start, end, context.limits.input_pages, context.guard)
    if exact is not None:
        parsed = Parsed("ps", end)
        for color in exact.colors:
            parsed.add(Run(color=color))
        parsed.page_ends = exact.page_ends
        if exact.stopped_at is not None:
            if not parsed.input_pages:
                raise DocumentTooComplex("counting took longer than allowed; raise the limit or split the job", start)
            parsed.at_least("limit", exact.stopped_at)
            return parsed
        return _checked(parsed, data, start, end)
    if context.trust_dsc:
        stated = ps_dsc.scan(data, start, end, context.limits.input_pages)
        if stated is not None:
            parsed = Parsed("ps", end, Confidence.DECLARED)
            parsed.add(Run(len(stated.page_ends), stated.copies or None, stated.duplex))
            parsed.page_ends = stated.page_ends
            return parsed
    if context.render_postscript is None:
        raise DocumentTooComplex(
            "this PostScript is a program that must be run to be counted; install ghostscript on this machine", start
        )
    return _checked(_rendered(data, start, end, context, context.render_postscript), data, start, end)


def _checked(parsed: Parsed, data: "Buffer", start: int, end: int) -> Parsed:
    """Compare with what the document says about itself; notice single-page EPS without `showpage`."""
    first_line = bytes(data[start : start + 255]).splitlines()[:1]
    if not parsed.input_pages and first_line and b"EPSF" in first_line[0]:
        parsed.add(Run())
        parsed.confidence = Confidence.ESTIMATED
        parsed.note("eps_without_showpage", start)
        return parsed
    head = bytes(data[start : min(end, start + 8192)])
    stated = _PAGES_COMMENT.search(head)
    if stated and int(stated[1]) != parsed.input_pages:
        parsed.note("declared_mismatch", start + stated.start())
        tail = bytes(data[max(start, end - 1024) : end])
        if int(stated[1]) > parsed.input_pages and b"%%EOF" not in tail and b"%%Trailer" not in tail:
            parsed.at_least("truncated", end)
    return parsed


def _prelude(context: Context) -> bytes:
    """What the printer job language set before the program starts, in words the program can override."""
    words = b""
    if context.outer_copies is not None and context.outer_copies > 1:
        words += b"userdict /#copies %d put\n" % min(context.outer_copies, _MOST_TOLD_COPIES)
    if context.outer_duplex in (Duplex.LONG, Duplex.SHORT):
        tumble = b"true" if context.outer_duplex is Duplex.SHORT else b"false"
        words += b"<< /Duplex true /Tumble " + tumble + b" >> setpagedevice\n"
    return words


def _rendered(data: "Buffer", start: int, end: int, context: Context, render: Renderer) -> Parsed:
    """Run the program through `render` and count the PCL XL that comes out."""
    prelude = _prelude(context)
    with memoryview(data) as whole, whole[start:end] as program:
        view = memoryview(prelude + bytes(program)) if prelude else program
        parsed = _read_rendered(render(view), start, context)
    parsed.language = "ps"
    parsed.page_ends = []
    head = bytes(data[start : min(end, start + _SAMPLE_OCTETS)])
    if any(_stands_in(data, start, end, name) for name in _DEVICE_NAMES):
        _depends_on_device(parsed, start)
    if _FILE_NAMES.search(head):
        parsed.note("filesystem_access", start)
    two_sided = any(run.duplex in (Duplex.LONG, Duplex.SHORT) for run in parsed.runs)
    runs, parsed.runs, parsed.input_pages = parsed.runs, [], 0
    for run in runs:
        copies = _copies(run, context)
        if not copies:
            # Printers differ in what they make of no copies: nothing, or one.
            _depends_on_device(parsed, start)
        # The device writes one-sided for programs that ask for nothing.
        duplex = run.duplex if two_sided else Duplex.UNSTATED
        # A page on which a color was used may hide it; one without any is sure.
        color = ColorClass.MONO if run.color is ColorClass.MONO else ColorClass.UNKNOWN
        parsed.add(replace(run, copies=copies or 1, duplex=duplex, color=color))
    return parsed


def _stands_in(data: "Buffer", start: int, end: int, name: bytes) -> bool:
    """Whether a name of the table stands there, wherever it does; most data is stepped over without a pattern."""
    found = data.find(name, start, end)
    return found >= 0 and _DEVICE_NAMES[name].search(data, found, end) is not None


def _depends_on_device(parsed: Parsed, start: int) -> None:
    parsed.note("device_dependent", start)
    if parsed.confidence is Confidence.EXACT:
        parsed.confidence = Confidence.ESTIMATED


def _copies(run: Run, context: Context) -> int:
    """The copies of rendered pages; as many as PJL asked for where that was more than the program was told."""
    if run.copies == _MOST_TOLD_COPIES and context.outer_copies is not None:
        return max(context.outer_copies, _MOST_TOLD_COPIES)
    return 1 if run.copies is None else run.copies


def _read_rendered(pieces: Iterator[bytes], start: int, context: Context) -> Parsed:
    limits = context.limits
    heard = None if context.listener is None else context.listener(context.guard)
    most_octets = limits.rendered_octets * (1 if heard is None else LISTENED_OCTETS)
    reader: PclxlReader | None = None
    failure: tuple[str, DocumentError] | None = None
    pending, octets = b"", 0
    try:
        for piece in pieces:
            octets += len(piece)
            if heard is not None:
                heard.feed(piece)
            if reader is None:
                pending += piece
                header = pending.find(b" HP-PCL XL;")
                if header < 1:
                    continue
                reader = PclxlReader(replace(limits, input_pages=limits.rendered_pages), drop_uncounted=True)
                reader.feed(pending[header - 1 :])
            elif not reader.done:
                reader.feed(piece)
            enough = reader.done and reader.parsed.input_pages >= limits.rendered_pages
            if enough or octets > most_octets or context.guard.expired():
                failure = ("limit", DocumentTooComplex("the PostScript program prints without end", start))
                break
    except DocumentTooComplex as error:
        failure = ("limit", error)
    except MalformedDocument as error:
        failure = ("renderer_error", error)
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            with suppress(DocumentError):
                close()
    parsed = _conclude(reader, failure, start)
    parsed.heard = heard
    return parsed


def _conclude(reader: PclxlReader | None, failure: tuple[str, DocumentError] | None, start: int) -> Parsed:
    """Pages found, or the error when there was none and the run did not end well."""
    parsed = Parsed("ps", start)
    if reader is not None:
        with suppress(TruncatedDocument):
            parsed = reader.finish()
    if failure is None:
        return parsed
    code, error = failure
    if not parsed.input_pages:
        raise error
    parsed.at_least(code, start)
    return parsed
