# Completion of mimo-orchestrate in bash 4.4 or later.

_mimo_orchestrate_completion() {
    local IFS=$'\n' candidate
    COMPREPLY=()
    if [[ ${COMP_WORDS[COMP_CWORD - 1]} == *[\<\>] ]]; then
        compopt -o default 2>/dev/null
        return
    fi
    while read -r candidate; do
        COMPREPLY+=("$candidate")
        # What ends so is to be gone on with.
        [[ $candidate == *[=/.] ]] && compopt -o nospace 2>/dev/null
    done < <(
        env COMP_WORDS="${COMP_WORDS[*]:0:COMP_CWORD+1}" COMP_CWORD="$COMP_CWORD" \
            _MIMO_ORCHESTRATE_COMPLETE=complete_bash "${1/#\~/$HOME}" 2>/dev/null </dev/null
    )
}

complete -o nosort -F _mimo_orchestrate_completion mimo-orchestrate
