# SPDX-License-Identifier: Apache-2.0
"""Makes the thin client's file start faster: a program that is run as a script is compiled anew each time.

The result is still one file for the same interpreter: the shebang, the STAMP_ lines as they were (they can be read
and changed as before), then the rest of the program twice, as marshalled code and as text. The code is used when the
interpreter's magic number is the one it was made for, so that an upgrade of Python costs time and breaks nothing.
"""

import base64
import importlib.util
import marshal

_LOADER = """\
import _frozen_importlib_external
import binascii
import marshal

TEXT = {text!r}
CODE = "{code}"
if _frozen_importlib_external.MAGIC_NUMBER == {magic!r}:
    exec(marshal.loads(binascii.a2b_base64(CODE)))
else:
    exec(TEXT)
"""
_STAMP = "STAMP_"


def with_bytecode(source: str) -> str:
    """The thin client's text (stamped or not) with its code compiled by the running interpreter.

    Raises SyntaxError when the text is no Python program.
    """
    lines = source.splitlines(keepends=True)
    head = [line for line in lines[:2] if line.startswith("#")]
    stamps = [line for line in lines if line.startswith(_STAMP)]
    # an empty line for each stamp, so that a traceback still tells the line
    text = "".join("\n" if line.startswith(_STAMP) else line for line in lines)
    code = compile(text, "cupspykota", "exec", dont_inherit=True, optimize=2)
    packed = base64.b64encode(marshal.dumps(code)).decode("ascii")
    loader = _LOADER.format(text=text, code=packed, magic=importlib.util.MAGIC_NUMBER)
    return "".join([*head, *stamps, loader])
