"""Judge a script: every command, redirection and assignment in it, each by the rules and by what its program does."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from policies.engine.arguments import Arguments, parse_arguments, roles_of
from policies.engine.call import Call
from policies.engine.catalogue import Program, family_of, find_program
from policies.engine.checks import CHECKS, SELF_JUDGED
from policies.engine.names import BUILTINS, Named, name_of
from policies.engine.pathjudge import PathJudge, at_home
from policies.engine.scripts import scripts_of
from policies.paths import HOME, WORKSPACE, is_inside, resolve
from policies.rules import Finding, RuleBook, fixed
from policies.shell.items import Assignment, Command, Context, Fixed, Function, Item, Mention, Redirection
from policies.shell.outline import INNER, Entry, Path, ScriptDecision, leads
from policies.shell.refusal import Unreadable
from policies.shell.walk import items_of
from policies.shell.words import UNKNOWN, Known, Word, typed
from policies.verdict import Decision, Verdict

MAX_DEPTH = 12
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# `*.py` is everyday; that a file's name begins with a dash and ends so is left to whoever made it.
_BY_ENDING = re.compile(r"\*(?:\.\w+)+")


def scripts_named(book: RuleBook, script: str, *, cwd: str) -> tuple[str | None, ...]:
    """The absolute paths of the code that a script's commands name, None for what can't be known; raises nothing."""
    judge = _Judge(book=book, paths=PathJudge(book=book), role="", scripts=[])
    try:
        judge.nested(script, Context(cwds=frozenset({cwd})), 0)
    except Exception:  # noqa: BLE001 - what can't be judged does not run
        return (None,)
    return tuple(dict.fromkeys(judge.scripts or ()))


def judge_script(book: RuleBook, script: str, *, role: str, cwd: str) -> Decision:
    """The decision on a script. Raises nothing that a script could cause."""
    judge = _Judge(book=book, paths=PathJudge(book=book), role=role)
    try:
        judge.nested(script, Context(cwds=frozenset({cwd})), 0)
    except Unreadable as refused:
        found = fixed(Verdict.DENY, refused.rule, refused.why, instead=refused.instead)
        return Decision(parts=(found.part(script),))
    except Exception as error:  # noqa: BLE001 - whatever goes wrong while judging, the command must not run
        why = f"judging it failed: {type(error).__name__}"
        return Decision(parts=(fixed(Verdict.DENY, "internal", why).part(script),))
    if not judge.entries:
        return Decision(parts=(fixed(Verdict.ALLOW, "nothing", "it does nothing").part(script),))
    return ScriptDecision.of(judge.entries)


def findings_in(book: RuleBook, script: str, *, role: str, cwd: str) -> list[list[Finding]]:
    """All that was found about each part of a script; nothing where it can't be read. Raises nothing."""
    judge = _Judge(book=book, paths=PathJudge(book=book), role=role)
    try:
        judge.nested(script, Context(cwds=frozenset({cwd})), 0)
    except Exception:  # noqa: BLE001 - the decision says what is wrong
        return []
    return judge.found


@dataclass(slots=True, kw_only=True)
class _Judge:
    book: RuleBook
    paths: PathJudge
    role: str
    entries: list[Entry] = field(default_factory=list)
    path: Path = ()
    found: list[list[Finding]] = field(default_factory=list)
    scripts: list[str | None] | None = None
    """The code that commands name, where it is noted."""

    def nested(self, script: str, context: Context, depth: int) -> None:
        """Judge a script that stands within another."""
        if depth > MAX_DEPTH:
            raise Unreadable("limits", f"scripts within scripts, more than {MAX_DEPTH} deep")
        outer = self.path
        around = (*outer, INNER) if outer else outer
        for located in items_of(script, context, home=HOME, nested=depth > 0):
            self.path = (*around, *located.path)
            findings = self._item(located.item, depth)
            self.found.append(findings)
            part = _strictest(findings).part(located.item.text)
            # A word that is only mentioned does nothing; it is a part where something speaks against it.
            if part.verdict is not Verdict.ALLOW or not isinstance(located.item, Mention):
                self.entries.append(Entry(part, self.path, leads(located)))
        self.path = outer

    def _item(self, item: Item, depth: int) -> list[Finding]:
        match item:
            case Command():
                return self._command(item.words, item.context, depth)
            case Redirection():
                return self._redirection(item)
            case Assignment():
                return self.variable(item.name, item.values, item.context)
            case Mention():
                return [finding for word in item.words for finding in self.paths.mentioned(word, item.context)]
            case Function():
                return self._function(item)
            case Fixed():
                return [fixed(item.verdict, item.rule, item.why)]

    def _redirection(self, item: Redirection) -> list[Finding]:
        findings = self.paths.mentioned(item.target, item.context)
        if item.writes:
            return findings + self.paths.written(item.target, item.context)
        findings += self.paths.read(item.target, item.context)
        if item.target.known is Known.NOT:
            findings.append(fixed(Verdict.ASK, "dynamic-argument", "what it reads can't be known before it runs"))
        return findings

    def _function(self, item: Function) -> list[Finding]:
        taken = item.name in BUILTINS or find_program(item.name) is not None
        if taken or any(item.name in layer.rules for layer in self.book.layers):
            return [fixed(Verdict.DENY, "shadowing", f"the function hides the command {item.name!r}")]
        return []

    def variable(self, name: str, values: Sequence[Word], context: Context) -> list[Finding]:
        """Judge a variable that is set."""
        if not _VARIABLE.fullmatch(name) and not name.startswith("BASH_FUNC_"):
            return [fixed(Verdict.DENY, "dynamic-name", "which variable it sets can't be known")]
        findings = [finding for word in values for finding in self.paths.mentioned(word, context)]
        if (found := self.book.glob("env", name)) is not None:
            findings.append(replace(found, why=f"{name} changes how programs run" if not found.why else found.why))
        if name == "PYTHONPATH" and not all(_inside_workspace(word, context) for word in values):
            why = "it lets python load code from outside of the workspace"
            findings.append(fixed(Verdict.ASK, "PYTHONPATH", why))
        return findings

    def command(self, words: Sequence[Word], context: Context, depth: int) -> list[Finding]:
        """Judge a command that another one runs; nothing is left to find, since it is a part of its own."""
        outer = self.path
        self.path = (*outer, INNER)
        findings = self._command(words, context, depth)
        self.found.append(findings)
        part = _strictest(findings).part(typed(words))
        self.entries.append(Entry(part, self.path, leads=True))
        self.path = outer
        return []

    def _command(self, words: Sequence[Word], context: Context, depth: int) -> list[Finding]:
        if not words:
            return []
        if depth > MAX_DEPTH:
            return [fixed(Verdict.DENY, "limits", f"commands within commands, more than {MAX_DEPTH} deep")]
        named = name_of(words[0], context)
        if isinstance(named, Finding):
            return [named]
        if self.scripts is not None:
            self.scripts += scripts_of(named, words, context)
        findings = [finding for word in words[1:] for finding in self.paths.mentioned(word, context)]
        if words[0].text in context.functions:
            return findings
        program = find_program(named.bare) if not named.local else None
        if program is None:
            return findings + self._unlisted(named, words, context)
        return findings + self._listed(named, program, words, context, depth)

    def _unlisted(self, named: Named, words: Sequence[Word], context: Context) -> list[Finding]:
        findings = [self.book.command(named.names, [_texts(words[1:])], self.role)]
        plain = unicodedata.normalize("NFKC", named.bare)
        if plain != named.bare and (self.book.names(plain, self.role) or find_program(plain) is not None):
            findings.append(fixed(Verdict.DENY, "disguise", f"{named.bare!r} is {plain!r} in other letters"))
        findings += [finding for word in words[1:] for finding in self.paths.read(word, context)]
        return findings + _dynamic(words[1:], "")

    def _listed(
        self, named: Named, program: Program, words: Sequence[Word], context: Context, depth: int
    ) -> list[Finding]:
        names = named.names | family_of(named.bare, program)
        parsed = parse_arguments(program, words[1:])
        call = Call(name=named.bare, program=program, words=tuple(words), parsed=parsed, context=context, depth=depth)
        if program.check in SELF_JUDGED:
            return SELF_JUDGED[program.check](self, call, names)
        candidates = [_texts(words[1:])]
        if program.subcommands and parsed.operands:
            candidates.append(_texts(parsed.operands))
        return [self.book.command(names, candidates, self.role), *self._effects(call)]

    def arguments(self, program: Program, words: Sequence[Word], context: Context, depth: int) -> list[Finding]:
        """Judge what a program's arguments do."""
        parsed = parse_arguments(program, words)
        given = (Word(program.name), *words)
        return self._effects(
            Call(name=program.name, program=program, words=given, parsed=parsed, context=context, depth=depth)
        )

    def _effects(self, call: Call) -> list[Finding]:
        program, parsed, context = call.program, call.parsed, call.context
        findings: list[Finding] = []
        if program.at_least:
            findings.append(_stated(program.at_least, program.name))
        findings += _unknown_options(program, parsed)
        if program.argument_files and any(word.text.startswith("@") for word in call.words[1:]):
            findings.append(fixed(Verdict.ASK, f"{program.name} @", "it reads further arguments from a file"))
        for name, option, value in parsed.options:
            findings += self._option(f"{program.name} {name}", option.effect, value, context)
        if program.subcommands and parsed.operands:
            findings += self._subcommand(call)
        else:
            findings += self._operands(program, parsed, context)
            free = [(name, value) for name, option, value in parsed.options if option.effect == "free" and value]
            findings += _dynamic([word for word in call.words[1:] if not _carries(word, free)], program.dynamic)
            findings += _glob_options(program, call.words[1:], parsed)
        if program.check:
            findings += CHECKS[program.check](self, call)
        return findings

    def _subcommand(self, call: Call) -> list[Finding]:
        name, *rest = call.parsed.operands
        inner = call.program.subcommands.get(name.text)
        if inner is None:
            why = f"what {name.text!r} does with its arguments is not known"
            return [fixed(Verdict.ASK, "unknown-subcommand", why), *_dynamic(call.parsed.operands, "")]
        parsed = parse_arguments(inner, rest)
        words = (Word(inner.name), *rest)
        outer = [word for word in call.words[1:] if word not in call.parsed.operands]
        inside = Call(name=call.name, program=inner, words=words, parsed=parsed, context=call.context, depth=call.depth)
        return _dynamic(outer, "") + self._effects(inside)

    def _option(self, name: str, effect: str, value: Word | None, context: Context) -> list[Finding]:
        if effect.startswith(("ask", "deny")):
            return [_stated(effect, name)]
        return self._role(effect, value, context) if value is not None else []

    def _operands(self, program: Program, parsed: Arguments, context: Context) -> list[Finding]:
        shape = program.operands
        if program.first and parsed.given(*program.first):
            shape = shape[1:]
        roles = roles_of(shape, parsed.operands)
        return [finding for role, word in roles for finding in self._role(role, word, context)]

    def _role(self, role: str, word: Word, context: Context) -> list[Finding]:
        match role:
            case "read":
                return self.paths.read(word, context)
            case "write":
                return self.paths.written(word, context)
            case "delete":
                return self.paths.written(word, context, delete=True)
            case "into":
                return self.paths.written(word, context, into=True)
            case _:
                return []


def _strictest(findings: Sequence[Finding]) -> Finding:
    allowed = fixed(Verdict.ALLOW, "nothing", "nothing speaks against it")
    return max(findings, key=lambda finding: finding.verdict.strictness, default=allowed)


def _texts(words: Sequence[Word]) -> tuple[str, ...]:
    return tuple(word.text for word in words)


def _stated(effect: str, name: str) -> Finding:
    verdict, _, why = effect.partition(": ")
    return fixed(Verdict(verdict), name, why or "a human decides about it")


def _unknown_options(program: Program, parsed: Arguments) -> list[Finding]:
    return [
        fixed(
            Verdict.ASK, "unknown-option", f"what {word.text.partition('=')[0]!r} does to {program.name} is not known"
        )
        for word in parsed.unknown
    ]


def _dynamic(words: Sequence[Word], exempt: str) -> list[Finding]:
    """Ask about an argument that can't be known, unless its program is exempt: for `any`, or for one from a `loop`."""
    bound = {"any": Known.NOT, "loop": Known.LOOP}.get(exempt, Known.NUMBER)
    if all(word.known <= bound for word in words):
        return []
    return [fixed(Verdict.ASK, "dynamic-argument", "an argument can't be known before it runs", instead="write it out")]


def _carries(word: Word, options: Sequence[tuple[str, Word]]) -> bool:
    """Whether a word is the value of one of the options, or the option with its value attached."""
    for name, value in options:
        given, equals, attached = word.text.partition("=")
        # The very word: another that is not known either may be an option.
        if word is value or (equals and name.startswith("--") and name.startswith(given) and attached == value.text):
            return True
        if word.text.startswith("-") and len(name) == 2 and word.text.endswith(f"{name[1]}{value.text}"):
            return True
    return False


def _glob_options(program: Program, words: Sequence[Word], parsed: Arguments) -> list[Finding]:
    if not program.risky or parsed.ended == 0:
        return []
    if any(word.glob and word.text[:1] in "*?[" and not _BY_ENDING.fullmatch(word.text) for word in words):
        why = "a file's name could be taken for an option"
        return [fixed(Verdict.ASK, "glob", why, instead="put -- or ./ before the wildcard")]
    return []


def _inside_workspace(word: Word, context: Context) -> bool:
    paths = [resolve(at_home(piece), cwd) for piece in word.text.split(":") for cwd in context.cwds]
    return UNKNOWN not in word.text and all(path is not None and is_inside(path, WORKSPACE) for path in paths)
