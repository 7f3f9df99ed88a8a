# SPDX-License-Identifier: Apache-2.0
# fish completion for hanaper.  Commands and options are what its own help says.
function __hanaper_commands
    hanaper help 2>/dev/null | string replace -rf '^  ([a-z][a-z-]*) +(.*)$' '$1\t$2'
end

function __hanaper_options
    set -l words (commandline -opc)
    test (count $words) -gt 1; or return
    hanaper $words[2] --help 2>/dev/null | string replace -rf '^ *(--[a-z-]+)( [A-Z:|-]+)?  *(.*)$' '$1\t$3'
end

complete -c hanaper -n __fish_use_subcommand -f -a '(__hanaper_commands)'
complete -c hanaper -n 'not __fish_use_subcommand; and string match -q -- "-*" (commandline -ct)' -f -a '(__hanaper_options)'
complete -c hanaper -n 'string match -q -- --reason (commandline -opc)[-1]' -f -a 'unspecified keyCompromise affiliationChanged superseded cessationOfOperation privilegeWithdrawn'
complete -c hanaper -n 'string match -q -- --key-type (commandline -opc)[-1]' -f -a 'p256 p384 ed25519 rsa-3072 rsa-4096'
complete -c hanaper -n 'string match -q -- --status (commandline -opc)[-1]; and not __fish_seen_subcommand_from token' -f -a 'valid expired revoked'
complete -c hanaper -n 'string match -q -- --status (commandline -opc)[-1]; and __fish_seen_subcommand_from token' -f -a 'pending used withdrawn expired'
