"""The worker's modules as one: a browser starts a stopped worker sooner from one script than from a hundred.

Each module becomes a function that is run once, in the order in which they need one another, so that names
stay apart. Understands what our own modules are written with: static imports and named exports. Anything else, and
any circle, fails the build. Vendored modules stay as they are, imported.
"""

from __future__ import annotations

import posixpath
import re

_IMPORT = re.compile(r"""^import\s+(?:([^;"']*?)\s+from\s+)?["']([^"']+)["'];""", re.MULTILINE)
_EXPORT_FROM = re.compile(r"""^export\s+\{([^}]*)\}\s+from\s+["']([^"']+)["'];""", re.MULTILINE)
_EXPORT_LIST = re.compile(r"^export\s+\{([^}]*)\};", re.MULTILINE)
_EXPORT = re.compile(r"^export\s+((?:const|class|function\*?|async\s+function\*?)\s*([A-Za-z_$][\w$]*))", re.MULTILINE)
_LEFT_OVER = re.compile(r"^(import|export)\b.*", re.MULTILINE)


class CannotJoin(Exception):
    """A module is written with something that this module does not know, or needs itself."""


def join(modules: dict[str, str], entry: str, is_vendored=lambda path: "/vendor/" in path) -> str:
    """One module that does what `entry` does. modules: path -> text; the result stands in the folder of `entry`."""
    return _Joining(modules, entry, is_vendored).text()


class _Joining:
    def __init__(self, modules: dict[str, str], entry: str, is_vendored) -> None:
        self.modules, self.entry, self.is_vendored = modules, entry, is_vendored
        self.order: list[str] = []
        self.outside: dict[str, str] = {}
        self.under_way: list[str] = []
        self.exported: dict[str, set[str]] = {}

    def text(self) -> str:
        self._visit(self.entry)
        folder = posixpath.dirname(self.entry)
        imports = [
            f'import * as {name} from "./{posixpath.relpath(path, folder)}";' for path, name in self.outside.items()
        ]
        return "\n".join([*imports, *(self._function(path) for path in self.order)]) + "\n"

    def _visit(self, path: str) -> None:
        if path in self.under_way:
            raise CannotJoin(f"{' needs '.join([*self.under_way, path])}: a circle")
        if path in self.order or path in self.outside:
            return
        if self.is_vendored(path):
            self.outside[path] = f"outside_{len(self.outside)}"
            return
        if path not in self.modules:
            raise CannotJoin(f"{self.under_way[-1]} imports {path}, which is not there")
        self.under_way.append(path)
        for address in self._addresses(path):
            self._visit(self._resolved(path, address))
        self.under_way.pop()
        self.order.append(path)

    def _addresses(self, path: str) -> list[str]:
        text = self.modules[path]
        return [match[2] for pattern in (_IMPORT, _EXPORT_FROM) for match in pattern.finditer(text)]

    def _resolved(self, path: str, address: str) -> str:
        return posixpath.normpath(posixpath.join(posixpath.dirname(path), address))

    def _function(self, path: str) -> str:
        exports: list[str] = []

        def imported(match: re.Match) -> str:
            source = self._resolved(path, match[2])
            self._check(path, source, match[1] or "")
            return _taken(match[1], self._name(source))

        def passed_on(match: re.Match) -> str:
            source = self._resolved(path, match[2])
            self._check(path, source, f"{{{match[1]}}}")
            exports.extend(f"{given}: {self._name(source)}.{name}" for name, given in _pairs(match[1]))
            return ""

        def listed(match: re.Match) -> str:
            exports.extend(f"{given}: {name}" for name, given in _pairs(match[1]))
            return ""

        def declared(match: re.Match) -> str:
            exports.append(match[2])
            return match[1]

        body = _IMPORT.sub(imported, self.modules[path])
        body = _EXPORT_FROM.sub(passed_on, body)
        body = _EXPORT_LIST.sub(listed, body)
        body = _EXPORT.sub(declared, body)
        if strange := _LEFT_OVER.search(body):
            raise CannotJoin(f"{path}: cannot join {strange[0]!r}")
        self.exported[path] = {name.partition(":")[0] for name in exports}
        return f"const {self._name(path)} = (() => {{\n{body}\nreturn {{ {', '.join(exports)} }};\n}})();"

    def _name(self, path: str) -> str:
        return self.outside.get(path) or f"module_{self.order.index(path)}"

    def _check(self, path: str, source: str, names: str) -> None:
        """A name that is not exported would be an error in a browser, too."""
        if source not in self.exported:
            return
        for name, _ in _pairs(names.partition("{")[2].rstrip("} \n")):
            if name not in self.exported[source]:
                raise CannotJoin(f"{path} imports {name}, which {source} does not export")


def _taken(names: str | None, source: str) -> str:
    """An import as constants: `a, { b as c }` or `* as d`."""
    if not names:
        return ""
    if star := re.fullmatch(r"\*\s+as\s+([\w$]+)", names):
        return f"const {star[1]} = {source};"
    first, _, braced = names.partition("{")
    taken = [f"default: {first.strip(' ,')}"] if first.strip(" ,") else []
    taken += [name if name == given else f"{name}: {given}" for name, given in _pairs(braced.rstrip("} \n"))]
    return f"const {{ {', '.join(taken)} }} = {source};"


def _pairs(names: str) -> list[tuple[str, str]]:
    """`a, b as c` as [(a, a), (b, c)]."""
    pairs = []
    for name in filter(None, (part.strip() for part in names.split(","))):
        inner, _, outer = name.partition(" as ")
        pairs.append((inner.strip(), (outer or inner).strip()))
    return pairs
