"""The generated ES modules that the service worker imports: everything of web/ and sync/ that it runs as data.

    bundle() -> {"pages.gen.js": "export const PAGES = …", …}

`pages.gen.js` PAGES · `templates.gen.js` TEMPLATES · `catalogues.gen.js` CATALOGUES · `model.gen.js` ENTITIES,
STAMPS, DEVICE_SCRIPT, SCHEMA_HASH · `pinyin.gen.js` PINYIN.  They stand in one folder beside `service_worker/`
and `web/`.  The same checkout gives the same bytes, whoever asks.
"""

from __future__ import annotations

import json
from pathlib import Path

from jinja2 import nodes

from sync.latin import pinyin_table_text
from sync.model_json import model_json
from sync.schema import device_script, schema_hash
from web.catalogues import read_catalogue
from web.reasons import OTHER, REASONS
from web.text_tables import LANGUAGES

from .check_templates import parse_templates
from .compiler import compile_folder
from .extract import javascript_texts
from .loader import PAGES_FOLDER, load_pages
from .page import Page
from .templates import TRANSLATED

LOCALE_FOLDER = PAGES_FOLDER.parent / "locale"
WORKER_FOLDER = PAGES_FOLDER.parents[1] / "service_worker"


def bundle(pages: Path = PAGES_FOLDER, locale: Path = LOCALE_FOLDER) -> dict[str, str]:
    """Module name -> source.  Raises PageError for a page that cannot run on both hosts."""
    return {
        "pages.gen.js": _module(PAGES=[_page_data(page) for page in load_pages(pages)]),
        "templates.gen.js": compile_folder(pages, without=_of_server(pages)),
        "catalogues.gen.js": _module(CATALOGUES=catalogues(locale, words_of_pages(pages) | words_of_worker())),
        "model.gen.js": model_module(),
        "pinyin.gen.js": _module(PINYIN=pinyin_table_text()),
    }


def words_of_pages(pages: Path = PAGES_FOLDER) -> set[str]:
    """The English texts that pages and refusals show: server-only pages have words that no device needs."""
    trees = (tree for name, tree in parse_templates(pages).items() if name not in _of_server(pages))
    calls = (call for tree in trees for call in tree.find_all(nodes.Call))
    named = (call for call in calls if isinstance(call.node, nodes.Name) and call.node.name in TRANSLATED)
    return {*REASONS.values(), OTHER, *(call.args[0].value for call in named)}


def words_of_worker() -> set[str]:
    """The English texts that the worker says by itself, in notifications."""
    texts = {text for file in sorted(WORKER_FOLDER.glob("*.js")) for text in javascript_texts(file)}
    return {text if isinstance(text, str) else text[0] for text in texts}


def _of_server(pages: Path) -> set[str]:
    """The templates that no device renders."""
    return {page.template for page in load_pages(pages) if page.host}


def catalogues(folder: Path, words: set[str]) -> dict:
    """Language -> {messages, plurals} of these words; English is the words themselves where it has no file."""
    made = {}
    for lang in LANGUAGES:
        read = read_catalogue(lang, folder)
        messages = {text: translated for text, translated in read.messages.items() if text in words}
        plurals = {one: forms for one, forms in read.plurals.items() if one in words}
        made[lang] = {"messages": messages, "plurals": plurals}
    return made


def model_module() -> str:
    model = model_json()
    return _module(
        ENTITIES=model["entities"], STAMPS=model["stamps"], DEVICE_SCRIPT=device_script(), SCHEMA_HASH=schema_hash()
    )


def _page_data(page: Page) -> dict:
    """A page as the worker has it; of one that only the server answers, nothing but its addresses."""
    if page.host:
        return {"name": page.name, "routes": page.routes, "placeholders": page.placeholders, "host": page.host}
    return {
        "name": page.name,
        "routes": page.routes,
        "placeholders": page.placeholders,
        "defaults": page.defaults,
        "queries": [
            {
                "name": query.name,
                "cardinality": query.cardinality,
                "sql": query.sql,
                "parameters": query.parameters,
                "columns": query.columns if query.cardinality in ("one", "maybe") else (),
            }
            for query in page.queries
        ],
        "template": page.template,
    }


def _module(**constants) -> str:
    """An ES module that exports constants; JSON is JavaScript."""
    lines = (
        f"export const {name} = {json.dumps(value, ensure_ascii=False, separators=(',', ':'))};\n"
        for name, value in constants.items()
    )
    return "".join(lines)
