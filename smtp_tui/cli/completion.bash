# Completion of smtp-tui for bash, 3.2 and newer, made by: smtp-tui completion bash
_smtp_tui() {
    local line=${COMP_LINE:0:COMP_POINT} words after current typed prefix kind candidate
    local IFS=$' \t\n'
    # The line is parted here, for bash itself parts it at each = and : too.
    read -r -a words <<<"$line"
    read -r -a after <<<"${COMP_LINE:COMP_POINT}"
    [[ $line == *[[:space:]] ]] && words+=("")
    current=${words[${#words[@]} - 1]}
    typed=$current
    [[ $current == --*=* ]] && typed=${current#*=}
    COMPREPLY=()
    {
        read -r kind
        while IFS= read -r candidate; do
            [[ $candidate ]] && COMPREPLY+=("$candidate")
        done
    } <<<"$(smtp-tui __complete bash $((${#words[@]} - 1)) "${words[@]:1}" \
        ${after[@]+"${after[@]}"} 2>/dev/null)"
    # What bash takes for done already: of a word with an = in it, all up to the =.
    prefix=
    [[ $COMP_WORDBREAKS == *=* ]] && prefix=${current%"${current##*=}"}
    for candidate in "${!COMPREPLY[@]}"; do
        COMPREPLY[candidate]=$(printf %q "${COMPREPLY[candidate]#"$prefix"}")
    done
    case $kind in
        (nospace) type compopt >/dev/null 2>&1 && compopt -o nospace ;;
        (toml | files)
            type compopt >/dev/null 2>&1 && compopt -o filenames
            [[ $COMP_WORDBREAKS == *=* ]] && prefix= || prefix=${current%"$typed"}
            IFS=$'\n'
            if [[ $kind == toml ]]; then
                COMPREPLY+=($(compgen -P "$prefix" -d -- "$typed")
                    $(compgen -P "$prefix" -f -X '!*.toml' -- "$typed"))
            fi
            [[ ${#COMPREPLY[@]} -gt 0 ]] || COMPREPLY=($(compgen -P "$prefix" -f -- "$typed")) ;;
    esac
}
complete -F _smtp_tui smtp-tui
