"""`mimo-orchestrate memory`: what agents are told in every run, and which of what they learnt is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.options import JsonOption
from orchestrator.cli.remembered import named_notes, notes_of, project_of
from orchestrator.cli.state import here
from orchestrator.cli.terminal import print_json, print_page, say, show_paged
from orchestrator.errors import UsageProblem

if TYPE_CHECKING:
    from orchestrator.airlock.repository import UserRepository
    from orchestrator.memory.notes import StoredNote

app = typer.Typer(name="memory", help="What agents are told in every run, and what they learnt.")

NoteArguments = Annotated[list[str], typer.Argument(metavar="NOTE", help="Notes by their ids, as `show` has them.")]
WriteOption = Annotated[
    bool, typer.Option("--write", help="Write it to .mimo/memory/learnt.md as well, to edit and commit.")
]


@app.command()
def show(
    *,
    proposals: Annotated[bool, typer.Option("--proposals", help="Only what waits for your word.")] = False,
    json: JsonOption = False,
) -> None:
    """Show the files, the notes that were kept, and what waits."""
    from orchestrator.views.memory import memory_json, memory_view, notes_json

    repository = here()
    with notes_of(repository) as store:
        kept, proposed = store.notes("kept"), store.notes("proposed")
    if json and proposals:
        print_json({"notes": notes_json(proposed)})
        return
    project, commit = project_of(repository)
    if json:
        print_json(memory_json(project, commit, kept, proposed))
    else:
        show_paged(memory_view(None if proposals else project, kept, proposed))


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(metavar="WORD", help="Words, or their beginnings.")],
    *,
    json: JsonOption = False,
) -> None:
    """Search notes and files by their words, best first."""
    from agents.ranking import Ranking
    from orchestrator.views.memory import found_json, found_view

    repository = here()
    wanted = [word for given in words for word in given.split()]
    if not any(char.isalnum() for word in wanted for char in word):
        raise UsageProblem("a search needs words", hint="all that there is: mimo-orchestrate memory show")
    with notes_of(repository) as store:
        notes = store.search(wanted)
    ranking = Ranking(wanted)
    for path, text in project_of(repository)[0].files.items():
        ranking.look(path, text, named=True)
    hits = ranking.found().hits
    if json:
        print_json(found_json(notes, hits))
    elif notes or hits:
        print_page(found_view(notes, hits))
    else:
        say("nothing found; all that there is: mimo-orchestrate memory show")


@app.command()
def add(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="One fact that later runs should know.")],
    *,
    write: WriteOption = False,
    json: JsonOption = False,
) -> None:
    """Add a note of your own, for all later runs."""
    from orchestrator.memory.notes import NOTE_CHARS, Full

    repository = here()
    if not any(char.isalnum() for char in text):
        raise UsageProblem("a note needs words", hint='as in: mimo-orchestrate memory add "tests need TZ=UTC"')
    if len(text) > NOTE_CHARS:
        raise UsageProblem(
            f"a note has at most {NOTE_CHARS} characters, and this one {len(text)}",
            hint="write a file in .mimo/memory/ and commit it",
        )
    with notes_of(repository, make=True) as store:
        try:
            note = store.add(text)
        except Full as full:
            raise _too_many(full) from None
    _done(repository, [note], "kept", write=write, as_json=json)


@app.command()
def keep(notes: NoteArguments, *, write: WriteOption = False, json: JsonOption = False) -> None:
    """Keep what agents learnt, for all later runs."""
    from orchestrator.memory.notes import Full

    repository = here()
    with notes_of(repository) as store:
        wanted = named_notes(store, notes)
        try:
            kept = [store.keep(note.id) or note for note in wanted]
        except Full as full:
            raise _too_many(full) from None
    _done(repository, kept, "kept", write=write, as_json=json)


@app.command()
def forget(notes: NoteArguments, *, json: JsonOption = False) -> None:
    """Forget notes for good; agents can't propose them again."""
    repository = here()
    with notes_of(repository) as store:
        for note in (gone := named_notes(store, notes)):
            store.forget(note.id)
    _done(repository, gone, "forgotten", write=False, as_json=json)


def _done(repository: UserRepository, notes: Sequence[StoredNote], what: str, *, write: bool, as_json: bool) -> None:
    from orchestrator.memory.written import FILE, write_down
    from orchestrator.views.memory import notes_json

    if write:
        write_down(repository.top, notes)
    if as_json:
        print_json({what: notes_json(notes), "written": FILE if write else None})
        return
    for note in notes:
        say(f"{what} {note.id}: {note.text}")
    if write:
        say(f"written to {FILE}: commit it, and everybody's runs are told")


def _too_many(full: Exception) -> UsageProblem:
    return UsageProblem(str(full), hint="forget some, or write them to a file in .mimo/memory/ and commit it")
