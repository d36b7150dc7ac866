"""Changes for the tasks of the large stories, as git shows them."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.journal.chain import Recorded
from orchestrator.journal.state import RunState
from orchestrator.views.concerns import Reviewed
from orchestrator.views.evidence import Evidence, evidence_by_task
from tests.views import long, wide

_SOURCE = """\
diff --git a/{path} b/{path}
--- a/{path}
+++ b/{path}
@@ -1,4 +1,5 @@
-import requests
+import httpx
+from billing.transport import Transport

-SESSION = requests.Session()
+SESSION = Transport(timeout=30.0)
"""

_TESTS = """\
diff --git a/{path} b/{path}
--- a/{path}
+++ b/{path}
@@ -10,9 +10,2 @@ import pytest
-def test_discounts_are_rounded_down():
-    assert discount(0.999) == 0.99
-
-
-def test_discounts_of_nothing():
-    assert discount(0) == 0
-
+def test_discounts():
+    assert discount(1) == 1
"""


def patch_of(files: Sequence[str]) -> bytes:
    """A change of these files; one of tests ends with a test less than before."""
    parts = [(_TESTS if path.startswith("tests/test_d") else _SOURCE).format(path=path) for path in files]
    return "".join(parts).encode()


def patches() -> dict[str, bytes]:
    """The change of each task that has one."""
    made = {task: patch_of(files) for task, files in wide.CHANGED.items()}
    return {**made, long.TASK: patch_of([f"shop/orders/part_{number:02d}.py" for number in range(37)])}


def reviews(state: RunState, rows: Sequence[Recorded]) -> list[Reviewed]:
    """What a review has of each task of a run."""
    evidence, changes = evidence_by_task(rows), patches()
    return [
        Reviewed.of(task, evidence.get(task.id, Evidence()), changes.get(task.id, b"")) for task in state.tasks.values()
    ]
