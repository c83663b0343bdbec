# SPDX-License-Identifier: Apache-2.0
"""Asking printers in PJL: the two forms of the counter, printers without ECHO, old answers, noise, silence."""

import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.core.errors import DeviceRefused, DeviceTimeout, DeviceUnreachable
from pagetoll.integrations import pjl_client
from pagetoll.integrations.printlab.pjl_printer import PjlHabits, PjlPrinter
from pagetoll.wire import pjl_answers
from pagetoll.wire.pjl_answers import PrinterState

OLD = b"@PJL INFO PAGECOUNT\r\n1\r\n\x0c@PJL USTATUS JOB\r\nEND\r\nPAGES=7\r\n\x0c"


def ask(printer: PjlPrinter, answer_timeout_s: float = 3) -> PrinterState:
    return pjl_client.ask(pjl_client.PjlPrinter(printer.address, printer.port, answer_timeout_s=answer_timeout_s))


@pytest.mark.parametrize(
    "habits",
    [PjlHabits(), PjlHabits(equals=True), PjlHabits(before=OLD), PjlHabits(before=b"\x00\xff\x0c" * 1000)],
    ids=["plain", "PAGECOUNT=", "an old answer first", "noise first"],
)
def test_state_and_counter_are_read(habits: PjlHabits):
    with PjlPrinter(marker_life_count=4711, habits=habits) as printer:
        assert ask(printer) == PrinterState(code=10001, marker_life_count=4711, display="READY")
        printer.marker_life_count, printer.code = 4712, 10023
        state = ask(printer)
    assert (state.marker_life_count, state.is_idle, state.is_printing) == (4712, False, True)


@pytest.mark.parametrize("answer_timeout_s", [2, 200], ids=["until the time is over", "until it says no more"])
def test_a_printer_without_echo_is_heard(answer_timeout_s: float):
    with PjlPrinter(marker_life_count=9, habits=PjlHabits(knows_echo=False)) as printer:
        assert ask(printer, answer_timeout_s).marker_life_count == 9


@pytest.mark.parametrize(
    ("habits", "fault"),
    [
        (PjlHabits(says=b""), DeviceTimeout),
        (PjlHabits(says=b"HTTP/1.0 400 Bad Request\r\n\r\n"), DeviceTimeout),
        (PjlHabits(floods=True), DeviceTimeout),
        (PjlHabits(hangs_up=True), DeviceRefused),
    ],
    ids=["silence", "another protocol", "talk without end", "hangs up"],
)
def test_what_is_no_answer_is_an_error_in_time(habits: PjlHabits, fault: type[Exception]):
    with PjlPrinter(habits=habits) as printer, pytest.raises(fault, match="PJL"):
        ask(printer, 0.3)


def test_a_closed_port_and_a_name_that_is_none_are_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for host in ("127.0.0.1", "no-such-host.invalid", "a" * 300):
        with pytest.raises(DeviceUnreachable, match="switched on"):
            pjl_client.ask(pjl_client.PjlPrinter(host, port))


def test_a_printer_that_dribbles_is_left_when_the_time_is_over():
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def dribble() -> None:
            talk, _ = listener.accept()
            with talk:
                while not stop.wait(0.02):
                    talk.sendall(b"@")

        thread = threading.Thread(target=dribble)
        thread.start()
        address, port = listener.getsockname()
        with pytest.raises(DeviceTimeout):
            pjl_client.ask(pjl_client.PjlPrinter(address, port, answer_timeout_s=0.3))
        stop.set()
        thread.join()


@pytest.mark.parametrize(
    ("heard", "state"),
    [
        (b"@PJL INFO PAGECOUNT\r\n12\r\n\x0c", PrinterState(marker_life_count=12)),
        (b"@PJL INFO PAGECOUNT\r\nPAGECOUNT=12\r\n\x0c", PrinterState(marker_life_count=12)),
        (b"@PJL INFO PAGECOUNT = 12\n\x0c", PrinterState(marker_life_count=12)),
        (b"@pjl info pagecount\n\n 12 \n", PrinterState(marker_life_count=12)),
        (b'@PJL INFO PAGECOUNT\r\n"?"\r\n\x0c', PrinterState()),
        (b"@PJL INFO PAGECOUNT\r\n" + b"9" * 5000, PrinterState()),
        (b'@PJL INFO STATUS\r\nCODE=40000\r\nDISPLAY="a\x1bb\xff"\r\n', PrinterState(code=40000, display="a?b�")),
        (b"CODE=10023\r\n12\r\n\x0c", PrinterState()),
    ],
)
def test_answers_are_read_in_all_their_forms(heard: bytes, state: PrinterState):
    assert pjl_answers.read_state(heard, "t") == state


PAGE = b"@PJL USTATUS PAGE\r\n3\r\n\x0c"
BEGIN, END = b"@PJL ECHO BEGINt\r\n\x0c", b"@PJL ECHO ENDt\r\n\x0c"
READY = b"@PJL INFO STATUS\r\nCODE=10001\r\n\x0c"


@pytest.mark.parametrize(
    ("heard", "state"),
    [
        (PAGE, PrinterState(under_way=True)),
        (b"@PJL USTATUS JOB\r\nSTART\r\n\x0c", PrinterState(under_way=True)),
        (PAGE + b'@PJL USTATUS JOB\r\nEND\r\nNAME="START"\r\n\x0c', PrinterState(under_way=False)),
        (PAGE + b"@PJL USTATUS JOB\r\nCANCELED\r\n\x0c", PrinterState(under_way=False)),
        (b"@PJL USTATUS JOB\r\n\x0c", PrinterState(under_way=False)),
        (PAGE + BEGIN + READY + END, PrinterState(code=10001)),
        (BEGIN + READY + PAGE + END, PrinterState(code=10001, under_way=True)),
        (BEGIN + READY + END + b"@PJL USTATUS DEVICE\r\nCODE=42010\r\n\x0c", PrinterState(code=42010)),
        (BEGIN + READY + b"@PJL USTATUS DEVICE\r\nCODE=42010\r\n\x0c" + END, PrinterState(code=10001)),
        (BEGIN + b"@PJL USTATUS DEVICE\r\nCODE=10023\r\n\x0c" + END, PrinterState(code=10023, unasked=True)),
    ],
)
def test_what_a_printer_says_unasked_is_understood(heard: bytes, state: PrinterState):
    assert pjl_answers.read_state(heard, "t") == state


def test_what_is_switched_on_is_switched_off_in_the_same_words():
    on = [line for line in pjl_answers.query("0f", pjl_answers.USTATUS).splitlines() if b"USTATUS" in line]
    off = [line for line in pjl_answers.silence(pjl_answers.USTATUS).splitlines() if b"USTATUS" in line]
    assert on == [b"@PJL USTATUS DEVICE = ON", b"@PJL USTATUS JOB = ON", b"@PJL USTATUS PAGE = ON"]
    assert off == [line.replace(b"ON", b"OFF") for line in on]


def test_the_query_asks_both_between_two_marks():
    lines = pjl_answers.query("0f").removeprefix(pjl_answers.UEL).removesuffix(pjl_answers.UEL).splitlines()
    assert lines == [
        b"@PJL",
        b"@PJL ECHO BEGIN0f",
        b"@PJL INFO ID",
        b"@PJL INFO STATUS",
        b"@PJL INFO PAGECOUNT",
        b"@PJL ECHO END0f",
    ]


@given(st.lists(st.sampled_from([b"@PJL INFO PAGECOUNT", b"@PJL INFO STATUS", b"\r\n", b"\x0c", b"="]) | st.binary()))
def test_no_octets_are_a_fault_of_the_reader(parts: list[bytes]):
    state = pjl_answers.read_state(b"".join(parts), "t")
    assert state.marker_life_count is None or state.marker_life_count >= 0
