"""What Litestream's answers are worth: what it counts here and there, held against each other, whatever it says."""

from __future__ import annotations

import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from server.backup import litestream, mending
from server.backup.claim import Claims
from server.backup.litestream import NotReplicated
from server.backup.mending import Mending

from ..own_loop import run


@contextmanager
def answering(home: Path, *answers: tuple[int, int]):
    """Stands for a Litestream that says (how far the file is, how far the replica), the last of them for ever."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(home / litestream.SOCKET))
        listening.listen()
        threading.Thread(target=_answer, args=[listening, list(answers)], daemon=True).start()
        yield home / "roadbook.db"
        listening.shutdown(socket.SHUT_RDWR)


def _answer(listening: socket.socket, answers: list[tuple[int, int]]) -> None:
    while True:
        try:
            asking, _ = listening.accept()
        except OSError:
            return
        here, there = answers.pop(0) if len(answers) > 1 else answers[0]
        with asking:
            asked = b""
            while not asked.endswith(b"}"):
                asked += asking.recv(65_536)
            told = json.dumps({"txid": here, "replicated_txid": there})
            asking.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + told.encode())


def test_answer_counts_where_both_are_as_far(tmp_path):
    with answering(tmp_path, (7, 7)) as file:
        run(litestream.barrier(tmp_path, file))


def test_replica_that_is_behind_is_asked_once_more(tmp_path):
    with answering(tmp_path, (7, 6), (8, 8)) as file:
        run(litestream.barrier(tmp_path, file))


@pytest.mark.parametrize(("here", "there"), [(7, 6), (7, 0), (0, 0)])
def test_replica_that_stays_behind_or_has_nothing_is_no_replica(tmp_path, here, there):
    with answering(tmp_path, (here, there)) as file, pytest.raises(NotReplicated):
        run(litestream.barrier(tmp_path, file))


def test_replica_that_is_further_than_the_file_is_another_ones(tmp_path):
    with answering(tmp_path, (7, 9)) as file, pytest.raises(NotReplicated, match="further than this file"):
        run(litestream.barrier(tmp_path, file))


@pytest.mark.parametrize("holds", [True, False])
def test_replica_that_is_further_is_begun_anew_only_by_whom_it_belongs_to(tmp_path, holds, monkeypatch):
    claims = Claims(print)
    monkeypatch.setattr(claims, "still_holds", lambda file: holds)
    looking = Mending(tmp_path, litestream.program(), print, 3_600, claims)
    try:
        # As it does it, where no event loop runs.
        with answering(tmp_path, (7, 9)) as file, ThreadPoolExecutor(1) as thread:
            assert thread.submit(looking._is_gone, file).result() is holds
    finally:
        looking.end()


def test_whoever_begins_anew_notes_it_before_anything_is_forgotten(tmp_path):
    """Killed in between, it would be refused a place that is its own."""
    file = tmp_path / "roadbook.db"
    looking = Mending(tmp_path, Path("/bin/false"), lambda words: None, 3_600, Claims(print))
    looking.end()

    looking._begin_anew({file: litestream.Place("file", str(tmp_path / "away"))})

    assert (tmp_path / mending.ASKED).exists()
