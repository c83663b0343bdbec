# SPDX-License-Identifier: Apache-2.0
"""The count of a whole print stream: peel the wrapper, recognise, parse, go on behind it.

Copies are combined as `copies.py` says. Sides, paper and a wish for one color come
from PJL where the language says nothing about them.
"""

from itertools import chain
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

from pagetoll.core.errors import DocumentError, UnknownLanguage
from pagetoll.core.usage import ColorClass, Confidence, Duplex, Finding, PageCoverage, PageRun, Segment, Usage
from pagetoll.languages.copies import CopiesRule, combine
from pagetoll.languages.limits import Guard, Limits, Renderer, TextLayout
from pagetoll.languages.parsed import ANY_SIZE, Context, PageInspector, Parsed, Run
from pagetoll.languages.pjl import Environment, Wrapper
from pagetoll.languages.recognise import is_a_file, printed_otherwise, recognise
from pagetoll.languages.universal_exit import next_exit

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_ORDER = (
    Confidence.EXACT,
    Confidence.DECLARED,
    Confidence.ESTIMATED,
    Confidence.AT_LEAST,
    Confidence.UNKNOWN,
    Confidence.REFUSED,
)
_ENDING_BY_THEMSELVES = frozenset(["dvi", "image"])
"""Files that programs read up to their end only: octets behind them that are no document may be anything."""
MOST_SEGMENTS = 100_000
MOST_MEASURED_PAGES = 1_000_000
MANY_PAGES = 100_000
HUGE_POINTS = 14_173
"""Five meters; larger pages are kept and marked."""


class _Readable(Protocol):
    def read(self) -> bytes: ...


def count(
    data: "Buffer | bytearray | memoryview | BinaryIO",
    *,
    limits: Limits | None = None,
    trust_dsc: bool = False,
    render_postscript: Renderer | None = None,
    text_layout: TextLayout | None = None,
    inspect_pages: PageInspector | None = None,
    copies_rule: CopiesRule = CopiesRule.INNER_WINS,
) -> Usage:
    """What the print stream `data` (octets, a memory map or an open file) will use.

    `trust_dsc`: a print filter wrote every octet, so PostScript's structuring comments count.
    `render_postscript`: runs PostScript that is a program; without it such documents cannot be counted.
    `inspect_pages`: looks at the pages for colors and coverage (`pagetoll.languages.coverage.Inspector`).
    `copies_rule`: what counts when PJL and the language both ask for copies.

    A Usage whenever there is a number, also a lower bound (`Confidence.AT_LEAST`). An empty stream has no
    segments and confidence UNKNOWN. Raises UnknownLanguage, TruncatedDocument, MalformedDocument,
    DocumentTooComplex or DocumentError (a password is needed) where there is none.
    """
    buffer = _as_buffer(data)
    bounds = limits or Limits()
    context = Context(bounds, Guard(bounds), trust_dsc, render_postscript, text_layout or TextLayout())
    if not len(buffer):
        return Usage((), Confidence.UNKNOWN, (Finding("empty"),))
    return _Stream(buffer, context, inspect_pages, copies_rule).count()


def _as_buffer(data: "Buffer | bytearray | memoryview | BinaryIO") -> "Buffer":
    if isinstance(data, bytes):
        return data
    if isinstance(data, bytearray | memoryview):
        return bytes(data)
    if hasattr(data, "find"):
        return cast("Buffer", data)
    return cast("_Readable", data).read()


class _Stream:
    """One walk over a stream, gathering segments."""

    def __init__(
        self, data: "Buffer", context: Context, inspect_pages: PageInspector | None, copies_rule: CopiesRule
    ) -> None:
        self._data = data
        self._copies_rule = copies_rule
        self._context = context
        self._inspect_pages = inspect_pages
        self._coverage: list[tuple[int, list[PageCoverage | None]]] = []
        self._wrapper = Wrapper()
        self._segments: list[Segment] = []
        self._findings: list[Finding] = []
        self._page_ends: list[int] = []
        self._page_ends_known = True
        self._confidence = Confidence.EXACT
        self._whole_file_before = False

    def count(self) -> Usage:
        end = len(self._data)
        position = self._wrapper.peel(self._data, 0, end)
        first_error: DocumentError | None = None
        while position < end:
            try:
                stop = self._document(position, end)
            except DocumentError as error:
                first_error = first_error or error
                if self._whole_file_before and isinstance(error, UnknownLanguage):
                    self._worse(Confidence.ESTIMATED, Finding("trailing_garbage", error.offset))
                else:
                    self._worse(Confidence.AT_LEAST, Finding(_error_code(error), error.offset))
                self._whole_file_before = False
                stop = next_exit(self._data, position + 1, end)
            position = self._wrapper.peel(self._data, stop, end)
            enough = len(self._segments) >= MOST_SEGMENTS or self._context.guard.expired()
            if enough and position < end:
                self._worse(Confidence.AT_LEAST, Finding("limit", position))
                break
        if first_error is not None and not any(segment.impressions for segment in self._segments):
            raise first_error
        if not self._segments:
            self._only_wrapper(end)
        return self._usage()

    def _only_wrapper(self, end: int) -> None:
        if not self._wrapper.seen:
            raise UnknownLanguage("the document holds nothing but padding", 0)
        self._segments.append(Segment("pjl", (), end_offset=end))

    def _document(self, position: int, end: int) -> int:
        """Count the document at `position`; where the stream goes on behind it."""
        environment = self._wrapper.environment
        language, parse = recognise(self._data, position, end, environment.language)
        context = Context(
            self._context.limits,
            self._context.guard,
            self._context.trust_dsc and not self._segments,
            self._context.render_postscript,
            self._context.text_layout,
            environment.copies if self._copies_rule is CopiesRule.INNER_WINS else None,
            environment.sides,
            environment.media_points,
            environment.resolution_dpi,
            None if self._inspect_pages is None else self._inspect_pages.listener,
        )
        parsed = parse(self._data, position, end, context)
        if environment.language not in language.announced:
            _doubt_by_commands(parsed, language.least_commands, position)
        if printed_otherwise(environment.language, language) or (
            # Many printers go on behind it with the next document, wherever in a picture's file it stands.
            is_a_file(language) and next_exit(self._data, position, parsed.end) < parsed.end
        ):
            parsed.at_least("desync", position)
        if self._inspect_pages is not None:
            self._inspect_pages(self._data, position, parsed, context)
        self._keep(parsed, environment)
        self._whole_file_before = parsed.language in _ENDING_BY_THEMSELVES
        return max(parsed.end, position + 1)

    def _keep(self, parsed: Parsed, environment: Environment) -> None:
        inner = [run.copies for run in parsed.runs]
        sets, copies, twice = combine(inner, environment.copies, environment.sets, self._copies_rule)
        if twice:
            parsed.note("copies_in_two_places", parsed.end)
            self._worse(Confidence.ESTIMATED)  # some printers multiply them
        if any(number > self._context.limits.copies for number in (*copies, sets)):
            parsed.note("many_copies", parsed.end)
        if parsed.input_pages > MANY_PAGES:
            parsed.note("many_pages", parsed.end)
        if any(max(run.media_points) > HUGE_POINTS for run in parsed.runs):
            parsed.note("huge_page", parsed.end)
        if any(run.blank for run in parsed.runs):
            parsed.note("blank_pages", parsed.end)
        runs = tuple(_page_run(run, number, environment) for run, number in zip(parsed.runs, copies, strict=True))
        language = "pjl-ps" if parsed.language == "ps" and self._wrapper.seen else parsed.language
        self._segments.append(Segment(language, runs, sets, parsed.end))
        self._findings.extend(parsed.findings)
        if self._inspect_pages is not None:
            self._coverage.append((parsed.input_pages, parsed.coverage))
        self._worse(parsed.confidence)
        if len(parsed.page_ends) == parsed.input_pages:
            self._page_ends.extend(parsed.page_ends)
        else:
            self._page_ends_known = False

    def _worse(self, confidence: Confidence, finding: Finding | None = None) -> None:
        self._confidence = max(self._confidence, confidence, key=_ORDER.index)
        if finding is not None:
            self._findings.append(finding)

    def _usage(self) -> Usage:
        return Usage(
            tuple(self._segments),
            self._confidence,
            tuple(self._wrapper.findings + self._findings),
            tuple(self._page_ends) if self._page_ends_known else (),
            self._coverage_of_pages(),
        )

    def _coverage_of_pages(self) -> tuple[PageCoverage | None, ...]:
        """An entry for each page, or none at all where no page was measured."""
        measured = any(any(pages) for _count, pages in self._coverage)
        if not measured or sum(count for count, _pages in self._coverage) > MOST_MEASURED_PAGES:
            return ()
        filled = ([*pages, *[None] * (count - len(pages))] for count, pages in self._coverage)
        return tuple(chain.from_iterable(filled))


def _doubt_by_commands(parsed: Parsed, least: int, position: int) -> None:
    """A language that few commands tell apart from others is not sure."""
    if parsed.confidence is Confidence.EXACT and parsed.input_pages and parsed.understood < least:
        parsed.confidence = Confidence.ESTIMATED
        parsed.note("few_commands", position)


def _page_run(run: Run, copies: int, environment: Environment) -> PageRun:
    duplex = environment.sides if run.duplex is Duplex.UNSTATED else run.duplex
    color = ColorClass.MONO if environment.monochrome else run.color
    return PageRun(
        length=run.length,
        copies=copies,
        duplex=duplex,
        color=color,
        media_points=environment.media_points if run.media_points == ANY_SIZE else run.media_points,
        blank=run.blank,
        starts_sheet=run.starts_sheet,
    )


def _error_code(error: DocumentError) -> str:
    return {
        "UnknownLanguage": "unknown_language",
        "TruncatedDocument": "truncated",
        "MalformedDocument": "malformed",
        "DocumentTooComplex": "limit",
    }.get(type(error).__name__, "refused")
