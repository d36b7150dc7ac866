"""A yes for good becomes a rule that is safe, is seen before it is written, and changes nothing else."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from agents.redact import Redactor
from orchestrator.errors import UsageProblem
from orchestrator.journal.store import JournalStore
from orchestrator.tightening.always import Asked, NoRule, Offer, offer
from orchestrator.tightening.past import past_runs
from orchestrator.tightening.policy_file import PolicyOnDisk
from policies.loader import preset
from policies.policy import Policy
from policies.verdict import Verdict
from tests.tightening.doing import ran
from tests.tightening.past import RUN, did, ended, started

STANDARD = preset("standard")
NOTHING_SECRET = Redactor({})
OWN = "# Ours.\nversion: 1\nextends: standard\ncommands:\n  - ask: npm   # slow\n"


@pytest.fixture
def file(tmp_path: Path) -> PolicyOnDisk:
    """The policy file of a repository that has none yet."""
    return PolicyOnDisk(top=tmp_path)


def asked(subject: str, *, under: Policy = STANDARD, role: str = "editor") -> Asked:
    """What was asked of a human."""
    parts = under.judge_command(subject, role=role).parts
    return Asked(run=RUN, task="build", role=role, subject=subject, parts=parts, layers=under.layers)


def offered(file: PolicyOnDisk, subject: str, *, under: Policy = STANDARD) -> Offer:
    """The rule that is offered."""
    found = offer(asked(subject, under=under), file, redactor=NOTHING_SECRET)
    assert isinstance(found, Offer), found
    return found


def refused(file: PolicyOnDisk, question: Asked, *, redactor: Redactor = NOTHING_SECRET) -> str:
    """Why no rule is offered."""
    found = offer(question, file, redactor=redactor)
    assert isinstance(found, NoRule), found
    return found.why


def own(file: PolicyOnDisk, text: str) -> None:
    """Give the repository a policy."""
    file.path.parent.mkdir(exist_ok=True)
    file.path.write_text(text)


def test_a_rule_is_offered_and_not_the_string(file: PolicyOnDisk) -> None:
    """It names the commands that were asked about, however they were wrapped, and shows where it ends."""
    assert offered(file, "cd src && timeout 60 make test 2>&1 | tail -5").lines == [
        f"# asked for by build of {RUN}",
        "- allow: make test $",
        "  why: a human allowed it for good",
        '  accepts: ["cd src && timeout 60 make test 2>&1 | tail -5", make test]',
        "  rejects: [make test --and-more]",
    ]


def test_of_a_program_that_is_known_arguments_are_free(file: PolicyOnDisk) -> None:
    """Its options and paths stay judged."""
    found = offered(file, "git merge --no-edit topic && make -j4")
    assert "    - git merge" in found.lines
    assert found.policy.judge_command("git merge --squash x", role="editor").verdict is Verdict.ALLOW
    for more in ("git merge --strategy=x y", "git merge --unheard-of", "make -j4 install"):
        assert found.policy.judge_command(more, role="editor").verdict is not Verdict.ALLOW


def test_a_kept_rule_is_in_the_file_and_the_rest_is_as_before(file: PolicyOnDisk) -> None:
    """Comments, order and the file's mode stay; nothing else lies in the directory."""
    own(file, OWN)
    file.path.chmod(0o640)
    found = offered(file, "make test")
    found.keep()
    lines = "".join(f"  {line}\n" for line in found.lines)
    assert file.path.read_text() == f"{OWN}{lines}"
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o640
    assert [path.name for path in file.path.parent.iterdir()] == ["policy.yaml"]


def test_where_there_is_no_file_one_is_made_on_standard(file: PolicyOnDisk) -> None:
    """What held before still does."""
    offered(file, "make test").keep()
    assert file.path.read_text().startswith("version: 1\nextends: standard\ncommands:\n  # asked for by build")


def test_what_else_a_rule_lets_run_is_told_of_past_runs(file: PolicyOnDisk) -> None:
    """What was asked about or refused then and would run now, each text once; what ran anyway is no news."""
    first = ran(STANDARD, {"a": ["make test", "timeout 9 make test", "make all", "ls"]}, yes=False)
    second = ran(
        STANDARD, {"b": ["timeout 9 make test", "make test; curl x", "for i in 1; do make test; done"]}, run="r2"
    )
    found = list(offered(file, "make test").permitted([first, second]))
    assert [(past.run, past.task, past.subject) for past in found] == [
        ("r1", "a", "timeout 9 make test"),
        ("r2", "b", "for i in 1; do make test; done"),
    ]


def test_the_file_here_may_be_ahead_of_the_run(file: PolicyOnDisk) -> None:
    """A rule that was kept a moment ago need not be kept again."""
    offered(file, "make test").keep()
    assert "allows it already" in refused(file, asked("make test"))


@pytest.mark.parametrize(
    ("subject", "why"),
    [
        ("python3 -c 'print(1)'", "code in an argument"),
        ("make 'test-*'", "no rule can mean as they are"),
        ("make $TARGET", "no rule can mean as they are"),
        ("git add --unheard-of .", "unknown-option holds whatever a rule allows"),
        ("sleep 500", "sleep holds whatever a rule allows"),
        ("cat a > $OUT && make test", "write-dynamic holds whatever a rule allows"),
    ],
)
def test_what_no_rule_can_hold_is_not_offered(file: PolicyOnDisk, subject: str, why: str) -> None:
    """A reason is given in place of a rule that would not do, or would do too much."""
    assert why in refused(file, asked(subject))


def test_a_rule_that_another_stands_before_is_not_offered(file: PolicyOnDisk) -> None:
    """What the repository's own file asks about on purpose is for its author to change."""
    own(file, OWN)
    policy = Policy.from_layers({".mimo/policy.yaml": OWN, **STANDARD.layers})
    assert "ask: npm (.mimo/policy.yaml:5) holds" in refused(file, asked("npm ci", under=policy))


def test_what_is_no_command_is_not_offered(file: PolicyOnDisk) -> None:
    """Neither a change, nor a path that an edit was asked about."""
    assert "rules on changes" in refused(file, replace(asked("make"), about="change"))
    policy = Policy.from_layers({"own": "version: 1\npaths: {write: {ask: [a.txt]}}", **STANDARD.layers})
    edit = replace(
        asked("make", under=policy),
        subject="edit /workspace/a.txt",
        parts=policy.judge_edit("/workspace/a.txt", role="editor").parts,
    )
    assert "a rule on commands is not what asks" in refused(file, edit)


def test_a_rule_that_nobody_would_read_is_not_offered(file: PolicyOnDisk) -> None:
    """A plan that names its policy reads no other."""
    assert "the plan names the policy strict" in refused(file, replace(asked("make"), named="strict"))
    assert isinstance(offer(replace(asked("make"), named=".mimo/policy.yaml"), file, redactor=NOTHING_SECRET), Offer)


@pytest.mark.parametrize("subject", ["make key=hunter2hunter2", "make key=[redacted API_KEY]"])
def test_no_secret_gets_into_the_file(file: PolicyOnDisk, subject: str) -> None:
    """Neither one that is known, nor the mark of one."""
    assert "a secret" in refused(file, asked(subject), redactor=Redactor({"API_KEY": "hunter2hunter2"}))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("version: 1\nversion: 1\n", "duplicate key"),
        ("version: 1\nextends: nothing\n", "can't be read"),
        ("version: 1\nextends: standard\ncommands: [{deny: x}]\n", "lines of its own"),
        ("version: 1\ncommands:\n  - allow: ls\n    rejects: [ls]\n", "should be not allow"),
    ],
)
def test_a_file_that_can_not_be_trusted_with_a_rule_is_left_alone(file: PolicyOnDisk, text: str, why: str) -> None:
    """Mistakes in it, or examples of its own that fail, are told in place of an offer."""
    own(file, text)
    assert why in refused(file, asked("make test"))
    assert file.path.read_text() == text


@pytest.mark.parametrize("link", ["file", "directory", "to nowhere"])
def test_no_link_is_followed(file: PolicyOnDisk, link: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A rule is not written to where a link leads, whether it was there at the offer or came later."""
    there = tmp_path_factory.mktemp("elsewhere")
    (there / "policy.yaml").write_text(OWN)
    found = offered(file, "make test")
    if link == "directory":
        file.path.parent.symlink_to(there)
    else:
        file.path.parent.mkdir()
        file.path.symlink_to(there / ("policy.yaml" if link == "file" else "nothing"))
    assert "symbolic link" in refused(file, asked("make test"))
    with pytest.raises(UsageProblem, match="symbolic link"):
        found.keep()
    assert (there / "policy.yaml").read_text() == OWN
    assert not (there / "nothing").exists()


def test_a_file_that_changed_since_the_offer_is_not_overwritten(file: PolicyOnDisk) -> None:
    """Whoever edits it at the same time loses nothing."""
    found = offered(file, "make test")
    own(file, OWN)
    with pytest.raises(UsageProblem, match="changed meanwhile"):
        found.keep()
    assert file.path.read_text() == OWN


def test_a_directory_that_can_not_be_written_is_said(file: PolicyOnDisk) -> None:
    """A place where there is a file is no directory."""
    file.path.parent.write_text("")
    assert "something else" in refused(file, asked("make test"))


def test_a_script_is_named_that_may_change(file: PolicyOnDisk) -> None:
    """A rule on a script of the workspace lets run whatever the script becomes."""
    assert offered(file, "python3 tools/check.py billing").scripts == ["tools/check.py"]
    assert offered(file, "./tools/check").scripts == ["./tools/check"]
    assert offered(file, "make test").scripts == []


def test_past_runs_are_read_without_what_they_landed(tmp_path: Path) -> None:
    """The newest first, with each command as it was judged; one that can't be read is passed over."""
    with JournalStore(tmp_path / "journal.db") as store:
        for run in ("r1", "r2"):
            told = [*started("a"), *did("a", "make test"), *did("a", "ls", step=2), *ended("a")]
            store.append(run, told)
        store.append("r3", did("a", "ls")[:1])
        read = {run.run: run for run in past_runs(store)}
    assert [act.subject for act in read["r1"].acts] == ["make test", "ls"]
    assert [act.allowed for act in read["r2"].acts] == [False, True]


def test_a_word_of_any_script_stays_itself(file: PolicyOnDisk) -> None:
    """A character that JSON writes as two is one in YAML too."""
    rule = offered(file, "frob '\U0001f600'")
    assert rule.policy.judge_command("frob \U0001f600", role="editor").verdict is Verdict.ALLOW
