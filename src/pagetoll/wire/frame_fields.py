# SPDX-License-Identifier: Apache-2.0
"""The fields of a frame (docs/reference/protocol.md): each a length and so many octets, one after the other."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from pagetoll.core.errors import ProtocolError

LENGTH_OCTETS = 4
_NUMBER_DIGITS_MAX = 20
_NONCE_DIGITS = 32
_STATUS_MAX = 255

Taken = TypeVar("Taken")


class FieldCursor:
    """Takes a frame's fields one after the other."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.offset = 0

    @property
    def at_end(self) -> bool:
        return self.offset == len(self._body)

    def error(self, text: str) -> ProtocolError:
        return ProtocolError(text, self.offset)

    def octets(self) -> bytes:
        """The next field. Raises ProtocolError where there is none or it is cut off."""
        begin = self.offset + LENGTH_OCTETS
        length = int.from_bytes(self._body[self.offset : begin], "big")
        if begin > len(self._body) or length > len(self._body) - begin:
            raise self.error("a field is missing or cut off")
        self.offset = begin + length
        return self._body[begin : self.offset]

    def number(self, at_most: int | None = None) -> int:
        """The next field as a decimal number."""
        begin, field = self.offset, self.octets()
        if not field.isdigit() or len(field) > _NUMBER_DIGITS_MAX or (len(field) > 1 and field[:1] == b"0"):
            raise ProtocolError("not a decimal number", begin)
        value = int(field)
        if at_most is not None and value > at_most:
            raise ProtocolError(f"the number {value} is above {at_most}", begin)
        return value

    def status(self) -> int:
        return self.number(_STATUS_MAX)

    def flag(self) -> bool:
        return self.number(1) == 1

    def rest_as_numbers(self) -> tuple[int, ...]:
        return tuple(self.each(self.number))

    def word(self, words: Sequence[str]) -> str:
        begin, field = self.offset, self.octets()
        for known in words:
            if field == known.encode():
                return known
        raise ProtocolError(f"not one of {', '.join(words)}", begin)

    def nonce(self) -> str:
        begin, field = self.offset, self.octets()
        if len(field) != _NONCE_DIGITS or field.strip(b"0123456789abcdef"):
            raise ProtocolError("not a nonce of 32 hexadecimal digits", begin)
        return field.decode("ascii")

    def variable(self) -> tuple[bytes, bytes]:
        begin = self.offset
        name, equals, value = self.octets().partition(b"=")
        if not equals:
            raise ProtocolError("a variable without '='", begin)
        return name, value

    def each(self, take: Callable[[], Taken]) -> Iterator[Taken]:
        while not self.at_end:
            yield take()
