# SPDX-License-Identifier: Apache-2.0
"""Looks for octets of no language that are counted as exact, behind each of the short signatures.

    python tests/fuzz/wrong_languages.py --inputs 50000

Prints what it found; the exit status is 1 then.
"""

import argparse
import random
import sys

from pagetoll.core.errors import DocumentError
from pagetoll.core.usage import Confidence
from pagetoll.languages import Limits, count

BEGINNINGS = (
    b"", b"\n", b"\r\n", b"\0", b"A", b"!", b"^", b"~", b"%!", b"A5", b"BM", b"IN;", b"PK", b"P1\n", b"P4\n",
    b"OA", b"N\n", b"II*\0", b"\x02", b"\x16", b"\x18\x1c\x1b%A", b"\x1d", b"$\x01", b"Z\0", b"\x90", b"\x80\0",
    b"\xf7\x02", b"\xcd\xca\x10", b"\xff\xd8\xff", b"\x1b", b"\x1b@", b"\x1b!", b"\x1b%", b"\x1b&", b"\x1b(",
    b"\x1b)", b"\x1b*", b"\x1b*r", b"\x1b*m", b"\x1b.(", b"\x1b/", b"\x1b0", b"\x1b;", b"\x1bA", b"\x1bE",
    b"\x1bEr", b"\x1bK", b"\x1bP", b"\x1bS", b"\x1b[", b"\x1b[K", b"\x1ba0", b"\x1bc", b"\x1be", b"\x1bh",
    b"\x1bm", b"\x1b\x1d", b"\x1b\x1e", b"\x1b\x12", b"\x1b+A\n", b"\x1b>\x1bT10", b"\x1b%-1B", b"\x1b%-12345X",
    b"\x1b@\x1b", b"JZ", b"OAK", b"RaS", b"UN", b"GIF", b"{\\",
)  # fmt: skip
"""The first octets of the languages in the table, as far as they are short."""

LENGTHS = (1, 3, 8, 20, 60, 200)
PRINTABLE = range(0x20, 0x7F)


def exact_among(beginning: bytes, inputs: int, seed: int, *, tail: bool = True) -> list[tuple[str, bytes]]:
    """Language and octets of the inputs that were counted as exact with an impression at least."""
    source = random.Random(seed)
    found = []
    for _ in range(inputs):
        length = source.choice(LENGTHS)
        noise = source.randbytes(length) if source.random() < 0.7 else bytes(source.choices(PRINTABLE, k=length))
        job = beginning + noise if tail else beginning
        try:
            usage = count(job, limits=Limits(timeout_s=5.0))
        except DocumentError:
            continue
        if usage.confidence is Confidence.EXACT and usage.impressions:
            found.append((usage.language, job))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=50_000, help="for each beginning (%(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    failed = False
    for beginning in BEGINNINGS:
        for language, job in exact_among(beginning, options.inputs, options.seed):
            failed = True
            print(f"{language}: {job!r}", flush=True)
    print(f"{len(BEGINNINGS)} beginnings, {options.inputs} inputs each")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
