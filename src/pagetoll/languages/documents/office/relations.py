# SPDX-License-Identifier: Apache-2.0
"""Names and relationships of parts in an OPC package (ECMA-376 part 2)."""

from pagetoll.languages.documents.office.markup import walk
from pagetoll.languages.documents.office.package import Package


def resolve(base: str, target: str) -> str:
    """The part that `target`, found in part `base`, points at: absolute from the root, else beside the base."""
    target = target.partition("#")[0]
    parts = [] if target.startswith("/") else base.split("/")[:-1]
    for step in target.split("/"):
        if step == "..":
            del parts[-1:]
        elif step not in ("", "."):
            parts.append(step)
    return "/".join(parts)


def related(package: Package, part: str, kind: str) -> list[str]:
    """The parts related to `part` (empty: the package itself) by relationships whose type ends in `kind`."""
    folder, _slash, name = part.rpartition("/")
    relations = f"{folder}/_rels/{name}.rels" if folder else f"_rels/{name}.rels"
    found: list[str] = []

    def on_start(element: str, attributes: dict[str, str]) -> None:
        outside = attributes.get("TargetMode") == "External"
        if element == "Relationship" and attributes.get("Type", "").lower().endswith(kind) and not outside:
            found.append(resolve(part, attributes.get("Target", "")))

    if relations in package:
        walk(package.chunks(relations), on_start, offset=package.offset(relations))
    return found
