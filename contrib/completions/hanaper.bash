# SPDX-License-Identifier: Apache-2.0
# bash completion for hanaper.  Commands and options are what its own help says.
_hanaper()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} program=${COMP_WORDS[0]}

	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "$("$program" help 2>/dev/null |
			sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p') --help" -- "$cur")
		return
	fi
	# A command of groups has them in its help, as help has the commands.
	local group=
	[ "${COMP_WORDS[1]}" = acme ] && group=${COMP_WORDS[2]}
	if [ "${COMP_WORDS[1]}" = acme ] && [ "$COMP_CWORD" -eq 2 ]; then
		mapfile -t COMPREPLY < <(compgen -W "$("$program" acme --help 2>/dev/null |
			sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p')" -- "$cur")
		return
	fi
	case $group$COMP_CWORD$cur in
	*-*) ;;
	eab3*)
		mapfile -t COMPREPLY < <(compgen -W "new ls revoke" -- "$cur")
		return
		;;
	accounts3*)
		mapfile -t COMPREPLY < <(compgen -W "ls revoke" -- "$cur")
		return
		;;
	esac
	case ${COMP_WORDS[1]}$COMP_CWORD$cur in
	*-*) ;;
	token2*)
		mapfile -t COMPREPLY < <(compgen -W "create ls rm" -- "$cur")
		return
		;;
	trust2*)
		mapfile -t COMPREPLY < <(compgen -W "install uninstall" -- "$cur")
		return
		;;
	audit2*)
		mapfile -t COMPREPLY < <(compgen -W "verify" -- "$cur")
		return
		;;
	issuer2*)
		mapfile -t COMPREPLY < <(compgen -W "revoke $("$program" issuer --json 2>/dev/null |
			sed -n 's/^ *"name": "\(.*\)",*$/\1/p')" -- "$cur")
		return
		;;
	issuer3* | crl2* | rotate2*)
		mapfile -t COMPREPLY < <(compgen -W "$("$program" issuer --json 2>/dev/null |
			sed -n 's/^ *"name": "\(.*\)",*$/\1/p')" -- "$cur")
		return
		;;
	profile2*)
		prev=--profile
		;;
	esac
	if [ "${COMP_WORDS[1]}$prev" = issuer--reason ]; then
		mapfile -t COMPREPLY < <(compgen -W "cACompromise superseded cessationOfOperation" -- "$cur")
		return
	fi
	case $prev in
	--event)
		mapfile -t COMPREPLY < <(compgen -W "started stopped configured issued renewed revoked refused token-made token-used token-withdrawn dropped restored eab-made eab-used eab-revoked account-made account-changed account-ended renewals-ordered order-made" -- "$cur")
		return
		;;
	--store)
		mapfile -t COMPREPLY < <(compgen -W "system nss java" -- "$cur")
		return
		;;
	--export)
		mapfile -t COMPREPLY < <(compgen -W "csv jsonl" -- "$cur")
		return
		;;
	--challenge)
		mapfile -t COMPREPLY < <(compgen -W "http-01 dns-01 tls-alpn-01 dns-account-01 dns-persist-01" -- "$cur")
		return
		;;
	--mode)
		mapfile -t COMPREPLY < <(compgen -W "sign ocsp ocsp-post ocsp-nonce crl list search" -- "$cur")
		return
		;;
	--for)
		mapfile -t COMPREPLY < <(compgen -W "certbot lego acme.sh caddy traefik cert-manager" -- "$cur")
		return
		;;
	--profile)
		mapfile -t COMPREPLY < <(compgen -W "$("$program" profile --json 2>/dev/null |
			sed -n 's/^ *"name": "\(.*\)",*$/\1/p')" -- "$cur")
		return
		;;
	--reason)
		mapfile -t COMPREPLY < <(compgen -W "unspecified keyCompromise affiliationChanged superseded cessationOfOperation privilegeWithdrawn" -- "$cur")
		return
		;;
	--key-type)
		mapfile -t COMPREPLY < <(compgen -W "ecdsa-p256 ecdsa-p384 ecdsa-p521 ed25519 rsa-3072 rsa-4096" -- "$cur")
		return
		;;
	--status)
		case ${COMP_WORDS[1]}$group in
		acmeaccounts) mapfile -t COMPREPLY < <(compgen -W "valid deactivated revoked" -- "$cur") ;;
		acmeorders) mapfile -t COMPREPLY < <(compgen -W "pending ready processing valid invalid" -- "$cur") ;;
		token) mapfile -t COMPREPLY < <(compgen -W "pending used withdrawn expired" -- "$cur") ;;
		*) mapfile -t COMPREPLY < <(compgen -W "valid expired revoked" -- "$cur") ;;
		esac
		return
		;;
	esac
	case $cur in
	-*)
		mapfile -t COMPREPLY < <(compgen -W "$("$program" "${COMP_WORDS[1]}" $group --help 2>/dev/null |
			sed -n 's/^ *\(--[a-z-]*\).*/\1/p')" -- "$cur")
		;;
	*)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		;;
	esac
}
complete -o filenames -F _hanaper hanaper
