# SPDX-License-Identifier: Apache-2.0
"""Passwords are asked of a real PAM stack, put in place of the machine's in a mount namespace of the test's own."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pagetoll.integrations import pam_passwords
from pagetoll.integrations.pam_passwords import Verdict


def may_mount(folder: Path) -> bool:
    """Whether this test may have a mount of its own."""
    done = subprocess.run(
        ["unshare", "-m", "mount", "--bind", str(folder), "/etc/pam.d"], capture_output=True, check=False
    )
    return done.returncode == 0


needs_pam = pytest.mark.skipif(
    importlib.util.find_spec("pam") is None or os.geteuid() != 0, reason="needs python-pam, and root for a mount"
)
PERMIT = "auth required pam_permit.so\naccount required pam_permit.so\n"
DENY = "auth required pam_deny.so\naccount required pam_permit.so\n"
BY_SCRIPT = "auth sufficient pam_exec.so expose_authtok quiet {folder}/check\n" + DENY
CHECK = """#!/bin/sh
test "$PAM_USER" = anna && test "$PAM_SERVICE" = passwd && test "$(tr -d '\\0')" = "right ü \\"'"
"""


@needs_pam
@pytest.mark.parametrize(
    ("stack", "user", "password", "verdict"),
    [
        (PERMIT, "anna", "x", Verdict.YES),
        (DENY, "anna", "x", Verdict.NO),
        (BY_SCRIPT, "anna", "right ü \"'", Verdict.YES),
        (BY_SCRIPT, "anna", "wrong", Verdict.NO),
        (BY_SCRIPT, "bert", "right ü \"'", Verdict.NO),
        (BY_SCRIPT, "anna", "", Verdict.NO),
        (PERMIT, "", "x", Verdict.NO),
        (PERMIT, "anna\0", "x", Verdict.NO),
        ("auth required no_such_module.so\n", "anna", "x", Verdict.IMPOSSIBLE),
    ],
    ids=["permit", "deny", "right", "wrong", "other user", "no password", "no user", "odd user", "broken"],
)
def test_pams_verdict_is_told(tmp_path: Path, stack: str, user: str, password: str, verdict: Verdict):
    (tmp_path / "passwd").write_text(stack.format(folder=tmp_path))
    (tmp_path / "check").write_text(CHECK)
    (tmp_path / "check").chmod(0o755)
    if not may_mount(tmp_path):
        pytest.skip("no mount namespace here")
    asking = (
        "import sys; from pagetoll.integrations.pam_passwords import check; print(check(sys.argv[1], sys.argv[2]))"
    )
    shell = 'mount --bind "$1" /etc/pam.d && exec "$2" -c "$3" "$4" "$5"'
    encoded = user.replace("\0", "")
    if encoded != user:  # no argument can hold it
        asking = asking.replace("sys.argv[1]", "sys.argv[1] + chr(0)")
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", shell, "sh", str(tmp_path), sys.executable, asking, encoded, password],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{verdict}\n"


def test_a_child_that_cannot_answer_gives_no_verdict():
    assert pam_passwords.check("\ud800", "x") is not Verdict.YES
    assert pam_passwords.check("anna", "x" * 100_000) is not Verdict.YES
