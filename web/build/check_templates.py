"""Checks that a page's template uses nothing but its queries, the host's names and the text functions.

A name that is neither would print as nothing on every host; here it is an error with file and line.
The columns of rows are checked too where a template names them plainly: `{{ account.name }}`,
`{% for row in accounts %}{{ row.name }}`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from jinja2 import TemplateSyntaxError, nodes

from .page import Page, PageError
from .templates import CONTEXT_NAMES, TEXT_FUNCTIONS, environment, template_names

_JINJA_GLOBALS = {"range", "namespace", "dict", "joiner", "cycler", "loop", "super", "caller", "varargs", "kwargs"}
_FREE = {*TEXT_FUNCTIONS, *_JINJA_GLOBALS}


def check_templates(pages: list[Page], folder: Path) -> None:
    """Raises PageError for the first template that uses what it is not given."""
    trees = parse_templates(folder)
    facts = {name: _facts(tree, str(folder / name)) for name, tree in trees.items()}
    for page in pages:
        context = {*CONTEXT_NAMES, *(query.name for query in page.queries)}
        _Checker(facts, folder, page).template(page.template, context, set())
        check_row_columns(trees[page.template], page, folder)


def parse_templates(folder: Path) -> dict[str, nodes.Template]:
    """Template name -> syntax tree, which nobody may change.  Raises PageError for what is not Jinja2."""
    return _parse_templates(folder, fingerprint(folder))


def fingerprint(folder: Path) -> tuple:
    """Changes when a file of a folder does: the server's host and the bundle look at the same files at start."""
    files = sorted(file for file in folder.iterdir() if file.suffix in (".sql", ".html"))
    return tuple((file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files)


@lru_cache(maxsize=8)
def _parse_templates(folder: Path, _fingerprint: tuple) -> dict[str, nodes.Template]:
    env = environment(folder)
    trees = {}
    for name in template_names(folder):
        try:
            trees[name] = env.parse((folder / name).read_text(encoding="utf-8"), name)
        except TemplateSyntaxError as error:
            raise PageError(str(folder / name), error.lineno, error.message or "not a template") from error
    return trees


@dataclass
class _Facts:
    """What one template reads and sets, and which templates it turns to.

    read: name -> line of its first use, of names that the template does not set anywhere.
    others: (template names, line, whether it is alone there, whether it may be missing).
    """

    read: dict[str, int]
    stored: set[str]
    others: list[tuple[list[str], int, bool, bool]] = field(default_factory=list)


def _facts(tree: nodes.Template, file: str) -> _Facts:
    stored = stored_names(tree)
    read: dict[str, int] = {}
    for name in tree.find_all(nodes.Name):
        if name.ctx == "load" and name.name not in stored and name.name not in _FREE:
            read.setdefault(name.name, name.lineno)
    facts = _Facts(read, stored)
    for node in tree.find_all((nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)):
        is_alone = isinstance(node, nodes.Import | nodes.FromImport) and not node.with_context
        may_miss = isinstance(node, nodes.Include) and node.ignore_missing
        facts.others.append((_constants(node.template), node.lineno, is_alone, may_miss))
    return facts


class _Checker:
    """Follows a page's template to all that it extends, includes and imports."""

    def __init__(self, facts: dict[str, _Facts], folder: Path, page: Page) -> None:
        self.facts, self.folder, self.page = facts, folder, page

    def template(self, name: str, context: set[str], seen: set[str]) -> None:
        """One template that sees these names, and whatever it turns to."""
        if name in seen:
            return
        seen.add(name)
        facts = self.facts[name]
        for word, line in facts.read.items():
            if word not in context:
                raise PageError(str(self.folder / name), line, f"unknown name {word}: {self.given(context)}")
        for targets, line, is_alone, may_miss in facts.others:
            for target in targets:
                if target in self.facts:
                    self.template(target, set() if is_alone else context | facts.stored, seen)
                elif not may_miss:
                    raise PageError(str(self.folder / name), line, f"there is no template {target}")

    def given(self, context: set[str]) -> str:
        if context:
            return f"the page {self.page.name} has no query of that name, and no host gives it"
        return "a template imported without context sees text functions only: pass it as an argument"


def _constants(node: nodes.Node) -> list[str]:
    """The template names that an expression can come to."""
    if isinstance(node, nodes.Const):
        return [node.value]
    if isinstance(node, nodes.CondExpr):
        return _constants(node.expr1) + (_constants(node.expr2) if node.expr2 else [])
    if isinstance(node, nodes.List | nodes.Tuple):
        return [name for item in node.items for name in _constants(item)]
    return []


def stored_names(tree: nodes.Template) -> set[str]:
    """Names that a template sets somewhere: seen by its blocks, by what it includes, and by its layout."""
    stored = {node.name for node in tree.find_all(nodes.Name) if node.ctx in ("store", "param")}
    stored |= {node.name for node in tree.find_all(nodes.Macro)}
    stored |= {node.target for node in tree.find_all(nodes.Import)}
    for node in tree.find_all(nodes.FromImport):
        stored |= {name if isinstance(name, str) else name[1] for name in node.names}
    return stored


def check_row_columns(tree: nodes.Template, page: Page, folder: Path) -> None:
    """Columns that a template names must be among those that its query selects."""
    rows = {query.name: query for query in page.queries if query.cardinality in ("one", "maybe")}
    lists = {query.name: query for query in page.queries if query.cardinality == "many"}
    _check_columns(tree, rows, lists, str(folder / page.template))


def _check_columns(node: nodes.Node, rows: dict, lists: dict, file: str) -> None:
    if isinstance(node, nodes.Macro | nodes.CallBlock | nodes.With):
        return  # their parameters may shadow a query's name
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name in rows:
        query = rows[node.node.name]
        if node.attr not in query.columns:
            known = ", ".join(query.columns)
            raise PageError(file, node.lineno, f"{query.name} selects no column {node.attr}; it selects {known}")
    inner = rows
    if isinstance(node, nodes.For) and isinstance(node.target, nodes.Name):
        inner = {name: query for name, query in rows.items() if name != node.target.name}
        if isinstance(node.iter, nodes.Name) and node.iter.name in lists:
            inner[node.target.name] = lists[node.iter.name]
    for child in node.iter_child_nodes():
        _check_columns(child, inner, lists, file)
