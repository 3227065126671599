"""Which JavaScript variable a template name stands for, at the place that is being compiled.

What a template sets at its top lives in `c`, the context, where its blocks, its layout and its includes see
it.  What is set in a loop, macro, block or `with` lives in a JavaScript variable of that function.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import contextmanager

from jinja2 import nodes


class Scopes:
    def __init__(self) -> None:
        self._frames: list[dict[str, str]] = []
        self._count = 0

    def fresh(self, word: str) -> str:
        """A JavaScript name that nothing else in this template has."""
        self._count += 1
        return f"{word}{self._count}"

    @contextmanager
    def frame(self, given: dict[str, str], body: Iterable[nodes.Node] = ()):
        """A scope with these names; yields (variable, value from outside) of those that body sets."""
        frame = dict(given)
        declared = []
        for name in _names_set_in(body):
            if name not in frame:
                frame[name] = self.fresh(f"{name}_")
                declared.append((frame[name], self.read(name)))
        self._frames.append(frame)
        try:
            yield declared
        finally:
            self._frames.pop()

    def local(self, name: str) -> str | None:
        """The variable of a name, or None if it lives in the context."""
        return next((frame[name] for frame in reversed(self._frames) if name in frame), None)

    def read(self, name: str) -> str:
        return self.local(name) or f"c.{name}"

    def context(self) -> str:
        """The context as an include or a scoped block sees it: with the variables of this place."""
        seen = {name: variable for frame in self._frames for name, variable in frame.items()}
        if not seen:
            return "c"
        return "extended(c,{" + ",".join(f"{name}:{variable}" for name, variable in seen.items()) + "})"


def _names_set_in(body: Iterable[nodes.Node]) -> list[str]:
    """Names set directly in a body (an `if` has no scope of its own), each once."""
    names: list[str] = []
    for node in body:
        if isinstance(node, nodes.Assign | nodes.AssignBlock):
            names += [target.name for target in _targets(node.target) if isinstance(target, nodes.Name)]
        elif isinstance(node, nodes.Macro):
            names.append(node.name)
        elif isinstance(node, nodes.Import):
            names.append(node.target)
        elif isinstance(node, nodes.FromImport):
            names += [name if isinstance(name, str) else name[1] for name in node.names]
        elif isinstance(node, nodes.If):
            names += _names_set_in([*node.body, *node.elif_, *node.else_])
    return list(dict.fromkeys(names))


def _targets(target: nodes.Node) -> list[nodes.Node]:
    return target.items if isinstance(target, nodes.Tuple) else [target]
