# SPDX-License-Identifier: Apache-2.0
"""A print shop with a tea4cups.conf."""

from app.print_shop import Shop, pages
from app.thin_caller import Caller
from pagetoll.wire import frames

TEA = "tea4cups:socket://printer:9100"


class TeaShop:
    """A shop with a tea4cups.conf; hooks write into the file `log`."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.folder = shop.folder
        self.log = shop.folder / "log"

    def conf(self, text: str) -> None:
        path = self.folder / "tea4cups.conf"
        path.unlink(missing_ok=True)
        path.write_text("[global]\n" + text.replace("LOG", str(self.log)).replace("HERE", str(self.folder)))

    def job(self, **job: object) -> frames.Job:
        known = {"DEVICE_URI": job.pop("uri", TEA), "CUPS_SERVERROOT": str(self.folder), "PATH": "/usr/bin:/bin"}
        variables = known | job.pop("variables", {})  # type: ignore[operator]
        return self.shop.job(variables=variables, **job)  # type: ignore[arg-type]

    def print(self, document: bytes | None = None, backend: str = "cat >> PAPER", **job: object) -> Caller:
        caller = self.shop.hand_in(self.job(**job), document or pages(2))
        caller.print(backend.replace("PAPER", str(self.folder / "paper")))
        return caller

    def unprinted(self, document: bytes | None = None, **job: object) -> Caller:
        """A job that does not come to the device; the status that the daemon says."""
        caller = self.shop.hand_in(self.job(**job), document or pages(2))
        message = caller.hear()
        assert isinstance(message, frames.Exit | frames.Failed), message
        caller.status = message.status if isinstance(message, frames.Exit) else None
        caller.failure = message.sentence.decode() if isinstance(message, frames.Failed) else ""
        return caller

    @property
    def lines(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    @property
    def paper(self) -> bytes:
        path = self.folder / "paper"
        return path.read_bytes() if path.exists() else b""
