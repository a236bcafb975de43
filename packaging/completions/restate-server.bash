# bash completion for restate-server

_restate_server() {
    local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD - 1]}"
    COMPREPLY=()
    case "$previous" in
        -c | --config-file | --tracing-json-path)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            return
            ;;
        --base-dir)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -d -- "$current")
            return
            ;;
        --auto-provision | --use-random-ports | --log-disable-ansi-codes)
            mapfile -t COMPREPLY < <(compgen -W "true false" -- "$current")
            return
            ;;
        --listen-mode)
            mapfile -t COMPREPLY < <(compgen -W "tcp unix all" -- "$current")
            return
            ;;
        --log-format)
            mapfile -t COMPREPLY < <(compgen -W "pretty compact json" -- "$current")
            return
            ;;
        --roles)
            mapfile -t COMPREPLY < <(compgen -W \
                "http-ingress admin worker log-server metadata-server" -- "$current")
            return
            ;;
        --bind-ip)
            mapfile -t COMPREPLY < <(compgen -W "127.0.0.1 0.0.0.0" -- "$current")
            return
            ;;
        --node-name | --cluster-name | --default-num-partitions | --shutdown-timeout | --bind-port | \
            --bind-address | --advertised-address | --advertised-host | --location | --force-node-id | \
            --metadata-store-address | --log-filter | --tracing-endpoint | --tracing-services-endpoint | \
            --tracing-runtime-endpoint | --tracing-filter)
            return
            ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "-c --config-file --dump-config --demo --production
        --shutdown-timeout -h --help --version --no-logo --base-dir --node-name --cluster-name
        --default-num-partitions --auto-provision --bind-ip --bind-port --bind-address
        --advertised-address --advertised-host --listen-mode --use-random-ports --log-filter
        --log-format --log-disable-ansi-codes --tracing-endpoint --tracing-services-endpoint
        --tracing-runtime-endpoint --tracing-json-path --tracing-filter --roles --location
        --force-node-id --metadata-store-address" -- "$current")
}

complete -F _restate_server restate-server
