"""What stands in the place of a hash where there is no file."""

from __future__ import annotations

ABSENT = "absent"
