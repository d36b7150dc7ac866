"""`mimo-orchestrate schema`: JSON Schema of the files that users write."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from orchestrator.cli.terminal import print_json


class SchemaOf(StrEnum):
    """The files that have a schema."""

    PLAN = "plan"
    POLICY = "policy"


def schema(
    which: Annotated[SchemaOf, typer.Argument(metavar="plan|policy", help="The file that the schema is for.")],
) -> None:
    """Print the JSON Schema of plan or policy files, for editors."""
    if which is SchemaOf.PLAN:
        from orchestrator.plan.schema import plan_schema

        print_json(plan_schema())
    else:
        from policies.file import policy_schema

        print_json(policy_schema())
