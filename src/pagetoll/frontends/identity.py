# SPDX-License-Identifier: Apache-2.0
"""As whom a program of ours runs: started as root it becomes the home's owner, for good (credentials(7)).

Files named on the command line are opened before that, because only root may be able to read them.
"""

import os

from pagetoll.config.home import Home, Owner
from pagetoll.core.errors import ConfigError, PagetollError, UsageError
from pagetoll.core.messages import _

OWNER_UMASK = 0o027


def become_owner(home: Home) -> bool:
    """Run as the home's owner from here on. True when we are the owner now, False for any other user, who has to
    ask the daemon.

    Raises ConfigError when there is no home, UsageError when the home belongs to root.
    """
    owner = home.owner()
    if owner.uid == 0:
        raise UsageError(
            _(
                "{data_folder} belongs to root, and nothing of Pagetoll runs as root; give it to the service "
                "user with: pagetoll init"
            ).format(data_folder=home.data_folder)
        )
    if os.geteuid() == 0:
        drop_root(owner)
    return os.geteuid() == owner.uid


def stranger_to() -> Home | None:
    """The home whose daemon this process has to ask, because it is neither root nor the owner; None elsewhere."""
    if os.geteuid() == 0:
        return None
    try:
        home = Home.from_environment(os.environ)
        owner = home.owner()
    except ConfigError:
        return None  # whoever opens the home says what is wrong with it
    return None if owner.uid in (0, os.geteuid()) else home


def refuse_root() -> None:
    """For the daemon: raise UsageError when this process still is root."""
    if 0 in os.getresuid():
        raise UsageError(_("the daemon does not run as root; make a home of the service user with: pagetoll init"))


def drop_root(owner: Owner) -> None:
    """Become `owner` with that user's groups, and prove that there is no way back. Raises PagetollError."""
    try:
        groups = os.getgrouplist(owner.name, owner.gid)
    except (KeyError, OSError):
        groups = [owner.gid]
    os.setgroups(groups)
    os.setresgid(owner.gid, owner.gid, owner.gid)
    os.setresuid(owner.uid, owner.uid, owner.uid)
    os.umask(OWNER_UMASK)
    try:
        os.setuid(0)
    except PermissionError:
        return
    raise PagetollError(
        _("could not give up root for {name}; this kernel or container keeps the privilege").format(name=owner.name)
    )
