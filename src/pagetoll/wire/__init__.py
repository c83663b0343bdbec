# SPDX-License-Identifier: Apache-2.0
"""Protocol codecs: octets in, values out, and back. Pure; fail only with `ProtocolError`."""
