# SPDX-License-Identifier: Apache-2.0
"""Texts that anybody may have written (titles, answers of devices, what commands say), made fit for one line."""


def plain(text: str) -> str:
    """With a blank for each invisible character: line ends, controls, marks that turn the direction of writing."""
    return text if text.isprintable() else "".join(sign if sign.isprintable() else " " for sign in text)


def one_line(text: str) -> str:
    """The same, with one blank between words and none around them."""
    return " ".join(plain(text).split())
