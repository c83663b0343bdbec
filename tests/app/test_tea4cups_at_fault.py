# SPDX-License-Identifier: Apache-2.0
"""Lines of tea4cups.conf that hang, print 10 MB, are killed or cannot be run: each is bounded and on record, and the
job ends as docs/reference/tea4cups-conf.md says.
"""

import pytest

from app.print_shop import Shop, pages
from app.tea_shop import TeaShop

LINES = {
    "hangs": "sleep 600",
    "shouts": "head -c 10000000 /dev/zero",
    "complains": "head -c 10000000 /dev/zero >&2; exit 7",
    "killed": "kill -11 $$",
    "no bit": "HERE/plain",
    "gone": "HERE/nowhere",
    "leaves a child": "sleep 600 &",
}
SAID = {
    "hangs": "it was stopped after 1 seconds",
    "shouts": "it ended well",
    "complains": "it ended with status 7",
    "killed": "it was ended by signal 11 (SIGSEGV)",
    "no bit": "it ended with status 126",
    "gone": "it ended with status 127",
    "leaves a child": "it ended well",
}
NOTE_CHARACTERS_MAX = 2500


@pytest.fixture
def tea(shop: Shop, request: pytest.FixtureRequest) -> TeaShop:
    """A shop that waits long for a line, unless the test is one of a line that hangs."""
    tea = TeaShop(shop)
    shop.queue(hook_timeout_s=1 if "hangs" in request.node.name else 60)
    (tea.folder / "plain").write_text("#!/bin/sh\ncat\n")
    (tea.folder / "plain").chmod(0o644)
    return tea


def is_on_record(tea: TeaShop, kind: str, said: str) -> bool:
    """Whether the line's end is told, at no greater length than it deserves, and the books are right."""
    (told,) = [line for line in tea.shop.notes().splitlines() if line.startswith(f"hook: {kind}: ")]
    return said in told and len(told) < NOTE_CHARACTERS_MAX and not tea.shop.reserved and not tea.shop.audit()


@pytest.mark.parametrize(
    ("fault", "at_once", "in_turn"),
    [
        ("hangs", 1, 1),
        ("shouts", 0, 0),
        ("complains", 1, 1),
        ("killed", 5, 1),
        ("no bit", 1, 1),
        ("gone", 1, 1),
        ("leaves a child", 0, 0),
    ],
)
def test_a_prehook_at_fault(tea: TeaShop, fault: str, at_once: int, in_turn: int) -> None:
    for serialize, status in (("no", at_once), ("yes", in_turn)):
        tea.conf(f"serialize : {serialize}\nprehook_a : {LINES[fault]}\n")
        caller = tea.unprinted() if status else tea.print()
        assert caller.status == status
        records = tea.shop.records()
        notes = [note.text for note in tea.shop.services.ledger.notes(records[-1].attempt_id)]
        (told,) = [text for text in notes if text.startswith("prehook_a: ")]
        assert SAID[fault] in told
        assert len(told) < NOTE_CHARACTERS_MAX
        assert records[-1].charged_impressions == (0 if status else 2)
    assert tea.paper == (b"" if at_once else pages(2) * 2)
    assert tea.shop.audit() == []


@pytest.mark.parametrize("fault", LINES)
@pytest.mark.parametrize("piped", [False, True], ids=["alone", "behind a prehook"])
def test_a_posthook_at_fault_changes_nothing_of_the_job(tea: TeaShop, fault: str, piped: bool) -> None:
    prehook = "prehook_a : head -c 10000000 /dev/zero\n" if piped else ""
    tea.conf(f"{prehook}posthook_a : {LINES[fault]}\n")
    assert tea.print().status == 0
    assert (tea.shop.posted, tea.paper) == (2, pages(2))
    assert is_on_record(tea, "posthook_a", SAID[fault])


@pytest.mark.parametrize("fault", LINES)
def test_onfail_at_fault_leaves_the_device_backends_status(tea: TeaShop, fault: str) -> None:
    tea.conf(f"onfail : {LINES[fault]}\nposthook_a : echo post $TEASTATUS >> LOG\n")
    assert tea.print(backend="cat > /dev/null; exit 9", file=True).status == 9
    assert tea.lines == ["post 9"]
    assert is_on_record(tea, "onfail_command", SAID[fault])


@pytest.mark.parametrize("file", [False, True], ids=["stdin", "file"])
@pytest.mark.parametrize("fault", ["hangs", "complains", "killed", "no bit", "gone"])
def test_a_filter_at_fault_that_made_nothing_keeps_the_job(tea: TeaShop, fault: str, file: bool) -> None:
    tea.conf(f"filter : {LINES[fault]}\nprehook_a : echo pre >> LOG\n")
    caller = tea.unprinted(file=file)
    assert caller.status is None  # the queue's on_failure decides: it is held
    assert SAID[fault].removesuffix(" (SIGSEGV)") in caller.failure
    assert (tea.lines, tea.paper, tea.shop.posted, tea.shop.reserved) == ([], b"", 0, 0)


@pytest.mark.parametrize("behind", ["exit 7", "head -c 10000000 /dev/zero >&2", "sleep 600 <&- >&- 2>&- &"])
def test_what_a_filter_made_is_printed_whatever_it_does_besides(tea: TeaShop, behind: str) -> None:
    tea.conf(f"filter : cat; {behind}\n")
    assert tea.print().status == 0
    assert (tea.paper, tea.shop.posted) == (pages(2), 2)


def test_a_filter_that_is_killed_in_the_middle_prints_no_half_document(tea: TeaShop) -> None:
    tea.conf("filter : head -c 100; kill -9 $$\n")
    assert tea.unprinted().status is None
    assert tea.paper == b""


def test_a_filter_that_ends_well_may_make_nothing_and_nothing_is_printed(tea: TeaShop) -> None:
    tea.conf("filter : cat > /dev/null\nprehook_a : echo pre >> LOG\n")
    assert tea.unprinted().status == 0
    assert tea.lines == []


def test_of_what_a_prehook_tells_its_posthook_a_bounded_part_arrives(tea: TeaShop) -> None:
    tea.shop.queue(hook_timeout_s=60)
    tea.conf("prehook_a : head -c 70000000 /dev/zero\nposthook_a : wc -c >> LOG\n")
    assert tea.print().status == 0
    assert tea.lines[-1].strip() == str(64 * 1024 * 1024)


PYTHON = {
    "hangs": ("import time\ndef hook(event):\n    time.sleep(600)\n", 1, "stopped after 1 seconds"),
    "shouts": ("def hook(event):\n    print('x' * 10_000_000)\n", 0, "ended well"),
    "complains": ("def hook(event):\n    raise ValueError('x' * 10_000_000)\n", 1, "ended with status 1"),
    "killed": ("import os\ndef hook(event):\n    os.kill(os.getpid(), 11)\n", 5, "signal 11"),
    "no module": ("", 1, "ended with status 1"),
}


@pytest.mark.parametrize("fault", PYTHON)
def test_a_python_function_at_fault(tea: TeaShop, fault: str) -> None:
    text, status, said = PYTHON[fault]
    tea.shop.queue(hook_timeout_s=1 if fault == "hangs" else 60)
    (tea.folder / "hooks").mkdir(mode=0o755)
    if text:
        (tea.folder / "hooks" / "site_hooks.py").write_text(text)
    tea.conf("prehook_a : python:site_hooks:hook\n")
    caller = tea.unprinted() if status else tea.print()
    assert caller.status == status
    assert is_on_record(tea, "prehook_a", said)
