# SPDX-License-Identifier: Apache-2.0
"""Is this the password of that user of the machine? Asked of PAM (pam(3)), service `passwd`, in a child of its own:
PAM's modules are foreign code, which may hang or end the process. Needs the library python-pam (extra `pam`).

    child's standard input:  JSON [user, password]        its exit status: one of `Verdict`'s places
"""

import json
import subprocess
import sys
from enum import StrEnum

SERVICE = "passwd"
TIMEOUT_S = 30.0
_INPUT_OCTETS_MAX = 65536


class Verdict(StrEnum):
    """What PAM says; IMPOSSIBLE when it cannot be asked, or cannot know."""

    YES = "YES"
    NO = "NO"
    IMPOSSIBLE = "IMPOSSIBLE"


#: The child's exit statuses; any other (a crash, a signal) is no verdict.
_STATUSES = {10: Verdict.YES, 11: Verdict.NO, 12: Verdict.IMPOSSIBLE}
#: PAM's return values that mean: not this person, or not any more (_pam_types.h).
_NO = frozenset({6, 7, 8, 10, 11, 12, 13, 17})


def check(user: str, password: str) -> Verdict:
    """PAM's verdict. Raises nothing: what goes wrong is IMPOSSIBLE."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", __spec__.name],
            input=json.dumps([user, password]).encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return Verdict.IMPOSSIBLE
    return _STATUSES.get(done.returncode, Verdict.IMPOSSIBLE)


def _verdict(user: str, password: str) -> Verdict:
    try:
        import pam
    except (ImportError, OSError, AttributeError):
        return Verdict.IMPOSSIBLE
    if not user or "\0" in user or "\0" in password:
        return Verdict.NO
    asked = pam.PamAuthenticator()
    if asked.authenticate(user, password, service=SERVICE, resetcreds=False):
        return Verdict.YES
    return Verdict.NO if asked.code in _NO else Verdict.IMPOSSIBLE


def main() -> int:
    """The child."""
    user, password = json.loads(sys.stdin.buffer.read(_INPUT_OCTETS_MAX))
    verdict = _verdict(user, password)
    return next(status for status, meaning in _STATUSES.items() if meaning is verdict)


if __name__ == "__main__":
    sys.exit(main())
