"""Python: a client that shows its certificate.  python3 client.py https://NAME:PORT/"""
import ssl
import sys
import urllib.request

TLS = "@TLS@"

context = ssl.create_default_context(cafile=f"{TLS}/root.crt")
context.load_cert_chain(f"{TLS}/cert.pem", f"{TLS}/key.pem")
with urllib.request.urlopen(sys.argv[1], context=context) as answer:
    print(answer.read().decode(), end="")
