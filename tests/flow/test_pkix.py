# SPDX-License-Identifier: Apache-2.0
"""What is issued, octet for octet: read by python, judged by openssl and certtool."""
import hashlib
import re
import ssl
import unittest

import der
from der import Certificate
from hnp import BUILD, FlowTest, run

USAGES = {"server": ["serverAuth"], "client": ["clientAuth"], "peer": ["serverAuth", "clientAuth"],
          "spiffe": ["serverAuth", "clientAuth"], "short": ["serverAuth"]}
LEAF = ["authorityKeyIdentifier", "subjectKeyIdentifier", "basicConstraints", "keyUsage", "extKeyUsage",
        "subjectAltName"]
REVOCATION = ["authorityInfoAccess", "cRLDistributionPoints"]
RSA = ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")


def from_pem(path):
    return Certificate(ssl.PEM_cert_to_DER_cert(path.read_text()))


class Der(unittest.TestCase):
    """What judges the certificates below is judged itself."""

    def refuses(self, octets):
        with self.assertRaises(AssertionError, msg=octets.hex()):
            der.check(der.whole(octets))

    def test_what_is_ber_and_not_der_is_refused(self):
        for der_form, *ber_forms in (
                ("0500", "058100", "050100"), ("0101ff", "010101", "0100", "0102ffff", "2103 0101ff"),
                ("020100", "0200", "02020001", "0202ff80"), ("02020080", "0203000080", "0202ffff"),
                ("0a0101", "0a020001"), ("0302 0780", "0302 07c0", "0301 01", "0302 0880", "0300", "2304 0302 0780"),
                ("0403 313233", "2480 0403 313233 0000", "2405 0403 313233", "0481 03 313233"),
                ("0603 550403", "0604 55800403", "0602 5584", "0600"),
                ("3006 020101020102", "3080 020101020102 0000", "3081 06 020101020102", "1006 020101020102"),
                ("3106 020101020102", "3106 020102020101"), ("a003 020102", "a004 02020002"),
                ("170d 3236303131353132303030305a", "170b 323630313135313230305a", "1711 3236303131353132303030302b30303030"),
                ("180f 32303530303131353132303030305a", "1811 32303530303131353132303030302e305a")):
            with self.subTest(der_form):
                der.check(der.whole(bytes.fromhex(der_form)))
                for ber in ber_forms:
                    self.refuses(bytes.fromhex(ber))

    def test_so_is_what_is_inside_of_an_extension(self):
        usage, constraints = der.oid("2.5.29.15"), der.oid("2.5.29.19")
        true, false = der.tlv(0x01, b"\xff"), der.tlv(0x01, b"\x00")
        bits = der.tlv(0x04, bytes.fromhex("03020780"))
        der.check(der.whole(der.tlv(0x30, usage, true, bits)))
        self.refuses(der.tlv(0x30, usage, false, bits))
        self.refuses(der.tlv(0x30, usage, true, der.tlv(0x04, bytes.fromhex("03020680"))))
        self.refuses(der.tlv(0x30, constraints, true, der.tlv(0x04, bytes.fromhex("3003010101"))))
        self.refuses(der.tlv(0x30, constraints, der.tlv(0x04, bytes.fromhex("30800000"))))


class Certificates(FlowTest):
    options = ("--root-validity", "60y", "--issuer-validity", "50y")
    running = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        conf = cls.ca.dir / "hanaper.yaml"
        text = conf.read_text()
        conf.write_text(text.replace("max: 90d", "max: 40y", 1))  # of the first: server
        cls.ca.start()
        cls.issuer = from_pem(cls.ca.dir / "issuers/main.crt")
        cls.root = from_pem(cls.ca.dir / "root.crt")

    def leaf(self, base, *names, **kw):
        self.ca.issue(base, *names, **kw)
        return from_pem(self.ca.file(base + ".leaf.crt"))

    def strangers(self, base):
        """openssl and certtool build and verify the path."""
        ca = self.ca
        run("openssl", "verify", "-x509_strict", "-CAfile", ca.dir / "root.crt", "-untrusted",
            ca.issuers_pem(), ca.file(base + ".leaf.crt"))
        whole = ca.file("whole.pem")
        whole.write_text(ca.file(base + ".crt").read_text() + (ca.dir / "root.crt").read_text())
        done = run("certtool", "--verify", "--load-ca-certificate", ca.dir / "root.crt", "--infile",
                   whole)
        self.assertIn("Verified. The certificate is trusted.", done.stdout + done.stderr)

    def test_fields_of_every_profile(self):
        """P1, P4, P6, P15, P16, P18, P20, P22, P23, P30, P31, P40, P48: field by field."""
        for profile, usages in USAGES.items():
            for kind, key in (("ec", None), ("rsa", RSA)):
                with self.subTest(profile=profile, key=kind):
                    name = "URI:spiffe://example.internal/web" if profile == "spiffe" else \
                        "DNS:web.internal"
                    c = self.leaf("fields", name, profile=profile, key=key)
                    self.strangers("fields")
                    self.check_fields(c)
                    ext = c.extensions
                    self.assertEqual([u.oid for u in ext["extKeyUsage"][1].children], usages)
                    self.assertEqual(ext["keyUsage"][1].body.hex(), "05a0" if kind == "rsa" else "0780")
                    self.assertEqual(ext["subjectAltName"][0], len(c.subject.body) == 0)
                    key_file = self.ca.file("fields.key")
                    self.assertEqual(c.spki.whole, run("openssl", "pkey", "-in", key_file, "-pubout",
                                                       "-outform", "DER", text=False).stdout)

    def check_fields(self, c):
        self.assertEqual(c.version, 2)
        self.assertEqual(c.algorithm.whole, c.outer_algorithm.whole)
        self.assertEqual(len(c.algorithm.children), 1, "ECDSA: no parameters")
        self.assertEqual(c.issuer.whole, self.issuer.subject.whole)
        self.assertEqual(c.rest, [0xa3], "no unique identifiers")
        self.assertEqual(c.extensions["basicConstraints"][0], True)
        self.assertEqual(c.extensions["basicConstraints"][1].whole, b"\x30\x00")
        self.assertTrue(c.extensions["keyUsage"][0])
        key_id = hashlib.sha256(c.key_bits).digest()[:20]
        self.assertEqual(c.extensions["subjectKeyIdentifier"][1].body, key_id)
        issuer_id = self.issuer.extensions["subjectKeyIdentifier"][1].body
        authority = c.extensions["authorityKeyIdentifier"][1]
        self.assertEqual(authority.whole, b"\x30\x16\x80\x14" + issuer_id)
        critical = {name for name, (is_critical, _) in c.extensions.items() if is_critical}
        self.assertLessEqual(critical, {"basicConstraints", "keyUsage", "subjectAltName"})
        der.check(c.whole)

    def test_extensions_are_those_of_the_profile_and_no_others(self):
        """P17, P34, P37, P38, P39: a CSR's wishes for policies and must-staple change nothing."""
        wishes = ("-addext", "certificatePolicies=2.5.29.32.0,1.2.3.4", "-addext", "tlsfeature=status_request",
                  "-addext", "issuerAltName=DNS:evil.internal")
        for profile in USAGES:
            with self.subTest(profile):
                name = "URI:spiffe://example.internal/web" if profile == "spiffe" else "DNS:w.internal"
                expected = LEAF + ([x for x in REVOCATION if x != "cRLDistributionPoints"] + ["noRevAvail"]
                                   if profile == "short" else REVOCATION)
                c = self.leaf("ext", name, profile=profile)
                self.assertEqual(sorted(c.extensions), sorted(expected))
                if profile == "short":
                    self.assertEqual(c.extensions["noRevAvail"][1].whole, b"\x05\x00")
                    self.assertNotIn(b"/ocsp", c.extensions["authorityInfoAccess"][1].whole)
                a = self.ca.ask("POST", f"/v1/certificates?profile={profile}",
                                self.ca.csr("wish", name, extra=wishes), {"Content-Type": "text/plain"})
                if a.status == 201:
                    wished = Certificate(ssl.PEM_cert_to_DER_cert(a.json["certificate"]))
                    self.assertEqual(sorted(wished.extensions), sorted(expected))
                else:
                    self.problem(a, 400, "bad-csr")

    def test_root_and_intermediate(self):
        """P19, P21, P30, P31, P35, P40, P44, P48: the CA's own two."""
        for name, c in (("root", self.root), ("main", self.issuer)):
            with self.subTest(name):
                ext = c.extensions
                der.check(c.whole)
                self.assertEqual(c.rest, [0xa3])
                self.assertTrue(ext["basicConstraints"][0] and ext["keyUsage"][0])
                self.assertEqual(ext["basicConstraints"][1][0].body, b"\xff")
                self.assertEqual(ext["keyUsage"][1].body.hex(), "0106")
                self.assertEqual(ext["subjectKeyIdentifier"][1].body,
                                 hashlib.sha256(c.key_bits).digest()[:20])
        self.assertEqual(self.root.issuer.whole, self.root.subject.whole)
        self.assertLessEqual(set(self.root.extensions), {
            "basicConstraints", "keyUsage", "subjectKeyIdentifier", "authorityKeyIdentifier"})
        self.assertEqual(self.issuer.extensions["basicConstraints"][1][1].number, 0)
        self.assertEqual(self.issuer.extensions["authorityKeyIdentifier"][1].whole,
                         b"\x30\x16\x80\x14" + self.root.extensions["subjectKeyIdentifier"][1].body)
        self.assertEqual(set(self.issuer.extensions), {
            "basicConstraints", "keyUsage", "subjectKeyIdentifier", "authorityKeyIdentifier", *REVOCATION})

    def test_validity_by_the_second_and_by_the_form(self):
        """P7, P8, P9, P11, P45, R21, R22: UTCTime to 2049, GeneralizedTime from 2050."""
        csr = self.ca.csr("far", "DNS:far.internal").decode()
        for validity, seconds, tag in (("90d", 90 * 86400, 0x17), ("1h", 3600, 0x17),
                                       ("30y", 30 * 365 * 86400, 0x18)):
            with self.subTest(validity):
                a = self.ca.ask("POST", "/v1/certificates",
                                {"profile": "server", "csr": csr, "validity": validity})
                self.assertEqual(a.status, 201, a)
                self.ca.file("far.crt").write_text(a.json["chain"])
                self.ca.file("far.leaf.crt").write_text(a.json["certificate"])
                c = from_pem(self.ca.file("far.leaf.crt"))
                self.assertEqual((c.not_before.tag, c.not_after.tag), (0x17, tag))
                self.assertEqual(c.not_after.time - c.not_before.time + 1, seconds + 300)
                self.strangers("far")
        self.assertEqual(self.root.not_after.tag, 0x18)
        self.assertEqual(self.issuer.not_after.tag, 0x18)
        self.problem(self.ca.ask("POST", "/v1/certificates", {
            "profile": "server", "csr": csr, "validity": "41y"}), 422, "policy", "profile.validity")

    def test_a_hundred_names_and_the_longest(self):
        """P13, P23, P24, P45: in the order asked for; a CN that is too long is left out."""
        hundred = [f"DNS:n{i:03d}.{'x' * 60}.internal" for i in (*range(99, 49, -1), *range(50))]
        c = self.leaf("hundred", *hundred)
        self.strangers("hundred")
        self.assertEqual([n.body.decode() for n in c.extensions["subjectAltName"][1].children],
                         [n[4:] for n in hundred])
        longest = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 52, "internal"])
        self.assertEqual(len(longest), 253)
        c = self.leaf("longest", "DNS:" + longest)
        self.strangers("longest")
        self.assertEqual(c.extensions["subjectAltName"][1][0].body.decode(), longest)
        self.assertEqual(c.subject.body, b"")
        self.assertTrue(c.extensions["subjectAltName"][0], "critical under an empty subject")
        just = "a" * (64 - len(".internal")) + ".internal"
        c = self.leaf("just", "DNS:" + just)
        self.strangers("just")
        self.assertIn(just.encode(), c.subject.whole)
        a = self.ca.ask("POST", "/v1/certificates?profile=server",
                        self.ca.csr("over", *[f"DNS:n{i}.internal" for i in range(101)]),
                        {"Content-Type": "text/plain"})
        self.assertIn(a.status, (400, 422))

    def test_serials(self):
        """P2, P3, R20: 300 of them: positive, minimal, 20 octets at most, none twice."""
        csr = self.ca.csr("serial", "DNS:serial.internal")
        connection = self.ca.connect()
        seen = set()
        for _ in range(300):
            a = self.ca.ask("POST", "/v1/certificates?profile=server", csr,
                            {"Content-Type": "text/plain"}, connection=connection)
            c = Certificate(ssl.PEM_cert_to_DER_cert(a.json["certificate"]))
            body = c.serial_node.body
            self.assertGreater(c.serial, 1 << 120)
            self.assertLessEqual(len(body), 20)
            self.assertFalse(body[0] == 0 and body[1] < 0x80, "minimal")
            self.assertEqual(f"{c.serial:x}", a.json["serial"].lstrip("0"))
            seen.add(c.serial)
        connection.close()
        self.assertEqual(len(seen), 300)
        # The last 16 octets are chance: each of their bits is now 0, now 1.
        ones, zeroes = 0, 0
        for serial in seen:
            ones |= serial
            zeroes |= ~serial
        self.assertEqual((ones & zeroes) & ((1 << 120) - 1), (1 << 120) - 1)

    def test_pem_and_chain(self):
        """P41, P42: 64 columns, LF, one final newline; leaf, then its issuer, without the root."""
        self.ca.issue("pem", "DNS:pem.internal")
        for text in (self.ca.file("pem.crt").read_bytes(), self.ca.issuers_pem().read_bytes(),
                     self.ca.ask_http("GET", "/ca/roots.pem").body):
            self.assertNotIn(b"\r", text)
            self.assertTrue(text.endswith(b"-----END CERTIFICATE-----\n"))
            for block in re.findall(rb"-----BEGIN CERTIFICATE-----\n(.*?)\n-----END", text, re.S):
                lines = block.split(b"\n")
                self.assertEqual({len(line) for line in lines[:-1]}, {64})
                self.assertTrue(0 < len(lines[-1]) <= 64)
        blocks = re.findall(r"-----BEGIN.*?-----END CERTIFICATE-----\n", self.ca.file("pem.crt").read_text(),
                            re.S)
        self.assertEqual([Certificate(ssl.PEM_cert_to_DER_cert(b)).subject.whole for b in blocks][1:],
                         [self.issuer.subject.whole])
        self.assertEqual(self.ca.ask_http("GET", "/ca/main.crt").body, self.issuer.der)

    def test_both_pem_labels_and_der_are_taken(self):
        """P50"""
        pem = self.ca.csr("label", "DNS:label.internal").decode()
        for text in (pem, pem.replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"),
                     pem.replace("\n", "\r\n"), "words before\n" + pem):
            a = self.ca.ask("POST", "/v1/certificates?profile=server", text, {"Content-Type": "text/plain"})
            self.assertEqual(a.status, 201, a)


class Clamped(FlowTest):
    running = False

    def setUp(self):
        ca = self.ca
        yaml = (ca.dir / "hanaper.yaml").read_text()
        self.addCleanup((ca.dir / "hanaper.yaml").write_text, yaml)
        self.addCleanup(ca.stop)
        self.yaml = yaml

    def start(self, most):
        (self.ca.dir / "hanaper.yaml").write_text(self.yaml.replace("max: 90d,", f"max: {most}, excess: clamp,"))
        self.ca.start()

    def ask(self, **more):
        csr = self.ca.csr("clamped", "DNS:clamped.internal").decode()
        a = self.ca.ask("POST", "/v1/certificates", {"profile": "server", "csr": csr, **more})
        self.assertEqual(a.status, 201, a)
        return Certificate(ssl.PEM_cert_to_DER_cert(a.json["certificate"])), a.json.get("notes")

    def test_what_is_past_the_profiles_maximum_is_cut_and_the_answer_says_so(self):
        """P10"""
        ca = self.ca
        self.start("40d")
        c, notes = self.ask(validity="60d")
        self.assertEqual(c.not_after.time - c.not_before.time + 1, 40 * 86400)
        self.assertEqual(notes, ['profile.validity: validity "60d" is too much; allowed: at most 40d, and so it is made'])
        for more in ({"validity": "40d"}, {}):
            self.assertIsNone(self.ask(**more)[1], more)
        done = run(BUILD / "hanaper", "issue", "cut.internal", "--validity", "60d", "--profile", "peer", "--dir", ca.dir,
                   "--out", ca.file("cut"))
        self.assertIn("hanaper: " + notes[0], done.stderr)
        done = run(BUILD / "hanaper", "renew", ca.file("cut.crt"), "--now", "--validity", "60d", "--dir", ca.dir)
        self.assertIn("hanaper: " + notes[0], done.stderr)

    def test_what_is_past_the_issuers_end_is_cut_and_the_answer_says_so(self):
        """P10"""
        self.start("8000d")
        end = from_pem(self.ca.dir / "issuers/main.crt").not_after.time
        c, notes = self.ask(validity="7000d")
        self.assertEqual(c.not_after.time, end)
        self.assertEqual(len(notes), 1, notes)
        self.assertRegex(notes[0], '^issuer.validity: not_after ".*" is too much; .* and so it is made$')
