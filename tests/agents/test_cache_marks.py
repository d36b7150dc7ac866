"""Marks for providers that cache only what is marked: few, in the right places, and nothing else differs for them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agents.cache_marks import marked
from agents.model import Message, ModelRequest
from agents.wire import sent_messages
from tests.fakes.model import call, calling

ROOT = Path(__file__).resolve().parents[2]


def conversation(steps: int) -> list[dict[str, Any]]:
    """A conversation of as many steps, each of two calls, as it is sent."""
    messages = [Message(role="system", content="You are the editor of x."), Message(role="user", content="hi")]
    for step in range(steps):
        calls = [call("shell", {"command": f"{name} {step}"}, id=f"{name}_{step}") for name in ("cat", "ls")]
        messages.append(calling(*calls))
        messages += [Message(role="tool", content=f"exit 0\n{step}", tool_call_id=each.id) for each in calls]
    return sent_messages(ModelRequest(messages=messages, tools=(), max_tokens=1))


def places(messages: list[dict[str, Any]]) -> list[int]:
    """Where the marks are."""
    return [place for place, message in enumerate(messages) if "cache_control" in message]


def test_where_marks_are() -> None:
    """At the end of what a role shares, at the end of the prompt, and where the end of the one before was."""
    before, now = marked(conversation(3)), marked(conversation(4))
    assert places(before)[-1] == len(before) - 1
    assert places(now) == [0, len(before) - 1, len(now) - 1]
    assert places(marked(conversation(0))) == [0, 1]


def test_marks_change_no_word() -> None:
    """A message is the same with a mark and without it: what was cached once is found again."""
    plain = conversation(5)
    bare = [{key: value for key, value in each.items() if key != "cache_control"} for each in marked(plain)]
    assert json.dumps(bare) == json.dumps(plain)


TRANSLATING = """
import json, sys
sys.path.insert(0, sys.argv[1])
from agents.cache_marks import wants_marks
from agents.litellm_model import load_litellm, window_of
litellm = load_litellm()
from litellm.llms.anthropic.chat.transformation import AnthropicConfig
body = AnthropicConfig().transform_request(
    model="claude-opus-4-5", messages=json.load(sys.stdin), optional_params={"max_tokens": 1}, litellm_params={},
    headers={},
)
models = ["anthropic/claude-opus-4-5", "bedrock/anthropic.claude-opus-4-5-20251101-v1:0", "openai/gpt-4.1", "x/y"]
facts = {model: [wants_marks(litellm, model), window_of(litellm, model)] for model in models}
print(json.dumps({"body": body, "facts": facts}))
"""


@pytest.mark.slow
def test_marks_reach_the_provider() -> None:
    """By litellm's own translation: one for each of ours, the last on the newest result; only Claude wants them."""
    # In a process of its own: what litellm does to the filters of warnings while it is imported ends with a test.
    command = [sys.executable, "-c", TRANSLATING, str(ROOT)]
    given = json.dumps(marked(conversation(4)))
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert json.dumps(told["body"]).count('"cache_control"') == 3
    assert told["body"]["messages"][-1]["content"][-1]["cache_control"] == {"type": "ephemeral"}
    assert "cache_control" in told["body"]["system"][0]
    wants, windows = zip(*told["facts"].values(), strict=True)
    assert wants == (True, True, False, False)
    assert windows[2:] == (1_047_576, None)
