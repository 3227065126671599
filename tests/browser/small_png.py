"""Makes pictures of pages small: Chromium's PNGs have few colours and are packed in haste.

    small(chromium, png) -> png

Keeps the size in pixels; where there are more than 256 colours, the rare ones become the nearest frequent one.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections import Counter

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_COLOURS = 256

# Chromium unpacks its own picture: four bytes a pixel, as base64.
PIXELS = """async (png) => {
  const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
  const blob = new Blob([data]);
  const url = await new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.readAsDataURL(blob);
  });
  return url.slice(url.indexOf(",") + 1);
}"""


def small(browser, png: bytes) -> bytes:
    width, height = size(png)
    colours = list(struct.iter_unpack("4s", pixels(browser, png)))
    indices, palette = with_palette([colour for (colour,) in colours])
    rows = b"".join(b"\0" + indices[start : start + width] for start in range(0, width * height, width))
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = [(b"IHDR", header), (b"PLTE", palette), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    return SIGNATURE + b"".join(_chunk(kind, body) for kind, body in parts)


def size(png: bytes) -> tuple[int, int]:
    """Width and height, from the file's header."""
    if not png.startswith(SIGNATURE):
        raise ValueError("not a PNG")
    return struct.unpack(">II", png[16:24])


def pixels(browser, png: bytes) -> bytes:
    page = browser.new_page()
    try:
        return base64.b64decode(page.evaluate(PIXELS, base64.b64encode(png).decode()))
    finally:
        page.close()


def with_palette(colours: list[bytes]) -> tuple[bytes, bytes]:
    """One byte a pixel, and the colours that these bytes stand for."""
    by_frequency = [colour for colour, _ in Counter(colours).most_common()]
    kept = by_frequency[:MOST_COLOURS]
    index_by_colour = {colour: index for index, colour in enumerate(kept)}
    for colour in by_frequency[MOST_COLOURS:]:
        index_by_colour[colour] = min(range(len(kept)), key=lambda index: _distance(kept[index], colour))
    return bytes(map(index_by_colour.__getitem__, colours)), b"".join(colour[:3] for colour in kept)


def _distance(one: bytes, other: bytes) -> int:
    return sum((a - b) ** 2 for a, b in zip(one[:3], other[:3], strict=True))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
