# SPDX-License-Identifier: Apache-2.0
"""OCSP answers that front keeps: what comes from there, and that no revocation is ever behind them."""
import base64
import email.utils
import hashlib
import http.client
import os
import re
import signal
import threading
import time
import urllib.parse

from der import tlv
from hnp import SANITIZED, SLOW, run
from test_ocsp import GOOD, KIND, NONCE, REVOKED, UNKNOWN, OcspTest, Response, extension, request

TRY_LATER = b"\x30\x03\x0a\x01\x03"


class CacheTest(OcspTest):
    def numbers(self):
        """{name or name{labels}: value} of what /metrics says of OCSP."""
        text = self.ca.ask_unix("GET", "/metrics").body.decode()
        return {k: float(v) for k, v in re.findall(r"^(hanaper_ocsp_[^ ]+) (\S+)$", text, re.M)}

    def made(self):
        """How many answers core has made."""
        return sum(v for k, v in self.numbers().items() if k.startswith("hanaper_ocsp_responses_total"))

    def entries(self):
        return self.numbers()["hanaper_ocsp_cache_entries"]

    def path(self, der):
        return "/ocsp/" + urllib.parse.quote(base64.b64encode(der).decode(), safe="")

    def get(self, der, **headers):
        return self.ca.ask_http("GET", self.path(der), headers=headers)


class Kept(CacheTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.good = cls.ca.issue("good", "DNS:good.internal")
        cls.bad = cls.ca.issue("bad", "DNS:bad.internal")
        cls.ca.revoke(cls.bad)
        time.sleep(1)  # an answer of the very second is not kept

    def test_the_second_request_is_answered_without_core(self):
        """P91: whatever way it comes, good or revoked, and strangers verify it."""
        for serial, status in ((self.good, GOOD), (self.bad, REVOKED)):
            for digest in ("sha1", "sha256"):
                der = request([self.cert_id(serial, digest)])
                first = self.post(der)
                before = self.made()
                for _ in range(5):
                    self.assertEqual(self.post(der).body, first.body)
                    a = self.get(der)
                    self.assertEqual((a.status, a.body), (200, first.body))
                    self.assertEqual(Response(a.body).singles[0].status, status)
                self.assertEqual(self.made(), before)
        before = self.made()
        for _ in range(3):
            self.assertEqual(self.ca.ocsp(self.good, "-no_nonce"), "good")
            self.assertEqual(self.ca.ocsp(self.bad, "-no_nonce"), "revoked")
        self.assertEqual(self.made(), before)
        n = self.numbers()
        self.assertGreaterEqual(n["hanaper_ocsp_cache_hits_total"], 40)
        self.assertGreater(n["hanaper_ocsp_cache_size_bytes"], 4 * 500)

    def test_headers_and_not_modified(self):
        """P97, R41: the same from the cache as from core; 304 for GET and HEAD, never for POST."""
        serial = self.ca.issue("headers", "DNS:headers.internal")
        der = request([self.cert_id(serial)])
        first, second = self.get(der), self.get(der)
        single = Response(first.body).singles[0]
        for name in ("ETag", "Last-Modified", "Expires", "Content-Type"):
            self.assertEqual(first.headers[name], second.headers[name])
        for a in (first, second):
            control = a.headers["Cache-Control"].split(", ")
            self.assertEqual(set(control[1:]), {"public", "no-transform", "must-revalidate"})
            age = int(control[0].removeprefix("max-age="))
            self.assertLessEqual(abs(single.next_update.time - time.time() - age), 3 * SLOW)
            self.assertIn("GMT", a.headers["Date"])
        tag, since = first.headers["ETag"], first.headers["Last-Modified"]
        for headers, status in (({"If-None-Match": tag}, 304), ({"If-None-Match": f'"x", W/{tag}'}, 304),
                                ({"If-None-Match": "*"}, 304), ({"If-None-Match": '"x"'}, 200),
                                ({"If-Modified-Since": since}, 304),
                                ({"If-Modified-Since": "Sun, 06 Nov 1994 08:49:37 GMT"}, 200),
                                ({"If-None-Match": '"x"', "If-Modified-Since": since}, 200)):
            for method in ("GET", "HEAD"):
                with self.subTest(headers, method=method):
                    a = self.ca.ask_http(method, self.path(der), headers=headers)
                    self.assertEqual(a.status, status)
                    self.assertEqual(a.body, first.body if (status, method) == (200, "GET") else b"")
                    self.assertEqual(a.headers["ETag"], tag)
                    self.assertIn("max-age=", a.headers["Cache-Control"])
        a = self.ca.ask_http("POST", "/ocsp", der, {**KIND, "If-None-Match": tag})
        self.assertEqual((a.status, a.body), (200, first.body))
        told = run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", f"If-None-Match: {tag}",
                   f"http://127.0.0.1:{self.ca.http_port}{self.path(der)}").stdout
        self.assertEqual(told, "304")

    def test_what_many_get_in_one_second_is_the_same_and_says_when(self):
        """P97, R41: put together once a second: dates, age, HEAD, the end of a connection, other spellings."""
        serial = self.ca.issue("shared", "DNS:shared.internal")
        der = request([self.cert_id(serial)])
        first = self.post(der)
        conn = http.client.HTTPConnection("127.0.0.1", self.ca.http_port, timeout=30 * SLOW)
        seen, end = {}, time.monotonic() + 2.5
        while time.monotonic() < end:
            for method, path, body, headers in (("GET", self.path(der), None, {}), ("POST", "/ocsp", der, KIND),
                                                ("HEAD", self.path(der), None, {})):
                asked = time.time()
                conn.request(method, path, body, headers)
                a = conn.getresponse()
                self.assertEqual(a.read(), b"" if method == "HEAD" else first.body)
                self.assertEqual(a.headers["Content-Length"], str(len(first.body)))
                said = sorted(a.headers.items())
                self.assertEqual(len({k for k, _ in said}), len(said), "each once")
                at = email.utils.parsedate_to_datetime(a.headers["Date"]).timestamp()
                self.assertTrue(int(asked) - 1 <= at <= time.time(), (asked, at))
                expires = email.utils.parsedate_to_datetime(a.headers["Expires"]).timestamp()
                age = int(re.search(r"max-age=(\d+)", a.headers["Cache-Control"])[1])
                self.assertLessEqual(abs(at + age - expires), 1)
                if at + age == expires:
                    seen.setdefault(a.headers["Date"], []).append(said)
        conn.close()
        for answers in seen.values():
            self.assertEqual([a for a in answers if a != answers[0]], [])
        a = self.get(der, Connection="close")
        self.assertEqual((a.body, a.headers["Connection"]), (first.body, "close"))
        for _ in range(3):  # behind a chunked body front reads no more, so the answer says it
            a = self.ca.ask_http("POST", "/ocsp", iter([der]), KIND)
            self.assertEqual((a.status, a.body, a.headers["Connection"]), (200, first.body, "close"))
        lower = "/ocsp/" + urllib.parse.quote(base64.b64encode(der).decode(), safe="").replace("%2B", "%2b").replace("%2F", "%2f")
        for path in (lower, self.path(der) + "%0", self.path(der)[:-1], self.path(der) + "A"):
            for _ in range(3):
                a = self.ca.ask_http("GET", path)
                self.assertEqual(a.body == first.body, path == lower, path)
        self.assertNotEqual(self.post(self.path(der)[len("/ocsp/"):].encode()).body, first.body, "a path in a body")
        self.assertEqual(self.ca.revoke(serial).status, 200)
        for _ in range(3):
            self.assertEqual(Response(self.get(der).body).singles[0].status, REVOKED)
            self.assertEqual(Response(self.post(der).body).singles[0].status, REVOKED)

    def test_what_asks_for_more_is_signed_each_time_and_not_kept(self):
        """P88, P97, S32: a nonce, several, other spellings, serials that were never issued."""
        id_, never = self.cert_id(self.good), self.cert_id("12" * 20)
        nonce = [extension(NONCE, tlv(4, b"n" * 16))]
        cases = {"nonce": request([id_], *nonce), "several": request([id_, id_]),
                 "unknown": request([never]), "extension": request([id_], extension("1.2.3.4", b"\5\0")),
                 "single": request([id_], single=tlv(0xa0, tlv(0x30, extension("1.2.3.4", b"\5\0")))),
                 "malformed": request([]), "empty": b""}
        self.post(request([id_]))
        kept = self.entries()
        for name, der in cases.items():
            with self.subTest(name):
                before = self.made()
                bodies = [self.post(der).body for _ in range(3)]
                self.assertEqual(self.made(), before + 3)
                if name == "nonce":
                    self.assertEqual(Response(bodies[0]).extensions["nonce"][1].body, b"n" * 16)
                    self.assertEqual(self.post(der).headers["Cache-Control"], "no-store")
        self.assertEqual(self.entries(), kept)

    def test_random_serials_leave_nothing_behind(self):
        """S32: a stranger's questions neither fill the memory nor take the place of what is kept."""
        pid = self.ca.role_pids()["hanaper-front"]
        rss = lambda: int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{pid}/status").read())[1])
        self.post(request([self.cert_id(self.good)]))
        kept, octets = self.entries(), rss()
        conn = http.client.HTTPConnection("127.0.0.1", self.ca.http_port, timeout=30 * SLOW)
        for i in range(3000):
            der = request([self.cert_id(hashlib.sha1(b"r%d" % i).hexdigest())])
            conn.request("POST", "/ocsp", der, KIND)
            body = conn.getresponse().read()
            if i % 500 == 0 and body != TRY_LATER:
                self.assertEqual(Response(body).singles[0].status, UNKNOWN)
        conn.close()
        self.assertEqual(self.entries(), kept)
        if not SANITIZED:
            self.assertLess(rss() - octets, 4096)

    def test_a_reload_empties_it(self):
        self.post(request([self.cert_id(self.good)]))
        self.assertGreater(self.entries(), 0)
        with open(self.ca.dir / "hanaper.yaml") as f:
            text = f.read()
        (self.ca.dir / "hanaper.yaml").write_text(re.sub(r"validity: 12h", "validity: 10h", text))
        self.assertEqual(self.ca.ask("POST", "/v1/reload", {}).status, 200)
        self.assertEqual(self.entries(), 0)
        self.assertGreater(self.numbers()['hanaper_ocsp_cache_dropped_total{reason="forgotten"}'], 0)
        single = Response(self.post(request([self.cert_id(self.good)])).body).singles[0]
        self.assertEqual(single.status, GOOD)


class Revoked(CacheTest):
    """While others ask for it without pause, a revocation counts from the moment that its call is answered."""

    TURNS, HAMMERS = 200, 4

    def hammer(self, number):
        conn = http.client.HTTPConnection("127.0.0.1", self.ca.http_port, timeout=30 * SLOW)
        while not self.over:
            at, revoked = self.at, self.revoked  # in this order: 'revoked' is of this one or a former one
            der = request([self.cert_id(at, "sha256" if number == 1 else "sha1")])
            if number % 2:
                conn.request("GET", self.path(der))
            else:
                conn.request("POST", "/ocsp", der, KIND)
            body = conn.getresponse().read()
            self.asked[number] += 1
            if body[:5] == TRY_LATER:
                self.later += 1
            elif revoked == at and Response(body).singles[0].status != REVOKED:
                self.wrong.append((number, at))
        conn.close()

    def certificates(self, n):
        csr, conn = self.ca.csr("r", "DNS:r.internal"), self.ca.connect()
        for _ in range(n):
            a = self.ca.ask("POST", "/v1/certificates?profile=server", csr, {"Content-Type": "text/plain"},
                            connection=conn)
            self.assertEqual(a.status, 201, a)
            yield a.json["serial"]
        conn.close()

    def test_it_counts_at_once_whoever_asks_at_the_same_time(self):
        """P92, P85, R29, R31"""
        turns = self.TURNS if SLOW == 1 else 10
        serials = list(self.certificates(turns))
        self.at, self.revoked, self.over, self.wrong, self.later = serials[0], None, False, [], 0
        self.asked = [0] * self.HAMMERS
        threads = [threading.Thread(target=self.hammer, args=(i,)) for i in range(self.HAMMERS)]
        for t in threads:
            t.start()
        try:
            api = self.ca.connect()
            http_ = http.client.HTTPConnection("127.0.0.1", self.ca.http_port, timeout=30 * SLOW)
            for i, serial in enumerate(serials):
                der = request([self.cert_id(serial)])
                self.at = serial
                seen = sum(self.asked)
                while sum(self.asked) < seen + i % 7:  # now this many, now none have come first
                    time.sleep(0.0005)
                a = self.ca.revoke(serial, "keyCompromise" if i % 2 else "superseded", connection=api)
                self.revoked = serial
                self.assertEqual(a.status, 200, a)
                for way in ("GET", "POST", "GET"):
                    http_.request(way, self.path(der) if way == "GET" else "/ocsp",
                                  None if way == "GET" else der, {} if way == "GET" else KIND)
                    single = Response(http_.getresponse().read()).singles[0]
                    self.assertEqual((single.status, single.reason), (REVOKED, 1 if i % 2 else 4), (i, way))
            api.close()
            http_.close()
        finally:
            self.over = True
            for t in threads:
                t.join(60)
        self.assertEqual(self.wrong, [])
        self.assertGreater(min(self.asked), turns / 10)
        n = self.numbers()
        self.assertGreater(n['hanaper_ocsp_cache_dropped_total{reason="forgotten"}'], turns / 4)
        self.assertGreater(n["hanaper_ocsp_cache_hits_total"], turns / 4)

    def test_a_reason_that_is_raised_counts_at_once_too(self):
        """P85, P92, S43"""
        for serial in list(self.certificates(5)):
            der = request([self.cert_id(serial)])
            for reason, number in (("superseded", 4), ("keyCompromise", 1)):
                self.get(der)
                self.assertEqual(self.ca.revoke(serial, reason).status, 200)
                single = Response(self.get(der).body).singles[0]
                self.assertEqual((single.status, single.reason), (REVOKED, number))

    def test_the_second_of_two_calls_is_answered_no_earlier_than_it_counts(self):
        """P92: who hears 409 may rely on it as well."""
        for serial in self.certificates(20):
            der = request([self.cert_id(serial)])
            self.assertEqual(Response(self.get(der).body).singles[0].status, GOOD)
            said, barrier = [], threading.Barrier(2)

            def call():
                conn = self.ca.connect()
                conn.connect()
                barrier.wait()
                status = self.ca.revoke(serial, connection=conn).status
                body = self.get(der).body
                said.append((status, "later" if body == TRY_LATER else Response(body).singles[0].status))
                conn.close()

            both = [threading.Thread(target=call) for _ in range(2)]
            for t in both:
                t.start()
            for t in both:
                t.join()
            self.assertEqual(sorted(s for s, _ in said), [200, 409])
            self.assertTrue({v for _, v in said} <= {REVOKED, "later"}, said)
            self.assertEqual(Response(self.get(der).body).singles[0].status, REVOKED)


class Ends(CacheTest):
    def test_the_end_of_core_is_the_end_of_what_is_kept(self):
        """No half-alive state: a front that could not hear of revocations answers nothing."""
        good = self.ca.issue("good", "DNS:good.internal")
        der = request([self.cert_id(good)])
        self.get(der)
        os.kill(self.ca.role_pids()["hanaper-core"], signal.SIGKILL)
        self.assertNotEqual(self.ca.wait_end(), 0)
        with self.assertRaises(OSError):
            self.get(der)
        self.ca.start()
        before = self.made()
        self.assertEqual(Response(self.get(der).body).singles[0].status, GOOD)
        self.assertEqual(self.made(), before + 1)
