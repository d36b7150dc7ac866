"""What bubblewrap is asked for, where a machine's differences matter."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.bubblewrap import _ceilings
from sandbox.host_view import etc_files, host_arguments
from sandbox.sandbox import Limits
from sandbox.userns import userns_remedy


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


@pytest.mark.parametrize(
    ("settings", "typed"),
    [
        ({"user/max_user_namespaces": "0"}, "sudo sysctl user.max_user_namespaces=15000"),
        ({"kernel/unprivileged_userns_clone": "0"}, "sudo sysctl kernel.unprivileged_userns_clone=1"),
        (
            {"kernel/apparmor_restrict_unprivileged_userns": "1", "user/max_user_namespaces": "0"},
            "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0 user.max_user_namespaces=15000",
        ),
        ({"kernel/unprivileged_userns_clone": "1", "user/max_user_namespaces": "9"}, "container"),
        ({}, "container"),
    ],
)
def test_the_setting_in_the_way_is_named(tmp_path: Path, settings: dict[str, str], typed: str) -> None:
    """What keeps users from making namespaces is said as a command to type; what can't be known is not guessed."""
    for name, value in settings.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{value}\n")
    assert typed in userns_remedy(tmp_path)
