"""The table from the catalogue's `check` to the code: what single programs do that data alone does not say."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from policies.engine import (
    archivecheck,
    filecheck,
    gitcheck,
    interpreters,
    pythoncheck,
    readercheck,
    shellcheck,
    textcheck,
    wrappers,
)
from policies.engine.call import Call, Services
from policies.engine.wrappers import SelfJudged
from policies.rules import Finding

Check = Callable[[Services, Call], list[Finding]]

CHECKS: Mapping[str, Check] = {
    "awk": textcheck.check_awk,
    "cd": shellcheck.check_cd,
    "chmod": filecheck.check_chmod,
    "compiled": pythoncheck.check_compiled,
    "coverage_run": pythoncheck.check_coverage_run,
    "cp": filecheck.check_cp,
    "csplit": textcheck.check_csplit,
    "date": readercheck.check_date,
    "declare": shellcheck.check_declare,
    "formats": pythoncheck.check_formats,
    "getopts": shellcheck.check_getopts,
    "git": gitcheck.check_git,
    "git_branch": gitcheck.check_branch,
    "git_commit": gitcheck.check_commit,
    "git_rm": gitcheck.check_rm,
    "gzip": archivecheck.check_gzip,
    "here": pythoncheck.check_here,
    "install": filecheck.check_install,
    "jq": textcheck.check_jq,
    "ln": filecheck.check_ln,
    "let": shellcheck.check_let,
    "local": shellcheck.check_local,
    "made": filecheck.check_made,
    "mapfile": shellcheck.check_mapfile,
    "mv": filecheck.check_mv,
    "patch": archivecheck.check_patch,
    "printf": shellcheck.check_printf,
    "ps": readercheck.check_ps,
    "pytest": pythoncheck.check_pytest,
    "read": shellcheck.check_read,
    "sed": textcheck.check_sed,
    "set": shellcheck.check_set,
    "sleep": readercheck.check_sleep,
    "source": shellcheck.check_source,
    "split": textcheck.check_split,
    "tar": archivecheck.check_tar,
    "test": shellcheck.check_test,
    "unzip": archivecheck.check_unzip,
    "wait": shellcheck.check_wait,
}

SELF_JUDGED: Mapping[str, SelfJudged] = {
    "command": wrappers.command,
    "env": wrappers.env,
    "interpreter": interpreters.interpreter,
    "python": interpreters.python,
    "shell": interpreters.shell,
    "wrapper": wrappers.wrapper,
    "xargs": wrappers.xargs,
}
