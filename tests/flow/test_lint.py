# SPDX-License-Identifier: Apache-2.0
"""hanaper lint: nothing against what the daemon makes, a word about what others make badly."""
import json

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
