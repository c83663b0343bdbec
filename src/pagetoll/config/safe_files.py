# SPDX-License-Identifier: Apache-2.0
"""Folders and files made where another user may be at work at the same time: no link is followed, nothing that
exists is overwritten unless asked, and whoever reads sees the old file or the new one.
"""

import contextlib
import os
import secrets
import stat
from pathlib import Path

from pagetoll.config.home import Owner, name_of
from pagetoll.core.errors import ConfigError, ConfigProblem
from pagetoll.core.messages import _

OCTETS_MAX = 1_000_000


def refusal(path: Path, text: str) -> ConfigError:
    """A ConfigError about a folder or file."""
    return ConfigError([ConfigProblem(str(path), 0, "home", text)])


def check_parents(path: Path, trusted_uids: frozenset[int]) -> None:
    """Raise ConfigError when a stranger could exchange one of the folders above `path`.

    A folder above may belong to root or a trusted user; others may write there only if it is sticky (as /tmp).
    """
    parent = Path(os.path.realpath(path.parent))
    for folder in (*reversed(parent.parents), parent):
        try:
            found = folder.stat()
        except FileNotFoundError:
            return  # it will be made by us
        except OSError as error:
            raise refusal(folder, _("{strerror}; choose another place").format(strerror=error.strerror)) from error
        if found.st_uid not in trusted_uids | {0}:
            raise refusal(
                folder,
                _("belongs to {owner}, who could exchange {path}; choose another place").format(
                    owner=name_of(found.st_uid), path=path
                ),
            )
        if found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
            raise refusal(
                folder,
                _("can be written by everybody, who could exchange {path}; mend: chmod o-w {folder}").format(
                    path=path, folder=folder
                ),
            )


def make_folder(path: Path, mode: int, owner: Owner, ours: frozenset[str] = frozenset()) -> bool:
    """Make `path` a folder of `owner` with `mode`; True when it was made, False when it was right already.

    A folder of root that is empty, or holds only names of `ours`, is taken over. Raises ConfigError for a link, a
    folder of somebody else, one that others may write to, and one of root that holds other things.
    """
    check_parents(path, frozenset({owner.uid, os.geteuid()}))
    made = _make_missing(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise refusal(
            path,
            _("is a link or no folder ({strerror}); move it away, then run this again").format(
                strerror=error.strerror
            ),
        ) from error
    try:
        found = os.fstat(descriptor)
        if not made:
            _check_existing(path, descriptor, found, owner, ours)
        if (found.st_uid, found.st_gid) != (owner.uid, owner.gid) and os.geteuid() == 0:
            os.fchown(descriptor, owner.uid, owner.gid)
        # one that was opened for the spooler's user (x for others) stays so
        if stat.S_IMODE(found.st_mode) not in (mode, mode | stat.S_IXOTH):
            os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)
    return made


def create_file(path: Path, text: str, mode: int) -> bool:
    """Write a new file as the current user; False when there is one already, which is left as it is.

    Raises ConfigError when there is something else of that name.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileExistsError:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise refusal(path, _("is a link or no file; move it away, then run this again")) from None
        return False
    except OSError as error:
        raise refusal(path, _("cannot be made: {strerror}").format(strerror=error.strerror)) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, mode)
        file.write(text)
    return True


def read_owned(path: Path, owner: Owner) -> bytes | None:
    """The file's octets, None when there is none. As root only what already is `owner`'s is read, so that nobody
    makes root copy out a stranger's file. Raises ConfigError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise refusal(
            path, _("cannot be read: {strerror}; look with: pagetoll doctor").format(strerror=error.strerror)
        ) from error
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or (os.geteuid() == 0 and found.st_uid != owner.uid):
            raise refusal(
                path, _("is no file of {name}; mend: chown {name} {path}").format(name=owner.name, path=path)
            )
        return file.read(OCTETS_MAX)


def replace_file(
    path: Path, data: str | bytes, mode: int, owner: Owner | None = None, only_new: bool = False
) -> None:
    """Put a file in the place of the old one, all at once and on disk; as root it is given to `owner`.

    Raises ConfigError when the folder cannot be written to, or with `only_new` when there is an old one.
    """
    octets = data.encode() if isinstance(data, str) else data
    temporary = f".{path.name}.{secrets.token_hex(8)}"
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise refusal(
            path.parent, _("{strerror}; look with: pagetoll doctor").format(strerror=error.strerror)
        ) from error
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(temporary, flags, 0o600, dir_fd=folder)
        with os.fdopen(descriptor, "wb") as file:
            if owner is not None and os.geteuid() == 0:
                os.fchown(descriptor, owner.uid, owner.gid)
            os.fchmod(descriptor, mode)
            file.write(octets)
            file.flush()
            os.fsync(descriptor)
        if only_new:
            os.link(temporary, path.name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
            os.unlink(temporary, dir_fd=folder)
        else:
            os.rename(temporary, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)
    except FileExistsError as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise refusal(path, _("is there already; choose another file, or replace it with --force")) from error
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise refusal(path, _("cannot be written: {strerror}").format(strerror=error.strerror)) from error
    finally:
        os.close(folder)


def _make_missing(path: Path) -> bool:
    try:
        for parent in reversed(path.parents):
            with contextlib.suppress(FileExistsError):
                parent.mkdir(mode=0o755)
                parent.chmod(0o755)  # whatever the umask
        path.mkdir(mode=0o700)
    except FileExistsError:
        return False
    except OSError as error:
        raise refusal(
            path,
            _("cannot be made: {strerror}; run this as root or choose another place").format(strerror=error.strerror),
        ) from error
    return True


def _check_existing(path: Path, descriptor: int, found: os.stat_result, owner: Owner, ours: frozenset[str]) -> None:
    if found.st_mode & stat.S_IWOTH:
        raise refusal(
            path, _("can be written by everybody; look at what is in it, then: chmod o-w {path}").format(path=path)
        )
    if found.st_uid == owner.uid:
        return
    if found.st_uid != 0 or os.geteuid() != 0:
        raise refusal(
            path,
            _("belongs to {owner}, not to {name}; choose another place").format(
                owner=name_of(found.st_uid), name=owner.name
            ),
        )
    if strangers := sorted(set(os.listdir(descriptor)) - ours):
        raise refusal(
            path, _("is root's and holds other things ({name}); choose an empty place").format(name=strangers[0])
        )


def read_configuration(path: Path, missing: str) -> bytes:
    """The octets of a configuration file, however it came there: root may be the reader, so a pipe in its place must
    not keep it waiting, and a file that everybody can write to must not tell it what to run. `missing` completes
    "does not exist; ". Raises ConfigError, with `closed` when the file may not be read."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise _unusable(path, _("is no regular file; move it away, then run: pagetoll init"))
            if found.st_mode & stat.S_IWOTH:
                text = _("can be written by everybody; look at what is in it, then: chmod o-w {path}").format(
                    path=path
                )
                raise _unusable(path, text)
            data = file.read(OCTETS_MAX + 1)
    except FileNotFoundError as error:
        raise _unusable(path, _("does not exist; {remedy}").format(remedy=missing)) from error
    except PermissionError as error:
        reader = name_of(os.geteuid())
        text = _("cannot be read by {reader}: {error}; let {reader} read it, or look with: pagetoll doctor").format(
            reader=reader, error=error.strerror
        )
        raise _unusable(path, text, closed=True) from error
    except OSError as error:
        text = _("cannot be read: {error}; look with: pagetoll doctor").format(error=error.strerror)
        raise _unusable(path, text) from error
    if len(data) > OCTETS_MAX:
        text = _("has more than {octets} octets; that is no configuration").format(octets=OCTETS_MAX)
        raise _unusable(path, text)
    return data


def _unusable(path: Path, text: str, closed: bool = False) -> ConfigError:
    return ConfigError([ConfigProblem(str(path), 0, "file", text)], closed=closed)
