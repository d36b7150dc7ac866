"""`mimo-orchestrate schema`: JSON Schema of the files that users write."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.cli.options import one_of
from orchestrator.cli.terminal import print_json

_FILES = ("plan", "policy")


def schema(
    which: Annotated[
        str,
        typer.Argument(
            metavar="|".join(_FILES), callback=one_of("schema", _FILES), help="The file that the schema is for."
        ),
    ],
) -> None:
    """Print the JSON Schema of plan or policy files, for editors."""
    if which == "plan":
        from orchestrator.plan.schema import plan_schema

        print_json(plan_schema())
    else:
        from policies.file import policy_schema

        print_json(policy_schema())
