# SPDX-License-Identifier: Apache-2.0
"""warnpykota, run as a program against a real mail server: who is told what, how often, and what goes wrong."""

import socket
import sqlite3
from collections.abc import Iterator

import pytest

from cli.served import served
from cli.site import AS_ROOT, OTHER_USER, Site, new_site
from lab.mail_server import MailServer, mail_server

PROGRAM = "warnpykota"
EXCEEDED, LOW, DENIED, ADMIN = "Print Quota Exceeded", "Print Quota Low", "Printing denied.", "Print Quota"


@pytest.fixture(scope="module")
def first_school(fresh_site: Site) -> Iterator[Site]:
    """Two printers, users with an address and without; to be copied. Nobody is near a limit."""
    with new_site(fresh_site) as site:
        site.do("pkprinters", "-a", "-c", "0.05", "hp", "canon")
        site.do("pkusers", "-a", "-g", "staff")
        site.do("pkusers", "-a", "-i", "staff", "anna/anna@example.org", "bert")
        site.do("edpykota", "-a", "-S", "10", "-H", "20", "-U", "3", "anna", "bert")
        yield site


@pytest.fixture
def school(first_school: Site) -> Iterator[Site]:
    with new_site(first_school) as site:
        yield site


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


def configure(site: Site, server: MailServer | str, text: str = 'mailto = "user"\n') -> None:
    address = server if isinstance(server, str) else server.address
    with (site.home / "pagetoll.toml").open("a") as file:
        file.write(
            f'smtpserver = "{address}"\nmaildomain = "school.example"\nadminmail = "desk@example.org"\n{text}\n'
        )


def sent(server: MailServer) -> list[tuple[str, str]]:
    """Recipient and subject of each mail."""
    return [(taken.recipients[0], str(taken.message["Subject"])) for taken in server.taken]


def test_who_is_over_or_near_a_limit_is_told_and_nobody_else(school: Site, server: MailServer):
    configure(school, server)
    school.do("edpykota", "-U", "20", "-P", "hp", "anna")
    school.do("edpykota", "-U", "10", "-P", "canon", "bert")
    done = school.run(PROGRAM)
    assert (done.status, done.out, done.err) == (0, "", "")
    assert sent(server) == [("bert@school.example", LOW), ("anna@example.org", EXCEEDED)]
    assert server.connections == 1
    low, exceeded = server.taken
    assert low.message["From"] == "desk@example.org"
    assert low.text == (
        "Your print quota on canon is almost used up. You can go on printing there for a short time only.\n\n"
        "-- \nYour print administrator: root <desk@example.org>\n"
    )
    assert exceeded.text.startswith("Your print quota on hp is used up. You cannot print there any more.\n")


def test_a_soft_limit_that_was_passed_starts_its_grace_once(school: Site, server: MailServer):
    configure(school, server)
    school.do("edpykota", "-U", "12", "-P", "hp", "anna")

    def graces() -> list[tuple[int]]:
        with sqlite3.connect(school.home / "pagetoll.db") as ledger:
            return ledger.execute("select grace_until from accounts where grace_until is not null").fetchall()

    assert graces() == []
    school.do(PROGRAM)
    begun = graces()
    assert len(begun) == 1
    school.do(PROGRAM)
    assert graces() == begun
    assert sent(server) == [("anna@example.org", LOW)] * 2
    with sqlite3.connect(school.home / "pagetoll.db") as ledger:
        ledger.execute("update accounts set grace_until = 1 where grace_until is not null")
    school.do(PROGRAM)
    assert sent(server)[2:] == [("anna@example.org", EXCEEDED)]
    assert school.audit() == []


def test_quota_users_are_told_once_a_printer_and_others_once_a_run(school: Site, server: MailServer):
    configure(school, server)
    school.do("pkusers", "-a", "-l", "balance", "-b", "0.50", "cleo")
    school.do("pkusers", "-a", "-l", "noprint", "dora")
    school.do("edpykota", "-a", "-U", "1", "cleo", "dora")
    school.do("edpykota", "-U", "20", "anna")
    school.do(PROGRAM)
    assert sorted(sent(server)) == [
        ("anna@example.org", EXCEEDED),
        ("anna@example.org", EXCEEDED),
        ("cleo@school.example", LOW),
        ("dora@school.example", DENIED),
    ]


def test_who_never_paid_nor_printed_is_left_in_peace(school: Site, server: MailServer):
    configure(school, server)
    school.do("pkusers", "-a", "-l", "balance", "new", "paid", "spent")
    school.do("edpykota", "-a", "-P", "hp", "new", "paid", "spent")
    school.do("pkusers", "-b", "0.50", "paid")
    school.do("edpykota", "-U", "5", "-P", "hp", "spent")
    school.do(PROGRAM, "new", "paid", "spent")
    assert sent(server) == [("spent@school.example", EXCEEDED)]


def test_one_job_in_history_makes_a_user_active(school: Site, server: MailServer):
    configure(school, server)
    school.do("pkusers", "-a", "-b", "1", "cleo")
    school.do("edpykota", "-a", "-P", "hp", "cleo")
    with school.books() as books:
        books.print(1, "cleo")
    school.do("edpykota", "-R", "-P", "hp", "cleo")
    school.do("pkusers", "-l", "balance", "-b", "0", "cleo")
    school.do(PROGRAM, "cleo")
    assert sent(server) == [("cleo@school.example", EXCEEDED)]


@pytest.mark.parametrize("mode", ["noquota", "nochange"])
def test_who_is_never_refused_is_told_nothing(school: Site, server: MailServer, mode: str):
    configure(school, server)
    school.do("edpykota", "-U", "20", "anna")
    school.do("pkusers", "-l", mode, "anna")
    school.do(PROGRAM)
    assert sent(server) == []


def test_all_members_of_a_group_are_told_and_a_warning_is_called_one(school: Site, server: MailServer):
    configure(school, server, 'mailto = "both"\n')
    school.do("edpykota", "-a", "-g", "-P", "hp", "-S", "6", "-H", "9", "staff")
    school.do(PROGRAM, "-g")
    told = [("anna@example.org", LOW), ("bert@school.example", LOW), ("desk@example.org", ADMIN)]
    assert sent(server) == told
    assert server.taken[2].text.startswith(
        "The users group staff is near a limit on hp.\nLimited by: quota; pages: 6,"
    )
    server.taken.clear()
    school.do("edpykota", "-U", "6", "-P", "hp", "bert")
    school.do(PROGRAM, "-g", "-P", "hp", "st*")
    assert [subject for _, subject in sent(server)] == [EXCEEDED, EXCEEDED, ADMIN]
    server.taken.clear()
    school.do(PROGRAM, "-u", "anna")
    assert sent(server) == [("anna@example.org", EXCEEDED), ("desk@example.org", ADMIN)]


def test_a_rolling_limit_that_leaves_nothing_is_told(school: Site, server: MailServer):
    configure(school, server)
    with school.books() as books:
        books.print(2)
    school.do("pagetoll", "printer", "limit", "hp", "--pages", "2", "--period", "3600000000")
    assert school.run(PROGRAM).status == 0
    assert sent(server) == [("anna@example.org", EXCEEDED)]


def test_a_limit_on_a_printer_group_counts_below_it(school: Site, server: MailServer):
    configure(school, server)
    school.do("pkprinters", "-a", "salle")
    school.do("pkprinters", "-g", "salle", "hp")
    school.do("edpykota", "-a", "-P", "salle", "-S", "1", "-H", "1", "-U", "1", "anna")
    school.do(PROGRAM, "-P", "hp", "anna")
    assert sent(server) == [("anna@example.org", EXCEEDED)]
    school.do("pkprinters", "-p", "hp")
    school.do(PROGRAM, "-P", "hp", "anna")
    assert len(sent(server)) == 1


def test_n3_texts_over_several_lines_are_sent_as_configured(school: Site, server: MailServer):
    texts = {"hardwarn": "Plus de pages.\n\n  Allez au guichet,\n  salle 12.", "softwarn": "Bientôt\nfini."}
    written = "".join(f'{name} = """\n{text}"""\n' for name, text in texts.items())
    configure(school, server, f'mailto = "user"\npoorwarn = """\nPayez,\ns\'il vous plaît."""\n{written}')
    school.do("pkusers", "-a", "-l", "balance", "-b", "0.5", "cleo")
    school.do("edpykota", "-a", "-P", "hp", "-U", "1", "cleo")
    school.do("edpykota", "-U", "20", "-P", "hp", "anna")
    school.do("edpykota", "-U", "10", "-P", "hp", "bert")
    school.do(PROGRAM)
    bodies = [taken.text.partition("\n\n-- \n")[0] for taken in server.taken]
    assert bodies == [texts["hardwarn"], texts["softwarn"], "Payez,\ns'il vous plaît."]


def test_n3_pykotas_own_file_keeps_its_line_breaks(school: Site, server: MailServer):
    folder = school.folder / "pykota"
    folder.mkdir(mode=0o755)
    lines = ["[global]", f"smtpserver: {server.address}", "mailto: user", "adminmail: desk@example.org"]
    texts = ["hardwarn: Plus de pages.", "  Allez au guichet,", "  salle 12."]
    (folder / "pykota.conf").write_text("\n".join([*lines, *texts]) + "\n")
    school.do("edpykota", "-U", "20", "-P", "hp", "anna")
    done = school.run(PROGRAM, PYKOTA_HOME=str(folder))
    assert done.status == 0, done.err
    (taken,) = server.taken
    assert taken.text.partition("\n\n-- \n")[0] == "Plus de pages.\nAllez au guichet,\nsalle 12."


@pytest.mark.parametrize(
    ("mailto", "told"),
    [
        ("user", ["anna@example.org"]),
        ("admin", ["desk@example.org"]),
        ("both", ["anna@example.org", "desk@example.org"]),
        ("nobody", []),
    ],
)
def test_mailto_says_who_is_told(school: Site, server: MailServer, mailto: str, told: list[str]):
    configure(school, server, f'[queue.hp]\nmailto = "{mailto}"\n')
    school.do("edpykota", "-U", "20", "-P", "hp", "anna")
    school.do(PROGRAM)
    assert [recipient for recipient, _ in sent(server)] == told
    assert server.connections == bool(told)


def test_a_sites_command_is_told_instead_and_values_stay_values(school: Site, server: MailServer):
    out = school.home / "out"
    words = "%(action)s '%(username)s' %(printername)s \\\"%(email)s\\\" $PYKOTALIMITBY %(message)s"
    line = f"printf '%%s;' {words} >> {out}"
    hostile = "Stop; `touch hurt` $(touch hurt)\\nsecond line"
    configure(school, server, f'mailto = {{ shell = "{line}" }}\nhardwarn = "{hostile}"\n')
    school.do("edpykota", "-U", "20", "-P", "hp", "anna")
    done = school.run(PROGRAM)
    assert (done.status, done.err) == (0, "")
    assert out.read_text() == "DENY;anna;hp;anna@example.org;quota;" + hostile.replace("\\n", "\n") + ";"
    assert (server.connections, (school.folder / "hurt").exists()) == (0, False)


def test_what_cannot_be_sent_is_said_and_the_others_are_told(school: Site):
    with mail_server(refused=frozenset({"anna@example.org"})) as server:
        configure(school, server)
        school.do("edpykota", "-U", "20", "-P", "hp", "anna", "bert")
        done = school.run(PROGRAM)
    assert (done.status, done.out) == (255, "")
    assert done.err == (
        f"ERROR: the mail to anna@example.org was not taken by {server.address}: 550 no such mailbox here; "
        "look at smtpserver in the configuration\n"
    )
    assert sent(server) == [("bert@school.example", EXCEEDED)]


def test_an_address_with_more_in_it_reaches_nobody(school: Site, server: MailServer):
    configure(school, server)
    school.do("edpykota", "-U", "20", "-P", "hp", "anna", "bert")
    with sqlite3.connect(school.home / "pagetoll.db") as ledger:
        ledger.execute("update users set email = ? where name = 'anna'", ["a@example.org\r\nBcc: all@example.org"])
    done = school.run(PROGRAM)
    assert done.status == 255
    assert "is no mail address; set the user's with: pkusers --email" in done.err
    assert sent(server) == [("bert@school.example", EXCEEDED)]


def test_no_mail_server_is_an_error_only_when_there_is_something_to_say(school: Site):
    with socket.create_server(("127.0.0.1", 0)) as free:
        configure(school, f"127.0.0.1:{free.getsockname()[1]}")
    assert school.run(PROGRAM).status == 0
    school.do("edpykota", "-U", "20", "-P", "hp", "anna")
    done = school.run(PROGRAM)
    assert (done.status, "Connection refused" in done.err, "Traceback" in done.err) == (255, True, False)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["-P", "x*"], "there is no printer that matches x*; list them with: pkprinters --list"),
        (["x*"], "there is no user that matches x*; list them with: pkusers --list"),
        (["-g", "x"], "there is no users group that matches x; list them with: pkusers --groups --list"),
        (["-g", "-u"], "--groups and --users cannot go together; give one of them"),
        (["-z"], "option -z not recognized; see warnpykota --help"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_words_and_what_nothing_matches_end_with_254(first_school: Site, words: list[str], complaint: str):
    done = first_school.run(PROGRAM, *words)
    assert (done.status, done.out, done.err.partition(" : ")[2]) == (254, "", f"{complaint}\n")


@pytest.mark.skipif(not AS_ROOT, reason="only root can become other users")
def test_an_ordinary_user_warns_himself_alone_and_begins_his_grace(school: Site, server: MailServer):
    configure(school, server)
    school.do("pkusers", "-a", "-i", "staff", OTHER_USER)
    school.do("edpykota", "-a", "-P", "hp", "-S", "10", "-H", "20", "-U", "12", OTHER_USER)
    school.do("edpykota", "-a", "-g", "-P", "hp", "-S", "10", "-H", "99", "staff")
    school.do("edpykota", "-U", "20", "anna", "bert")
    with served(school):
        own = school.run(PROGRAM, "anna", user=OTHER_USER)
        groups = school.run(PROGRAM, "-g", user=OTHER_USER)
    assert (own.status, own.out, own.err) == (0, "", "")
    assert (groups.status, groups.out, groups.err) == (0, "", "")
    assert sent(server) == [(f"{OTHER_USER}@school.example", LOW)] * 2
    assert "Date limit : None" not in school.do("edpykota", "-L", "-P", "hp", OTHER_USER)
    assert "Date limit : None" in school.do("edpykota", "-L", "-P", "canon", "anna")
