# SPDX-License-Identifier: Apache-2.0
"""`pagetoll lprng import`: old accounting files of lpd's become unverified jobs, each once."""

from pathlib import Path

from cli.site import Site

FILE = """\
START 'A=anna@host+12' 'P=laser' 'n=anna' 'H=host' 'D=1700000000'
start '-p100' '-Aanna@host+12' '-nanna' '-Plaser'
end '-p103' '-b3' '-Aanna@host+12' '-nanna' '-Plaser'
END 't=9' 'p=3' 's=100' 'q=103' 'D=1700000009' 'A=anna@host+12' 'P=laser' 'n=anna' 'H=host' 'S=1700000000'
END 't=9' 'p=5' 's=103' 'q=108' 'D=1700000100' 'A=anna@host+12' 'P=laser' 'n=anna' 'H=host' 'S=1700000090'
END 't=9' 'p=bad' 'D=1700000100' 'A=anna@host+13' 'P=laser' 'n=anna'
jobstart '-Hhost' '-nbob' '-Plaser'  '-b613' '-t2026-11-20-03:52:17.000' '-CB' '-Ja title'
jobend '-Hhost' '-nbob' '-Plaser'  '-b613' '-t2026-11-20-03:52:17.000' '-CB' '-Ja title'
\x01 rubbish
"""


def test_an_accounting_file_is_booked_once(site: Site, tmp_path: Path) -> None:
    site.run("pkprinters", "-a", "laser")
    site.run("pkusers", "-a", "anna")
    site.run("edpykota", "-a", "-P", "laser", "anna")
    path = tmp_path / "acct"
    path.write_text(FILE)
    first = site.run("pagetoll", "lprng", "import", str(path))
    assert first.out == "3 jobs read, 3 booked, 1 of them uncharged, 8 impressions\n"
    again = site.run("pagetoll", "lprng", "import", str(path), str(path))
    assert "0 booked" in again.out
    assert site.run("pagetoll", "audit").status == 0


def test_missing_names_are_created_where_that_is_wanted(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "acct"
    path.write_text(FILE)
    done = site.run("pagetoll", "lprng", "import", "--create", str(path))
    assert done.out == "3 jobs read, 3 booked, 0 of them uncharged, 8 impressions\n"
    assert "bob" in site.run("pkusers", "-L").out
