# SPDX-License-Identifier: Apache-2.0
"""hanaper lint: nothing against what the daemon makes, a word about what others make badly."""
import json
import re

from hnp import BUILD, FlowTest, run


class Lint(FlowTest):
    def lint(self, *args, status=0):
        done = run(BUILD / "hanaper", "lint", *args, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def json(self, *args, status=0):
        return json.loads(self.lint("--json", *args, status=status).stdout)

    def test_what_the_daemon_makes(self):
        ca = self.ca
        serial = ca.issue("web", "DNS:web.internal")
        ca.issue("rsa", "DNS:rsa.internal", key=("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"))
        ca.revoke(ca.issue("gone", "DNS:gone.internal"), "keyCompromise")
        run("openssl", "ocsp", "-issuer", ca.issuers_pem(), "-serial", "0x" + serial, "-url",
            f"http://127.0.0.1:{ca.http_port}/ocsp", "-noverify", "-respout", ca.file("answer.der"))
        run("openssl", "crl", "-inform", "DER", "-in", ca.crl(), "-out", ca.file("main.pem"))
        for name, objects in ((ca.dir / "root.crt", 1), (ca.dir / "issuers/main.crt", 1), (ca.file("web.crt"), 2),
                              (ca.file("rsa.crt"), 2), (ca.file("main.crl"), 1), (ca.file("main.pem"), 1),
                              (ca.crl("root"), 1), (ca.file("answer.der"), 1)):
            with self.subTest(name.name):
                said = self.json(name)
                self.assertEqual((said["objects"], said["errors"], said["warnings"], said["findings"]),
                                 (objects, 0, 0, []))
                self.assertGreater(said["lints"], 11)
        self.assertRegex(self.lint(ca.file("web.crt"), "--all").stdout, r"(?m)^pass +certificate 2: lint.san")

    def test_what_others_make_badly(self):
        ca = self.ca
        run("openssl", "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-keyout", ca.file("bad.key"), "-out",
            ca.file("bad.crt"), "-subj", "/CN=bad")
        done = self.lint(ca.file("bad.crt"), status=1)
        self.assertRegex(done.stdout, r"(?m)^error +certificate 1: lint\.")
        self.assertEqual(self.json(ca.file("bad.crt"), status=1)["findings"][0]["severity"], "error")
        der = ca.crl().read_bytes()
        at = der.index(b"\x55\x1d\x14")  # cRLNumber becomes something else
        ca.file("bad.crl").write_bytes(der[:at + 2] + b"\x7f" + der[at + 3:])
        findings = self.json(ca.file("bad.crl"), status=1)["findings"]
        self.assertEqual([f["lint"] for f in findings], ["lint.crl_number"])
        with self.subTest("an answer that is none"):
            ca.file("none.der").write_bytes(b"\x30\x03\x0a\x01\x06")
            self.assertEqual(self.json(ca.file("none.der"), status=1)["findings"][0]["lint"], "lint.ocsp_status")

    def test_what_is_none_of_them(self):
        ca = self.ca
        ca.file("words").write_text("hello")
        for name in (ca.file("words"), ca.dir / "root.key", ca.file("nowhere"), ca.dir):
            with self.subTest(str(name)):
                self.assertNotEqual(self.lint(name, status=1).stderr, "")
        self.assertEqual(run(BUILD / "hanaper", "lint", check=False).returncode, 2)


# What a certificate below a root of openssl's is made with; "leaf" or "ca", the subject, its extensions.
SKI, AKI = "subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid"
LEAF = f"basicConstraints=critical,CA:FALSE\n{SKI}\n{AKI}\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth"
CA = f"basicConstraints=critical,CA:TRUE\n{SKI}\n{AKI}\nkeyUsage=critical,keyCertSign,cRLSign"
SAN, POINT = "subjectAltName=DNS:a.internal", "crlDistributionPoints=URI:http://a.internal/a.crl"
CASES = (
    ("good leaf", "leaf", "/CN=a.internal", f"{LEAF}\n{SAN}\n{POINT}"),
    ("good leaf without a subject", "leaf", "/", f"{LEAF}\nsubjectAltName=critical,DNS:a.internal\n{POINT}"),
    ("good CA", "ca", "/CN=Sub", f"{CA}\n{POINT}"),
    ("no authority key", "leaf", "/CN=a.internal", f"{LEAF}\n{SAN}\n{POINT}".replace(AKI + "\n", "")),
    ("no subject, alternative name not critical", "leaf", "/", f"{LEAF}\n{SAN}\n{POINT}"),
    ("constraints not critical", "ca", "/CN=Sub", f"{CA}\n{POINT}".replace("critical,CA:TRUE", "CA:TRUE")),
    ("a CA without keyCertSign", "ca", "/CN=Sub", f"{CA}\n{POINT}".replace("keyCertSign,", "")),
    ("a CA without key usage", "ca", "/CN=Sub", f"{CA}\n{POINT}".replace("\nkeyUsage=critical,keyCertSign,cRLSign", "")),
    ("a leaf that may sign certificates", "leaf", "/CN=a.internal",
     f"{LEAF}\n{SAN}\n{POINT}".replace("digitalSignature", "digitalSignature,keyCertSign")),
    ("a CA without a key identifier", "ca", "/CN=Sub", f"{CA}\n{POINT}".replace(SKI + "\n", "")),
    ("a path length without a CA", "leaf", "/CN=a.internal", f"{LEAF}\n{SAN}\n{POINT}".replace("CA:FALSE", "CA:FALSE,pathlen:0")),
)


class Strangers(FlowTest):
    """Whatever openssl -x509_strict or certtool refuses, a lint finds; what they take and is good, none does."""

    # S31
    def test_who_else_has_an_opinion_agrees(self):
        ca = self.ca
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            ca.file("r.key"), "-out", ca.file("r.crt"), "-subj", "/CN=Stranger", "-days", "100", "-addext",
            "keyUsage=critical,keyCertSign,cRLSign")
        refused = 0
        for what, kind, subject, extensions in CASES:
            with self.subTest(what):
                ca.file("ext").write_text(extensions + "\n")
                run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                    ca.file("s.key"), "-out", ca.file("s.csr"), "-subj", subject)
                run("openssl", "x509", "-req", "-in", ca.file("s.csr"), "-CA", ca.file("r.crt"), "-CAkey", ca.file("r.key"),
                    "-set_serial", "0x1234567890abcdef1234567890abcdef", "-days", "30", "-extfile", ca.file("ext"), "-out", ca.file("s.crt"))
                opinions = [run("openssl", "verify", "-x509_strict", "-CAfile", ca.file("r.crt"), ca.file("s.crt"),
                                check=False).returncode == 0]
                if kind == "leaf":
                    opinions.append(run("certtool", "--verify", "--load-ca-certificate", ca.file("r.crt"), "--infile",
                                        ca.file("s.crt"), check=False).returncode == 0)
                ours = run(BUILD / "hanaper", "lint", ca.file("s.crt"), check=False)
                if what.startswith("good"):
                    self.assertEqual((opinions.count(False), ours.returncode), (0, 0), ours.stdout)
                elif not all(opinions):
                    refused += 1
                    self.assertEqual(ours.returncode, 1, f"they refuse it, we do not: {ours.stdout}")
        self.assertGreaterEqual(refused, 5)


class Strict(FlowTest):
    # S31
    def test_a_strict_profile_signs_nothing_that_a_lint_warns_of(self):
        ca = self.ca
        csr = ca.csr("long", "DNS:long.internal")

        def ask():
            return ca.ask("POST", "/v1/certificates", json.dumps({"profile": "server", "csr": csr.decode(), "validity": "450d"}),
                          {"Content-Type": "application/json"})

        conf = ca.dir / "hanaper.yaml"
        text = conf.read_text()
        at = text.index("- name: server")
        wide = text[:at] + re.sub(r"max: \w+", "max: 500d", text[at:], count=1)
        for strict, status in (("false", 201), ("true", 422)):
            with self.subTest(strict=strict):
                conf.write_text(wide.replace("- name: server\n", f"- name: server\n    strict_lint: {strict}\n", 1))
                run(BUILD / "hanaper", "reload", "--dir", ca.dir)
                a = ask()
                self.assertEqual(a.status, status, a.body)
                if status != 201:
                    for word in ("lint.validity_long", "strict_lint"):
                        self.assertIn(word, a.json["detail"])
                    self.assertIn("strict lint", run(BUILD / "hanaper", "profile", "server", "--dir", ca.dir).stdout)
        explained = ca.ask("POST", "/v1/explain", json.dumps({"profile": "server", "csr": csr.decode(), "validity": "450d"}),
                           {"Content-Type": "application/json"}).body.decode()
        self.assertIn("lint.validity_long", explained)
