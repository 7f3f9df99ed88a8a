#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# For "hanaper renew --exec": HAProxy takes what was renewed without a restart, and finds it at its next start.  Wants socat.
set -eu
site=@WORK@/site.pem
umask 077
cat "${HANAPER_CERT:-@TLS@/cert.pem}" "${HANAPER_KEY:-@TLS@/key.pem}" >$site.new
mv $site.new $site

# tell LINE...: to its socket; an empty line ends what belongs to a command.
tell() {
	printf '%s\n' "$@" | socat -t 60 - UNIX-CONNECT:@WORK@/haproxy.sock
}

tell "set ssl cert $site <<" "$(sed '/^$/d' $site)" ""
said=$(tell "commit ssl cert $site")
echo "$said"
case $said in
*Success!*) ;;
*) exit 1 ;;
esac
