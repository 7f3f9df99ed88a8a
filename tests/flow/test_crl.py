# SPDX-License-Identifier: Apache-2.0
"""CRLs through the whole daemon: when they come, what is on them, for how long."""
import email.utils
import http.client
import os
import re
import ssl
import threading
import time
from pathlib import Path

import journal
from authority import Authority
from der import CRL, Certificate
from hnp import BUILD, SANITIZED, SLOW, FlowTest, run

REASONS = {"unspecified": None, "keyCompromise": 1, "affiliationChanged": 3, "superseded": 4,
           "cessationOfOperation": 5, "privilegeWithdrawn": 9}
REVOKED = int(os.environ.get("HNP_REVOKED", "100000"))
NONE_MATCH, SINCE = "If-None-Match", "If-Modified-Since"


def configure(ca, **sections):
    """Puts 'crl' and 'ocsp' lines of init's hanaper.yaml to other values."""
    path = ca.dir / "hanaper.yaml"
    text = path.read_text()
    for name, value in sections.items():
        text, n = re.subn(rf"(?m)^{name}: \{{.*\}}$", f"{name}: {value}", text)
        assert n == 1, name
    path.write_text(text)


class CrlTest(FlowTest):
    def fetch(self, issuer="main"):
        a = self.ca.ask_http("GET", f"/crl/{issuer}.crl")
        self.assertEqual(a.status, 200, a)
        return CRL(a.body)

    def wait_for(self, condition, seconds=10, issuer="main"):
        """The first CRL of which 'condition' is true."""
        end = time.monotonic() + seconds * SLOW
        while time.monotonic() < end:
            crl = self.fetch(issuer)
            if condition(crl):
                return crl
            time.sleep(0.02)
        self.fail("no such CRL came")

    def strangers(self, issuer="main", certtool=True):
        """openssl and certtool verify what is published now."""
        ca = self.ca
        signer = ca.dir / "root.crt" if issuer == "root" else ca.issuers_pem()
        pem = ca.file(issuer + ".crl.pem")
        run("openssl", "crl", "-inform", "DER", "-in", ca.crl(issuer), "-out", pem)
        self.assertIn("verify OK", run("openssl", "crl", "-verify", "-CAfile", signer, "-in", pem,
                                       "-noout").stderr)
        if certtool:
            run("certtool", "--verify-crl", "--no-text", "--load-ca-certificate", signer, "--infile", pem)
        return pem


class Contents(CrlTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        end = time.monotonic() + 10 * SLOW
        while cls.ca.ask("GET", "/readyz", cert=None).status != 200 and time.monotonic() < end:
            time.sleep(0.01)  # a new CA serves before its first CRLs are made

    def test_none_then_one_then_one_of_each_reason(self):
        """P60, P62, P63, P64, P66, P70, P72, P73, P74, R29, R36: 0, 1 and some entries."""
        ca = self.ca
        for issuer in ("main", "root"):
            with self.subTest(issuer):
                empty = self.fetch(issuer)
                self.assertFalse(empty.has_list, "revokedCertificates absent")
                self.form(empty, issuer)
                self.strangers(issuer)
        first = ca.issue("one", "DNS:one.internal")
        self.assertEqual(ca.revoke(first).status, 200)
        one = self.wait_for(lambda crl: len(crl.order) == 1)
        self.strangers()
        told = {first: ("superseded", None)}
        for reason in REASONS:
            serial = ca.issue("r", "DNS:r.internal")
            a = ca.revoke(serial, reason)
            self.assertEqual(a.status, 200, a)
            told[serial] = (reason, a.json["revoked_at"])
        many = self.wait_for(lambda crl: len(crl.order) == len(told))
        self.form(many, "main")
        self.strangers()
        self.assertGreater(many.number, one.number)
        self.assertEqual(many.order, sorted(told, key=lambda serial: serial[-2:]),
                         "by the last octet, then in the order of the revocations")
        for serial, (reason, _) in told.items():
            at, code = many.entries[serial]
            self.assertEqual(code, REASONS[reason])
            self.assertLessEqual(at, many.this_update.time)
            self.equal_to_ocsp(serial, at, reason)

    def form(self, crl, issuer):
        self.assertEqual(crl.version, 1)
        self.assertEqual(crl.algorithm.whole, crl.outer_algorithm.whole)
        self.assertEqual(set(crl.extensions), {"authorityKeyIdentifier", "cRLNumber"}, "no IDP")
        self.assertFalse(any(critical for critical, _ in crl.extensions.values()))
        path = "root.crt" if issuer == "root" else f"issuers/{issuer}.crt"
        der = run("openssl", "x509", "-in", self.ca.dir / path, "-outform", "DER", text=False).stdout
        signer = Certificate(der)
        self.assertEqual(crl.issuer.whole, signer.subject.whole)
        self.assertEqual(crl.extensions["authorityKeyIdentifier"][1].whole,
                         b"\x30\x16\x80\x14" + signer.extensions["subjectKeyIdentifier"][1].body)
        self.assertEqual((crl.this_update.tag, crl.next_update.tag), (0x17, 0x17))
        span = crl.next_update.time - crl.this_update.time
        self.assertLessEqual(span, 366 * 86400 if issuer == "root" else 10 * 86400)
        self.assertLessEqual(crl.this_update.time, time.time())
        self.assertEqual(set(crl.tags), {0x02, 0x30, 0x17, 0xa0})

    def equal_to_ocsp(self, serial, at, reason):
        said = run("openssl", "ocsp", "-issuer", self.ca.issuers_pem(), "-serial", "0x" + serial, "-url",
                   f"http://127.0.0.1:{self.ca.http_port}/ocsp", "-CAfile", self.ca.dir / "root.crt").stdout
        when = re.search(r"Revocation Time: (.*) GMT", said)[1]
        self.assertEqual(time.mktime(time.strptime(when, "%b %d %H:%M:%S %Y")) - time.timezone, at)
        found = re.search(r"Reason: (\S+)", said)
        known = "(UNKNOWN)" if reason == "privilegeWithdrawn" else reason  # to openssl 3.0
        self.assertEqual(found[1] if found else "unspecified", known)

    def test_http(self):
        """P71, R41: type, tag, dates, an age within nextUpdate, 304."""
        for issuer in ("main", "root"):
            path = f"/crl/{issuer}.crl"
            a = self.ca.ask_http("GET", path)
            self.assertEqual(a.status, 200, a)
            crl = CRL(a.body)
            self.assertEqual(a.headers["Content-Type"], "application/pkix-crl")
            self.assertEqual(email.utils.parsedate_to_datetime(a.headers["Last-Modified"]).timestamp(),
                             crl.this_update.time)
            self.assertEqual(email.utils.parsedate_to_datetime(a.headers["Expires"]).timestamp(),
                             crl.next_update.time)
            age = int(re.search(r"max-age=(\d+)", a.headers["Cache-Control"])[1])
            self.assertLessEqual(abs(crl.next_update.time - time.time() - age), 3)
            tag = a.headers["ETag"]
            for name, value, status in (
                    (NONE_MATCH, tag, 304), (NONE_MATCH, f'"x", W/{tag}', 304), (NONE_MATCH, "*", 304),
                    (NONE_MATCH, '"x"', 200), (SINCE, a.headers["Last-Modified"], 304),
                    (SINCE, "Thu, 01 Jan 1970 00:00:00 GMT", 200), (SINCE, "yesterday", 200),
                    # of a download, maybe of the list before
                    (SINCE, email.utils.formatdate(crl.this_update.time + 1, usegmt=True), 200)):
                with self.subTest(issuer=issuer, name=name, value=value):
                    b = self.ca.ask_http("GET", path, headers={name: value})
                    self.assertEqual(b.status, status)
                    self.assertEqual(b.body, a.body if status == 200 else b"")
                    self.assertEqual(b.headers["ETag"], tag)
            for coding in ("gzip", "br, gzip, deflate", "identity;q=0, gzip"):
                b = self.ca.ask_http("GET", path, headers={"Accept-Encoding": coding})
                self.assertEqual((b.status, b.body), (200, a.body), coding)
                self.assertNotIn("Content-Encoding", b.headers, "DER has little to press out, and its tag is of these octets")
            head = self.ca.ask_http("HEAD", path)
            self.assertEqual((head.status, head.body), (200, b""))
            self.assertEqual(head.headers["Content-Length"], str(len(a.body)))
        self.assertEqual(self.ca.ask_http("GET", "/crl/other.crl").status, 404)


class Time(CrlTest):
    """A CRL each second or two: what hours would show."""

    running = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        configure(cls.ca, crl="{ interval: 2s, next_update: 6s, debounce: 0s }")
        cls.ca.start()

    def setUp(self):
        self.seen, self.torn, self.stop = {}, [], False
        self.thread = threading.Thread(target=self.collect)
        self.thread.start()
        self.addCleanup(self.end)

    def end(self):
        self.stop = True
        self.thread.join()

    def collect(self):
        """Every CRL that is published, by number; each must be whole and in force."""
        while not self.stop:
            try:
                a = self.ca.ask_http("GET", "/crl/main.crl")
                crl = CRL(a.body)
                if crl.next_update.time <= time.time():
                    self.torn.append(f"number {crl.number} is past its nextUpdate")
                self.seen.setdefault(crl.number, crl)
            except OSError:
                pass  # the daemon is being started anew
            except Exception as e:  # pylint: disable=broad-except
                self.torn.append(repr(e))
            time.sleep(0.01)

    def wait_seen(self, condition, seconds=15):
        end = time.monotonic() + seconds * SLOW
        while not condition() and time.monotonic() < end:
            time.sleep(0.05)
        self.assertTrue(condition())

    def await_late(self):
        end = time.monotonic() + 12 * SLOW
        while (status := self.ca.ask("GET", "/readyz", cert=None).status) == 200:
            self.assertLess(time.monotonic(), end, "readyz stays green")
            time.sleep(0.1)
        self.assertEqual(status, 503)

    def test_an_expired_entry_stays_on_one_more_crl(self):
        """P65, R27: on every one while the certificate lasts, on one after its end, then gone."""
        ca = self.ca
        csr = ca.csr("brief", "DNS:brief.internal").decode()
        a = ca.ask("POST", "/v1/certificates", {"profile": "server", "csr": csr, "validity": "4s"})
        serial = a.json["serial"]
        ca.file("brief.crt").write_text(a.json["certificate"])
        with self.subTest("before"):
            self.assertEqual(ca.revoke(serial).status, 200)
        self.wait_seen(lambda: any(serial in crl.entries for crl in self.seen.values()))
        began = min(n for n, crl in self.seen.items() if serial in crl.entries)
        ends = Certificate(ssl.PEM_cert_to_DER_cert(a.json["certificate"])).not_after.time
        self.wait_seen(lambda: sum(crl.this_update.time > ends for crl in self.seen.values()) >= 3)
        later = sorted(n for n, crl in self.seen.items() if n >= began)
        after = [n for n in later if self.seen[n].this_update.time > ends]
        self.assertEqual(later, list(range(later[0], later[-1] + 1)), "none was missed")
        for n in later:
            if n not in after or n == after[0]:
                self.assertIn(serial, self.seen[n].entries, f"number {n}, after {after}")
            if n in after[2:]:
                self.assertNotIn(serial, self.seen[n].entries, f"number {n}, after {after}")
        # P94: OCSP goes on telling the truth of it.
        self.assertEqual(ca.ocsp(serial), "revoked")

    def test_a_crl_that_was_signed_and_not_shown_does_not_count(self):
        """P65, R27: the entry is on one that clients could fetch after the end, also over a restart."""
        ca = self.ca
        for restart in (False, True):
            with self.subTest(restart=restart):
                csr = ca.csr("hidden", "DNS:hidden.internal").decode()
                a = ca.ask("POST", "/v1/certificates", {"profile": "server", "csr": csr, "validity": "2s"})
                self.assertEqual(ca.revoke(a.json["serial"]).status, 200)
                self.wait_for(lambda crl: a.json["serial"] in crl.entries)
                number = self.fetch().number
                in_the_way = ca.dir / "pub/crl/main.crl"
                in_the_way.unlink()
                in_the_way.mkdir()  # nothing can be put in place
                time.sleep(4.5)
                if restart:
                    ca.stop()
                in_the_way.rmdir()
                if restart:
                    ca.start()
                shown = self.wait_for(lambda crl: crl.number > number)
                self.assertGreater(shown.number, number + 1, "some were signed in between")
                self.assertIn(a.json["serial"], shown.entries)
        self.torn.clear()

    def test_they_come_by_themselves_and_whole(self):
        """P61, P67: in time, by number, each whole while it replaces the one before."""
        first = self.fetch().number
        self.wait_seen(lambda: max(self.seen, default=0) >= first + 3)
        self.ca.stop()
        self.ca.start()
        again = self.fetch().number
        self.wait_seen(lambda: max(self.seen) > again)
        self.assertGreaterEqual(again, first + 3)
        began = time.monotonic()
        serial = self.ca.issue("soon", "DNS:soon.internal")
        self.assertEqual(self.ca.revoke(serial).status, 200)
        self.wait_for(lambda crl: serial in crl.entries)
        self.assertLess(time.monotonic() - began, 1.9 * SLOW, "debounce, not interval")
        self.assertEqual(self.torn, [])
        by_number = [self.seen[n] for n in sorted(self.seen)]
        times = [crl.this_update.time for crl in by_number]
        self.assertEqual(times, sorted(times))

    def test_what_is_served_is_told_and_not_what_was_signed(self):
        """R35, P67, P71, R41: an older list than the last one that was signed is there, and the next has no place."""
        ca, file = self.ca, self.ca.dir / "pub/crl/main.crl"
        old = file.read_bytes()
        self.wait_for(lambda crl: crl.number > CRL(old).number)
        ca.stop()
        file.write_bytes(old)
        (file.parent / "main.crl.new").mkdir()
        self.stop = True
        try:
            ca.start()
            a = ca.ask_http("GET", "/crl/main.crl")
            self.assertEqual(a.body, old)
            until = CRL(old).next_update.time
            told = email.utils.parsedate_to_datetime(a.headers["Expires"]).timestamp()
            self.assertLessEqual(told, max(until, time.time()))
            crl = next(i for i in ca.ask("GET", "/v1/issuers").json["issuers"] if i["name"] == "main")["crl"]
            self.assertEqual(crl["next_update"], time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(until)))
            self.assertNotIn("number", crl)
            metrics = ca.ask("GET", "/metrics", connection=http.client.HTTPConnection(
                "127.0.0.1", ca.metrics_port, timeout=30 * SLOW)).body.decode()
            self.assertIn(f'hanaper_crl_next_update_timestamp_seconds{{issuer="main"}} {int(until)}\n', metrics)
            for name in ("number", "entries"):
                self.assertNotIn(f'hanaper_crl_{name}{{issuer="main"}}', metrics)
            said = run(BUILD / "hanaper", "issuer", "main", "--dir", ca.dir).stdout
            self.assertRegex(said, r"(?m)^CRL +older than the last that was signed")
            self.await_late()
        finally:
            (file.parent / "main.crl.new").rmdir()
        self.wait_for(lambda crl: crl.next_update.time > until, 10)
        self.torn.clear()

    def test_late_is_told_and_made_good(self):
        """R35, P67: a new one within seconds of a start; /readyz is red while none can be made."""
        ca = self.ca
        ca.stop()
        time.sleep(6.5)
        ca.start()
        began = time.time()
        self.wait_for(lambda crl: crl.next_update.time > began, 5)
        self.torn.clear()
        self.assertEqual(ca.ask("GET", "/readyz", cert=None).status, 200)
        last = self.fetch()
        os.rename(ca.dir / "pub/crl", ca.dir / "pub/elsewhere")
        try:
            self.await_late()
            self.assertLess(time.time(), max(self.seen[n].next_update.time for n in [last.number, *self.seen]),
                            "before it has ended")
            self.assertIn("crl-failed", ca.said())
        finally:
            os.rename(ca.dir / "pub/elsewhere", ca.dir / "pub/crl")
        end = time.monotonic() + 10 * SLOW
        while ca.ask("GET", "/readyz", cert=None).status != 200:
            self.assertLess(time.monotonic(), end, "readyz stays red")
            time.sleep(0.1)


class Certificates(FlowTest):
    # P71, R41
    def test_a_chain_that_has_changed_is_not_the_one_that_a_client_has(self):
        """Its first certificate is the same, so neither that one's number nor its date tells."""
        ca = self.ca
        root, main = (Authority.of_files(ca.dir / f"{name}.crt", ca.dir / f"{name}.key") for name in ("root", "issuers/main"))
        high = root.sign("high")
        main = high.sign("main", like=main)
        files = ca.dir / "issuers/main.crt", ca.dir / "issuers/main.key"
        ca.stop()
        main.put(*files, others=[high])
        ca.start()
        paths = ("/ca/main/chain.pem", "/ca/main.crt", "/ca/main.pem", "/ca/roots.pem")
        before = {path: ca.ask_http("GET", path) for path in paths}
        ca.stop()
        main.put(*files, others=[root.sign("high", like=high)])
        chain = files[0]
        ca.start()
        for path, had in before.items():
            since = had.headers["Last-Modified"]
            for name, value in ((NONE_MATCH, had.headers["ETag"]), (SINCE, since or email.utils.formatdate(usegmt=True))):
                with self.subTest(path, name=name):
                    got = ca.ask_http("GET", path, headers={name: value})
                    changed = path.endswith("chain.pem")
                    self.assertEqual(got.status, 200 if changed else 304)
                    self.assertEqual(got.body, chain.read_bytes() if changed else b"")


class Many(CrlTest):
    """What years would bring is written behind the journal while the daemon is down."""

    running = False

    def test_a_hundred_thousand_and_a_revoked_intermediate(self):
        """P70, P72, R37, S44, S46: replayed, listed, verified by strangers; the chain below is refused.

        HNP_REVOKED=1000000 makes it a million.
        """
        ca = self.ca
        ca.start()
        ca.issue("below", "DNS:below.internal")
        ca.stop()
        now = int(time.time())
        entries = REVOKED
        journal.append(ca.dir / "journal", journal.REVOCATION, now, (
            journal.revocation("main", b"\x55" + i.to_bytes(19, "big"), now + 86400 * 30, now - 1,
                               sorted(x or 0 for x in REASONS.values())[i % len(REASONS)])
            for i in range(entries)))
        ca.start(wait=False)
        ca.wait_ready(120)
        crl = self.wait_for(lambda crl: len(crl.order) >= entries, 30)
        self.assertEqual(len(crl.order), entries)
        pem = self.strangers(certtool=False)  # certtool's time grows with the square
        run("openssl", "verify", "-x509_strict", "-crl_check", "-CAfile", ca.dir / "root.crt", "-untrusted",
            ca.issuers_pem(), "-CRLfile", pem, ca.file("below.leaf.crt"))
        before = self.memory()
        began = time.monotonic()
        serial = ca.issue("late", "DNS:late.internal")
        self.assertEqual(ca.revoke(serial).status, 200)
        self.assertLess(time.monotonic() - began, 1 * SLOW)
        self.wait_for(lambda crl: serial in crl.entries, 30)
        if not SANITIZED:  # a list has 35 octets for each
            self.assertLess(self.memory(peak=True) - before, 35 * entries // 1024 // 2 if entries >= 100_000 else 8192)
        self.assertEqual(ca.ocsp(f"55{entries - 1:038x}"), "revoked")
        self.assertEqual(ca.ocsp(f"55{entries:038x}"), "unknown")
        self.assert_quick(entries)
        self.revoke_the_intermediate(pem, now)

    def memory(self, peak=False):
        """KiB of all roles together; or the most since it was asked without 'peak'."""
        pids = [self.ca.daemon.pid, *self.ca.role_pids().values()]
        if not peak:
            for pid in pids:
                Path(f"/proc/{pid}/clear_refs").write_text("5")
        return sum(int(re.search(("VmHWM" if peak else "VmRSS") + r":\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])
                   for pid in pids)

    def assert_quick(self, entries):
        """From the revocation to the CRL: the debounce of 2 s, and less than 2 s a 100 000."""
        def at(pattern):
            line = re.search(rf"(?m)^(\S+)Z info core {pattern}", self.ca.said())
            return time.mktime(time.strptime(line[1], "%Y-%m-%dT%H:%M:%S"))

        took = at(f"crl .*entries={entries + 1} ") - at("revoked ")
        self.assertLessEqual(took, (2 + 2 * max(1, entries / 100_000)) * SLOW)

    def revoke_the_intermediate(self, pem, now):
        ca = self.ca
        serial = run("openssl", "x509", "-in", ca.issuers_pem(), "-noout", "-serial").stdout.split("=")[1]
        ca.stop()
        journal.append(ca.dir / "journal", journal.REVOCATION, now, [
            journal.revocation("root", bytes.fromhex(serial), now + 86400 * 365, now - 1, 2)])
        ca.start(wait=False)
        ca.wait_ready(120)
        root = self.wait_for(lambda crl: len(crl.order) == 1, issuer="root")
        self.assertEqual(root.entries[serial.strip().lower()], (now - 1, 2))
        both = ca.file("both.crl.pem")
        both.write_text(self.strangers("root").read_text() + pem.read_text())
        done = run("openssl", "verify", "-crl_check_all", "-CAfile", ca.dir / "root.crt", "-untrusted",
                   ca.issuers_pem(), "-CRLfile", both, ca.file("below.leaf.crt"), check=False)
        self.assertIn("certificate revoked", done.stdout + done.stderr)
