# SPDX-License-Identifier: Apache-2.0
"""The audit: every decision has a row and a line; verify finds whatever was touched."""
import json
import os
import re
import shutil
import signal
import sqlite3
import struct
import subprocess
import time
import hashlib

from hnp import BUILD, CA, SLOW, FlowTest, run

HANAPER = BUILD / "hanaper"
HEAD = 52  # octets of a segment's head: magic 8, version 4, first seq 8, hash 32


def audit(ca, **query):
    text = "&".join(f"{k}={v}" for k, v in query.items())
    a = ca.ask("GET", "/v1/audit?" + text)
    assert a.status == 200, a
    return a.json


def wait_for(ca, event, **query):
    """The newest event of a kind; refusals are written within a second."""
    end = time.monotonic() + 5 * SLOW
    while time.monotonic() < end:
        found = [e for e in audit(ca, event=event, limit=1000)["events"]
                 if all(e.get(k) == v for k, v in query.items())]
        if found:
            return found[0]
        time.sleep(0.05)
    raise AssertionError(f"no event {event} {query}")


class Audit(FlowTest):
    def test_what_was_issued_and_revoked_is_told_with_its_record(self):
        ca = self.ca
        serial = ca.issue("web", "DNS:web.internal", "IP:10.1.2.3")
        self.assertEqual(ca.revoke(serial, "keyCompromise").status, 200)
        rows = audit(ca, serial=serial.upper())["events"]
        self.assertEqual([r["event"] for r in rows], ["revoked", "issued"])
        revoked, issued = rows
        self.assertEqual(issued["identity"], "cert:admin")
        self.assertEqual((issued["profile"], issued["issuer"]), ("server", "main"))
        self.assertEqual(issued["names"], [{"type": "dns", "value": "web.internal"},
                                           {"type": "ip", "value": "10.1.2.3"}])
        self.assertEqual(issued["result"], "done")
        self.assertEqual(revoked["reason"], "keyCompromise")
        self.assertGreater(revoked["record"], issued["record"])
        for row in rows:
            lines = [line for line in ca.said().splitlines() if row["request_id"] in line]
            self.assertEqual(len(lines), 1, lines)
            self.assertIn(f" core {row['event']} ", lines[0])
            self.assertIn(serial, lines[0])

    # S4, R84
    def test_a_refusal_is_one_row_and_one_line_with_who_what_and_why(self):
        ca = self.ca
        a = ca.ask("POST", "/v1/certificates?profile=server",
                   ca.csr("bad", "DNS:www.example.com"), {"Content-Type": "text/plain"})
        p = self.problem(a, 422, "policy")
        row = wait_for(ca, "refused", request_id=p["request_id"])
        self.assertEqual((row["identity"], row["profile"], row["result"]),
                         ("cert:admin", "server", "policy"))
        self.assertEqual(row["names"][0]["value"], "www.example.com")
        self.assertIn("profile.names.dns", row["reason"])
        self.assertEqual(ca.said().count(p["request_id"]), 1)

    def test_a_stranger_has_no_row(self):
        ca = self.ca
        a = ca.ask("GET", "/v1/audit", cert=None)
        p = self.problem(a, 401, "unauthenticated")
        time.sleep(1.2)
        self.assertFalse([e for e in audit(ca, event="refused", limit=1000)["events"]
                          if e["request_id"] == p["request_id"]])

    def test_start_configuration_and_stop_are_told(self):
        ca = self.ca
        self.assertEqual(wait_for(ca, "started")["identity"], "system")
        configured = wait_for(ca, "configured")
        self.assertTrue(configured["object"].endswith("/hanaper.yaml"))
        self.assertRegex(configured["reason"], r"^1 issuer, \d+ profiles?, \d+ grants?$")
        before = len(audit(ca, event="stopped", limit=1000)["events"])
        ca.stop()
        ca.start()
        self.assertEqual(len(audit(ca, event="stopped", limit=1000)["events"]), before + 1)

    def test_pages_hold_each_row_once_while_rows_are_added(self):
        ca = self.ca
        for n in range(8):
            ca.issue(f"page{n}", f"DNS:page{n}.internal")
        whole = [e["id"] for e in audit(ca, limit=1000)["events"]]
        seen, cursor = [], None
        while True:
            page = audit(ca, limit=3, **({"cursor": cursor} if cursor else {}))
            seen += [e["id"] for e in page["events"]]
            ca.issue("between", "DNS:between.internal") if len(seen) < 7 else None
            cursor = page.get("next_cursor")
            if not cursor:
                break
        self.assertEqual(seen, whole)
        after = audit(ca, after=whole[0])
        self.assertEqual([e["id"] for e in after["events"]],
                         list(range(whole[0] + 1, after["after"] + 1)))

    def test_filters_and_bad_queries(self):
        ca = self.ca
        ca.issue("filter", "DNS:filter.internal")
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60))
        self.assertEqual(audit(ca, since=now)["events"], [])
        self.assertTrue(audit(ca, until=now)["events"])
        self.assertEqual(audit(ca, until="1970-01-01T00:00:00Z")["events"], [])
        self.assertTrue(audit(ca, since="1970-01-01T00:00:00Z")["events"])
        self.assertEqual({e["identity"] for e in audit(ca, identity="system")["events"]}, {"system"})
        for query in ("event=nothing", "since=yesterday", "limit=0", "limit=1001", "cursor=x",
                      "after=-1", "after=1&cursor=1-1", "serial=zz", "who=me"):
            self.problem(ca.ask("GET", "/v1/audit?" + query), 400, "malformed")

    def test_a_renewal_names_the_one_before_and_a_family_is_compared_too(self):
        ca = self.ca
        first = ca.issue("fam", "DNS:fam.internal", profile="client")
        a = ca.ask("POST", "/v1/renew", ca.csr("fam2", "DNS:fam.internal"),
                   {"Content-Type": "text/plain"}, cert=ca.file("fam.crt"), key=ca.file("fam.key"))
        self.assertEqual(a.status, 201, a)
        row = audit(ca, serial=a.json["serial"])["events"][0]
        self.assertEqual((row["event"], row["object"]), ("renewed", "of " + first))
        a = ca.ask("POST", f"/v1/certificates/{first}/revoke",
                   {"reason": "keyCompromise", "lineage": True})
        self.assertEqual(a.status, 200, a)
        self.assertGreaterEqual(len(audit(ca, event="revoked")["events"]), 2)
        run(HANAPER, "audit", "verify", "--dir", ca.dir)

    # -- the command

    def test_the_command_prints_filters_and_follows(self):
        ca = self.ca
        serial = ca.issue("cli", "DNS:cli.internal")
        text = run(HANAPER, "audit", "--dir", ca.dir, "--serial", serial).stdout
        self.assertRegex(text, rf"issued  cert:admin  {serial} profile=server cli\.internal")
        rows = json.loads(run(HANAPER, "audit", "--dir", ca.dir, "--json", "--event", "issued",
                              "--since", "1h", "--limit", "2").stdout)["events"]
        self.assertEqual(len(rows), 2)
        follower = subprocess.Popen([HANAPER, "audit", "--dir", ca.dir, "--follow", "--json",
                                     "--event", "revoked"], stdout=subprocess.PIPE, text=True)
        try:
            time.sleep(0.3)
            ca.revoke(serial)
            line = ""
            while serial not in line:
                line = follower.stdout.readline()
                self.assertTrue(line, "the follower ended")
            self.assertEqual(json.loads(line)["event"], "revoked")
        finally:
            follower.send_signal(signal.SIGTERM)
            follower.wait()
            follower.stdout.close()

    def test_wrong_usage_is_told(self):
        for args in (("nonsense",), ("--since", "yesterday"), ("--limit", "0"),
                     ("--follow", "--until", "1h")):
            done = run(HANAPER, "audit", *args, "--dir", self.ca.dir, check=False)
            self.assertEqual(done.returncode, 2, args)
        done = run(HANAPER, "audit", "verify", "--dir", "/nonexistent", check=False)
        self.assertEqual(done.returncode, 1)


class Flood(FlowTest):
    def test_a_flood_of_refusals_is_bounded_and_counted(self):
        ca = self.ca
        before = audit(ca, limit=1)["events"][0]["id"]
        conn = ca.connect()
        for _ in range(300):
            conn.request("POST", "/v1/certificates?profile=nothing", b"x",
                         {"Content-Type": "text/plain"})
            conn.getresponse().read()
        conn.close()
        time.sleep(1.5)
        rows = audit(ca, after=before, limit=1000)["events"]
        self.assertTrue(rows)
        self.assertLessEqual(len(rows), 310)
        self.assertEqual(run(HANAPER, "audit", "verify", "--dir", ca.dir).returncode, 0)


class Retention(FlowTest):
    """Old rows go, and verify knows which those were."""

    running = False

    def configure(self, text):
        path = self.ca.dir / "hanaper.yaml"
        path.write_text(path.read_text().split("\naudit:")[0] + f"\naudit: {text}\n")

    def events(self):
        return [(e["id"], e["event"]) for e in audit(self.ca, limit=1000)["events"]]

    def wait(self, done):
        end = time.monotonic() + 10 * SLOW
        while time.monotonic() < end:
            if done(self.events()):
                return
            time.sleep(0.1)
        self.fail(f"still there: {self.events()}")

    def refuse(self, n):
        conn = self.ca.connect()
        for _ in range(n):
            self.ca.ask("POST", "/v1/certificates?profile=nothing", b"x", {"Content-Type": "text/plain"},
                        connection=conn)
        conn.close()

    # S32, S87
    def test_refusals_go_first_and_verify_knows_how_many(self):
        ca = self.ca
        self.configure("{ refusals: 2s }")
        ca.start()
        ca.issue("one", "DNS:one.internal")
        self.refuse(250)  # more than one batch
        wait_for(ca, "refused")
        time.sleep(1.2)  # all are written
        ca.issue("two", "DNS:two.internal")
        before = [e for e in self.events() if e[1] != "refused"]
        self.wait(lambda events: events == before)
        ca.issue("three", "DNS:three.internal")
        self.assertEqual(self.events()[0][0], before[0][0] + 1, "an id is not used twice")
        told = run(HANAPER, "audit", "verify", "--dir", ca.dir)
        self.assertNotIn("for their age", told.stdout)

        self.configure("{ retention: 3s }")
        self.assertEqual(run(HANAPER, "reload", "--dir", ca.dir).returncode, 0)
        ca.stop()
        ca.start()  # looks as often as the spans ask for
        self.wait(lambda events: len(events) == 1)
        told = run(HANAPER, "audit", "verify", "--dir", ca.dir)
        self.assertIn("were taken out for their age", told.stdout)
        self.assertIn("the same", told.stdout)
        ca.stop()
        with sqlite3.connect(ca.dir / "hanaper.db") as db:
            pruned = dict(db.execute("SELECT key, num FROM meta WHERE key LIKE 'audit-pruned-%'"))
            self.assertGreaterEqual(pruned["audit-pruned-rows"], 250)
            db.execute("UPDATE meta SET num = num - 1 WHERE key = 'audit-pruned-rows'")
        db.close()
        told = run(HANAPER, "audit", "verify", "--dir", ca.dir, check=False)
        self.assertEqual(told.returncode, 1)
        self.assertIn("1 more lack than those that retention took out", told.stdout)
        with sqlite3.connect(ca.dir / "hanaper.db") as db:
            db.execute("UPDATE meta SET num = 99999999999 WHERE key = 'audit-pruned-before'")
        db.close()
        told = run(HANAPER, "audit", "verify", "--dir", ca.dir, check=False)
        self.assertIn("from the future", told.stdout)
        ca.start()  # it is put right
        end = time.monotonic() + 10 * SLOW
        while "audit-boundary-put-right" not in ca.said() and time.monotonic() < end:
            time.sleep(0.05)
        ca.stop()
        told = run(HANAPER, "audit", "verify", "--dir", ca.dir, check=False)
        self.assertNotIn("from the future", told.stdout)

    def test_a_broken_setting_is_told_by_its_line(self):
        self.configure("{ retention: 1d, refusals: 2d }")
        line = len((self.ca.dir / "hanaper.yaml").read_text().splitlines())
        done = run(BUILD / "hanaperd", "--check", "--dir", self.ca.dir, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"hanaper.yaml:{line}: audit.refusals: ", done.stdout + done.stderr)
        self.configure("{}")


class Journal:
    """The journal's files, cut into records."""

    def __init__(self, directory):
        self.path = directory / "journal/00000001.hj"
        self.octets = self.path.read_bytes()
        self.records, at = [], HEAD
        while at < len(self.octets):
            n = 4 + struct.unpack(">I", self.octets[at:at + 4])[0] + 32
            self.records.append(self.octets[at:at + n])
            at += n

    def write(self, path, octets):
        path.write_bytes(octets)
        os.chmod(path, 0o600)

    def split(self, n):
        """The same chain in two files; the second begins behind record n."""
        head = self.octets[:HEAD]
        second = head[:12] + struct.pack(">Q", n + 1) + self.records[n - 1][-32:]
        self.write(self.path, head + b"".join(self.records[:n]))
        self.write(self.path.with_name("00000002.hj"), second + b"".join(self.records[n:]))


# S87
class Verify(FlowTest):
    """Each test spoils a copy of one CA's directory, in one way."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        ca = cls.ca
        cls.serials = [ca.issue(f"v{n}", f"DNS:v{n}.internal") for n in range(4)]
        ca.revoke(cls.serials[0])
        ca.revoke(cls.serials[1], "keyCompromise")
        end = time.monotonic() + 10 * SLOW
        while ca.crl_number() < 2 and time.monotonic() < end:
            time.sleep(0.05)
        cls.live = run(HANAPER, "audit", "verify", "--dir", ca.dir, check=False)
        ca.stop()

    def setUp(self):
        self.dir = self.ca.tmp / self._testMethodName
        shutil.copytree(self.ca.dir, self.dir)

    def tearDown(self):
        shutil.rmtree(self.dir)

    def sql(self, *statements):
        db = sqlite3.connect(self.dir / "hanaper.db")
        for s in statements:
            self.assertGreaterEqual(db.execute(s).rowcount, 1, s)
        db.commit()
        db.close()

    def snapshot(self):
        return {p.name: hashlib.sha256(p.read_bytes()).hexdigest()
                for d in (self.dir, self.dir / "journal") for p in d.iterdir()
                if p.is_file() and not p.name.endswith(("-wal", "-shm"))}

    def verify(self, status, *words):
        done = run(HANAPER, "audit", "verify", "--dir", self.dir, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        for word in words:
            self.assertIn(word, done.stdout)
        told = json.loads(run(HANAPER, "audit", "verify", "--dir", self.dir, "--json",
                              check=False).stdout)
        self.assertEqual(told["count"] > 0, status == 1)
        return done.stdout

    def test_a_good_one_is_said_to_be_good_and_nothing_is_written(self):
        before = self.snapshot()
        self.verify(0, "journal and database tell the same", "database  holds them all")
        self.assertEqual(self.snapshot(), before)
        self.assertEqual(self.live.returncode, 0, self.live.stdout + self.live.stderr)

    def test_what_it_writes_elsewhere_goes_however_it_ends(self):
        scratch = self.ca.tmp / "scratch"
        scratch.mkdir()
        self.addCleanup(shutil.rmtree, scratch)
        command = [HANAPER, "audit", "verify", "--dir", self.dir]
        env = {**os.environ, "TMPDIR": str(scratch)}
        self.assertEqual(run(*command, env=env).returncode, 0)
        self.assertEqual(os.listdir(scratch), [])
        for number in (signal.SIGTERM, signal.SIGINT):
            for _ in range(50):  # until it is met at work: it goes on by small steps
                process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                           # behind a "&" of sh it is ignored, and stays so
                                           preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
                while process.poll() is None and not os.listdir(scratch):
                    process.send_signal(signal.SIGCONT)
                    process.send_signal(signal.SIGSTOP)
                process.send_signal(number)
                process.send_signal(signal.SIGCONT)
                process.wait()
                self.assertEqual(os.listdir(scratch), [])
                if process.returncode == -number:
                    break
            self.assertEqual(process.returncode, -number)

    def test_a_deleted_row_is_told(self):
        self.sql("DELETE FROM revocation WHERE reason = 1")
        text = self.verify(1, "the row was deleted", self.serials[1])
        self.assertIn("revocation (record", text)
        self.assertIn("database  took them all in, and is not as they tell\n", text)
        self.assertNotIn("holds them all", text)
        self.assertTrue(text.endswith("\n1 fault\n"), text)

    def test_an_edited_row_is_told_with_both_values(self):
        self.sql("UPDATE certificate SET requester = 'cert:mallory', not_after = not_after + 1"
                 f" WHERE serial = x'{self.serials[2]}'")
        self.verify(1, 'requester: the database says "cert:mallory", the journal "cert:admin"',
                    "end: the database says", self.serials[2], "the row was edited")

    def test_a_revocation_that_was_softened_is_told(self):
        self.sql("UPDATE revocation SET reason = 4 WHERE reason = 1")
        self.verify(1, "reason: the database says 4, the journal 1")

    def test_other_octets_are_told(self):
        self.sql("UPDATE certificate_der SET der = x'3000' WHERE certificate_id ="
                 " (SELECT max(certificate_id) FROM certificate_der)")
        self.verify(1, "the octets of the certificate", "the database says 2 octets")

    def test_another_name_is_told(self):
        self.sql("UPDATE certificate_name SET value = 'evil.internal' WHERE value = 'v3.internal'")
        self.verify(1, 'the database says "evil.internal", the journal "v3.internal"')

    def test_an_inserted_row_is_told(self):
        self.sql("INSERT INTO compromised_key (key_hash) VALUES (x'" + "ab" * 32 + "')",
                 "INSERT INTO crl SELECT issuer_id, 99, seq, this_update, next_update, entries"
                 " FROM crl ORDER BY number DESC LIMIT 1")
        self.verify(1, "compromised key", "number 99", "the row was inserted")

    def test_the_audit_itself_is_watched(self):
        self.sql("UPDATE audit SET identity = 'cert:nobody' WHERE kind = 6",
                 "DELETE FROM audit WHERE kind IN (1, 3)")
        self.verify(1, 'identity: the database says "cert:nobody"', "of the audit",
                    "deleted")

    def test_an_old_copy_of_the_database_is_told(self):
        shutil.copy(self.dir / "hanaper.db", self.dir / "old.db")
        ca = CA.__new__(CA)
        ca.__dict__.update(self.ca.__dict__, dir=self.dir, log=self.dir / "log")
        ca.start()
        for n in range(3):
            ca.issue(f"later{n}", f"DNS:later{n}.internal")
        ca.stop()
        shutil.move(self.dir / "old.db", self.dir / "hanaper.db")
        self.verify(1, "an old copy was put in its place")

    def test_a_flipped_octet_of_the_journal_is_told(self):
        j = Journal(self.dir)
        octets = bytearray(j.octets)
        octets[HEAD + sum(map(len, j.records[:5])) + 60] ^= 1
        j.write(j.path, bytes(octets))
        self.verify(1, "record 6", "its hash is wrong")

    def test_a_record_that_was_taken_out_is_told(self):
        j = Journal(self.dir)
        j.write(j.path, j.octets[:HEAD] + b"".join(j.records[:5] + j.records[6:]))
        self.verify(1, "record 6", "missing: a later one stands in its place")

    def test_a_cut_journal_is_told(self):
        j = Journal(self.dir)
        j.write(j.path, j.octets[:HEAD] + b"".join(j.records[:-1]))
        self.verify(1, f"the journal ends with record {len(j.records) - 1}", "was cut")

    def test_a_journal_cut_within_a_record_is_told(self):
        j = Journal(self.dir)
        j.write(j.path, j.octets[:-10])
        self.verify(1, f"the journal ends with record {len(j.records) - 1}", "was cut")

    def test_a_torn_record_that_the_database_never_saw_is_no_fault(self):
        j = Journal(self.dir)
        j.write(j.path, j.octets + j.records[-1][:40])
        self.verify(0, "is not whole")

    def test_records_that_the_database_lacks_are_no_fault_after_a_crash(self):
        seq = len(Journal(self.dir).records)
        db = sqlite3.connect(self.dir / "hanaper.db")
        last = db.execute("SELECT seq FROM audit WHERE seq = ?", (seq,)).fetchone()
        crl = db.execute("SELECT issuer_id FROM crl WHERE seq = ?", (seq,)).fetchone()
        db.close()
        self.assertTrue(crl and not last, "the last record is a CRL's")
        self.sql(f"DELETE FROM crl WHERE seq = {seq}",
                 f"UPDATE meta SET num = {seq - 1} WHERE key = 'seq'")
        self.verify(0, f"holds the first {seq - 1}")

    def test_swapped_segments_are_told(self):
        j = Journal(self.dir)
        j.split(6)
        self.verify(0)
        one, two = j.path, j.path.with_name("00000002.hj")
        octets = one.read_bytes()
        one.write_bytes(two.read_bytes())
        two.write_bytes(octets)
        self.verify(1, "does not take up where the one before it ended")
        two.unlink()
        one.rename(two)
        self.verify(1, "1 of 2 files are missing")

    def test_the_journal_of_another_ca_is_told(self):
        other = CA()
        try:
            shutil.rmtree(self.dir / "journal")
            shutil.copytree(other.dir / "journal", self.dir / "journal")
        finally:
            other.close()
        self.verify(1)

    def test_a_crl_number_that_does_not_grow_is_told(self):
        """Whoever can make a chain anew cannot make the numbers tell another story."""
        j = Journal(self.dir)
        crls = [i for i, r in enumerate(j.records) if r[28] & 0x7f == 4]
        records, previous = [], b"\0" * 32
        for i, r in enumerate(j.records):
            body = bytearray(r[:-32])
            if i == crls[-1]:  # the number stands behind the issuer's name
                name = struct.unpack(">I", body[29:33])[0]
                body[33 + name:41 + name] = struct.pack(">Q", 1)
            digest = hashlib.sha256(previous + bytes(body)).digest()
            records.append(bytes(body) + digest)
            previous = digest
        j.write(j.path, j.octets[:HEAD] + b"".join(records))
        self.verify(1, "CRL number 1 of main: there is one as high or higher")


class WhileRunning(FlowTest):
    def test_verify_reads_only_while_the_daemon_writes(self):
        ca = self.ca
        process = subprocess.Popen(["sh", "-c", "sleep 0.1"])  # a marker for the load's length
        process.wait()
        conn = ca.connect()
        csr = ca.csr("load", "DNS:load.internal")
        for n in range(60):
            conn.request("POST", "/v1/certificates?profile=server", csr,
                         {"Content-Type": "text/plain"})
            r = conn.getresponse()
            self.assertIn(r.status, (201, 429), r.read()) if r.status != 201 else r.read()
            if n % 15 == 0:
                done = run(HANAPER, "audit", "verify", "--dir", ca.dir, check=False)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        conn.close()
        done = run(HANAPER, "audit", "verify", "--dir", ca.dir)
        self.assertRegex(done.stdout, re.compile(r"journal   \d+ records"))
