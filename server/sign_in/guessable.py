"""New passwords that are guessed first: of a list of common ones, or of words that everybody here knows.

The list is Django's (20,000 common passwords, by how often they were found in what was stolen elsewhere).  Few of them
are as long as ours must be; whoever must make one longer adds digits and signs, or says it twice.  Nothing that anybody
types is kept or sent anywhere.
"""

from __future__ import annotations

import gzip
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

LIST = Path(__file__).parent / "common-passwords-5.2.19.txt.gz"
OWN_WORDS = ("roadbook", "路书", "路書")
# Shorter words are in too much, and what has more around it is no longer that word.
LEAST_WORD, MOST_AROUND = 4, 8


def is_guessed_first(password: str, words: Iterable[str]) -> bool:
    """words: the login, the firm's name: what whoever guesses here would try."""
    plain = _plain(password)
    unit = _repeated(plain)
    if len(set(plain)) <= 2 or (unit != plain and len(unit) < LEAST_WORD):
        return True
    tried = {plain, unit, *_words_in(plain), *_words_in(unit)}
    own = {_letters(word) for word in (*words, *OWN_WORDS)} - {""}
    return not tried.isdisjoint(_common()) or not {_letters(one) for one in tried}.isdisjoint(own)


def _words_in(plain: str) -> Iterator[str]:
    """password, password1 and 3password of 3password1!: what remains without digits and signs at its ends."""
    letters = [at for at, letter in enumerate(plain) if letter.isalpha()]
    if not letters:
        return
    for start in range(min(letters[0], MOST_AROUND) + 1):
        shortest = max(letters[-1] + 1 - start, LEAST_WORD, len(plain) - MOST_AROUND)
        for end in range(start + shortest, len(plain) + 1):
            yield plain[start:end]


def _repeated(plain: str) -> str:
    """abcd of abcdabcdabcd; all of what repeats nothing."""
    return plain[: (plain + plain).find(plain, 1)]


def _letters(text: str) -> str:
    return "".join(letter for letter in _plain(text) if letter.isalnum())


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


@cache
def _common() -> frozenset[str]:
    return frozenset(gzip.decompress(LIST.read_bytes()).decode().split())
