# SPDX-License-Identifier: Apache-2.0
"""A throw-away OpenLDAP server on ports of its own; each caller gets an empty subtree of its own."""

import itertools
import os
import pwd
import shutil
import subprocess
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import pagetoll.storage
from pagetoll.core.errors import DeviceUnreachable
from pagetoll.integrations.printlab.processes import Daemon, free_port

PROGRAMS = {
    "ldapadd": "/usr/bin/ldapadd",
    "ldapdelete": "/usr/bin/ldapdelete",
    "ldapmodify": "/usr/bin/ldapmodify",
    "ldapsearch": "/usr/bin/ldapsearch",
    "openssl": "/usr/bin/openssl",
    "slapadd": "/usr/sbin/slapadd",
    "slapcat": "/usr/sbin/slapcat",
    "slapd": "/usr/sbin/slapd",
}
USER = "openldap"
SUFFIX = "dc=lab"
MANAGER = f"cn=admin,{SUFFIX}"  # the rootdn, whom neither rules nor limits bind
ACCOUNT = f"cn=pagetoll,{SUFFIX}"  # what the print servers log in as, bound by both
PASSWORD = "lab"
SCHEMA = Path(pagetoll.storage.__file__).parent / "ldap" / "pagetoll.schema"
# The file is sparse; slapd's own default of 10 MiB is full too soon.
MAXIMUM_OCTETS = 512 << 20


class SlapdServer:
    """A server below `folder`, from `start` to `stop`: ldap and ldapi, with `tls` also ldaps and StartTLS.

    `flush=False` is quick and fit for tests that do not pull the plug. `lines` are more words for the database's part
    of slapd.conf; `with_schema=False` leaves Pagetoll's own schema out. Raises DeviceUnreachable, with the log, when
    OpenLDAP is missing or does not start.
    """

    def __init__(
        self, folder: Path, *, flush: bool = False, tls: bool = False, with_schema: bool = True, lines: str = ""
    ) -> None:
        self._folder = folder
        self._own = folder / "own"  # the caller's: mirrors and the password; the rest is the server's
        self._data = folder / "db"
        self._settings = folder / "slapd.conf"
        self._flush = flush
        self._tls = tls
        self._with_schema = with_schema and SCHEMA.exists()
        self._lines = lines
        self.port = free_port()
        self.tls_port = free_port() if tls else 0
        self.socket = folder / "ldapi"
        self.password_file = self._own / "password"
        self.certificate = folder / "certificate.pem"
        self._numbers = itertools.count(1)
        # As its own user it is as it is in life; who is not root starts it as himself.
        self._as_user = (
            ["/usr/bin/setpriv", "--reuid", USER, "--regid", USER, "--clear-groups"] if os.geteuid() == 0 else []
        )
        urls = [f"ldap://127.0.0.1:{self.port}/", self.socket_url()]
        if tls:
            urls.append(f"ldaps://127.0.0.1:{self.tls_port}/")
        # -d 0 keeps it in the foreground and says only what ends it
        self._daemon = Daemon(
            [*self._as_user, PROGRAMS["slapd"], "-d", "0", "-f", self._settings, "-h", " ".join(urls)],
            log=folder / "log",
        )

    @property
    def pid(self) -> int:
        return self._daemon.pid

    def start(self) -> None:
        """Make the settings and the suffix's entry if there are none, start the server, return when it answers."""
        if not Path(PROGRAMS["slapd"]).exists():
            raise DeviceUnreachable(f"{PROGRAMS['slapd']} is missing; install Debian's package slapd")
        if not self._data.exists():
            self._set_up()
        self._daemon.start(self._answers, timeout_s=60.0)

    def stop(self) -> None:
        self._daemon.stop()

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        self._daemon.kill()

    def restart(self) -> None:
        """The same server again, on the same ports and data, whether it runs or was killed."""
        self.stop()
        self.start()

    def new_base(self, **options: str) -> str:
        """Add an entry without children and return the URL of a ledger below it, with a mirror that is not there
        yet; `options` are more options of the URL, or others than usual."""
        base = f"ou=lab_{next(self._numbers)},{SUFFIX}"
        self.add(f"dn: {base}\nobjectClass: organizationalUnit\n")
        return self.url(base, **options)

    def drop_base(self, url: str) -> None:
        """Delete a subtree of `new_base` and the mirrors of its ledger."""
        base = self.base(url)
        self._as_manager("ldapdelete", "-r", base)
        for mirror in self._own.glob(f"{base.partition(',')[0].removeprefix('ou=')}-*"):
            mirror.unlink()

    def url(self, base: str, **options: str) -> str:
        """A URL of the ledger below `base`, for the account that print servers log in as."""
        name = base.partition(",")[0].removeprefix("ou=")
        usual = {
            "bind_dn": ACCOUNT,
            "password_file": str(self.password_file),
            "mirror": str(self._own / f"{name}-{next(self._numbers)}.sqlite"),
        }
        words = urlencode(usual | options, quote_via=quote, safe="/")
        return f"ldap://127.0.0.1:{self.port}/{quote(base, safe=',=')}?{words}"

    def socket_url(self, base: str = "", **options: str) -> str:
        """A URL over the Unix socket, where the server knows the caller by his uid."""
        words = urlencode(options, quote_via=quote, safe="/")
        address = f"ldapi://{quote(str(self.socket), safe='')}/{quote(base, safe=',=')}"
        return f"{address}?{words}" if words else address

    def with_new_mirror(self, url: str) -> str:
        """The same ledger as another print server sees it: with a mirror of its own."""
        options = dict(parse_qsl(urlsplit(url).query))
        del options["mirror"]
        return self.url(self.base(url), **options)

    @staticmethod
    def base(url: str) -> str:
        """The DN that a URL of ours names."""
        return unquote(urlsplit(url).path.removeprefix("/"))

    @staticmethod
    def mirror(url: str) -> Path:
        """The mirror that a URL of ours names."""
        return Path(dict(parse_qsl(urlsplit(url).query))["mirror"])

    def add(self, ldif: str) -> None:
        """Add the entries of a text in LDIF."""
        self._as_manager("ldapadd", text=ldif)

    def change(self, ldif: str) -> None:
        """Do the changes of a text in LDIF."""
        self._as_manager("ldapmodify", text=ldif)

    def search(self, base: str, *words: str) -> str:
        """The entries below and at `base` as LDIF without wrapped lines; `words`: a filter and attributes."""
        return self._as_manager("ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-b", base, *words)

    def dump(self) -> str:
        """All entries as the server's own backup has them."""
        return self._run("slapcat", "-f", str(self._settings), user=True)

    def _as_manager(self, program: str, *words: str, text: str = "") -> str:
        return self._run(program, "-x", "-H", self.socket_url(), "-D", MANAGER, "-w", PASSWORD, *words, text=text)

    def _set_up(self) -> None:
        self._own.mkdir(parents=True, mode=0o700)
        self.password_file.write_text(PASSWORD)
        self.password_file.chmod(0o600)
        self._data.mkdir()
        if self._with_schema:  # a copy, for the server's user may not pass the folders above ours
            shutil.copyfile(SCHEMA, self._folder / SCHEMA.name)
        if self._tls:
            self._make_certificate()
        self._settings.write_text("\n".join([*self._general_lines(), *self._database_lines(), self._lines, ""]))
        if self._as_user:
            user = pwd.getpwnam(USER)
            for path in (self._folder, *self._folder.iterdir()):
                if path != self._own:
                    os.chown(path, user.pw_uid, user.pw_gid)
        entries = (
            f"dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\no: Lab\n\n"
            f"dn: {ACCOUNT}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n"
            f"userPassword: {PASSWORD}\n"
        )
        self._run("slapadd", "-f", str(self._settings), user=True, text=entries)

    def _general_lines(self) -> list[str]:
        schemas = [Path("/etc/ldap/schema") / f"{name}.schema" for name in ("core", "cosine", "inetorgperson", "nis")]
        if self._with_schema:
            schemas.append(self._folder / SCHEMA.name)
        tls = [
            f"TLSCertificateFile {self.certificate}",
            f"TLSCertificateKeyFile {self._folder / 'key.pem'}",
        ]
        return [
            *(f"include {schema}" for schema in schemas),
            f"pidfile {self._folder / 'pid'}",
            f"argsfile {self._folder / 'args'}",
            "modulepath /usr/lib/ldap",
            "moduleload back_mdb",
            *(tls if self._tls else []),
        ]

    def _database_lines(self) -> list[str]:
        # whoever runs the tests, as the server knows him over its Unix socket
        caller = f"gidNumber={os.getegid()}+uidNumber={os.geteuid()},cn=peercred,cn=external,cn=auth"
        return [
            "database mdb",
            f"maxsize {MAXIMUM_OCTETS}",
            f'suffix "{SUFFIX}"',
            f'rootdn "{MANAGER}"',
            f"rootpw {PASSWORD}",
            f"directory {self._data}",
            *([] if self._flush else ["dbnosync"]),
            "sizelimit 500",  # what is in force where nobody says another
            f'limits dn.exact="{ACCOUNT}" size.prtotal=unlimited',
            f'limits dn.exact="{caller}" size.prtotal=unlimited',
            "index objectClass eq",
            *(["index pagetollChanged,pagetollGone eq"] if self._with_schema else []),
            "access to attrs=userPassword by anonymous auth by * none",
            f'access to * by dn.exact="{ACCOUNT}" write by dn.exact="{caller}" write by * none',
        ]

    def _make_certificate(self) -> None:
        self._run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                  "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                  "-keyout", str(self._folder / "key.pem"), "-out", str(self.certificate))  # fmt: skip

    def _answers(self) -> bool:
        command = [PROGRAMS["ldapsearch"], "-x", "-o", "nettimeout=5", "-H", self.socket_url(), "-s", "base", "1.1"]
        environment = os.environ | {"LDAPNOINIT": "1"}
        return subprocess.run(command, check=False, capture_output=True, env=environment).returncode == 0

    def _run(self, program: str, *arguments: str, text: str = "", user: bool = False) -> str:
        command = [*(self._as_user if user else []), PROGRAMS[program], *arguments]
        # the machine's own settings of LDAP clients have no say here
        environment = os.environ | {"LDAPNOINIT": "1"}
        done = subprocess.run(
            command, cwd="/", input=text, capture_output=True, text=True, check=False, env=environment
        )
        if done.returncode != 0:
            raise DeviceUnreachable(f"{program} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout
