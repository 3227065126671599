"""Answers for devices are compressed in a way that the client named, and lose nothing."""

from __future__ import annotations

import zlib

import brotli
import pytest

from server.packing import FLUSH_BYTES, encoding_for, packed

LINES = ['{"rows":"account","values":[["客户 %d","Nordwind"]]}\n'.encode() * 1_000 for _ in range(5)]


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=1.0, br ; q=0.5", "br"),
        ("gzip, br;q=0", "gzip"),
        ("GZIP", "gzip"),
        ("gzip", "gzip"),
        ("abracadabra", ""),
        ("", ""),
    ],
)
def test_client_gets_the_best_encoding_that_it_takes(accepted, encoding):
    assert encoding_for(accepted) == encoding


def test_what_was_packed_is_what_comes_out():
    assert brotli.decompress(b"".join(packed("br", LINES))) == b"".join(LINES)
    assert zlib.decompress(b"".join(packed("gzip", LINES)), 31) == b"".join(LINES)


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_a_long_answer_shows_progress_before_it_is_whole(encoding):
    assert sum(map(len, LINES)) > 3 * FLUSH_BYTES

    inflate = unbrotli() if encoding == "br" else zlib.decompressobj(31).decompress
    arrived, source = 0, iter(LINES)
    for piece in packed(encoding, source):
        arrived += len(inflate(piece))
        if arrived >= FLUSH_BYTES:
            break
    assert next(source, None) is not None


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_a_small_answer_is_one_piece(encoding):
    assert len(list(packed(encoding, [b"{}\n"] * 3))) <= 2


def unbrotli():
    """Brotli's decompressor for Python keeps back what did not fit into its buffer until it is asked again."""
    process = brotli.Decompressor().process
    return lambda piece: b"".join([process(piece), *iter(lambda: process(b""), b"")])
