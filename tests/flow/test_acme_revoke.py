# SPDX-License-Identifier: Apache-2.0
"""Revocation by ACME (RFC 8555 7.6): who may, for which reasons, and what becomes of it."""
import json
import re
import threading
import time

from acme_client import Client, Key, Responder, b64, make_csr
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hnp import FlowTest, run

PROFILES = """
  - name: acme
    usages: [server auth, client auth]
    validity: { default: 10d, max: 30d }
    names: { dns: ["*.internal"], ip: ["127.0.0.0/8"] }
    acme: { challenges: [http-01], networks: ["127.0.0.0/8"], http_port: %d }
  - name: flash
    usages: [server auth]
    validity: { default: 6s, max: 30s, backdate: 5s }
    names: { dns: ["*.internal"] }
"""


def der_of(pem):
    return x509.load_pem_x509_certificate(pem.encode() if isinstance(pem, str) else pem).public_bytes(
        serialization.Encoding.DER)


class RevokeTest(FlowTest):
    running = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.responder = Responder()
        cls.addClassCleanup(cls.responder.close)
        conf = cls.ca.dir / "hanaper.yaml"
        conf.write_text(conf.read_text().replace(
            "\nprofiles:\n", "\nprofiles:" + PROFILES % cls.responder.port, 1))
        cls.ca.start()

    def client(self, key=None):
        return Client(self.ca.api_port, self.ca.dir / "root.crt", "acme", key=key)

    def account(self):
        c = self.client()
        self.assertEqual(c.register().status, 201)
        return c

    def issue_rest(self, name, profile="acme"):
        """By the REST API; the DER, its serial, and a client that holds the certificate's key."""
        key = Key()
        csr = make_csr([name], key.key)
        a = self.ca.ask("POST", f"/v1/certificates?profile={profile}", csr,
                        {"Content-Type": "application/pkcs10"})
        self.assertEqual(a.status, 201, a)
        return der_of(a.json["certificate"]), a.json["serial"], self.client(key)

    def revoke(self, client, der, **more):
        payload = {"certificate": b64(der)} | more
        return client.post(client.base + "/revoke-cert", payload, by_jwk=client.kid is None)

    def done(self, answer):
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.body, b"")
        self.assertEqual(answer.headers["Content-Length"], "0")
        self.assertTrue(answer.headers["Replay-Nonce"])
        self.assertIsNone(answer.headers["Content-Type"])

    def refused(self, answer, status, kind, *words):
        self.assertEqual((answer.status, answer.type), (status, kind), answer)
        for word in words:
            self.assertIn(word, answer.json["detail"])

    def state(self, serial):
        a = self.ca.ask("GET", f"/v1/certificates/{serial}")
        return a.json["status"], (a.json.get("revocation") or a.json).get("reason")


class ByKey(RevokeTest):
    # A218, A224
    def test_a_certificate_from_anywhere_is_revoked_by_its_key_at_once(self):
        der, serial, holder = self.issue_rest("a.internal")
        self.assertEqual(self.ca.ocsp(serial), "good")
        self.done(self.revoke(holder, der))
        self.assertEqual(self.ca.ocsp(serial), "revoked")
        end = time.monotonic() + 30
        while serial.upper() not in self.ca.crl_text() and time.monotonic() < end:
            time.sleep(0.2)
        entry = self.ca.crl_text().split(f"Serial Number: {serial.upper()}")[1].split("Serial Number")[0]
        self.assertNotIn("Reason", entry)
        events = self.ca.ask("GET", f"/v1/audit?event=revoked&serial={serial}").json["events"]
        self.assertEqual(events[0]["identity"], "key:" + holder.key.thumbprint)

    # A219
    def test_a_foreign_key_or_account_does_not_revoke(self):
        der, serial, _ = self.issue_rest("b.internal")
        self.refused(self.revoke(self.client(), der), 403, "unauthorized", "key")
        self.refused(self.revoke(self.account(), der), 403, "unauthorized")
        self.assertEqual(self.ca.ocsp(serial), "good")

    # A220, A64
    def test_what_is_no_certificate_of_ours_is_told(self):
        _, _, holder = self.issue_rest("c.internal")
        account = self.account()
        url = account.base + "/revoke-cert"
        other = self.ca.file("other")
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", "/CN=c.internal", "-days", "3", "-keyout", other, "-out", f"{other}.crt")
        strange = der_of((self.ca.tmp / "other.crt").read_bytes())
        for client in (account, holder):
            self.refused(self.revoke(client, strange), 404, "malformed")
            self.refused(self.revoke(client, strange[:-1]), 400, "malformed")
            self.refused(self.revoke(client, strange + b"\0"), 400, "malformed")
            self.refused(self.revoke(client, b""), 400, "malformed")
            self.refused(self.revoke(client, b"\x30\x03\x02\x01\x01"), 400, "malformed")
        for payload in ({}, {"certificate": 1}, {"certificate": "a=="}, {"certificate": "*"}, None, b"[]"):
            self.refused(account.post(url, payload), 400, "malformed")

    def test_another_certificate_with_a_serial_of_ours_is_not_ours(self):
        der, serial, holder = self.issue_rest("d.internal")
        forged = bytearray(der)
        forged[-1] ^= 1
        self.refused(self.revoke(holder, bytes(forged)), 404, "malformed")
        self.assertEqual(self.ca.ocsp(serial), "good")

    # A221
    def test_a_second_time_is_refused_unless_it_says_more_of_the_key(self):
        der, serial, holder = self.issue_rest("e.internal")
        self.done(self.revoke(holder, der, reason=4))
        self.refused(self.revoke(holder, der), 400, "alreadyRevoked", "superseded")
        self.refused(self.revoke(holder, der, reason=5), 400, "alreadyRevoked")
        self.done(self.revoke(holder, der, reason=1))
        self.refused(self.revoke(holder, der, reason=1), 400, "alreadyRevoked")
        self.assertEqual(self.ca.ocsp(serial), "revoked")

    # A221, A224
    def test_what_rest_has_revoked_acme_does_not_revoke_again(self):
        der, serial, holder = self.issue_rest("f.internal")
        self.assertEqual(self.ca.revoke(serial).status, 200)
        self.refused(self.revoke(holder, der), 400, "alreadyRevoked")
        der, serial, holder = self.issue_rest("g.internal")
        self.done(self.revoke(holder, der))
        self.assertEqual(self.ca.revoke(serial).status, 409)

    # A222
    def test_reasons_that_a_client_may_say(self):
        der, _, holder = self.issue_rest("h.internal")
        for reason in (2, 6, 7, 8, 10, 11, -1, 2**40):
            self.refused(self.revoke(holder, der, reason=reason), 400, "badRevocationReason",
                         "0 (", "1 (", "3 (", "4 (", "5 (", "9 (")
        for reason in ("1", 1.0, [], {}, True, None):
            self.refused(self.revoke(holder, der, reason=reason), 400, "malformed", "reason")
        for reason in (0, 1, 3, 4, 5, 9):
            der, serial, holder = self.issue_rest(f"r{reason}.internal")
            self.done(self.revoke(holder, der, reason=reason))
            text = json.dumps(self.ca.ask("GET", f"/v1/certificates/{serial}").json)
            word = ("unspecified", "keyCompromise", "", "affiliationChanged", "superseded",
                    "cessationOfOperation", "", "", "", "privilegeWithdrawn")[reason]
            self.assertIn(word, text)

    # A223
    def test_a_compromised_key_gets_no_certificate_any_more(self):
        der, _, holder = self.issue_rest("i.internal")
        self.done(self.revoke(holder, der, reason=1))
        a = self.ca.ask("POST", "/v1/certificates?profile=acme", make_csr(["i.internal"], holder.key.key),
                        {"Content-Type": "application/pkcs10"})
        self.assertEqual(a.status, 400, a)
        self.assertIn("compromise", json.dumps(a.json))

    # A225: an expired certificate is revoked as any other; nobody is served it any more.
    def test_an_expired_certificate_is_revoked_too(self):
        der, serial, holder = self.issue_rest("j.internal", "flash")
        while self.ca.ask("GET", f"/v1/certificates/{serial}").json["status"] != "expired":
            time.sleep(0.3)
        self.done(self.revoke(holder, der))
        self.refused(self.revoke(holder, der), 400, "alreadyRevoked")

    def test_a_ca_is_not_revoked_by_anybody(self):
        main = der_of(self.ca.ask_http("GET", "/ca/main.pem").body)
        self.refused(self.revoke(self.account(), main), 403, "unauthorized")
        self.refused(self.revoke(self.client(), main), 403, "unauthorized")

    def test_the_same_at_once_is_answered_for_each(self):
        der, serial, holder = self.issue_rest("k.internal")
        got = []
        clients = [self.client(holder.key) for _ in range(4)]
        threads = [threading.Thread(target=lambda c=c: got.append(self.revoke(c, der))) for c in clients]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual({a.status for a in got} - {200, 400}, set(), got)
        self.assertIn(200, {a.status for a in got})
        self.assertEqual(self.ca.ocsp(serial), "revoked")


class ByAccount(RevokeTest):
    def issue_acme(self, client, **more):
        pem = client.certificate("127.0.0.1", responder=self.responder, **more)
        der = der_of(pem)
        serial = f"{x509.load_der_x509_certificate(der).serial_number:x}"
        return der, serial

    # A216
    def test_the_account_that_ordered_it_revokes(self):
        client = self.account()
        der, serial = self.issue_acme(client)
        self.done(self.revoke(client, der, reason=5))
        self.assertEqual(self.ca.ocsp(serial), "revoked")
        events = self.ca.ask("GET", f"/v1/audit?event=revoked&serial={serial}").json["events"]
        self.assertEqual(events[0]["identity"], "acme:" + client.kid.rsplit("/", 1)[1])

    def test_accounts_orders_and_validations_are_counted(self):
        client = self.account()
        self.issue_acme(client)
        refused = client.order("127.0.0.3")
        challenge, _ = client.challenge(refused.json["authorizations"][0])
        client.post(challenge["url"], {})
        client.poll(refused.headers["Location"], ("invalid",))
        text = self.ca.ask_unix("GET", "/metrics").body.decode()
        for labels in ('accounts_total{directory="acme"}', 'orders_total{profile="acme",status="pending"}',
                       'orders_total{profile="acme",status="ready"}', 'orders_total{profile="acme",status="valid"}',
                       'orders_total{profile="acme",status="processing"}',
                       'orders_total{profile="acme",status="invalid"}',
                       'validations_total{challenge="http-01",result="valid"}'):
            self.assertRegex(text, r"(?m)^hanaper_acme_" + re.escape(labels) + " [1-9]")
        self.assertRegex(text, r'validations_total\{challenge="http-01",result="(connection|incorrect-response)"\} ')

    # A217, A219
    def test_another_with_valid_authorizations_for_all_names_does_too(self):
        owner, other, stranger = self.account(), self.account(), self.account()
        der, serial = self.issue_acme(owner)
        self.refused(self.revoke(other, der), 403, "unauthorized")
        self.issue_acme(other)
        self.refused(self.revoke(stranger, der), 403, "unauthorized")
        self.done(self.revoke(other, der))
        self.assertEqual(self.ca.ocsp(serial), "revoked")

    # A217, A222: of the key it knows nothing
    def test_who_has_but_proved_the_names_does_not_say_key_compromise(self):
        owner, other = self.account(), self.account()
        der, serial = self.issue_acme(owner)
        self.issue_acme(other)
        self.refused(self.revoke(other, der, reason=1), 400, "badRevocationReason", "keyCompromise")
        self.assertEqual(self.ca.ocsp(serial), "good")
        self.done(self.revoke(owner, der, reason=1))

    # A219: 127.0.0.1 is a name of the api listener too
    def test_the_daemons_own_certificate_is_not_revoked_by_who_proved_its_names(self):
        client = self.account()
        self.issue_acme(client)
        with self.ca.database() as db:
            der, names = db.execute(
                "SELECT d.der, group_concat(n.value) FROM certificate c JOIN certificate_der d ON d.certificate_id = c.id"
                " JOIN certificate_name n ON n.certificate_id = c.id WHERE c.profile = 'hanaper-listener'"
                " GROUP BY c.id").fetchone()
        self.assertIn("127.0.0.1", names)
        self.refused(self.revoke(client, der), 403, "unauthorized")

    # A217: for all of its names
    def test_an_authorization_for_one_of_two_names_is_not_enough(self):
        client = self.account()
        self.issue_acme(client)
        key = Key()
        a = self.ca.ask("POST", "/v1/certificates?profile=acme",
                        make_csr(["127.0.0.1", "two.internal"], key.key),
                        {"Content-Type": "application/pkcs10"})
        self.assertEqual(a.status, 201, a)
        self.refused(self.revoke(client, der_of(a.json["certificate"])), 403, "unauthorized")

    # A218
    def test_its_key_revokes_what_was_ordered_by_acme(self):
        client, key = self.account(), ec.generate_private_key(ec.SECP256R1())
        der, serial = self.issue_acme(client, csr=make_csr(["127.0.0.1"], key))
        holder = self.client(Key())
        holder.key.key = key
        self.done(self.revoke(holder, der, reason=1))
        self.assertEqual(self.ca.ocsp(serial), "revoked")

    # A224
    def test_rest_revokes_what_was_ordered_by_acme(self):
        client = self.account()
        der, serial = self.issue_acme(client)
        self.assertEqual(self.ca.revoke(serial).status, 200)
        self.refused(self.revoke(client, der), 400, "alreadyRevoked")
