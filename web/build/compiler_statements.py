"""Jinja2 statements as JavaScript statements: each adds to `o`, the text so far."""

from __future__ import annotations

from contextlib import contextmanager

from jinja2 import nodes

from .compiler_expressions import Expressions, literal
from .compiler_scopes import Scopes

_SPECIAL_ARGUMENTS = ("caller", "kwargs", "varargs")


class Statements:
    """Compiles the statements of one template."""

    def __init__(self, file: str, is_child: bool) -> None:
        self.scopes = Scopes()
        self.expressions = Expressions(file, self.scopes)
        self.is_child = is_child
        self.lines: list[str] = []

    def function_body(self, body: list[nodes.Node], at_top: bool = False) -> str:
        """The inside of a function that returns the text of a body; at_top: what it sets goes to the context."""
        with self._elsewhere() as lines:
            if at_top:
                self.add(body)
            else:
                self._add_in_frame({}, body)
        return _function_of(lines)

    def add(self, body: list[nodes.Node]) -> None:
        for node in body:
            add_node = getattr(self, f"_{type(node).__name__}", None)
            if add_node is None:
                self.expressions.refuse(node, type(node).__name__)
            add_node(node)

    def _add_in_frame(self, given: dict[str, str], body: list[nodes.Node]) -> None:
        with self.scopes.frame(given, body) as declared:
            for variable, outside in declared:
                self._line(f"let {variable}={outside};")
            self.add(body)

    def _line(self, line: str) -> None:
        self.lines.append(line)

    def _print(self, expression: str) -> None:
        """Adds to the text; what stands side by side is added at once."""
        if self.lines and self.lines[-1].startswith("o+="):
            self.lines[-1] = f"{self.lines[-1][:-1]}+{expression};"
        else:
            self.lines.append(f"o+={expression};")

    @contextmanager
    def _elsewhere(self):
        """Lines go to a list of their own: the inside of a function."""
        outer, self.lines = self.lines, []
        try:
            yield self.lines
        finally:
            self.lines = outer

    # Text and choices

    def _Output(self, node: nodes.Output) -> None:
        parts = []
        for part in node.nodes:
            if isinstance(part, nodes.TemplateData):
                parts.append(literal(part.data))
            else:
                parts.append(f"t({self.expressions.printed(part)})")
        self._print("+".join(parts))

    def _If(self, node: nodes.If) -> None:
        self._line(f"if({self.expressions.truth(node.test)}){{")
        self.add(node.body)
        for other in node.elif_:
            self._line(f"}}else if({self.expressions.truth(other.test)}){{")
            self.add(other.body)
        if node.else_:
            self._line("}else{")
            self.add(node.else_)
        self._line("}")

    # Loops

    def _For(self, node: nodes.For) -> None:
        if node.recursive:
            self.expressions.refuse(node, "a recursive loop")
        items = self.scopes.fresh("items")
        targets = node.target.items if isinstance(node.target, nodes.Tuple) else [node.target]
        given = {target.name: self.scopes.fresh(f"{target.name}_") for target in targets}
        pattern = ",".join(given.values())
        pattern = f"[{pattern}]" if isinstance(node.target, nodes.Tuple) else pattern
        self._line(f"const {items}={self._loop_items(node, given, pattern)};")
        if _uses_loop(node.body):
            loop = self.scopes.fresh("loop")
            self._line(f"const {loop}=new Loop({items});")
            self._line(f"for(let {pattern} of {items}){{{loop}.index0++;")
            given = {**given, "loop": loop}
        else:
            self._line(f"for(let {pattern} of {items}){{")
        self._add_in_frame(given, node.body)
        self._line("}")
        if node.else_:
            self._line(f"if(!{items}.length){{")
            self._add_in_frame({}, node.else_)
            self._line("}")

    def _loop_items(self, node: nodes.For, given: dict[str, str], pattern: str) -> str:
        items = f"its({self.expressions.value(node.iter)})"
        if not node.test:
            return items
        with self.scopes.frame(given):
            return f"{items}.filter(({pattern})=>{self.expressions.truth(node.test)})"

    # Names

    def _Assign(self, node: nodes.Assign) -> None:
        self._assign(node.target, self.expressions.value(node.node))

    def _AssignBlock(self, node: nodes.AssignBlock) -> None:
        captured = f"(()=>{{{self.function_body(node.body)}}})()"
        if node.filter is None:
            self._assign(node.target, f"safe({captured})")
        else:
            filtered = self.expressions.value(node.filter)
            self._assign(node.target, f"(filtered=>asSafe({filtered}))({captured})")

    def _assign(self, target: nodes.Node, value: str) -> None:
        if isinstance(target, nodes.Name):
            self._line(f"{self.scopes.read(target.name)}={value};")
        elif isinstance(target, nodes.NSRef):
            self._line(f"{self.scopes.read(target.name)}.{target.attr}={value};")
        elif isinstance(target, nodes.Tuple):
            parts = self.scopes.fresh("parts")
            self._line(f"const {parts}=unpack({value},{len(target.items)});")
            for place, part in enumerate(target.items):
                self._assign(part, f"{parts}[{place}]")
        else:
            self.expressions.refuse(target, "setting this")

    def _With(self, node: nodes.With) -> None:
        values = [self.expressions.value(value) for value in node.values]
        given = {target.name: self.scopes.fresh(f"{target.name}_") for target in node.targets}
        self._line("{")
        for variable, value in zip(given.values(), values, strict=True):
            self._line(f"let {variable}={value};")
        self._add_in_frame(given, node.body)
        self._line("}")

    def _FilterBlock(self, node: nodes.FilterBlock) -> None:
        captured = f"(()=>{{{self.function_body(node.body)}}})()"
        self._print(f"t((filtered=>{self.expressions.value(node.filter)})({captured}))")

    # Macros

    def _Macro(self, node: nodes.Macro) -> None:
        self._assign(nodes.Name(node.name, "store"), self._macro(node, node.name))

    def _CallBlock(self, node: nodes.CallBlock) -> None:
        caller = self._macro(node, "caller")
        self._print(f"t({self.expressions._Call(node.call, caller)})")

    def _macro(self, node: nodes.Macro | nodes.CallBlock, name: str) -> str:
        """macro(name, parameters, how many have defaults, which special arguments it uses, function)."""
        parameters = {argument.name: self.scopes.fresh(f"{argument.name}_") for argument in node.args}
        used = {found.name for statement in node.body for found in statement.find_all(nodes.Name)}
        special = [word for word in _SPECIAL_ARGUMENTS if word in used and word not in parameters]
        variables = {word: f"special.{word}" for word in special}
        with self._elsewhere() as lines, self.scopes.frame({**parameters, **variables}):
            for argument, default in zip(node.args[len(node.args) - len(node.defaults) :], node.defaults, strict=True):
                variable = parameters[argument.name]
                self._line(f"if({variable}===MISSING){variable}={self.expressions.value(default)};")
            self._add_in_frame({}, node.body)
        arguments = ",".join([f"[{','.join(parameters.values())}]", *(["special"] if special else [])])
        inside = _function_of(lines)
        return (
            f"macro({literal(name)},{literal(list(parameters))},{len(node.defaults)},{literal(special)},"
            f"({arguments})=>{{{inside}}})"
        )

    # Other templates

    def _Include(self, node: nodes.Include) -> None:
        context = self.scopes.context() if node.with_context else "null"
        template = self.expressions.value(node.template)
        self._print(f"env.include({template},{context},{'true' if node.ignore_missing else 'false'})")

    def _Import(self, node: nodes.Import) -> None:
        self.expressions.modules.add(node.target)
        self._assign(nodes.Name(node.target, "store"), self._module(node))

    def _FromImport(self, node: nodes.FromImport) -> None:
        module = self.scopes.fresh("module")
        self._line(f"const {module}={self._module(node)};")
        for name in node.names:
            theirs, ours = (name, name) if isinstance(name, str) else name
            self._assign(nodes.Name(ours, "store"), f"at({module},{literal(theirs)})")

    def _module(self, node: nodes.Import | nodes.FromImport) -> str:
        context = self.scopes.context() if node.with_context else "null"
        return f"env.module({self.expressions.value(node.template)},{context})"

    def _Scope(self, node: nodes.Scope) -> None:
        self.expressions.refuse(node, "an autoescape block")

    def _Extends(self, node: nodes.Extends) -> None:
        self.expressions.refuse(node, "extends that is not the template's first statement")

    def _Block(self, node: nodes.Block) -> None:
        if node.required:
            self.expressions.refuse(node, "a required block")
        if not self.is_child:
            context = self.scopes.context() if node.scoped else "c"
            self._print(f"env.block({literal(node.name)},{context},blocks)")


def _function_of(lines: list[str]) -> str:
    return "\n".join(["let o='';", *lines, "return o"])


def _uses_loop(body: list[nodes.Node]) -> bool:
    """Does a loop's body look at `loop`?  A part that it includes, or a scoped block, may."""
    for node in body:
        if any(found.name == "loop" for found in node.find_all(nodes.Name)):
            return True
        if isinstance(node, nodes.Include | nodes.Block) or node.find((nodes.Include, nodes.Block)):
            return True
    return False
