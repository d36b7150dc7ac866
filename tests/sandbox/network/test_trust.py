"""The certificates that a sandbox gets: this machine's or those of who runs the program, and nothing else of a file."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from sandbox.network import trust
from sandbox.network.trust import host_certificates

ONE = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
TWO = b"-----BEGIN TRUSTED CERTIFICATE-----\nBBBB\n-----END TRUSTED CERTIFICATE-----\n"
KEY = b"-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n"


def test_the_users_own_file_comes_first(tmp_path: Path) -> None:
    """Certificates alone are taken from it: a key beside them stays where it is."""
    own = tmp_path / "own.pem"
    own.write_bytes(b"# a comment\n" + ONE + KEY + TWO)
    assert host_certificates({"SSL_CERT_FILE": str(own)}) == ONE + TWO


@pytest.mark.parametrize("content", [None, b"", KEY, b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_file_without_certificates_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    """The machine's own serve then, and where there are none, none do."""
    own, known = tmp_path / "own.pem", tmp_path / "known.pem"
    known.write_bytes(ONE)
    if content is not None:
        own.write_bytes(content)
    none = ssl.DefaultVerifyPaths("", "", "", "", "", "")
    monkeypatch.setattr("ssl.get_default_verify_paths", lambda: none)
    monkeypatch.setattr(trust, "_PLACES", (str(known),))
    assert host_certificates({"SSL_CERT_FILE": str(own)}) == ONE
    monkeypatch.setattr(trust, "_PLACES", ())
    assert host_certificates({"SSL_CERT_FILE": str(own)}) == b""
