#!/bin/sh
# curl: a client that shows its certificate.  sh client.sh https://NAME:PORT/
exec curl --silent --show-error --fail --cert @TLS@/cert.pem --key @TLS@/key.pem --cacert @TLS@/root.crt "$1"
