# SPDX-License-Identifier: Apache-2.0
"""`pagetoll NOUN VERB`: the acts of PyKota's commands under plain words, by the same functions of `app`."""
