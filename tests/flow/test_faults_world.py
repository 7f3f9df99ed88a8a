# SPDX-License-Identifier: Apache-2.0
"""The clock jumps, a signer hangs, there are no descriptors left."""
import contextlib
import datetime
import errno
import os
import signal
import socket
import ssl
import threading
import time
import unittest
import warnings

from cryptography import x509

import acme_client
import acme_world
import faults
import hnp
import oracle
from test_crl_shards import shards
from test_faults import FaultTest

DAY = 86400
NUMBER = x509.CRLNumber
warnings.filterwarnings("ignore", message="Properties that return a na")  # Debian 12's has no others


def utc(naive):
    """Seconds since the epoch of what python3-cryptography gives without a zone."""
    return naive.replace(tzinfo=datetime.timezone.utc).timestamp()


class Clock(FaultTest):
    """All by the local socket and plain HTTP: the test's own TLS goes by another clock."""

    def issue_unix(self):
        a = self.ca.ask_unix("POST", "/v1/certificates?profile=server", self.csr, {"Content-Type": "text/plain"})
        if a.status == 201:
            self.told.note("issued", (a.json["serial"], oracle.der_of(a.json["certificate"])))
        return a

    def crl(self):
        answer = self.ca.ask_http("GET", "/crl/main.crl")
        self.assertEqual(answer.status, 200, answer)
        return x509.load_der_x509_crl(answer.body)

    def cpu(self):
        """Seconds that the roles have used."""
        used = 0
        for pid in self.ca.role_pids().values():
            fields = open(f"/proc/{pid}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()
            used += int(fields[11]) + int(fields[12])
        return used / os.sysconf("SC_CLK_TCK")

    def one(self, offset):
        """Issue, revoke, ask, at this offset from the right time."""
        began = int(time.time()) + offset
        end = time.monotonic() + 10 * hnp.SLOW
        while True:  # who asks in the moment of the jump may be refused
            a = self.issue_unix()
            if a.status == 201 or time.monotonic() > end:
                break
            time.sleep(0.1)
        self.assertEqual(a.status, 201, a)
        cert = x509.load_der_x509_certificate(self.told.events[-1][2][1])
        now = time.time() + offset
        self.assertLessEqual(utc(cert.not_valid_before), now, "none begins in the future")
        self.assertGreater(utc(cert.not_valid_after), now, "none is over")
        issuer = self.judge.issuer
        self.assertLessEqual(cert.not_valid_after, issuer.not_valid_after)
        serial = a.json["serial"]
        b = self.ca.ask_unix("POST", f"/v1/certificates/{serial}/revoke", {"reason": "superseded"})
        self.assertEqual(b.status, 200, b)
        self.told.note("revoked", serial)
        said, answer = oracle.ask_ocsp(self.ca, serial, issuer)
        self.assertEqual(said, "revoked")
        now = time.time() + offset
        self.assertLessEqual(utc(answer.produced_at), now + 1, "no answer from the future")
        self.assertLessEqual(utc(answer.this_update), now + 1)
        self.assertGreater(utc(answer.next_update), began)
        return serial

    def await_in_crl(self, serial, number, offset):
        end = time.monotonic() + 10 * hnp.SLOW
        while time.monotonic() < end:
            crl = self.crl()
            if crl.get_revoked_certificate_by_serial_number(int(serial, 16)) is not None:
                break
            time.sleep(0.02)
        else:
            self.fail(f"the CRL does not follow: {self.ca.said()[-2000:]}")
        new = crl.extensions.get_extension_for_class(NUMBER).value.crl_number
        self.assertGreater(new, number, "CRL numbers grow, whatever the clock does")
        self.assertLessEqual(utc(crl.last_update), time.time() + offset + 1, "no CRL from the future")
        for entry in crl:
            self.assertLessEqual(entry.revocation_date, crl.last_update, "P74")
        self.assertGreater(utc(crl.next_update), time.time() + offset)
        return new

    # S26, S27, P61, P73, P74, P87
    def test_it_jumps_back_and_forth(self):
        self.ca.start()
        number = 0
        for offset in (0, 3600, 0, 30 * DAY, 5, -240, 2 * DAY, 0, 200 * DAY, 0):
            with self.subTest(offset=offset):
                self.ca.clock(offset)
                number = self.await_in_crl(self.one(offset), number, offset)
        before, at = self.cpu(), time.monotonic()
        time.sleep(1)
        self.assertLess((self.cpu() - before) / (time.monotonic() - at), 0.5, "no timer spins")
        self.assertRegex(self.ca.said(), r"warn core clock-back file=crl/main.crl seconds=\d+")
        self.restart()

    # R35
    def test_a_list_of_the_root_that_ends_is_told_where_its_key_is_offline(self):
        self.ca.start()
        self.ca.stop()
        (self.ca.dir / "root.key").rename(self.ca.file("root.key"))
        self.ca.start()
        self.assertEqual(self.ca.ask_unix("GET", "/readyz").status, 200)
        self.ca.clock(200 * DAY)
        end = time.monotonic() + 30 * hnp.SLOW
        while b"the CRL of root has ended" not in (a := self.ca.ask_unix("GET", "/readyz")).body:
            self.assertLess(time.monotonic(), end, a.body)
            time.sleep(0.1)
        self.assertEqual(a.status, 503)

    # S27
    def test_a_start_with_the_clock_far_ahead_takes_no_shard_away(self):
        """Certificates that seem to have ended name it; when the clock is right again, they have not."""
        shards(self.ca, 4)
        self.ca.start()
        self.one(0)
        shards(self.ca, 2)
        paths = [f"/crl/main/{of}-0.crl" for of in (4, 2)]
        numbers = dict.fromkeys(paths, 0)
        for offset in (0, 200 * DAY, 0):
            with self.subTest(offset=offset):
                self.ca.kill_all()
                self.ca.clock(offset)
                self.ca.start()
                for path in paths:
                    answer = self.ca.ask_http("GET", path)
                    self.assertEqual(answer.status, 200, (path, answer))
                    crl = x509.load_der_x509_crl(answer.body)
                    number = crl.extensions.get_extension_for_class(NUMBER).value.crl_number
                    self.assertGreaterEqual(number, numbers[path])
                    numbers[path] = number
        self.restart()

    # S27
    def test_a_clock_far_ahead_ends_nothing_for_good(self):
        path = self.ca.dir / "hanaper.yaml"
        path.write_text(path.read_text() + "\naudit: { retention: 30d, refusals: 10s }\n")  # it looks each second
        self.ca.start()
        self.one(0)
        self.ca.stop()

        def rows():
            with self.ca.database() as db:
                return db.execute("SELECT id, kind FROM audit WHERE kind <> 7 ORDER BY id").fetchall()

        def looks(event, times):
            """It has looked at what is to be taken out since, and said so."""
            end = time.monotonic() + 20 * hnp.SLOW
            while self.ca.said().count(f" core {event}") < times and time.monotonic() < end:
                time.sleep(0.1)
            time.sleep(1.2)
            self.assertEqual(self.ca.said().count(f" core {event}"), times)
        before = rows()
        self.ca.clock(200 * DAY)
        self.ca.start()  # ahead at the start …
        looks("clock-ahead", 1)
        self.ca.clock(0)
        looks("clock-believed", 1)
        self.ca.clock(100 * DAY)  # … and at work
        looks("clock-ahead", 2)
        self.assertEqual(rows()[:len(before)], before)
        self.ca.clock(0)
        self.ca.kill_all()
        self.restart()

    def shown(self):
        """The api listener's certificate, as it is."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", self.ca.api_port), 10) as s, context.wrap_socket(s) as t:
            return x509.load_der_x509_certificate(t.getpeercert(True))

    # S27, R92: NTP puts a clock right that was ahead at the start
    def test_a_start_with_the_clock_ahead_leaves_no_certificate_from_the_future(self):
        for ahead in (7200, 30 * DAY):
            with self.subTest(ahead=ahead), contextlib.ExitStack() as stack:
                stack.callback(self.ca.stop)
                self.ca.clock(ahead)
                self.ca.start()
                before = self.one(ahead)
                self.ca.ocsp(before, "-no_nonce")  # and front keeps the answer
                self.ca.clock(0)
                end = time.monotonic() + 5 * hnp.SLOW
                while utc(self.shown().not_valid_before) > time.time() and time.monotonic() < end:
                    time.sleep(0.05)
                self.assertEqual(self.ca.ask("GET", "/v1/whoami").status, 200)
                self.assertEqual(self.ca.ocsp(self.ca.issue("now", "DNS:now.internal")), "good")
                self.assertEqual(self.ca.ocsp(before), "revoked")
                self.assertEqual(self.ca.ocsp(before, "-no_nonce"), "revoked")
                # Renewed once: it is not asked for again and again.
                time.sleep(2)
                self.assertLessEqual(self.ca.said().count(" tls-certificate "), 2)
                self.assertLessEqual(self.ca.said().count(" ocsp-responder issuer=main "), 2)
        self.ca.start()
        self.judge.judge(whole=True)

    def test_before_the_ca_began_nothing_is_signed_that_would_not_hold(self):
        self.ca.start()
        issuer = self.judge.issuer
        for offset in (-30 * DAY, -20 * 365 * DAY):
            self.ca.clock(offset)
            a = self.issue_unix()
            if a.status == 201:
                cert = x509.load_der_x509_certificate(self.told.events[-1][2][1])
                self.assertGreaterEqual(cert.not_valid_before, issuer.not_valid_before)
                self.assertGreater(cert.not_valid_after, cert.not_valid_before)
            else:
                self.assertIn(a.status, (422, 503), a)
        self.ca.clock(0)
        self.one(0)
        self.restart()

    def test_a_start_with_the_clock_of_long_ago(self):
        """A machine without a battery: it refuses, or serves and loses nothing."""
        self.ca.start()
        serial = self.one(0)
        self.ca.kill_all()
        self.ca.clock(-20 * 365 * DAY)
        if self.ca.serves():
            self.assertEqual(oracle.ask_ocsp(self.ca, serial, self.judge.issuer)[0], "revoked")
            self.ca.kill_all()
        else:
            self.assertIn("error parent ended", self.ca.said())
        self.ca.clock(0)
        self.ca.start()
        self.judge.judge(whole=True)
        self.one(0)


HANG_MS = 16000  # longer than anybody waits (api/overdue.h)
WAIT_S, SHED_S = 10, 5


class Hang(FaultTest):
    def setUp(self):
        super().setUp()
        responder = acme_client.Responder()
        self.addCleanup(responder.close)
        acme_world.directory(self.ca, http_port=responder.port)
        self.responder = responder

    def ready_order(self):
        client = acme_client.Client(self.ca.api_port, self.ca.dir / "root.crt")
        self.assertEqual(client.register().status, 201)
        order = client.order("localhost")
        challenge, _ = client.challenge(order.json["authorizations"][0])
        self.responder.tokens[challenge["token"]] = client.key_authorization(challenge["token"])
        client.post(challenge["url"], {})
        self.assertEqual(client.poll(order.headers["Location"]).json["status"], "ready")
        return client, order

    def raw(self):
        connection = self.ca.connect()
        connection.timeout = 60 * hnp.SLOW  # longer than front's
        return self.ca.ask("POST", "/v1/certificates?profile=server", self.csr, {"Content-Type": "text/plain"},
                           connection=connection)

    def at_once(self, **calls):
        """{name: thread}; self.answers gets {name: (answer, seconds)}."""
        def ask(name, call):
            began = time.monotonic()
            try:
                answer = call()
            except oracle.GONE as fault:
                answer = fault
            self.answers[name] = answer, time.monotonic() - began
        self.answers = {}
        threads = {name: threading.Thread(target=ask, args=(name, call)) for name, call in calls.items()}
        for t in threads.values():
            t.start()
        return threads

    def said(self, name, *statuses):
        """Within the time that anybody is kept waiting."""
        answer, took = self.answers[name]
        self.assertIn(getattr(answer, "status", None), statuses, (name, answer))
        self.assertLess(took, WAIT_S + 3 * hnp.SLOW, name)
        self.assertGreater(int(answer.headers["Retry-After"]), 0, name)
        return answer

    # R29, S27: whoever is told that it takes long finds it revoked; the signer takes nobody for a liar
    def test_a_revocation_that_waits_for_minutes_counts(self):
        self.ca.start()
        for _ in range(2):
            self.assertEqual(self.issue(), 201)
        signer = self.ca.role_pids()["hanaper-signer"]
        os.kill(signer, signal.SIGSTOP)
        threads = self.at_once(issue=self.raw, revoke=lambda: self.ca.revoke(self.before[0]))
        self.ca.signer_asked(2)  # not yet for ten seconds
        self.ca.clock(900)
        os.kill(signer, signal.SIGCONT)
        for t in threads.values():
            t.join(60)
        self.assertEqual(self.answers["revoke"][0].status, 200, self.answers)
        at = datetime.datetime.strptime(self.answers["revoke"][0].json["revoked_at"], "%Y-%m-%dT%H:%M:%SZ")
        self.assertLess(abs(utc(at) - time.time() - 900), 20)
        self.assertEqual(self.answers["issue"][0].status, 503, self.answers)
        self.assertNotIn("oracle-refused", self.ca.said())
        self.ca.clock(0)
        self.restart()

    # design section 5, R90, S88: a key in hardware may be slow, or never answer
    def test_a_signer_that_hangs(self):
        """Who waits is told so in time; CRLs and what OCSP is known go on; the late answer is not lost."""
        self.ca.start()
        self.assertEqual(self.issue(), 201)
        kept = self.before[0]
        self.assertEqual(self.ocsp(kept), "good")
        for _ in range(2):
            self.assertEqual(self.issue(), 201)
        asked_for, revoked = self.before[1:3]
        client, order = self.ready_order()
        where = order.headers["Location"]
        number = self.ca.crl_number()
        with self.ca.database() as db:
            had = db.execute("SELECT count(*) FROM certificate").fetchone()[0]
        finalize = order.json["finalize"], {"csr": acme_client.b64(acme_client.make_csr(["localhost"]))}
        self.ca.plan("signer", faults.SYNC, faults.HANG, error=HANG_MS)
        began = time.monotonic()
        threads = self.at_once(
            issue=self.raw, finalize=lambda: client.post(*finalize),
            revoke=lambda: self.ca.revoke(revoked),
            ocsp=lambda: time.sleep(1) or self.ca.ask_http("POST", "/ocsp", oracle.ocsp_request(asked_for, self.judge.issuer),
                                          {"Content-Type": "application/ocsp-request"}))
        time.sleep(SHED_S + 1)
        for _ in range(3):  # meanwhile
            self.assertEqual(self.ocsp(kept), "good")
            self.assertEqual(self.ca.ask_http("GET", "/crl/main.crl").status, 200)
            self.assertEqual(self.ca.ask("GET", "/healthz", cert=None).status, 200)
        # Nobody else is kept waiting, and it is told what is wrong.
        for answer in (self.raw(), self.ca.ask("GET", "/readyz", cert=None)):
            self.assertEqual(answer.status, 503, answer)
            self.assertIn("the signer has kept another request waiting", answer.json["detail"])
        self.assertLess(time.monotonic() - began, HANG_MS / 1000 - 1)
        for t in threads.values():
            t.join(60 * hnp.SLOW)
        for name in ("issue", "revoke"):
            answer = self.said(name, 503)
            self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
            self.assertIn("the signer has not answered", answer.json["detail"])
        self.assertEqual(self.said("ocsp", 503).body, bytes((0x30, 3, 0x0a, 1, 3)), "tryLater")
        answer = self.said("finalize", 200)
        self.assertEqual((answer.json["status"], answer.headers["Location"]), ("processing", where))
        client.close()
        self.assertEqual(client.poll(where, ("valid", "invalid"), seconds=30).json["status"], "valid")
        client.close()
        end = time.monotonic() + 15 * hnp.SLOW
        while self.issue() != 201:
            self.assertLess(time.monotonic(), end, self.ca.said()[-2000:])
            time.sleep(0.2)
        # What was signed late is on record, and what was revoked late is.
        with self.ca.database() as db:
            self.assertEqual(db.execute("SELECT count(*) FROM certificate").fetchone()[0], had + 3)
        self.assertEqual(self.ca.revoke(revoked).status, 409)
        self.told.note("revoked", revoked)
        self.assertEqual(self.ocsp(revoked), "revoked")
        self.assertEqual(self.ca.ask("GET", "/readyz", cert=None).status, 200)
        self.assertGreaterEqual(self.ca.crl_number(), number)
        self.restart()

    # R90: as a token on a card, of a few signatures a second
    def test_a_signer_that_is_slow(self):
        """More ask than it can do: nobody waits for ever, what is answered is right, then all is well."""
        self.ca.start()
        self.assertEqual(self.issue(), 201)
        self.ca.plan("signer", faults.SIGN, faults.HANG, error=700, times=faults.FOR_EVER)
        load = oracle.Load(self.ca, self.told, issuing=24, revoking=1, pause=0.01)
        time.sleep(16)
        load.end()
        self.assertGreater(len(self.told.of("issued")), 8, "it goes on")
        self.assertLessEqual(set(load.problems), {503})
        self.ca.unplan()
        end = time.monotonic() + 15 * hnp.SLOW
        while self.issue() != 201:
            self.assertLess(time.monotonic(), end, "what waits at the signer has an end")
            time.sleep(0.2)
        print(f"     {len(self.told.of('issued'))} issued, {dict(load.problems)}", flush=True)
        self.restart()

    # S88: the token is pulled out
    def test_a_key_that_fails(self):
        self.ca.start()
        self.assertEqual(self.issue(), 201)
        self.ca.plan("signer", faults.SIGN, faults.ERROR, error=5, times=faults.FOR_EVER)
        answer = self.raw()
        self.assertIn(answer.status, (500, 503), answer)
        self.assertEqual(self.revoke(self.before[0]), 200)
        self.assertNotEqual(self.ocsp(self.before[0]), "good")
        self.ca.unplan()
        end = time.monotonic() + 15 * hnp.SLOW
        while self.issue() != 201:
            self.assertLess(time.monotonic(), end, self.ca.said()[-2000:])
            time.sleep(0.2)
        self.restart()

    def test_a_core_that_hangs(self):
        """Short: it answers late, nobody is told a lie."""
        self.ca.start()
        self.issue()
        self.ca.plan("core", faults.WRITE, faults.HANG, error=3000)
        self.assertEqual(self.issue(), 201)
        self.assertEqual(self.revoke(self.before[0]), 200)
        self.restart()


class Tickets(FaultTest):
    # S66
    def test_a_day_later_those_of_before_are_worth_nothing(self):
        """Whoever has got hold of their key reads nothing that is said then."""
        self.ca.start()
        tls = self.ca.context()
        session, *_ = self.ca.resume(tls)
        _, again, _ = self.ca.resume(tls, session)
        self.assertTrue(again)
        self.ca.later(DAY)
        end = time.monotonic() + 10 * hnp.SLOW
        while again:
            self.assertLess(time.monotonic(), end, "they are")
            time.sleep(0.2)
            _, again, _ = self.ca.resume(tls, session)
        session, *_ = self.ca.resume(tls)
        _, again, _ = self.ca.resume(tls, session)
        self.assertTrue(again, "those of the new key are")


class Responder(FaultTest):
    # S45, R90
    def test_one_that_cannot_be_replaced_at_once_signs_no_more_when_it_is_revoked(self):
        self.ca.start()
        self.assertEqual(self.issue(), 201)
        serial = self.before[0]
        _, first = oracle.ask_ocsp(self.ca, serial, self.judge.issuer)
        responder = f"{first.certificates[0].serial_number:040x}"
        self.ca.plan("signer", faults.SYNC, faults.ERROR, errno.EIO)  # that of the next responder's record
        self.assertEqual(self.ca.revoke(responder).status, 200)
        self.assertEqual(self.ca.said().count(" ocsp-responder-failed "), 1)
        for asked, status in ((serial, "good"), (responder, "revoked")):  # the first of them front had kept
            said, second = oracle.ask_ocsp(self.ca, asked, self.judge.issuer)
            self.assertEqual(said, status)
            self.assertNotEqual(second.responder_key_hash, first.responder_key_hash)
        self.told.note("revoked", responder)
        self.restart()


class Late(FaultTest):
    def asked_for(self, serial, seconds):
        """What its owner hears until he has heard 503, and then 200 again."""
        statuses = []
        connection = self.ca.connect()
        end = time.monotonic() + seconds * hnp.SLOW
        while (503 not in statuses or statuses[-1] != 200) and time.monotonic() < end:
            statuses.append(self.ca.ask("GET", f"/v1/certificates/{serial}", connection=connection).status)
            time.sleep(0.005)
        connection.close()
        return set(statuses)

    # R89, R90: its answer has left before (ADR 0030)
    def test_a_shared_commit_that_fails(self):
        """Who has his certificate never hears that there is none, and soon gets it again."""
        self.ca.start()
        heard = set()
        for _ in range(10):  # another write may meet the fault
            self.ca.plan("core", faults.WRITE, faults.ERROR, errno.EIO)
            if self.issue() == 201:
                heard |= self.asked_for(self.before[-1], 3)
            self.assertTrue(self.recover())
            if 503 in heard:
                break
        self.assertEqual(heard, {200, 503})
        self.restart()


class Descriptors(FaultTest):
    LIMIT = 128

    # S61
    def test_with_none_left_it_serves_on_afterwards(self):
        self.ca.start(wrap=("sh", "-c", f'ulimit -n {self.LIMIT}; exec "$@"', "sh"))
        self.assertEqual(self.issue(), 201)
        for port, tls in ((self.ca.http_port, False), (self.ca.api_port, True)):
            held = []
            for _ in range(600):
                s = socket.socket()
                s.settimeout(0.2)
                try:
                    s.connect(("127.0.0.1", port))
                except OSError:
                    s.close()
                    break
                held.append(s)
            time.sleep(0.3)
            self.assertIsNone(self.ca.daemon.poll(), self.ca.said())
            for s in held:
                s.close()
            end = time.monotonic() + 20 * hnp.SLOW
            while self.issue() != 201:
                self.assertLess(time.monotonic(), end, f"{port}, TLS {tls}: {self.ca.said()[-2000:]}")
                time.sleep(0.2)
        self.sequence()
        self.restart()


if __name__ == "__main__":
    unittest.main()
