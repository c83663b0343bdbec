# SPDX-License-Identifier: Apache-2.0
"""pkprinters, run as a program: PyKota's acceptance cases for printers, exact listings, refusals."""

from collections.abc import Iterator

import pytest

from cli.site import Site

PROGRAM = "pkprinters"


@pytest.fixture(scope="module")
def one_printer(shared_site: Site) -> Iterator[Site]:
    shared_site.do(PROGRAM, "-a", "imp")
    yield shared_site
    assert shared_site.do(PROGRAM, "-l") == block("imp"), "a refused command changed something"


def block(
    name: str,
    *,
    description: str = "",
    per_job: str = "0.0",
    per_page: str = "0.0",
    passthrough: str = "OFF",
    largest: str = "Unlimited",
    groups: str = "",
) -> str:
    tail = f"    in {groups}\n" if groups else ""
    return (
        f"{name} [{description}] ({per_job} + #*{per_page})\n"
        f"    Passthrough mode : {passthrough}\n"
        f"    Maximum job size : {largest}\n"
        f"    Routed through PyKota : NO\n{tail}"
    )


def names(site: Site) -> list[str]:
    done = site.run(PROGRAM, "-l")
    return [line.split(" [")[0] for line in done.out.splitlines() if line and not line.startswith(" ")]


def test_p1_a_printer_is_created_with_a_description_then_changed_and_skipped(site: Site):
    site.do(PROGRAM, "-a", "-D", "description intelligible", "imprimanteCUPS")
    assert site.do(PROGRAM, "-l") == block("imprimanteCUPS", description="description intelligible")
    site.do(PROGRAM, "-a", "-D", "another", "imprimanteCUPS")
    assert site.do(PROGRAM, "-l") == block("imprimanteCUPS", description="another")
    site.do(PROGRAM, "-a", "-s", "-D", "third", "-g", "new", "imprimanteCUPS,new")
    assert site.do(PROGRAM, "-l", "imprimanteCUPS") == block("imprimanteCUPS", description="another")


def test_p3_to_p6_a_group_is_joined_left_and_outlives_its_member(site: Site):
    site.do(PROGRAM, "-a", "imprimanteCUPS")
    site.do(PROGRAM, "-a", "-D", "Ceci est un groupe d'imprimantes.", "mathens")
    site.do(PROGRAM, "-g", "mathens", "imprimanteCUPS")
    assert site.do(PROGRAM, "-l", "imprimanteCUPS") == block("imprimanteCUPS", groups="mathens")
    site.do(PROGRAM, "-r", "-g", "mathens", "imprimanteCUPS")
    assert site.do(PROGRAM, "-l", "imprimanteCUPS") == block("imprimanteCUPS")
    site.do(PROGRAM, "-d", "imprimanteCUPS")
    assert site.do(PROGRAM, "-l") == block("mathens", description="Ceci est un groupe d'imprimantes.")


def test_p7_patterns_choose_and_blocks_are_parted_by_a_blank_line(site: Site):
    site.do(PROGRAM, "-a", "imp2", "imp1", "laser")
    assert site.do(PROGRAM, "-l", "imp*") == block("imp1") + "\n" + block("imp2")
    assert site.do(PROGRAM, "-l", "[!i]*,imp?") == "\n".join(block(name) for name in ("imp1", "imp2", "laser"))


def test_p8_and_p9_prices_are_set_on_all_or_on_one_and_the_job_price_stays(site: Site):
    site.do(PROGRAM, "-a", "-c", "0.05,0.1", "imp", "impGpe")
    site.do(PROGRAM, "-c", "0")
    site.do(PROGRAM, "-c", "1.0", "impGpe")
    assert site.do(PROGRAM, "-l") == block("imp", per_job="0.1") + "\n" + block(
        "impGpe", per_job="0.1", per_page="1.0"
    )


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["-p"], {"passthrough": "ON"}),
        (["--passthrough", "--nopassthrough"], {"passthrough": "ON"}),
        (["-n"], {"passthrough": "OFF"}),
        (["-m", "7"], {"largest": "7 pages"}),
        (["--maxjobsize", "0"], {"largest": "0 pages"}),
        (["-m", "unlimited"], {"largest": "Unlimited"}),
        (["--charge", "-0.5,1e-3"], {"per_page": "-0.5", "per_job": "0.001"}),
        (["-D", "  stripped  "], {"description": "stripped"}),
        (["--description", ""], {"description": ""}),
        (["--desc=abbreviated"], {"description": "abbreviated"}),
    ],
    ids=" ".join,
)
def test_an_option_changes_what_it_names(site: Site, words: list[str], shown: dict[str, str]):
    site.do(PROGRAM, "-a", "imp")
    site.do(PROGRAM, *words, "imp")
    assert site.do(PROGRAM, "-l") == block("imp", **shown)


def test_options_may_stand_behind_the_names(site: Site):
    site.do(PROGRAM, "--add", "imp", "-D", "behind")
    assert site.do(PROGRAM, "imp", "-l") == block("imp", description="behind")


def test_all_ancestors_are_shown_and_a_loop_is_silently_refused(site: Site):
    site.do(PROGRAM, "-a", "imp", "floor", "house")
    site.do(PROGRAM, "-g", "floor", "imp")
    site.do(PROGRAM, "-g", "house", "floor")
    site.do(PROGRAM, "-g", "imp,floor", "house", "floor")
    assert site.do(PROGRAM, "-l") == "\n".join(
        [block("floor", groups="house"), block("house"), block("imp", groups="floor, house")]
    )


def test_a_deleted_name_is_free_for_another_printer(site: Site):
    site.do(PROGRAM, "-a", "-D", "old", "-c", "2", "imp")
    site.do(PROGRAM, "-d", "imp")
    site.do(PROGRAM, "-a", "imp")
    assert site.do(PROGRAM, "-l") == block("imp")


def test_an_argument_file_is_merged_where_it_stands(site: Site):
    file = site.folder / "arguments"
    file.write_text('--description\n"of the file"\n  imp  \n')
    site.do(PROGRAM, "-a", "-A", str(file), "-m", "3", "imp2")
    assert site.do(PROGRAM, "-l", "imp2") == block("imp2", description="of the file", largest="3 pages")
    assert names(site) == ["imp", "imp2"]


def test_an_argument_file_that_cannot_be_read_is_reported_and_never_means_all(site: Site):
    site.do(PROGRAM, "-a", "imp", "imp2")
    done = site.run(PROGRAM, "-A", "/nowhere", "-m", "3", "imp")
    assert done.status == 0
    assert done.err == "ERROR: the arguments in /nowhere were left out: No such file or directory\n"
    done = site.run(PROGRAM, "-m", "4", "-A", "/nowhere")
    assert done.status == 254
    assert site.do(PROGRAM, "-l", "imp2") == block("imp2")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--nonsense"], "option --nonsense not recognized; see pkprinters --help"),
        (["-c"], "option -c requires argument; see pkprinters --help"),
        (["--pass", "-a", "-d", "imp"], "--add and --delete cannot go together; give one of them"),
        (["-a", "-l", "imp"], "--add and --list cannot go together; give one of them"),
        (["-a"], "--add needs the names of printers; see --help"),
        (["-d"], "--delete needs the names of printers; see --help"),
        (["-d", ","], "an empty name was given; leave it out to mean all, see --help"),
        (["-l", "-C"], "--list cannot go with --cups; see --help"),
        (["-l", "-m", "3"], "--list cannot go with --maxjobsize; see --help"),
        (["-d", "-g", "x", "imp"], "--delete cannot go with --groups; see --help"),
        (["-r", "imp"], "--remove needs --groups; see --help"),
        (["-g", "nogroup", "imp"], "there is no printer group nogroup; create it first"),
        (["-g", "", "imp"], "--groups needs names; see --help"),
        (["-c", "free", "imp"], "invalid --charge 'free': give a number such as 0.05"),
        (["-c", "1,2,3", "imp"], "invalid --charge '2,3': give a number such as 0.05"),
        (["-c", "nan", "imp"], "invalid --charge 'nan': give a number such as 0.05"),
        (
            ["-c", "0.1,1e-7", "imp"],
            "invalid --charge '1e-7': it is less than a millionth; give 0 or at least 0.000001",
        ),
        (["-m", "-1", "imp"], "invalid --maxjobsize '-1': give a number of pages, or unlimited"),
        (["-l", "x*"], "there is no printer that matches x*; list them with: pkprinters --list"),
        (["-d", "x"], "there is no printer that matches x; list them with: pkprinters --list"),
        (["-D", "d", "x"], "there is no printer that matches x; list them with: pkprinters --list"),
        (["-a", "a/b"], "invalid printer name 'a/b': leave out /"),
        (["-a", "new", "b?"], "invalid printer name 'b?': leave out ?"),
        (["-a", "a\nb"], "invalid printer name 'a\\nb': leave out \\n"),
        (["-a", "p" * 256], f"the printer name {'p' * 20}… has 256 characters; at most 255 work"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, list) else "",
)
def test_wrong_words_are_refused_with_254_and_change_nothing(one_printer: Site, words: list[str], complaint: str):
    done = one_printer.run(PROGRAM, *words)
    program, _, text = done.err.partition(" : ")
    assert (done.status, done.out, text) == (254, "", f"{complaint}\n")
    assert program == PROGRAM


def test_strange_but_legal_names_are_kept(site: Site):
    legal = ["with blank", "7up", ".hidden", "l'été", "imp[1]", 'say "hi"', "𝓊nicode"]
    site.do(PROGRAM, "-a", *legal)
    assert names(site) == sorted(legal)
    assert site.do(PROGRAM, "-l", "imp[1]") == block("imp[1]")


def test_routing_without_cups_fails_in_words_and_keeps_the_printer(site: Site):
    done = site.run(PROGRAM, "-a", "-C", "imp")
    assert done.status == 255
    assert done.err.startswith("ERROR: imp: ")
    assert done.err.endswith("the printer itself was changed in the ledger\n")
    assert names(site) == ["imp"]
