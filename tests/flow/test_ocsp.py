# SPDX-License-Identifier: Apache-2.0
"""OCSP as clients ask it: every spelling, hash and nonce; what may be cached, and how long."""
import base64
import email.utils
import hashlib
import re
import time
import urllib.parse

from der import Certificate, extensions, oid, tlv, whole
from hnp import FlowTest, run
from test_crl import configure

HASHES = {"sha1": "1.3.14.3.2.26", "sha256": "2.16.840.1.101.3.4.2.1", "sha384": "2.16.840.1.101.3.4.2.2",
          "sha512": "2.16.840.1.101.3.4.2.3"}
NONCE, CRITICAL = "1.3.6.1.5.5.7.48.1.2", tlv(1, b"\xff")
PREFERRED = "1.3.6.1.5.5.7.48.1.8"
ECDSA_SHA512 = tlv(0x30, oid("1.2.840.10045.4.3.4"))
MALFORMED, UNAUTHORIZED = b"\x30\x03\x0a\x01\x01", b"\x30\x03\x0a\x01\x06"
KIND = {"Content-Type": "application/ocsp-request"}
GOOD, REVOKED, UNKNOWN = 0x80, 0xa1, 0x82


def extension(name, value, critical=b""):
    return tlv(0x30, oid(name), critical, tlv(4, value))


def request(ids, *wanted, single=b""):
    """OCSPRequest for these CertIDs with these Extensions."""
    lists = tlv(0x30, *(tlv(0x30, i, single) for i in ids))
    return tlv(0x30, tlv(0x30, lists, tlv(0xa2, tlv(0x30, *wanted)) if wanted else b""))


class Response:
    """A BasicOCSPResponse; the signature is openssl's to judge."""

    def __init__(self, octets):
        outer = whole(octets)
        assert outer[0].whole == b"\x0a\x01\x00", f"not successful: {octets.hex()}"
        kind, basic = whole(outer[1].body).children
        assert kind.oid == "basicResponse"
        data, self.algorithm, _, *certs = whole(basic.body).children
        assert len(certs) == 1
        self.certs = [Certificate(c.whole) for c in whole(certs[0].body).children]
        parts = data.children
        assert parts[0].tag == 0xa2, "responderID byKey comes first: no version is encoded"
        self.key_hash = whole(parts[0].body).body
        self.produced_at = parts[1]
        self.singles = [Single(s.children) for s in parts[2].children]
        self.extensions = extensions(whole(parts[3].body)) if len(parts) > 3 else {}


class Single:
    def __init__(self, parts):
        assert len(parts) == 4, "CertID, status, thisUpdate, nextUpdate"
        self.cert_id, status, self.this_update, next_update = parts
        self.cert_id, self.next_update = self.cert_id.whole, whole(next_update.body)
        self.status = status.tag
        self.revoked_at = status[0].time if self.status == REVOKED else None
        self.reason = whole(status[1].body).number if self.status == REVOKED and len(status) > 1 else None


class OcspTest(FlowTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.issuer = Certificate(run("openssl", "x509", "-in", cls.ca.dir / "issuers/main.crt", "-outform",
                                     "DER", text=False).stdout)

    def cert_id(self, serial, digest="sha1", parameters=tlv(5), issuer=None):
        i = issuer or self.issuer
        number = bytes.fromhex(serial)
        number = b"\0" * (number[0] >> 7) + number
        return tlv(0x30, tlv(0x30, oid(HASHES[digest]), parameters),
                   tlv(4, hashlib.new(digest, i.subject.whole).digest()),
                   tlv(4, hashlib.new(digest, i.key_bits).digest()), tlv(2, number))

    def post(self, octets):
        a = self.ca.ask_http("POST", "/ocsp", octets, KIND)
        self.assertEqual((a.status, a.headers["Content-Type"]), (200, "application/ocsp-response"))
        return a

    def status(self, serial):
        return Response(self.post(request([self.cert_id(serial)])).body).singles[0].status


class Forms(OcspTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.good = cls.ca.issue("good", "DNS:good.internal")
        cls.bad = cls.ca.issue("bad", "DNS:bad.internal")
        cls.bad_at = cls.ca.revoke(cls.bad, "keyCompromise").json["revoked_at"]
        cls.plain = cls.ca.issue("plain", "DNS:plain.internal")
        cls.ca.revoke(cls.plain, "unspecified")
        cls.never = "12" * 20

    def spellings(self, der):
        text = base64.b64encode(der).decode()
        bare = text.rstrip("=")
        yield "as it is", text
        yield "without padding", bare
        yield "escaped whole", urllib.parse.quote(text, safe="")
        yield "escaped in lower case", re.sub("%..", lambda m: m[0].lower(), urllib.parse.quote(text, safe=""))
        yield "slashes as they are, plus escaped", urllib.parse.quote(text, safe="/")
        yield "plus as it is, slashes escaped", urllib.parse.quote(text, safe="+=")
        yield "every octet escaped", "".join(f"%{ord(c):02X}" for c in text)

    def test_get_in_every_spelling(self):
        """P80: also where base64 holds '/', '//' and '+', and up to 255 octets and more."""
        seen = set()
        for turn in range(12):
            serial = hashlib.sha1(b"%d" % turn).hexdigest() if turn % 3 else self.good
            nonce = b"\xff" * 24 if turn == 5 else hashlib.sha1(b"n%d" % turn).digest() * (turn // 3)
            wanted = [extension(NONCE, tlv(4, nonce))] if nonce else []
            der = request([self.cert_id(serial)], *wanted)
            text = base64.b64encode(der).decode()
            seen |= {c for c in ("//", "+", "/", "=") if c in text}
            expected = GOOD if serial == self.good else UNKNOWN
            for name, spelled in self.spellings(der):
                with self.subTest(name, text=text):
                    a = self.ca.ask_http("GET", "/ocsp/" + spelled)
                    self.assertEqual(a.status, 200, a)
                    r = Response(a.body)
                    self.assertEqual((r.singles[0].cert_id, r.singles[0].status),
                                     (self.cert_id(serial), expected))
                    self.assertEqual("nonce" in r.extensions, bool(wanted))
        self.assertEqual(seen, {"//", "+", "/", "="})

    def test_get_that_is_wrong(self):
        """P80, P81"""
        text = base64.b64encode(request([self.cert_id(self.good)])).decode()
        for spelled in (text[:-5], text + "AAAA", text + "=", "-_" + text, text + "%", "%zz", text.lower(),
                        "/" + text, "=", "A", "A" * 255, "MAA=", "%00"):
            with self.subTest(spelled):
                a = self.ca.ask_http("GET", "/ocsp/" + spelled)
                if a.status == 200:
                    self.assertEqual(a.body, MALFORMED)
                    self.assertEqual(a.headers["Cache-Control"], "no-store")
                else:
                    self.assertIn(a.status, (400, 404))

    def test_hashes_and_their_parameters(self):
        """P82, P83, P84, P85, P89, R30, R32: the CertID comes back octet for octet."""
        for digest in HASHES:
            for parameters in (tlv(5), b""):
                with self.subTest(digest, parameters=parameters):
                    ids = [self.cert_id(s, digest, parameters)
                           for s in (self.good, self.bad, self.plain, self.never)]
                    r = Response(self.post(request(ids)).body)
                    self.assertEqual([s.cert_id for s in r.singles], ids)
                    self.assertEqual([(s.status, s.reason) for s in r.singles],
                                     [(GOOD, None), (REVOKED, 1), (REVOKED, None), (UNKNOWN, None)])
                    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(r.singles[1].revoked_at))
                    self.assertEqual(when, self.bad_at)
        other = Certificate(run("openssl", "x509", "-in", self.ca.dir / "root.crt", "-outform", "DER",
                                text=False).stdout)
        for digest in HASHES:  # our serial under the root: never good
            r = Response(self.post(request([self.cert_id(self.good, digest, issuer=other)])).body)
            self.assertEqual(r.singles[0].status, UNKNOWN)
        mine = bytearray(self.cert_id(self.good))
        for at in (15, 40, 60):  # in the name's hash, in the key's
            wrong = bytearray(mine)
            wrong[at] ^= 1
            self.assertNotIn(bytes(wrong), (mine,))
            body = self.post(request([bytes(wrong)])).body
            if at < 55:
                self.assertEqual(body, UNAUTHORIZED)
            else:
                self.assertEqual(Response(body).singles[0].status, UNKNOWN)

    def test_a_mutated_request_is_never_answered_good_for_another_serial(self):
        """R30, P81"""
        good = bytearray(request([self.cert_id(self.good)]))
        for bit in range(0, len(good) * 8, 3):
            wrong = bytearray(good)
            wrong[bit // 8] ^= 1 << bit % 8
            body = self.post(bytes(wrong)).body
            if body[:5] in (MALFORMED, UNAUTHORIZED):
                continue
            for single in Response(body).singles:
                if single.status == GOOD:
                    self.assertEqual(whole(single.cert_id)[3].body.lstrip(b"\0").hex(), self.good.lstrip("0"))

    def test_nonces_of_every_length(self):
        """P88: 1 to 128 octets come back, 0 and 129 are malformed; nothing of it is cached."""
        for n in (0, 1, 2, 16, 31, 32, 33, 127, 128, 129, 200, 1000):
            with self.subTest(n):
                value = tlv(4, bytes(i & 0xff for i in range(n)))
                for critical in (b"", CRITICAL):
                    a = self.post(request([self.cert_id(self.good)], extension(NONCE, value, critical)))
                    self.assertEqual(a.headers["Cache-Control"], "no-store")
                    for name in ("ETag", "Expires", "Last-Modified"):
                        self.assertNotIn(name, a.headers)
                    if 1 <= n <= 128:
                        self.assertEqual(Response(a.body).extensions["nonce"], (False, whole(value)))
                    else:
                        self.assertEqual(a.body, MALFORMED)
        id_ = self.cert_id(self.good)
        twice = extension(NONCE, tlv(4, b"a"))
        for octets in (request([id_], twice, twice), request([id_], extension(NONCE, b"bare octets")),
                       request([id_], extension(NONCE, tlv(4, b"a") + b"\0"))):
            self.assertEqual(self.post(octets).body, MALFORMED)

    def test_several_in_one_request(self):
        """P89, R33: in order, each with its own status, up to 32; none is malformed."""
        serials = [self.good, self.bad, self.never, self.plain] * 8
        r = Response(self.post(request([self.cert_id(s) for s in serials])).body)
        self.assertEqual([s.status for s in r.singles], [GOOD, REVOKED, UNKNOWN, REVOKED] * 8)
        self.assertEqual([s.cert_id for s in r.singles], [self.cert_id(s) for s in serials])
        self.assertEqual(self.post(request([self.cert_id(self.good)] * 33)).body, MALFORMED)
        self.assertEqual(self.post(request([])).body, MALFORMED)

    def test_extensions_of_a_request(self):
        """P90: a critical one that is not known is malformed, wherever it stands."""
        id_ = self.cert_id(self.good)
        strange = extension("1.2.3.4", b"\x05\x00")
        critical = extension("1.2.3.4", b"\x05\x00", CRITICAL)
        self.assertEqual(Response(self.post(request([id_], strange)).body).singles[0].status, GOOD)
        self.assertEqual(self.post(request([id_], critical)).body, MALFORMED)
        self.assertEqual(self.post(request([id_], strange, critical)).body, MALFORMED)
        single = tlv(0xa0, tlv(0x30, strange))
        self.assertEqual(Response(self.post(request([id_], single=single)).body).singles[0].status, GOOD)
        single = tlv(0xa0, tlv(0x30, critical))
        self.assertEqual(self.post(request([id_], single=single)).body, MALFORMED)

    def test_preferred_algorithms_are_passed_over(self):
        """P93: a responder has one key, and so one algorithm; the wish changes nothing."""
        wish = tlv(0x30, tlv(0x30, ECDSA_SHA512))
        plain = Response(self.post(request([self.cert_id(self.good)])).body)
        for critical in (b"", CRITICAL):
            r = Response(self.post(request([self.cert_id(self.good)], extension(PREFERRED, wish, critical))).body)
            self.assertEqual(r.singles[0].status, GOOD)
            self.assertEqual(r.algorithm.whole, plain.algorithm.whole)

    def test_signed_requests_are_taken(self):
        """P90"""
        ca = self.ca
        for base in ("good", "bad"):
            self.assertEqual(ca.ocsp(getattr(self, base), "-signer", ca.file("good.leaf.crt"), "-signkey",
                                     ca.file("good.key")), "good" if base == "good" else "revoked")

    def test_the_answer_field_by_field(self):
        """P86, P87, P96, R42: responder, times, what is enclosed and what is left out."""
        began = int(time.time())
        a = self.post(request([self.cert_id(self.ca.issue("fresh", "DNS:fresh.internal"))]))
        r = Response(a.body)
        single = r.singles[0]
        self.assertEqual({r.produced_at.tag, single.this_update.tag, single.next_update.tag}, {0x18})
        self.assertLessEqual(began - 1, r.produced_at.time)
        self.assertLessEqual(single.this_update.time, r.produced_at.time)
        self.assertLessEqual(r.produced_at.time, time.time())
        span = single.next_update.time - single.this_update.time
        self.assertTrue(8 * 3600 <= span <= 10 * 86400, span)
        self.assertEqual(len(r.certs), 1)
        responder = r.certs[0]
        self.assertLessEqual(single.next_update.time, responder.not_after.time)
        self.assertLessEqual(responder.not_after.time, self.issuer.not_after.time)
        self.assertEqual(responder.issuer.whole, self.issuer.subject.whole)
        self.assertEqual(r.key_hash, hashlib.sha1(responder.key_bits).digest())
        self.assertEqual([u.oid for u in responder.extensions["extKeyUsage"][1].children], ["OCSPSigning"])
        self.assertEqual(responder.extensions["keyUsage"], (True, whole(b"\x03\x02\x07\x80")))
        self.assertEqual(responder.extensions["ocspNoCheck"][1].whole, b"\x05\x00")
        self.assertEqual(r.extensions, {})

    def test_headers(self):
        """P81, P91, R41: the headers of RFC 9919 for GET; no-store for what is no answer."""
        text = base64.b64encode(request([self.cert_id(self.good)])).decode()
        for method, path, body in (("GET", "/ocsp/" + urllib.parse.quote(text, safe=""), None),
                                   ("POST", "/ocsp", base64.b64decode(text))):
            with self.subTest(method):
                a = self.ca.ask_http(method, path, body, KIND if body else {})
                single = Response(a.body).singles[0]
                control = a.headers["Cache-Control"].split(", ")
                self.assertEqual(set(control[1:]), {"public", "no-transform", "must-revalidate"})
                age = int(control[0].removeprefix("max-age="))
                self.assertLessEqual(age, single.next_update.time - int(time.time()) + 1)
                self.assertGreater(age, 8 * 3600 - 60)
                self.assertRegex(a.headers["ETag"], r'^"[0-9a-f]{32,}"$')
                for name, at in (("Last-Modified", single.this_update), ("Expires", single.next_update)):
                    self.assertEqual(email.utils.parsedate_to_datetime(a.headers[name]).timestamp(), at.time)
                self.assertIn("GMT", a.headers["Date"])
                self.assertNotIn("Set-Cookie", a.headers)
        for body in (b"", b"\x30\x00"):
            self.assertEqual(self.post(body).headers["Cache-Control"], "no-store")

    def test_revoked_on_the_very_next_request(self):
        """P92, P85, R29, R31: good in the moment of the 201, revoked in the moment of the 200."""
        text = None
        for i in range(10):
            serial = self.ca.issue("next", "DNS:next.internal")
            text = urllib.parse.quote(base64.b64encode(request([self.cert_id(serial)])).decode(), safe="")
            good = self.ca.ask_http("GET", "/ocsp/" + text)
            self.assertEqual(Response(good.body).singles[0].status, GOOD)
            told = self.ca.revoke(serial, "keyCompromise" if i % 2 else "superseded").json
            single = Response(self.ca.ask_http("GET", "/ocsp/" + text).body).singles[0]
            self.assertEqual((single.status, single.reason), (REVOKED, 1 if i % 2 else 4))
            self.assertEqual(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(single.revoked_at)),
                             told["revoked_at"])
            # Whoever had the answer of before hears of this one, also by its date alone.
            for name, of in (("If-Modified-Since", "Last-Modified"), ("If-None-Match", "ETag")):
                a = self.ca.ask_http("GET", "/ocsp/" + text, headers={name: good.headers[of]})
                self.assertEqual(a.status, 200, name)

    def test_a_responder_that_is_revoked_signs_no_more(self):
        """S45, P92: from then on another signs, and front has nothing left that the old one signed."""
        path = "/ocsp/" + urllib.parse.quote(base64.b64encode(request([self.cert_id(self.good)])).decode(), safe="")
        for _ in range(2):
            first = Response(self.ca.ask_http("GET", path).body).certs[0]
            serial = f"{first.serial:040x}"
            self.assertEqual(self.status(serial), GOOD)
            self.assertEqual(self.ca.revoke(serial, "keyCompromise").status, 200)
            r = Response(self.ca.ask_http("GET", path).body)
            self.assertNotEqual(r.certs[0].key_bits, first.key_bits)
            self.assertEqual(self.status(serial), REVOKED)
            self.assertEqual([self.ca.ocsp(s) for s in (self.good, self.bad)], ["good", "revoked"])
        self.assertNotIn("oracle-refused", self.ca.said())


class EveryIssuer(FlowTest):
    running = False

    @classmethod
    def setUpClass(cls):
        pass

    def test_strangers_verify_every_status_of_every_type_of_issuer(self):
        """P5, P95: openssl and ocsptool, with and without nonce."""
        from hnp import CA
        for kind in ("p256", "p384", "ed25519", "rsa-3072"):
            ca = CA("--key-type", kind)
            try:
                ca.start()
                good, bad = (ca.issue(b, f"DNS:{b}.internal") for b in ("good", "bad"))
                self.assertEqual(ca.revoke(bad).status, 200)
                for serial, status in ((good, "good"), (bad, "revoked"), ("12" * 20, "unknown")):
                    for options in ((), ("-no_nonce",)):
                        with self.subTest(kind, status=status, options=options):
                            self.assertEqual(ca.ocsp(serial, *options), status)
                for base, status in (("good", "good"), ("bad", "revoked")):
                    for nonce in ((), ("--nonce",)):
                        with self.subTest(kind, tool="ocsptool", status=status, nonce=nonce):
                            done = run("ocsptool", f"--ask=http://127.0.0.1:{ca.http_port}/ocsp", "--load-cert",
                                       ca.file(base + ".leaf.crt"), "--load-issuer", ca.issuers_pem(),
                                       "--load-trust", ca.issuers_pem(), *nonce, check=False)
                            said = done.stdout + done.stderr
                            self.assertIn(f"Certificate Status: {status}", said)
                            self.assertIn("Verifying OCSP Response: Success", said)
            finally:
                ca.close()


class Ends(OcspTest):
    """What ends: a certificate, and the responder."""

    running = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        configure(cls.ca, ocsp="{ validity: 1m, responder_validity: 62s }",
                  crl="{ interval: 1s, next_update: 5s, debounce: 0s }")
        cls.ca.start()

    def test_an_expired_certificate_keeps_its_status(self):
        """P94: good stays good, revoked stays revoked, also when it is no longer on the CRL."""
        ca = self.ca
        serials = []
        for base in ("lives", "revoked"):
            csr = ca.csr(base, f"DNS:{base}.internal").decode()
            a = ca.ask("POST", "/v1/certificates", {"profile": "server", "csr": csr, "validity": "2s"})
            serials.append(a.json["serial"])
        self.assertEqual(ca.revoke(serials[1]).status, 200)
        time.sleep(5.5)
        self.assertNotIn(serials[1].upper(), ca.crl_text())
        self.assertEqual([self.status(s) for s in serials], [GOOD, REVOKED])
        self.assertEqual([ca.ocsp(s) for s in serials], ["good", "revoked"])

    def test_the_responder_is_replaced_while_the_daemon_runs(self):
        """S45, P86, P87, P96, R42: at half of its life; no answer outlives its responder."""
        serial = self.ca.issue("long", "DNS:long.internal")
        ask = request([self.cert_id(serial)])
        first = Response(self.post(ask).body).certs[0]
        end = time.monotonic() + 60
        while (r := Response(self.post(ask).body)).certs[0].serial == first.serial:
            self.assertLessEqual(r.singles[0].next_update.time, first.not_after.time)
            self.assertGreater(r.singles[0].next_update.time, time.time())
            self.assertLess(time.monotonic(), end)
            time.sleep(0.5)
        now = time.time()
        self.assertGreater(first.not_after.time - now, 15, "long before its end")
        second = r.certs[0]
        self.assertNotEqual(second.key_bits, first.key_bits)
        self.assertLessEqual(r.singles[0].next_update.time, second.not_after.time)
        self.assertEqual(self.ca.ocsp(serial), "good")
