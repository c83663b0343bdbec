# SPDX-License-Identifier: Apache-2.0
"""The ways into a directory: encrypted from the start, from StartTLS on, and over the server's own socket."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.fixtures import new_lab_folder
from lab.slapd import ACCOUNT, PASSWORD, SlapdServer
from pagetoll.core.errors import StorageUnavailable
from storage.directories import commit, directory, new_ledger, role

ENTRANCE = f"bind_dn={ACCOUNT.replace('=', '%3D')}"


@pytest.fixture(scope="module")
def server() -> Iterator[SlapdServer]:
    folder = new_lab_folder()
    server = SlapdServer(folder / "slapd", tls=True)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


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


def test_a_file_of_certificates_that_is_not_there_is_said(server: SlapdServer, tmp_path: Path):
    base = server.base(server.new_base())
    for url in addresses(server, base, tmp_path / "ca.pem"):
        with pytest.raises(StorageUnavailable, match=r"ca\.pem.*; the files that the ledger's URL names"):
            directory(url).position()
