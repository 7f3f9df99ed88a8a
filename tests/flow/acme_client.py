# SPDX-License-Identifier: Apache-2.0
"""A small ACME client (RFC 8555) for the flow tests: it says what it is told to say, right or wrong.

Keys and CSRs are made by python3-cryptography.
"""
import base64
import datetime
import hashlib
import hmac
import http.client
import http.server
import ipaddress
import json
import ssl
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

CURVES = {"ES256": (ec.SECP256R1, "P-256", 32, hashes.SHA256), "ES384": (ec.SECP384R1, "P-384", 48, hashes.SHA384),
          "ES512": (ec.SECP521R1, "P-521", 66, hashes.SHA512)}


def b64(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(n, size=None):
    return b64(n.to_bytes(size or (n.bit_length() + 7) // 8, "big"))


class Key:
    """An account's key, by the name of its algorithm."""

    def __init__(self, alg="ES256", bits=2048):
        self.alg = alg
        if alg in CURVES:
            self.key = ec.generate_private_key(CURVES[alg][0]())
        elif alg == "EdDSA":
            self.key = ed25519.Ed25519PrivateKey.generate()
        else:
            self.key = rsa.generate_private_key(65537, bits)

    @property
    def jwk(self):
        public = self.key.public_key()
        if self.alg in CURVES:
            _, name, size, _ = CURVES[self.alg]
            n = public.public_numbers()
            return {"crv": name, "kty": "EC", "x": number(n.x, size), "y": number(n.y, size)}
        if self.alg == "EdDSA":
            raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
            return {"crv": "Ed25519", "kty": "OKP", "x": b64(raw)}
        n = public.public_numbers()
        return {"e": number(n.e), "kty": "RSA", "n": number(n.n)}

    @property
    def thumbprint(self):
        text = json.dumps(self.jwk, sort_keys=True, separators=(",", ":"))
        return b64(hashlib.sha256(text.encode()).digest())

    def sign(self, data):
        if self.alg in CURVES:
            _, _, size, digest = CURVES[self.alg]
            r, s = decode_dss_signature(self.key.sign(data, ec.ECDSA(digest())))
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")
        if self.alg == "EdDSA":
            return self.key.sign(data)
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def type(self):
        """The problem's type without its URN."""
        return self.json["type"].removeprefix("urn:ietf:params:acme:error:")

    def links(self, rel):
        found = []
        for value in self.headers.get_all("Link") or []:
            url, _, params = value.partition(">")
            if f'rel="{rel}"' in params:
                found.append(url.lstrip("<"))
        return found

    def __repr__(self):
        return f"<{self.status} {self.body[:600]!r}>"


def make_csr(names, key=None, cn=None):
    """DER; 'names' are DNS names or addresses."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cn)] if cn else [])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    general = []
    for name in names:
        try:
            general.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            general.append(x509.DNSName(name))
    if general:
        builder = builder.add_extension(x509.SubjectAlternativeName(general), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


class Client:
    """One account on one directory: https://127.0.0.1:PORT/acme/PROFILE/directory."""

    def __init__(self, port, root, profile="server", alg="ES256", key=None):
        self.port, self.base = port, f"https://127.0.0.1:{port}/acme/{profile}"
        self.tls = ssl.create_default_context(cafile=str(root))
        self.key = key or Key(alg)
        self.kid = None
        self.nonces = []
        self.connection = None
        self.requests = 0

    # -- transport

    def http(self, method, url, body=None, headers=None):
        path = url[url.index("/", 8):]
        for again in (False, True):
            if self.connection is None:
                self.connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=self.tls)
            try:
                self.connection.request(method, path, body, headers or {})
                got = self.connection.getresponse()
                answer = Answer(got.status, got.headers, got.read())
                break
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self.close()
                if again:
                    raise
            except BaseException:  # a connection that broke off is of no more use
                self.close()
                raise
        self.requests += 1
        if got.headers.get("Replay-Nonce"):
            self.nonces.append(got.headers["Replay-Nonce"])
        return answer

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def get(self, url, method="GET"):
        return self.http(method, url)

    def nonce(self):
        if not self.nonces:
            self.get(self.base + "/new-nonce", "HEAD")
        return self.nonces.pop()

    # -- JWS

    def protected(self, url, by_jwk=False, **more):
        header = {"alg": self.key.alg, "url": url}
        header |= {"jwk": self.key.jwk} if by_jwk else {"kid": self.kid}
        return header | more

    def jws(self, header, payload, key=None):
        """'payload': an object, octets, or None for POST-as-GET."""
        octets = b"" if payload is None else payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        head, body = b64(json.dumps(header).encode()), b64(octets)
        signature = (key or self.key).sign(f"{head}.{body}".encode())
        return {"protected": head, "payload": body, "signature": b64(signature)}

    def send(self, url, jws, content_type="application/jose+json"):
        body = jws if isinstance(jws, (bytes, str)) else json.dumps(jws)
        return self.http("POST", url, body, {"Content-Type": content_type, "User-Agent": "acme_client"})

    def post(self, url, payload=None, by_jwk=False, **more):
        """Signed with a fresh nonce; once again where that was bad."""
        for _ in range(3):
            answer = self.send(url, self.jws(self.protected(url, by_jwk, **({"nonce": self.nonce()} | more)), payload))
            if answer.status != 400 or answer.type != "badNonce" or "nonce" in more:
                break
        return answer

    # -- what a client does

    def register(self, **payload):
        answer = self.post(self.base + "/new-account", {"termsOfServiceAgreed": True} | payload, by_jwk=True)
        if answer.status in (200, 201):
            self.kid = answer.headers["Location"]
        return answer

    def binding(self, kid, key, url=None, alg="HS256", jwk=None, **more):
        """The externalAccountBinding of RFC 8555 7.3.4; 'key' is base64url."""
        header = {"alg": alg, "kid": kid, "url": url or self.base + "/new-account"} | more
        head, body = b64(json.dumps(header).encode()), b64(json.dumps(jwk or self.key.jwk).encode())
        digest = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}.get(alg, "sha256")
        mac = hmac.new(unb64(key), f"{head}.{body}".encode(), digest).digest()
        return {"protected": head, "payload": body, "signature": b64(mac)}

    def order(self, *names, **more):
        identifiers = []
        for name in names:
            try:
                identifiers.append({"type": "ip", "value": str(ipaddress.ip_address(name))})
            except ValueError:
                identifiers.append({"type": "dns", "value": name})
        return self.post(self.base + "/new-order", {"identifiers": identifiers} | more)

    def key_authorization(self, token):
        return f"{token}.{self.key.thumbprint}"

    def poll(self, url, until=("valid", "invalid", "ready"), seconds=60):
        end = time.monotonic() + seconds
        while True:
            answer = self.post(url)
            if answer.status != 200 or answer.json["status"] in until or time.monotonic() > end:
                return answer
            time.sleep(min(1, float(answer.headers.get("Retry-After", "0.1"))))

    def outlive(self, url):
        """Waits until what is there, an order or an authorization, has ended by its own word."""
        end = datetime.datetime.fromisoformat(self.post(url).json["expires"].replace("Z", "+00:00"))
        time.sleep(max(0, end.timestamp() + 0.3 - time.time()))

    def challenge(self, authz_url, kind="http-01"):
        authz = self.post(authz_url).json
        return next((c for c in authz["challenges"] if c["type"] == kind), None), authz

    def certificate(self, *names, responder, kind="http-01", csr=None, **more):
        """The whole of it; 'responder' has tokens (http-01).  Returns the PEM chain."""
        order = self.order(*names, **more)
        assert order.status == 201, order
        where = order.headers["Location"]
        for url in order.json["authorizations"]:
            challenge, authz = self.challenge(url, kind)
            if authz["status"] == "valid":
                continue
            responder.tokens[challenge["token"]] = self.key_authorization(challenge["token"])
            answer = self.post(challenge["url"], {})
            assert answer.status == 200, answer
            if answer.json["status"] != "valid":
                answer = self.poll(url)
                assert answer.json["status"] == "valid", answer
        answer = self.post(order.json["finalize"], {"csr": b64(csr or make_csr(names))})
        assert answer.status == 200, answer
        if answer.json["status"] != "valid":
            answer = self.poll(where, ("valid", "invalid"))
        assert answer.json["status"] == "valid", answer
        got = self.post(answer.json["certificate"])
        assert got.status == 200, got
        return got.body.decode()


class Responder:
    """Answers http-01 on a port of its own."""

    def __init__(self):
        self.tokens, self.asked = {}, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append(self.path)
                text = outer.tokens.get(self.path.rsplit("/", 1)[-1])
                self.send_response(200 if text else 404)
                self.send_header("Content-Length", str(len(text or "")))
                self.end_headers()
                self.wfile.write((text or "").encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # the prober may be killed at any time
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
