# SPDX-License-Identifier: Apache-2.0
"""Crash, restore, damage: nothing handed out is missing, nothing revoked is good."""
import os
import random
import shutil
import signal
import threading
import time

from hnp import CA, ROLES, FlowTest, run

ROUNDS = int(os.environ.get("HNP_KILL_ROUNDS", "12"))


class Load:
    """Clients that issue and revoke until the daemon is gone, and remember what they were told."""

    def __init__(self, ca, clients=4):
        self.ca, self.stop = ca, False
        self.issued, self.revoked, self.crl_numbers = [], [], []
        self.threads = [threading.Thread(target=self.work, args=(i,)) for i in range(clients)]
        for t in self.threads:
            t.start()

    def work(self, i):
        connection = self.ca.connect()
        csr = self.ca.file(f"load{i}.csr").read_bytes()
        while not self.stop:
            try:
                a = self.ca.ask("POST", "/v1/certificates?profile=server", csr,
                                {"Content-Type": "text/plain"}, connection=connection)
                if a.status != 201:
                    continue
                serial = a.json["serial"]
                self.issued.append((serial, a.json["certificate"]))
                if random.random() < 0.3:
                    b = self.ca.revoke(serial, connection=connection)
                    if b.status == 200:
                        self.revoked.append(serial)
            except Exception:  # pylint: disable=broad-except
                return  # the daemon is gone: what was not answered does not count

    def join(self):
        self.stop = True
        for t in self.threads:
            t.join(30)


class Crash(FlowTest):
    def setUp(self):
        for i in range(4):
            self.ca.csr(f"load{i}", f"DNS:load{i}.internal")

    # R89, R31, R34, R20, design section 5
    def test_kill_of_every_role_in_turn_under_load_loses_nothing(self):
        ca = self.ca
        issued, revoked, number = {}, set(), {}
        for turn in range(ROUNDS):
            load = Load(ca)
            time.sleep(random.uniform(0.05, 0.5))
            victims = [*ROLES, "hanaperd"]
            victim = victims[turn % len(victims)]
            roles = ca.role_pids()
            pid = ca.daemon.pid if victim == "hanaperd" else next(
                p for name, p in roles.items() if victim.startswith(name[:15]))
            os.kill(pid, signal.SIGKILL)
            status = ca.wait_end()
            self.assertNotEqual(status, 0, "a role that dies ends the daemon, and it says so")
            load.join()
            for serial, pem in load.issued:
                self.assertNotIn(serial, issued, "no serial twice")
                issued[serial] = pem
            revoked.update(load.revoked)
            self.wait_roles_gone(roles.values())
            ca.start()
            self.judge(issued, revoked, number)
        self.assertGreater(len(issued), ROUNDS, "there was a load")
        self.assertGreater(len(revoked), 0)
        print(f"     {ROUNDS} kills, {len(issued)} certificates, {len(revoked)} revoked")

    def wait_roles_gone(self, pids):
        """The roles die with their parent: the next start must not meet them."""
        end = time.monotonic() + 10
        while any(os.path.exists(f"/proc/{pid}") for pid in pids):
            self.assertLess(time.monotonic(), end, "a role outlives its parent")
            time.sleep(0.01)

    def judge(self, issued, revoked, number):
        """Every certificate that a client received is there whole; none revoked is good."""
        ca = self.ca
        db = ca.database()
        rows = {r[0].hex(): r for r in db.execute(
            "SELECT c.serial, d.der, c.profile, c.requester, c.request_id, c.not_after,"
            " (SELECT count(*) FROM certificate_name n WHERE n.certificate_id = c.id AND n.type > 0)"
            " FROM certificate c JOIN certificate_der d ON d.certificate_id = c.id")}
        taken_back = {r[0].hex() for r in db.execute("SELECT serial FROM revocation")}
        self.assertEqual(db.execute("PRAGMA integrity_check").fetchone()[0], "ok")
        db.close()
        import ssl
        for serial, pem in issued.items():
            self.assertIn(serial, rows, "what was handed out is on record")
            row = rows[serial]
            self.assertEqual(ssl.PEM_cert_to_DER_cert(pem), row[1])
            self.assertTrue(row[2] and row[3] and row[4] and row[5] and row[6] == 1, row)
        self.assertLessEqual(revoked, taken_back)
        for serial in random.sample(sorted(revoked), min(3, len(revoked))):
            self.assertEqual(ca.ocsp(serial), "revoked")
        end = time.monotonic() + 5
        while True:  # the new CRL comes by itself, and its number only grows
            now = ca.crl_number()
            if now > number.get("last", 0) or time.monotonic() > end:
                break
            time.sleep(0.05)
        self.assertGreater(now, number.get("last", 0))
        number["last"] = now
        text = ca.crl_text()
        for serial in revoked:
            self.assertIn(serial.upper(), text)


class Restore(FlowTest):
    running = False

    def test_yesterdays_database_beside_todays_journal(self):
        """R91, S86: refused with what to run; then brought up to the journal."""
        ca = self.ca
        ca.start()
        before = ca.issue("before", "DNS:before.internal")
        ca.stop()
        copy = ca.file("yesterday.db")
        shutil.copy(ca.dir / "hanaper.db", copy)
        ca.start()
        after = ca.issue("after", "DNS:after.internal")
        self.assertEqual(ca.revoke(before, "keyCompromise").status, 200)
        ca.issue("later", "DNS:later.internal")
        number = ca.crl_number()
        ca.stop()
        for name in ("hanaper.db-wal", "hanaper.db-shm"):
            (ca.dir / name).unlink(missing_ok=True)
        shutil.copy(copy, ca.dir / "hanaper.db")
        ca.start(wait=False)
        self.assertNotEqual(ca.wait_end(), 0)
        self.assertIn("--recover", ca.said())
        ca.start("--recover")
        self.assertEqual(ca.ocsp(before), "revoked")
        self.assertEqual(ca.ocsp(after), "good")
        self.assertEqual(ca.ask("GET", f"/v1/certificates/{after}").json["status"], "valid")
        end = time.monotonic() + 5
        while ca.crl_number() <= number and time.monotonic() < end:
            time.sleep(0.05)
        self.assertGreater(ca.crl_number(), number)
        ca.stop()
        ca.start()
        self.assertEqual(ca.ocsp(before), "revoked")
        ca.stop()

    def test_a_lost_database_is_never_replaced_by_an_empty_one(self):
        ca = self.ca
        ca.start()
        serial = ca.issue("kept", "DNS:kept.internal")
        self.assertEqual(ca.revoke(serial).status, 200)
        ca.stop()
        for path in ca.dir.glob("hanaper.db*"):
            path.unlink()
        ca.start(wait=False)
        self.assertNotEqual(ca.wait_end(), 0)
        self.assertIn("no database", ca.said())
        self.assertFalse((ca.dir / "hanaper.db").exists())
        ca.start("--recover")
        self.assertEqual(ca.ocsp(serial), "revoked")
        ca.stop()

    def test_damage_is_told_and_refused(self):
        """R91, S87: a garbage database, a journal with a flipped octet, a cut journal."""
        ca = self.ca
        ca.start()
        for i in range(3):
            ca.issue(f"dmg{i}", f"DNS:dmg{i}.internal")
        ca.stop()
        saved = ca.file("saved")
        shutil.copytree(ca.dir, saved, ignore=shutil.ignore_patterns("run"))
        journal = sorted((ca.dir / "journal").glob("*.hj"))[-1]
        for name, spoil in {
            "garbage database": lambda: (ca.dir / "hanaper.db").write_bytes(b"garbage" * 1000),
            "flipped octet": lambda: self.flip(journal, 500),
            "journal cut back": lambda: journal.write_bytes(journal.read_bytes()[:3000]),
            "no journal": lambda: shutil.rmtree(ca.dir / "journal"),
        }.items():
            with self.subTest(name):
                spoil()
                ca.start(wait=False)
                self.assertNotEqual(ca.wait_end(), 0, ca.said())
                self.assertRegex(ca.said(), r"(?i)journal|database")
                for path in ("hanaper.db", "hanaper.db-wal", "hanaper.db-shm"):
                    (ca.dir / path).unlink(missing_ok=True)
                shutil.rmtree(ca.dir / "journal", ignore_errors=True)
                shutil.copy(saved / "hanaper.db", ca.dir / "hanaper.db")
                shutil.copytree(saved / "journal", ca.dir / "journal")
        ca.start()
        ca.stop()

    @staticmethod
    def flip(path, at):
        octets = bytearray(path.read_bytes())
        octets[at] ^= 0x40
        path.write_bytes(octets)


class Init(FlowTest):
    running = False

    @classmethod
    def setUpClass(cls):
        pass

    def test_every_key_type_makes_a_ca_that_strangers_verify(self):
        """P5, P19, P21, P44, P45, P95 for each algorithm of an issuer."""
        for kind in ("p256", "p384", "ed25519", "rsa-3072"):
            with self.subTest(kind):
                ca = CA("--key-type", kind)
                try:
                    ca.start()
                    serial = ca.issue("leaf", "DNS:leaf.internal")
                    run("openssl", "verify", "-x509_strict", "-CAfile", ca.dir / "root.crt", "-untrusted",
                        ca.issuers_pem(), ca.file("leaf.leaf.crt"))
                    self.assertEqual(ca.ocsp(serial), "good")
                    self.assertIn("verify OK", run("openssl", "crl", "-verify", "-CAfile",
                                                   ca.issuers_pem(), "-inform", "DER", "-in", ca.crl(),
                                                   "-noout").stderr)
                finally:
                    ca.close()

    def test_name_constraints_bind_profile_and_stranger(self):
        """P35, P36"""
        ca = CA("--domain", "lab.example")
        ca.host = "127.0.0.1"  # localhost is outside the domain
        try:
            ca.start()
            ca.issue("in", "DNS:web.lab.example")
            run("openssl", "verify", "-x509_strict", "-CAfile", ca.dir / "root.crt", "-untrusted",
                ca.issuers_pem(), ca.file("in.leaf.crt"))
            a = ca.ask("POST", "/v1/certificates?profile=server", ca.csr("out", "DNS:web.internal"),
                       {"Content-Type": "text/plain"})
            self.problem(a, 422, "policy", "constraint")
            self.assertIn("critical", run("openssl", "x509", "-in", ca.issuers_pem(), "-noout", "-text")
                          .stdout.split("X509v3 Name Constraints")[1].splitlines()[0])
        finally:
            ca.close()

    def test_encrypted_keys_and_what_init_refuses(self):
        """S81, S85"""
        import pathlib
        import tempfile
        from hnp import BUILD
        tmp = pathlib.Path(tempfile.mkdtemp(prefix="hnp-"))
        self.addCleanup(shutil.rmtree, tmp, ignore_errors=True)
        secret = tmp / "secret"
        secret.write_text("correct horse\n")
        secret.chmod(0o600)
        ca = CA("--passphrase-file", str(secret))
        self.addCleanup(ca.close)
        self.assertIn("ENCRYPTED", (ca.dir / "root.key").read_text())
        self.assertIn("ENCRYPTED", (ca.dir / "issuers/main.key").read_text())
        self.assertNotIn("correct horse", (ca.dir / "hanaper.yaml").read_text())
        ca.start()
        ca.issue("enc", "DNS:enc.internal")
        ca.stop()
        again = run(BUILD / "hanaper", "init", "--dir", ca.dir, check=False)
        self.assertEqual(again.returncode, 1)
        self.assertIn("nothing was changed", again.stderr)
        secret.write_text("wrong\n")
        ca.start(wait=False)
        self.assertNotEqual(ca.wait_end(), 0)
        self.assertIn("passphrase", ca.said())
        secret.write_text("correct horse\n")
        for path, mode in (("issuers/main.key", 0o644), ("root.key", 0o640)):
            with self.subTest(path):
                old = (ca.dir / path).stat().st_mode & 0o777
                (ca.dir / path).chmod(mode)
                ca.start(wait=False)
                self.assertNotEqual(ca.wait_end(), 0)
                self.assertIn("chmod", ca.said())
                (ca.dir / path).chmod(old)

    def test_the_root_key_moved_offline(self):
        """P70: the root's CRL stays where certificates say it is, after its key has gone."""
        ca = CA()
        self.addCleanup(ca.close)
        ca.start()
        serial = ca.issue("before", "DNS:before.internal")
        number = ca.crl_number("root")
        ca.stop()
        (ca.dir / "root.key").unlink()
        ca.start()
        self.assertEqual(ca.crl_number("root"), number)
        self.assertEqual(ca.ask("GET", "/readyz", cert=None).status, 200)
        self.assertEqual(ca.ocsp(serial), "good")
        ca.issue("after", "DNS:after.internal")
        self.assertEqual(ca.revoke(serial).status, 200)
        self.assertEqual(ca.ocsp(serial), "revoked")
        ca.stop()

    def test_a_half_finished_init_leaves_nothing(self):
        import pathlib
        import subprocess
        import tempfile
        from hnp import BUILD
        tmp = pathlib.Path(tempfile.mkdtemp(prefix="hnp-"))
        self.addCleanup(shutil.rmtree, tmp, ignore_errors=True)
        for delay in (0.001, 0.003, 0.006, 0.01, 0.02, 0.04):
            p = subprocess.Popen([BUILD / "hanaper", "init", "--dir", tmp / "ca"],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(delay)
            p.kill()
            p.wait()
            if (tmp / "ca").exists():  # it was done before the kill: then whole
                for name in ("root.crt", "root.key", "hanaper.yaml", "hanaper.db", "admin.crt",
                             "admin.key", "issuers/main.crt", "issuers/main.key", "journal"):
                    self.assertTrue((tmp / "ca" / name).exists(), name)
                shutil.rmtree(tmp / "ca")
