# SPDX-License-Identifier: Apache-2.0
"""The ways into a directory: encrypted from the start, from StartTLS on, and over the server's own socket."""

import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from lab.fixtures import serving
from lab.slapd import ACCOUNT, PASSWORD, SlapdServer
from pagetoll.core.errors import StorageUnavailable
from storage.directories import commit, directory, new_ledger, role

ENTRANCE = f"bind_dn={ACCOUNT.replace('=', '%3D')}"


@pytest.fixture(scope="module")
def server() -> Iterator[SlapdServer]:
    with serving(partial(SlapdServer, tls=True)) as server:
        yield server


def addresses(server: SlapdServer, base: str, ca: Path | str) -> list[str]:
    return [
        f"ldaps://:{PASSWORD}@127.0.0.1:{server.tls_port}/{base}?{ENTRANCE}&ca={ca}",
        f"ldap://:{PASSWORD}@127.0.0.1:{server.port}/{base}?{ENTRANCE}&starttls=yes&ca={ca}",
    ]


def test_every_way_leads_to_the_same_ledger(server: SlapdServer):
    base = server.base(server.new_base())
    urls = [*addresses(server, base, server.certificate), server.socket_url(base), server.url(base)]
    new_ledger(urls[0])
    for number, url in enumerate(urls, start=1):
        assert commit(directory(url), role(str(number))) == number


def test_a_server_whose_certificate_nobody_signed_is_not_talked_to(server: SlapdServer):
    base = server.base(server.new_base())
    for url in addresses(server, base, "/etc/ssl/certs/ca-certificates.crt"):
        with pytest.raises(StorageUnavailable, match="the server's certificate must be signed by"):
            directory(url).position()


class ServerOfAnotherName(SlapdServer):
    """Whose certificate is for another host."""

    def _make_certificate(self) -> None:
        self._run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                  "-days", "2", "-subj", "/CN=elsewhere", "-addext", "subjectAltName=DNS:elsewhere",
                  "-keyout", str(self._folder / "key.pem"), "-out", str(self.certificate))  # fmt: skip


def test_a_server_whose_certificate_is_for_another_host_is_not_talked_to(lab_folder: Path):
    server = ServerOfAnotherName(lab_folder / "slapd", tls=True)
    try:
        server.start()
        for url in addresses(server, server.base(server.new_base()), server.certificate):
            with pytest.raises(StorageUnavailable, match="the server's certificate must be signed by"):
                directory(url).position()
    finally:
        server.stop()


def test_the_folder_and_the_environment_have_no_say_in_whom_is_trusted(server: SlapdServer, tmp_path: Path):
    """libldap itself would read both."""
    (tmp_path / "ldaprc").write_text(f"TLS_CACERT {server.certificate}\n")
    environment = os.environ | {"LDAPTLS_CACERT": str(server.certificate), "PYTHONPATH": os.pathsep.join(sys.path)}
    for url in addresses(server, server.base(server.new_base()), ""):
        program = f"from storage.directories import directory; directory({url.removesuffix('&ca=')!r}).position()"
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "the server's certificate must be signed by" in done.stderr


@pytest.mark.parametrize("entrance", ["", f"?{ENTRANCE}"])
def test_a_server_that_shakes_hands_once_and_then_is_mute_is_given_up(server: SlapdServer, entrance: str):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.certificate, server.certificate.with_name("key.pem"))
    is_over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk() -> None:
            with context.wrap_socket(listener.accept()[0], server_side=True), listener.accept()[0]:
                is_over.wait(60)

        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        login = f":{PASSWORD}@" if entrance else ""
        there = directory(f"ldaps://{login}127.0.0.1:{listener.getsockname()[1]}/ou=x{entrance}", timeout_s=0.5)
        with pytest.raises(StorageUnavailable, match=r"no answer in 0\.5 s; check that the directory runs"):
            there.position()
        base = server.base(server.new_base())
        new_ledger(addresses(server, base, server.certificate)[0]).check()  # others do not wait for it
        is_over.set()
        thread.join(60)


def test_a_file_of_certificates_that_is_not_there_is_said(server: SlapdServer, tmp_path: Path):
    base = server.base(server.new_base())
    for url in addresses(server, base, tmp_path / "ca.pem"):
        with pytest.raises(StorageUnavailable, match=r"ca\.pem.*; the files that the ledger's URL names"):
            directory(url).position()
