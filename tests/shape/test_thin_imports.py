# SPDX-License-Identifier: Apache-2.0
"""What the spooler's per-job programs load is a committed list: every further module costs each job milliseconds."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from shape.tree import PACKAGE, ROOT, imports_of, name_of, tree_of

INTERPRETER = ["/usr/bin/python3", "-IS"]
THIN_PROGRAMS = sorted(path for path in (PACKAGE / "thin").glob("*.py") if path.name != "__init__.py")

# Runs the file as a module, not as the program, and prints which modules came with it.
LOAD = """
import sys
before = set(sys.modules)
with open(sys.argv[1], encoding="utf-8") as file:
    text = file.read()
exec(compile(text, sys.argv[1], "exec"), {"__name__": "thin", "__file__": sys.argv[1]})
loaded = sorted(set(sys.modules) - before)
import json
print(json.dumps([sorted(before), loaded]))
"""


def committed() -> set[str]:
    lines = (ROOT / "tests" / "shape" / "thin_imports.txt").read_text(encoding="utf-8").split("\n")
    return {line.strip() for line in lines if line.strip() and not line.startswith("#")}


def loaded_by(path: Path) -> tuple[set[str], set[str]]:
    """The modules of a bare interpreter, and those that the file adds."""
    run = subprocess.run(
        [*INTERPRETER, "-c", LOAD, str(path)], capture_output=True, text=True, timeout=60, check=True
    )
    bare, added = json.loads(run.stdout)
    return set(bare), set(added)


def modules_of(path: Path) -> set[str]:
    """What the file adds to a bare interpreter when it starts, and what it names to import later."""
    bare, added = loaded_by(path)
    return added | {name for _, name in imports_of(tree_of(path))} - bare


def test_there_is_a_thin_cups_backend() -> None:
    assert PACKAGE / "thin" / "cupspykota.py" in THIN_PROGRAMS


def test_the_thin_programs_load_what_the_committed_list_says() -> None:
    assert {module for path in THIN_PROGRAMS for module in modules_of(path)} == committed()


@pytest.mark.parametrize("path", THIN_PROGRAMS, ids=name_of)
def test_a_thin_program_is_standard_library_only(path: Path) -> None:
    assert {name.split(".")[0] for _, name in imports_of(tree_of(path))} <= sys.stdlib_module_names


@pytest.mark.parametrize("path", THIN_PROGRAMS, ids=name_of)
def test_a_thin_program_starts_an_isolated_interpreter(path: Path) -> None:
    assert path.read_text(encoding="utf-8").splitlines()[0] == "#!/usr/bin/python3 -IS"


def test_the_check_sees_an_import_at_the_start_and_one_later(tmp_path: Path) -> None:
    program = tmp_path / "thin.py"
    program.write_text("import sys, _struct\n\ndef late():\n    import zlib\n", encoding="utf-8")
    assert modules_of(program) == {"_struct", "zlib"}
