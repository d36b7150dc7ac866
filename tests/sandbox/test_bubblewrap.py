"""What bubblewrap is asked for, where a machine's differences matter."""

from __future__ import annotations

import pytest

from sandbox.bubblewrap import _ceilings
from sandbox.host_view import etc_files, host_arguments
from sandbox.sandbox import Limits


@pytest.mark.parametrize(
    ("release", "held"), [("5.14.0", True), ("6.1.0-13-amd64", True), ("5.10.0", False), ("?", False)]
)
def test_the_kernels_count_of_processes(monkeypatch: pytest.MonkeyPatch, release: str, held: bool) -> None:
    """The kernel holds the number of processes only where it counts them by sandbox, not by user."""
    monkeypatch.setattr("platform.release", lambda: release)
    options = _ceilings(Limits(pids=77))
    assert ("--process-rlimit" in options) is held
    assert options[options.index("--processes") + 1] == "77"


def test_only_programs_of_the_host_are_shown() -> None:
    """Of the host a sandbox sees programs and public settings, everything read-only."""
    arguments = host_arguments()
    shown = [arguments[i + 2] for i in range(0, len(arguments), 3)]
    assert set(arguments[::3]) <= {"--ro-bind", "--symlink"}
    assert all(place.startswith(("/usr", "/bin", "/sbin", "/lib", "/etc/")) for place in shown)
    private = (
        "/etc/passwd",
        "/etc/shadow",
        "/etc/ssl/private",
        "/etc/ssh",
        "/etc/hosts",
        "/etc/resolv.conf",
        "/etc/ssl",
    )
    assert not set(private) & set(shown)


def test_made_files() -> None:
    """The sandbox's own user has a name, and no host can be looked up."""
    files = etc_files(61317, 61318, "/home/agent")
    assert "agent:x:61317:61318:agent:/home/agent:/bin/bash\n" in files["/etc/passwd"]
    assert "agent:x:61318:\n" in files["/etc/group"]
    assert "dns" not in files["/etc/nsswitch.conf"]
