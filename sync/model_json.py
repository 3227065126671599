"""The model as plain JSON data, which the build puts into a module for the service worker."""

from __future__ import annotations

from dataclasses import fields

from .entities import ENTITIES
from .model import STAMPS, Bucket, Entity, Field


def model_json() -> dict:
    """{"entities": [...], "stamps": [[column, SQL type], ...]}, shaped as the classes of model.py."""
    return {"entities": [plain(entity) for entity in ENTITIES], "stamps": [list(stamp) for stamp in STAMPS]}


def plain(value: object) -> object:
    """A declaration, or a part of one, as JSON data."""
    if isinstance(value, (Entity, Bucket, Field)):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value) if f.init}
    if isinstance(value, tuple):
        return [plain(member) for member in value]
    return value
