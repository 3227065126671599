"""Collects every text that people see and brings the catalogues in web/locale up to date with them.

    python -m web.build.extract            # update the .po files, say what is still to translate

Texts are found where they are marked: `_()`, `ngettext()`, `gettext()` and `N_()` in templates, Python and
JavaScript.  A translation is never thrown away: an id that is gone stays in its file as obsolete, until
somebody deletes it.  The same checkout gives the same bytes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from web.catalogues import LOCALE_FOLDER
from web.text_tables import LANGUAGES

ROOT = Path(__file__).resolve().parents[2]

# Which files hold marked texts, and how they are read. Compiled and vendored files hold none of their own.
TEMPLATES = ("web/pages/*.html", "server/templates/*.html", "server/*/templates/*.html")
PYTHON = ("web/*.py", "server/*.py", "server/*/*.py", "sync/*.py")
JAVASCRIPT = ("web/*.js", "web/static/js/*.js", "service_worker/*.js")

KEYWORDS = ("_", "gettext", "N_", "ngettext")
OPTIONS = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}

TRANSLATED = tuple(lang for lang in LANGUAGES if lang != "en")

HEADER = "# Roadbook in {lang}. The ids are the English texts; `python -m web.build.extract` keeps them up to date."

Id = str | tuple[str, str]


def main() -> int:
    """0 where every text is translated, else 1."""
    ids = collect()
    missing = 0
    for lang in TRANSLATED:
        catalogue = update(read(lang), ids)
        write(lang, catalogue)
        left = untranslated(catalogue)
        missing += len(left)
        print(f"{lang}: {len(ids)} texts, {len(left)} to translate, {len(catalogue.obsolete)} obsolete")
        for message in left:
            print(f"  {message.id!r}  ({', '.join(file for file, _ in message.locations)})")
    return 1 if missing else 0


def collect(root: Path = ROOT) -> dict[Id, list[str]]:
    """Id -> the files that show it. The id of a plural is (one, many)."""
    found: dict[Id, list[str]] = {}
    for reader, patterns in ((template_texts, TEMPLATES), (python_texts, PYTHON), (javascript_texts, JAVASCRIPT)):
        for file in files(root, patterns):
            for text in reader(file):
                places = found.setdefault(text, [])
                place = file.relative_to(root).as_posix()
                if place not in places:
                    places.append(place)
    return found


def files(root: Path, patterns: Iterable[str]) -> Iterator[Path]:
    for pattern in patterns:
        yield from sorted(root.glob(pattern))


def template_texts(file: Path) -> Iterator[Id]:
    with file.open("rb") as source:
        for _line, _function, text, _comments in babel_extract(source, KEYWORDS, [], OPTIONS):
            yield from ids_of(text)


def python_texts(file: Path) -> Iterator[Id]:
    with file.open("rb") as source:
        for _line, _function, text, _comments in extract_python(source, KEYWORDS, [], {}):
            yield from ids_of(text)


def ids_of(text: str | tuple | None) -> Iterator[Id]:
    """What a marked call says, as ids; a call that only passes a variable on says nothing."""
    if isinstance(text, str):
        yield text
    elif text and isinstance(text[0], str):
        plural = len(text) > 1 and isinstance(text[1], str)
        yield (text[0], text[1]) if plural else text[0]


_STRING = r"""("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')"""
_CALL = re.compile(rf"(?<![\w$])({'|'.join(KEYWORDS)})\(\s*{_STRING}(?:\s*,\s*{_STRING})?")
_ESCAPE = re.compile(r"\\(u\{[0-9a-fA-F]+\}|u[0-9a-fA-F]{4}|.)")


def javascript_texts(file: Path) -> Iterator[Id]:
    """Plain strings only: a marked text in JavaScript is never a template literal nor put together."""
    for function, one, many in _CALL.findall(file.read_text(encoding="utf-8")):
        yield (_plain(one), _plain(many)) if function == "ngettext" else _plain(one)


def _plain(literal: str) -> str:
    def unescaped(match: re.Match) -> str:
        code = match[1]
        return chr(int(code[1:].strip("{}"), 16)) if len(code) > 1 else {"n": "\n", "t": "\t"}.get(code, code)

    return _ESCAPE.sub(unescaped, literal[1:-1])


def po_file(lang: str, folder: Path = LOCALE_FOLDER) -> Path:
    return folder / lang / "LC_MESSAGES" / "roadbook.po"


def read(lang: str, folder: Path = LOCALE_FOLDER) -> Catalog:
    """The catalogue with its obsolete entries; empty where there is no file."""
    file = po_file(lang, folder)
    if not file.exists():
        return Catalog(locale=lang.replace("-", "_"))
    with file.open("rb") as source:
        return read_po(source, locale=lang.replace("-", "_"))


def update(old: Catalog, ids: dict[Id, list[str]]) -> Catalog:
    """The catalogue of exactly these ids, in the order they are met, with what is translated already."""
    new = Catalog(locale=old.locale)
    known = {_key(message): message for message in (*old.obsolete.values(), *old)}
    for text, places in ids.items():
        before = known.pop(text if isinstance(text, str) else text[0], None)
        string = before.string if before and isinstance(before.id, tuple) == isinstance(text, tuple) else None
        new.add(text, string, [(place, None) for place in places], user_comments=before.user_comments if before else ())
    for key, message in known.items():
        if key and any(_forms(message)):
            new.obsolete[key] = message
    return new


def untranslated(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id and not all(_forms(message))]


def _forms(message: Message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (message.string,)


def _key(message: Message) -> str:
    return message.id[0] if isinstance(message.id, tuple | list) else message.id


def write(lang: str, catalogue: Catalog, folder: Path = LOCALE_FOLDER) -> None:
    """The file without dates, so that it changes only where texts did."""
    made = BytesIO()
    write_po(made, catalogue, width=120, omit_header=True, include_lineno=False)
    head = [HEADER.format(lang=lang), 'msgid ""', 'msgstr ""']
    head += [f'"{name}: {value}\\n"' for name, value in mime_headers(catalogue)]
    file = po_file(lang, folder)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([*head, "", made.getvalue().decode().lstrip("\n")]), encoding="utf-8")


def mime_headers(catalogue: Catalog) -> list[tuple[str, str]]:
    return [
        ("Language", str(catalogue.locale)),
        ("Content-Type", "text/plain; charset=UTF-8"),
        ("Content-Transfer-Encoding", "8bit"),
        ("Plural-Forms", catalogue.plural_forms),
    ]


if __name__ == "__main__":
    sys.exit(main())
