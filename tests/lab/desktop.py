# SPDX-License-Identifier: Apache-2.0
"""A desktop helper by script: the XML-RPC methods of PyKotIcon, answered as the test says; and raw listeners."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from xmlrpc.client import Binary
from xmlrpc.server import SimpleXMLRPCRequestHandler, SimpleXMLRPCServer


class _Quiet(SimpleXMLRPCRequestHandler):
    rpc_paths = ("/", "/RPC2")

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing is written to the test's output."""


@dataclass
class ScriptedDesktop:
    """What the person does: presses this button; fills forms in with these values, one form after the other (None
    closes the form); thinks so long first. `asked` is what was shown."""

    button: str = "OK"
    forms: list[dict[str, object] | None] = field(default_factory=list)
    thinks_s: float = 0.0
    asked: list[tuple[object, ...]] = field(default_factory=list)
    address: str = ""
    left: threading.Event = field(default_factory=threading.Event)  # nobody waits for the person any more

    def showDialog(self, message: Binary, confirm: bool) -> str:
        self.left.wait(self.thinks_s)
        self.asked.append((message.data.decode(), confirm))
        return self.button

    def askDatas(self, labels: list[Binary], names: list[str], values: dict[str, Binary]) -> dict[str, object]:
        self.left.wait(self.thinks_s)
        self.asked.append(
            (
                [label.data.decode() for label in labels],
                names,
                {name: one.data.decode() for name, one in values.items()},
            )
        )
        form = self.forms.pop(0) if self.forms else {}
        if form is None:
            return {**dict.fromkeys(names, ""), "isValid": False}
        filled = {name: Binary(text.encode()) if isinstance(text, str) else text for name, text in form.items()}
        return {**values, **filled, "isValid": True}

    def quitApplication(self) -> bool:
        self.asked.append(("quit",))
        return True

    @contextmanager
    def listening(self) -> Iterator["ScriptedDesktop"]:
        """While it runs; `address` is HOST:PORT."""
        with SimpleXMLRPCServer(("127.0.0.1", 0), _Quiet, logRequests=False) as server:
            for method in (self.showDialog, self.askDatas, self.quitApplication):
                server.register_function(method)
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
            thread.start()
            self.address = f"127.0.0.1:{server.server_address[1]}"
            try:
                yield self
            finally:
                self.left.set()
                server.shutdown()
                thread.join()


@contextmanager
def listener(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A listener that hears a request's head and then does `answer` on the connection; yields HOST:PORT."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            try:
                talk, _ = listening.accept()
            except OSError:
                return
            with talk:
                try:
                    talk.recv(65536)
                    answer(talk)
                except OSError:
                    return

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
