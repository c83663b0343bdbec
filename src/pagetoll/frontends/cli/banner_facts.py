# SPDX-License-Identifier: Apache-2.0
"""What the doctor says of the banners that queues are to print."""

import os
import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

from pagetoll.app.doctor.banners import BannerWish
from pagetoll.config.options import Settings
from pagetoll.core.messages import _
from pagetoll.core.site_commands import SiteCommand
from pagetoll.frontends.cli.command_programs import DOCUMENT_OPTIONS, troubles_of
from pagetoll.integrations.papers.ghostscript import BY_THE_JOB, LANGUAGES, possible, usual

OUR_PROGRAM = "pkbanner"

#: The MIME types that a queue's printer takes; None where nobody tells.
Formats = Callable[[str], tuple[str, ...] | None]


def banner_wishes(
    settings: Settings | None, queues: Iterable[str], formats_of: Formats, search_path: str
) -> tuple[BannerWish, ...]:
    """The banners of these queues, and whether each can be made."""
    found: list[BannerWish] = []
    for queue in queues if settings else ():
        for option in DOCUMENT_OPTIONS:
            what: str | SiteCommand = getattr(settings.for_queue(queue), option) if settings else ""
            if what:
                found.append(_wish(BannerWish(queue, option), what, formats_of, search_path))
    return tuple(found)


def _wish(wish: BannerWish, what: str | SiteCommand, formats_of: Formats, search_path: str) -> BannerWish:
    if trouble := next(troubles_of(what, is_document=True), ""):
        return replace(wish, trouble=trouble)
    words = [what] if isinstance(what, str) else list(what.words) or _split(what.shell)
    ours = next((place for place, word in enumerate(words) if word.rpartition("/")[2] == OUR_PROGRAM), None)
    if ours is None or (isinstance(what, str) and not os.access(what, os.X_OK)):
        return wish
    formats = formats_of(wish.queue)
    named = language_named(words[ours + 1 :])
    wish = replace(wish, by_us=True, formats=formats, named="" if named == BY_THE_JOB else named)
    taken = (usual().media_type,) if formats is None else formats
    if wish.named:
        language = LANGUAGES.get(named)
        if language is None:
            return replace(wish, trouble=_("pkbanner knows no language {named}").format(named=repr(named)))
        wish = replace(wish, named_fits=formats is None or language.media_type in formats)
        taken = (language.media_type,)
    best = possible(taken, search_path=search_path)
    anyhow = possible(taken, search_path=search_path, converts=True)
    writes = tuple(name for name, one in LANGUAGES.items() if possible((one.media_type,), search_path=search_path))
    needs = best is None and anyhow is not None
    return replace(wish, language=best.name if best else "", languages=writes, needs_ghostscript=needs)


def language_named(words: list[str]) -> str:
    """What --language of these words of pkbanner says; "" without one."""
    return next((name.strip().lower() for name in _languages(words)), "")


def _languages(words: list[str]) -> Iterator[str]:
    for word, behind in pairwise([*words, ""]):
        option, given, value = word.partition("=")
        if len(option) > len("--l") and "--language".startswith(option):
            yield value if given else behind
        elif word.startswith("-L"):
            yield word[2:] or behind


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return []
