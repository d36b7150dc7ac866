"""Known secrets leave every text."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
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


PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\nAASCBKcwggSjAgEAAoIBAQC7\n-----END PRIVATE KEY-----"

ENVIRONMENT = {
    "DATABASE_URL": "postgres://ada:s3cr%21t-word@db.example.com/x",
    "PIP_INDEX_URL": "https://pypi-token-0123@packages.example.com/simple",
    "LOCAL_URL": "http://user:password@localhost",
    "NPM_AUTH": "bnBtOnRva2Vu",
    "SSH_AUTH_SOCK": "/run/user/1000/agent.sock",
    "KEY_FILE": "/home/ada/.ssh/id_ed25519",
    "SECRET_BACKEND": "production",
    "FLAG_TOKEN": "true",
    "COUNT_KEY": "1",
    "TLS_KEY": PEM,
    "DOCKER_HOST": "tcp://engine.example.com:2376",
    "OPENAI_API_BASE": "http://example.com/v1",
    "AUTHOR": "somebody else",
}


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("postgres://ada:s3cr%21t-word@db", "postgres://[redacted DATABASE_URL user]@db"),
        ("the password s3cr!t-word.", "the password [redacted DATABASE_URL password]."),
        ("https://pypi-token-0123@packages", "https://[redacted PIP_INDEX_URL user]@packages"),
        ("login bnBtOnRva2Vu", "login [redacted NPM_AUTH]"),
        (f"<{PEM}>", "<[redacted TLS_KEY]>"),
        ("  | MIIEvQIBADANBgkqhkiG9w0BAQEF\n  | AASC", "  | [redacted TLS_KEY]\n  | AASC"),
    ],
)
def test_what_an_environment_holds_is_known(text: str, clean: str) -> None:
    """Users and passwords of addresses, what is called like a secret, and the single lines of a long one."""
    assert Redactor.of_environment(ENVIRONMENT).text(text) == clean


def test_ordinary_words_are_left_alone() -> None:
    """What is short, a plain word, or a place tears no output apart; an endpoint is no secret for a terminal."""
    text = (
        "true 1 production password somebody else /run/user/1000/agent.sock /home/ada/.ssh/id_ed25519 "
        "tcp://engine.example.com:2376 http://example.com/v1/chat"
    )
    assert Redactor.of_environment(ENVIRONMENT).text(text) == text
    kept = Redactor.of_environment(ENVIRONMENT, endpoints=True).text(text)
    assert kept.endswith("[redacted DOCKER_HOST] [redacted OPENAI_API_BASE]/chat")


def test_a_name_of_the_plan_is_always_a_secret() -> None:
    """Whatever its value looks like."""
    assert Redactor.of_environment({"MODE": "production"}, ["MODE"]).text("production") == "[redacted MODE]"


def test_half_a_secret_is_not_left_at_a_cut() -> None:
    """Where a text was cut in the middle of one, neither its beginning nor its end stays."""
    redactor = Redactor({"A_KEY": "0123456789abcdefghij"})
    for text in (
        "x 0123456789ab\n[... 900 characters left out ...]\n y",
        "x\n[... 900 bytes cut ...]\n89abcdefghij y",
        "x 0123456789abc… y",
        "x 0123456789",
        "bcdefghij y",
    ):
        clean = redactor.text(text)
        assert "[redacted A_KEY]" in clean, text
        assert "456789" not in clean
        assert "cdefg" not in clean


def test_secrets_that_overlap_leave_nothing_behind() -> None:
    """Wherever one begins in the other."""
    redactor = Redactor({"A_KEY": "abcdefgh12", "B_KEY": "gh12345678"})
    assert redactor.text("<abcdefgh12345678>") == "<[redacted A_KEY]>"


SECRET = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="[]"), min_size=20, max_size=40),
    st.text(st.sampled_from(".*+?^${}()|\\/\"' \n\téß☃%&=#"), min_size=20, max_size=30),
    st.lists(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=24, max_size=30), min_size=2).map(
        "\n".join
    ),
)


def promised(secret: str) -> list[str]:
    """The spellings that are documented."""
    data = secret.encode()
    return [
        secret,
        json.dumps(secret),
        json.dumps(secret, ensure_ascii=False),
        json.dumps(json.dumps({"a": secret})),
        repr(secret),
        quote(secret),
        quote(secret, safe="").lower() if "%" not in secret and secret.islower() else quote(secret, safe=""),
        quote_plus(secret),
        base64.b64encode(data).decode(),
        base64.urlsafe_b64encode(b"x:" + data + b"\n").decode(),
        base64.b64encode(b"y" + data).decode(),
        data.hex(),
    ]


@given(secret=SECRET, around=st.text(max_size=20))
def test_no_text_keeps_a_secret(secret: str, around: str) -> None:
    """Whatever it is made of and whatever stands around it, no promised spelling of a known secret stays."""
    redactor = Redactor({"SOME_SECRET": secret})
    for spelling in promised(secret):
        clean = redactor.text(f"{around}{spelling}{around}")
        assert "[redacted SOME_SECRET]" in clean
        assert spelling not in clean
        assert secret not in clean
        assert redactor.text(clean) == clean


@given(secret=SECRET, lines=st.integers(1, 3))
def test_data_keeps_no_secret_either(secret: str, lines: int) -> None:
    """Strings at any depth, however they are written afterwards."""
    redactor = Redactor({"SOME_SECRET": secret})
    clean = redactor.data({"a": [secret] * lines, f"x{secret}": {"b": f"\n{secret}"}, "n": 1})
    assert json.dumps(secret)[1:-1] not in json.dumps(clean)
    assert clean["n"] == 1
