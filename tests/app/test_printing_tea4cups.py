# SPDX-License-Identifier: Apache-2.0
"""Tea4CUPS's hooks around a job: each row of its table of exit statuses, pipes, filter, faults of hooks."""

import hashlib
import os
from pathlib import Path

import pytest

from app.print_shop import Shop, pages
from app.tea_shop import TEA, TeaShop
from pagetoll.core.jobs import Outcome
from pagetoll.core.mail_to import MailTo, Recipients
from pagetoll.core.site_commands import SiteCommand
from pagetoll.integrations.printlab.processes import wait_until
from pagetoll.wire import frames


@pytest.fixture
def tea(shop: Shop) -> TeaShop:
    return TeaShop(shop)


def test_hooks_are_told_of_the_job_and_the_document_is_gone_afterwards(tea: TeaShop) -> None:
    names = "PRINTERNAME JOBSIZE MD5SUM CLIENTHOST JOBID USERNAME TITLE COPIES OPTIONS INPUTFILE BILLING CONTROLFILE"
    told = " ".join(f'"${{TEA{name}-unset}}"' for name in names.split())
    tea.conf(
        f'prehook_a : printf \'%%s\\n\' {told} "$DEVICE_URI" "${{CLASS-none}}" >> LOG; cp $TEADATAFILE HERE/copy\n'
        "posthook_a : echo $TEASTATUS $PAGETOLL_IMPRESSIONS $PAGETOLL_CANCELED >> LOG; test -r $TEADATAFILE\n"
    )
    options = "job-originating-host-name=10.1.2.3"
    caller = tea.print(options=options, job_id=77)
    assert caller.status == 0
    md5 = hashlib.md5(pages(2), usedforsecurity=False).hexdigest()
    assert tea.lines == [
        "hp", str(len(pages(2))), md5, "10.1.2.3", "77", "anna", "letter", "1",
        f"time-at-creation=1770000000 {options}", "", "", "NotUsedAnymore", "socket://printer:9100", "none",
        "0 2 no",
    ]  # fmt: skip
    assert (tea.folder / "copy").read_bytes() == pages(2) == tea.paper
    assert list((tea.folder / "spool" / "hooks").iterdir()) == []
    assert tea.shop.posted == 2
    assert "posthook_a: it ended well" in tea.shop.notes()


ENDS = [
    # prehook b's line, serialize, what is run, exit status of the job
    ("true", "no", "a b c post", 0),
    ("true", "yes", "a b c post", 0),
    ("exit 255", "no", "a b c", 5),
    ("exit 255", "yes", "a b c", 5),
    ("exit 254", "no", "a b c", 1),
    ("exit 254", "yes", "a b", 1),
    ("exit 3", "no", "a b c", 1),
    ("exit 3", "yes", "a b c", 1),
    ("kill -9 $$", "no", "a b c", 5),
    ("kill -9 $$", "yes", "a b c", 1),
]


@pytest.mark.parametrize(("line", "serialize", "run", "status"), ENDS)
def test_the_end_of_a_prehook(tea: TeaShop, line: str, serialize: str, run: str, status: int) -> None:
    tea.conf(
        f"serialize : {serialize}\nprehook_a : echo a >> LOG\nprehook_b : echo b >> LOG; {line}\n"
        "prehook_c : echo c >> LOG\nposthook_z : echo post >> LOG\n"
    )
    caller = tea.unprinted() if status else tea.print()
    assert caller.status == status
    assert sorted(tea.lines) == sorted(run.split())
    if serialize == "yes":
        assert tea.lines == run.split()
    assert tea.paper == (pages(2) if status == 0 else b"")
    assert (tea.shop.posted, tea.shop.reserved) == (0 if status else 2, 0)
    assert tea.shop.audit() == []


def test_canceling_outweighs_failing(tea: TeaShop) -> None:
    tea.conf("serialize : yes\nprehook_a : exit 3\nprehook_b : exit 255\nprehook_c : exit 1\n")
    assert tea.unprinted().status == 5
    assert tea.shop.record.outcome is Outcome.CANCELED
    assert "prehook_b" in tea.shop.notes()


def test_under_our_own_names_a_failed_hook_stops_no_queue(tea: TeaShop) -> None:
    tea.conf("prehook_a : exit 3\n")
    assert tea.unprinted(uri="cupspykota:" + TEA).status == 6


def test_hooks_run_at_the_same_time_unless_serialized(tea: TeaShop) -> None:
    """Each waits for what the other one does."""
    tea.conf(
        "prehook_a : touch HERE/a; while [ ! -e HERE/b ]; do sleep 0.02; done\n"
        "prehook_b : touch HERE/b; while [ ! -e HERE/a ]; do sleep 0.02; done\n"
    )
    assert tea.print().status == 0


@pytest.mark.parametrize("octets", [10, 70_000, 3_000_000])
def test_what_a_prehook_writes_its_posthook_reads(tea: TeaShop, octets: int) -> None:
    tea.conf(f"prehook_x : head -c {octets} /dev/zero\nposthook_x : wc -c >> LOG\nposthook_y : wc -c >> LOG\n")
    assert tea.print().status == 0
    assert sorted(tea.lines) == sorted([str(octets), "0"])


def test_a_queue_that_the_ledger_does_not_know_prints_uncharged_with_its_hooks(tea: TeaShop) -> None:
    tea.conf("prehook_a : echo $TEAPRINTERNAME >> LOG\n")
    assert tea.print(queue="unknown").status == 0
    assert tea.lines == ["unknown"]
    assert tea.shop.posted == 0
    assert tea.unprinted(queue="hp", user="stranger").status == 5


def test_nobody_is_told_that_a_queue_of_hooks_is_not_in_the_ledger(tea: TeaShop) -> None:
    told = tea.folder / "told"
    tea.shop.queue(mailto=MailTo(Recipients.COMMAND, SiteCommand(shell=f"echo told >> {told}")))
    tea.conf("prehook_a : true\n")
    assert tea.print(queue="unknown").status == 0
    assert tea.unprinted(user="stranger").status == 5
    assert tea.shop.notices.wait_until_sent(60) == 0
    assert told.read_text() == "told\n"


def test_other_queues_have_no_hooks_unless_the_option_names_the_file(tea: TeaShop) -> None:
    tea.conf("prehook_a : echo run >> LOG\n")
    ours = "cupspykota:socket://printer:9100"
    assert tea.print(uri=ours).status == 0
    assert tea.lines == []
    tea.shop.queue(tea4cups_conf=str(tea.folder / "tea4cups.conf"))
    assert tea.print(uri=ours).status == 0
    assert tea.lines == ["run"]
    tea.shop.queue(tea4cups_conf="none")
    assert tea.print().status == 0
    assert tea.lines == ["run"]


def test_without_a_file_there_are_no_hooks_but_a_named_one_must_be_there(tea: TeaShop) -> None:
    assert tea.print().status == 0
    tea.shop.queue(tea4cups_conf=str(tea.folder / "missing.conf"))
    assert "missing.conf" in tea.unprinted().failure


def test_a_wrong_line_keeps_jobs_and_says_where_it_is(tea: TeaShop) -> None:
    tea.conf("prehook_a : true\nretry : often\n")
    assert f"{tea.folder}/tea4cups.conf:3" in tea.unprinted().failure
    tea.conf("prehook_a : true\n")
    assert tea.print().status == 0


@pytest.mark.parametrize(("file", "copies", "paper"), [(False, 3, 1), (True, 3, 3), (True, 1, 1)])
def test_a_filters_output_is_counted_and_printed(tea: TeaShop, file: bool, copies: int, paper: int) -> None:
    tea.conf(f"filter : cat > /dev/null; cat {tea.folder}/other\nprehook_a : cp $TEADATAFILE HERE/seen\n")
    (tea.folder / "other").write_bytes(pages(3))
    tea.shop.limits(soft=100, hard=100)
    assert tea.print(file=file, copies=copies).status == 0
    assert tea.paper == pages(3) * paper
    assert (tea.folder / "seen").read_bytes() == pages(3)
    assert tea.shop.posted == 3 * paper


@pytest.mark.parametrize("file", [False, True], ids=["stdin", "file"])
def test_a_filtered_job_that_is_canceled_ends_where_the_backend_has_read_to_and_is_charged_for_that(
    tea: TeaShop, file: bool
) -> None:
    tea.conf("filter : cat\n")
    caller = tea.shop.hand_in(tea.job(file=file), pages(4))
    read = len(pages(2))
    os.mkfifo(tea.folder / "gate")
    caller.begin(f"head -c {read} > /dev/null; echo read >&2; read go < {tea.folder}/gate; wc -c >> {tea.log}")
    caller.backend_says()
    caller.send(frames.Canceled())
    wait_until(lambda: os.fstat(caller.input).st_size == read, 60, "the document ends there")
    (tea.folder / "gate").write_text("go\n")
    caller.end(canceled=True)
    assert tea.lines == ["0"]
    assert tea.shop.posted == 2


def test_a_filters_status_is_not_looked_at_but_on_record(tea: TeaShop) -> None:
    tea.conf("filter : cat; exit 7\n")
    assert tea.print().status == 0
    assert "status 7" in tea.shop.notes()


def test_a_hanging_hook_is_stopped_and_fails(tea: TeaShop) -> None:
    tea.shop.queue(hook_timeout_s=1)
    tea.conf("prehook_a : sleep 600\n")
    assert tea.unprinted().status == 1
    assert "stopped after 1 seconds" in tea.shop.notes()


def test_canceling_in_the_spooler_ends_the_prehooks(tea: TeaShop) -> None:
    tea.conf("prehook_a : echo $$ >> LOG; sleep 600\nposthook_a : echo post $TEASTATUS >> LOG\n")
    caller = tea.shop.hand_in(tea.job(), pages(2))
    wait_until(lambda: bool(tea.lines), 60, "the prehook runs")
    caller.send(frames.Canceled())
    assert isinstance(caller.hear(), frames.Exit)
    wait_until(lambda: not Path(f"/proc/{tea.lines[0]}").exists(), 60, "the prehook is over")
    assert tea.shop.record.outcome is Outcome.CANCELED
    assert len(tea.lines) == 1


def test_posthooks_are_told_of_canceled_jobs_by_a_switch(tea: TeaShop) -> None:
    tea.shop.queue(tea4cups_tell_canceled=True)
    tea.conf("prehook_a : exit 255\nposthook_a : echo $TEASTATUS $PAGETOLL_CANCELED >> LOG\n")
    assert tea.unprinted().status == 5
    assert tea.lines == ["-1 yes"]


def test_onfail_comes_after_the_last_try_and_before_the_posthooks_once(tea: TeaShop) -> None:
    tea.conf(
        "retry : 2,0\nonfail : echo onfail >> LOG\nprehook_a : echo pre >> LOG\n"
        "posthook_a : echo post $TEASTATUS >> LOG\n"
    )
    caller = tea.shop.hand_in(tea.job(), pages(2))
    caller.begin(f"echo try >> {tea.log}; cat > /dev/null; exit 4")
    caller.backend_ends()
    caller.begin(f"echo try >> {tea.log}; cat > /dev/null; exit 4")
    caller.end()
    assert caller.status == 4
    assert tea.lines == ["pre", "try", "try", "onfail", "post 4"]


def test_a_queue_without_a_printer_runs_its_hooks_and_is_complete(tea: TeaShop) -> None:
    tea.conf("prehook_a : echo pre >> LOG\nposthook_a : echo post $TEASTATUS >> LOG\n")
    assert tea.unprinted(uri="tea4cups://").status == 0
    assert tea.lines == ["pre", "post 0"]
    assert tea.shop.record.outcome is Outcome.COMPLETED
    assert tea.shop.posted == 2


def test_hostile_values_stay_values(tea: TeaShop) -> None:
    tea.conf('prehook_a : printf "%s\\n" "$TEAUSERNAME" >> LOG\n')
    user = "$(touch HERE/pwned);`id`'\"|&"
    assert tea.print(queue="unknown", user=user).status == 0
    assert tea.lines == [user]
    work_file = "prehook_a : echo $TEADATAFILE >> LOG\n"
    tea.conf(work_file)
    assert tea.print(queue="unknown", user="../../etc/x").status == 0
    assert tea.lines[-1].startswith(f"{tea.folder}/spool/hooks/tea4cups-unknown-..")
    assert "/" not in tea.lines[-1].removeprefix(f"{tea.folder}/spool/hooks/")


def test_variables_that_change_programs_are_not_handed_on(tea: TeaShop) -> None:
    tea.conf('prehook_a : echo "${LD_PRELOAD-no}${BASH_ENV-no}${PPD-no}" >> LOG\n')
    assert tea.print(variables={"LD_PRELOAD": "/x.so", "BASH_ENV": "/x", "PPD": "/p"}).status == 0
    assert tea.lines == ["nono/p"]


def test_the_file_is_kept_in_the_folder_that_is_named(tea: TeaShop) -> None:
    tea.conf("directory : HERE/work\nkeepfiles : yes\n")
    (tea.folder / "work").mkdir()
    for _again in range(2):
        assert tea.print(job_id=5).status == 0
    assert [path.name for path in (tea.folder / "work").iterdir()] == ["tea4cups-hp-anna-5"]
    assert (tea.folder / "work" / "tea4cups-hp-anna-5").read_bytes() == pages(2)


def test_without_a_folder_of_its_own_it_is_kept_with_the_spools(tea: TeaShop) -> None:
    tea.conf("keepfiles : yes\n")
    assert tea.print(job_id=5).status == 0
    assert (tea.folder / "spool" / "kept" / "tea4cups-hp-anna-5").read_bytes() == pages(2)


PYTHON = """
import os, socket
from pagetoll.core.hook_event import CANCEL

def before(event):
    print(event.phase, event.user, event.queue, event.impressions)

def after(event):
    with open({log!r}, "a") as file:
        file.write(input() + " | " + " ".join([event.phase, str(event.status), str(event.impressions)]) + chr(10))

def cancel(event):
    return CANCEL

def alone(event):
    try:
        socket.create_connection(("127.0.0.1", {port}))
    except PermissionError:
        return 0
    return 9

def change(event):
    event.user = "root"

def hungry(event):
    return len(bytearray(1 << 31))

def lost(event):
    return "yes"
"""


@pytest.fixture
def python(tea: TeaShop) -> TeaShop:
    (tea.folder / "hooks").mkdir(mode=0o755)
    text = PYTHON.format(log=str(tea.log), port=9)
    (tea.folder / "hooks" / "site_hooks.py").write_text(text)
    return tea


def test_a_function_gets_an_event_and_the_pipe(python: TeaShop) -> None:
    python.conf("prehook_a : python:site_hooks:before\nposthook_a : python:site_hooks:after\n")
    assert python.print().status == 0
    assert python.lines == ["before anna hp 2 | after 0 2"]


@pytest.mark.parametrize(
    ("function", "status", "said"),
    [
        ("cancel", 5, ""),
        ("alone", 0, ""),
        ("change", 1, "FrozenInstanceError"),
        ("hungry", 1, "MemoryError"),
        ("lost", 1, "ValueError"),
        ("missing", 1, "AttributeError"),
    ],
)
def test_a_function_is_limited_and_its_answer_is_a_status(
    python: TeaShop, function: str, status: int, said: str
) -> None:
    python.conf(f"prehook_a : python:site_hooks:{function}\n")
    caller = python.unprinted() if status else python.print()
    assert caller.status == status
    assert said in python.shop.notes()


def test_a_module_in_a_folder_that_all_can_write_to_is_not_called(python: TeaShop) -> None:
    (python.folder / "hooks").chmod(0o777)
    python.conf("prehook_a : python:site_hooks:before\n")
    assert python.unprinted().status == 1
    assert "PermissionError" in python.shop.notes()


def test_jobs_of_two_queues_to_one_device_pass_one_after_the_other_with_their_hooks(tea: TeaShop) -> None:
    tea.conf("prehook_a : echo in $TEAJOBID >> LOG\nposthook_a : echo out $TEAJOBID >> LOG\n")
    first = tea.shop.hand_in(tea.job(job_id=1), pages(1))
    os.mkfifo(tea.folder / "gate")
    first.begin(f"read go < {tea.folder}/gate")
    second = tea.shop.hand_in(tea.job(job_id=2, queue="hp2"), pages(1))
    second.wait_for_word("INFO: Another job")
    assert tea.lines == ["in 1"]
    (tea.folder / "gate").write_text("go\n")
    first.end()
    second.print("cat")
    assert tea.lines == ["in 1", "out 1", "in 2", "out 2"]
