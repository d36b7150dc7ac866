"""An answer that is kept: the rule that would have allowed what is asked, offered if it is safe, and written down."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from agents.redact import MARK, Redactor
from orchestrator.errors import UsageProblem
from orchestrator.tightening.examples import is_plain, next_to
from orchestrator.tightening.judged import JudgedRun
from orchestrator.tightening.policy_file import FILE, PolicyOnDisk
from orchestrator.tightening.replay import Replay
from orchestrator.tightening.rule_text import RuleText, lines_of
from orchestrator.tightening.splice import with_rule
from policies.generalise import generalised, is_needed, script_of
from policies.loader import load_policy, read_disk
from policies.lookups import Lookup, examine
from policies.policy import Policy
from policies.problems import DocumentError
from policies.shape import Shape, merged
from policies.verdict import Part, Verdict

NEW_FILE = "version: 1\nextends: standard\n"
MOST_EXAMPLES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked, in which run, under which layers; `named` is the policy that its plan names, if it does."""

    run: str
    task: str
    role: str
    subject: str
    parts: Sequence[Part]
    layers: Mapping[str, str]
    named: str | None = None
    about: str = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoRule:
    """No rule can be offered, and why."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Permitted:
    """A past command that was not simply allowed, and would be."""

    subject: str
    verdict: Verdict
    run: str
    task: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A rule that allows what is asked, and the file with it."""

    asked: Asked
    lines: Sequence[str]
    file: PolicyOnDisk
    before: str | None
    after: str
    present: Policy
    policy: Policy
    scripts: Sequence[str] = ()
    """Files of the workspace that the rule lets run, whatever is in them."""

    def permitted(self, runs: Iterable[JudgedRun]) -> Iterator[Permitted]:
        """What else of past runs would run unasked with the rule, and would not without; each text once."""
        present, new = Replay(self.present), Replay(self.policy)
        seen = {self.asked.subject}
        for run in runs:
            for act in run.acts:
                if act.verdict is Verdict.ALLOW or act.tool != "shell" or act.subject in seen:
                    continue
                if new.decision(act).verdict is Verdict.ALLOW and present.decision(act).verdict is not Verdict.ALLOW:
                    seen.add(act.subject)
                    yield Permitted(subject=act.subject, verdict=act.verdict, run=act.run, task=act.task)

    def keep(self) -> None:
        """Write the rule into the file; raises UsageProblem where that is not possible any more."""
        self.file.replace(self.before, self.after)


def offer(asked: Asked, file: PolicyOnDisk, *, redactor: Redactor) -> Offer | NoRule:
    """The rule for what is asked; or why none can be offered."""
    try:
        return _offer(asked, file, redactor)
    except UsageProblem as problem:
        return NoRule(why=str(problem))
    except DocumentError as error:
        first = error.problems[0]
        return NoRule(why=f"{first.file}:{first.line}: {first.message}")


def _offer(asked: Asked, file: PolicyOnDisk, redactor: Redactor) -> Offer | NoRule:
    if (why := _out_of_reach(asked, redactor)) is not None:
        return NoRule(why=why)
    examined = examine(Policy.from_layers(asked.layers), asked.subject, role=asked.role)
    if [(part.text, part.verdict) for part in examined.decision.parts] != [(p.text, p.verdict) for p in asked.parts]:
        return NoRule(why="a rule on commands is not what asks about it")
    wanted = [lookup for lookup in examined.lookups if is_needed(lookup) and _asks(lookup)]
    shapes = [generalised(lookup) for lookup in wanted]
    if not wanted:
        return _built_in(examined.decision.deciding)
    if None in shapes:
        return NoRule(why="it takes code in an argument, or holds words that no rule can mean as they are")
    before = file.read()
    present = _loaded(before, file) if before is not None else load_policy("standard")
    if present.judge_command(asked.subject, role=asked.role).verdict is Verdict.ALLOW:
        return NoRule(why=f"{FILE} allows it already; it holds in runs from the commit that has it")
    safe = merged(filter(None, shapes))
    rule = _rule(asked, safe)
    base = before if before is not None else NEW_FILE
    draft = _loaded(with_rule(base, list(lines_of(rule)), file=FILE), file)
    decision = draft.judge_command(asked.subject, role=asked.role)
    if decision.verdict is not Verdict.ALLOW:
        return _built_in(decision.deciding)
    lines = list(lines_of(_with_examples(rule, draft, asked, safe, wanted)))
    after = with_rule(base, lines, file=FILE)
    return Offer(
        asked=asked,
        lines=lines,
        file=file,
        before=before,
        after=after,
        present=present,
        policy=_loaded(after, file),
        scripts=[script for shape in safe if (script := script_of(shape)) is not None],
    )


def _out_of_reach(asked: Asked, redactor: Redactor) -> str | None:
    if asked.about != "command":
        return "what may land is for the rules on changes"
    if asked.named not in (None, FILE):
        return f"the plan names the policy {asked.named}, so {FILE} would not be read"
    if redactor.finds(asked.subject) or MARK.search(asked.subject):
        return "it holds a secret, which no file should"
    return None


def _asks(lookup: Lookup) -> bool:
    return lookup.rule is None or lookup.rule.verdict is Verdict.ASK


def _built_in(part: Part) -> NoRule:
    place = f" ({part.file}:{part.line})" if part.line else ""
    return NoRule(why=f"{part.rule}{place} holds whatever a rule allows")


def _loaded(text: str, file: PolicyOnDisk) -> Policy:
    def read(name: str) -> bytes:
        if name == FILE:
            return text.encode()
        return read_disk(name if name.startswith(("/", "~")) else str(file.top / name))

    return load_policy(FILE, reader=read)


def _rule(asked: Asked, shapes: Sequence[Shape]) -> RuleText:
    return RuleText(
        verdict=Verdict.ALLOW,
        patterns=[(shape.text, "") for shape in shapes],
        comment=[f"asked for by {asked.task} of {asked.run}"],
        why="a human allowed it for good",
    )


def _with_examples(
    rule: RuleText, policy: Policy, asked: Asked, shapes: Sequence[Shape], lookups: Sequence[Lookup]
) -> RuleText:
    def holds(text: str, *, accepted: bool) -> bool:
        verdict = policy.judge_command(text, role="editor").verdict
        return is_plain(text) and (verdict is Verdict.ALLOW) == accepted

    spelt = [shlex.join([lookup.name, *lookup.candidates[0]]) for lookup in lookups]
    seen = dict.fromkeys([asked.subject, *spelt])
    return replace(
        rule,
        accepts=[text for text in seen if holds(text, accepted=True)][:MOST_EXAMPLES],
        rejects=[text for text in next_to(shapes) if holds(text, accepted=False)][:1],
    )
