# SPDX-License-Identifier: Apache-2.0
"""docs/reference/exit-status.md says what the programs do."""

import ast
import re
from pathlib import Path

from pagetoll.app.printing.attempt import EXIT_CANCEL, EXIT_HOLD, EXIT_PRINTED
from pagetoll.config.options import OnFailure
from pagetoll.frontends import streams
from pagetoll.frontends.cli import pagetoll
from pagetoll.frontends.pykota import program

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/exit-status.md").read_text()
CLIENT = ROOT / "src/pagetoll/thin/cupspykota.py"


def chapter(title: str) -> str:
    """The page's part below a heading."""
    return re.split(r"^## ", PAGE.partition(f"## {title}\n")[2], flags=re.MULTILINE)[0]


def statuses(title: str) -> set[int]:
    return {int(number) for number in re.findall(r"^\| (\d+) \|", chapter(title), re.MULTILINE)}


def outcomes_of_the_client() -> dict[str, int]:
    """on_failure to status, from the client's own table; it is read, as nobody may import it."""
    for node in ast.parse(CLIENT.read_text()).body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["OUTCOMES"]:
            return {name.decode(): row[0] for name, row in ast.literal_eval(node.value).items()}
    raise AssertionError("the client has no table OUTCOMES")


def test_the_page_names_each_status_that_the_backend_can_end_with() -> None:
    ours = {EXIT_PRINTED, EXIT_HOLD, EXIT_CANCEL, *outcomes_of_the_client().values()}
    assert statuses("The CUPS backend") == ours | {1}
    assert not ours & {4, 7}


def test_the_page_tells_each_choice_of_on_failure_with_its_status() -> None:
    known = outcomes_of_the_client()
    for choice in OnFailure:
        (row,) = [line for line in chapter("The CUPS backend").splitlines() if f'on_failure = "{choice}"' in line]
        status = row.split("|")[1].strip()
        assert status == (str(known[choice]) if choice in known else "the device backend's")


def test_the_page_names_each_status_of_the_commands() -> None:
    assert statuses("pagetoll") == {
        pagetoll.DONE,
        pagetoll.FAILED,
        pagetoll.USAGE,
        pagetoll.INTERRUPTED,
        streams.READER_GONE,
    }
    assert statuses("The commands with PyKota's names") == {
        program.EXIT_DONE,
        program.EXIT_INTERRUPTED,
        program.EXIT_REFUSED,
        program.EXIT_FAILED,
        streams.READER_GONE,
    }
