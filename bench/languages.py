# SPDX-License-Identifier: Apache-2.0
"""The time to count one document of each language: ours in process and as a command, other counters beside it.

    .venv/bin/python bench/languages.py
    .venv/bin/python bench/languages.py --large /var/tmp/large --counter pkpgcounter=/usr/bin/pkpgcounter
    .venv/bin/python bench/languages.py report.pdf=12

Times are medians in milliseconds, interleaved: ours in process as CPU (a warm process, Ghostscript's CPU included),
all else as wall clock of a new process. Beside each stands whether the number is right: + yes, - no (and what it
said), ? no number. Memory is the peak of the process in which ours runs, and how much of that came with the document.
"""

import argparse
import json
import mmap
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "tests/samples"
CORPUS = ROOT.parent / "shared/corpus"
GHOSTSCRIPT = ["gs", "-dSAFER", "-q", "-dBATCH", "-dNOPAUSE", "-sstdout=%stderr"]
TIMEOUT_S = 120


@dataclass(frozen=True, slots=True)
class Document:
    """A file and the numbers that are right."""

    path: Path
    language: str
    pages: int
    answers: frozenset[int]


@dataclass(slots=True)
class Times:
    """What one counter did to one document."""

    milliseconds: list[float] = field(default_factory=list)
    said: int | None = None

    def __str__(self) -> str:
        return f"{statistics.median(self.milliseconds):.1f}" if self.milliseconds else ""


@dataclass(frozen=True, slots=True)
class Counter:
    """Another program: for which languages, its words (FILE stands for the document), how its number is found."""

    name: str
    languages: frozenset[str]
    words: tuple[str, ...]
    number: Callable[[str], int | None]


def last_number(text: str) -> int | None:
    found = re.findall(r"^\s*(\d+)\s*$", text, re.MULTILINE)
    return int(found[-1]) if found else None


def after_pages(text: str) -> int | None:
    found = re.search(r"^Pages:\s*(\d+)", text, re.MULTILINE)
    return int(found[1]) if found else None


def boxes(text: str) -> int | None:
    return text.count("%%HiResBoundingBox") or None


PDF, POSTSCRIPT = frozenset(["pdf", "pclm"]), frozenset(["ps", "pjl-ps"])
EVERY = frozenset(["*"])
READ_PYPDF = "import sys, pypdf; print(len(pypdf.PdfReader(sys.argv[1]).pages))"
READ_PIKEPDF = "import sys, pikepdf; print(len(pikepdf.open(sys.argv[1]).pages))"
COUNTERS = (
    Counter("qpdf", PDF, ("qpdf", "--show-npages", "FILE"), last_number),
    Counter("pdfinfo", PDF, ("pdfinfo", "FILE"), after_pages),
    Counter("mutool", PDF, ("mutool", "info", "FILE"), after_pages),
    Counter("pypdf", PDF, (sys.executable, "-c", READ_PYPDF, "FILE"), last_number),
    Counter("pikepdf", PDF, (sys.executable, "-c", READ_PIKEPDF, "FILE"), last_number),
    Counter("gs bbox", PDF | POSTSCRIPT, (*GHOSTSCRIPT, "-sDEVICE=bbox", "FILE"), boxes),
)


def painted(view: memoryview) -> Iterator[bytes]:
    """Ghostscript's PCL XL for a program."""
    command = [*GHOSTSCRIPT, "-sDEVICE=pxlmono", "-r75", "-sOutputFile=-", "-"]
    yield subprocess.run(command, input=view, capture_output=True, check=False).stdout


def cpu_ms() -> float:
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return 1000 * sum(one.ru_utime + one.ru_stime for one in spent)


def count_here(path: Path, runs: int) -> None:
    """In the measured process: count a document `runs` times, write what was found as JSON.

    The document lies in a memory map, as in the counting processes.
    """
    from pagetoll.core.errors import DocumentError
    from pagetoll.languages import count

    for warm_up in ("pdf/hand-no-type.pdf", "ps/hand-level1.ps", "text/ansi.txt"):
        count((SAMPLES / warm_up).read_bytes(), render_postscript=painted)
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times, said, language, confidence = [], None, "", ""
    for _ in range(runs):
        begun_ms = cpu_ms()
        try:
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as octets:
                usage = count(octets, render_postscript=painted)
            said, language, confidence = usage.input_pages, usage.language, str(usage.confidence)
        except DocumentError as error:
            confidence = type(error).__name__
        times.append(cpu_ms() - begun_ms)
    after_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([times, said, language, confidence, before_kib, after_kib]))


def ours_in_process(document: Document, runs: int) -> tuple[Times, str, int, int]:
    """Times, confidence, and the peak memory in KiB: all of it, and what came with the document."""
    words = [sys.executable, __file__, "--in-process", str(document.path), "--runs", str(runs)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment, timeout=600)
    times, said, _language, confidence, before_kib, after_kib = json.loads(done.stdout)
    return Times(times, said), confidence, after_kib, after_kib - before_kib


def run_once(words: Sequence[str], number: Callable[[str], int | None], times: Times) -> None:
    begun = time.perf_counter()
    try:
        done = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return
    times.milliseconds.append(1000 * (time.perf_counter() - begun))
    times.said = number(done.stdout + done.stderr)


def pages_in_json(text: str) -> int | None:
    try:
        pages = json.loads(text.splitlines()[0])["pages"]
    except (ValueError, IndexError, KeyError):
        return None
    return pages if isinstance(pages, int) else None


def compare(document: Document, counters: Sequence[Counter], runs: int) -> str:
    """One row of the table."""
    here, confidence, peak_kib, own_kib = ours_in_process(document, runs)
    command = [
        str(ROOT / ".venv/bin/python"),
        "-m",
        "pagetoll.frontends.cli.pagetoll",
        "count",
        "--json",
        "--no-color",
    ]
    os.environ["PYTHONPATH"] = str(ROOT / "src")
    rows = {"ours": ((*command, str(document.path)), pages_in_json)}
    for counter in counters:
        if counter.languages & {document.language, "*"}:
            words = tuple(str(document.path) if word == "FILE" else word for word in counter.words)
            rows[counter.name] = (words, counter.number)
    results = {name: Times() for name in rows}
    for _ in range(runs):
        for name, (words, number) in rows.items():
            run_once(words, number, results[name])
    cells = [cell(here, document), cell(results["ours"], document)]
    cells += [cell(results[one.name], document) if one.name in results else "" for one in counters]
    size = f"{document.path.stat().st_size / 1e6:.2f}"
    memory = f"{peak_kib / 1024:.0f} (+{own_kib / 1024:.0f})"
    return " | ".join([document.language, document.path.name, size, str(document.pages), confidence, memory, *cells])


def cell(times: Times, document: Document) -> str:
    if not times.milliseconds:
        return "time-out"
    if times.said is None:
        return f"{times} ?"
    return f"{times} +" if times.said in document.answers else f"{times} -({times.said})"


def documents_of(folder: Path) -> Iterator[Document]:
    for record in json.loads((folder / "manifest.json").read_text(encoding="utf-8")):
        answers = frozenset([record["pages"], *record.get("accept_pages", [])])
        yield Document(folder / record["file"], record["format"], record["pages"], answers)


def one_of_each() -> list[Document]:
    """The largest document of each language."""
    folder = CORPUS if CORPUS.is_dir() else SAMPLES
    largest: dict[str, Document] = {}
    for document in documents_of(folder):
        known = largest.get(document.language)
        if known is None or document.path.stat().st_size > known.path.stat().st_size:
            largest[document.language] = document
    return [largest[language] for language in sorted(largest)]


def large(folder: Path) -> list[Document]:
    """What make_large.py makes."""
    folder.mkdir(parents=True, exist_ok=True)
    made = subprocess.run(
        [sys.executable, str(ROOT / "bench/make_large.py"), str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    rows = [json.loads(line) for line in made.stdout.splitlines() if line.startswith("{")]
    language = {"scan-pdf": "pdf", "objects-pdf": "pdf"}
    return [
        Document(Path(row["path"]), language.get(row["name"], row["name"]), row["pages"], frozenset([row["pages"]]))
        for row in rows
    ]


def named(word: str) -> Document:
    path, _, pages = word.rpartition("=")
    language = {".pdf": "pdf", ".ps": "ps"}.get(Path(path).suffix, "given")
    return Document(Path(path), language, int(pages), frozenset([int(pages)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", metavar="FILE=PAGES", help="documents (default: the largest a language)")
    parser.add_argument("--large", type=Path, metavar="FOLDER", help="make large files there and count them too")
    parser.add_argument(
        "--counter", action="append", default=[], metavar="NAME=PATH", help="a counter of all languages"
    )
    parser.add_argument("--only", action="append", default=[], metavar="LANGUAGE", help="these languages only")
    parser.add_argument("--runs", type=int, default=3, help="of which the median is taken (%(default)s)")
    parser.add_argument("--in-process", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.in_process:
        count_here(options.in_process, options.runs)
        return
    more = [Counter(*word.split("=", 1)[:1], EVERY, (word.split("=", 1)[1], "FILE"), last_number)
            for word in options.counter]  # fmt: skip
    counters = [one for one in (*COUNTERS, *more) if shutil.which(one.words[0])]
    found = [named(word) for word in options.files] or [
        *(large(options.large) if options.large else ()),
        *one_of_each(),
    ]
    print("load average {:.2f} {:.2f} {:.2f}\n".format(*os.getloadavg()))
    names = ["ours, CPU in process", "ours, command", *(one.name for one in counters)]
    print("| " + " | ".join(["language", "file", "MB", "pages", "confidence", "memory MiB", *names]) + " |")
    print("|" + "---|" * (6 + len(names)))
    for document in found:
        if not options.only or document.language in options.only:
            print(f"| {compare(document, counters, options.runs)} |", flush=True)
    print("\nload average {:.2f} {:.2f} {:.2f}".format(*os.getloadavg()))


if __name__ == "__main__":
    main()
