# SPDX-License-Identifier: Apache-2.0
"""Crash, restore, damage: nothing handed out is missing, nothing revoked is good."""
import collections
import os
import random
import shutil
import signal
import time
import unittest

import oracle
from hnp import CA, ROLES, SLOW, FlowTest, run, wait_gone

CYCLES = int(os.environ.get("HNP_CYCLES", "25"))
OF_ONE_CA = 200  # then another: a start reads the whole journal
WHOLE = 50       # each so many cycles everything is looked at


class Crash(unittest.TestCase):
    """Clients that never stop, while one process after the other is killed.

    HNP_CYCLES: how many times; contrib/check does 25.
    """

    # R89, R31, R34, R20, design section 5
    def test_kill_of_any_role_at_any_moment_loses_nothing(self):
        self.killed, self.sums, self.serials = collections.Counter(), collections.Counter(), set()
        left = CYCLES
        while left > 0:
            self.life(min(left, OF_ONE_CA))
            left -= OF_ONE_CA
        self.assertGreater(self.sums["issued"], CYCLES, "there was a load")
        self.assertGreater(self.sums["revoked"], 0)
        print(f"     {CYCLES} kills {dict(self.killed)}, certificates handed out {self.sums['issued']}, "
              f"revoked {self.sums['revoked']}, lost 0, refused meanwhile {self.sums['refused']}")

    def life(self, cycles):
        """One CA, killed so many times."""
        ca = CA()
        self.addCleanup(ca.close)
        told = oracle.Told()
        judge = oracle.Oracle(self, ca, told)
        ca.start()
        load = oracle.Load(ca, told, issuing=8, revoking=2, pause=0.002, patient=True)
        try:
            for cycle in range(1, cycles + 1):
                time.sleep(random.uniform(0.03, 0.2) * SLOW)
                self.kill_one(ca)
                ca.start()
                judge.judge(samples=1, crl=False, whole=cycle % WHOLE == 0)
                if cycle % WHOLE == 0:
                    print(f"     {sum(self.killed.values())} kills, {len(judge.issued)} certificates", flush=True)
        finally:
            load.end()
        judge.judge(whole=True)
        self.assertEqual(ca.stop(), 0)
        self.assertFalse(self.serials & set(judge.issued), "no serial twice, of another CA neither")
        self.serials |= set(judge.issued)
        self.sums.update(issued=len(judge.issued), revoked=len(judge.revoked), refused=sum(load.problems.values()))
        ca.close()

    def kill_one(self, ca):
        roles = ca.role_pids()
        self.assertEqual(len(roles), len(ROLES), roles)
        name = random.choice([*sorted(roles), "hanaperd"])
        os.kill(ca.daemon.pid if name == "hanaperd" else roles[name], signal.SIGKILL)
        self.killed[name] += 1
        self.assertNotEqual(ca.wait_end(), 0, "a role that dies ends the daemon, and it says so")
        wait_gone(roles.values())


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
        end = time.monotonic() + 15 * SLOW
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
        """R91, S87: a garbage database, a journal with a flipped octet, a cut journal; what was torn is told."""
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
        with open(journal, "ab") as file:
            file.write(bytes(40))  # of a record that power cut off
        ca.start()
        self.assertIn(" journal-healed octets=40 last_seq=", ca.said())
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
        """R55, S81, S85"""
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
        secret.write_text("battery staple\n")
        ca.start(wait=False)
        self.assertNotEqual(ca.wait_end(), 0)
        self.assertIn("the passphrase is wrong", ca.said())
        self.assertIn(str(secret), ca.said())
        secret.write_text("correct horse\n")
        yaml = (ca.dir / "hanaper.yaml").read_text()
        (ca.dir / "hanaper.yaml").write_text("".join(
            line for line in yaml.splitlines(True) if "passphrase_file" not in line))
        ca.start(wait=False)
        self.assertNotEqual(ca.wait_end(), 0)
        self.assertIn("set passphrase_file of issuer main in hanaper.yaml", ca.said())
        (ca.dir / "hanaper.yaml").write_text(yaml)
        for path, mode in (("issuers/main.key", 0o644), ("root.key", 0o640)):
            with self.subTest(path):
                old = (ca.dir / path).stat().st_mode & 0o777
                (ca.dir / path).chmod(mode)
                ca.start(wait=False)
                self.assertNotEqual(ca.wait_end(), 0)
                self.assertIn("chmod", ca.said())
                (ca.dir / path).chmod(old)
        said = [ca.log.read_bytes(), again.stdout.encode(), again.stderr.encode()]
        for octets in said + [p.read_bytes() for p in ca.dir.rglob("*") if p.is_file()]:
            for word in (b"correct horse", b"battery staple"):
                self.assertNotIn(word, octets)

    def test_the_root_key_moved_offline(self):
        """P70, P71: the root's CRL stays where certificates say it is, after its key has gone."""
        ca = CA()
        self.addCleanup(ca.close)
        ca.start()
        serial = ca.issue("before", "DNS:before.internal")
        number = ca.crl_number("root")
        ca.stop()
        (ca.dir / "root.key").unlink()
        ca.start()
        self.assertEqual(ca.crl_number("root"), number)
        date = ca.ask_http("GET", "/crl/root.crl").headers["Last-Modified"]
        self.assertEqual(ca.ask_http("GET", "/crl/root.crl", headers={"If-Modified-Since": date}).status, 304)
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
