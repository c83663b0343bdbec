# SPDX-License-Identifier: Apache-2.0
"""An atheris harness: whatever the document, the counter answers as promised (see README.md beside this file)."""

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import atheris

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "src"))

with atheris.instrument_imports(include=["pagetoll.languages"]):
    from pagetoll.core.errors import DocumentError
    from pagetoll.core.usage import Confidence
    from pagetoll.languages import Limits, count


SAMPLES = ROOT / "tests/samples"
SEED_OCTETS = 64 * 1024
SLOW_S = 5.0
A_PAGE = (SAMPLES / "pclxl/gs-pxlmono-five-c5.pxl").read_bytes()


def rendered(program: memoryview) -> Iterator[bytes]:
    """A page of PCL XL for whatever program."""
    yield A_PAGE


def one_document(octets: bytes) -> None:
    """Raises what is no promised answer."""
    begun_s = time.process_time()  # the machine may stand still for others
    limits = Limits(timeout_s=SLOW_S - 1, input_pages=5000, clock=time.process_time)
    try:
        usage = count(octets, limits=limits, trust_dsc=True, render_postscript=rendered)
    except DocumentError as error:
        if not 0 <= error.offset <= len(octets):
            raise AssertionError(f"the offset {error.offset} is outside the document") from error
    else:
        if usage.impressions < 0 or usage.confidence not in Confidence:
            raise AssertionError(f"no count: {usage}")
        if list(usage.page_end_offsets) != sorted(usage.page_end_offsets):
            raise AssertionError("pages end before they begin")
        if any(not 0 <= finding.offset <= len(octets) for finding in usage.findings):
            raise AssertionError(f"a finding is outside the document: {usage.findings}")
    if time.process_time() - begun_s > SLOW_S:
        raise AssertionError("the time limit was not kept")


def seeds(folder: Path, only: frozenset[str]) -> int:
    """Put the small samples into `folder`; how many there are."""
    number = 0
    for path in sorted(SAMPLES.rglob("*")):
        family = path.relative_to(SAMPLES).parts[0]
        if not path.is_file() or path.suffix in (".json", ".md") or family not in (only or {family} - {"hostile"}):
            continue
        if 0 < path.stat().st_size <= SEED_OCTETS:
            (folder / f"{family}-{path.name}").write_bytes(path.read_bytes())
            number += 1
    return number


def main() -> None:
    only = frozenset[str]()
    words = []
    for word in sys.argv:
        if word.startswith("-only="):
            only = frozenset(word.removeprefix("-only=").split(","))
        else:
            words.append(word)
    with tempfile.TemporaryDirectory() as folder:
        print(f"seeds: {seeds(Path(folder), only)}", flush=True)
        atheris.Setup([*words, f"-max_len={2 * SEED_OCTETS}", folder], one_document)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
