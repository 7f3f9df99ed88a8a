# SPDX-License-Identifier: Apache-2.0
"""What a signed request must be (RFC 8555 6.2 to 6.5, RFC 7515): one test a way of being wrong."""
import base64
import hashlib
import hmac
import json
import signal
import threading

from acme_case import AcmeTest, text_of
from acme_client import CURVES, Key, b64, number, unb64
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed448, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SUPPORTED = {"ES256", "ES384", "ES512", "RS256", "EdDSA"}
N256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
L25519 = 2**252 + 27742317777372353535851937790883648493


class JwsTest(AcmeTest):
    def setUp(self):
        self.c = self.client(register=True)
        self.url = self.c.base + "/new-account"

    def make(self, c=None, url=None, payload=None, by_jwk=False, key=None, **more):
        """A good one; members of the header that are None are left out."""
        c = c or self.c
        header = c.protected(url or c.kid, by_jwk, **({"nonce": c.nonce()} | more))
        return c.jws({k: v for k, v in header.items() if v is not None}, payload, key)

    def fresh(self, alg="ES256", key=None):
        return self.client(alg=alg, key=key)

    def malformed(self, answer, *words):
        self.refused(answer, 400, "malformed", *words)


class Form(JwsTest):
    # A36
    def test_the_general_serialization_is_refused(self):
        good = self.make()
        for jws in ({"payload": good["payload"], "signatures": [{k: good[k] for k in ("protected", "signature")}]},
                    good | {"signatures": []}, good | {"signatures": [good]}):
            self.malformed(self.c.send(self.c.kid, jws), "signatures")

    # A37
    def test_what_is_no_flattened_object_is_refused(self):
        good = self.make()
        compact = ".".join(good[k] for k in ("protected", "payload", "signature"))
        for body in (compact, json.dumps(compact), "", " ", "{}", "[]", "null", "1", '"x"', "x", json.dumps([good]),
                     text_of(good) + b"x", text_of(good) * 2, b"\xef\xbb\xbf" + text_of(good),
                     text_of(good).decode().encode("utf-16"), b"\0" + text_of(good), text_of(good) + b"\0"):
            self.malformed(self.c.send(self.c.kid, body))
        self.assertEqual(self.c.send(self.c.kid, b" \r\n\t" + text_of(good) + b" \n").status, 200)

    # A38
    def test_an_unprotected_header_is_refused(self):
        for header in ({}, {"kid": self.c.kid}, {"alg": "ES256"}, None, "x"):
            self.malformed(self.c.send(self.c.kid, self.make() | {"header": header}), "header")

    # A39, A63
    def test_members_that_are_missing_or_no_strings(self):
        for name in ("protected", "payload", "signature"):
            good = self.make()
            self.malformed(self.c.send(self.c.kid, {k: v for k, v in good.items() if k != name}), name)
            for wrong in (None, 1, True, [], {}, [good[name]], {"x": good[name]}):
                self.malformed(self.c.send(self.c.kid, good | {name: wrong}), name)

    # A40
    def test_critical_and_unencoded_are_refused(self):
        for more in ({"b64": False}, {"b64": True}, {"b64": False, "crit": ["b64"]}, {"crit": ["exp"], "exp": 1},
                     {"crit": []}, {"crit": None, "x": 1}, {"crit": "b64"}):
            header = self.c.protected(self.c.kid, nonce=self.c.nonce()) | more
            self.malformed(self.c.send(self.c.kid, self.c.jws(header, None)))

    # A41
    def test_unknown_members_are_ignored(self):
        a = self.c.send(self.c.kid, self.make() | {"x": 1, "typ": "JWS", "": None})
        self.assertEqual(a.status, 200, a)
        a = self.c.send(self.c.kid, self.make(typ="JOSE", cty="x", x5c=["AAAA"], jku="https://evil.example/"))
        self.assertEqual(a.status, 200, a)

    # A5
    def test_base64url_is_strict(self):
        for name in ("protected", "payload", "signature"):
            for change in (lambda s: s + "=", lambda s: s + "==", lambda s: s + "\n", lambda s: " " + s,
                           lambda s: s[:5] + "+" + s[6:], lambda s: s[:5] + "/" + s[6:], lambda s: s[:5] + "." + s[6:],
                           lambda s: s[:5] + "\u00e9" + s[6:], lambda s: "A"):
                good = self.make(payload={"contact": []})
                self.malformed(self.c.send(self.c.kid, good | {name: change(good[name])}))
        for kind in (base64.b64encode, base64.urlsafe_b64encode):
            good = self.make()
            padded = kind(unb64(good["signature"]) + b"").decode()
            self.assertTrue(padded.endswith("="))
            self.malformed(self.c.send(self.c.kid, good | {"signature": padded}))

    # A42, A49, A59
    def test_the_header_has_all_it_needs(self):
        self.malformed(self.c.send(self.c.kid, self.make(alg=None)), "alg")
        self.malformed(self.c.send(self.c.kid, self.make(url=None) | {"protected": b64(text_of(
            {"alg": "ES256", "kid": self.c.kid, "nonce": self.c.nonce()}))}), "url")
        self.refused(self.c.send(self.c.kid, self.make(nonce=None)), 400, "badNonce")
        self.malformed(self.c.send(self.c.kid, self.make(kid=None)))
        for name in ("alg", "nonce", "url", "kid"):
            for wrong in (1, [], {}, True, ["ES256"]):
                header = self.c.protected(self.c.kid, nonce=self.c.nonce()) | {name: wrong}
                self.malformed(self.c.send(self.c.kid, self.c.jws(header, None)), name)
        for header in (b"", b"[]", b"null", b'"x"', b"{", b"{}", b"\xff"):
            self.malformed(self.c.send(self.c.kid, self.make() | {"protected": b64(header)}))

    # A43, A44, A45, A46
    def test_the_key_or_the_account_and_never_both(self):
        both = self.c.protected(self.c.kid, nonce=self.c.nonce(), jwk=self.c.key.jwk)
        self.malformed(self.c.send(self.c.kid, self.c.jws(both, None)), "both")
        both = self.c.protected(self.url, True, nonce=self.c.nonce(), kid=self.c.kid)
        self.malformed(self.c.send(self.url, self.c.jws(both, {})), "both")
        for url in (self.c.kid, self.url):
            neither = {"alg": "ES256", "url": url, "nonce": self.c.nonce()}
            self.malformed(self.c.send(url, self.c.jws(neither, {})), "neither")
        self.malformed(self.c.post(self.url, {}), "jwk")
        for path in ("/account/x", "/account/x/orders", "/key-change", "/new-order", "/new-authz", "/order/x",
                     "/order/x/finalize", "/authz/x", "/challenge/x", "/certificate/x"):
            for payload in (None, {}):
                self.malformed(self.c.post(self.c.base + path, payload, by_jwk=True), "kid")
        for wrong in (None, 1, "x", [], [self.c.key.jwk]):
            header = {"alg": "ES256", "url": self.url, "nonce": self.c.nonce(), "jwk": wrong}
            self.malformed(self.c.send(self.url, self.c.jws(header, {})))

    # A63, A64
    def test_a_payload_is_an_object(self):
        for path in ("/new-account", "/new-order", "/new-authz", "/key-change", "/revoke-cert", "/order/x/finalize"):
            url = self.c.base + path
            for payload in (b"", b"[]", b"[1]", b'"x"', b"1", b"null", b"true", b"{", b"{}x", b"\xff", b" ", b"\0"):
                a = self.c.post(url, payload, by_jwk=path == "/new-account")
                self.malformed(a)
        for payload in (b"[]", b'"x"', b"1", b"null", b" "):
            self.malformed(self.c.post(self.c.kid, payload))
        for path in ("/order/x", "/certificate/x", "/account/x/orders"):
            for payload in (b"{}", b" ", b"null", b"x"):
                self.malformed(self.c.post(self.c.base + path, payload))

    # A250: every cut of a good request, at each octet
    def test_a_request_cut_at_each_octet_is_refused(self):
        body = text_of(self.make(payload={"contact": ["mailto:cut@example.com"]}))
        inner = self.c.protected(self.c.kid, nonce=self.c.nonce())
        for n in range(len(body)):
            self.malformed(self.c.send(self.c.kid, body[:n]))
        good = json.loads(body)
        for name in ("protected", "signature"):
            for n in range(0, len(good[name])):
                self.malformed(self.c.send(self.c.kid, good | {name: good[name][:n]}))
        octets = json.dumps(inner).encode()
        for n in range(len(octets)):
            self.malformed(self.c.send(self.c.kid, {"protected": b64(octets[:n]), "payload": "", "signature": "AAAA"}))
        self.assertEqual(self.c.post(self.c.kid).json.get("contact", []), [])
        self.assertEqual(self.c.send(self.c.kid, body).json["contact"], ["mailto:cut@example.com"])

    # A250
    def test_an_octet_turned_anywhere_changes_nothing(self):
        good = self.make(payload={"contact": ["mailto:turned@example.com"]})
        body = text_of(good)
        for n in range(len(body)):
            wrong = body[:n] + bytes([body[n] ^ 1]) + body[n + 1:]
            a = self.c.send(self.c.kid, wrong)
            self.assertIn(a.status, (400, 403), (wrong, a))
        self.assertEqual(self.c.post(self.c.kid).json.get("contact", []), [])
        self.assertEqual(self.c.send(self.c.kid, body).status, 200)


class Algorithms(JwsTest):
    # A47
    def test_all_that_are_offered_work(self):
        for alg in sorted(SUPPORTED):
            c = self.fresh(alg)
            self.assertEqual(c.register().status, 201, alg)
            self.assertEqual(c.post(c.kid).status, 200, alg)

    def sign_with(self, alg, c):
        """The request that an attacker would make of it."""
        header = {"alg": alg, "jwk": c.key.jwk, "nonce": c.nonce(), "url": self.url}
        head, body = b64(text_of(header)), b64(b"{}")
        data = f"{head}.{body}".encode()
        if alg.startswith("HS"):
            signature = hmac.new(text_of(c.key.jwk), data, "sha256").digest()
        elif alg.startswith("PS"):
            signature = c.key.key.sign(data, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        else:
            signature = b"" if alg.lower() == "none" else c.key.sign(data)
        return {"protected": head, "payload": body, "signature": b64(signature)}

    # A48
    def test_another_algorithm_is_refused_with_the_list(self):
        rsa_client, ec_client = self.fresh("RS256"), self.fresh()
        for alg in ("none", "None", "NONE", "", "HS256", "HS384", "HS512", "PS256", "PS384", "PS512", "RS1", "RS512",
                    "es256", "ES256K", "ES256 ", "Ed448", "RSA-OAEP", "dir", "A128KW", "ECDH-ES", "SHA256", "x" * 500):
            for c in (rsa_client, ec_client) if not alg.startswith("PS") else (rsa_client,):
                a = c.send(self.url, self.sign_with(alg, c))
                self.refused(a, 400, "badSignatureAlgorithm")
                self.assertLessEqual(SUPPORTED, set(a.json["algorithms"]), a)
                self.assertFalse([n for n in a.json["algorithms"] if n[:2] in ("HS", "no")], a)
        for alg in ("none", "HS256"):
            a = self.c.post(self.c.kid, alg=alg)
            self.refused(a, 400, "badSignatureAlgorithm")

    # A50
    def test_an_algorithm_that_does_not_fit_the_key(self):
        for alg in sorted(SUPPORTED):
            c = self.fresh(alg)
            for other in sorted(SUPPORTED - {alg}):
                a = c.send(self.url, self.make(c, self.url, {}, True, alg=other))
                self.refused(a, 400, "badPublicKey")
                a = self.c.post(self.c.kid, alg=other)
                self.assertEqual(a.status, 200 if other == "ES256" else 400)
        public = ed448.Ed448PrivateKey.generate().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        jwk = {"kty": "OKP", "crv": "Ed448", "x": b64(public)}
        self.refused(self.c.post(self.url, {}, True, alg="EdDSA", jwk=jwk), 400, "badPublicKey")

    # A65, A42: form, algorithm, key, url, signature, nonce, payload
    def test_the_order_of_the_checks(self):
        bad = {"alg": "none", "nonce": "x", "url": "x", "kid": "x"}
        steps = [("badSignatureAlgorithm", {"alg": "ES256"}), ("accountDoesNotExist", {"kid": self.c.kid}),
                 ("unauthorized", {"url": self.c.kid}), ("badNonce", {"nonce": None})]
        for kind, right in steps:
            a = self.c.send(self.c.kid, self.c.jws(bad, b"[]"))
            self.assertEqual(a.type, kind, a)
            bad |= right
        bad["nonce"] = self.c.nonce()
        jws = self.c.jws(bad, b"[]")
        a = self.c.send(self.c.kid, jws | {"signature": b64(b"\1" * 64)})
        self.malformed(a, "signature")
        self.malformed(self.c.send(self.c.kid, jws), "payload")
        self.refused(self.c.send(self.c.kid, jws), 400, "badNonce")


class Keys(JwsTest):
    def with_jwk(self, jwk, key=None, alg=None, **more):
        c = self.c
        header = {"alg": alg or (key or c.key).alg, "jwk": jwk, "nonce": c.nonce(), "url": self.url} | more
        return c.send(self.url, c.jws(header, {}, key))

    def bad(self, answer, *kinds):
        self.assertEqual(answer.status, 400, answer)
        self.assertIn(answer.type, kinds or ("badPublicKey", "malformed"), answer)

    # A51
    def test_weak_rsa_keys(self):
        class Rsa:
            alg = "RS256"

            def __init__(self, bits):
                self.key = rsa.generate_private_key(65537, bits)

            def sign(self, data):
                return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())

        for bits in (1024, 1536, 2040):
            weak = Rsa(bits)
            n = weak.key.public_key().public_numbers()
            self.bad(self.with_jwk({"kty": "RSA", "e": "AQAB", "n": number(n.n)}, weak), "badPublicKey")
        good = Key("RS256")
        n = good.key.public_key().public_numbers().n
        for e in (0, 1, 2, 65536, 2**64, n):
            self.bad(self.with_jwk({"kty": "RSA", "e": number(e, max(1, (e.bit_length() + 7) // 8)), "n": number(n)},
                                   good))
        for wrong in (n + 1, n >> 1024, n << 8192, 0, 2**2048, 2**16384 + 1):
            size = max(1, (wrong.bit_length() + 7) // 8)
            self.bad(self.with_jwk({"kty": "RSA", "e": "AQAB", "n": number(wrong, size)}, good))
        for jwk in ({"kty": "RSA", "e": "AQAB", "n": b64(b"\0" + n.to_bytes(256, "big"))},
                    {"kty": "RSA", "e": "AAEAAQ", "n": number(n)}, {"kty": "RSA", "n": number(n)},
                    {"kty": "RSA", "e": "AQAB"}, {"kty": "RSA", "e": "", "n": ""}, {"kty": "RSA", "e": 3, "n": 4},
                    {"kty": "RSA", "e": "AQAB=", "n": number(n)}):
            self.bad(self.with_jwk(jwk, good))
        self.assertEqual(self.with_jwk(good.jwk, good).status, 201)

    # A51
    def test_points_that_are_none(self):
        for alg, (curve, name, size, _) in CURVES.items():
            key = Key(alg)
            jwk = key.jwk
            x, y = unb64(jwk["x"]), unb64(jwk["y"])
            p = {"P-256": 2**256 - 2**224 + 2**192 + 2**96 - 1, "P-384": 2**384 - 2**128 - 2**96 + 2**32 - 1,
                 "P-521": 2**521 - 1}[name]
            flipped = bytes([*y[:-1], y[-1] ^ 1])
            for change in ({"y": b64(flipped)}, {"x": b64(b"\0" * size), "y": b64(b"\0" * size)},
                           {"x": jwk["y"], "y": jwk["x"]}, {"x": b64(x[:-1])}, {"x": b64(b"\0" + x)},
                           {"y": b64(y + b"\0")}, {"x": ""}, {"y": ""}, {"x": number(p, size)},
                           {"y": number(p, size)}, {"x": b64(b"\xff" * size)}, {"y": None}, {"x": 1}, {"crv": "P-192"},
                           {"crv": "secp256k1"}, {"crv": "p-256"}, {"crv": None}, {"crv": ""}, {"kty": "RSA"},
                           {"kty": "OKP"}, {"kty": "oct"}, {"kty": ""}, {"kty": None}, {"kty": 1}):
                wrong = {k: v for k, v in (jwk | change).items() if v is not None}
                self.bad(self.with_jwk(wrong, key))
            for missing in ("crv", "kty", "x", "y"):
                self.bad(self.with_jwk({k: v for k, v in jwk.items() if k != missing}, key))
            self.assertEqual(self.with_jwk(jwk, key).status, 201)

    # A51
    def test_edwards_points_that_are_none(self):
        key = Key("EdDSA")
        x = unb64(key.jwk["x"])
        for change in ({"x": b64(x[:-1])}, {"x": b64(x + b"\0")}, {"x": ""}, {"crv": "X25519"}, {"crv": "ed25519"},
                       {"x": b64(b"\xff" * 32)}, {"x": b64(b"\0" * 32)}, {"x": b64(b"\1" + b"\0" * 31)},
                       {"kty": "EC"}):
            self.bad(self.with_jwk(key.jwk | change, key))
        self.assertEqual(self.with_jwk(key.jwk, key).status, 201)

    # A53, A54
    def test_private_members_are_refused_and_public_ones_ignored(self):
        for alg in ("ES256", "RS256", "EdDSA"):
            key = Key(alg)
            for member in ("d", "p", "q", "dp", "dq", "qi", "oth", "k"):
                self.bad(self.with_jwk(key.jwk | {member: "AQAB"}, key), "malformed")
            a = self.with_jwk(key.jwk | {"kid": "x", "use": "sig", "alg": alg, "key_ops": ["verify"], "x5c": []}, key)
            self.assertEqual(a.status, 201, a)
            a = self.with_jwk(key.jwk, key)  # it is the same account
            self.assertEqual(a.status, 200, a)


class Signatures(JwsTest):
    def with_signature(self, change, alg="ES256"):
        c = self.client(alg=alg, register=True)
        jws = self.make(c)
        a = c.send(c.kid, jws | {"signature": b64(change(unb64(jws["signature"])))})
        self.malformed(a, "signature")
        self.assertNotIn(c.key.thumbprint, a.body.decode())
        self.assertEqual(c.send(c.kid, jws).status, 200, "the nonce was not used up")

    # A55, A58
    def test_ecdsa_signatures_are_raw_and_whole(self):
        for alg, (_, _, size, _) in CURVES.items():
            def der(s, n=size):
                return encode_dss_signature(int.from_bytes(s[:n], "big"), int.from_bytes(s[n:], "big"))
            for change in (der, lambda s: s[1:], lambda s: s[:-1], lambda s: s + b"\0", lambda s: b"\0" + s,
                           lambda s, n=size: b"\0" + s[:n] + b"\0" + s[n:], lambda s: b"", lambda s: s * 2):
                self.with_signature(change, alg)

    # A56
    def test_r_and_s_are_in_range(self):
        def parts(s):
            return int.from_bytes(s[:32], "big"), int.from_bytes(s[32:], "big")

        def join(r, s):
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        for change in (lambda s: join(0, parts(s)[1]), lambda s: join(parts(s)[0], 0), lambda s: join(0, 0),
                       lambda s: join(N256, parts(s)[1]), lambda s: join(parts(s)[0], N256), lambda s: join(N256, N256),
                       lambda s: join(N256, 0), lambda s: join(1, 1), lambda s: b"\xff" * 64,
                       lambda s: join(parts(s)[1], parts(s)[0])):
            self.with_signature(change)

    # A56
    def test_rsa_padding_is_strict(self):
        c = self.client(alg="RS256", register=True)
        numbers = c.key.key.private_numbers()
        n, d = numbers.public_numbers.n, numbers.d

        def raw(block):
            return pow(int.from_bytes(block.rjust(256, b"\0"), "big"), d, n).to_bytes(256, "big")
        info = bytes.fromhex("3031300d060960864801650304020105000420")
        for form in ("short", "garbage", "no null", "type 2", "zero inside", "long ber", "other hash"):
            jws = self.make(c)
            data = f"{jws['protected']}.{jws['payload']}".encode()
            digest = hashlib.sha256(data).digest()
            tail = info + digest
            block = {
                "short": b"\0\1" + b"\xff" * 8 + b"\0" + tail,
                "garbage": b"\0\1" + b"\xff" * 8 + b"\0" + tail + b"x" * (256 - 11 - len(tail)),
                "no null": b"\0\1" + b"\xff" * (256 - 3 - 49) + b"\0" + bytes.fromhex(
                    "302f300b0609608648016503040201" + "0420") + digest,
                "type 2": b"\0\2" + b"\xff" * (256 - 3 - len(tail)) + b"\0" + tail,
                "zero inside": b"\0\1" + b"\xff" * 100 + b"\0" + b"\xff" * (256 - 104 - len(tail)) + b"\0" + tail,
                "long ber": b"\0\1" + b"\xff" * (256 - 3 - len(tail) - 1) + b"\0" + b"\x30\x81" + tail[1:],
                "other hash": b"\0\1" + b"\xff" * (256 - 3 - len(tail)) + b"\0" + info.replace(
                    b"\x02\x01\x05", b"\x02\x03\x05") + digest,
            }[form]
            a = c.send(c.kid, jws | {"signature": b64(raw(block))})
            self.malformed(a, "signature")
            good = b"\0\1" + b"\xff" * (256 - 3 - len(tail)) + b"\0" + tail
            self.assertEqual(c.send(c.kid, jws | {"signature": b64(raw(good))}).status, 200, form)
        for change in (lambda s: s[1:], lambda s: b"\0" + s, lambda s: s[:-1],
                       lambda s: (int.from_bytes(s, "big") ^ 1).to_bytes(256, "big")):
            self.with_signature(change, "RS256")

    # A56
    def test_ed25519_signatures_are_canonical(self):
        def plus_l(s):
            return s[:32] + (int.from_bytes(s[32:], "little") + L25519).to_bytes(32, "little")
        for change in (plus_l, lambda s: s[:-1], lambda s: s + b"\0", lambda s: bytes(64), lambda s: b"",
                       lambda s: bytes([*s[:63], s[63] | 0x80]), lambda s: bytes([s[0] ^ 1, *s[1:]])):
            self.with_signature(change, "EdDSA")

    # A57
    def test_what_was_sent_is_what_is_verified(self):
        c = self.c
        for text in ('{ "alg" : "ES256",\n"nonce":"NONCE", "url":"URL","kid":"URL" }',
                     '{"url":"URL","kid":"URL","nonce":"NONCE","alg":"\\u0045S256"}'):
            text = text.replace("NONCE", c.nonce()).replace("URL", c.kid)
            head, body = b64(text.encode()), b64(b'{ "contact" : [ ] }')
            jws = {"signature": b64(c.key.sign(f"{head}.{body}".encode())), "payload": body, "protected": head}
            a = c.send(c.kid, jws)
            self.assertEqual(a.status, 200, a)

    # A62, A58
    def test_an_account_by_the_key_of_another(self):
        other = self.client(register=True)
        a = self.c.send(self.c.kid, self.make(key=other.key))
        self.malformed(a, "signature")
        self.assertNotIn(other.key.thumbprint, a.body.decode())
        a = self.c.send(self.c.kid, self.make(key=Key("RS256")))
        self.malformed(a, "signature")


class Urls(JwsTest):
    # A59, A60, S68
    def test_the_url_is_the_one_that_was_asked_for(self):
        kid, base = self.c.kid, self.c.base
        for url in (base + "/new-order", kid + "/", kid + "?", kid + "?x=1", kid + "#x", kid.upper(),
                    kid.replace("https:", "HTTPS:"), kid.replace("https:", "http:"), kid[8:], kid[kid.index("/", 8):],
                    kid.replace("127.0.0.1", "localhost"), kid.replace("/acme/acme/", "/acme//acme/"),
                    kid.replace("/acme/acme/", "/acme/./acme/"), kid.replace("account", "acc%6funt"), "", " " + kid,
                    kid + " ", "https://127.0.0.1/acme/acme/new-order", "x" * 5000, kid[:-1], "https://evil.example/"):
            jws = self.c.jws(self.c.protected(url, nonce=self.c.nonce()), None)
            self.refused(self.c.send(kid, jws), 403, "unauthorized")
        a = self.c.send(kid + "?x=1", self.make())
        self.refused(a, 403, "unauthorized")

    # A61
    def test_an_account_is_named_by_its_url(self):
        kid = self.c.kid
        account = kid.rsplit("/", 1)[1]
        for wrong in (account, kid + "/", kid[:-1], kid + "x", kid[:-1] + ("A" if kid[-1] != "A" else "B"), "",
                      kid.replace("https:", "http:"), kid.replace("127.0.0.1", "localhost"), "/acme/acme/account/" + account,
                      "1", "https://evil.example/acme/acme/account/" + account, kid.replace("/account/", "/order/"),
                      kid + "/orders", kid + " ", kid.replace("/acme/acme/", "/acme/second/"), "x" * 3000,
                      kid + "' OR 1=1--", kid[:-22] + "%", kid[:-22] + "_" * 22):
            self.refused(self.c.post(kid, None, kid=wrong), 400, "accountDoesNotExist")


class Nonces(JwsTest):
    # A67, A68, A69, A71, R62
    def test_a_nonce_is_good_once(self):
        c = self.c
        use = c.nonce()
        self.assertGreaterEqual(len(unb64(use)), 16)
        self.assertEqual(c.post(c.kid, nonce=use).status, 200)
        for _ in range(3):
            a = c.post(c.kid, nonce=use)
            self.refused(a, 400, "badNonce")
            self.assertTrue(a.json["detail"].startswith("JWS has an invalid anti-replay nonce"), a)
            self.assertEqual(c.post(c.kid, nonce=a.headers["Replay-Nonce"]).status, 200)

    # A69, A70
    def test_what_is_none_of_ours_is_refused(self):
        c = self.c
        good = c.nonce()
        other = b64(bytes([unb64(good)[0] ^ 1, *unb64(good)[1:]]))
        turned = b64(bytes([*unb64(good)[:-1], unb64(good)[-1] ^ 1]))
        for wrong in ("", "x", "AAAA", "A" * 32, other, turned, good[:-1], good + "A", good.lower(), good + "=",
                      good[:-4], "\u00e9" * 32, "+" * 32, "/" * 32, " " + good, good + " ", "A" * 5000, good * 2):
            if wrong == good:
                continue
            a = c.post(c.kid, nonce=wrong)
            self.assertEqual(a.status, 400, a)
            self.assertIn(a.type, ("badNonce", "malformed"))
        self.assertEqual(c.post(c.kid, nonce=good).status, 200)

    # A73
    def test_a_nonce_is_good_for_whoever_has_it(self):
        other = self.client(register=True)
        use = other.nonce()
        other.close()
        self.assertEqual(self.c.post(self.c.kid, nonce=use).status, 200)
        second = self.client("second")
        self.assertEqual(second.post(second.base + "/new-account", {}, True, nonce=self.c.nonce()).status, 201)

    # A65: who has not the key uses none up
    def test_a_wrong_signature_uses_no_nonce_up(self):
        jws = self.make()
        for _ in range(3):
            self.malformed(self.c.send(self.c.kid, jws | {"signature": b64(b"\5" * 64)}))
        self.assertEqual(self.c.send(self.c.kid, jws).status, 200)
        self.refused(self.c.send(self.c.kid, jws), 400, "badNonce")

    # A74
    def test_of_a_hundred_with_one_nonce_one_wins(self):
        for _ in range(3):
            body = text_of(self.make(payload={"contact": []}))
            clients = [self.client(key=self.c.key) for _ in range(20)]
            for c in clients:
                c.get(c.base + "/directory")  # connected
            gate, answers = threading.Barrier(100), []

            def race(n, clients=clients, body=body, gate=gate, answers=answers):
                c = clients[n] if n < len(clients) else self.client(key=self.c.key)
                gate.wait()
                answers.append(c.send(self.c.kid, body))
            threads = [threading.Thread(target=race, args=(n,)) for n in range(100)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            self.assertEqual(sorted(a.status for a in answers), [200] + [400] * 99)
            self.assertEqual({a.type for a in answers if a.status == 400}, {"badNonce"})

    # A75
    def test_a_flood_of_new_ones_drives_no_live_one_out(self):
        keep = self.c.nonce()
        before = (self.ca.dir / "acme.nonces").stat().st_size
        self.assertEqual(before, 4096 + 4194304 // 8, "a bit for each that can be used (ADR 0011)")
        for _ in range(2000):
            self.c.get(self.c.base + "/new-nonce", "HEAD")
        self.assertEqual((self.ca.dir / "acme.nonces").stat().st_size, before)
        self.assertEqual(self.c.post(self.c.kid, nonce=keep).status, 200)

    # A72, A244
    def test_nonces_outlive_a_restart_of_whatever_kind(self):
        c = self.c
        for ends in (signal.SIGTERM, signal.SIGKILL):
            unused, used = [c.nonce(), self.client().nonce()], c.nonce()
            self.assertEqual(c.post(c.kid, nonce=used).status, 200)
            unused.append(c.nonce())
            if ends == signal.SIGTERM:
                self.ca.stop()
                self.ca.start()
            else:
                self.kill()
            c.close()
            c.nonces.clear()
            self.refused(c.post(c.kid, nonce=used), 400, "badNonce")
            for nonce in unused:
                self.assertEqual(c.post(c.kid, nonce=nonce).status, 200, ends)
                self.refused(c.post(c.kid, nonce=nonce), 400, "badNonce")

    # A67: nothing of the key leaves the file, and nobody else reads it
    def test_the_files_are_the_owners_alone(self):
        for name, size in (("acme.key", 32), ("acme.nonces", None)):
            st = (self.ca.dir / name).stat()
            self.assertEqual(st.st_mode & 0o777, 0o600, name)
            if size:
                self.assertEqual(st.st_size, size)


class KeyFile(JwsTest):
    def setUp(self):
        pass

    def starts(self):
        self.ca.stop()
        return self.ca.serves()

    # A121
    def test_a_key_that_is_wrong_ends_the_start_and_a_missing_one_is_made(self):
        path = self.ca.dir / "acme.key"
        key = path.read_bytes()
        for wrong in (b"", key[:-1], key + b"x", key * 2):
            path.write_bytes(wrong)
            self.assertFalse(self.starts(), wrong)
            self.assertRegex(self.ca.said(), "acme.key")
            self.assertEqual(path.read_bytes(), wrong, "it is not written over")
        path.write_bytes(key)
        for mode in (0o640, 0o604, 0o660):
            path.chmod(mode)
            self.assertFalse(self.starts(), oct(mode))
        path.chmod(0o600)
        self.assertTrue(self.starts(), self.ca.said()[-1000:])
        self.assertEqual(path.read_bytes(), key)
        keep = self.client().nonce()
        path.unlink()
        self.assertTrue(self.starts(), self.ca.said()[-1000:])
        self.assertEqual(len(path.read_bytes()), 32)
        self.assertNotEqual(path.read_bytes(), key)
        c = self.client()
        self.refused(c.post(c.base + "/new-account", {}, True, nonce=keep), 400, "badNonce")
        self.assertEqual(c.register().status, 201)

    def test_nonces_that_are_no_file_of_ours_begin_anew(self):
        path = self.ca.dir / "acme.nonces"
        if self.ca.daemon is None:
            self.ca.start()
        for wrong in (b"", b"x", b"\0" * path.stat().st_size, b"\xff" * 100000):
            c = self.client()
            old = c.nonce()
            self.ca.stop()
            path.write_bytes(wrong)
            self.ca.start()
            c.close()
            self.refused(c.post(c.base + "/new-account", {}, True, nonce=old), 400, "badNonce")
            self.assertEqual(c.register().status, 201)
