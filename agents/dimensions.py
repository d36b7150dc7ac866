"""What is limited: requests, tokens, US dollars, seconds of time and of CPUs."""

from __future__ import annotations

DIMENSIONS = ("steps", "tokens", "cost", "wall", "cpu")
