# SPDX-License-Identifier: Apache-2.0
"""Files of --output that nothing was written to: removed again, also where only root may write to the folder."""

from pathlib import Path

import pytest

from cli.site import Site

NOTHING_FOUND = [
    pytest.param(["dumpykota", "-d", "users", "username=nobody-of-this-name"], 0, id="dumpykota"),
    pytest.param(["pkinvoice", "username=nobody-of-this-name"], 254, id="pkinvoice"),
    pytest.param(["pkrefund", "-f", "-r", "x", "username=nobody-of-this-name"], 254, id="pkrefund"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of the caller's that the service user can pass but not write to."""
    tmp_path.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(("words", "status"), NOTHING_FOUND)
def test_a_new_file_without_data_is_gone_again(shared_site: Site, folder: Path, words: list[str], status: int):
    output = folder / "out"
    done = shared_site.run(*words, "-o", str(output))
    assert done.status == status, done.err
    assert list(folder.iterdir()) == []


def test_what_is_no_file_of_its_own_stays(shared_site: Site, folder: Path):
    target = folder / "target"
    target.write_text("kept")
    link = folder / "link"
    link.symlink_to(target)
    words = ["dumpykota", "-d", "users", "username=nobody-of-this-name", "-o"]
    assert shared_site.run(*words, str(link)).status == 0
    assert link.is_symlink()
    assert target.read_text() == "", "it was emptied, as PyKota did"
    assert shared_site.run(*words, "/dev/null").status == 0
    assert Path("/dev/null").is_char_device()


def test_a_file_with_data_stays(shared_site: Site, folder: Path):
    shared_site.do("pkusers", "-a", "anna")
    output = folder / "out"
    assert shared_site.run("dumpykota", "-d", "users", "-o", str(output)).status == 0
    assert "anna" in output.read_text()


def test_an_old_file_of_another_content_stays_when_there_is_nothing_to_invoice(shared_site: Site, folder: Path):
    output = folder / "out"
    output.write_text("last month's")
    assert shared_site.run("pkinvoice", "-o", str(output)).status == 254
    assert output.read_text() == "last month's"
