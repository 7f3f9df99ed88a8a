# SPDX-License-Identifier: Apache-2.0
"""The power goes: of what was not flushed any part may be on the disk, or none.

The roles' writes are logged (faults.c) while clients are at work.  Out of the log a directory is made as it
would be after a cut at some moment, and a daemon started on it: what clients had heard by then is there.

HNP_CUTS: how many moments (the short form of contrib/check: 16).
"""
import copy
import os
import random
import re
import shutil
import sqlite3
import threading
import time
import unittest

from cryptography import x509

import acme_world
import faults
import hnp
import oracle

CUTS = int(os.environ.get("HNP_CUTS", "16"))
SEED = int(os.environ.get("HNP_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)


@unittest.skipIf(hnp.SANITIZED or hnp.WRAP, "it preloads a library")
class PowerCut(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.chance = random.Random(SEED)
        self.ca = faults.FaultCA(log=True)
        self.addCleanup(self.ca.close)
        acme_world.directory(self.ca)
        path = self.ca.dir / "hanaper.yaml"
        path.write_text(path.read_text() + "\nacme:\n  limits: { accounts_per_hour: 0 }\n")

    def watch_crl(self):
        while not self.over:
            try:
                answer = self.ca.ask_http("GET", "/crl/main.crl")
            except oracle.GONE:
                return
            if answer.status == 200:
                crl = x509.load_der_x509_crl(answer.body)
                self.told.note("crl", crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number)
            time.sleep(0.05)

    def work(self, seconds):
        """One life of the daemon, ended by the power."""
        disk = faults.Disk(self.ca.dir, self.ca.file("beginning"))
        logs = [self.ca.tmp / f"ops.{role}" for role in ("signer", "core")]
        self.told, self.over = oracle.Told(), False
        self.ca.start()
        watcher = threading.Thread(target=self.watch_crl)
        watcher.start()
        load = oracle.Load(self.ca, self.told, issuing=4, revoking=1, enrolling=1, acme=1)
        time.sleep(seconds)
        self.ca.kill_all()
        self.over = True
        load.end()
        watcher.join()
        return disk, disk.read(logs)

    def moments(self, ops):
        """When to cut: mostly when a client has just been told something, else anywhere."""
        heard = [at for at, _, _ in self.told.events]
        some = [self.chance.choice(heard) + self.chance.randint(0, 200_000) for _ in range(CUTS * 3 // 4)]
        some += [self.chance.choice(ops)[0] for _ in range(CUTS - len(some) - 1)]
        return sorted([*some, time.monotonic_ns()])

    # design section 5, R31, R89, A207, A208
    def test_nothing_that_was_told_is_lost(self):
        disk, ops = self.work(2.0 * hnp.SLOW)
        self.assertGreater(len(self.told.of("issued")), 20)
        self.assertGreater(len(self.told.of("used")), 0)
        keeps = (faults.Disk.none_of, faults.Disk.torn, faults.Disk.torn, faults.Disk.all_of)
        at, lost = 0, 0
        for number, moment in enumerate(self.moments(ops)):
            while at < len(ops) and ops[at][0] <= moment:
                disk.apply(ops[at])
                at += 1
            keep = keeps[number % len(keeps)]
            waits = sum(len(f.ops) for f in disk.files.values())
            lost += waits
            with self.subTest(cut=number, keep=keep.__name__, seed=SEED, calls=at, unflushed=waits):
                self.cut(disk, moment, keep)
        print(f"     {CUTS} cuts in {len(ops)} calls, {len(self.told.of('issued'))} certificates, "
              f"{len(self.told.of('revoked'))} revoked, {lost} unflushed writes, seed {SEED}")

    def cut(self, disk, moment, keep):
        ca = copy.copy(self.ca)
        ca.dir, ca.program = self.ca.file("cut"), hnp.BUILD / "hanaperd"
        ca.log = self.ca.file("cut.log")
        disk.cut(ca.dir, self.chance, keep)
        if os.environ.get("HNP_KEEP"):
            shutil.rmtree(os.environ["HNP_KEEP"], ignore_errors=True)
            shutil.copytree(ca.dir, os.environ["HNP_KEEP"])
        judge = oracle.Oracle(self, ca, self.told)
        judge.number = max(self.told.of("crl", moment), default=0)
        ca.start()
        try:
            judge.judge(until=moment)
            judge.clients(until=moment, most=4)
            self.assertEqual(self.integrity(ca), "ok")
            judge.journal()
        finally:
            ca.stop()

    @staticmethod
    def integrity(ca):
        with ca.database() as db:
            return db.execute("PRAGMA integrity_check").fetchone()[0]

    def after(self, base, *command):
        """What is left of 'base' when the power goes as soon as the command has said that all is done."""
        (self.ca.tmp / "ops.cli").unlink(missing_ok=True)
        disk = faults.Disk(base, self.ca.file("base"))
        self.ca.command(*command)
        ops = disk.read([self.ca.tmp / "ops.cli"])
        self.assertGreater(len(ops), 3)
        for op in ops:
            disk.apply(op)
        left = base.with_suffix(".left")
        disk.cut(left, self.chance, faults.Disk.none_of)
        shutil.rmtree(self.ca.file("base"))
        return left

    # P67, R31: by a list that a client has had, a revoked certificate is not good again
    def test_a_list_that_was_served_is_on_the_disk(self):
        ca = self.ca
        path = ca.dir / "hanaper.yaml"
        path.write_text(re.sub(r"(?m)^crl: .*$", "crl: { interval: 1h, next_update: 24h, debounce: 0s, delta: 5m, shards: 2 }",
                               path.read_text()))
        disk = faults.Disk(ca.dir, ca.file("beginning"))
        ca.start()
        serial = int(ca.issue("gone", "DNS:gone.internal"), 16)
        self.assertEqual(ca.revoke(f"{serial:040x}").status, 200)
        heard, end = {}, time.monotonic() + 10
        while len(heard) < 4 or sum(on for _, on in heard.values()) < 3:  # it is in one shard of the two
            self.assertLess(time.monotonic(), end, heard)
            for name in ("main.crl", "main/delta.crl", "main/2-0.crl", "main/2-1.crl"):
                answer = ca.ask_http("GET", f"/crl/{name}")
                if answer.status == 200:
                    heard[name] = self.on_list(answer.body, serial)
        ca.kill_all()
        for op in disk.read([ca.tmp / "ops.signer", ca.tmp / "ops.core"]):
            disk.apply(op)
        left = ca.file("left")
        disk.cut(left, self.chance, faults.Disk.none_of)
        for name, (number, on) in heard.items():
            with self.subTest(name):
                file = left / "pub/crl" / name
                self.assertTrue(file.exists(), "it was served")
                kept, still = self.on_list(file.read_bytes(), serial)
                self.assertGreaterEqual(kept, number)
                self.assertGreaterEqual(still, on)

    @staticmethod
    def on_list(der, serial):
        crl = x509.load_der_x509_crl(der)
        return (crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number,
                crl.get_revoked_certificate_by_serial_number(serial) is not None)

    # R31, S86
    def test_what_a_command_said_to_be_done_is_on_the_disk(self):
        ca = self.ca
        base = ca.file("made")
        base.mkdir()
        ports = [p for name in ("api", "http", "metrics") for p in
                 ("--" + name, f"127.0.0.1:{getattr(ca, name + '_port')}")]
        left = self.after(base, "init", "--dir", base / "ca", *ports)
        made = copy.copy(ca)
        made.dir, made.program = left / "ca", hnp.BUILD / "hanaperd"
        self.addCleanup(made.stop)
        made.start()
        serial = made.issue("first", "DNS:first.internal")
        base = ca.file("backups")
        base.mkdir()
        left = self.after(base, "backup", base / "backup.tar", "--dir", made.dir)
        made.stop()
        file = shutil.copy(left / "backup.tar", ca.file("kept.tar"))
        base = ca.file("restored")
        base.mkdir()
        left = self.after(base, "restore", file, "--dir", base / "ca", "--nothing-since")
        hnp.run(hnp.BUILD / "hanaper", "audit", "verify", "--dir", left / "ca")
        with sqlite3.connect(left / "ca/hanaper.db") as db:
            self.assertEqual(db.execute("SELECT count(*) FROM certificate WHERE serial = ?",
                                        (bytes.fromhex(serial),)).fetchone()[0], 1)


if __name__ == "__main__":
    unittest.main()
