# SPDX-License-Identifier: Apache-2.0
"""A PDF page of ours as a printer's language, by Ghostscript (its manual: Devices, Use).

Called by argument list in SAFER mode with bounds on time and memory. What it reads was drawn by us.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pagetoll.core.errors import DeviceError
from pagetoll.core.messages import _
from pagetoll.wire.ppd import media_type

PROGRAM = "gs"
TIMEOUT_S = 30.0
_SAFE = ("-dSAFER", "-q", "-dBATCH", "-dNOPAUSE", "-dNOPROMPT", "-sstdout=%stderr", "-sOutputFile=-", "-K524288")


@dataclass(frozen=True, slots=True)
class PageLanguage:
    """A language that a page can be written in: its MIME type, and Ghostscript's arguments (none: PDF as it is)."""

    name: str
    media_type: str
    arguments: tuple[str, ...]


#: The name that means: the language of the job.
BY_THE_JOB = "auto"
#: The best first: those that keep letters as letters before those that draw dots.
LANGUAGES = {
    language.name: language
    for language in (
        PageLanguage("pdf", "application/pdf", ()),
        PageLanguage("postscript", "application/postscript", ("-sDEVICE=ps2write",)),
        PageLanguage("pclxl", "application/vnd.hp-pclxl", ("-sDEVICE=pxlmono", "-r600")),
        PageLanguage("pcl", "application/vnd.hp-pcl", ("-sDEVICE=ljet4", "-r300")),
        PageLanguage(
            "pwg",
            "image/pwg-raster",
            ("-sDEVICE=pwgraster", "-r300", "-dcupsColorSpace=18", "-dcupsBitsPerColor=8", "-dcupsColorOrder=0"),
        ),
    )
}


class ConversionFailed(DeviceError):
    """Ghostscript is missing, failed, or did not end in time."""


def usual() -> PageLanguage:
    """What a printer is believed to take of which nothing is known, as PyKota did."""
    return LANGUAGES["postscript"]


def possible(
    formats: Sequence[str], *, search_path: str | None = None, converts: bool | None = None
) -> PageLanguage | None:
    """The best language for a printer that takes these MIME types, or None. Without Ghostscript only PDF is left;
    `converts` says whether there is one, else it is looked for on `search_path` (PATH)."""
    taken = {media_type(known) for known in formats}
    can = shutil.which(PROGRAM, path=search_path) is not None if converts is None else converts
    found = (language for language in LANGUAGES.values() if language.media_type in taken)
    return next((language for language in found if can or not language.arguments), None)


def convert(document: bytes, language: PageLanguage, *, executable: str = PROGRAM) -> bytes:
    """The PDF document in that language. Raises ConversionFailed."""
    if not language.arguments:
        return document
    program = shutil.which(executable)
    if program is None:
        raise ConversionFailed(
            _(
                "there is no program {program} to write a page in {language} with; install the package ghostscript"
            ).format(program=executable, language=language.name)
        )
    with tempfile.TemporaryDirectory(prefix="pagetoll-page-") as folder:
        page = Path(folder, "page.pdf")
        page.write_bytes(document)
        try:
            done = subprocess.run(
                [program, *_SAFE, *language.arguments, str(page)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=TIMEOUT_S,
                check=False,
                cwd=folder,
                env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TMPDIR": folder, "GS_OPTIONS": ""},
            )
        except subprocess.TimeoutExpired as error:
            raise ConversionFailed(
                _(
                    "Ghostscript did not write {language} within {seconds} s; try again when the machine is less busy"
                ).format(language=language.name, seconds=TIMEOUT_S)
            ) from error
        except OSError as error:
            raise ConversionFailed(
                _("{program} cannot be started ({why}); install the package ghostscript again").format(
                    program=program, why=error.strerror
                )
            ) from error
    if done.returncode != 0 or not done.stdout:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["-"]
        raise ConversionFailed(
            _("Ghostscript wrote no {language} (status {status}: {said}); does its device exist? see gs -h").format(
                language=language.name, status=done.returncode, said=said[-1]
            )
        )
    return done.stdout
