# SPDX-License-Identifier: Apache-2.0
"""hanaper issuer revoke: an intermediate is taken back, followed, and what it signed finds its way to the next."""
import base64
import json
import re
import shutil
import subprocess
import time
import unittest
import warnings

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

import journal
from hnp import BUILD, CA, SLOW, FlowTest, run

warnings.filterwarnings("ignore", message="Properties that return a na")  # Debian 12's has no others


def hanaper(ca, *words, status=0):
    done = run(BUILD / "hanaper", *words, "--dir", ca.dir, cwd=ca.tmp, check=False)
    if status is not None and done.returncode != status:
        raise AssertionError(f"exit status {done.returncode}\n{done.stdout}\n{done.stderr}")
    return json.loads(done.stdout) if status == 0 and "--json" in words else done.stdout + done.stderr


def who(ca, base):
    """As whom the API is asked."""
    return {} if base == "admin" else {"cert": ca.file(base + ".crt"), "key": ca.file(base + ".key")}


def ari(ca, base):
    """The path of BASE's renewal information (RFC 9773 4.1)."""
    path = ca.file(base + (".leaf.crt" if base != "next" else ".crt"))
    told = run("openssl", "x509", "-in", path, "-noout", "-ext", "authorityKeyIdentifier", "-serial").stdout
    serial = serial_of(path)
    aki = re.search(r"((?:[0-9A-F]{2}:){19}[0-9A-F]{2})", told)[1]
    both = (bytes.fromhex(aki.replace(":", "")), bytes.fromhex(serial))
    return "/v1/renewal-info/" + ".".join(base64.urlsafe_b64encode(b).decode().rstrip("=") for b in both)


def serial_of(path):
    return run("openssl", "x509", "-in", path, "-noout", "-serial").stdout.strip().split("=")[1].lower()


def like(ca, name, other):
    """The certificate of NAME, by its own key, gets the subject of OTHER."""
    root, was = (x509.load_pem_x509_certificate((ca.dir / f).read_bytes()) for f in ("root.crt", f"issuers/{name}.crt"))
    other = root if other == "root" else x509.load_pem_x509_certificate((ca.dir / f"issuers/{other}.crt").read_bytes())
    new = x509.CertificateBuilder(root.subject, other.subject, was.public_key(), x509.random_serial_number(),
                                  was.not_valid_before, was.not_valid_after)
    for extension in was.extensions:
        new = new.add_extension(extension.value, extension.critical)
    key = serialization.load_pem_private_key((ca.dir / "root.key").read_bytes(), None)
    (ca.dir / f"issuers/{name}.crt").write_bytes(new.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


def wait_for_number(ca, issuer, number):
    end = time.monotonic() + 10 * SLOW
    while ca.crl_number(issuer) <= number:
        assert time.monotonic() < end, "no new CRL"
        time.sleep(0.1)


def path_is_revoked(ca, base):
    """openssl, which has the lists of root and issuer, refuses BASE's certificate."""
    lists = ca.file("lists.pem")
    lists.write_text("".join(run("openssl", "crl", "-inform", "DER", "-in", ca.dir / f"pub/crl/{i}.crl").stdout
                             for i in ("root", "main")))
    done = run("openssl", "verify", "-crl_check_all", "-CAfile", ca.dir / "root.crt", "-untrusted",
               ca.dir / "issuers/main.crt", "-CRLfile", lists, ca.file(base + ".leaf.crt"), check=False)
    return "certificate revoked" in done.stdout + done.stderr


class Revoked(FlowTest):
    """In order: before, the revocation, what it means, the successor."""

    def before(self):
        ca = self.ca
        ca.issue("old", "DNS:old.internal", profile="peer")
        ca.issue("gone", "DNS:gone.internal", profile="peer")
        ca.issue("simple", "DNS:simple.internal", profile="client")
        self.assertFalse(path_is_revoked(ca, "old"))

    # P70, R40, S43
    def is_revoked_by_the_local_socket_alone(self):
        ca, path, body = self.ca, "/v1/issuers/main/revoke", {"reason": "superseded"}
        number = ca.crl_number("root")
        self.assertEqual(ca.ask("POST", path, body).status, 404)
        for wrong in ({}, {"reason": "removeFromCRL"}, {"reason": "superseded", "lineage": True}):
            self.problem(ca.ask_unix("POST", path, wrong), 400, "malformed")
        for name, status in (("root", 409), ("none", 404), ("Main", 404), ("main%2d2", 404)):
            got = ca.ask_unix("POST", f"/v1/issuers/{name}/revoke", body)
            self.assertEqual(got.status, status, got)
        self.assertEqual(journal.count(ca.dir / "journal", journal.REVOCATION), 0)

        told = hanaper(ca, "issuer", "revoke", "main", "--reason", "superseded", "--json")
        self.assertEqual((told["issuer"], told["serial"], told["reason"]),
                         ("main", serial_of(ca.dir / "issuers/main.crt"), "superseded"))
        self.assertIsNotNone(told["effective_by"]["crl"])
        self.assertIn("revoked already", hanaper(ca, "issuer", "revoke", "main", "--reason", "superseded", status=1))
        worse = hanaper(ca, "issuer", "revoke", "main", "--reason", "ca-compromise", "--json")
        self.assertEqual((worse["reason"], worse["revoked_at"]), ("cACompromise", told["revoked_at"]))
        self.assertIn("revoked already", hanaper(ca, "issuer", "revoke", "main", "--reason", "superseded", status=1))
        self.assertEqual(ca.ocsp(told["serial"], issuer=ca.dir / "root.crt"), "revoked")
        wait_for_number(ca, "root", number)
        text = ca.crl_text("root")
        self.assertIn(told["serial"].upper(), text)
        self.assertIn("CA Compromise", text)
        self.assertTrue(path_is_revoked(ca, "old"))

    # P36, S84
    def signs_nothing_and_opens_nothing(self):
        ca = self.ca
        for daemon in ("as it is", "started anew"):
            with self.subTest(daemon):
                body = {"profile": "server", "csr": ca.csr("late", "DNS:late.internal").decode()}
                self.problem(ca.ask_unix("POST", "/v1/certificates", body), 422,
                             "policy", "issuer.revoked")
                told = ca.ask_unix("POST", "/v1/explain", body)
                self.assertIn("issuer.revoked", told.body.decode())
                for base in ("admin", "old", "simple"):
                    self.problem(ca.ask("GET", "/v1/whoami", **who(ca, base)), 401, "unauthenticated", "issuer main", "revoked")
                self.assertEqual(ca.ask("GET", "/readyz", cert=None).status, 200)
                self.assertEqual(ca.ocsp(serial_of(ca.file("old.leaf.crt"))), "good")
                listed = {i["name"]: i for i in hanaper(ca, "issuer", "--json")["issuers"]}
                self.assertEqual((listed["main"]["reason"], "revoked_at" in listed["root"]), ("cACompromise", False))
                self.assertRegex(hanaper(ca, "issuer"), r"(?m)^revoked +20")
                told = hanaper(ca, "doctor", status=1)
                self.assertIn("issuer main was revoked", told)
                self.assertIn("hanaper renew-all --where issuer=main --within 6h\n", told)
                self.assertIn("tell the same", hanaper(ca, "audit", "verify"))
            ca.stop()
            ca.start()

    # S8, P54
    def is_followed_and_what_it_signed_renews_itself(self):
        ca = self.ca
        self.assertEqual(hanaper(ca, "revoke", ca.file("gone.leaf.crt"), "--reason", "keyCompromise").count("revoked"), 1)
        csr = ca.csr("next", "DNS:old.internal")
        headers = {"Content-Type": "text/plain"}
        self.problem(ca.ask("POST", "/v1/renew", csr, headers, **who(ca, "old")), 422, "policy", "issuer.revoked")
        self.assertIn("name one of: root, main\n", hanaper(ca, "crl", status=1))
        ca.stop()
        hanaper(ca, "rotate")
        ca.start()
        self.assertEqual(hanaper(ca, "crl", "--json")["issuer"], "main-2")
        for base in ("old", "simple", "admin"):
            csr = ca.csr("next", f"DNS:{base}.internal" if base != "admin" else "DNS:admin")
            got = ca.ask("POST", "/v1/renew", csr, headers, **who(ca, base))
            self.assertEqual((got.status, got.json.get("profile") is not None), (201, True), got)
            ca.file("next.crt").write_text(got.json["certificate"])
            run("openssl", "verify", "-x509_strict", "-CAfile", ca.dir / "root.crt", "-untrusted",
                ca.dir / "issuers/main-2.crt", ca.file("next.crt"))
        self.assertEqual(ca.ask("GET", "/v1/whoami", **who(ca, "next")).status, 200, "the successor opens what the first did")
        self.problem(ca.ask("GET", "/v1/whoami", **who(ca, "old")), 401, "unauthenticated")
        self.problem(ca.ask("POST", "/v1/renew", csr, headers, **who(ca, "gone")), 401, "unauthenticated", "revoked")
        window = [ca.ask("GET", ari(ca, base), cert=None).json["suggestedWindow"]["end"] for base in ("simple", "next")]
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.assertLess(window[0], now, "renewal information has clients come at once")
        self.assertGreater(window[1], now)
        self.assertIn("issuer main is revoked, and followed", hanaper(ca, "doctor", status=None))

    def test_all_of_it(self):
        self.before()
        self.is_revoked_by_the_local_socket_alone()
        self.signs_nothing_and_opens_nothing()
        self.is_followed_and_what_it_signed_renews_itself()


class Elsewhere(unittest.TestCase):
    # P70: with the root's key offline it counts here at once, and is on the list when the key is back
    def test_the_root_key_is_offline(self):
        ca = CA()
        self.addCleanup(ca.close)
        ca.start()
        ca.issue("old", "DNS:old.internal")
        ca.stop()
        key = (ca.dir / "root.key").read_bytes()
        (ca.dir / "root.key").unlink()
        ca.start()
        number = ca.crl_number("root")
        said = hanaper(ca, "issuer", "revoke", "main", "--reason", "cACompromise")
        self.assertIn("put root.key back", said)
        self.assertNotIn("CRL by", said)
        self.assertIn("issuer.revoked", hanaper(ca, "issue", "b.internal", status=1))
        told = hanaper(ca, "doctor", status=1)
        self.assertIn("does not name issuer main", told)
        self.assertIn("the key of root is not here", told)
        self.assertNotIn("tryLater", told)
        ca.stop()
        ca.start()
        self.assertIn("issuer.revoked", hanaper(ca, "issue", "b.internal", status=1))
        ca.stop()
        (ca.dir / "root.key").touch(0o600)
        (ca.dir / "root.key").write_bytes(key)
        ca.start()
        wait_for_number(ca, "root", number)
        self.assertTrue(path_is_revoked(ca, "old"))
        self.assertNotIn("does not name", hanaper(ca, "doctor", status=1))
        ca.stop()

    # P70: a key that is there and of no use is as good as none, and core is told
    def test_the_root_key_cannot_be_opened(self):
        ca = CA()
        self.addCleanup(ca.close)
        ca.start()
        ca.issue("old", "DNS:old.internal")
        number = ca.crl_number("root")
        ca.stop()
        key = (ca.dir / "root.key").read_bytes()
        run("openssl", "pkcs8", "-topk8", "-in", ca.dir / "root.key", "-out", ca.file("locked"), "-passout", "pass:another")
        (ca.dir / "root.key").write_bytes(ca.file("locked").read_bytes())
        ca.start()
        self.assertIn("root-key-unusable", ca.said())
        said = hanaper(ca, "issuer", "revoke", "main", "--reason", "cACompromise")
        self.assertIn("put root.key back", said)
        self.assertNotIn("CRL by", said)
        time.sleep(3.2)  # the debounce time, and one second
        self.assertNotIn("crl-failed", ca.said())
        self.assertEqual(ca.ask("GET", "/readyz", cert=None).status, 200)
        self.assertTrue(hanaper(ca, "issuer", "--json")["issuers"][0]["offline"])
        ca.stop()
        (ca.dir / "root.key").write_bytes(key)
        ca.start()
        wait_for_number(ca, "root", number)
        self.assertTrue(path_is_revoked(ca, "old"))
        ca.stop()

    # P70: made and never named, its key may be about
    def test_an_intermediate_that_no_configuration_names(self):
        ca = CA()
        self.addCleanup(ca.close)
        ca.start()
        leaf = ca.issue("leaf", "DNS:leaf.internal")
        ca.stop()
        before = (ca.dir / "hanaper.yaml").read_text()
        hanaper(ca, "rotate")
        (ca.dir / "hanaper.yaml").write_text(before)
        serial = serial_of(ca.dir / "issuers/main-2.crt")
        (ca.dir / "issuers/main-2.key").unlink()
        ca.start()
        for other in (leaf, serial_of(ca.dir / "root.crt"), "00", "0" * 40, "main-2", "f" * 41):
            self.assertIn("no issuer", hanaper(ca, "issuer", "revoke", other, "--reason", "superseded", status=1))
        for reason in ("superseded", "cACompromise"):
            told = hanaper(ca, "issuer", "revoke", serial, "--reason", reason, "--json")
            self.assertEqual((told["serial"], told["reason"]), (serial, reason))
            self.assertIn("revoked already", hanaper(ca, "issuer", "revoke", serial, "--reason", reason, status=1))
        end = time.monotonic() + 10 * SLOW
        while serial.upper() not in ca.crl_text("root"):  # the start's own list comes before
            self.assertLess(time.monotonic(), end, "no new CRL names it")
            time.sleep(0.1)
        self.assertNotIn("revoked_at", hanaper(ca, "issuer", "--json")["issuers"][1])
        ca.issue("after", "DNS:after.internal")
        ca.stop()

    # P70, R90: killed at once after the answer, it is not forgotten
    def test_a_kill_after_the_answer_loses_nothing(self):
        ca = CA()
        self.addCleanup(ca.close)
        ca.start()
        ca.issue("old", "DNS:old.internal")
        number = ca.crl_number("root")
        hanaper(ca, "issuer", "revoke", "main", "--reason", "keyCompromise")
        for pid in ca.role_pids().values():
            subprocess.run(["kill", "-9", str(pid)], check=False)
        ca.wait_end()
        ca.start()
        wait_for_number(ca, "root", number)
        self.assertTrue(path_is_revoked(ca, "old"))
        self.assertIn("issuer.revoked", hanaper(ca, "issue", "b.internal", status=1))
        ca.stop()

    # P61: whose list is whose is told by the subject alone, to clients and to us
    def test_two_of_one_subject_do_not_start(self):
        ca = CA()
        self.addCleanup(ca.close)
        ca.start()
        ca.issue("old", "DNS:old.internal")
        ca.stop()
        yaml = (ca.dir / "hanaper.yaml").read_text()
        hanaper(ca, "rotate")
        ca.start()  # the next one has a subject of its own
        ca.stop()
        for subject in ("main", "root"):
            with self.subTest(subject=subject):
                like(ca, "main-2", subject)
                self.refused(ca, subject)
        with self.subTest("the very same certificate"):
            for end in ("crt", "key"):
                shutil.copy(ca.dir / f"issuers/main.{end}", ca.dir / f"issuers/main-2.{end}")
            self.refused(ca, "main")
        (ca.dir / "hanaper.yaml").write_text(yaml)
        ca.start()
        ca.issue("new", "DNS:new.internal")
        self.assertNotIn("has the subject", hanaper(ca, "doctor", status=None))

    def refused(self, ca, other):
        if ca.serves():
            a = ca.ask_unix("POST", "/v1/certificates?profile=server", ca.csr("second", "DNS:second.internal"),
                            {"Content-Type": "text/plain"})
            ca.stop()
            self.fail(f"it serves: {a}")
        said = rf"issuer main(-2)? has the subject of issuer {other}(-2)?: each needs a name of its own"
        self.assertRegex(ca.said(), said)
        self.assertRegex(hanaper(ca, "doctor", status=1), said)

    def test_wrong_lines_are_told(self):
        for words, said in (
            (("revoke",), "whom"),
            (("revoke", "main"), "say why"),
            (("revoke", "main", "--reason", "boredom"), "cACompromise"),
            (("remove", "main"), "revoke NAME"),
            (("--reason", "superseded"), "revoke NAME"),
            (("revoke", "main", "more"), "one argument too many"),
        ):
            done = run(BUILD / "hanaper", "issuer", *words, check=False)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertRegex(done.stderr, re.escape(said))

    # The route is on the local socket alone: from afar the line itself is wrong.
    def test_from_afar_it_is_told_where_to_run_it(self):
        done = run(BUILD / "hanaper", "issuer", "revoke", "main", "--reason", "superseded", "--url", "https://localhost:1",
                   check=False)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("on the CA's machine alone", done.stderr)


if __name__ == "__main__":
    unittest.main()
