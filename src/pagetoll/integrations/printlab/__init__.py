# SPDX-License-Identifier: Apache-2.0
"""A private print laboratory: a CUPS scheduler, virtual printers and sinks of our own, on loopback only.

`pagetoll demo` and the system tests print through it. Nothing of it touches the machine's own CUPS.
"""
