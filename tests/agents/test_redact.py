"""Known secrets leave every text."""

from __future__ import annotations

import base64
import json

from hypothesis import given
from hypothesis import strategies as st

from agents.redact import Redactor

KEY = 'sk-proj-0123456789"\\/abc'
REDACTOR = Redactor.of_environment({"OPENAI_API_KEY": KEY, "HOME": "/home/someone", "SHORT_TOKEN": "abc"}, ["INDEX"])


def test_a_key_is_named_instead_of_shown() -> None:
    """The value is replaced by the variable's name; ordinary and short values stay."""
    assert REDACTOR.text(f"key {KEY} of /home/someone abc") == "key [redacted OPENAI_API_KEY] of /home/someone abc"


def test_named_variables_are_secrets_too() -> None:
    """The plan's own secrets are known whatever they are called."""
    redactor = Redactor.of_environment({"INDEX": "hunter2hunter2"}, ["INDEX"])
    assert redactor.text("hunter2hunter2") == "[redacted INDEX]"


def test_likely_spellings_are_known() -> None:
    """A key inside JSON, a URL or base64 is found as well."""
    encoded = base64.b64encode(KEY.encode()).decode()
    for text in (json.dumps({"key": KEY}), f"https://x/?key={'sk-proj-0123456789%22%5C%2Fabc'}", encoded):
        assert "redacted OPENAI_API_KEY" in REDACTOR.text(text)
        assert "sk-proj" not in REDACTOR.text(text)


def test_the_longer_of_two_secrets_wins() -> None:
    """A secret that begins with another one does not leave its rest behind."""
    redactor = Redactor({"A_KEY": "12345678", "B_KEY": "12345678-90"})
    assert redactor.text("12345678-90") == "[redacted B_KEY]"


def test_structures_are_redacted_whole() -> None:
    """Strings at every depth, keys included; other values stay as they are."""
    data = {"a": [1, None, {"b": f"x{KEY}"}], KEY: True}
    assert REDACTOR.data(data) == {
        "a": [1, None, {"b": "x[redacted OPENAI_API_KEY]"}],
        "[redacted OPENAI_API_KEY]": True,
    }


@given(
    secret=st.text(st.characters(codec="utf-8", exclude_characters="[]"), min_size=20, max_size=40),
    around=st.text(max_size=20),
)
def test_no_text_keeps_a_secret(secret: str, around: str) -> None:
    """Whatever stands around it, a known secret is gone, and so is its JSON form."""
    redactor = Redactor({"SOME_SECRET": secret})
    assert secret not in redactor.text(f"{around}{secret}{around}")
    assert json.dumps(secret)[1:-1] not in redactor.text(json.dumps([around, secret]))
