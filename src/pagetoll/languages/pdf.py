# SPDX-License-Identifier: Apache-2.0
"""PDF and PCLm: pages are the leaves of the page tree, never `/Count`. Source: ISO 32000-1 §7.7.3.

Three readings, in this order:

1. pikepdf walks the tree (qpdf, the library of the print filters). Without a warning its answer stands.
2. It raised or warned: the file is damaged, and the pages that PDFium really renders are counted.
   Readers differ in what they take for a page there: all leaves are counted where they are more.
3. The tree runs in a circle: an own walk that stops at a node standing on its own path.
"""

import io
import re
from typing import TYPE_CHECKING, Any

from pagetoll.core.errors import DocumentError, DocumentTooComplex, MalformedDocument
from pagetoll.core.usage import Confidence
from pagetoll.languages.parsed import ANY_SIZE, Context, Parsed, Run
from pagetoll.languages.pdf_parts import document_end
from pagetoll.languages.universal_exit import UNIVERSAL_EXIT
from pagetoll.languages.window import as_file

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

RENDER_DOTS_PER_POINT = 0.1
MOST_RENDERED_PAGES = 2000
_STEPS_BETWEEN_CHECKS = 1024
_AS_IT_STANDS: dict[str, Any] = {"suppress_warnings": True, "inherit_page_attributes": False}
_NO_PADDING = re.compile(rb"[^\x00\x04\t\n\x0c\r ]")
_HARMLESS_WARNING = re.compile(r"Resources is missing or invalid")


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count one PDF in `data[start:end]`.

    Raises DocumentError when a password is needed, MalformedDocument when no page can be read.
    """
    stop = document_end(data, start, end)
    parsed = Parsed("pclm" if data.find(b"%PCLm", start, min(stop, start + 64)) >= 0 else "pdf", stop)
    last_mark = data.rfind(b"%%EOF", start, stop)
    if last_mark < 0:
        parsed.note("truncated", stop)
    elif _NO_PADDING.search(data, last_mark + 5, stop):
        # Whether a printer prints it depends on whether it reads the file as PDF at all.
        parsed.note("trailing_garbage", last_mark + 5)
        parsed.confidence = Confidence.ESTIMATED
    clean_copy = _count_with_pikepdf(data, start, parsed, context)
    if clean_copy is not None:
        copies = (bytes(data[start:stop]), clean_copy)
        readings = [_drawn_pages(copy, parsed, start, context) for copy in copies if copy]
        drawn = max((*readings, _leaves(data, start, parsed, context)), key=len)
        if parsed.confidence is Confidence.EXACT:
            parsed.confidence = Confidence.ESTIMATED
        if not drawn:
            raise MalformedDocument("not one page of the PDF can be drawn; print it again from its program", start)
        for size in drawn:
            parsed.add(Run(media_points=size))
    if last_mark < 0:
        parsed.confidence = Confidence.AT_LEAST
    exit_at = data.find(UNIVERSAL_EXIT, start, stop)
    if exit_at >= 0:
        # Many printers end the PDF there and print what follows as the next document; it may be an embedded file.
        parsed.at_least("desync", exit_at)
    return parsed


def _count_with_pikepdf(data: "Buffer", start: int, parsed: Parsed, context: Context) -> bytes | None:
    """Add the pages of the tree; None when that is the answer.

    Octets when the file is damaged and another reading is needed: a copy with a clean tree, or empty.
    """
    import pikepdf

    try:
        with pikepdf.open(as_file(data, start, parsed.end), **_AS_IT_STANDS) as pdf:
            return _read_tree(pdf, start, parsed, context)
    except pikepdf.PasswordError as error:
        raise DocumentError(
            "the PDF asks for a password that nobody can give at the printer; save it without one", start
        ) from error
    except DocumentError:
        raise
    except (pikepdf.PdfError, ValueError, TypeError, RuntimeError, KeyError, RecursionError, OverflowError) as error:
        parsed.runs, parsed.input_pages = [], 0
        parsed.note("damaged", start)
        if isinstance(error, RecursionError):
            raise DocumentTooComplex("the PDF is nested too deeply", start) from error
        return b""


def _read_tree(pdf: Any, start: int, parsed: Parsed, context: Context) -> bytes | None:
    root = pdf.Root.get("/Pages")
    stated = root.get("/Count") if root is not None else None
    try:
        pages = [page.obj for page in pdf.pages]
    except Exception as error:
        pages = _walk_tree(root, start, parsed, context)
        if not pages and not any(finding.code == "loop" for finding in parsed.findings):
            raise MalformedDocument("the PDF's page tree cannot be read", start) from error
        if not parsed.findings:
            # A branch that stands in the tree twice: some printers print it once.
            parsed.note("damaged", start)
            parsed.confidence = Confidence.ESTIMATED
        _add_pages(parsed, pages, start, context)
        return None if pages else b""
    warnings = [text for text in map(str, pdf.get_warnings()) if not _HARMLESS_WARNING.search(text)]
    if isinstance(stated, int) and stated != len(pages):
        parsed.note("declared_mismatch", start)
    if not pages:
        parsed.note("damaged", start)
        return b""
    if warnings or (isinstance(stated, int) and stated > len(pages)):
        parsed.note("damaged", start)
        return _clean_copy(pdf, len(pages) > context.limits.input_pages)
    _add_pages(parsed, pages, start, context)
    return None


def _clean_copy(pdf: Any, too_many: bool) -> bytes:
    """The pages of a damaged file below a tree with right numbers; empty where they cannot be copied.

    PDFium believes the numbers in the tree, so a damaged file could hide pages from it that printers print.
    """
    import pikepdf

    if too_many:
        return b""
    target = io.BytesIO()
    try:
        with pikepdf.new() as clean:
            clean.pages.extend(pdf.pages)
            clean.save(target)
    except (pikepdf.PdfError, ValueError, TypeError, RuntimeError, KeyError, OverflowError):
        return b""
    return target.getvalue()


def _add_pages(parsed: Parsed, pages: list[Any], start: int, context: Context) -> None:
    if len(pages) > context.limits.input_pages:
        parsed.at_least("limit", start)
        del pages[context.limits.input_pages :]
    for number, page in enumerate(pages):
        if not number % _STEPS_BETWEEN_CHECKS and context.guard.expired():
            parsed.add(Run(len(pages) - number))  # how many is known, their sizes are not
            return
        parsed.add(Run(media_points=_media(page)))


def _walk_tree(root: Any, start: int, parsed: Parsed, context: Context) -> list[Any]:
    """The leaves below `root`; a node that stands on its own path ends its branch with the finding `loop`."""
    leaves: list[Any] = []
    # Each step: (node, path of inner nodes above it).
    waiting: list[tuple[Any, tuple[Any, ...]]] = [(root, ())]
    steps = 0
    while waiting:
        steps += 1
        if steps > context.limits.input_pages or (not steps % _STEPS_BETWEEN_CHECKS and context.guard.expired()):
            parsed.at_least("limit", start)
            break
        node, path = waiting.pop()
        if not hasattr(node, "get"):
            continue
        kids = node.get("/Kids")
        if kids is None or not _is_filled(kids):
            if _is_leaf(node, kids):
                leaves.append(node)
            continue
        mark = node.objgen
        if mark in path or len(path) >= context.limits.nesting:
            parsed.note("loop", start)
            continue
        waiting.extend((kid, (*path, mark)) for kid in reversed(list(kids)))
    return leaves


def _is_filled(kids: Any) -> bool:
    return hasattr(kids, "__len__") and len(kids) > 0


def _is_leaf(node: Any, kids: Any) -> bool:
    """Whether some reader draws a node without kids: what a page has is more than what it is called."""
    if kids is None:
        return any(key in node for key in ("/Type", "/MediaBox", "/Contents"))
    return node.get("/Type") == "/Page" or "/Contents" in node


def _leaves(data: "Buffer", start: int, parsed: Parsed, context: Context) -> list[tuple[float, float]]:
    """Sizes of the leaves of a damaged file's tree as it stands in the file; pikepdf has mended its own."""
    import pikepdf

    try:
        with pikepdf.open(as_file(data, start, parsed.end), **_AS_IT_STANDS) as pdf:
            return [_media(leaf) for leaf in _walk_tree(pdf.trailer.Root.Pages, start, parsed, context)]
    except (pikepdf.PdfError, AttributeError, ValueError, TypeError, RuntimeError, KeyError, OverflowError):
        return []


def _media(page: Any) -> tuple[float, float]:
    """Visible size in points with the page's turn applied; (0, 0) where the file says nothing usable."""
    node, box, turn, unit = page, None, None, page.get("/UserUnit", 1)
    for _level in range(64):
        box = box if box is not None else node.get("/MediaBox")
        turn = turn if turn is not None else node.get("/Rotate")
        node = node.get("/Parent")
        if (box is not None and turn is not None) or node is None:
            break
    try:
        left, low, right, high = (float(number) for number in box)  # type: ignore[union-attr]
        width, height = abs(right - left) * float(unit), abs(high - low) * float(unit)
        sideways = int(turn or 0) % 180 == 90
    except (TypeError, ValueError, OverflowError):
        return ANY_SIZE
    if not (0 < width < 1e6 and 0 < height < 1e6):
        return ANY_SIZE
    return (round(height), round(width)) if sideways else (round(width), round(height))


def _drawn_pages(octets: bytes, parsed: Parsed, start: int, context: Context) -> list[tuple[float, float]]:
    """Sizes of the pages that PDFium draws."""
    import pypdfium2  # type: ignore[import-untyped]

    drawn: list[tuple[float, float]] = []
    try:
        pdf = pypdfium2.PdfDocument(octets)
        stated = len(pdf)
    except (pypdfium2.PdfiumError, ValueError, OSError):
        return drawn
    try:
        for number in range(min(stated, context.limits.input_pages)):
            if context.guard.expired() or len(drawn) >= MOST_RENDERED_PAGES:
                parsed.at_least("limit", start)
                break
            size = _rendered_size(pdf, number)
            if size is not None:
                drawn.append(size)
    finally:
        pdf.close()
    return drawn


def _rendered_size(pdf: Any, number: int) -> tuple[float, float] | None:
    """Size in points of a page that PDFium can draw, else None."""
    import pypdfium2

    try:
        page = pdf[number]
    except (pypdfium2.PdfiumError, ValueError):
        return None
    try:
        width, height = page.get_size()
        scale = min(RENDER_DOTS_PER_POINT, 200 / max(width, height, 1))
        page.render(scale=scale, grayscale=True)
    except (pypdfium2.PdfiumError, ValueError, OverflowError, MemoryError):
        return None
    finally:
        page.close()
    return (round(width), round(height))
