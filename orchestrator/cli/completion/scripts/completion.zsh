#compdef mimo-orchestrate
# Completion of mimo-orchestrate in zsh.

_mimo_orchestrate_completion() {
    local value help shown
    local -a values helps lines whole whole_shown begun begun_shown
    local -i widest=0 at
    while IFS=$'\t' read -r value help; do
        values+=("$value") helps+=("$help")
        (( ${#value} > widest )) && widest=${#value}
        [[ -n $help ]] && lines=(-l)
    done < <(
        env _TYPER_COMPLETE_ARGS="${(pj: :)words[1,CURRENT]}" _MIMO_ORCHESTRATE_COMPLETE=complete_zsh \
            "${words[1]/#\~/$HOME}" 2>/dev/null </dev/null
    )
    for (( at = 1; at <= $#values; at++ )); do
        value=$values[at]
        shown=$value
        [[ -n $helps[at] ]] && shown="${(r:widest:)value}  -- $helps[at]"
        # What ends so is to be gone on with.
        if [[ $value == *[=/.] ]]; then
            begun+=("$value") begun_shown+=("$shown")
        else
            whole+=("$value") whole_shown+=("$shown")
        fi
    done
    # The program has chosen and quoted them: they are taken as they are (-U -Q) and in their order (-V).
    compadd -V mimo-orchestrate $lines -U -Q -d whole_shown -a whole
    compadd -V mimo-orchestrate $lines -U -Q -S '' -d begun_shown -a begun
}

if [[ ${funcstack[1]} == _mimo-orchestrate ]]; then
    _mimo_orchestrate_completion "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit -i }
    compdef _mimo_orchestrate_completion mimo-orchestrate
fi
