# Completion of smtp-tui for fish, made by: smtp-tui completion fish
function __smtp_tui_complete
    set -l before (commandline -opc)[2..-1]
    set -l current (commandline -ct)
    set -l number (math (builtin count $before) + 1)
    set -l answer (smtp-tui __complete fish $number $before "$current" (commandline -o) 2>/dev/null)
    set -l prefix (string match -r -- '^--[^=]*=' "$current")
    switch "$answer[1]"
        case toml
            __fish_complete_suffix .toml
        case files
            printf "$prefix%s\n" (__fish_complete_path (string replace -r -- '^--[^=]*=' '' "$current"))
    end
    printf '%s\n' $answer[2..-1]
end
complete -c smtp-tui -e
complete -c smtp-tui -f -k -a '(__smtp_tui_complete)'
