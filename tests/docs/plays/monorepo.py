"""The conversation about the rounding of two services."""

from __future__ import annotations

from tests.integration.scripting import APPROVE, PASS, Turn, changes, done, edit, shell, talk

_SHARE = "        self.assertEqual(share(999, 50.1), 500)"

_HALF = "        self.assertEqual(share(1, 50), 1)"

_NO_TEST = "Half a cent used to go to the even number, and goes up now. Say so in a test."


def play() -> list[Turn]:
    """Two editors under a policy of the repository's own: one is refused a command, one is sent back."""
    use = "\nfrom libs.money import round_cents\n\n\n"
    half = "test_half_a_cent_goes_up"
    return [
        talk(
            "editor",
            "Use libs.money.round_cents in services/billing.",
            shell("cat services/billing/invoice.py libs/money/__init__.py"),
            edit("services/billing/invoice.py", "\n\ndef _rounded(amount):\n    return int(amount + 0.5)\n\n\n", use),
            edit("services/billing/invoice.py", "_rounded(", "round_cents("),
            shell("git commit -qam 'one rounding'"),
            shell("python3 tools/check.py billing"),
            done("Billing rounds with libs.money."),
        ),
        talk(
            "editor",
            "Use libs.money.round_cents in services/payroll.",
            edit("services/payroll/slip.py", "\n\ndef share(", f"{use}def share("),
            edit("services/payroll/slip.py", "round(", "round_cents("),
            done("Payroll rounds with libs.money."),
            edit("services/payroll/test_slip.py", _SHARE, f"{_SHARE}\n\n    def {half}(self):\n{_HALF}"),
            done("Payroll rounds with libs.money, and a test says what becomes of half a cent."),
        ),
        talk("tester", "", shell("python3 tools/check.py all"), PASS),
        talk("reviewer", "services/payroll", changes(_NO_TEST, "services/payroll/slip.py"), lacks=(half,)),
        talk("reviewer", "", shell("git grep -n round"), APPROVE),
    ]
