# SPDX-License-Identifier: Apache-2.0
"""hanaper doctor: each fault is found, and told with what to do."""
import contextlib
import json
import os
import re
import shutil
import signal
import unittest

from hnp import BUILD, CA, UNCONFINED, FlowTest, run, wait_gone


@contextlib.contextmanager
def away(ca, path):
    """What it stands for: gone for a while."""
    path.rename(ca.file("away"))
    try:
        yield
    finally:
        ca.file("away").rename(path)


@contextlib.contextmanager
def mode(path, bits):
    was = path.stat().st_mode & 0o7777
    path.chmod(bits)
    try:
        yield
    finally:
        path.chmod(was)


class Doctor(FlowTest):
    def findings(self, *options, status=0):
        done = run(BUILD / "hanaper", "doctor", "--json", *(options or ("--dir", self.ca.dir)), check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        found = json.loads(done.stdout)
        self.assertEqual(found["healthy"], status == 0)
        return found["findings"]

    def faults(self, *options):
        return {f["check"]: f for f in self.findings(*options, status=1) if f["level"] == "FAIL"}

    def test_all_is_well_on_the_spot_and_from_afar(self):
        ca = self.ca
        ca.issue("doctor", "DNS:doctor.internal")
        here = {f["check"] for f in self.findings()}
        self.assertLessEqual({"configuration", "permissions", "daemon", "database", "backup", "CRL", "OCSP", "lifetimes"}, here)
        afar = self.findings("--url", f"https://localhost:{ca.api_port}", "--cert", ca.dir / "admin.crt",
                             "--key", ca.dir / "admin.key", "--cacert", ca.dir / "root.crt")
        self.assertIn("OCSP", {f["check"] for f in afar})

    def test_an_issuer_has_less_left_than_its_profiles_give(self):
        ca = self.ca
        with ca.configured("default: 30d, max: 90d", "default: 8000d, max: 8000d"):
            said = [f for f in self.findings() if f["check"] == "lifetimes" and f["level"] == "warn"]
            self.assertIn("hanaper rotate", said[0]["todo"])
            run(BUILD / "hanaper", "issue", "cut.internal", "--out", ca.file("cut"), "--dir", ca.dir)
            ends = [run("openssl", "x509", "-in", f, "-noout", "-enddate").stdout
                    for f in (ca.file("cut.crt"), ca.dir / "issuers/main.crt")]
            self.assertEqual(ends[0], ends[1], "nobody asked for more")

    def test_a_directory_that_is_none_is_told_at_once(self):
        done = run(BUILD / "hanaper", "doctor", "--dir", self.ca.file("nowhere"), check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("nowhere is no CA directory", done.stderr)

    def test_each_fault_is_told_with_what_to_do(self):
        ca = self.ca
        (ca.dir / "issuers/main.key").chmod(0o644)
        self.assertIn("chmod", self.faults()["permissions"]["found"])
        (ca.dir / "issuers/main.key").chmod(0o600)
        yaml = (ca.dir / "hanaper.yaml").read_text()
        (ca.dir / "hanaper.yaml").write_text(yaml + "nonsense: 1\n")
        self.assertIn("nonsense", self.faults()["configuration"]["found"])
        (ca.dir / "hanaper.yaml").write_text(yaml)
        (ca.dir / "pub/crl/main.crl").rename(ca.file("away.crl"))
        ca.stop()
        try:
            found = self.faults()
            self.assertIn("start it", found["daemon"]["found"])
            self.assertNotIn("hanaper up", found["daemon"]["todo"], "one command to start it, not two")
            self.assertEqual(found["daemon"]["todo"], "see the terminal that it was started in for why it ended, and start it",
                             "of a service that is none there is no journal")
        finally:
            ca.start()

    def test_an_issuer_key_that_is_missing_is_named_and_the_roots_may_be_offline(self):
        ca = self.ca
        self.assertIn("issuer key", {f["check"] for f in self.findings()})
        for name in ("root.key", "issuers/main.key"):
            (ca.dir / name).rename(ca.file("away.key"))
            try:
                if name == "root.key":
                    self.findings()
                    continue
                found = self.faults()
                self.assertEqual(list(found), ["issuer key"])
                self.assertIn("issuers/main.key: no such file", found["issuer key"]["found"])
                self.assertIn("put it there", found["issuer key"]["todo"])
            finally:
                ca.file("away.key").rename(ca.dir / name)

    def test_a_client_that_may_not_read_is_told_which_right_that_wants(self):
        ca = self.ca
        ca.issue("plain", "DNS:plain.internal", profile="client")
        where = ["--url", f"https://localhost:{ca.api_port}", "--cacert", ca.dir / "root.crt"]
        found = self.findings(*where, "--cert", ca.file("plain.crt"), "--key", ca.file("plain.key"), status=1)
        self.assertEqual([(f["level"], f["found"]) for f in found if f["check"] == "daemon"], [("ok", "it answers")])
        faults = [f for f in found if f["level"] == "FAIL"]
        self.assertEqual([f["check"] for f in faults], ["rights"])
        self.assertIn('the right "read"', faults[0]["found"])

    def test_a_database_that_is_damaged_and_a_backup_that_is_missing_or_old(self):
        ca = self.ca
        last = ca.dir / "last-backup"
        last.unlink(missing_ok=True)
        said = {f["check"]: f for f in self.findings()}
        self.assertIn("no backup", said["backup"]["found"])
        self.assertIn("is whole", said["database"]["found"])
        run(BUILD / "hanaper", "backup", ca.file("doctor.tar"), "--dir", ca.dir)
        said = [f["found"] for f in self.findings() if f["check"] == "backup"]
        self.assertIn("0 days ago", said[0])
        self.assertEqual([s.split(",")[0] for s in said[1:]], ["acme.key is not in it", "issuers/main.key is not in it"])
        lacks = [f for f in self.findings() if f["check"] == "backup"][1:]
        self.assertEqual([f["level"] for f in lacks], ["warn", "warn"])
        self.assertIn("--with-keys", lacks[0]["todo"])
        run(BUILD / "hanaper", "backup", "--with-keys", ca.file("keys.tar"), "--dir", ca.dir)
        self.assertEqual(len([f for f in self.findings() if f["check"] == "backup"]), 1)
        last.write_text("2026-01-01T00:00:00Z")
        said = {f["check"]: f for f in self.findings()}["backup"]
        self.assertRegex(said["found"], r"[1-9]\d+ days ago")
        self.assertIn("hanaper backup", said["todo"])
        ca.stop()
        db = ca.dir / "hanaper.db"
        whole = db.read_bytes()
        db.write_bytes(whole[:4096] + b"\xff" * 4096 + whole[8192:])
        try:
            self.assertIn("hanaper restore", self.faults()["database"]["todo"])
        finally:
            db.write_bytes(whole)
            ca.start()

    def test_a_host_without_an_address_is_told_once(self):
        ca = self.ca
        with ca.configured(f'public: "http://127.0.0.1:{ca.http_port}"', 'public: "http://nowhere.invalid:8080"'):
            ca.issue("nowhere", "DNS:nowhere.internal")
            said = [f for f in self.findings(status=1) if f["level"] == "FAIL"]
            self.assertEqual(len(said), 1, said)
            self.assertIn("nowhere.invalid has no address", said[0]["found"])
            self.assertIn("urls.public", said[0]["todo"])

    def test_urls_that_do_not_answer(self):
        ca = self.ca
        with ca.configured(f'public: "http://127.0.0.1:{ca.http_port}"', 'public: "http://127.0.0.1:1"'):
            ca.issue("lost", "DNS:lost.internal")
            found = self.faults()
            for check in ("certificates", "CRL", "OCSP"):
                self.assertIn("urls.public", found[check]["todo"])
                self.assertEqual(found[check]["found"].count("http://127.0.0.1:1/"), 1, "the URL is told once")


class Start(FlowTest):
    """What ends the next start of hanaperd is found before it, and told once."""
    running = False

    def setUp(self):
        self.addCleanup(self.ca.stop)

    def faults(self, ca=None):
        done = run(BUILD / "hanaper", "doctor", "--json", "--dir", (ca or self.ca).dir, check=False)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        return {f["check"]: f for f in json.loads(done.stdout)["findings"] if f["level"] == "FAIL" and f["check"] != "daemon"}

    def refuses(self, check, *words, ca=None):
        """hanaperd does not start, for the reason that doctor tells, and that alone."""
        ca = ca or self.ca
        ca.start(wait=False)
        self.assertEqual(ca.wait_end(), 1, ca.said())
        found = self.faults(ca)
        self.assertEqual(list(found), [check], found)
        for word in words:
            self.assertIn(word, found[check]["found"])
            self.assertIn(word, ca.said().replace('\\"', '"'))
        return found[check]

    def test_nothing_is_told_when_it_starts(self):
        ca = self.ca
        self.assertEqual(self.faults(), {})
        with mode(ca.dir / "hanaper.db", 0o640):
            ca.start()
            ca.stop()
            self.assertEqual(self.faults(), {}, "0640 is as good for the one as for the other")

    # S81: one rule for the daemon and for who looks before
    def test_what_is_open_to_others(self):
        ca = self.ca
        ca.start()
        ca.stop()
        for name, bits in (("hanaper.db", 0o644), ("acme.key", 0o644), ("issuers/main.key", 0o640), ("journal", 0o755),
                           (".", 0o755), ("issuers", 0o755), ("hanaper.yaml", 0o662), ("run", 0o755)):
            with self.subTest(name), mode(ca.dir / name, bits):
                self.assertIn("run: chmod", self.refuses("permissions", f"mode {bits:04o}")["found"])
        wal = ca.dir / "hanaper.db-wal"
        wal.touch(mode=0o644)
        with self.subTest("wal"):
            self.refuses("permissions", f"{wal}: mode 0644")
        wal.unlink()
        with self.subTest("segment"), mode(ca.dir / "journal/00000001.hj", 0o644):
            self.assertEqual(self.refuses("journal", "run: chmod 0600")["todo"], "as it says")

    def test_what_is_missing(self):
        ca = self.ca
        for name, check in (("issuers/main.crt", "CA certificates"), ("root.crt", "CA certificates"),
                            ("issuers/main.key", "issuer key")):
            with self.subTest(name), away(ca, ca.dir / name):
                self.refuses(check, f"{name}: no such file")
                self.assertEqual(len(re.findall("put it back, or restore a backup that has it: hanaper restore", ca.said())), 1)
        with self.subTest("journal"), away(ca, ca.dir / "journal"):
            self.refuses("journal", "there is no journal at")
        with self.subTest("database"), away(ca, ca.dir / "hanaper.db"):
            self.refuses("database", "there is no database at", f'or run "hanaperd --recover --dir {ca.dir}" once')

    # R91: in the service's layout, too, what is told to be run heals it
    def test_a_database_that_is_missing_where_the_configuration_lies_elsewhere(self):
        ca = CA()
        self.addCleanup(ca.close)
        conf = ca.tmp / "etc/hanaper.yaml"
        conf.parent.mkdir()
        conf.write_text(f"dir: {ca.dir}\n" + (ca.dir / "hanaper.yaml").read_text())
        conf.chmod(0o640)
        (ca.dir / "hanaper.db").unlink()
        (ca.dir / "hanaper.yaml").unlink()
        done = run(BUILD / "hanaperd", "-f", "--config", conf, check=False)
        said = re.search('run "(hanaperd [^"]*)" once', done.stderr.replace('\\"', '"'))
        self.assertIn(said[0], run(BUILD / "hanaper", "doctor", "--dir", conf.parent, check=False).stdout)
        run(BUILD / "hanaperd", *said[1].split()[1:], *UNCONFINED)
        self.assertTrue((ca.dir / "hanaper.db").exists())
        pid = int((ca.dir / "run/hanaperd.pid").read_text())
        os.kill(pid, signal.SIGTERM)
        wait_gone([pid])

    def test_what_belongs_to_another_ca(self):
        ca, other = self.ca, CA()
        self.addCleanup(other.close)
        for name, check, word in (("issuers/main.crt", "CA certificates", "does not chain to the root"),
                                  ("issuers/main.key", "issuer key", "does not belong to its certificate"),
                                  ("root.key", "root key", "does not belong to its certificate"),
                                  ("journal/00000001.hj", "journal", "of another CA")):
            with self.subTest(name), away(ca, ca.dir / name):
                shutil.copy2(other.dir / name, ca.dir / name)
                ca.start(wait=False)
                self.assertEqual(ca.wait_end(), 1, ca.said())
                self.assertIn(word, self.faults()[check]["found"])
                (ca.dir / name).unlink()

    def test_an_older_database_beside_a_newer_journal(self):
        ca = self.ca
        old = ca.file("old.db")
        shutil.copy2(ca.dir / "hanaper.db", old)
        ca.start()
        for n in range(3):
            ca.issue(f"n{n}", f"DNS:n{n}.internal")
        ca.stop()
        self.assertEqual(self.faults(), {})
        new = ca.file("new.db")
        shutil.copy2(ca.dir / "hanaper.db", new)
        for end in ("-wal", "-shm"):
            (ca.dir / f"hanaper.db{end}").unlink(missing_ok=True)
        shutil.copy2(old, ca.dir / "hanaper.db")
        self.refuses("database", "an old copy was put back", "--recover")
        for end in ("-wal", "-shm"):
            (ca.dir / f"hanaper.db{end}").unlink(missing_ok=True)
        shutil.copy2(new, ca.dir / "hanaper.db")
        ca.start()

    # R55
    def test_passphrases(self):
        secret = self.ca.file("secret")
        secret.write_text("correct horse\n")
        secret.chmod(0o600)
        ca = CA("--passphrase-file", secret)
        self.addCleanup(ca.close)
        self.assertEqual(self.faults(ca), {})
        with mode(secret, 0o644):
            self.refuses("permissions", str(secret), "mode 0644", ca=ca)
        with away(self.ca, secret):
            self.refuses("issuer key", f"{secret}: no such file", ca=ca)
        secret.write_text("battery staple\n")
        self.refuses("issuer key", str(secret), "the passphrase is wrong", ca=ca)
        done = run(BUILD / "hanaper", "doctor", "--dir", ca.dir, check=False)
        self.assertIn("the passphrase is wrong", done.stdout)
        for word in ("correct horse", "battery staple"):
            self.assertNotIn(word, done.stdout + done.stderr + ca.log.read_text())

    # R84
    def test_the_log_tells_why_it_ended_and_cannot_speak_to_the_terminal(self):
        ca = self.ca
        log = ca.dir / "run/hanaperd.log"
        with away(ca, ca.dir / "root.crt"):
            run(BUILD / "hanaperd", "--dir", ca.dir, check=False)

        def daemon():
            done = run(BUILD / "hanaper", "doctor", "--json", "--dir", ca.dir, check=False)
            return {f["check"]: f for f in json.loads(done.stdout)["findings"]}["daemon"]
        self.assertIn("root.crt: no such file", daemon()["found"])
        self.assertIn(str(log), daemon()["todo"])
        for line, shown in ((b"2026-01-01T00:00:00Z error core x error=\x1b]0;\xff\n", "error=?]0;?"),
                            (b'{"time":"2026","level":"error","role":"core","event":"x","error":"why"}\n', '"error":"why"')):
            log.write_bytes(line)
            self.assertIn(shown, daemon()["found"])
        log.write_bytes(b"2026-01-01T00:00:00Z error core x\n2026-01-01T00:00:00Z info parent ready pid=1\n")
        self.assertNotIn("last error", daemon()["found"])
        log.unlink()
        os.mkfifo(log)
        self.assertNotIn("last error", daemon()["found"])
        log.unlink()

    # S81: another user's directory cannot hold root
    def test_what_is_no_file_is_not_waited_for(self):
        ca = self.ca
        for name, check in (("journal/00000002.hj", "journal"), ("hanaper.db-journal", "permissions"),
                            ("hanaper.db-wal", "permissions"), ("last-backup", None)):
            (ca.dir / name).unlink(missing_ok=True)
            os.mkfifo(ca.dir / name, 0o600)
            with self.subTest(name):
                self.assertEqual(list(self.faults()), [check] if check else [])
            (ca.dir / name).unlink()
        for name in ("root.crt", "issuers/main.crt", "issuers/main.key", "hanaper.db"):
            with self.subTest(name), away(ca, ca.dir / name):
                os.mkfifo(ca.dir / name, 0o600)
                self.assertTrue(self.faults())
                (ca.dir / name).unlink()

    @unittest.skipIf(os.geteuid() != 0, "takes root")
    def test_what_is_roots_alone_the_daemons_user_cannot_read(self):
        ca = CA()
        self.addCleanup(ca.close)
        for path in (ca.dir, *ca.dir.rglob("*")):
            os.lchown(path, 54321, 54321)
        self.assertEqual(self.faults(ca), {})
        for name in ("issuers/main.key", "hanaper.db", "journal"):
            os.lchown(ca.dir / name, 0, 0)
            with self.subTest(name):
                self.assertIn("54321", self.faults(ca)["permissions"]["found"])
            os.lchown(ca.dir / name, 54321, 54321)
