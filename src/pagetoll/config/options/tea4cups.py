# SPDX-License-Identifier: Apache-2.0
"""Options of Tea4CUPS's hooks; what they do stands in tea4cups.conf itself."""

from collections.abc import Mapping

from pagetoll.config.options.kinds import Option, switch_option, text
from pagetoll.wire.device_uri import is_of_tea4cups

NONE = "none"
USUAL_FOLDER = "/etc/cups"
FILE_NAME = "tea4cups.conf"


def _path(value: object) -> str:
    path = text(value)
    if path not in ("", NONE) and not path.startswith("/"):
        raise ValueError
    return path


def conf_of_job(option: str, variables: Mapping[str, bytes]) -> tuple[str, bool]:
    """Where the tea4cups.conf of a job is, by the option tea4cups_conf and the spooler's variables, and whether it
    must be there; "" where the job has nothing to do with it."""
    if option == NONE:
        return "", False
    if option:
        return option, True
    if not is_of_tea4cups(variables.get("DEVICE_URI", b"").decode("utf-8", "replace")):
        return "", False
    folder = variables.get("CUPS_SERVERROOT", b"").decode("utf-8", "replace")
    return f"{folder if folder.startswith('/') else USUAL_FOLDER}/{FILE_NAME}", False


TEA4CUPS: tuple[Option, ...] = (
    Option(
        "tea4cups_conf",
        _path,
        'an absolute path, "none", or empty',
        "",
        '""',
        True,
        "The file with Tea4CUPS's hooks. Empty means tea4cups.conf in CUPS's folder, and only for queues with "
        "tea4cups: in their device URI; a path holds for every queue, and the file must be there.",
    ),
    switch_option(
        "tea4cups_tell_canceled",
        False,
        True,
        "Whether posthooks of tea4cups.conf are also run for a job that was canceled before it reached the printer.",
    ),
    switch_option(
        "python_hooks_network",
        False,
        True,
        "Whether hooks of the form python:module:function may use the network.",
    ),
)
