#compdef smtp-tui
# Completion of smtp-tui for zsh, made by: smtp-tui completion zsh
# It can stand in a folder of $fpath, or be read by: source <(smtp-tui completion zsh)
_smtp_tui() {
    local current=$words[CURRENT] prefix line word
    local -a answer candidates keep
    answer=("${(@f)$(smtp-tui __complete zsh $((CURRENT - 1)) "${(@Q)words[2,-1]}" 2>/dev/null)}")
    # Behind an = only what follows it is listed.
    prefix=${current%"${current##*=}"}
    [[ -n $prefix ]] && compset -P '*='
    for line in "${(@)answer[2,-1]}"; do
        word=${line%%$'\t'*}
        line=${line#"$word"}
        word=${word#"$prefix"}
        [[ -n $word ]] && candidates+=("${word//:/\\:}${line/$'\t'/:}")
    done
    case $answer[1] in
        (nospace) _describe -t settings setting candidates -S '' ;;
        (files) _files ;;
        (toml)
            _describe -t commands command candidates
            _files -g '*.toml' ;;
        (*)
            if [[ $current == -* && -z $prefix ]]; then
                _describe -o options candidates
            else
                _describe -t values value candidates
            fi ;;
    esac
}
if [[ $funcstack[1] == _smtp_tui ]]; then
    _smtp_tui "$@"
else
    compdef _smtp_tui smtp-tui
fi
