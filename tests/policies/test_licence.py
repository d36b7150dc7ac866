"""Licence headers are left alone, whatever the language and wherever the file goes."""

from __future__ import annotations

from functools import partial
from typing import Literal

import pytest

from policies.changed import Change
from policies.verdict import Verdict
from tests.policies.judging import policy_of

POLICY = policy_of("changes: [{licence: ask}]")
SPDX = "# SPDX-License-Identifier: MIT\n"
APACHE = """/*
 * Copyright 2020 The Authors
 *
 * Licensed under the Apache License, Version 2.0 (the "License");
 * you may not use this file except in compliance with it.
 */
package a;
"""


def _verdict(
    before: str,
    after: str,
    *,
    path: bytes = b"src/a.py",
    status: Literal["added", "modified", "deleted"] = "modified",
    moved_from: bytes | None = None,
) -> Verdict:
    change = Change(
        path=path,
        status=status,
        old_mode=0o100644,
        new_mode=0 if status == "deleted" else 0o100644,
        added_lines=1,
        removed_lines=1,
        binary=False,
        added_text="",
        moved_from=moved_from,
        before=partial(bytes, before.encode()),
        after=partial(bytes, after.encode()),
    )
    return POLICY.judge_changes([change], role="editor").verdict


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (SPDX + "x = 1\n", "x = 1\n"),
        (SPDX + "x = 1\n", SPDX.replace("MIT", "Apache-2.0") + "x = 1\n"),
        ("#!/bin/sh\n" + SPDX, "#!/bin/sh\n"),
        (SPDX + "x = 1\n", "x = 1\n" + SPDX),
        (APACHE, APACHE.replace("2020", "2026")),
        (APACHE, APACHE.replace(" * you may not use this file except in compliance with it.\n", "")),
        (APACHE, "package a;\n"),
        ('"""Words.\n\nCopyright 2020 The Authors\n"""\n', '"""Words."""\n'),
        ("<?php\n// (c) The Authors\n", "<?php\n"),
        ("<!-- Copyright The Authors -->\n<p>\n", "<p>\n"),
    ],
)
def test_a_header_that_is_removed_or_altered_is_told(before: str, after: str) -> None:
    """The SPDX line, the holder, the year and the terms each count."""
    assert _verdict(before, after) is Verdict.ASK


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (SPDX + "x = 1\n", SPDX + "x = 2\n"),
        (SPDX + "x = 1\n", "#!/usr/bin/env python\n#\n" + SPDX + "# More words.\nx = 1\n"),
        (APACHE, APACHE.replace("package a", "package b")),
        ('"""Words.\n\nCopyright 2020 The Authors\n"""\n', '"""Other words.\n\nCopyright 2020 The Authors\n"""\n'),
        ("# What it does.\n\n" + SPDX, "# What it does now.\n\n" + SPDX),
        ("# plain\nx = licence(1)\n", "x = 2\n"),
        ("", SPDX),
    ],
)
def test_all_else_may_change(before: str, after: str) -> None:
    """Code, other comments and a header that is new are no matter."""
    assert _verdict(before, after) is Verdict.ALLOW


def test_a_header_goes_along_with_a_file_that_is_moved() -> None:
    """A new path does not shed it; a file that is simply new or gone owes none."""
    moved = b"lib/old.py"
    assert _verdict(SPDX + "x = 1\n", "x = 1\n", status="added", moved_from=moved) is Verdict.ASK
    assert _verdict(SPDX + "x = 1\n", SPDX + "x = 1\n", status="added", moved_from=moved) is Verdict.ALLOW
    assert _verdict(SPDX, "", status="deleted") is Verdict.ALLOW


@pytest.mark.parametrize("path", [b"LICENSE", b"lib/COPYING.txt", b"licence.md", b"NOTICE"])
def test_a_licence_itself_is_told(path: bytes) -> None:
    """Changed or deleted, not where it is new."""
    assert _verdict("a", "b", path=path) is Verdict.ASK
    assert _verdict("a", "", path=path, status="deleted") is Verdict.ASK
    assert _verdict("", "a", path=path, status="added") is Verdict.ALLOW
