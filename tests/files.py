"""Files for tests: small, whole, and of each kind that may be attached; and some that may not."""

from __future__ import annotations

import struct
import zlib


def png(width: int = 4, height: int = 3, colour: bytes = b"\x20\x80\xc0") -> bytes:
    """One that every browser shows; another colour is another file."""
    rows = (b"\0" + colour * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, body) for name, body in parts)


def noise_png(size: int, seed: int = 1) -> bytes:
    """A real picture of about so many bytes, which no packing makes smaller."""
    import random

    width = 512
    height = max(1, size // (width * 3))
    dice = random.Random(seed)
    rows = b"".join(b"\0" + dice.randbytes(width * 3) for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, body) for name, body in parts)


def jpeg(width: int = 16, height: int = 16, scan: bytes = b"\x12\x34\xff\x00\x56", after: bytes = b"") -> bytes:
    """The bones of a photo: what is in its scan is nobody's picture."""
    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"
    return (
        b"\xff\xd8"
        + _segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0")
        + _segment(0xC0, frame)
        + _segment(0xDA, b"\x01\x01\x00\x00\x3f\x00")
        + scan
        + b"\xff\xd9"
        + after
    )


def webp(width: int = 16, height: int = 16) -> bytes:
    canvas = b"\x10\0\0\0" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + canvas
    return b"RIFF" + struct.pack("<I", len(body)) + body


def heic(width: int = 16, height: int = 16, brand: bytes = b"heic") -> bytes:
    ispe = _box(b"ispe", b"\0\0\0\0" + struct.pack(">II", width, height))
    meta = _box(b"meta", b"\0\0\0\0" + ispe)
    return _box(b"ftyp", brand + b"\0\0\0\0" + b"mif1" + brand) + meta + _box(b"mdat", b"\x01" * 40)


def pdf(text: bytes = b"Receipt 1") -> bytes:
    return b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n% " + text + b"\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def zipped(name: bytes = b"a", comment: bytes = b"") -> bytes:
    """An empty archive, but for its end."""
    local = b"PK\x03\x04" + b"\0" * 22 + struct.pack("<HH", len(name), 0) + name
    return local + b"PK\x05\x06" + b"\0" * 16 + struct.pack("<H", len(comment)) + comment


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def _box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + name + body
