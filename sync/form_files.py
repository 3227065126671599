"""Files of a form post become inputs: each in a slot of `attachment` of its own.

The host has kept the bytes before; here are only names.  A slot of attachments in which nothing was chosen is left out.
Twin: service_worker/form_files.js, with the same cases.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .operations import Malformed
from .tidy import trimmed

MOST_FILES = 20
MOST_NAME = 200

_NEW = "attachment//"
_FACTS = ("hash", "name", "media_type", "bytes")
_NOT_SHARED = {*_FACTS, "file", "deleted"}
# Letters that turn the direction of what follows: with them a name says something else than it is.
_UNSEEN = {*range(32), 127, *range(0x200E, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A)}


@dataclass(frozen=True)
class KeptFile:
    """A file whose bytes are kept already."""

    hash: str
    name: str
    media_type: str
    bytes: int


def with_files(items: Iterable[tuple[str, str | KeptFile]]) -> list[tuple[str, str]]:
    """The inputs of a form with those of its files among them. Raises Malformed for a file that belongs nowhere."""
    items = list(items)
    texts = [(name, value) for name, value in items if isinstance(value, str)]
    slots = [name[4:] for name, value in texts if name.startswith("row.") and value.startswith(_NEW)]
    taken = {name[4:] for name, _ in texts if name.startswith("row.") and name[4:] not in slots}
    taken |= {slot for slot in slots if _is_filled(slot, texts)}
    # Beside the slot that they were chosen in: what a form does after it, such as to submit, comes after them, too.
    added: dict[str, list[tuple[str, str]]] = {}
    for name, file in items:
        if isinstance(file, str):
            continue
        slot = name.removesuffix(".file")
        if slot == name or slot not in slots:
            raise Malformed(f"{name}: no slot of attachments takes it")
        own = _free(slot, taken)
        taken.add(own)
        added.setdefault(f"row.{slot}", []).extend(_inputs(own, slot, file, texts))
    left_out = {slot for slot in slots if slot not in taken}
    kept = [item for item in texts if not _is_of(item[0], left_out)]
    return [each for item in kept for each in (item, *added.get(item[0], ()))]


def file_name(given: str) -> str:
    """A file's name as people see it: no folders, no letters that cannot be seen, at most MOST_NAME."""
    seen = "".join(letter for letter in given.replace("\\", "/").split("/")[-1] if ord(letter) not in _UNSEEN)
    name = trimmed(seen)
    if len(name) <= MOST_NAME:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 10:
        return name[:MOST_NAME]
    return stem[: MOST_NAME - 1 - len(ending)] + dot + ending


def _is_filled(slot: str, texts: list[tuple[str, str]]) -> bool:
    return any(name == f"{slot}.hash" and value for name, value in texts)


def _free(slot: str, taken: set[str]) -> str:
    """The slot itself for its first file; for the others slots of nearly its name."""
    number, name = 1, slot
    while name in taken:
        number += 1
        name = f"{slot}__{number}"
    return name


def _inputs(own: str, slot: str, file: KeptFile, texts: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What the slot of one file says: where it hangs, like the slot it was chosen in, and what it is."""
    shared = []
    if own != slot:
        shared = [(f"row.{own}", _NEW + "0")]
        for name, value in texts:
            if name.startswith(f"{slot}.") and name[len(slot) + 1 :] not in _NOT_SHARED:
                shared.append((f"{own}.{name[len(slot) + 1 :]}", value))
    facts = (file.hash, file.name, file.media_type, str(file.bytes))
    return shared + [(f"{own}.{fact}", value) for fact, value in zip(_FACTS, facts, strict=True)]


def _is_of(name: str, slots: set[str]) -> bool:
    return (name[4:] if name.startswith("row.") else name.partition(".")[0]) in slots
