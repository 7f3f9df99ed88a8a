# SPDX-License-Identifier: Apache-2.0
"""A neighbour that was taken over lies to its neighbours (test_captured_core has core's lies to the signer).

A row is one lie: who tells it, what it is, what happens meanwhile, and how the
victim ends or refuses.  Each row starts the daemon again on the same directory, and at the
end it serves without a lie: nothing of them stays.
"""
import json
import struct
import subprocess
import time
import unittest

import journal
from acme_client import Responder, make_csr
from between import Between, Frame, Raw, make
from hnp import SLOW, Answer

JSON = {"Content-Type": "application/json"}


def once(type_, change, nth=1, to_role=False, link="core"):
    """A lie about the nth frame of this type: change(frame) gives the frames instead of it."""
    left = [nth]

    def lie(frame):
        if frame.type != type_ or frame.to_role != to_role or frame.link != link:
            return None
        left[0] -= 1
        return change(frame) if left[0] == 0 else None
    return lie


def every(type_, change, to_role=False, link="core"):
    return lambda f: change(f) if (f.type, f.to_role, f.link) == (type_, to_role, link) else None


def cut(frame):
    return [Frame(frame.link, frame.to_role, frame.type, frame.body[:-1])]


def longer(frame):
    return [Frame(frame.link, frame.to_role, frame.type, frame.body + b"\0")]


def twice(frame):
    return [frame, frame]


def as_type(type_):
    return lambda f: [Frame(f.link, f.to_role, type_, f.body)]


def but(**changed):
    """Fields changed; a function gets the fields."""
    return lambda f: [f.but(**{k: v(f.fields) if callable(v) else v for k, v in changed.items()})]


def huge(frame):
    return [Raw(frame.link, frame.to_role, "huge", struct.pack(">IH", 0xffffffff, 20))]


class Rows(unittest.TestCase):
    """One CA, started anew for each row."""

    around = ()

    @classmethod
    def setUpClass(cls):
        cls.ca = Between(*cls.around)
        cls.addClassCleanup(cls.ca.close)
        cls.ca.start()
        cls.first = cls.ca.issue("first", "DNS:localhost")
        cls.ca.stop()

    def start(self, **lies):
        self.ca.stop()
        self.ca.start(lies=lies, wait=False)

    def post_csr(self, names=("localhost",), profile="server"):
        try:
            return self.ca.ask("POST", f"/v1/certificates?profile={profile}", make_csr(names),
                               {"Content-Type": "application/pkcs10"})
        except OSError:
            return Answer(0, {}, b"")

    def get(self, ask, path):
        try:
            return ask("GET", path)
        except OSError:
            return Answer(0, {}, b"")

    def ends(self, words, role=None):
        """The daemon ends in one line that says so, by no signal and no sanitizer."""
        try:
            status = self.ca.daemon.wait(15 * SLOW)
        except subprocess.TimeoutExpired:
            self.fail("it did not end: " + self.ca.said()[-3000:])
        said = self.ca.said()
        self.assertEqual(status, 1, said[-3000:])
        lines = [line for line in said.splitlines() if " error parent ended " in line]
        self.assertEqual(len(lines), 1, said[-3000:])
        self.assertRegex(lines[0], rf'ended error="({role}: )?.*{words}')
        self.assertNotRegex(said, r"by signal|Sanitizer|runtime error|assert")

    def serves(self):
        """It has ended, or it is asked to; then it starts without a lie, and issues."""
        self.start()
        self.ca.wait_ready()
        self.ca.issue("after", "DNS:localhost")
        self.assertEqual(self.ca.ocsp(self.first), "good")
        self.ca.stop()

    def issue(self, n):
        self.start()
        self.ca.wait_ready()
        serials = [self.ca.issue(f"i{i}", "DNS:localhost") for i in range(n)]
        self.ca.stop()
        return serials


class Signer(Rows):
    """A signer that lies to core: no client hears what it did not ask for."""

    around = ("signer",)
    other = make_csr(["localhost"])

    # Told of the answer to one request for a certificate.
    CERTIFICATES = {
        "an answer to nobody": (once("CERT_SIGNED", but(id=lambda f: f["id"] + 7), 2), "which nobody asked"),
        "the answer twice": (once("CERT_SIGNED", twice, 2), "which nobody asked"),
        "a revocation instead": (once("CERT_SIGNED", as_type("JOURNAL_END"), 2), "JOURNAL_END"),
        "cut": (once("CERT_SIGNED", cut, 2), "CERT_SIGNED"),
        "longer": (once("CERT_SIGNED", longer, 2), "CERT_SIGNED"),
        "four GiB": (once("CERT_SIGNED", huge, 2), "signer"),
        "a record cut": (once("CERT_SIGNED", but(record=lambda f: f["record"][:-1]), 2), "CERT_SIGNED: "),
        "garbage for a record": (once("CERT_SIGNED", but(record=b"\xff" * 200), 2), "CERT_SIGNED: "),
        "a refusal without a reason": (once("CERT_SIGNED", lambda f: [make(
            "core", False, "REFUSED", id=f.fields["id"], code=0, detail=b"")], 2), "REFUSED"),
        "a refusal of an unknown kind": (once("CERT_SIGNED", lambda f: [make(
            "core", False, "REFUSED", id=f.fields["id"], code=200, detail=b"x")], 2), "REFUSED"),
        "a refusal of two lines": (once("CERT_SIGNED", lambda f: [make(
            "core", False, "REFUSED", id=f.fields["id"], code=1, detail=b"x\nINFO: all is well")], 2), "REFUSED"),
        "an OCSP answer instead": (once("CERT_SIGNED", lambda f: [make(
            "core", False, "OCSP_SIGNED", id=f.fields["id"], response=b"\x30\x03\x0a\x01\x00", produced_at=1,
            next_update=2)], 2), "signer: it answered with something else"),
        "a message of core's own": (once("CERT_SIGNED", lambda f: [Frame("core", False, "SIGN_CERT", f.body)], 2),
                                    r"message 20 \(SIGN_CERT\) is not for this role"),
        # What it signs is what the relay asked it for in core's name.
        "another key": (once("SIGN_CERT", but(csr=other), 2, True), "signed a certificate of another key"),
        "other names": (once("SIGN_CERT", but(names=b"\x30\x06\x87\x04\x7f\x00\x00\x01"), 2, True),
                        "signed a certificate of another names"),
        "another profile": (once("SIGN_CERT", but(profile=b"peer"), 2, True), "signed a certificate of another profile"),
    }

    # S83, S84, R24, R58
    def test_no_certificate_reaches_a_client_that_is_not_what_was_asked_for(self):
        for what, (lie, words) in self.CERTIFICATES.items():
            with self.subTest(what):
                self.start(signer=lie)
                self.ca.wait_ready()
                a = self.post_csr()
                if what != "the answer twice":  # the first is the right one, and may leave before the second comes
                    self.assertNotIn(b"BEGIN CERTIFICATE", a.body)
                    self.assertNotIn(a.status, (200, 201))
                self.ends(words, "core")
        self.serves()

    # S83: the answer of before is in the journal, but it is not an answer to this
    def test_a_record_that_was_told_before_is_no_answer(self):
        kept = []

        def lie(f):
            if f.type == "CERT_SIGNED" and not f.to_role:
                kept.append(f)
                if len(kept) == 3:
                    return [f.but(record=kept[1].fields["record"])]
            return None
        self.start(signer=lie)
        self.ca.wait_ready()
        self.assertEqual(self.post_csr(["localhost"]).status, 201)
        a = self.post_csr(["localhost"])
        self.assertNotEqual(a.status, 201)
        self.ends("signed a certificate of another key", "core")
        self.serves()

    # S83: a gap, a record of another number
    def test_a_record_that_does_not_follow_is_not_taken_in(self):
        def ahead(f):
            record = bytearray(f.fields["record"])
            struct.pack_into(">Q", record, 4, struct.unpack_from(">Q", record, 4)[0] + 5)
            return [f.but(record=bytes(record))]
        self.start(signer=once("CERT_SIGNED", ahead, 2))
        self.ca.wait_ready()
        a = self.post_csr()
        self.assertIn(a.status, (0, 500, 503, 409), a)
        self.assertNotIn(b"BEGIN CERTIFICATE", a.body)
        self.serves()

    # S83, R58
    def test_a_revocation_of_another_is_not_told_as_done(self):
        victims = self.issue(4)
        rows = {
            "of another serial": (once("REVOKE", but(serial=bytes.fromhex(victims[0]), certificate=b""), 1, True), "did not revoke"),
            "a certificate instead": (once("REVOKED", lambda f: [make(
                "core", False, "OCSP_SIGNED", id=f.fields["id"], response=b"x", produced_at=1, next_update=2)]),
                "did not revoke"),
            "to nobody": (once("REVOKED", but(id=1 << 40)), "which nobody asked"),
        }
        for (what, (lie, words)), serial in zip(rows.items(), victims[1:]):
            with self.subTest(what):
                self.start(signer=lie)
                self.ca.wait_ready()
                try:
                    self.assertNotEqual(self.ca.revoke(serial).status, 200)
                except OSError:
                    pass
                self.ends(words, "core")
        self.serves()

    # S83, R30, P82
    def test_no_ocsp_answer_is_handed_on_that_is_for_another_certificate(self):
        second, = self.issue(1)
        first = bytes.fromhex(self.first)

        def swap(f):
            v = [{**one, "cert_id": one["cert_id"].replace(bytes.fromhex(second), first)} for one in f.fields["v"]]
            return [f.but(v=v)]
        rows = {
            "another serial": (once("SIGN_OCSP", swap, 1, True), "OCSP: of another certificate"),
            "no answer at all": (once("OCSP_SIGNED", but(response=b"\x30\x03\x0a\x01\x00")), "signer: "),
            "garbage": (once("OCSP_SIGNED", but(response=b"\xff" * 300)), "signer: "),
            "empty": (once("OCSP_SIGNED", but(response=b"")), "OCSP_SIGNED"),
            "unknown": (once("SIGN_OCSP", lambda f: [f.but(v=[{**f.fields["v"][0], "status": 2}])], 1, True),
                        "OCSP: of another status"),
            "a refusal, and then the answer": (once("OCSP_SIGNED", lambda f: [make(
                "core", False, "REFUSED", id=f.fields["id"], code=1, detail=b"no"), f]), "nobody asked"),
        }
        for what, (lie, words) in rows.items():
            with self.subTest(what):
                self.start(signer=lie)
                self.ca.wait_ready()
                said = self.ca.ocsp(second, "-no_nonce")
                self.assertNotIn(said, ("good", "unknown", "revoked"))
                self.ends(words, "core")
        self.serves()

    # S83, R34
    def test_no_crl_is_published_that_was_not_asked_for(self):
        rows = {
            "of another number": (once("CRL_BEGIN", but(number=lambda f: f["number"] + 3), 1, True), "signed a CRL"),
            "a certificate's record": (once("CRL_SIGNED", as_type("CERT_SIGNED")), None),
            "to nobody": (once("CRL_SIGNED", but(id=1 << 40)), "which nobody asked"),
            "a part of half a MiB and one": (once("CRL_PART", but(octets=b"\0" * ((1 << 19) + 1))), "CRL_PART"),
        }
        for what, (lie, words) in rows.items():
            with self.subTest(what):
                self.start(signer=lie)
                if words:
                    self.ends(words, "core")
        self.serves()

    # R91, S87: what it says of its journal
    def test_a_journal_that_ends_too_early_or_never_is_not_served_on(self):
        rows = {
            "shorter than the database": (once("JOURNAL_END", but(last_seq=3)), "the journal ends at record 3"),
            "longer than what it tells": (once("JOURNAL_END", but(last_seq=lambda f: f["last_seq"] + 5), 2),
                                          "did not all arrive"),
            "more was stored": (once("JOURNAL_END", but(stored_seq=1 << 40)), "an old copy was put back"),
            "cut": (once("JOURNAL_END", cut), "JOURNAL_END"),
        }
        for what, (lie, words) in rows.items():
            with self.subTest(what):
                self.start(signer=lie)
                self.ends(words, "core")
        self.serves()


def to(link, type_, **fields):
    """A frame that the role gets from this neighbour."""
    return make(link, True, type_, **fields)


def by(link, type_, **fields):
    """A frame that the role says to this neighbour."""
    return make(link, False, type_, **fields)


def empty(link, to_role, type_, body=b""):
    return Frame(link, to_role, type_, body)


class Told(Rows):
    """Frames that are told out of the blue; words None: they do no harm, and the daemon serves on."""

    around = ("signer", "prober", "front", "core")

    def told(self, role, rows):
        for what, (frames, words) in rows.items():
            with self.subTest(what):
                if not self.ca.alive():
                    self.start()
                    self.ca.wait_ready()
                for f in frames if isinstance(frames, list) else [frames]:
                    self.ca.at[role].say(f)
                if words is None:
                    self.harmless(role)
                else:
                    self.ends(words)
        self.serves()

    def harmless(self, role):
        """All that was said before it is through when the pong comes; and who asks is served."""
        relay = self.ca.at[role]
        said = sum(f.type == "PONG" for f in relay.seen)
        relay.say(empty("parent", True, "PING"))
        end = time.monotonic() + 20 * SLOW
        while sum(f.type == "PONG" for f in relay.seen) == said:
            self.assertTrue(self.ca.alive() and time.monotonic() < end, self.ca.said()[-2000:])
            time.sleep(0.005)
        self.assertEqual(self.post_csr().status, 201, self.ca.said()[-2000:])

    HOME = dict(id=1 << 50, status=200, content_type=b"text/plain", headers=b"", body=b"x", tag=b"", etag=b"",
                modified_at=0, expires_at=0)

    # S83, S70, R83: core, before front
    def test_front_believes_no_core(self):
        page, file = self.HOME, dict(url_path=b"/crl/x.crl", file=b"crl/main.crl", content_type=b"text/plain",
                                     etag=b"a", modified_at=0, expires_at=0, on_api=0)
        answers = {
            "an answer to nobody": (to("core", "HTTP_RESPONSE", **page), None),
            "an answer to nobody, a place that is free": (to("core", "HTTP_RESPONSE", **{**page, "id": 5}), None),
            "status 199": (to("core", "HTTP_RESPONSE", **{**page, "status": 199}), "HTTP_RESPONSE"),
            "status 600": (to("core", "HTTP_RESPONSE", **{**page, "status": 600}), "HTTP_RESPONSE"),
            "no status": (to("core", "HTTP_RESPONSE", **{**page, "status": 0}), "HTTP_RESPONSE"),
            "a type of two lines": (to("core", "HTTP_RESPONSE", **{**page, "content_type": b"a\r\nSet-Cookie: b"}),
                                    "HTTP_RESPONSE"),
            "seventeen MiB": (to("core", "HTTP_RESPONSE", **{**page, "body": b"x" * ((16 << 20) + 1)}), "HTTP_RESPONSE"),
            "four GiB": (huge(Frame("core", True, "HTTP_RESPONSE", b"")), "front"),
            "a tag of no length": (to("core", "HTTP_RESPONSE", **{**page, "tag": b"x", "etag": b"x"}), "HTTP_RESPONSE"),
            "a tag without an entity": (to("core", "HTTP_RESPONSE", **{**page, "tag": b"x" * 32}), "HTTP_RESPONSE"),
            "an entity of two lines": (to("core", "HTTP_RESPONSE", **{**page, "tag": b"x" * 32, "etag": b"a\nb"}),
                                       "HTTP_RESPONSE"),
            "ten thousand times forget": ([to("core", "FORGET", tag=bytes(28) + struct.pack(">I", i))
                                           for i in range(10000)], None),
            "forget half a tag": (to("core", "FORGET", tag=b"x" * 16), "FORGET"),
            "publish a key": (to("core", "PUBLISH", **{**file, "file": b"../root.key"}), "PUBLISH"),
            "publish by an absolute path": (to("core", "PUBLISH", **{**file, "file": b"/etc/passwd"}), "PUBLISH"),
            "publish by a way back": (to("core", "PUBLISH", **{**file, "file": b"crl/../../root.key"}), "PUBLISH"),
            "publish what is hidden": (to("core", "PUBLISH", **{**file, "file": b"crl/.x"}), "PUBLISH"),
            "publish at a path that is none": (to("core", "PUBLISH", **{**file, "url_path": b"/crl/../x"}), "PUBLISH"),
            "publish what is not there": (to("core", "PUBLISH", **{**file, "file": b"crl/nothing.crl"}), None),
            "a certificate that is none": (to("core", "TLS_CERT", chain_pem=b"-----BEGIN", renew_at=0), None),
            "a certificate of another key": (to("core", "TLS_CERT", chain_pem=(self.ca.dir / "admin.crt").read_bytes(),
                                                renew_at=0), None),
            "a certificate of nothing": (to("core", "TLS_CERT", chain_pem=b"", renew_at=0), "TLS_CERT"),
            "its own request": (empty("core", True, "HTTP_REQUEST", b"x" * 100), "message 10"),
            "the parent's stop": (empty("core", True, "STOP"), r"message 4 \(STOP\)"),
            "a listener": (empty("core", True, "LISTENER", b"\x01\x00\x00\x00\x01a"), r"message 2 \(LISTENER\)"),
        }
        for name in (b"X: a\rY: b\n", b"X a\n", b": a\n", b"X: a", b"X: a\n\nY: b\n", b"X: \x00\n", b"X y: a\n",
                     b"Content-Length: 5\n", b"content-length: 5\n", b"Transfer-Encoding: chunked\n",
                     b"Connection: close\n", b"Set-Cookie: a=b\n", b"Access-Control-Allow-Origin: *\n"):
            answers[f"header {name}"] = (to("core", "HTTP_RESPONSE", **{**page, "headers": name}), "HTTP_RESPONSE")
        self.told("front", answers)

    # S83, S10, R8, R84: front, before core
    def test_core_believes_no_front(self):
        ask = dict(id=1 << 50, request_id=b"0123456789abcdef", method=b"GET", path=b"/v1/whoami", query=b"",
                   content_type=b"", accept=b"", authorization=b"", idempotency_key=b"", body=b"", address=b"",
                   peer=2, peer_cert=b"", peer_why=b"")
        rows = {
            "a certificate, but TLS without": (dict(peer_cert=b"x"), "HTTP_REQUEST"),
            "TLS with a certificate, but none": (dict(peer=3), "HTTP_REQUEST"),
            "somebody on the local socket, whose connection does not come along": (dict(peer=5), "by the local socket"),
            "an unknown kind of peer": (dict(peer=9), "HTTP_REQUEST"),
            "no kind of peer": (dict(peer=0), "HTTP_REQUEST"),
            "a request id of fifteen": (dict(request_id=b"0" * 15), "HTTP_REQUEST"),
            "a request id of two lines": (dict(request_id=b"0\nerror parent a"), "HTTP_REQUEST"),
            "a request id with a NUL": (dict(request_id=b"0123456789abcd\0f"), "HTTP_REQUEST"),
            "a body over the limit": (dict(method=b"POST", body=b"x" * ((1 << 20) + 1)), "front"),
            "a method over the limit": (dict(method=b"X" * 33), "HTTP_REQUEST"),
            "a header over the limit": (dict(accept=b"x" * ((64 << 10) + 1)), "HTTP_REQUEST"),
        }
        frames = {what: (by("core", "HTTP_REQUEST", **{**ask, **changed}), words)
                  for what, (changed, words) in rows.items()}
        frames |= {
            "core's own answer": (empty("core", False, "HTTP_RESPONSE", b"x" * 90), "message 11"),
            "a record": (empty("core", False, "CERT_SIGNED", b"x" * 90), "message 21"),
            "a CSR over the limit": (empty("core", False, "TLS_CSR", b"x" * 20000), "TLS_CSR has 20000 octets"),
            "a CSR that is none": (empty("core", False, "TLS_CSR", b"\x30\x00"), None),
            "no CSR": (empty("core", False, "TLS_CSR"), None),
        }
        self.told("front", frames)

    # S83: parent, before the roles
    def test_no_role_believes_what_the_parent_cannot_mean(self):
        for role in ("signer", "prober", "core", "front"):
            self.told(role, {
                f"{role}: a second configuration": (empty("parent", True, "CONF", b"\0" * 100), "CONF came a second time"),
                f"{role}: a second start": (to("parent", "START", recover=0, unconfined=1), "START came a second time"),
                f"{role}: ready": (empty("parent", True, "READY"), r"message 3 \(READY\)"),
                f"{role}: a listener without its socket": (to("parent", "LISTENER", kind=1, address=b"a"),
                                                           "LISTENER came without a descriptor"),
                f"{role}: apply what never came": (to("parent", "RELOAD_APPLY", generation=1), "RELOAD_APPLY"),
                f"{role}: a configuration that is none": (to("parent", "RELOAD", generation=9, conf=b"\xff" * 64), None),
                f"{role}: reloads of half a frame": (empty("parent", True, "RELOAD", b"\0\0"), "RELOAD"),
                f"{role}: a reload that nobody asked for": (to("parent", "RELOAD_TOLD", id=7, code=0, text=b""),
                                                            None if role == "core" else "RELOAD_TOLD"),
                f"{role}: a thousand pings": ([empty("parent", True, "PING")] * 1000, None),
            })

    # S83: the roles, before the parent
    def test_the_parent_believes_no_role(self):
        for role in ("signer", "prober", "core", "front"):
            rows = {
                "ready again": (empty("parent", False, "READY"), "READY came a second time"),
                "a configuration": (empty("parent", False, "CONF"), r"message 1 \(CONF\)"),
                "stop": (empty("parent", False, "STOP"), r"message 4 \(STOP\)"),
                "a failure of two lines": (by("parent", "FAILED", code=1, text=b"a\nerror parent b"), "FAILED"),
                "a failure of no kind": (by("parent", "FAILED", code=0, text=b"a"), "FAILED"),
                "taken, what never came": (by("parent", "RELOADED", generation=77, code=0, text=b""), None),
                "over its limit": (empty("parent", False, "RELOADED", b"x" * 5000), role),
                "four GiB": (huge(Frame("parent", False, "READY", b"")), role),
                "pongs": ([empty("parent", False, "PONG")] * 1000, None),
                "a reload": ([by("parent", "RELOAD_ASK", id=i) for i in range(50)],
                             None if role == "core" else "RELOAD_ASK"),
            }
            self.told(role, {f"{role}: {what}": row for what, row in rows.items()})

    PROBE = dict(id=1 << 50, profile=b"server", challenge=1, prove=1, caa=0, type=2, name=b"localhost", wildcard=0,
                 token=b"t" * 43, key_authorization=b"t.k", account=b"https://a", deadline_ms=500)

    # S83, R72: core, before the prober
    def test_the_prober_believes_no_core(self):
        rows = {
            "a name with a blank": (dict(name=b"local host"), "PROBE"),
            "a name of two lines": (dict(name=b"a\r\nHost: b"), "PROBE"),
            "a question of no number": (dict(id=0), "PROBE"),
            "no name": (dict(name=b""), "PROBE"),
            "a name of 254": (dict(name=b"a" * 254), "PROBE"),
            "a token that is a path": (dict(token=b"../../x"), "PROBE"),
            "a token of two lines": (dict(token=b"a\nb"), "PROBE"),
            "nothing to do": (dict(prove=0), "PROBE"),
            "two challenges": (dict(challenge=3), "PROBE"),
            "no challenge": (dict(challenge=0), "PROBE"),
            "an e-mail address": (dict(type=1), "PROBE"),
            "a wildcard address": (dict(type=7, name=b"127.0.0.1", wildcard=1), "PROBE"),
            "no time": (dict(deadline_ms=0), "PROBE"),
            "a day": (dict(deadline_ms=86400000), "PROBE"),
            "a profile that is a path": (dict(profile=b"../x"), "PROBE"),
            "true that is two": (dict(caa=2), "PROBE"),
        }
        frames = {what: (to("core", "PROBE", **{**self.PROBE, **changed}), words)
                  for what, (changed, words) in rows.items()}
        frames |= {
            "its own answer": (empty("core", True, "PROBED", b"x" * 80), "message 51"),
            "a question to the signer": (empty("core", True, "SIGN_CERT", b"x" * 80), "message 20"),
            "over the limit": (empty("core", True, "PROBE", b"x" * 40000), "prober"),
        }
        self.told("prober", frames)

    PROBED = dict(id=1 << 50, code=0, proved=1, retry_s=0, detail=b"", transcript=b"[]", seen=b"", address=b"",
                  reuse_s=0, took_ms=1)

    # S83, R69: the prober, before core
    def test_core_believes_no_prober(self):
        rows = {
            "valid, what was never asked": (dict(), None),
            "valid, what will be asked next": (dict(id=1), None),
            "an answer to no question": (dict(id=0), "PROBED"),
            "refused without a word": (dict(code=5), "PROBED"),
            "valid with a word": (dict(detail=b"x"), "PROBED"),
            "an unknown code": (dict(code=200, detail=b"x"), "PROBED"),
            "a word of two lines": (dict(code=5, detail=b"x\nerror parent y"), "PROBED"),
            "a transcript over the limit": (dict(transcript=b"[" + b" " * (24 << 10) + b"]"), "PROBED"),
            "more seen than is asked for": (dict(seen=b"x" * 257), "PROBED"),
            "come again next year": (dict(code=5, detail=b"x", retry_s=1 << 24), "PROBED"),
            "good for less than nothing": (dict(reuse_s=-1), "PROBED"),
        }
        frames = {what: (by("core", "PROBED", **{**self.PROBED, **changed}), words)
                  for what, (changed, words) in rows.items()}
        frames |= {
            "twice": ([by("core", "PROBED", **self.PROBED)] * 2, None),
            "core's own question": (by("core", "PROBE", **self.PROBE), "message 50"),
            "a request": (empty("core", False, "HTTP_REQUEST", b"x" * 90), "message 10"),
            "over the limit": (empty("core", False, "PROBED", b"x" * 40000), "prober"),
        }
        self.told("prober", frames)
