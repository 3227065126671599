"""Files that came with a form: kept before the form is read, so that a refused form has not lost them."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.datastructures import UploadFile

from sync.file_kind import MOST_BYTES
from sync.form_files import MOST_FILES, KeptFile
from sync.values import Refused

from .taking import take

# No device keeps what was posted to the server: it is away before that is acknowledged, where that is quick.
SETTLE_S = 2.0

# A form with several photos from a browser that could not make them smaller.
MOST_FORM_BYTES = 105_000_000


async def keep_files(
    firm, user_id: str, items: Iterable[tuple[str, str | UploadFile]]
) -> tuple[list[tuple[str, str | KeptFile]], dict[str, tuple[str, dict]]]:
    """The inputs with their files kept, and why some were not, by input name."""
    kept: list[tuple[str, str | KeptFile]] = []
    errors: dict[str, tuple[str, dict]] = {}
    files = 0
    for name, value in items:
        if isinstance(value, str):
            kept.append((name, value))
        # What a browser sends where nothing was chosen.
        elif value.filename or value.size:
            files += 1
            try:
                kept.append((name, await _keep(firm, user_id, value, files)))
            except Refused as refused:
                errors.setdefault(name, (refused.code, refused.detail))
    if files:
        await firm.files.settle([file.hash for _, file in kept if isinstance(file, KeptFile)], SETTLE_S)
    return kept, errors


async def _keep(firm, user_id: str, file: UploadFile, number: int) -> KeptFile:
    if number > MOST_FILES:
        raise Refused("too_many_files", {"most": MOST_FILES})
    if (file.size or 0) > MOST_BYTES:
        raise Refused("file_too_large", {"most": MOST_BYTES})
    return await take(firm, user_id, file.filename or "", await file.read())
