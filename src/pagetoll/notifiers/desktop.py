# SPDX-License-Identifier: Apache-2.0
"""A message on the caller's own desktop, by `notify-send` (libnotify; Desktop Notifications Specification 1.2).

No library of the X server is needed. The place, the font and the color are the desktop's.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from html import escape

TIMEOUT_S = 10.0
PROGRAM = "notify-send"


def desktop_of(environment: Mapping[str, str]) -> str:
    """The path of the program that shows a message on this desktop; "" where there is none."""
    if not environment.get("DBUS_SESSION_BUS_ADDRESS"):
        return ""
    return shutil.which(PROGRAM, path=environment.get("PATH", os.defpath)) or ""


def show_on_desktop(program: str, title: str, text: str, *, shown_s: int, alarming: bool) -> bool:
    """Show a message for so many seconds; False when the desktop did not take it."""
    words = [
        program,
        "--app-name=Pagetoll",
        f"--expire-time={shown_s * 1000}",
        f"--urgency={'critical' if alarming else 'normal'}",
        "--",
        title,
        escape(text, quote=False),
    ]
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT_S,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
