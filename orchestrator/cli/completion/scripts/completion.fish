# Completion of mimo-orchestrate in fish 3.1 or later.

function __mimo_orchestrate_completion
    set -l program (commandline --tokenize --current-process --cut-at-cursor)[1]
    set -l typed (commandline --current-process --cut-at-cursor | string collect)
    env _TYPER_COMPLETE_ARGS="$typed" _MIMO_ORCHESTRATE_COMPLETE=complete_fish \
        (string replace --regex '^~' "$HOME" -- $program) 2>/dev/null </dev/null
end

complete --command mimo-orchestrate --no-files --keep-order --arguments '(__mimo_orchestrate_completion)'
