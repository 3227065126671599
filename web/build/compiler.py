"""Compiles templates to one ES module of plain JavaScript functions: no eval, no parser on the phone.

Jinja2 parses; its syntax tree is turned into functions that use `service_worker/template_runtime.js`.  What
the compiler does not know fails the build with file and line; it never guesses.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from jinja2 import nodes

from .check_templates import parse_templates, stored_names
from .compiler_expressions import literal
from .compiler_statements import Statements
from .page import PageError

# Short names where they stand in nearly every line: a phone reads this text at each start.
RUNTIME = (
    "F,G,Loop,MISSING,T,add,and,asSafe,attribute as at,call,compare as cmp,concat as cat,contains as has,divide,"
    "equal as eq,extended,floorDivide,item as it,items as its,macro,method as on,modulo,multiply,named,negative,or,"
    "power,safe,slice,subtract,text as t,truth as is,unpack"
)


def compile_folder(folder: Path, without: Collection[str] = ()) -> str:
    """The module `templates.gen.js` for a folder of templates.  Raises PageError."""
    trees = {name: tree for name, tree in parse_templates(folder).items() if name not in without}
    return compile_trees(trees, folder)


def compile_trees(trees: dict[str, nodes.Template], folder: Path) -> str:
    templates = [f"{literal(name)}:{compile_template(tree, str(folder / name))}" for name, tree in trees.items()]
    return (
        f"import {{{RUNTIME}}} from '../service_worker/template_runtime.js';\n"
        "export const TEMPLATES={\n" + ",\n".join(templates) + "\n};\n"
    )


def compile_template(tree: nodes.Template, file: str) -> str:
    """{root: what it does itself, parent: its layout's name (asked after root) or null, blocks: by name}."""
    extends = _extends(tree, file)
    statements = Statements(file, is_child=extends is not None)
    statements.expressions.set_names |= stored_names(tree)
    _note_modules(tree, statements)
    body = [node for node in tree.body if node is not extends]
    root = statements.function_body(body, at_top=True)
    parent = statements.expressions.value(extends.template) if extends else "null"
    blocks = [_block(block, statements) for block in tree.find_all(nodes.Block)]
    return f"{{root(env,c,blocks){{{root}}},\nparent(c){{return {parent}}},\nblocks:{{{','.join(blocks)}}}}}"


def _block(block: nodes.Block, statements: Statements) -> str:
    return f"{literal(block.name)}(env,c,blocks,up){{{statements.function_body(block.body)}}}"


def _note_modules(tree: nodes.Template, statements: Statements) -> None:
    """A block may be compiled before the import that it uses is met."""
    statements.expressions.modules |= {node.target for node in tree.find_all(nodes.Import)}


def _extends(tree: nodes.Template, file: str) -> nodes.Extends | None:
    """The template's `extends`: one at most, before any text.  (What it names may depend on a condition.)"""
    found = [node for node in tree.body if isinstance(node, nodes.Extends)]
    if not found:
        return None
    before = tree.body[: tree.body.index(found[0])]
    if len(found) > 1 or any(isinstance(node, nodes.Output) for node in before):
        raise PageError(file, found[0].lineno, "the phone's host cannot run this: text or a second extends beside it")
    return found[0]
