"""Walk a checked tree in the order in which bash would run it, tracking the directory; list what it would do."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from policies.shell.budget import Budget
from policies.shell.careful import scan_carefully
from policies.shell.expand import Expander
from policies.shell.flow import ANYWHERE, Flow, State, join, widened
from policies.shell.guard import encode
from policies.shell.items import Command, Context, Fixed, Function, Item, Stdin
from policies.shell.outline import CALLED, Located, Spot, spot_of
from policies.shell.redirects import Redirections
from policies.shell.refusal import Unreadable, too_much, unparsable
from policies.shell.scan import scan
from policies.shell.scanned import Scanned
from policies.shell.simple import SimpleCommands, left_out
from policies.shell.tree import STATEMENTS, Tree, parse
from policies.shell.variables import Variables
from policies.verdict import Verdict

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_ITEMS = 5000
MAX_CALLS = 20

_SEPARATORS = frozenset({";", "\n", "{", "}", "(", ")", "do", "done", "$(", "`", "<(", ">(", "else", "``"})
_PUSHED_DOWN = frozenset({"list", "pipeline", "negated_command"})
# What holds statements without being one that could be pointed at.
_TRANSPARENT = _PUSHED_DOWN | {"redirected_statement", "do_group"}
_OUTLIVES = "it may go on after the command has ended"


def items_of(script: str, context: Context, *, home: str, nested: bool = False) -> list[Located]:
    """All that a script would do, in any order of running, each with its place.

    `nested`: a shell runs it that another script started.

    Raises:
        Unreadable: it can't be parsed, or not surely as bash reads it, or is too large.

    """
    raw = encode(script)
    try:
        return _items(scan(raw), context, home, nested=nested)
    except Unreadable as refused:
        if refused.rule != "unparsable":
            raise
        try:
            return _items(scan_carefully(raw), context, home, nested=nested)
        except Unreadable:
            raise refused from None


def _items(scanned: Scanned, context: Context, home: str, *, nested: bool) -> list[Located]:
    tree = parse(scanned)
    # A later assignment may run before an earlier use, in a loop or a function.
    variables = Variables(nested=nested, assigned=set(tree.assigned))
    walker = _Walker(scanned=scanned, home=home, variables=variables, budget=Budget())
    walker.walk(tree, context)
    if walker.heredocs != set(scanned.heredocs):
        raise unparsable("a here-document was not reached")
    walker.items += [Located(item, ()) for item in walker.variables.doubts()]
    return walker.items


@dataclass(slots=True, kw_only=True)
class _Walker:
    scanned: Scanned
    home: str
    variables: Variables
    budget: Budget
    items: list[Located] = field(default_factory=list)
    path: list[Spot] = field(default_factory=list)
    piped: bool = False
    heredocs: set[str] = field(default_factory=set)
    bodies: dict[str, list[tuple[_Walker, Node]]] = field(default_factory=dict)
    calls: dict[str, State] = field(default_factory=dict)
    visited: set[int] = field(default_factory=set)
    descriptors: set[int] = field(default_factory=set)
    inserted: set[int] = field(default_factory=set)
    expander: Expander = field(init=False)
    redirections: Redirections = field(init=False)
    simple: SimpleCommands = field(init=False)

    def __post_init__(self) -> None:
        self.expander = Expander(
            scanned=self.scanned,
            home=self.home,
            emit=self.emit,
            run=self._substitution,
            variables=self.variables,
            budget=self.budget,
        )
        self.redirections = Redirections(
            expander=self.expander,
            emit=self.emit,
            visited=self.visited,
            heredocs=self.heredocs,
            descriptors=self.descriptors,
            within=self._within,
        )
        self.simple = SimpleCommands(
            expander=self.expander,
            emit=self.emit,
            visited=self.visited,
            inserted=self.inserted,
            redirect=self._redirect,
            path=self.path,
        )

    def emit(self, item: Item) -> None:
        """Add to the list."""
        if len(self.items) >= MAX_ITEMS:
            raise too_much(f"it would do more than {MAX_ITEMS} things")
        self.items.append(Located(item, tuple(self.path)))

    def walk(self, tree: Tree, context: Context) -> None:
        """List a whole tree.

        Raises:
            Unreadable: something of it was passed over.

        """
        self.path.append(Spot(-1))
        for item in left_out(self.scanned.keywords, context):
            self.emit(item)
        self.path.pop()
        self._sequence(tree.root, State(cwds=context.cwds, functions=context.functions), context)
        reached = self.descriptors == set(self.scanned.descriptors) and self.inserted == self.scanned.inserted
        if not tree.judged <= self.visited or not reached:
            raise unparsable("a part of it was not reached")

    def _text(self, node: Node) -> str:
        return self.expander.text(node)

    def _sequence(self, node: Node, state: State, context: Context, *, children: list[Node] | None = None) -> Flow:
        flow = Flow(ok=state, fail=state)
        before = state
        previous: Node | None = None
        for child in children if children is not None else node.children:
            if child.is_named:
                before = join(flow.ok, flow.fail) if previous else state
                flow = self._statement(child, before, context)
                previous = child
            elif child.type == "&" and previous is not None:
                text = f"{self.expander.shown(previous)} &"
                self.emit(Fixed(text=text, verdict=Verdict.ASK, rule="background", why=_OUTLIVES))
                flow = Flow(ok=before, fail=before)
            elif child.type not in _SEPARATORS:
                raise unparsable(f"an unexpected {child.type}")
        return flow

    def _statement(self, node: Node, state: State, context: Context, redirects: tuple[Node, ...] = ()) -> Flow:
        self.budget.step()
        if node.type in _TRANSPARENT:
            return self._compound(node, state, self._redirected_by(redirects, state, context, node), redirects)
        self.path.append(spot_of(node, self.scanned, piped=self.piped))
        self.piped = False
        flow = self._compound(node, state, self._redirected_by(redirects, state, context, node), redirects)
        self.path.pop()
        return flow

    def _redirected_by(self, redirects: tuple[Node, ...], state: State, context: Context, node: Node) -> Context:
        if not redirects or node.type in _PUSHED_DOWN:
            return context
        return self._redirects(redirects, state, context, body=node)

    def _compound(self, node: Node, state: State, context: Context, redirects: tuple[Node, ...]) -> Flow:
        match node.type:
            case "list":
                return self._list(node, state, context, redirects)
            case "pipeline":
                return self._pipeline(node, state, context, redirects)
            case "negated_command":
                flow = self._statement(node.named_children[0], state, context, redirects)
                return Flow(ok=flow.fail, fail=flow.ok)
            case "redirected_statement":
                return self._redirected(node, state, context, redirects)
            case kind if kind in STATEMENTS:
                return self._control(node, state, context)
            case _:
                return self._simple(node, state, context, redirects)

    def _control(self, node: Node, state: State, context: Context) -> Flow:
        match node.type:
            case "if_statement" | "elif_clause" | "while_statement":
                return self._conditional(node, state, context)
            case "for_statement" | "c_style_for_statement":
                return self._for(node, state, context)
            case "case_statement":
                return self._case(node, state, context)
            case "function_definition":
                return self._function(node, state, context)
            case "compound_statement" if node.children[0].type == "((":
                self.expander.arithmetic(node, self._here(state, context))
                return Flow(ok=state, fail=state)
            case "subshell":
                self._sequence(node, state, context)
                return Flow(ok=state, fail=state)
            case _:
                return self._sequence(node, state, context)

    def _here(self, state: State, context: Context) -> Context:
        if state.cwds is context.cwds and state.functions is context.functions:
            return context
        return replace(context, cwds=state.cwds, functions=state.functions)

    def _list(self, node: Node, state: State, context: Context, redirects: tuple[Node, ...]) -> Flow:
        left, operator, right = (child for child in node.children if child.type != "\n")
        first = self._statement(left, state, context)
        if operator.type == "&&":
            then = self._statement(right, first.ok, context, redirects)
            return Flow(ok=then.ok, fail=join(first.fail, then.fail))
        then = self._statement(right, first.fail, context, redirects)
        return Flow(ok=join(first.ok, then.ok), fail=then.fail)

    def _pipeline(self, node: Node, state: State, context: Context, redirects: tuple[Node, ...]) -> Flow:
        members = node.named_children
        for member in members:
            self.piped = member.id != members[0].id
            inside = context.fed_by(Stdin.PIPE) if self.piped else context
            self._statement(member, state, inside, redirects if member.id == members[-1].id else ())
        return Flow(ok=state, fail=state)

    def _redirected(self, node: Node, state: State, context: Context, outer: tuple[Node, ...]) -> Flow:
        redirects = (*(child for child in node.named_children if child.type.endswith("_redirect")), *outer)
        bodies = [child for child in node.named_children if not child.type.endswith("_redirect")]
        if len(bodies) > 1:
            raise unparsable("two statements share a redirection")
        if bodies:
            return self._statement(bodies[0], state, context, redirects)
        self._redirects(redirects, state, context, body=None)
        return Flow(ok=state, fail=state)

    def _redirects(self, redirects: tuple[Node, ...], state: State, context: Context, *, body: Node | None) -> Context:
        here = self._here(state, context)
        for redirect in redirects:
            here = self._redirect(redirect, here, extra_allowed=body is not None and body.type == "command")
        return context.fed_by(here.stdin, here.body)

    def _redirect(self, node: Node, context: Context, *, extra_allowed: bool) -> Context:
        self.path.append(Spot(node.start_byte))
        after = self.redirections(node, context, extra_allowed=extra_allowed)
        self.path.pop()
        return after

    def _within(self, scanned: Scanned, context: Context) -> None:
        """List what a here-document's body expands."""
        tree = parse(scanned)
        self.variables.assigned |= tree.assigned
        inner = _Walker(
            scanned=scanned,
            home=self.home,
            variables=self.variables,
            budget=self.budget,
            items=self.items,
            path=self.path,
            heredocs=self.heredocs,
            bodies=self.bodies,
            calls=self.calls,
        )
        inner.walk(tree, context)

    def _conditional(self, node: Node, state: State, context: Context) -> Flow:
        loop = node.type == "while_statement"
        middle = next(at for at, child in enumerate(node.children) if child.type in ("then", "do_group"))
        condition = [child for child in node.children[1:middle] if child.type not in ("then", ";")]
        if loop:
            self._loop_reads(condition)
        defined = self.budget.functions
        flow = self._conditional_once(node, middle, condition, state, context)
        if loop and self._differs(state, flow, defined):
            flow = self._conditional_once(node, middle, condition, widened(state, flow), context)
        return flow

    def _differs(self, state: State, flow: Flow, defined: int) -> bool:
        """Whether a loop's later rounds may do what its first one did not."""
        return not state.covers(join(flow.ok, flow.fail)) or self.budget.functions > defined

    def _conditional_once(self, node: Node, middle: int, condition: list[Node], state: State, context: Context) -> Flow:
        tested = self._sequence(node, state, context, children=condition)
        rest = node.children[middle:]
        clauses = [child for child in rest if child.type in ("elif_clause", "else_clause")]
        body = [child for child in rest if child.type not in ("then", "fi", "elif_clause", "else_clause")]
        inside = join(tested.ok, tested.fail) if node.children[0].type == "until" else tested.ok
        done = self._sequence(node, inside, context, children=body)
        end = join(join(done.ok, done.fail), tested.fail)
        for clause in clauses:
            other = self._statement(clause, tested.fail, context)
            end = join(end, join(other.ok, other.fail))
        return Flow(ok=end, fail=end)

    def _loop_reads(self, condition: list[Node]) -> None:
        for node in condition:
            inner = node.named_children[0] if node.type == "redirected_statement" else node
            texts = self._text(inner).split()
            if inner.type == "command" and "read" in texts:
                self.variables.loops.update(text for text in texts[texts.index("read") + 1 :] if text.isidentifier())

    def _for(self, node: Node, state: State, context: Context) -> Flow:
        here = self._here(state, context)
        if node.type == "for_statement":
            self.simple.loop_variable(node, here)
        else:
            self._for_arithmetic(node, here)
        body = next(child for child in node.named_children if child.type in ("do_group", "compound_statement"))
        defined = self.budget.functions
        flow = self._statement(body, state, context)
        after = join(flow.ok, flow.fail)
        if self._differs(state, flow, defined):
            flow = self._statement(body, widened(state, flow), context)
            after = join(after, join(flow.ok, flow.fail))
        end = join(state, after)
        return Flow(ok=end, fail=end)

    def _for_arithmetic(self, node: Node, context: Context) -> None:
        for child in node.named_children:
            if child.type == "variable_assignment":
                self.simple.assignment(child, context)
            elif child.type not in ("do_group", "compound_statement"):
                self.expander.arithmetic(child, context)

    def _case(self, node: Node, state: State, context: Context) -> Flow:
        here = self._here(state, context)
        end = begin = state
        for child in node.named_children:
            if child.type != "case_item":
                self.expander.inspect(child, here)
                continue
            close = next(at for at, part in enumerate(child.children) if part.type == ")")
            for pattern in child.children[:close]:
                self.expander.inspect(pattern, here)
            body = [part for part in child.children[close + 1 :] if part.type not in (";;", ";&", ";;&")]
            flow = self._sequence(child, begin, context, children=body)
            done = join(flow.ok, flow.fail)
            end = join(end, done)
            begin = join(state, done) if child.children[-1].type in (";&", ";;&") else state
        return Flow(ok=end, fail=end)

    def _function(self, node: Node, state: State, context: Context) -> Flow:
        self.visited.add(node.id)
        name_node, *rest = node.named_children
        name = self.expander.words(name_node, context)[0].text
        self.emit(Function(text=self.expander.shown(node), name=name, context=context))
        body = next(child for child in rest if not child.type.endswith("_redirect"))
        redirects = tuple(child for child in rest if child.type.endswith("_redirect"))
        inside = self._redirects(redirects, state, context, body=None)
        bodies = self.bodies.setdefault(name, [])
        if (self, body) not in bodies:
            bodies.append((self, body))
            self.budget.function()
        self._call(name, body, state, inside)
        defined = replace(state, functions=state.functions | {name})
        return Flow(ok=defined, fail=defined)

    def _call(self, name: str, body: Node, state: State, context: Context) -> Flow:
        outer = self.calls.get(name)
        if outer is not None and outer.covers(state):
            return Flow(ok=replace(state, cwds=ANYWHERE), fail=replace(state, cwds=ANYWHERE))
        if len(self.calls) >= MAX_CALLS:
            raise too_much(f"functions that call each other more than {MAX_CALLS} deep")
        # Another call from within finds it in the state that is worst, so that there is no third.
        self.calls[name] = state if outer is None else widened(outer, Flow(ok=state, fail=state))
        flow = self._statement(body, self.calls[name], context)
        if outer is None:
            del self.calls[name]
        else:
            self.calls[name] = outer
        return flow

    def _simple(self, node: Node, state: State, context: Context, redirects: tuple[Node, ...]) -> Flow:
        command = self.simple.command(node, self._here(state, context), redirects)
        if command is None:
            return Flow(ok=state, fail=state)
        self.emit(command)
        return self._after(command, state, context)

    def _after(self, command: Command, state: State, context: Context) -> Flow:
        name = command.words[0].text if command.words else ""
        flow = state.after(command.words, home=self.home)
        if name not in self.bodies:
            return flow
        self.path.append(CALLED)
        for walker, body in tuple(self.bodies[name]):
            called = walker._call(name, body, state, context.fed_by(command.context.stdin, command.context.body))
            end = join(join(flow.ok, flow.fail), join(called.ok, called.fail))
            flow = Flow(ok=end, fail=end)
        self.path.pop()
        return flow

    def _substitution(self, node: Node, context: Context) -> None:
        self.visited.add(node.id)
        fed = node.type == "process_substitution" and node.children[0].type == ">("
        inside = context.fed_by(Stdin.PIPE) if fed else context
        self._sequence(node, State(cwds=context.cwds, functions=context.functions), inside)
