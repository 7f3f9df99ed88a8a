# SPDX-License-Identifier: Apache-2.0
"""A front that was taken over, before the real core: it gets no more than somebody without any right.

It may say that anybody presented any certificate: what no client could have made is
core's to refuse.  (That the certificate's key was proven is front's word alone;
docs/threat-model.md.)
"""
import base64
import concurrent.futures
import contextlib
import json
import os
import sqlite3
import threading
import time
import unittest

import journal
from acme_client import make_csr
from between import Between, make
from hnp import SLOW, UnixConnection, run

BIG = 1 << 50  # ids of ours: the real front counts from 1
PLAIN, TLS, TLS_CERT, TLS_BAD = 1, 2, 3, 4


def der(path):
    text = path.read_text().split("-----BEGIN CERTIFICATE-----")[1].split("-----END")[0]
    return base64.b64decode(text)


class Front(unittest.TestCase):
    around = ("front",)

    @classmethod
    def setUpClass(cls):
        cls.ca = Between(*cls.around)
        cls.addClassCleanup(cls.ca.close)
        cls.ca.start()
        cls.next_id = BIG

    def tearDown(self):
        self.assertTrue(self.ca.alive(), self.ca.said()[-2000:])

    def frame(self, method, path, body=b"", query=b"", content_type=b"", peer=TLS, cert=b"", why=b"", **more):
        type(self).next_id += 1
        return make("core", False, "HTTP_REQUEST", **{**dict(
            id=self.next_id, request_id=b"0123456789abcdef", method=method, path=path, query=query,
            content_type=content_type, accept=b"", authorization=b"", idempotency_key=b"", body=body,
            address=b"192.0.2.1", peer=peer, peer_cert=cert, peer_why=why), **more})

    def answer(self, frame):
        """What core makes of it: status and problem."""
        front = self.ca.at["front"]
        id_ = frame.fields["id"]
        self.assertTrue(front.say(frame))
        got = front.heard(lambda f: f.type == "HTTP_RESPONSE" and f.to_role and int.from_bytes(f.body[:8], "big") == id_)
        self.assertIsNotNone(got, "no answer: " + self.ca.said()[-2000:])
        return got.fields["status"], got.fields["body"]

    def ask(self, *args, **kw):
        return self.answer(self.frame(*args, **kw))

    def recorded(self):
        return journal.count(self.ca.dir / "journal", journal.CERTIFICATE, journal.REVOCATION)


class Asks(Front):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        ca = cls.ca
        cls.admin = der(ca.dir / "admin.crt")
        cls.victim = ca.issue("victim", "DNS:victim.internal")
        ca.issue("client", "DNS:client.internal", profile="client")
        cls.gone = ca.issue("gone", "DNS:gone.internal", profile="client")
        ca.revoke(cls.gone)
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", ca.file("alien.key"), "-out", ca.file("alien.crt"), "-subj", "/CN=admin",
            "-addext", "extendedKeyUsage=clientAuth", "-addext", "subjectAltName=DNS:admin")
        csr = ca.csr("short", "DNS:short.internal").decode()
        a = ca.ask("POST", "/v1/certificates", {"profile": "client", "csr": csr, "validity": "2s"})
        ca.file("short.crt").write_text(a.json["chain"])
        # Another CA's certificate of the very names, serial and issuer: all but the key that signed it.
        serial = run("openssl", "x509", "-in", ca.dir / "admin.crt", "-noout", "-serial").stdout.strip().split("=")[1]
        run("openssl", "req", "-x509", "-new", "-key", ca.file("alien.key"), "-out", ca.file("twin.crt"), "-subj",
            "/CN=admin", "-set_serial", "0x" + serial, "-addext", "extendedKeyUsage=clientAuth")
        time.sleep(3.1)

    def strangers(self):
        ca, flipped = self.ca, bytearray(self.admin)
        flipped[-1] ^= 1
        middle = bytearray(self.admin)
        middle[len(middle) // 2] ^= 1
        return {
            "of no CA of ours, by the name of the administrator": der(ca.file("alien.crt")),
            "of another CA, with the administrator's serial": der(ca.file("twin.crt")),
            "the administrator's, its signature changed": bytes(flipped),
            "the administrator's, changed in the middle": bytes(middle),
            "the administrator's, and octets behind": self.admin + b"\0",
            "the administrator's, cut": self.admin[:-1],
            "the administrator's twice": self.admin * 2,
            "the administrator's as PEM": (ca.dir / "admin.crt").read_bytes(),
            "one that was revoked": der(ca.file("gone.crt")),
            "one that has expired": der(ca.file("short.crt")),
            "one for servers only": der(ca.file("victim.leaf.crt")),
            "the intermediate": der(ca.dir / "issuers/main.crt"),
            "the root": der(ca.dir / "root.crt"),
            "no certificate": b"\x30\x03\x02\x01\x00",
            "octets": b"\xff" * 3000,
        }

    # S4, R43, R44, R46, S83
    def test_no_certificate_counts_that_core_would_not_know(self):
        before = self.recorded()
        csr = make_csr(["evil.internal"])
        for what, cert in self.strangers().items():
            for method, path, body, kind in (
                    (b"GET", b"/v1/whoami", b"", b""),
                    (b"POST", b"/v1/certificates", csr, b"application/pkcs10"),
                    (b"POST", f"/v1/certificates/{self.victim}/revoke".encode(), b"{}", b"application/json")):
                with self.subTest(what, path=path):
                    status, told = self.ask(method, path, body, b"profile=server" if body == csr else b"", kind,
                                            peer=TLS_CERT, cert=cert)
                    self.assertEqual(status, 401, told)
                    self.assertEqual(json.loads(told)["type"], "urn:hanaper:problem:unauthenticated")
        self.assertEqual(self.recorded(), before)
        self.assertEqual(self.ca.ocsp(self.victim), "good")

    # R44, R46: a certificate for servers renews itself; nobody else's does, not even by that route
    def test_nobody_is_renewed_whom_core_would_not_know(self):
        before = self.recorded()
        for what, cert in self.strangers().items():
            if what == "one for servers only":
                continue
            with self.subTest(what):
                status, told = self.ask(b"POST", b"/v1/renew", make_csr(["victim.internal"]),
                                        content_type=b"application/pkcs10", peer=TLS_CERT, cert=cert)
                self.assertIn(status, (401, 403), told)
        self.assertEqual(self.recorded(), before)

    # S4: an identity of the one kind gets no route of the other
    def test_no_route_is_had_from_where_it_is_not(self):
        rows = {
            "the metrics by TLS": (404, b"GET", b"/metrics", dict(peer=TLS)),
            "a list by plain HTTP": (404, b"GET", b"/v1/certificates", dict(peer=PLAIN)),
            "issuing by plain HTTP": (404, b"POST", b"/v1/certificates", dict(peer=PLAIN)),
            "an intermediate's revocation by TLS": (404, b"POST", b"/v1/issuers/main/revoke",
                                                    dict(peer=TLS_CERT, cert=self.admin, body=b'{"reason":"superseded"}',
                                                         content_type=b"application/json")),
            "OCSP by TLS": (404, b"POST", b"/ocsp", dict(peer=TLS)),
            "what front answers": (404, b"GET", b"/healthz", dict(peer=TLS)),
            "what is published": (404, b"GET", b"/crl/main.crl", dict(peer=PLAIN)),
            "no route": (404, b"GET", b"/v2", dict(peer=TLS_CERT, cert=self.admin)),
            "a path with a NUL": (404, b"GET", b"/v1/whoami\0", dict(peer=TLS_CERT, cert=self.admin)),
            "a path that is not canonical": (404, b"GET", b"//v1/whoami", dict(peer=TLS_CERT, cert=self.admin)),
            "another method": (405, b"PUT", b"/v1/whoami", dict(peer=TLS_CERT, cert=self.admin)),
            "a method in small letters": (405, b"get", b"/v1/whoami", dict(peer=TLS_CERT, cert=self.admin)),
            "a list without a certificate": (401, b"GET", b"/v1/certificates", dict(peer=TLS)),
            "a list with one that did not verify": (401, b"GET", b"/v1/certificates", dict(peer=TLS_BAD, why=b"expired")),
            "the body over the route's": (413, b"POST", b"/v1/certificates",
                                          dict(peer=TLS_CERT, cert=self.admin, body=b"x" * 70000,
                                               content_type=b"text/plain")),
            "a token's route with an identity": (401, b"POST", b"/v1/enroll",
                                                 dict(peer=TLS_CERT, cert=self.admin, body=make_csr(["a.internal"]),
                                                      content_type=b"application/pkcs10")),
            "with a token that is none": (401, b"POST", b"/v1/enroll",
                                          dict(peer=TLS, body=make_csr(["a.internal"]), content_type=b"application/pkcs10",
                                               authorization=b"Bearer hnp1.x.y")),
            "with a token of many lines": (401, b"POST", b"/v1/enroll",
                                           dict(peer=TLS, body=make_csr(["a.internal"]), content_type=b"application/pkcs10",
                                                authorization=b"Bearer a\r\nBearer b")),
        }
        before = self.recorded()
        for what, (wanted, method, path, more) in rows.items():
            with self.subTest(what):
                status, told = self.ask(method, path, **more)
                self.assertEqual(status, wanted, told)
                self.assertEqual(json.loads(told)["request_id"], "0123456789abcdef")
        self.assertEqual(self.recorded(), before)

    # S83: the number of a question is front's own affair
    def test_two_questions_of_one_number_are_two_answers_of_it(self):
        f = self.frame(b"GET", b"/v1/whoami", peer=TLS_CERT, cert=self.admin)
        front = self.ca.at["front"]
        body = b"/v1/certificates"
        other = f.but(path=body, query=b"limit=1")
        for one in (f, other, f):
            self.assertTrue(front.say(one))
        self.answer(self.frame(b"GET", b"/readyz"))

        def mine():
            return [x for x in front.seen if x.type == "HTTP_RESPONSE" and int.from_bytes(x.body[:8], "big") == f.fields["id"]]
        end = time.monotonic() + 10 * SLOW
        while len(mine()) < 3 and time.monotonic() < end:
            time.sleep(0.01)
        answers = [x.fields["body"] for x in mine()]
        self.assertEqual(sorted(b"certificates" in a for a in answers), [False, False, True], answers)

    # R48: what it says of names, addresses and reasons is no more than text in the log
    def test_what_it_says_of_itself_is_no_line_of_the_log(self):
        for more in (dict(address=b"192.0.2.1\nerror parent a"), dict(why=b"a\nerror parent b", peer=TLS_BAD),
                     dict(path=b"/v1/x\nerror parent c"), dict(authorization=b"Bearer a\nerror parent d")):
            with self.subTest(more):
                frame = self.frame(b"GET", more.pop("path", b"/v1/whoami"), **more)
                self.ca.at["front"].say(frame)
                end = time.monotonic() + 0.3
                while self.ca.alive() and time.monotonic() < end:
                    time.sleep(0.01)
                self.assertNotRegex(self.ca.said(), "(?m)^error parent")
                if not self.ca.alive():
                    self.ca.stop()
                    self.ca.start()


class Floods(Front):
    around = ("front", "signer")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = der(cls.ca.dir / "admin.crt")

    def memory(self):
        pid = self.ca.at["core"].pid if "core" in self.ca.at else self.ca.role_pids()["hanaper-core"]
        text = open(f"/proc/{pid}/status").read()
        return int(text.split("VmRSS:")[1].split()[0]) // 1024

    # S83: a certificate for the listener is a record for good, and front says when it wants one
    def test_it_has_no_more_certificates_than_a_front_needs(self):
        front = self.ca.at["front"]
        asked = next(f for f in front.seen if f.type == "TLS_CSR")
        before = self.recorded()
        for _ in range(300):
            self.assertTrue(front.say(asked))
        self.answer(self.frame(b"GET", b"/readyz"))
        time.sleep(1)
        self.assertLessEqual(self.recorded() - before, 60)
        self.assertIn("front asked for", self.ca.said())
        self.ca.issue("after", "DNS:localhost")

    # S83, S32: of requests that wait for the signer there is an end, and all are answered
    def test_it_fills_no_memory_with_what_waits(self):
        self.ca.stop()
        self.ca.start()
        front, held, go = self.ca.at["front"], [], threading.Event()
        signer = self.ca.at["signer"]

        def hold(f):
            if f.type != "SIGN_CERT" or go.is_set():
                return None
            held.append(f)
            return []
        signer.lie = hold
        body = make_csr(["localhost"])
        one = self.frame(b"POST", b"/v1/certificates", body, b"profile=server", b"application/pkcs10", TLS_CERT, self.admin)
        first, n = one.fields["id"], 9000
        octets = one.octets()
        assert octets[6:14] == first.to_bytes(8, "big")
        for i in range(0, n, 100):
            many = b"".join(octets[:6] + (first + k).to_bytes(8, "big") + octets[14:] for k in range(i, i + 100))
            self.assertTrue(front.say(Octets(many)))
        type(self).next_id += n

        def answers():
            ids = [int.from_bytes(f.body[:8], "big") for f in front.seen if f.type == "HTTP_RESPONSE" and f.to_role]
            return sum(first <= i < first + n for i in ids)
        end = time.monotonic() + 60 * SLOW
        while len(held) + answers() < n and time.monotonic() < end:
            self.assertTrue(self.ca.alive(), self.ca.said()[-1000:])
            time.sleep(0.05)
        print(f"     {len(held)} waited, {answers()} were refused; core had {self.memory()} MiB")
        self.assertLessEqual(len(held), 8200)
        self.assertGreaterEqual(answers(), n - 8200)
        last = next(f for f in front.seen if f.type == "HTTP_RESPONSE" and f.to_role
                    and int.from_bytes(f.body[:8], "big") >= first)
        self.assertEqual((last.fields["status"], b"Retry-After" in last.fields["headers"]), (503, True))
        self.ca.stop()
        self.ca.start()


@unittest.skipUnless(os.environ.get("HNP_LONG"), "HNP_LONG=1: half a million requests; link.a_peer_that_does_not_read is short")
class Deaf(Front):
    """Requests without end, by a front that reads no answer."""

    # S83: the answers wait in core's memory, up to a bound
    def test_who_asks_and_does_not_read_ends_core(self):
        front, stop, most = self.ca.at["front"], threading.Event(), 0
        core = self.ca.role_pids()["hanaper-core"]
        front.lie = lambda f: [] if f.type == "HTTP_RESPONSE" and stop.wait(60 * SLOW) else None
        many = Octets(self.frame(b"GET", b"/v1/certificates").octets() * 500)
        for _ in range(10000):
            if not front.say(many):
                break
            with contextlib.suppress(OSError):
                most = max(most, int(open(f"/proc/{core}/status").read().split("VmRSS:")[1].split()[0]) // 1024)
        stop.set()
        self.assertEqual(self.ca.wait_end(30), 1)
        self.assertRegex(self.ca.said(), r'ended error="core: front: it does not read what it is sent"')
        print(f"     core had {most} MiB")
        self.assertLess(most, 400)
        self.ca.start()
        self.ca.issue("after", "DNS:localhost")


class Octets:
    """Many frames to core in one go."""

    link, to_role, type, fds = "core", False, "many", ()

    def __init__(self, many):
        self.many = many

    def octets(self):
        return self.many


class Long(Front):
    """Answers that are long, and a front that is slow to read them."""

    around = ("core",)
    ROWS, LISTS = 200, 64  # 128 MiB: as much as a link may hold
    READERS = [f"reader{i}" for i in range(6)]  # and two administrators: nobody has more than eight lists at once

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ca.issue("first", "DNS:first.internal")
        for name in cls.READERS:
            cls.ca.issue(name, f"DNS:{name}.internal", profile="client", subject=f"/CN={name}.internal")
        cls.ca.stop()
        yaml = cls.ca.dir / "hanaper.yaml"
        grants = "".join(f"  - {{ who: {{ cn: {name}.internal }}, may: [read] }}\n" for name in cls.READERS)
        yaml.write_text(yaml.read_text().replace("grants:\n", "grants:\n" + grants))
        with contextlib.closing(sqlite3.connect(cls.ca.dir / "hanaper.db")) as db:
            at = {row[1]: i for i, row in enumerate(db.execute("PRAGMA table_info(certificate)"))}
            row = list(db.execute("SELECT * FROM certificate ORDER BY id DESC LIMIT 1").fetchone())
            row[at["note"]] = b'{"metadata":{"k":"%s"}}' % (b"v" * 12000)
            for i in range(cls.ROWS):
                row[at["id"]], row[at["serial"]] = 1000000 + i, b"\x01" + i.to_bytes(18, "big") + b"\x01"
                db.execute(f"INSERT INTO certificate VALUES ({','.join('?' * len(row))})", row)
            db.commit()

    def list(self, i=0):
        who = ["root", "admin", *self.READERS][i // 8]
        if who == "root":
            patient = UnixConnection(self.ca.dir / "run/hanaper.sock")
        elif who == "admin":
            patient = self.ca.connect()
        else:
            patient = self.ca.connect(self.ca.file(who + ".crt"), self.ca.file(who + ".key"))
        patient.timeout = 120 * SLOW  # front gives up before
        return self.ca.ask("GET", "/v1/certificates?limit=1000", connection=patient)

    # S32: who asks hears "later", and nobody's connection is lost
    def test_many_long_lists_at_once_lose_nobody(self):
        go = threading.Event()
        self.ca.start()
        core = self.ca.at["core"]
        core.lie = lambda f: None if f.link != "front" or f.to_role or go.wait(60 * SLOW) else None
        with concurrent.futures.ThreadPoolExecutor(self.LISTS) as pool:
            asked = [pool.submit(self.list, i) for i in range(self.LISTS)]
            most, quiet, end = 0, 0, time.monotonic() + 20 * SLOW
            while quiet < 10 and time.monotonic() < end:  # until it grows no more
                text = open(f"/proc/{core.pid}/status").read()
                now = int(text.split("VmHWM:")[1].split()[0]) // 1024
                quiet = quiet + 1 if now == most else 0
                most = now
                time.sleep(0.1)
            go.set()
            answers = [f.result() for f in asked]
        print(f"     {[a.status for a in answers].count(200)} of {self.LISTS} lists of {len(answers[0].body) >> 20} MiB;"
              f" core had {most} MiB")
        self.assertEqual({a.status for a in answers}, {200, 503})
        for a in answers:
            if a.status == 503:
                self.assertIn("Retry-After", a.headers)
                self.assertEqual(a.json["type"], "urn:hanaper:problem:unavailable")
            else:
                self.assertGreater(len(a.json["certificates"]), 100, "a page")
                self.assertIn("next_cursor", a.json)
        self.assertEqual(self.list().status, 200)
