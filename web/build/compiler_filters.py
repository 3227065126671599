"""Jinja2 filters and tests as calls of JavaScript functions; arguments are put in their places here.

A part of the expression compiler: which filter or test it is must be plain at build time.
"""

from __future__ import annotations

from jinja2 import nodes

from .compiler_vocabulary import CHOOSING_FILTERS, FILTER_SYNONYMS, FILTERS, TEST_SYNONYMS, TESTS


class Filters:
    """Mixed into Expressions, whose `value`, `refuse` and `plain_arguments` it uses."""

    def _Filter(self, node: nodes.Filter) -> str:
        value = self.value(node.node) if node.node is not None else "safe(filtered)"
        if node.name in CHOOSING_FILTERS:
            return self._choosing_filter(node, value)
        name = FILTER_SYNONYMS.get(node.name, node.name)
        if name not in FILTERS:
            self.refuse(node, f"the filter {node.name}")
        return f"F.{name}({','.join([value, *self._in_places(node, FILTERS[name])])})"

    def _in_places(self, node: nodes.Filter, parameters: tuple[str, ...] | None) -> list[str]:
        """Arguments by position, named ones in their places."""
        values = [self.value(argument) for argument in self.plain_arguments(node)]
        if parameters is None or len(values) > len(parameters):
            if parameters is not None or node.kwargs:
                self.refuse(node, f"these arguments of the filter {node.name}")
            return values
        places: dict[int, str] = dict(enumerate(values))
        for pair in node.kwargs:
            if pair.key not in parameters:
                self.refuse(node, f"the argument {pair.key} of the filter {node.name}")
            places[parameters.index(pair.key)] = self.value(pair.value)
        return [places.get(place, "undefined") for place in range(max(places, default=-1) + 1)]

    def _choosing_filter(self, node: nodes.Filter, value: str) -> str:
        arguments = list(self.plain_arguments(node))
        kwargs = {pair.key: self.value(pair.value) for pair in node.kwargs}
        if node.name == "map":
            if kwargs:
                if arguments or kwargs.keys() - {"attribute", "default"} or "attribute" not in kwargs:
                    self.refuse(node, "these arguments of the filter map")
                given = [value, kwargs["attribute"], *([kwargs["default"]] if "default" in kwargs else [])]
                return f"F.pluck({','.join(given)})"
            return self._chosen(node, "map", [value], arguments, self._filter_function)
        parts = [value]
        if node.name.endswith("attr"):
            if not arguments:
                self.refuse(node, f"{node.name} without an attribute")
            parts.append(self.value(arguments.pop(0)))
        if kwargs:
            self.refuse(node, f"named arguments of the filter {node.name}")
        return self._chosen(node, node.name, parts, arguments, self._test_function)

    def _chosen(self, node, name: str, parts: list[str], arguments: list, function_of) -> str:
        if arguments:
            chosen, *rest = arguments
            if not isinstance(chosen, nodes.Const) or not isinstance(chosen.value, str):
                self.refuse(node, f"{name} with a filter or test that is only known later")
            parts += [function_of(node, chosen.value), *(self.value(argument) for argument in rest)]
        return f"F.{name}({','.join(parts)})"

    def _filter_function(self, node: nodes.Node, name: str) -> str:
        name = FILTER_SYNONYMS.get(name, name)
        if name not in FILTERS:
            self.refuse(node, f"the filter {name}")
        return f"F.{name}"

    def _test_function(self, node: nodes.Node, name: str) -> str:
        name = TEST_SYNONYMS.get(name, name)
        if name not in TESTS:
            self.refuse(node, f"the test {name}")
        return f"T.{name}"

    def _Test(self, node: nodes.Test) -> str:
        if node.kwargs:
            self.refuse(node, f"named arguments of the test {node.name}")
        values = [self.value(node.node), *(self.value(argument) for argument in self.plain_arguments(node))]
        return f"{self._test_function(node, node.name)}({','.join(values)})"
