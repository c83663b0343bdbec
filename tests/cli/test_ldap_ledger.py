# SPDX-License-Identifier: Apache-2.0
"""A site whose ledger is in an LDAP directory: what init, doctor, upkeep and config make of it and say of it."""

import os
import re
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from cli.patient import FACTS
from cli.site import AS_ROOT, SERVICE_USER, Site, new_site
from lab.fixtures import serving
from lab.slapd import ACCOUNT, PASSWORD, SlapdServer
from pagetoll.app.doctor.checks import check_database
from pagetoll.app.doctor.findings import Level
from pagetoll.app.doctor.ledger import DirectoryFacts, Fault
from pagetoll.integrations.printlab.processes import free_port

INIT = ("init", *(("--user", SERVICE_USER) if AS_ROOT else ()))


@pytest.fixture(scope="module")
def made() -> Iterator[Site]:
    with new_site() as site:
        yield site


def to_directory(site: Site, base: str, port: int) -> Path:
    """Have the site's ledger be in a directory; the file with the password."""
    owner = site.home.stat()
    password = site.home / "password"
    password.write_text(f"{PASSWORD}\n")
    password.chmod(0o640)
    os.chown(password, owner.st_uid, owner.st_gid)
    url = f"ldap://127.0.0.1:{port}/{base}?bind_dn={ACCOUNT}&password_file={password}"
    (site.home / "pagetoll.toml").write_text(f'database = "{url}"\n')
    (site.home / "pagetoll.db").unlink(missing_ok=True)
    return password


@pytest.fixture(scope="module")
def base(slapd_server: SlapdServer) -> Iterator[str]:
    url = slapd_server.new_base()
    yield slapd_server.base(url)
    slapd_server.drop_base(url)


@pytest.fixture(scope="module")
def site(made: Site, slapd_server: SlapdServer, base: str) -> Iterator[Site]:
    """One whose ledger was made in the directory."""
    with new_site(made) as site:
        to_directory(site, base, slapd_server.port)
        site.do("pagetoll", *INIT)
        yield site


def ledger_findings(site: Site) -> str:
    """What the doctor says of the ledger and the home, without CUPS, of which there is none here."""
    return "\n".join(
        re.findall(r"^.*(?:ledger|mirror|password|mend:.*pagetoll init).*$", site.run("pagetoll", "doctor").out, re.M)
    )


def test_the_mirror_is_in_the_home_and_its_owners_alone(site: Site):
    mirror = (site.home / "pagetoll-mirror.db").stat()
    assert (mirror.st_uid, stat.S_IMODE(mirror.st_mode)) == (site.home.stat().st_uid, 0o600)
    assert "No change" in site.do("pagetoll", *INIT)
    (site.home / "pagetoll-mirror.db").chmod(0o644)
    said = site.run("pagetoll", "doctor").out
    (site.home / "pagetoll-mirror.db").chmod(0o600)
    assert re.search(r"mirror.db is open to others \(mode 0644\)\n.*chmod 0600", said)


def test_two_print_servers_have_one_ledger(made: Site, site: Site, slapd_server: SlapdServer, base: str):
    with new_site(made) as other:
        to_directory(other, base, slapd_server.port)
        site.do("pkusers", "--add", "anna")
        assert other.do("pkusers", "--list").startswith("anna - ")
        other.do("pkusers", "--delete", "anna")
        assert "there is no user" in site.run("pkusers", "--list").err


def test_what_was_entered_stands_where_a_browser_shows_it(site: Site, slapd_server: SlapdServer, base: str):
    site.do("pkusers", "--add", "--description", "Räume 1–3", "anna")
    site.do("pagetoll", "upkeep")
    entry = slapd_server.search(base, "(&(objectClass=pagetollUsers)(pagetollName=anna))")
    assert re.search(f"^dn: pagetollRow=[0-9]+,ou=users,{base}$", entry, re.M)
    assert re.search(r"^pagetollHead: [1-9]", slapd_server.search(f"cn=ledger,{base}", "pagetollHead"), re.M)


def test_the_doctor_finds_nothing_wrong_with_a_healthy_directory(site: Site):
    said = ledger_findings(site)
    assert re.findall(r"^(?:bad|warn).*", said, re.M) == []
    assert "the ledger opens and has this version's tables" in said
    assert "the directory compares before it writes" in said
    assert re.search(r"commit \d+ is the newest; this server's mirror has \d+", said)


def test_the_doctor_names_a_password_file_that_everybody_may_read(site: Site):
    (site.home / "password").chmod(0o644)
    said = ledger_findings(site)
    (site.home / "password").chmod(0o640)
    assert f"{site.home}/password, which has the directory's password, is open to others (mode 0644)" in said
    assert f"chmod o= {site.home}/password" in said


def test_the_doctor_does_not_offer_init_where_the_directory_is_away(made: Site):
    with new_site(made) as site:
        to_directory(site, "ou=away,dc=lab", free_port())
        done = site.run("pagetoll", "doctor")
    assert done.status == 1
    mend = re.search(r"^bad +ledger: .*\n +mend: (.*)$", done.out, re.M)
    assert mend is not None
    assert mend[1] == f"start the ledger's server, or name another one: editor {site.home}/pagetoll.toml"
    assert "Traceback" not in done.err


def test_a_directory_without_the_schema_is_told_how_to_get_it(made: Site):
    with serving(partial(SlapdServer, with_schema=False)) as server, new_site(made) as site:
        to_directory(site, server.base(server.new_base()), server.port)
        done = site.run("pagetoll", *INIT)
    assert done.status == 1
    assert len(done.err.splitlines()) == 1
    assert "pagetoll config ldap-schema | ldapadd" in done.err


@pytest.fixture(scope="module")
def encrypted() -> Iterator[SlapdServer]:
    with serving(partial(SlapdServer, tls=True)) as server:
        yield server


@pytest.mark.parametrize("scheme", ["ldaps", "ldap"])
def test_a_certificate_is_checked_against_the_file_that_the_address_names(
    made: Site, encrypted: SlapdServer, scheme: str
):
    base = encrypted.base(encrypted.new_base())
    port, options = (encrypted.tls_port, "") if scheme == "ldaps" else (encrypted.port, "starttls=yes&")
    url = f"{scheme}://{ACCOUNT}:{PASSWORD}@127.0.0.1:{port}/{base}?{options}"
    with new_site(made) as site:
        configuration = site.home / "pagetoll.toml"
        configuration.write_text(f'database = "{url}mirror={site.home}/mirror"\n')
        refused = site.run("pagetoll", *INIT)
        assert refused.status == 1
        assert (
            "the server's certificate must be signed by who is in the file that the URL names as ca=" in refused.err
        )
        assert f"{PASSWORD}@" not in refused.err
        configuration.write_text(f'database = "{url}ca={encrypted.certificate}"\n')
        site.do("pagetoll", *INIT)
        assert (site.home / "pagetoll-mirror.db").exists()


def test_the_schema_is_printed_in_both_forms(made: Site):
    ldif = made.do("pagetoll", "config", "ldap-schema")
    assert "\ndn: cn=pagetoll,cn=schema,cn=config\n" in ldif
    assert made.do("pagetoll", "config", "ldap-schema", "ldif") == ldif
    assert re.search(
        r"^attributetype \( 2\.25\.\d+ NAME 'pagetollHead' ",
        made.do("pagetoll", "config", "ldap-schema", "schema"),
        re.M,
    )
    refused = made.run("pagetoll", "config", "ldap-schema", "xml")
    assert (refused.status, "say one of: ldif, changes, schema" in refused.err) == (2, True)


def test_the_schema_of_an_earlier_version_is_changed_where_it_is(made: Site, tmp_path: Path):
    """In slapd's own configuration, which takes the schema, and takes it again as changes."""
    configuration = tmp_path / "slapd.d"
    configuration.mkdir()
    first = (
        "dn: cn=config\nobjectClass: olcGlobal\ncn: config\n\n"
        "dn: cn=schema,cn=config\nobjectClass: olcSchemaConfig\ncn: schema\n\n"
    )
    words = ("-F", str(configuration), "-n", "0")
    for program, text in (
        ("/usr/sbin/slapadd", first + made.do("pagetoll", "config", "ldap-schema")),
        ("/usr/sbin/slapmodify", made.do("pagetoll", "config", "ldap-schema", "changes").replace("{N}", "{0}")),
    ):
        done = subprocess.run([program, *words], input=text, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


DIRECTORY = DirectoryFacts(
    where="ledger ldap://db/ou=x",
    assertion=True,
    entries=12,
    most=1200,
    search_error="",
    head=7,
    mirror=7,
    password_file="/etc/pagetoll/password",
    password_mode=0o640,
)
TOLD = [
    ({}, [Level.OK] * 4, "commit 7 is the newest; this server's mirror has 7"),
    ({"mirror": None}, [Level.OK] * 4, "this server's mirror has none yet"),
    ({"assertion": False}, [Level.OK, Level.BAD, Level.OK, Level.OK], "has no assertion control (RFC 4528)"),
    (
        {"entries": 500, "search_error": "size limit exceeded"},
        [Level.OK, Level.OK, Level.BAD, Level.OK],
        "ended after 500: size limit exceeded",
    ),
    ({"password_mode": 0o604}, [Level.OK] * 4 + [Level.WARN], "open to others (mode 0604)"),
]


@pytest.mark.parametrize(("told", "levels", "said"), TOLD)
def test_each_fault_of_a_directory_is_named(told: dict[str, object], levels: list[Level], said: str):
    findings = list(check_database(replace(FACTS, directory=replace(DIRECTORY, **told))))
    assert [finding.level for finding in findings] == levels
    assert said in "\n".join(finding.what for finding in findings)


@pytest.mark.parametrize(
    ("fault", "mend"),
    [
        (Fault.TABLES, "pagetoll init"),
        (Fault.AWAY, "start the ledger's server, or name another one: editor pagetoll.toml"),
        (Fault.ADDRESS, "editor pagetoll.toml"),
        (Fault.CLOSED, "run pagetoll doctor as root"),
        (Fault.SAID, "do what it says, then: pagetoll init"),
    ],
)
def test_a_ledger_that_does_not_open_is_mended_as_its_fault_wants(fault: Fault, mend: str):
    (finding,) = check_database(replace(FACTS, database_error="why", database_fault=fault))
    assert (finding.level, finding.mend) == (Level.BAD, mend)
