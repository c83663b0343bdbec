# SPDX-License-Identifier: Apache-2.0
"""What the doctor says of banners: facts of each queue that wants some in, findings out."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from pagetoll.app.doctor.findings import Finding, bad, ok, warn
from pagetoll.core.messages import _


@dataclass(frozen=True, slots=True)
class BannerWish:
    """A banner that a managed queue is to print. `formats` are the MIME types that its printer takes, None where
    nobody tells.

    `by_us`: pkbanner makes it, in the language `named` ("" for what the printer takes); `language` is the one that it
    comes to here and now, "" for none. Otherwise it is a file or program of the site's, and `trouble` says why that
    cannot be had.
    """

    queue: str
    option: str
    formats: tuple[str, ...] | None = None
    by_us: bool = False
    named: str = ""
    named_fits: bool = True
    language: str = ""
    languages: tuple[str, ...] = ()  # all that can be written here and now
    needs_ghostscript: bool = False
    trouble: str = ""


def check_banners(wishes: tuple[BannerWish, ...], configuration: str) -> Iterator[Finding]:
    """A finding for each banner that is wanted; `configuration` is the file to change."""
    for wish in wishes:
        yield _check(wish, f"editor {shlex.quote(configuration)}")


def _check(wish: BannerWish, edit: str) -> Finding:
    facts = {"queue": wish.queue, "option": wish.option}
    taken = ", ".join(wish.formats or ())
    if wish.trouble:
        text = _("queue {queue}: {option} cannot be had, so no banner is printed: {why}")
        return warn(text.format(**facts, why=wish.trouble), edit)
    if not wish.by_us:
        return ok(_("queue {queue}: {option} is the site's own").format(**facts))
    if wish.needs_ghostscript:
        text = _(
            "queue {queue}: no banner can be made for {option}: only Ghostscript can write the printer's language"
        )
        return bad(text.format(**facts), "apt-get install ghostscript")
    if wish.named and not wish.named_fits:
        text = _(
            "queue {queue}: {option} is written as {named}, but the printer takes {taken}; leave --language out, "
            "then the language that it takes is chosen"
        )
        return warn(text.format(**facts, named=wish.named, taken=taken), edit)
    if not wish.language:
        text = _(
            "queue {queue}: no banner can be made for {option}: nothing here writes what the printer takes "
            "({taken}); take the option away for this queue, or name a file in that language"
        )
        return warn(text.format(**facts, taken=taken), edit)
    if wish.formats is None:
        text = _(
            "queue {queue}: nobody tells what the printer takes; {option} is written in the language of its job, "
            "if that is one of {languages}"
        )
        return ok(text.format(**facts, languages=", ".join(wish.languages)))
    return ok(_("queue {queue}: {option} is written as {language}").format(**facts, language=wish.language))
