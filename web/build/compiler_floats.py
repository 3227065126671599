"""Which expressions give a float in Python, as far as can be seen: they may not be printed as they are."""

from __future__ import annotations

from jinja2 import nodes

_ARITHMETIC = (nodes.Add, nodes.Sub, nodes.Mul, nodes.Pow, nodes.FloorDiv)


def gives_float(node: nodes.Node) -> bool:
    """Python prints 2.0 where JavaScript prints 2, and JavaScript cannot tell the two apart."""
    if isinstance(node, nodes.Const):
        return isinstance(node.value, float)
    if isinstance(node, nodes.Mod):
        return not _is_text(node.left) and (gives_float(node.left) or gives_float(node.right))
    if isinstance(node, (*_ARITHMETIC, nodes.And, nodes.Or)):
        return gives_float(node.left) or gives_float(node.right)
    if isinstance(node, nodes.Neg | nodes.Pos):
        return gives_float(node.node)
    if isinstance(node, nodes.CondExpr):
        return gives_float(node.expr1) or (node.expr2 is not None and gives_float(node.expr2))
    return isinstance(node, nodes.Div) or (isinstance(node, nodes.Filter) and node.name in ("float", "round"))


def _is_text(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Const) and isinstance(node.value, str)
