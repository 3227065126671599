"""What kind of file these bytes are: by what is in them, never by a name or by what somebody says of them.

A photo or a PDF, whole and nothing beside it; anything else, and whatever could be read as two things at once, has no
kind.  Pictures that would unpack to more than a device can hold have none either.
Twin: service_worker/file_kind.js, with the same cases.
"""

from __future__ import annotations

import re

MOST_BYTES = 20_000_000
MOST_PIXELS = 100_000_000

_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
# What a browser that guesses would take for a page.
_MARKUP = re.compile(rb"<(?:!doctype|html|head|body|script|svg|iframe|object|\?php)[ \t\r\n\f/>]", re.IGNORECASE)
_MARKER = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")


class _Broken(Exception):
    """It begins like this kind, and does not go on like it."""


def kind_of(content: bytes) -> str | None:
    """The media type; None where it is nothing that may be attached."""
    for begins, media_type, walk in _KINDS:
        if begins(content):
            try:
                pixels = walk(content)
            except (_Broken, IndexError):
                return None
            fits = pixels <= MOST_PIXELS and len(content) <= MOST_BYTES
            return media_type if fits and not _is_more(content, media_type) else None
    return None


def _is_more(content: bytes, media_type: str) -> bool:
    """Whether something else could be read out of it, too."""
    if _ends_as_zip(content):
        return True
    if media_type == "application/pdf":
        return _MARKUP.search(content, 0, 1_024) is not None
    is_zip = content.find(b"PK\x03\x04") >= 0 and content.find(b"PK\x05\x06") >= 0
    return is_zip or content.find(b"%PDF-") >= 0 or _MARKUP.search(content) is not None


def _ends_as_zip(content: bytes) -> bool:
    """A zip is found from its end: a record whose comment reaches exactly to the last byte."""
    at = content.find(b"PK\x05\x06", max(0, len(content) - 65_557))
    while at >= 0:
        if at + 22 <= len(content) and at + 22 + int.from_bytes(content[at + 20 : at + 22], "little") == len(content):
            return True
        at = content.find(b"PK\x05\x06", at + 1)
    return False


def _number(content: bytes, at: int, size: int) -> int:
    if at + size > len(content):
        raise _Broken
    return int.from_bytes(content[at : at + size], "big")


# --- each walks to the end and gives how many pixels there are ---------------------------------------


def _jpeg(content: bytes) -> int:
    pixels, at, has_picture = 0, 2, False
    while True:
        at, marker = _next_marker(content, at)
        if marker == 0xD9:
            break
        if marker == 0x01:
            continue
        length = _number(content, at, 2)
        if length < 2 or at + length > len(content):
            raise _Broken
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            pixels = max(pixels, _number(content, at + 3, 2) * _number(content, at + 5, 2))
        at += length
        if marker == 0xDA:
            has_picture = True
            found = _MARKER.search(content, at)
            if found is None:
                raise _Broken
            at = found.start()
    if not has_picture or not pixels:
        raise _Broken
    return pixels


def _next_marker(content: bytes, at: int) -> tuple[int, int]:
    """Where the marker's segment begins, and which it is."""
    if _number(content, at, 1) != 0xFF:
        raise _Broken
    while _number(content, at, 1) == 0xFF:
        at += 1
    marker = content[at]
    if (marker < 0xC0 and marker != 0x01) or marker == 0xD8:
        raise _Broken
    return at + 1, marker


def _png(content: bytes) -> int:
    if content[12:16] != b"IHDR" or _number(content, 8, 4) != 13:
        raise _Broken
    at, has_picture = 8, False
    while True:
        length, name = _number(content, at, 4), content[at + 4 : at + 8]
        at += 12 + length
        if at > len(content):
            raise _Broken
        has_picture = has_picture or name == b"IDAT"
        if name == b"IEND":
            break
    if at != len(content) or not has_picture:
        raise _Broken
    return _number(content, 16, 4) * _number(content, 20, 4)


def _webp(content: bytes) -> int:
    size = int.from_bytes(content[4:8], "little")
    if len(content) not in (size + 8, size + 8 + (size & 1)):
        raise _Broken
    name = content[12:16]
    if name == b"VP8X":
        width, height = (int.from_bytes(content[at : at + 3], "little") + 1 for at in (24, 27))
    elif name == b"VP8L" and content[20:21] == b"\x2f":
        bits = int.from_bytes(content[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif name == b"VP8 " and content[23:26] == b"\x9d\x01\x2a":
        width, height = (int.from_bytes(content[at : at + 2], "little") & 0x3FFF for at in (26, 28))
    else:
        raise _Broken
    return width * height


def _heic(content: bytes) -> int:
    brands = _brands(content)
    if not brands & _HEIC_BRANDS or brands & {b"avif", b"avis"}:
        raise _Broken
    at, pixels, has_picture = 0, 0, False
    while at < len(content):
        size, name = _number(content, at, 4), content[at + 4 : at + 8]
        if size == 1:
            size = _number(content, at + 8, 8)
        elif size == 0:
            size = len(content) - at
        if size < 8 or at + size > len(content) or not name.isalnum():
            raise _Broken
        if name == b"meta":
            pixels = _largest(content[at : at + size])
        has_picture = has_picture or name == b"mdat"
        at += size
    if not pixels or not has_picture:
        raise _Broken
    return pixels


def _brands(content: bytes) -> set[bytes]:
    end = min(_number(content, 0, 4), 256)
    return {content[8:12], *(content[at : at + 4] for at in range(16, end, 4))}


def _largest(meta: bytes) -> int:
    """The size of the largest picture that the description names."""
    pixels, at = 0, meta.find(b"ispe")
    while at >= 0 and at + 16 <= len(meta):
        pixels = max(pixels, _number(meta, at + 8, 4) * _number(meta, at + 12, 4))
        at = meta.find(b"ispe", at + 4)
    return pixels


def _pdf(content: bytes) -> int:
    if content.find(b"%%EOF", max(0, len(content) - 2_048)) < 0:
        raise _Broken
    return 0


_KINDS = (
    (lambda content: content[:3] == b"\xff\xd8\xff", "image/jpeg", _jpeg),
    (lambda content: content[:8] == b"\x89PNG\r\n\x1a\n", "image/png", _png),
    (lambda content: content[:4] == b"RIFF" and content[8:12] == b"WEBP", "image/webp", _webp),
    (lambda content: content[4:8] == b"ftyp", "image/heic", _heic),
    (lambda content: content[:7] in (b"%PDF-1.", b"%PDF-2."), "application/pdf", _pdf),
)
