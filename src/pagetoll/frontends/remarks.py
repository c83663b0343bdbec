# SPDX-License-Identifier: Apache-2.0
"""What a command says beside its listing, on stderr: remarks, and why it ends without doing what was asked."""

import sys

from pagetoll.core.messages import _


def tell(level: str, text: str) -> None:
    """A remark of level INFO, WARN or ERROR."""
    sys.stderr.write(f"{level}: {text}\n")


def complain(text: str) -> None:
    """Why the program ends without doing what was asked, behind the program's path."""
    sys.stderr.write("".join(f"{sys.argv[0]} : {line}\n" for line in text.splitlines() or [_("failed")]))
