# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Shared by contrib/quickstart and contrib/check: what is missing is installed by name.

say() {
	if [ -t 1 ]; then
		printf '\n\033[1m== %s\033[0m\n' "$*"
	else
		printf '\n== %s\n' "$*"
	fi
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "This needs root, or sudo: $*" >&2
		exit 1
	fi
}

# provided NAME: another package has it too, as nodejs of NodeSource has npm.
provided() {
	dpkg-query -W -f '${Provides}\n' | tr ',' '\n' | sed 's/(.*//; s/ //g' | grep -qx "$1"
}

# A web server that comes along is for our own use: while this file is there, no service is started.
policy=/usr/sbin/policy-rc.d
policy_mark='# of contrib/setup.sh, process'

# The file of a run that was killed, which nobody else takes away.
remove_leftover() {
	of=$(sed -n "s|^$policy_mark ||p" $policy 2>/dev/null) || :
	if [ -n "$of" ] && [ ! -d "/proc/$of" ]; then
		as_root rm -f $policy
	fi
}

# install_packages NAME...: in a subshell, for traps of its own; whatever ends it, services start again.
install_packages() (
	held=no
	said=$(mktemp)
	trap 'rm -f "$said"; [ $held = no ] || as_root rm -f $policy' EXIT
	trap 'exit 130' INT TERM HUP
	if [ ! -e $policy ]; then
		held=yes
		printf '#!/bin/sh\n%s\nexit 101\n' "$policy_mark $$" | as_root tee $policy >/dev/null
		as_root chmod 755 $policy
	fi
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
		"$@" >"$said" 2>&1 || {
		tail -n 20 "$said" >&2
		exit 1
	}
)

# install_missing KIND...: the packages of these kinds in contrib/packages that are not there yet.
install_missing() {
	remove_leftover
	wanted=
	for kind in "$@"; do
		for name in $(sed -n "s/^$kind //p" contrib/packages); do
			dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' ||
				provided "$name" || wanted="$wanted $name"
		done
	done
	if [ -z "$wanted" ]; then
		echo "All packages are there."
		return 0
	fi
	echo "Installing:$wanted"
	as_root apt-get update -q >/dev/null
	# shellcheck disable=SC2086
	install_packages $wanted || exit $?
}

# build_into DIR [configure options]: out of the source tree; all, or what $build_goals names.
build_into() {
	build_dir=$1
	shift
	if [ ! -x configure ] || [ configure.ac -nt configure ]; then
		autoreconf -i >/dev/null 2>"$build_dir.autoreconf.log" || {
			cat "$build_dir.autoreconf.log" >&2
			exit 1
		}
		rm -f "$build_dir.autoreconf.log"
	fi
	mkdir -p "$build_dir"
	(
		cd "$build_dir" || exit 1
		if [ ! -f Makefile ] || [ ../configure -nt Makefile ]; then
			../configure --quiet "$@" || exit 1
		fi
		# shellcheck disable=SC2086
		make -s -j"$(nproc)" ${build_goals:-} >make.log || {
			tail -n 30 make.log
			exit 1
		}
	) || {
		echo "The build in $build_dir failed." >&2
		exit 1
	}
}

# listens PORT: does anybody, on loopback?
listens() {
	curl -s -o /dev/null --max-time 2 "telnet://127.0.0.1:$1" </dev/null
	[ $? != 7 ]
}

# free_port: a loopback port that nobody listens on, below those that the kernel hands out.
free_port() {
	port=${last_port:-$((20000 + $$ % 12000))}
	while :; do
		port=$((port + 1))
		[ $port -gt 32000 ] && port=20000
		listens $port || break
	done
	last_port=$port
}
