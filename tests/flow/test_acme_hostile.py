# SPDX-License-Identifier: Apache-2.0
"""ACME among strangers: what one account can do to another's things, races, CSRs, limits, refusals."""
import ipaddress
import json
import os
import re
import signal
import threading
import time

from acme_case import STATUSES, AcmeTest
from acme_client import Client, Key, b64, make_csr
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hnp import SLOW, run
from test_acme_account import change, race


def der_of(pem):
    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(serialization.Encoding.DER)


class OrderTest(AcmeTest):
    def prove(self, c, order):
        for url in order.json["authorizations"]:
            challenge, authz = c.challenge(url)
            if authz["status"] == "valid":
                continue
            self.responder.tokens[challenge["token"]] = c.key_authorization(challenge["token"])
            self.assertEqual(c.post(challenge["url"], {}).status, 200)
            self.assertEqual(c.poll(url).json["status"], "valid")

    def absent(self, c, name):
        """Authorization and challenge of a name that no name server knows yet; the proof is up."""
        self.names.gone.add(name)
        url = c.order(name).json["authorizations"][0]
        challenge, _ = c.challenge(url)
        self.responder.tokens[challenge["token"]] = c.key_authorization(challenge["token"])
        return url, challenge

    def ready(self, c, *names):
        """An order's URL and its object."""
        order = c.order(*names)
        self.assertEqual(order.status, 201, order)
        self.prove(c, order)
        where = order.headers["Location"]
        order = c.post(where)
        self.assertEqual(order.json["status"], "ready", order)
        return where, order.json

    def finish(self, c, where, order, names, key=None):
        a = c.post(order["finalize"], {"csr": b64(make_csr(names, key))})
        self.assertEqual(a.status, 200, a)
        if a.json["status"] == "processing":
            a = c.poll(where, ("valid", "invalid"))
        self.assertEqual(a.json["status"], "valid", a)
        return c.post(a.json["certificate"]).body.decode()


class Strangers(OrderTest):
    # A108, A149, A170, A215, A219, A173, R64, R65, R39, S72
    def test_nothing_of_another_account_is_seen_or_touched(self):
        a, b, second = self.client(register=True), self.client(register=True), self.client("second", register=True)
        done, order = self.ready(a, "secret.internal")
        self.finish(a, done, order, ["secret.internal"])
        certificate = a.post(done).json["certificate"]
        open_order = a.order("open-secret.internal")
        authz = open_order.json["authorizations"][0]
        challenge = a.challenge(authz)[0]["url"]
        where, waiting = self.ready(a, "ready-secret.internal")
        urls = [a.kid, a.kid + "/orders", done, certificate, certificate + "/1", open_order.headers["Location"], authz,
                challenge, where, waiting["finalize"], done + "/finalize"]
        before = [x.body for x in (a.post(authz), a.post(challenge), a.post(where), a.post(done), a.post(a.kid))]
        csr = {"csr": b64(make_csr(["ready-secret.internal"]))}
        for url in urls:
            for c in (b, second):
                at = url if c is b else url.replace("/acme/acme/", "/acme/second/")
                for payload in (None, {}, {"status": "deactivated"}, csr, {"contact": []}):
                    answer = c.post(at, payload)
                    self.assertIn(answer.status, (400, 403, 404), (at, payload, answer))
                    self.assertNotIn("secret", answer.body.decode())
            for c in (b, second):  # its directory is another's
                self.assertIn(c.post(url).status, (400, 403, 404))
        after = [x.body for x in (a.post(authz), a.post(challenge), a.post(where), a.post(done), a.post(a.kid))]
        self.assertEqual(before, after)
        self.assertEqual(self.responder.asked.count(challenge), 0)
        self.finish(a, where, waiting, ["ready-secret.internal"])

    # A173: what one has proved is no proof for another
    def test_a_proof_helps_nobody_else(self):
        a, b = self.client(register=True), self.client(register=True)
        self.ready(a, "proved.internal")
        self.assertEqual(a.order("proved.internal").json["status"], "ready")
        order = b.order("proved.internal")
        self.assertEqual(order.json["status"], "pending")
        self.refused(b.post(order.json["finalize"], {"csr": b64(make_csr(["proved.internal"]))}), 403, "orderNotReady")
        second = self.client("second", key=a.key, register=True)
        self.assertEqual(second.order("proved.internal").json["status"], "pending", "nor in another directory")

    # A171, A66, S56: the token with the thumbprint of somebody else
    def test_a_token_with_another_thumbprint_proves_nothing(self):
        a, b = self.client(register=True), self.client(register=True)
        for wrong in (lambda t: b.key_authorization(t), lambda t: t, lambda t: t + ".", lambda t: a.key.thumbprint,
                      lambda t: a.key_authorization(t) + "x", lambda t: a.key_authorization(t)[:-1],
                      lambda t: a.key_authorization(t).upper(), lambda t: "." + a.key.thumbprint):
            order = a.order("thumb.internal")
            self.assertEqual(order.json["status"], "pending", order)
            challenge, _ = a.challenge(order.json["authorizations"][0])
            self.responder.tokens[challenge["token"]] = wrong(challenge["token"])
            a.post(challenge["url"], {})
            got = a.poll(order.headers["Location"], ("invalid", "ready", "valid"), 60 * SLOW)
            self.assertEqual(got.json["status"], "invalid", got)
            self.refused(a.post(order.json["finalize"], {"csr": b64(make_csr(["thumb.internal"]))}), 403, "orderNotReady")

    # A131, A171, A130: after a key change the new key's thumbprint counts
    def test_a_challenge_counts_with_the_present_key(self):
        c = self.client(register=True)
        order = c.order("rekeyed.internal")
        challenge, _ = c.challenge(order.json["authorizations"][0])
        new = Key("EdDSA")
        self.assertEqual(c.post(c.base + "/key-change", change(c, new)).status, 200)
        c.key = new
        self.assertEqual(c.challenge(order.json["authorizations"][0])[0]["token"], challenge["token"])
        self.prove(c, order)
        where = order.headers["Location"]
        self.finish(c, where, c.post(where).json, ["rekeyed.internal"])

    # A131, A171: where the key is changed between two tries, too
    def test_a_challenge_under_way_counts_with_the_present_key(self):
        c = self.client(register=True)
        url, challenge = self.absent(c, "changed.internal")
        self.assertEqual(c.post(challenge["url"], {}).json["status"], "processing")
        new = Key("EdDSA")
        self.assertEqual(c.post(c.base + "/key-change", change(c, new)).status, 200)
        c.key = new
        self.responder.tokens[challenge["token"]] = c.key_authorization(challenge["token"])
        self.names.gone.clear()
        self.assertEqual(c.poll(url, ("valid", "invalid"), 30 * SLOW).json["status"], "valid")

    # A216, A217, A219, R38, R39
    def test_who_may_revoke_by_account(self):
        a, b, c = (self.client(register=True) for _ in range(3))
        where, order = self.ready(a, "rev.internal", "rev2.internal")
        pem = self.finish(a, where, order, ["rev.internal", "rev2.internal"])
        payload = {"certificate": b64(der_of(pem))}
        self.refused(b.post(b.base + "/revoke-cert", payload), 403, "unauthorized")
        stranger = self.client()
        self.refused(stranger.post(stranger.base + "/revoke-cert", payload, True), 403, "unauthorized")
        self.refused(stranger.post(stranger.base + "/revoke-cert", payload, True, jwk=a.key.jwk), 400, "malformed")
        self.ready(b, "rev.internal")
        self.refused(b.post(b.base + "/revoke-cert", payload), 403, "unauthorized")  # one of two names
        self.ready(b, "rev2.internal")
        answer = b.post(b.base + "/revoke-cert", payload)
        self.assertEqual((answer.status, answer.body, answer.headers["Content-Length"]), (200, b"", "0"), answer)
        self.refused(a.post(a.base + "/revoke-cert", payload), 400, "alreadyRevoked")
        where, order = self.ready(c, "rev3.internal")
        payload = {"certificate": b64(der_of(self.finish(c, where, order, ["rev3.internal"]))), "reason": 4}
        self.assertEqual(c.post(c.base + "/revoke-cert", payload).status, 200)
        c.post(c.kid, {"status": "deactivated"})
        self.refused(c.post(c.base + "/revoke-cert", payload), 401, "unauthorized")


class Shortcuts(OrderTest):
    more = 'authorization_lifetime: 6s'

    # R68, A146: one proof of two that are due
    def test_each_name_is_proved(self):
        c = self.client(register=True)
        order = c.order("both-a.internal", "both-b.internal")
        urls = order.json["authorizations"]
        self.assertEqual(len(urls), 2)
        challenge, authz = c.challenge(urls[0])
        self.responder.tokens[challenge["token"]] = c.key_authorization(challenge["token"])
        c.post(challenge["url"], {})
        self.assertEqual(c.poll(urls[0]).json["status"], "valid")
        self.assertEqual(c.post(order.headers["Location"]).json["status"], "pending")
        for names in (["both-a.internal", "both-b.internal"], [authz["identifier"]["value"]]):
            self.refused(c.post(order.json["finalize"], {"csr": b64(make_csr(names))}), 403, "orderNotReady")
        self.assertEqual(c.post(urls[1]).json["status"], "pending")

    # R69: none of what a client may say makes anything valid
    def test_no_check_is_skipped(self):
        c = self.client(register=True)
        order = c.order("skip.internal")
        where, url = order.headers["Location"], order.json["authorizations"][0]
        challenge, _ = c.challenge(url)
        for status in ("valid", "ready", "processing", "revoked", "expired"):
            self.assertIn(c.post(url, {"status": status}).status, (200, 400))
            self.assertEqual(c.post(url).json["status"], "pending", status)
            self.refused(c.post(where, {"status": status}), 400, "malformed")
        a = c.post(challenge["url"], {"status": "valid", "validated": "2020-01-01T00:00:00Z"})
        self.assertNotEqual(a.json["status"], "valid", a)
        self.assertEqual(c.poll(url).json["status"], "invalid")
        order = c.order("skip.internal")
        self.assertEqual(order.json["status"], "pending")
        self.refused(c.post(order.json["finalize"], {"csr": b64(make_csr(["skip.internal"]))}), 403, "orderNotReady")

    # R70, A205: what was proved long ago is proved anew
    def test_a_proof_gets_old(self):
        c = self.client(register=True)
        where, order = self.ready(c, "old.internal")
        c.outlive(order["authorizations"][0])
        self.assertEqual(c.order("old.internal").json["status"], "pending")
        self.refused(c.post(order["finalize"], {"csr": b64(make_csr(["old.internal"]))}), 403, "orderNotReady")
        self.assertEqual(c.post(where).json["status"], "invalid")

    # A166: who answers may come up a moment later
    def test_a_failure_that_may_pass_is_tried_again(self):
        c = self.client(register=True)
        url, challenge = self.absent(c, "slow.internal")
        a = c.post(challenge["url"], {})
        self.assertEqual(a.json["status"], "processing", a)
        self.assertRegex(a.headers["Retry-After"], r"^\d+$")
        self.names.gone.clear()
        self.assertEqual(c.poll(url, ("valid", "invalid"), 30 * SLOW).json["status"], "valid")

    # A163, A244: whoever looks, too; it is on disk by then
    def test_who_looks_at_a_challenge_under_way_is_told_so(self):
        c = self.client(register=True)
        url, challenge = self.absent(c, "looked.internal")
        told = []
        one = threading.Thread(target=lambda: told.append(c.post(challenge["url"], {})))
        other = self.client(key=c.key)
        other.kid = c.kid
        one.start()
        seen = other.poll(challenge["url"], ("processing",), 10 * SLOW)
        row = self.count("acme_challenge", f"token = '{challenge['token']}' AND status = 2")
        one.join()
        self.assertEqual((seen.json["status"], row), ("processing", 1))
        self.assertEqual(told[0].json["status"], "processing", told[0])
        self.names.gone.clear()
        self.assertEqual(other.poll(url, ("valid", "invalid"), 30 * SLOW).json["status"], "valid")


class Races(OrderTest):
    def certificates(self, name):
        return self.count("certificate_name", f"value = '{name}' AND type >= 0")

    # A208, A161, R71, A249
    def test_of_many_finalizations_one_makes_a_certificate(self):
        for turn, keys in enumerate((1, 8, 8, 20)):
            c, name = self.client(register=True), f"race-{turn}.internal"
            where, order = self.ready(c, name)
            csrs = [make_csr([name]) for _ in range(keys)]
            clients = [self.client(key=c.key) for _ in range(max(8, keys))]
            for n, one in enumerate(clients):
                one.kid, one.nonces = c.kid, [one.nonce()]
                one.csr = {"csr": b64(csrs[n % keys])}
            answers = race(*[lambda one=one, url=order["finalize"]: one.post(url, one.csr) for one in clients])
            for answer in answers:
                self.assertIn(answer.status, (200, 403), answer)
                if answer.status == 403:
                    self.assertEqual(answer.type, "orderNotReady")
            got = c.poll(where, ("valid", "invalid"))
            self.assertEqual(got.json["status"], "valid", got)
            issued = x509.load_pem_x509_certificate(c.post(got.json["certificate"]).body)
            keys_asked = [x509.load_der_x509_csr(csr).public_key().public_numbers() for csr in csrs]
            self.assertIn(issued.public_key().public_numbers(), keys_asked)
            self.assertEqual(self.certificates(name), 1)

    # A161, A160: one validation, however many ask
    def test_of_many_that_begin_a_challenge_one_is_begun(self):
        c = self.client(register=True)
        order = c.order("begin.internal")
        challenge, _ = c.challenge(order.json["authorizations"][0])
        for _ in range(3):
            self.assertEqual(c.post(challenge["url"]).json["status"], "pending", "reading begins nothing")
        path = "/.well-known/acme-challenge/" + challenge["token"]
        self.assertNotIn(path, self.responder.asked)
        self.responder.tokens[challenge["token"]] = c.key_authorization(challenge["token"])
        clients = [self.client(key=c.key) for _ in range(10)]
        for one in clients:
            one.kid, one.nonces = c.kid, [one.nonce()]
        answers = race(*[lambda one=one: one.post(challenge["url"], {}) for one in clients])
        self.assertEqual({a.status for a in answers}, {200})
        self.assertEqual(c.poll(challenge["url"]).json["status"], "valid")
        self.assertEqual(self.responder.asked.count(path), 1)
        self.assertEqual(c.post(challenge["url"], {}).json["status"], "valid")
        self.assertEqual(self.responder.asked.count(path), 1)

    # A168, A146: the end of an authorization against the finalization of its order
    def test_a_deactivation_and_a_finalization_at_once_leave_one_state(self):
        for turn in range(6):
            c, name = self.client(register=True), f"cross-{turn}.internal"
            where, order = self.ready(c, name)
            other = self.client(key=c.key)
            other.kid, other.nonces, c.nonces = c.kid, [other.nonce()], [c.nonce()]
            race(lambda c=c, order=order, name=name: c.post(order["finalize"], {"csr": b64(make_csr([name]))}),
                 lambda o=other, u=order["authorizations"][0]: o.post(u, {"status": "deactivated"}))
            got = c.poll(where, ("valid", "invalid"))
            self.assertEqual(self.certificates(name), 1 if got.json["status"] == "valid" else 0, got)
            self.assertEqual("certificate" in got.json, got.json["status"] == "valid")
            self.assertEqual(c.post(order["authorizations"][0]).json["status"], "deactivated")

    # A109, A110: the end of an account against all that it has under way
    def test_an_end_of_the_account_in_the_middle(self):
        for turn in range(4):
            c, name = self.client(register=True), f"gone-{turn}.internal"
            _, order = self.ready(c, name)
            other = self.client(key=c.key)
            other.kid, other.nonces, c.nonces = c.kid, [other.nonce()], [c.nonce()]
            answers = race(lambda c=c, o=order, name=name: c.post(o["finalize"], {"csr": b64(make_csr([name]))}),
                           lambda o=other: o.post(o.kid, {"status": "deactivated"}))
            self.assertEqual(answers[1].status, 200, answers)
            self.refused(c.post(c.kid), 401, "unauthorized")
            self.assertLessEqual(self.certificates(name), 1)
            self.assertEqual(self.count("acme_order", "status = 2"), 0, "none is left processing")
        self.lives()


class Csrs(OrderTest):
    def csr(self, *extensions, names=("csr.internal",), key=None, sign=None, digest=hashes.SHA256(), cn=None, more=()):
        subject = [x509.NameAttribute(NameOID.COMMON_NAME, cn)] if cn else []
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
        general = [x509.DNSName(n) for n in names] + list(more)
        if general:
            builder = builder.add_extension(x509.SubjectAlternativeName(general), critical=False)
        for e in extensions:
            builder = builder.add_extension(e, critical=True)
        return builder.sign(key or ec.generate_private_key(ec.SECP256R1()), digest).public_bytes(
            serialization.Encoding.DER)

    def openssl_csr(self, digest):
        """What python's library would not sign."""
        self.ca.csr(digest, "DNS:csr.internal", key=("-algorithm", "RSA"), extra=("-" + digest,))
        return run("openssl", "req", "-in", self.ca.file(digest + ".csr"), "-outform", "DER", text=False).stdout

    # A197, A199, A200, A201, A202, A203, R19, R71
    def test_what_does_not_fit_is_refused_and_what_fits_is_signed_after_all_that(self):
        c, other = self.client(register=True), self.client(register=True)
        second = self.client("second", register=True)
        where, order = self.ready(c, "csr.internal")
        good = self.csr()
        ip = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        wrong = {
            "other name": self.csr(names=["evil.internal"]), "more": self.csr(names=["csr.internal", "evil.internal"]),
            "none": self.csr(names=[]), "wildcard": self.csr(names=["*.csr.internal"]),
            "parent": self.csr(names=["internal"]), "child": self.csr(names=["a.csr.internal"]),
            "CN beside": self.csr(cn="evil.internal"), "address beside": self.csr(more=[ip]),
            "mail beside": self.csr(more=[x509.RFC822Name("a@csr.internal")]),
            "URI beside": self.csr(more=[x509.UniformResourceIdentifier("spiffe://csr.internal/x")]),
            "name with NUL": self.csr(names=["csr.internal\0.evil"]), "dot": self.csr(names=["csr.internal."]),
            "RSA 1024": self.csr(key=rsa.generate_private_key(65537, 1024)),
            "P-192": self.csr(key=ec.generate_private_key(ec.SECP192R1())),
            "secp256k1": self.csr(key=ec.generate_private_key(ec.SECP256K1())),
            "Ed448": self.csr(key=ed448.Ed448PrivateKey.generate(), digest=None),
            "SHA-1": self.openssl_csr("sha1"), "MD5": self.openssl_csr("md5"),
            "account key": self.csr(key=c.key.key), "another's account key": self.csr(key=other.key.key),
            "account key of another directory": self.csr(key=second.key.key),
            "not its own signature": good[:-2] + bytes([good[-2] ^ 1, good[-1]]), "trailing": good + b"\0",
            "nothing": b"", "words": b"hello", "a certificate": b"\x30\x03\x02\x01\x00",
        }
        for what, csr in wrong.items():
            a = c.post(order["finalize"], {"csr": b64(csr)})
            with self.subTest(what):
                self.assertEqual((a.status, a.type), (400, "badCSR"), a)
        for payload in ({}, {"csr": None}, {"csr": 1}, {"csr": [b64(good)]}, {"csr": b64(good) + "="},
                        {"csr": "-----BEGIN CERTIFICATE REQUEST-----"}, {"CSR": b64(good)}):
            a = c.post(order["finalize"], payload)
            self.assertEqual(a.status, 400, a)
            self.assertIn(a.type, ("malformed", "badCSR"))
        for n in range(len(good)):
            a = c.post(order["finalize"], {"csr": b64(good[:n])})
            self.assertEqual((a.status, a.type), (400, "badCSR"), (n, a))
        self.assertEqual(c.post(where).json["status"], "ready")
        self.assertEqual(self.count("certificate_name", "value = 'csr.internal'"), 0)
        greedy = self.csr(x509.BasicConstraints(True, None),
                          x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING, ExtendedKeyUsageOID.CODE_SIGNING]),
                          x509.KeyUsage(True, True, True, True, True, True, True, False, False), names=["CSR.internal"])
        a = c.post(order["finalize"], {"csr": b64(greedy)})
        if a.status == 400:  # CA:TRUE may be refused, too
            self.assertEqual(a.type, "badCSR")
            a = c.post(order["finalize"], {"csr": b64(good)})
        self.assertEqual((a.status, a.json["status"]), (200, "valid"), a)
        got = x509.load_pem_x509_certificate(c.post(a.json["certificate"]).body)
        self.assertFalse(got.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
        usage = got.extensions.get_extension_for_class(x509.KeyUsage).value
        self.assertFalse(usage.key_cert_sign or usage.crl_sign)
        self.assertNotIn(ExtendedKeyUsageOID.OCSP_SIGNING,
                         list(got.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value))
        names = got.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        self.assertEqual([n.value for n in names], ["csr.internal"])


class Challenges(OrderTest):
    # A10, A158, A159, A162, A164
    def test_a_challenge_from_its_beginning_to_its_end(self):
        c = self.client(register=True)
        order = c.order("walk.internal")
        url = order.json["authorizations"][0]
        challenge, _ = c.challenge(url)
        a = c.post(challenge["url"])
        self.assertEqual(a.links("up"), [url])
        self.assertEqual(set(a.json), {"type", "url", "status", "token"})
        self.responder.tokens[challenge["token"]] = c.key_authorization(challenge["token"])
        a = c.post(challenge["url"], {"keyAuthorization": c.key_authorization(challenge["token"]), "resource": "challenge",
                                      "x": None})
        self.assertEqual((a.status, a.links("up")), (200, [url]), a)
        self.assertIn(a.json["status"], ("pending", "processing", "valid"))
        self.assertEqual(c.poll(url).json["status"], "valid")
        a = c.post(challenge["url"])
        self.assertEqual((a.json["status"], a.links("up")), ("valid", [url]), a)
        self.assertRegex(a.json["validated"], r"Z$")
        self.assertNotIn("error", a.json)
        found = [x for x in c.post(url).json["challenges"] if x["type"] == "http-01"]
        self.assertEqual(found, [a.json])
        for payload in (b"[]", b"1", b'"x"', b" "):
            self.refused(c.post(challenge["url"], payload), 400, "malformed")

    # A158, A163, A81, A180
    def test_a_challenge_that_fails(self):
        c = self.client(register=True)
        order = c.order("fails.internal")
        url = order.json["authorizations"][0]
        challenge, _ = c.challenge(url)
        self.responder.tokens[challenge["token"]] = "wrong-and-secret"
        a = c.post(challenge["url"], {})
        self.assertEqual(a.status, 200, a)
        if a.json["status"] == "processing":
            self.assertRegex(a.headers["Retry-After"], r"^\d+$")
        a = c.poll(challenge["url"], ("valid", "invalid"), 60 * SLOW)
        self.assertEqual(a.json["status"], "invalid", a)
        self.assertNotIn("validated", a.json)
        path = "/.well-known/acme-challenge/" + challenge["token"]
        tries = self.responder.asked.count(path)
        self.assertGreaterEqual(tries, 1)
        for answer in (a, c.post(order.headers["Location"])):
            p = answer.json["error"]
            self.assertIn(p["type"].removeprefix("urn:ietf:params:acme:error:"), ("unauthorized", "incorrectResponse"))
            self.assertIsInstance(p["status"], int)
            self.assertNotIn("wrong-and-secret", json.dumps(p))
        self.assertEqual(c.post(url).json["status"], "invalid")
        self.assertIn(c.post(challenge["url"], {}).status, (200, 400))
        time.sleep(0.3)
        self.assertEqual(self.responder.asked.count(path), tries, "what has ended is not asked again")


class Refusals(OrderTest):
    # A77, A78, A79, A82, A87: each type with its status; Watched looks at the form of each
    def test_every_type_has_its_status(self):
        c, seen = self.client(register=True), {}
        base = c.base
        where, order = self.ready(c, "types.internal")
        gone = self.client(register=True)
        gone.post(gone.kid, {"status": "deactivated"})
        bound = self.client("bound")
        csr = {"csr": b64(make_csr(["types.internal"]))}
        pem = self.finish(c, where, order, ["types.internal"])
        der = {"certificate": b64(der_of(pem))}
        pending = c.order("pending.internal")
        answers = [
            c.get(base + "/nothing"), c.get(base + "/new-order"), c.post(base + "/new-order", b"x"),
            c.send(base + "/new-order", b"x", "text/plain"), c.post(c.kid, nonce="x"), c.post(c.kid, alg="none"),
            c.post(c.kid, alg="ES384"), c.post(c.kid, kid="x"), gone.post(gone.kid),
            c.post(c.kid, {"contact": ["tel:1"]}), c.post(c.kid, {"contact": ["mailto:"]}),
            c.post(base + "/new-order", {"identifiers": [{"type": "x", "value": "y"}]}),
            c.post(base + "/new-order", {"identifiers": [{"type": "dns", "value": "example.com"}]}),
            c.post(base + "/new-order", {"identifiers": [{"type": "dns", "value": "a.internal"}], "profile": "x"}),
            bound.post(bound.base + "/new-account", {}, True), c.post(pending.json["finalize"], csr),
            c.post(base + "/revoke-cert", der | {"reason": 7}), c.post(base + "/revoke-cert", der),
            c.post(base + "/revoke-cert", der), c.post(self.ready(c, "types2.internal")[1]["finalize"], csr),
        ]
        for a in answers:
            if a.status >= 400:
                seen.setdefault(a.type, set()).add(a.status)
        self.assertLessEqual({"malformed", "badNonce", "badSignatureAlgorithm", "badPublicKey", "accountDoesNotExist",
                              "unauthorized", "unsupportedContact", "invalidContact", "unsupportedIdentifier",
                              "rejectedIdentifier", "invalidProfile", "externalAccountRequired", "orderNotReady",
                              "badRevocationReason", "alreadyRevoked", "badCSR"}, set(seen))
        for kind, statuses in seen.items():
            self.assertLessEqual(statuses, set(STATUSES[kind]), kind)

    # A87, A250, A24: odd ids in every path; what is no path at all is not ACME's to refuse
    def test_odd_paths_are_refused_and_tell_nothing(self):
        c = self.client(register=True)
        for odd in ("x", "1", "0", "-1", "%00", "'", "%27%20OR%201=1--", "..", "%2e%2e%2f", "A" * 22, "A" * 23, "A" * 5000,
                    "%ff", "%F0%9F%92%A9", "*", "null", "%0a", ";", "a%2fb"):
            for path in ("order/{}", "order/{}/finalize", "authz/{}", "challenge/{}", "certificate/{}", "certificate/x/{}",
                         "account/{}", "account/{}/orders", "renewal-info/{}", "{}"):
                url = f"{c.base}/{path.format(odd)}"
                for payload in (None, {"csr": "x"}):
                    if "%00" in odd or "%0a" in odd or ".." in odd or "%2" in odd or "%f" in odd.lower():
                        plain = self.ca.ask("POST", url[url.index("/", 8):], b"{}", {"Content-Type": "application/jose+json"},
                                            cert=None)
                        self.assertIn(plain.status, (400, 404, 405), (url, plain))
                        continue
                    a = c.post(url, payload)
                    self.assertIn(a.status, (400, 403, 404), (url, a))
        self.lives()

    # R80, A250: payloads that are odd in each member
    def test_odd_members_never_end_anything(self):
        c = self.client(register=True)
        odd = [None, True, False, 0, -1, 1.5, 10**30, 1e308, "", "x", "\u0000"[:0], "\ud83d\ude00", "a" * 5000, [], [[]],
               [None], {}, {"": {}}, [1] * 1000, {"x": [{"y": None}]}, "../../etc/passwd", "%s%n", "' OR 1=1--"]
        members = {
            "/new-account": ("contact", "termsOfServiceAgreed", "onlyReturnExisting", "externalAccountBinding"),
            "/new-order": ("identifiers", "notBefore", "notAfter", "replaces", "profile"),
            "/new-authz": ("identifier",), "/key-change": ("protected", "payload", "signature"),
            "/revoke-cert": ("certificate", "reason"),
        }
        identifiers = [{"type": "dns", "value": "odd.internal"}]
        for path, names in members.items():
            for name in names:
                for value in odd:
                    payload = {"identifiers": identifiers} if path == "/new-order" else {}
                    a = c.post(c.base + path, payload | {name: value}, path == "/new-account")
                    self.assertLess(a.status, 500, (path, name, value, a))
        for value in odd:
            for one in ({"type": value, "value": "odd.internal"}, {"type": "dns", "value": value}, {"type": "ip",
                        "value": value}, value):
                for path, payload in (("/new-order", {"identifiers": [one]}), ("/new-authz", {"identifier": one})):
                    a = c.post(c.base + path, payload)
                    self.assertIn(a.status, (400, 403), (path, one, a))
        where, order = self.ready(c, "odd-final.internal")
        for value in odd:
            self.assertEqual(c.post(order["finalize"], {"csr": value}).status, 400, value)
            self.assertIn(c.post(order["authorizations"][0], {"status": value}).status, (200, 400), value)
        self.finish(c, where, order, ["odd-final.internal"])
        self.lives()


class Limits(OrderTest):
    site = "max_identifiers: 5, limits: { orders_per_hour: 4, pending_orders: 3, failures_per_hour: 2 }"

    # A83, A85, A86, A140, A152, S32
    def test_too_many_of_each(self):
        c = self.client(register=True)
        self.assertEqual(c.order(*[f"n{i}.internal" for i in range(6)]).status, 400)
        answers = [c.order(f"o{i}.internal") for i in range(8)]
        self.assertEqual([a.status for a in answers[:3]], [201] * 3, answers)
        for a in answers[4:]:
            self.refused(a, 429, "rateLimited")
            self.assertGreater(int(a.headers["Retry-After"]), 0)
        self.assertEqual(self.client(register=True).order("o9.internal").status, 201, "others are not held up")
        answers = [c.post(c.kid, {"contact": [f"mailto:a{i}@b.internal"]}) for i in range(8)]
        self.assertEqual([a.status for a in answers[:3]], [200] * 3, answers)
        for a in answers[4:]:  # each would have a row in the audit
            self.refused(a, 429, "rateLimited")
        contact = c.post(c.kid).json["contact"]
        self.assertEqual([c.post(c.kid, {"contact": contact}).status for _ in range(8)], [200] * 8)
        conf = self.ca.dir / "hanaper.yaml"
        conf.write_text(conf.read_text().replace("max_identifiers: 5", "max_identifiers: 6"))
        self.ca.daemon.send_signal(signal.SIGHUP)
        end = time.monotonic() + 5 * SLOW
        while "reloaded" not in self.ca.said() and time.monotonic() < end:
            time.sleep(0.05)
        self.refused(c.order("o10.internal"), 429, "rateLimited")  # a reload forgets nothing

    # A83, A86, S32: each would be verified, and its names' CAA looked up
    def test_too_many_refused_csrs_of_one_order(self):
        c = self.client(register=True)
        where, order = self.ready(c, "csr.internal")
        wrong = {"csr": b64(make_csr(["other.internal"]))}
        for _ in range(2):
            self.refused(c.post(order["finalize"], wrong), 400, "badCSR")
        a = c.post(order["finalize"], wrong)
        self.refused(a, 429, "rateLimited")
        self.assertGreater(int(a.headers["Retry-After"]), 0)
        where, order = self.ready(c, "csr.internal")  # another order goes on
        self.finish(c, where, order, ["csr.internal"])


class Zones(OrderTest):
    @classmethod
    def setUpClass(cls):
        before = os.environ.get("TZ")
        os.environ["TZ"] = "Asia/Tokyo"
        try:
            super().setUpClass()
        finally:
            os.environ.pop("TZ")
            if before is not None:
                os.environ["TZ"] = before

    # A245, A142
    def test_times_are_utc_wherever_the_machine_is(self):
        c = self.client(register=True)
        order = c.order("zone.internal")
        left = time.mktime(time.strptime(order.json["expires"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone - time.time()
        self.assertLess(abs(left - 7 * 86400), 60)

    # A247
    def test_each_event_has_a_row_in_the_audit(self):
        c = self.client(register=True)
        where, order = self.ready(c, "audit.internal")
        pem = self.finish(c, where, order, ["audit.internal"])
        self.assertEqual(c.post(c.base + "/revoke-cert", {"certificate": b64(der_of(pem))}).status, 200)
        new = Key()
        self.assertEqual(c.post(c.base + "/key-change", change(c, new)).status, 200)
        c.key = new
        self.assertEqual(c.post(c.kid, {"status": "deactivated"}).status, 200)
        account = c.kid.rsplit("/", 1)[1]
        end = time.monotonic() + 5 * SLOW
        want = {"account-made", "order-made", "issued", "revoked", "account-changed", "account-ended"}
        while time.monotonic() < end:
            events = self.ca.ask("GET", f"/v1/audit?identity=acme:{account}&limit=100").json["events"]
            if want <= {e["event"] for e in events}:
                break
            time.sleep(0.1)
        self.assertLessEqual(want, {e["event"] for e in events}, events)
        for e in events:
            self.assertRegex(e.get("request_id", ""), r"^[0-9a-f]{16}$", e)

    # A247: of a validation it is the kept attempt, and a line of the log
    def test_a_validation_is_kept_with_the_request_that_began_it(self):
        c = self.client(register=True)
        for name, proof in (("kept.internal", None), ("wrong.internal", "no proof")):
            order = c.order(name)
            challenge, _ = c.challenge(order.json["authorizations"][0])
            self.responder.tokens[challenge["token"]] = proof or c.key_authorization(challenge["token"])
            begun = c.post(challenge["url"], {}).headers["X-Request-Id"]
            self.assertRegex(begun, r"^[0-9a-f]{16}$")
            c.poll(order.json["authorizations"][0])
            attempts = self.ca.ask("GET", f"/v1/acme/attempts?name={name}").json["attempts"]
            self.assertEqual([a.get("request_id") for a in attempts], [begun], attempts)
            self.assertIn(f"acme-validation request_id={begun} name={name} ", self.ca.said())


class Unavailable(AcmeTest):
    # A84, A86, A87
    def test_what_cannot_be_done_now_is_told_with_a_time(self):
        conf = self.ca.dir / "hanaper.yaml"
        whole = conf.read_text()
        self.ca.stop()
        # Without any directory; the first is turned on while the daemon runs, with a key that is none.
        bare = re.sub(r"(?m)^    acme:.*\n(?:      .*\n)*", "", whole)
        conf.write_text(bare)
        key = self.ca.dir / "acme.key"
        good = key.read_bytes()
        key.write_bytes(b"short")
        self.ca.start()
        c = Client(self.ca.api_port, self.ca.dir / "root.crt", "acme")
        self.addCleanup(c.close)
        self.assertEqual(c.get(c.base + "/directory").status, 404)
        conf.write_text(whole)
        self.ca.daemon.send_signal(signal.SIGHUP)
        end = time.monotonic() + 5 * SLOW
        while c.get(c.base + "/directory").status != 200 and time.monotonic() < end:
            time.sleep(0.05)
        url = c.base + "/new-account"
        for a in (c.get(c.base + "/new-nonce"), c.send(url, c.jws(c.protected(url, True, nonce="A" * 32), {}))):
            self.assertEqual((a.status, a.type, a.json["status"]), (503, "serverInternal", 503), a)
            self.assertRegex(a.headers["Retry-After"], r"^\d+$")
            self.assertNotIn(str(self.ca.dir), a.body.decode())
        self.assertIn("acme-unavailable", self.ca.said())
        key.write_bytes(good)
        conf.write_text(whole.replace("acme: { limits", 'acme: { website: "https://ca.internal/", limits', 1))
        self.ca.daemon.send_signal(signal.SIGHUP)
        end = time.monotonic() + 5 * SLOW
        while c.get(c.base + "/new-nonce").status != 204 and time.monotonic() < end:
            time.sleep(0.05)
        self.assertEqual(c.get(c.base + "/new-nonce").status, 204, [line for line in self.ca.said().splitlines() if " refused " not in line])
        self.assertEqual(c.register().status, 201)


class Crowd(OrderTest):
    # A249: many at once, all of them served, nothing of one in another's
    def test_many_clients_at_once(self):
        names, got, faults = [f"crowd-{i}.internal" for i in range(100 if SLOW == 1 else 24)], {}, []

        def flow(name):
            try:
                c = self.client()
                look = c.look

                def watch(method, url, a):  # the client would just ask again
                    look(method, url, a)
                    self.assertNotIn(b":badNonce", a.body)
                c.look = watch
                self.assertEqual(c.register().status, 201)
                where, order = self.ready(c, name)
                got[name] = (c.kid, self.finish(c, where, order, [name]))
            except BaseException as e:  # told by the test itself
                faults.append((name, repr(e)))
        threads = [threading.Thread(target=flow, args=(n,)) for n in names]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(faults, [])
        self.assertEqual(len({kid for kid, _ in got.values()}), len(names))
        for name, (_, pem) in got.items():
            san = x509.load_pem_x509_certificate(pem.encode()).extensions.get_extension_for_class(
                x509.SubjectAlternativeName).value
            self.assertEqual([n.value for n in san], [name])
