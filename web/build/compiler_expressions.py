"""Jinja2 expressions as JavaScript expressions.

JavaScript has null for None and undefined for what is not there.  It has no floats apart from integers: an
expression that would print a float is refused, because Python prints 2.0 where JavaScript prints 2.
"""

from __future__ import annotations

import json

from jinja2 import nodes

from .compiler_filters import Filters
from .compiler_floats import gives_float
from .compiler_scopes import Scopes
from .compiler_vocabulary import GLOBALS, METHODS
from .page import PageError
from .templates import TEXT_FUNCTIONS, TRANSLATED

_COMPARISONS = {
    "eq": "eq({},{})",
    "ne": "!eq({},{})",
    "lt": "(cmp({},{})<0)",
    "lteq": "(cmp({},{})<=0)",
    "gt": "(cmp({},{})>0)",
    "gteq": "(cmp({},{})>=0)",
    "in": "has({1},{0})",
    "notin": "!has({1},{0})",
}
_ARITHMETIC = {
    nodes.Add: "add",
    nodes.Sub: "subtract",
    nodes.Mul: "multiply",
    nodes.Div: "divide",
    nodes.FloorDiv: "floorDivide",
    nodes.Mod: "modulo",
    nodes.Pow: "power",
}
# mappings that every host gives: what they lack is undefined, without asking whether they are there
_ALWAYS_THERE = {"me", "params", "query", "form", "sync"}
_LARGEST_EXACT = 2**53


def literal(value: object) -> str:
    """A constant in JavaScript; texts in single quotes, because HTML is full of double ones."""
    if isinstance(value, str):
        inside = json.dumps(value, ensure_ascii=False)[1:-1]
        return "'" + inside.replace('\\"', '"').replace("'", "\\'") + "'"
    if isinstance(value, list):
        return "[" + ",".join(literal(member) for member in value) + "]"
    return json.dumps(value)


def key(name: str) -> str:
    """A name on the left of a colon in a JavaScript object."""
    return name if name.isidentifier() and name.isascii() and name != "__proto__" else f"[{literal(name)}]"


class Expressions(Filters):
    """Compiles the expressions of one template."""

    def __init__(self, file: str, scopes: Scopes) -> None:
        self.file, self.scopes = file, scopes
        self.modules: set[str] = set()  # names that an import gave
        self.set_names: set[str] = set()  # names that the template sets somewhere

    def refuse(self, node: nodes.Node, why: str):
        lines = (found.lineno for found in [node, *node.find_all(nodes.Node)] if found.lineno)
        raise PageError(self.file, next(lines, 1), f"the phone's host cannot run this: {why}")

    def value(self, node: nodes.Node) -> str:
        compile_node = getattr(self, f"_{type(node).__name__}", None)
        if compile_node is None:
            self.refuse(node, type(node).__name__)
        return compile_node(node)

    def truth(self, node: nodes.Node) -> str:
        """A JavaScript boolean: is the value true in Python's sense?"""
        if isinstance(node, nodes.And):
            return f"({self.truth(node.left)}&&{self.truth(node.right)})"
        if isinstance(node, nodes.Or):
            return f"({self.truth(node.left)}||{self.truth(node.right)})"
        if isinstance(node, nodes.Compare | nodes.Test | nodes.Not):
            return self.value(node)
        return f"is({self.value(node)})"

    def printed(self, node: nodes.Node) -> str:
        """A value on its way into text."""
        if gives_float(node):
            self.refuse(node, "a float prints differently on each host; print it through number()")
        if isinstance(node, nodes.Tuple):
            self.refuse(node, "a tuple cannot be printed; use a list or join")
        if isinstance(node, nodes.Const) and node.value is None:
            self.refuse(node, "none is printed")
        return self.value(node)

    # Atoms

    def _Const(self, node: nodes.Const) -> str:
        if isinstance(node.value, int) and abs(node.value) > _LARGEST_EXACT:
            self.refuse(node, f"{node.value} is larger than 2**53")
        return literal(node.value)

    def _TemplateData(self, node: nodes.TemplateData) -> str:
        return f"safe({literal(node.data)})"

    def _Name(self, node: nodes.Name) -> str:
        if node.name in GLOBALS and not self.scopes.local(node.name):
            return f"G.{node.name}"
        return self.scopes.read(node.name)

    def _List(self, node: nodes.List) -> str:
        return "[" + ",".join(self.value(item) for item in node.items) + "]"

    _Tuple = _List

    def _Dict(self, node: nodes.Dict) -> str:
        return "{" + ",".join(f"{self._key(pair.key)}:{self.value(pair.value)}" for pair in node.items) + "}"

    def _key(self, node: nodes.Node) -> str:
        is_text = isinstance(node, nodes.Const) and isinstance(node.value, str)
        return key(node.value) if is_text else f"[{self.value(node)}]"

    def _Getattr(self, node: nodes.Getattr) -> str:
        if isinstance(node.node, nodes.Name) and node.node.name in _ALWAYS_THERE - self.set_names:
            return f"c.{node.node.name}.{node.attr}"
        return f"at({self.value(node.node)},{literal(node.attr)})"

    def _Getitem(self, node: nodes.Getitem) -> str:
        if isinstance(node.arg, nodes.Slice):
            bounds = (node.arg.start, node.arg.stop, node.arg.step)
            return f"slice({self.value(node.node)},{','.join(self.value(x) if x else 'null' for x in bounds)})"
        return f"it({self.value(node.node)},{self.value(node.arg)})"

    # Operators

    def _Compare(self, node: nodes.Compare) -> str:
        left, parts = self.value(node.expr), []
        for operand in node.ops:
            right = self.value(operand.expr)
            parts.append(_COMPARISONS[operand.op].format(left, right))
            left = right
        return parts[0] if len(parts) == 1 else "(" + "&&".join(parts) + ")"

    def _And(self, node: nodes.And) -> str:
        return f"and({self.value(node.left)},()=>{self._result(node.right)})"

    def _Or(self, node: nodes.Or) -> str:
        return f"or({self.value(node.left)},()=>{self._result(node.right)})"

    def _result(self, node: nodes.Node) -> str:
        compiled = self.value(node)
        return f"({compiled})" if compiled.startswith("{") else compiled

    def _Not(self, node: nodes.Not) -> str:
        return f"!{self.truth(node.node)}"

    def _CondExpr(self, node: nodes.CondExpr) -> str:
        otherwise = self.value(node.expr2) if node.expr2 else "undefined"
        return f"({self.truth(node.test)}?{self.value(node.expr1)}:{otherwise})"

    def _Concat(self, node: nodes.Concat) -> str:
        return f"cat({','.join(self.printed(part) for part in node.nodes)})"

    def _Neg(self, node: nodes.Neg) -> str:
        return f"negative({self.value(node.node)})"

    def _Pos(self, node: nodes.Pos) -> str:
        return self.value(node.node)

    def _arithmetic(self, node: nodes.BinExpr) -> str:
        return f"{_ARITHMETIC[type(node)]}({self.value(node.left)},{self.value(node.right)})"

    _Add = _Sub = _Mul = _Div = _FloorDiv = _Mod = _Pow = _arithmetic

    # Calls

    def _Call(self, node: nodes.Call, caller: str = "") -> str:
        target = node.node
        if isinstance(target, nodes.Name) and not self.scopes.local(target.name):
            if target.name == "super":
                return "safe(up())"
            if target.name in TEXT_FUNCTIONS and not caller:
                return self._text_function(node, target.name)
            if target.name in ("namespace", "dict"):
                return f"G.{target.name}({self.named(node)})"
        if isinstance(target, nodes.Getattr):
            return self._method(node, target, caller)
        name = literal(getattr(target, "name", "this"))
        return f"call({','.join([self.value(target), name, *self.arguments(node, caller)])})"

    def _text_function(self, node: nodes.Call, name: str) -> str:
        if node.kwargs and name not in TRANSLATED:
            self.refuse(node, f"{name}() takes its arguments by position")
        arguments = self.plain_arguments(node)
        texts = arguments[: TRANSLATED.get(name, 0)]
        if not all(isinstance(text, nodes.Const) for text in texts):
            self.refuse(node, f"{name}() translates only texts that stand in the template")
        values = [self.value(argument) for argument in arguments]
        if node.kwargs:
            values.append(self.named(node))
        return f"c.{name}({','.join(values)})"

    def _method(self, node: nodes.Call, target: nodes.Getattr, caller: str) -> str:
        is_module = isinstance(target.node, nodes.Name) and target.node.name in self.modules
        if not is_module and target.attr not in METHODS:
            self.refuse(node, f"the method .{target.attr}()")
        if not is_module and node.kwargs:
            self.refuse(node, f".{target.attr}() takes its arguments by position")
        parts = [self.value(target.node), literal(target.attr), *self.arguments(node, caller)]
        return f"on({','.join(parts)})"

    def arguments(self, node, caller: str = "") -> list[str]:
        """The arguments of a call to something that may be a macro: named ones travel as one Named."""
        values = [self.value(argument) for argument in self.plain_arguments(node)]
        if node.kwargs or caller:
            values.append(f"named({self.named(node, caller)})")
        return values

    def plain_arguments(self, node) -> list[nodes.Expr]:
        if node.dyn_args or node.dyn_kwargs:
            self.refuse(node, "*arguments and **arguments")
        return node.args

    def named(self, node, caller: str = "") -> str:
        pairs = [f"{key(pair.key)}:{self.value(pair.value)}" for pair in node.kwargs]
        if caller:
            pairs.append(f"caller:{caller}")
        return "{" + ",".join(pairs) + "}"
