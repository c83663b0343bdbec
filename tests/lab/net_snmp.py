# SPDX-License-Identifier: Apache-2.0
"""net-snmp's own agent in front of a laboratory printer: it answers in versions 1, 2c and 3, and asks the printer's
responder for what it does not know itself (its directive `proxy`)."""

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from pagetoll.core.errors import DeviceError, DeviceUnreachable
from pagetoll.integrations import snmp_client
from pagetoll.integrations.printlab.processes import Daemon, free_port
from pagetoll.integrations.printlab.running import Running
from pagetoll.integrations.printlab.snmp_agent import Shown, SnmpAgent
from pagetoll.wire.snmp import Oid, oid_of

SNMPD = shutil.which("snmpd", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin")))
SYS_NAME = oid_of("1.3.6.1.2.1.1.5.0")
SUBTREES = (".1.3.6.1.2.1.25.3", ".1.3.6.1.2.1.43")
CONFIGURATION = """
rocommunity public
createUser hidden SHA authpass123 AES privpass123
rouser hidden priv
sysName printer
sysDescr Laboratory printer
"""


class NetSnmpAgent(Running):
    """Answers at `address` on a free port, from `start` to `stop`; its files lie below `folder`. Raises
    DeviceUnreachable where net-snmp is missing."""

    def __init__(
        self, objects: Mapping[Oid, Shown], folder: Path, *, address: str, awake: Callable[[], bool] = lambda: True
    ) -> None:
        if SNMPD is None:
            raise DeviceUnreachable("snmpd is missing; install Debian's package snmpd")
        self.address, self.port = address, free_port()
        self._responder = SnmpAgent(objects, awake=awake)
        folder.mkdir(parents=True)
        (folder / "snmpd.conf").write_text(
            CONFIGURATION
            + "".join(
                f"proxy -v 2c -c public -t 5 -r 0 udp:{self._responder.address}:{self._responder.port} {subtree}\n"
                for subtree in SUBTREES
            )
        )
        words = [SNMPD, "-f", "-C", "-c", str(folder / "snmpd.conf"), "-Lf", str(folder / "log")]
        self._daemon = Daemon(
            [
                *words,
                "-I",
                "-smux,hr_device,hr_print,hr_disk,hr_partition,hr_network,hr_proc",
                f"udp:{address}:{self.port}",
            ],
            log=folder / "output",
            environment=os.environ | {"SNMP_PERSISTENT_DIR": str(folder)},
        )

    def start(self) -> None:
        self._responder.start()
        self._daemon.start(self._answers)

    def stop(self) -> None:
        self._daemon.stop()
        self._responder.stop()

    def _answers(self) -> bool:
        try:
            return snmp_client.get(snmp_client.Agent(self.address, self.port), (SYS_NAME,))[SYS_NAME] is not None
        except DeviceError:
            return False
