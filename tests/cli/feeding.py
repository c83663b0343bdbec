# SPDX-License-Identifier: Apache-2.0
"""Programs that read their standard input, run as a user would run them."""

import os
import subprocess

from cli.site import STARTED, Done, Site


def feed(site: Site, text: bytes, program: str, *words: str, **environment: str) -> Done:
    """Runs a program with this standard input. Octets of its output that are no text come as surrogates."""
    done = subprocess.run(
        [*STARTED, program, *words],
        env=site.environment | environment,
        cwd=site.folder,
        input=text,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return Done(done.returncode, os.fsdecode(done.stdout), done.stderr.decode(errors="replace"))
