# SPDX-License-Identifier: Apache-2.0
# fish completion for hanaper.  Commands and options are what its own help says.
function __hanaper_commands
    hanaper help 2>/dev/null | string replace -rf '^  ([a-z][a-z-]*) +(.*)$' '$1\t$2'
end

function __hanaper_options
    set -l words (commandline -opc)
    test (count $words) -gt 1; or return
    # A command of groups has them in its help, as help has the commands.
    set -l group
    test "$words[2]" = acme; and set group $words[3]
    hanaper $words[2] $group --help 2>/dev/null | string replace -rf '^ *(--[a-z-]+)( [A-Z:|-]+)?  *(.*)$' '$1\t$3'
end

function __hanaper_groups
    hanaper acme --help 2>/dev/null | string replace -rf '^  ([a-z][a-z-]*) +(.*)$' '$1\t$2'
end

# Is the word that is being typed just the second behind this command?
function __hanaper_second
    set -l words (commandline -opc)
    test (count $words) -eq 2; and contains -- $words[2] $argv
end

function __hanaper_issuers
    hanaper issuer --json 2>/dev/null | string replace -rf '^ *"name": "(.*)",*$' '$1'
end

function __hanaper_profiles
    hanaper profile --json 2>/dev/null | string replace -rf '^ *"name": "(.*)",*$' '$1'
end

complete -c hanaper -n __fish_use_subcommand -f -a '(__hanaper_commands)'
complete -c hanaper -n 'not __fish_use_subcommand; and string match -q -- "-*" (commandline -ct)' -f -a '(__hanaper_options)'
complete -c hanaper -n 'string match -q -- --reason (commandline -opc)[-1]; and not __fish_seen_subcommand_from issuer' -f -a 'unspecified keyCompromise affiliationChanged superseded cessationOfOperation privilegeWithdrawn'
complete -c hanaper -n 'string match -q -- --key-type (commandline -opc)[-1]' -f -a 'ecdsa-p256 ecdsa-p384 ecdsa-p521 ed25519 rsa-3072 rsa-4096'
complete -c hanaper -n 'string match -q -- --status (commandline -opc)[-1]; and not __fish_seen_subcommand_from token acme' -f -a 'valid expired revoked'
complete -c hanaper -n 'string match -q -- --status (commandline -opc)[-1]; and __fish_seen_subcommand_from token' -f -a 'pending used withdrawn expired'
complete -c hanaper -n 'set -l w (commandline -opc); test (count $w) -eq 2; and test $w[2] = acme' -f -a '(__hanaper_groups)'
complete -c hanaper -n 'string match -q -- eab (commandline -opc)[-1]' -f -a 'new ls revoke'
complete -c hanaper -n 'string match -q -- accounts (commandline -opc)[-1]' -f -a 'ls revoke'
complete -c hanaper -n 'string match -q -- --challenge (commandline -opc)[-1]' -f -a 'http-01 dns-01 tls-alpn-01 dns-account-01 dns-persist-01'
complete -c hanaper -n 'string match -q -- --for (commandline -opc)[-1]' -f -a 'certbot lego acme.sh caddy traefik cert-manager'
complete -c hanaper -n 'string match -q -- --status (commandline -opc)[-1]; and __fish_seen_subcommand_from accounts' -f -a 'valid deactivated revoked'
complete -c hanaper -n 'string match -q -- --status (commandline -opc)[-1]; and __fish_seen_subcommand_from orders' -f -a 'pending ready processing valid invalid'
complete -c hanaper -n 'string match -q -- --mode (commandline -opc)[-1]' -f -a 'sign ocsp ocsp-post ocsp-nonce crl list search'
complete -c hanaper -n 'string match -q -- --reason (commandline -opc)[-1]; and __fish_seen_subcommand_from issuer' -f -a 'cACompromise superseded cessationOfOperation'
complete -c hanaper -n 'string match -q -- --event (commandline -opc)[-1]' -f -a 'started stopped configured issued renewed revoked refused token-made token-used token-withdrawn dropped restored eab-made eab-used eab-revoked account-made account-changed account-ended renewals-ordered order-made'
complete -c hanaper -n 'string match -q -- --store (commandline -opc)[-1]' -f -a 'system nss java'
complete -c hanaper -n 'string match -q -- --export (commandline -opc)[-1]' -f -a 'csv jsonl'
complete -c hanaper -n 'string match -q -- --profile (commandline -opc)[-1]' -f -a '(__hanaper_profiles)'
complete -c hanaper -n '__hanaper_second token' -f -a 'create ls rm'
complete -c hanaper -n '__hanaper_second trust' -f -a 'install uninstall'
complete -c hanaper -n '__hanaper_second audit' -f -a 'verify'
complete -c hanaper -n '__hanaper_second issuer' -f -a 'revoke'
complete -c hanaper -n '__hanaper_second issuer crl rotate' -f -a '(__hanaper_issuers)'
complete -c hanaper -n '__hanaper_second profile' -f -a '(__hanaper_profiles)'
