"""What changed in a text, word by word, for people to see.  Twin: differences.js, with the same cases.

A Chinese character counts as a word.  Longer texts than can be compared while somebody waits are shown whole, old
and new.
"""

from __future__ import annotations

from itertools import groupby

# Words of the one text times words of the other.
MOST_COMPARED = 250_000


def differences(was: object, now: object) -> list[dict]:
    """[{kind: 'same' | 'gone' | 'new', text}], in order; what is gone stands before what is new in its place."""
    a, b = _words("" if was is None else str(was)), _words("" if now is None else str(now))
    start = _alike(a, b)
    end = _alike(a[start:][::-1], b[start:][::-1])
    middle = _compared(a[start : len(a) - end], b[start : len(b) - end])
    marked = [("same", word) for word in a[:start]] + middle + [("same", word) for word in a[len(a) - end :]]
    return _in_parts(_joined_over_spaces(marked))


def _words(text: str) -> list[str]:
    words: list[str] = []
    last = ""
    for letter in text:
        kind = _kind(letter)
        if kind and kind == last:
            words[-1] += letter
        else:
            words.append(letter)
        last = kind
    return words


def _kind(letter: str) -> str:
    """Letters of one kind make one word; '' stands alone."""
    code = ord(letter)
    if letter in " \t\r\n":
        return "space"
    if 0xC0 <= code < 0x2E80 or (code < 0x80 and letter.isalnum()):
        return "letter"
    return ""


def _alike(a: list[str], b: list[str]) -> int:
    """How many words both begin with."""
    n = 0
    while n < len(a) and n < len(b) and a[n] == b[n]:
        n += 1
    return n


def _compared(a: list[str], b: list[str]) -> list[tuple[str, str]]:
    """The longest common words stay; of two ways, what is gone comes first."""
    if len(a) * len(b) > MOST_COMPARED:
        return [("gone", word) for word in a] + [("new", word) for word in b]
    common = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a) - 1, -1, -1):
        for j in range(len(b) - 1, -1, -1):
            longest = max(common[i + 1][j], common[i][j + 1])
            common[i][j] = common[i + 1][j + 1] + 1 if a[i] == b[j] else longest
    marked, i, j = [], 0, 0
    while i < len(a) or j < len(b):
        if i < len(a) and j < len(b) and a[i] == b[j]:
            marked.append(("same", a[i]))
            i, j = i + 1, j + 1
        elif j == len(b) or (i < len(a) and common[i + 1][j] >= common[i][j + 1]):
            marked.append(("gone", a[i]))
            i += 1
        else:
            marked.append(("new", b[j]))
            j += 1
    return marked


def _joined_over_spaces(marked: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """A space between two changes is part of both: two new words are one change."""
    joined = []
    for n, (kind, word) in enumerate(marked):
        inside = 0 < n < len(marked) - 1 and marked[n - 1][0] != "same" and marked[n + 1][0] != "same"
        if kind == "same" and inside and _kind(word[0]) == "space":
            joined += [("gone", word), ("new", word)]
        else:
            joined.append((kind, word))
    return joined


def _in_parts(marked: list[tuple[str, str]]) -> list[dict]:
    parts = []
    for is_same, run in groupby(marked, key=lambda pair: pair[0] == "same"):
        words = list(run)
        for kind in ("same",) if is_same else ("gone", "new"):
            text = "".join(word for of, word in words if of == kind)
            if text:
                parts.append({"kind": kind, "text": text})
    return parts
