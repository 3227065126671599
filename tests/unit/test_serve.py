"""The socket that is served."""

from __future__ import annotations

import asyncio
import resource
import socket

from server.serve import allow_open_files, listen

from .. import own_loop


def test_connections_send_small_pieces_at_once():
    """With Nagle's algorithm an answer in two pieces waits for the other side's late acknowledgement: 40 ms."""
    assert own_loop.run(_nodelay_of_a_connection()) == 1


async def _nodelay_of_a_connection() -> int:
    accepted: asyncio.Future = asyncio.get_running_loop().create_future()
    listening = listen("127.0.0.1", 0)
    server = await asyncio.start_server(lambda _, writer: accepted.set_result(writer), sock=listening)
    _, client = await asyncio.open_connection(*listening.getsockname())
    writer = await accepted
    is_off = writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    writer.close()
    client.close()
    server.close()
    return is_off


def test_thousands_may_listen_where_the_system_allows_it(few_files):
    allow_open_files()

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft >= min(hard, 20_000)
