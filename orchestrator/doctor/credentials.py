"""Which models this machine has credentials for. Values of variables are only ever seen to be there, never shown."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from agents.errors import ModelRefused
from agents.litellm_model import Wanted, wanted_variables
from agents.recorded_model import PREFIX as RECORDED
from orchestrator.doctor.finding import Finding, missing, note, ok

KEYS = (
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "GEMINI_API_KEY",
    "AZURE_API_KEY",
    "AWS_ACCESS_KEY_ID",
    "MISTRAL_API_KEY",
    "DEEPSEEK_API_KEY",
    "GROQ_API_KEY",
    "XAI_API_KEY",
    "OPENROUTER_API_KEY",
)
ENDPOINTS = (
    "OPENAI_API_BASE",
    "OPENAI_BASE_URL",
    "ANTHROPIC_API_BASE",
    "AZURE_API_BASE",
    "OLLAMA_API_BASE",
    "HOSTED_VLLM_API_BASE",
    "LITELLM_PROXY_API_BASE",
)

WITH_DEFAULTS = frozenset({"bedrock", "sagemaker", "vertex_ai", "ollama", "ollama_chat"})
"""Providers that are reached without a variable as well: by files and roles of their own tools, or on this machine."""


def the_credentials(environment: Mapping[str, str]) -> Finding:
    """Which of the usual variables are set."""
    present = [name for name in (*KEYS, *ENDPOINTS) if environment.get(name)]
    empty = [name for name in (*KEYS, *ENDPOINTS) if environment.get(name) == ""]
    also = f"; empty: {', '.join(empty)}" if empty else ""
    if present:
        return ok("credentials", f"set: {', '.join(present)}{also}")
    return missing(
        "credentials",
        f"none of the usual variables is set: {', '.join(KEYS)}{also}",
        "export OPENAI_API_KEY=... (or that of your provider); `doctor --model ID` says what a model needs",
        needed=False,
    )


def the_model(model: str) -> Finding:
    """Whether a model can be asked; takes seconds where litellm has to be loaded."""
    if model.startswith(RECORDED):
        return _recording(model, Path(model.removeprefix(RECORDED)))
    try:
        wanted = wanted_variables(model)
    except ModelRefused as error:
        return missing("model", str(error), "write it as PROVIDER/NAME, such as openai/gpt-5.2")
    endpoints = [name for name in ENDPOINTS if os.environ.get(name) and wanted.provider.upper() in name]
    at = f", to be asked where {' or '.join(endpoints)} says" if endpoints else ""
    if not wanted.lacking:
        return ok("model", f"{model}: what {wanted.provider} needs is set{at}")
    return _lacking(model, wanted, at)


def _lacking(model: str, wanted: Wanted, at: str) -> Finding:
    names = ", ".join(wanted.lacking)
    if wanted.provider in WITH_DEFAULTS:
        return note("model", f"{model}: {names} not set; {wanted.provider}'s own defaults are used{at}")
    exports = " ".join(f"{name}=..." for name in wanted.lacking)
    word = " (any word, if that endpoint wants no key)" if at else ""
    return missing("model", f"{model}: {names} not set{at}", f"export {exports}{word}")


def _recording(model: str, path: Path) -> Finding:
    if path.is_file():
        return ok("model", f"{model}: a recording, which needs no key")
    return missing("model", f"{model}: there is no such file here", "name it from the current directory, or whole")
