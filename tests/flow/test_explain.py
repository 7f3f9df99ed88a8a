# SPDX-License-Identifier: Apache-2.0
"""Explain says of each request what issuing it would say, and what would be signed."""
import base64
import json
import re

import test_bad_input
from hnp import BUILD, CA, FlowTest, run

TEXT = {"Content-Type": "text/plain"}


def failed(answer):
    """The rules that failed, in the form of a refusal's violations."""
    rows = answer.json["violations"] if answer.status >= 400 else [
        {k: v for k, v in row.items() if k != "pass"} for row in answer.json["rules"] if not row["pass"]]
    return sorted(rows, key=json.dumps)


class EveryRefusalIsExplained(test_bad_input.BadInput):
    """Walks all of bad input's requests again: each one that is refused is explained the same way."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.issue, cls.walked = cls.ca.ask, set()
        cls.ca.ask = cls.ask_twice

    @classmethod
    def ask_twice(cls, method, path, body=None, headers=None, **kw):
        a = cls.issue(method, path, body, headers, **kw)
        if method == "POST" and path.partition("?")[0] == "/v1/certificates" and a.status in (400, 422, 403):
            cls.compare(a, cls.issue(method, path.replace("certificates", "explain", 1), body, headers, **kw))
        return a

    @classmethod
    def compare(cls, refused, explained):
        if "violations" not in refused.json:  # front's: core never saw the request
            if (explained.status, explained.json["detail"]) != (400, refused.json["detail"]):
                raise AssertionError(f"{refused} {explained}")
            return
        rules = failed(refused)
        if not rules:
            raise AssertionError(f"a refusal without a rule: {refused}")
        for row in rules:
            if not (row["rule"] and row["field"] and row["allowed"] and isinstance(row["value"], str)):
                raise AssertionError(f"rule, field, value, and what would pass: {row}")
        cls.walked |= {row["rule"] for row in rules}
        if explained.status == 200 and explained.json["allowed"]:
            raise AssertionError(f"refused, and explained as allowed: {refused} {explained}")
        # The signer is asked last: what it refuses, explain tells beside the rest.
        if failed(explained) != rules and not {tuple(r.items()) for r in rules} <= {
                tuple(r.items()) for r in failed(explained)}:
            raise AssertionError(f"refused by {rules}, explained by {failed(explained)}")

    def test_zz_all_rules_were_met(self):
        self.assertLessEqual({
            "request.syntax", "profile", "csr.syntax", "csr.names", "csr.extensions", "csr.key",
            "csr.signature", "validity.syntax", "names.type", "names.syntax", "profile.names.count",
            "profile.names.dns", "profile.names.ip", "profile.names.email", "profile.names.uri",
            "profile.keys", "profile.validity"}, self.walked)


def tlv(der):
    """[(tag, content, whole)] of the elements one after the other."""
    out = []
    while der:
        n, head = der[1], 2
        if n & 0x80:
            head += n & 0x7f
            n = int.from_bytes(der[2:head], "big")
        out.append((der[0], der[head:head + n], der[:head + n]))
        der = der[head + n:]
    return out


def comparable(tbs):
    """A TBSCertificate's members without serial and times."""
    members = [whole for _, _, whole in tlv(tlv(tbs)[0][1])]
    return members[:1] + members[2:4] + members[5:]


class Explain(FlowTest):
    def explain(self, csr, path="/v1/explain?profile=server", **kw):
        a = self.ca.ask("POST", path, csr, None if isinstance(csr, dict) else TEXT, **kw)
        self.assertEqual(a.status, 200, a)
        return a.json

    def row(self, answer, rule):
        return next(r for r in answer["rules"] if r["rule"] == rule)

    def test_what_would_be_signed_is_what_is_signed(self):
        for kind in ("ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-3072"):
            with self.subTest(kind):
                ca = self.ca if kind == "ecdsa-p256" else CA("--key-type", kind)
                try:
                    if ca is not self.ca:
                        ca.start()
                    for key in (None, ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")):
                        csr = ca.csr("tbs", "DNS:tbs.internal", "IP:10.1.2.3", key=key)
                        said = ca.ask("POST", "/v1/explain?profile=server", csr, TEXT).json
                        self.assertTrue(said["allowed"], said)
                        a = ca.ask("POST", "/v1/certificates?profile=server", csr, TEXT)
                        pem = a.json["certificate"].splitlines()
                        der = base64.b64decode("".join(pem[1:-1]))
                        tbs = tlv(tlv(der)[0][1])[0][2]
                        self.assertEqual(comparable(base64.b64decode(said["would_issue"]["tbs"])),
                                         comparable(tbs))
                        self.assertIn("tbs.internal", said["would_issue"]["text"])
                        for member in ("profile", "issuer", "names"):
                            self.assertEqual(said["would_issue"][member], a.json[member])
                finally:
                    if ca is not self.ca:
                        ca.close()

    def test_nothing_is_signed(self):
        before = self.ca.ask("GET", "/v1/certificates").json["certificates"]
        self.explain(self.ca.csr("none", "DNS:none.internal"))
        self.assertEqual(self.ca.ask("GET", "/v1/certificates").json["certificates"], before)

    def test_a_csr_whose_signature_is_wrong(self):
        pem = self.ca.csr("sig", "DNS:sig.internal").decode()
        der = bytearray(base64.b64decode("".join(pem.splitlines()[1:-1])))
        der[-1] ^= 1
        a = self.ca.ask("POST", "/v1/explain?profile=server", bytes(der),
                        {"Content-Type": "application/pkcs10"}).json
        self.assertFalse(a["allowed"])
        self.assertIsNone(a["would_issue"])
        self.assertFalse(self.row(a, "csr.signature")["pass"])
        self.assertTrue(self.row(a, "profile.names.dns")["pass"], "the other rules are told too")

    def test_a_key_that_was_compromised_and_a_key_of_the_ca(self):
        serial = self.ca.issue("leak", "DNS:leak.internal")
        self.ca.revoke(serial, "keyCompromise")
        a = self.explain(self.ca.file("leak.csr").read_bytes())
        row = self.row(a, "key.compromised")
        self.assertFalse(row["pass"])
        self.assertIn("new one", row["allowed"])
        run("openssl", "req", "-new", "-key", self.ca.dir / "issuers/main.key", "-subj", "/", "-addext",
            "subjectAltName=DNS:ca.internal", "-out", self.ca.file("ca.csr"))
        a = self.explain(self.ca.file("ca.csr").read_bytes())
        self.assertFalse(self.row(a, "key.issuer")["pass"])

    def test_for_another(self):
        ca = self.ca
        csr = ca.csr("other", "DNS:other.internal")
        serial = ca.issue("plain", "DNS:plain.internal", profile="client")
        for who in (serial, "cn:plain.internal", serial.upper()):
            with self.subTest(who):
                a = self.explain(csr, f"/v1/explain?profile=server&as={who}")
                self.assertEqual(a["identity"], "cert:plain.internal")
                self.assertFalse(a["allowed"])
                self.assertFalse(all(r["pass"] for r in a["rules"] if r["rule"].startswith("grant")), a)
                mine = self.explain(csr)
                self.assertTrue(mine["allowed"])
                self.assertEqual(mine["identity"], "cert:admin")
        with self.subTest("what it says is what happens"):
            a = ca.ask("POST", "/v1/certificates?profile=server", csr, TEXT,
                       cert=ca.file("plain.crt"), key=ca.file("plain.key"))
            self.assertEqual(a.status, 403)
            said = self.explain(csr, f"/v1/explain?profile=server&as={serial}")
            self.assertEqual(a.json["violations"],
                             [{k: v for k, v in r.items() if k != "pass"} for r in said["rules"]
                              if not r["pass"]])
        with self.subTest("only administrators"):
            a = ca.ask("POST", "/v1/explain?profile=server&as=cn:admin", csr, TEXT,
                       cert=ca.file("plain.crt"), key=ca.file("plain.key"))
            self.problem(a, 403, "forbidden")
            self.assertEqual([r["rule"] for r in a.json["violations"]], ["grant"])
        for who, status in (("12" * 20, 404), ("cn:nobody", 404), ("zz", 400), ("", 400)):
            with self.subTest(who=who):
                self.assertEqual(ca.ask("POST", f"/v1/explain?profile=server&as={who}", csr, TEXT).status,
                                 status)
        with self.subTest("one that counts no more"):
            ca.revoke(serial)
            a = self.explain({"profile": "server", "csr": csr.decode(), "as": serial}, "/v1/explain")
            self.assertFalse(self.row(a, "identity")["pass"])
            self.assertIn("revoked", self.row(a, "identity")["value"])
            self.assertFalse(a["allowed"])

    def test_who_is_nobody_hears_nothing(self):
        a = self.ca.ask("POST", "/v1/explain?profile=server", self.ca.csr("x", "DNS:x.internal"), TEXT,
                        cert=None)
        self.problem(a, 401, "unauthenticated")

    def test_other_refusals_have_the_same_form(self):
        ca = self.ca
        ca.issue("reader", "DNS:reader.internal", profile="client")
        who = {"cert": ca.file("reader.crt"), "key": ca.file("reader.key")}
        for method, path in (("GET", "/v1/certificates"), ("GET", "/v1/profiles"), ("GET", "/v1/audit")):
            with self.subTest(path):
                a = ca.ask(method, path, **who)
                self.problem(a, 403, "forbidden")
                row, = a.json["violations"]
                self.assertEqual((row["rule"], row["field"], row["value"]),
                                 ("grant", "identity", "read by cert:reader.internal"))
        token = json.loads(run(BUILD / "hanaper", "token", "create", "--profile", "server", "--dns", "t.internal",
                               "--json", "--dir", ca.dir).stdout)["token"]
        for body, rule in ((b"hello", "csr.syntax"),
                           (ca.csr("tok", "DNS:t.internal", extra=("-addext", "basicConstraints=CA:TRUE")),
                            "csr.extensions")):
            with self.subTest(rule):
                a = ca.ask("POST", "/v1/enroll", body, {**TEXT, "Authorization": "Bearer " + token}, cert=None)
                self.problem(a, 400, "bad-csr")
                self.assertEqual([r["rule"] for r in a.json["violations"]], [rule])

    def test_the_command(self):
        ca = self.ca
        ca.csr("cmd", "DNS:cmd.internal")

        def hanaper(*args):
            return run(BUILD / "hanaper", "explain", *args, "--dir", ca.dir, check=False)

        done = hanaper(ca.file("cmd.csr"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"pass +csr.signature +csr.signature +verifies")
        self.assertIn("Would be signed:", done.stdout)
        self.assertIn("it would be issued", done.stdout)
        done = hanaper(ca.file("cmd.csr"), "www.example.com", "a_b.internal", "dns:-x", "--text")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"FAIL +names.syntax +names\[2\] +-x ")
        done = hanaper(ca.file("cmd.csr"), "www.example.com")
        self.assertRegex(done.stdout, r"FAIL +profile.names.dns +names\[0\] +www.example.com +\*\.internal")
        self.assertNotIn("Would be signed", done.stdout)
        done = hanaper(ca.file("cmd.csr"), "--json", "--as", "cn:admin", "--validity", "1h")
        said = json.loads(done.stdout)
        self.assertTrue(said["allowed"])
        done = hanaper(ca.file("cmd.csr"), "--text")
        self.assertRegex(done.stdout, r"(?m)^\tSubject: CN=cmd.internal|Subject: ")
        self.assertEqual(hanaper().returncode, 2)
        self.assertEqual(hanaper(ca.file("none.here")).returncode, 1)
        self.assertTrue(re.search(r"Usage: hanaper explain", run(BUILD / "hanaper", "explain", "--help").stdout))


class Constrained(FlowTest):
    options = ("--domain", "internal")

    def test_the_issuers_constraints_are_named(self):
        a = self.ca.ask_unix("POST", "/v1/explain", {
            "profile": "server", "csr": self.ca.csr("c").decode(),
            "names": [{"type": "dns", "value": "localhost"}]})
        row = next(r for r in a.json["rules"] if r["rule"] == "issuer.constraints")
        self.assertFalse(row["pass"], a)
        self.assertEqual(row["value"], "localhost")
        self.assertIn("internal", row["allowed"])
