"""What a person reads on a page, by eye or by screen reader, and which words of it are English."""

from __future__ import annotations

import re
from html.parser import HTMLParser

READ_ALOUD = ("aria-label", "placeholder", "title", "alt")
# What is drawn, and what is typed on a machine: the same in every language.
UNSEEN = ("script", "style", "svg", "code")

# Names and formats that every language writes like this.
SAME_EVERYWHERE = {
    "Roadbook",
    "UTC",
    "English",
    "CSV",
    "PIN",
    # Authenticator apps
    "Aegis",
    "Apple",
    "Authenticator",
    "Google",
    "Microsoft",
    "JPEG",
    "PNG",
    "WebP",
    "HEIC",
    "iPhone",
    "iPad",
    "Webhook",
    # Currencies.
    *"CNY HKD TWD USD EUR JPY KRW GBP SGD MYR THB VND IDR PHP INR AUD CAD CHF AED RUB".split(),
    "vCard",
    "vcf",
    "GPS",
    "PDF",
    "Excel",
    "WPS",
    "Chrome",
    "Android",
}
_NO_WORDS = re.compile(
    r"https?://\S+"  # addresses
    r"|[\w.+-]+@[\w.-]+"  # e-mail addresses
    r"|\b[A-Z]\w+(?:/[A-Z][\w+-]+(?: [A-Z]\w+)*)+"  # time zones
    r"|\w+\.(?:csv|vcf)\b"  # files
    r"|\butf-8(?:-sig)?\b"  # encodings
    r"|\b[A-Z0-9]{4}[\s-]?[A-Z0-9]{4}\b"  # codes to sign in with
)
_WORD = re.compile(r"[A-Za-z]{3,}")


def english_words(html: str) -> list[str]:
    """The English words of three letters and more, in order."""
    reader = _Reader()
    reader.feed(html)
    seen = _NO_WORDS.sub(" ", "\n".join(reader.seen))
    return [word for word in _WORD.findall(seen) if word not in SAME_EVERYWHERE]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self._inside_unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside_unseen += tag in UNSEEN
        self.seen += [value for name, value in attrs if name in READ_ALOUD and value]

    def handle_endtag(self, tag: str) -> None:
        self._inside_unseen -= tag in UNSEEN

    def handle_data(self, data: str) -> None:
        if not self._inside_unseen:
            self.seen.append(data)
