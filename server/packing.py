"""Answers for devices, compressed as they are made: what the line takes is what a device waits for.

Brotli where the client takes it (browsers do over HTTPS and on localhost), else gzip.  On rows of customers Brotli
is a fifth smaller in the same time.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import brotli

# Above this quality, and with a wider window, time and memory grow faster than answers shrink.
BROTLI_QUALITY, BROTLI_WINDOW = 6, 18
GZIP_LEVEL = 4
# So many bytes are held back at most: a slow line shows progress, a small answer stays one piece.
FLUSH_BYTES = 65_536


def encoding_for(accepted: str) -> str:
    """The encoding to use for an Accept-Encoding header; '' for none."""
    parts = (part.partition(";") for part in accepted.lower().split(","))
    taken = {name.strip() for name, _, weight in parts if weight.replace(" ", "") not in ("q=0", "q=0.0")}
    return next((name for name in ("br", "gzip") if name in taken), "")


def packed(encoding: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Compress a stream, flushing where it has grown."""
    add, flush, finish = _packer(encoding)
    pending = 0
    for chunk in chunks:
        pending += len(chunk)
        piece = add(chunk)
        if pending > FLUSH_BYTES:
            piece += flush()
            pending = 0
        if piece:
            yield piece
    yield finish()


def _packer(encoding: str) -> tuple[Callable[[bytes], bytes], Callable[[], bytes], Callable[[], bytes]]:
    if encoding == "br":
        packer = brotli.Compressor(quality=BROTLI_QUALITY, lgwin=BROTLI_WINDOW)
        return packer.process, packer.flush, packer.finish
    deflate = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, 31)
    return deflate.compress, partial(deflate.flush, zlib.Z_SYNC_FLUSH), deflate.flush
