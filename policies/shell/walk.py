"""Walk a checked tree in the order in which bash would run it, tracking the directory; list what it would do."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from policies.shell.expand import Expander
from policies.shell.flow import ANYWHERE, Flow, State, join
from policies.shell.guard import encode
from policies.shell.items import Command, Context, Fixed, Function, Item, Mention, Redirection, Stdin
from policies.shell.outline import CALLED, Located, Spot, spot_of
from policies.shell.refusal import too_much, unparsable
from policies.shell.scan import Scanned, scan
from policies.shell.simple import SimpleCommands
from policies.shell.tree import STATEMENTS, parse
from policies.verdict import Verdict

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_ITEMS = 5000
MAX_CALLS = 20
MAX_STEPS = 10000
MAX_FUNCTIONS = 50

_SEPARATORS = frozenset({";", "\n", "{", "}", "(", ")", "do", "done", "$(", "`", "<(", ">(", "else", "``"})
_PUSHED_DOWN = frozenset({"list", "pipeline", "negated_command"})
# What holds statements without being one that could be pointed at.
_TRANSPARENT = _PUSHED_DOWN | {"redirected_statement", "do_group"}
_OUTLIVES = "it may go on after the command has ended"


def items_of(script: str, context: Context, *, home: str) -> list[Located]:
    """All that a script would do, in any order of running, each with its place.

    Raises:
        Unreadable: it can't be parsed, or not surely as bash reads it, or is too large.

    """
    scanned = scan(encode(script))
    root, judged = parse(scanned)
    walker = _Walker(scanned=scanned, home=home)
    walker.walk(root, context)
    walker.check(judged)
    return walker.items


@dataclass(slots=True, kw_only=True)
class _Walker:
    scanned: Scanned
    home: str
    items: list[Located] = field(default_factory=list)
    path: list[Spot] = field(default_factory=list)
    piped: bool = False
    visited: set[int] = field(default_factory=set)
    heredocs: set[str] = field(default_factory=set)
    bodies: dict[str, list[Node]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    steps: int = 0
    expander: Expander = field(init=False)
    simple: SimpleCommands = field(init=False)

    def __post_init__(self) -> None:
        self.expander = Expander(source=self.scanned.text, home=self.home, emit=self.emit, run=self._substitution)
        self.simple = SimpleCommands(
            expander=self.expander, emit=self.emit, visited=self.visited, redirect=self._redirect, path=self.path
        )

    def emit(self, item: Item) -> None:
        """Add to the list."""
        if len(self.items) >= MAX_ITEMS:
            raise too_much(f"it would do more than {MAX_ITEMS} things")
        self.items.append(Located(item, tuple(self.path)))

    def walk(self, root: Node, context: Context) -> None:
        """List the whole script."""
        _assignments_ahead(root, self.expander)
        self._sequence(root, State(cwds=context.cwds, functions=context.functions), context)
        if names := sorted(self.expander.computed & self.expander.tainted):
            why = f"arithmetic evaluates what {names[0]} holds, which can't be known and may run commands"
            self.emit(Fixed(text=names[0], verdict=Verdict.ASK, rule="arithmetic", why=why))

    def check(self, judged: frozenset[int]) -> None:
        """Make sure that nothing of the tree was passed over.

        Raises:
            Unreadable: something was.

        """
        if not judged <= self.visited or self.heredocs != set(self.scanned.heredocs):
            raise unparsable("a part of it was not reached")

    def _text(self, node: Node) -> str:
        return self.expander.text(node)

    def _sequence(self, node: Node, state: State, context: Context, *, children: list[Node] | None = None) -> Flow:
        flow = Flow(ok=state, fail=state)
        previous: Node | None = None
        for child in children if children is not None else node.children:
            if child.is_named:
                flow = self._statement(child, join(flow.ok, flow.fail) if previous else state, context)
                previous = child
            elif child.type == "&" and previous is not None:
                self.emit(
                    Fixed(text=f"{self._text(previous)} &", verdict=Verdict.ASK, rule="background", why=_OUTLIVES)
                )
            elif child.type not in _SEPARATORS:
                raise unparsable(f"an unexpected {child.type}")
        return flow

    def _statement(self, node: Node, state: State, context: Context, redirects: tuple[Node, ...] = ()) -> Flow:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise too_much(f"following it takes more than {MAX_STEPS} steps")
        if node.type in _TRANSPARENT:
            return self._compound(node, state, self._redirected_by(redirects, state, context, node), redirects)
        self.path.append(spot_of(node, self.scanned.text, piped=self.piped))
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
            inside = replace(context, stdin=Stdin.PIPE) if self.piped else context
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
        return replace(context, stdin=here.stdin)

    def _redirect(self, node: Node, context: Context, *, extra_allowed: bool) -> Context:
        """List a redirection; the context that comes back has the input it gives."""
        self.visited.add(node.id)
        self.path.append(Spot(node.start_byte))
        after = self._redirection(node, context, extra_allowed=extra_allowed)
        self.path.pop()
        return after

    def _redirection(self, node: Node, context: Context, *, extra_allowed: bool) -> Context:
        if node.type == "herestring_redirect":
            return self._herestring(node, context)
        operator = next(child.type for child in node.children if not child.is_named)
        targets = [child for child in node.named_children if child.type != "file_descriptor"]
        if not targets:
            return context
        if len(targets) > 1 and not extra_allowed:
            # The grammar takes words after a redirection for more targets; bash takes them for the command.
            raise unparsable("words after a redirection that belong to no command; write the redirection last")
        if operator in (">&", "<&") and targets[0].type == "number":
            return context
        if operator == "<" and self._text(targets[0]) in self.scanned.heredocs:
            return self._heredoc(self._text(targets[0]), context)
        for word in self.expander.words(targets[0], context):
            writes = not operator.startswith("<")
            self.emit(Redirection(text=self._text(node), target=word, writes=writes, context=context))
        return context if operator != "<" else replace(context, stdin=Stdin.FILE)

    def _herestring(self, node: Node, context: Context) -> Context:
        mentioned = tuple(self.expander.words(node.named_children[-1], context))
        self.emit(Mention(text=self._text(node), words=mentioned, context=context))
        return replace(context, stdin=Stdin.DATA)

    def _heredoc(self, name: str, context: Context) -> Context:
        heredoc = self.scanned.heredocs[name]
        self.heredocs.add(name)
        if heredoc.code is not None:
            inside = items_of(heredoc.code, replace(context, stdin=Stdin.INHERITED), home=self.home)
            self.items += [Located(item, (*self.path, *path)) for item, path in inside]
        return replace(context, stdin=Stdin.QUOTED_HEREDOC if heredoc.quoted else Stdin.HEREDOC)

    def _conditional(self, node: Node, state: State, context: Context) -> Flow:
        loop = node.type == "while_statement"
        middle = next(at for at, child in enumerate(node.children) if child.type in ("then", "do_group"))
        condition = [child for child in node.children[1:middle] if child.type not in ("then", ";")]
        if loop:
            self._loop_reads(condition)
        flow = self._conditional_once(node, middle, condition, state, context)
        if loop and not flow.ok.cwds <= state.cwds:
            flow = self._conditional_once(node, middle, condition, _again(state, flow), context)
        return flow

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
                self.expander.loops.update(text for text in texts[texts.index("read") + 1 :] if text.isidentifier())

    def _for(self, node: Node, state: State, context: Context) -> Flow:
        here = self._here(state, context)
        if node.type == "for_statement":
            self.simple.loop_variable(node, here)
        else:
            self._for_arithmetic(node, here)
        body = next(child for child in node.named_children if child.type in ("do_group", "compound_statement"))
        flow = self._statement(body, state, context)
        after = join(flow.ok, flow.fail)
        if not after.cwds <= state.cwds:
            flow = self._statement(body, _again(state, flow), context)
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
        end = state
        for child in node.named_children:
            if child.type != "case_item":
                self.expander.inspect(child, here)
                continue
            close = next(at for at, part in enumerate(child.children) if part.type == ")")
            for pattern in child.children[:close]:
                self.expander.inspect(pattern, here)
            body = [part for part in child.children[close + 1 :] if part.type not in (";;", ";&", ";;&")]
            flow = self._sequence(child, state, context, children=body)
            end = join(end, join(flow.ok, flow.fail))
        return Flow(ok=end, fail=end)

    def _function(self, node: Node, state: State, context: Context) -> Flow:
        self.visited.add(node.id)
        name_node, *rest = node.named_children
        name = self.expander.words(name_node, context)[0].text
        self.emit(Function(text=self._text(node), name=name, context=context))
        body = next(child for child in rest if not child.type.endswith("_redirect"))
        redirects = tuple(child for child in rest if child.type.endswith("_redirect"))
        inside = self._redirects(redirects, state, context, body=None)
        self.bodies.setdefault(name, []).append(body)
        if sum(map(len, self.bodies.values())) > MAX_FUNCTIONS:
            raise too_much(f"it defines more than {MAX_FUNCTIONS} functions")
        self._call(name, body, state, inside)
        defined = replace(state, functions=state.functions | {name})
        return Flow(ok=defined, fail=defined)

    def _call(self, name: str, body: Node, state: State, context: Context) -> Flow:
        if len(self.calls) >= MAX_CALLS or name in self.calls:
            return Flow(ok=replace(state, cwds=ANYWHERE), fail=replace(state, cwds=ANYWHERE))
        self.calls.append(name)
        flow = self._statement(body, state, context)
        self.calls.pop()
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
        for body in self.bodies[name]:
            called = self._call(name, body, state, replace(context, stdin=command.context.stdin))
            end = join(join(flow.ok, flow.fail), join(called.ok, called.fail))
            flow = Flow(ok=end, fail=end)
        self.path.pop()
        return flow

    def _substitution(self, node: Node, context: Context) -> None:
        self.visited.add(node.id)
        fed = node.type == "process_substitution" and node.children[0].type == ">("
        inside = replace(context, stdin=Stdin.PIPE) if fed else context
        self._sequence(node, State(cwds=context.cwds, functions=context.functions), inside)


def _again(state: State, flow: Flow) -> State:
    """The state at a loop's later rounds, whose first one moved to another directory."""
    return replace(state, cwds=state.cwds | flow.ok.cwds | flow.fail.cwds | ANYWHERE)


def _assignments_ahead(root: Node, expander: Expander) -> None:
    """Note every assigned name first: a later assignment may run before an earlier use, in a loop or a function."""
    pending = [root]
    while pending:
        node = pending.pop()
        if node.type == "variable_assignment":
            expander.assigned.add(expander.text(node.named_children[0]).partition("[")[0])
        pending += node.named_children
