# SPDX-License-Identifier: Apache-2.0
"""The counting child: forked beforehand, waits for its one document, locks itself down, counts, answers, ends.

Before the lock it touches no octet of the document: it maps the file and closes every descriptor of it, so the
shared file offset (which says how much was handed to the device) is out of its reach. All that is left are the
reply socket, the channel to the zygote, /dev/null.

    zygote -> child   D JSON [trust_dsc, look, copies rule, timeout_s, may_render] + document, reply socket
"""

import json
import mmap
import os
import socket
import time
from dataclasses import dataclass
from typing import Any, NoReturn

from pagetoll import languages
from pagetoll.accounters.software import reply
from pagetoll.accounters.software.lockdown import Budget, die_with_parent, enclose, lock_down
from pagetoll.accounters.software.rendering import GhostscriptRenderer
from pagetoll.core.errors import DocumentError, DocumentTooComplex
from pagetoll.languages.copies import CopiesRule
from pagetoll.languages.limits import Limits
from pagetoll.languages.parsed import PageInspector

DOCUMENT = b"D"
ANSWER_RESERVE_S = 0.75
"""What a parser that stops by itself gets less than the limit at which the zygote kills: time to answer."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be done with the document."""

    trust_dsc: bool
    look: list[Any] | None
    copies_rule: CopiesRule
    timeout_s: float


def run(channel: socket.socket, parent_pid: int) -> NoReturn:
    """The life of the child. Ends the process."""
    try:
        die_with_parent(parent_pid)
        for standard in (1, 2):
            os.dup2(0, standard)
        _keep_only(channel.fileno())
        try:
            mapped_octets = enclose()
        except OSError as error:
            _refuse(channel, error)
        else:
            _count_one(channel, mapped_octets)
    finally:
        os._exit(0)


def _count_one(channel: socket.socket, mapped_octets: int) -> None:
    """Wait for the document, lock, count, answer; no lock, no look."""
    message, descriptors, _, _ = socket.recv_fds(channel, 200, 2, socket.MSG_CMSG_CLOEXEC)
    if message[:1] != DOCUMENT:
        return  # the zygote has ended
    trust_dsc, look, copies_rule, timeout_s, may_render = json.loads(message[1:])
    document_fd, answers_fd = descriptors
    document = _take(document_fd)
    answers = socket.socket(fileno=answers_fd)
    _keep_only(channel.fileno(), answers.fileno())
    try:
        lock_down(Budget(cpu_s=timeout_s), mapped_octets + len(document))
    except OSError as error:
        answers.send(_unsafe(error))
        return
    parser_s = timeout_s - ANSWER_RESERVE_S
    renderer = GhostscriptRenderer(channel, time.monotonic() + parser_s) if may_render else None
    _answer(answers, document, Asked(bool(trust_dsc), look, CopiesRule(copies_rule), parser_s), renderer)


def inspector(look: list[Any] | None, renderer: GhostscriptRenderer | None) -> PageInspector | None:
    """What looks at the pages: `look` is None, or [color space or None, dots per inch, most pages]."""
    if look is None:
        return None
    from pagetoll.languages.coverage import Inspector  # numpy: loaded by a zygote that was started for it

    space, resolution_dpi, most_pages = look
    return Inspector(space, resolution_dpi, None if renderer is None else renderer.pixels, most_pages)


def _refuse(channel: socket.socket, error: OSError) -> None:
    """Say to the next request that nothing is counted here."""
    _, descriptors, _, _ = socket.recv_fds(channel, 200, 2, socket.MSG_CMSG_CLOEXEC)
    if descriptors:
        socket.socket(fileno=descriptors[1]).send(_unsafe(error))


def _unsafe(error: OSError) -> bytes:
    text = f"documents cannot be counted safely on this system ({error}); pagetoll doctor says more"
    return reply.FAILURE + reply.encode_failure(DocumentError(text))


def _take(descriptor: int) -> "bytes | mmap.mmap":
    """The document in memory; private and read-only, so that no write can reach the file."""
    if os.fstat(descriptor).st_size == 0:
        return b""
    return mmap.mmap(descriptor, 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)


def _keep_only(*kept: int) -> None:
    """Close every descriptor but 0 to 2 (/dev/null) and `kept`; also the one that mmap holds on to."""
    low = 3
    for descriptor in sorted(kept):
        os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, os.sysconf("SC_OPEN_MAX"))


def _answer(
    answers: socket.socket,
    document: "bytes | mmap.mmap",
    asked: Asked,
    renderer: GhostscriptRenderer | None,
) -> None:
    limits = Limits(timeout_s=asked.timeout_s, clock=time.monotonic)
    try:
        usage = languages.count(
            document,
            limits=limits,
            trust_dsc=asked.trust_dsc,
            render_postscript=renderer,
            inspect_pages=inspector(asked.look, renderer),
            copies_rule=asked.copies_rule,
        )
        answer = reply.encode_usage(usage)
    except DocumentError as error:
        answers.send(reply.FAILURE + reply.encode_failure(error))
    except (MemoryError, RecursionError):
        too_much = DocumentTooComplex("counting needs more memory than allowed; split the document")
        answers.send(reply.FAILURE + reply.encode_failure(too_much))
    except Exception as bug:  # the process ends here: a parser's fault must come out as an answer
        fault = DocumentError(f"the parser failed ({type(bug).__name__}: {bug}); please report this document")
        answers.send(reply.FAILURE + reply.encode_failure(fault))
    else:
        for start in range(0, len(answer), reply.PIECE_OCTETS):
            answers.send(reply.PIECE + answer[start : start + reply.PIECE_OCTETS])
        answers.send(reply.COMPLETE)
