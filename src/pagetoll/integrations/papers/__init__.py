# SPDX-License-Identifier: Apache-2.0
"""Printed pages: sheets drawn as PDF by reportlab, and turned into a printer's language by Ghostscript.

At its import reportlab runs `~/.reportlab_mods`, `~/.reportlab_settings` and modules of these names, and obeys RL_
variables. A program that was started as root has the caller's HOME and environment still, so none of this may happen:
empty modules stand in their place before any module of this package imports reportlab.
"""

import os
import sys
from types import ModuleType

for _name in ("reportlab_mods", "reportlab_settings"):
    sys.modules[_name] = ModuleType(_name)
for _variable in [name for name in os.environ if name.startswith("RL_")]:
    del os.environ[_variable]
