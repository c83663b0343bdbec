# SPDX-License-Identifier: Apache-2.0
"""Rich Text Format: the stated number of pages and the page breaks in the text.

Control words, groups, hexadecimal and raw binary data (`\\binN`) are told apart; style sheets, headers, pictures
and starred destinations hold no page of their own. Source: RTF 1.9.1.
"""

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pagetoll.core.errors import DocumentTooComplex, MalformedDocument
from pagetoll.languages.documents.office.statistics import Body, stated_pages, weigh
from pagetoll.languages.parsed import Context, Parsed

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_TOKEN = re.compile(rb"\\(?:([A-Za-z]{1,32})(-?\d{1,10})? ?|'[0-9A-Fa-f]{2}|[^A-Za-z'])|[{}]|[^\\{}\r\n]+", re.DOTALL)
_NOT_TEXT = frozenset(
    b"fonttbl stylesheet info listtable listoverridetable rsidtbl generator header headerl headerr headerf footer "
    b"footerl footerr footerf footnote annotation xmlnstbl themedata colorschememapping datastore fldinst".split()
)
_MARGINS = (b"header", b"footer")
_PICTURES = frozenset([b"pict", b"object", b"shppict", b"shp"])
_NEW_PAGE_SECTIONS = frozenset([b"sbkpage", b"sbkeven", b"sbkodd"])
_DEEPEST = 10_000
_STEPS_BETWEEN_CHECKS = 10_000


@dataclass(frozen=True, slots=True)
class _Group:
    """What a group inherits and may change."""

    text: bool = True
    colors: bool = False
    color: int = 0
    margin: bool = False
    break_before: bool = False


class _Reader:
    """One walk over the tokens."""

    def __init__(self) -> None:
        self.body = Body()
        self.stated = ""
        self._group = _Group()
        self._open: list[_Group] = []
        self._color_table: list[int] = []
        self._visible: list[bool] = []
        self._section_breaks = True
        self._starred = False
        self._any_text = False
        self._new_paragraph = True

    def open(self, offset: int) -> None:
        if len(self._open) >= _DEEPEST:
            raise DocumentTooComplex("the RTF document is nested too deep", offset)
        self._open.append(self._group)

    def close(self) -> bool:
        """Whether the document goes on behind this brace."""
        if self._open:
            self._group = self._open.pop()
        return bool(self._open)

    def word(self, word: bytes, number: bytes) -> None:
        group = self._group
        if self._starred or word in _NOT_TEXT:
            self._starred = False
            self.body.color_known &= word not in _PICTURES
            self._group = replace(group, text=False, margin=word.startswith(_MARGINS))
        elif word in _PICTURES:
            self.body.color_known = False
            self._group = replace(group, text=False)
        elif word == b"colortbl":
            self._group = replace(group, text=False, colors=True)
        elif group.colors and word in (b"red", b"green", b"blue"):
            self._color_table.append(int(number or b"0"))
        elif word == b"cf":
            self._group = replace(group, color=int(number or b"0"))
        elif group.text:
            self._text_word(word, number)
        if word == b"nofpages":
            self.stated = number.decode("ascii")

    def _text_word(self, word: bytes, number: bytes) -> None:
        if word == b"page":
            self.body.breaks += 1
        elif word == b"sect":
            self.body.breaks += self._section_breaks
        elif word == b"sectd":
            self._section_breaks = True
        elif word.startswith(b"sbk"):
            self._section_breaks = word in _NEW_PAGE_SECTIONS
        elif word == b"pagebb":
            self._group = replace(self._group, break_before=number != b"0")
        elif word == b"pard":
            self._group = replace(self._group, break_before=False)
        elif word == b"par":
            self._any_text = self._new_paragraph = True
        elif word in (b"cb", b"highlight"):
            self._group = replace(self._group, color=int(number or b"0"))
        elif word == b"plain":
            self._group = replace(self._group, color=0)

    def star(self) -> None:
        self._starred = True

    def text(self, text: bytes) -> None:
        group = self._group
        if group.colors:
            self._color_entries(text.count(b";"))
        elif group.margin and text.strip():
            # Which pages a colored header prints on is not known.
            self.body.color_known &= not self._is_visible(group.color)
        elif group.text and text.strip():
            self.body.breaks += group.break_before and self._any_text and self._new_paragraph
            self._any_text, self._new_paragraph = True, False
            if self._is_visible(group.color):
                self.body.paint()

    def _is_visible(self, color: int) -> bool:
        return 0 < color < len(self._visible) and self._visible[color]

    def _color_entries(self, entries: int) -> None:
        levels = self._color_table[:3]
        for _entry in range(min(entries, 4096 - len(self._visible))):
            self._visible.append(len(levels) == 3 and max(levels) - min(levels) > 25)
            levels = []
        self._color_table.clear()


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count an RTF document. Raises MalformedDocument for an absurd number, DocumentTooComplex for deep nesting."""
    reader = _Reader()
    position, steps = start, 0
    while position < end:
        token = _TOKEN.match(data, position, end)
        if token is None:
            position += 1
            continue
        position = token.end()
        steps += 1
        if steps % _STEPS_BETWEEN_CHECKS == 0:
            context.guard.check(position)
        first = token[0][:1]
        if first == b"{":
            reader.open(position)
        elif first == b"}":
            if not reader.close():
                break
        elif token[1] == b"bin":
            position = min(end, position + max(0, int(token[2] or b"0")))
        elif token[1] is not None:
            reader.word(token[1], token[2] or b"")
        elif token[0] == b"\\*":
            reader.star()
        elif first != b"\\":
            reader.text(token[0])
    if steps < 3:
        raise MalformedDocument("the RTF document ends at its beginning", start)
    parsed = Parsed("rtf", position)
    return weigh(parsed, stated_pages(reader.stated), reader.body)
