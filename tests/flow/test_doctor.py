# SPDX-License-Identifier: Apache-2.0
"""hanaper doctor: each fault is found, and told with what to do."""
import json

from hnp import BUILD, FlowTest, run


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
            self.assertNotIn("hanaper", found["daemon"]["todo"], "one command to start it, not two")
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
        self.assertEqual([s.split(",")[0] for s in said[1:]], ["issuers/main.key is not in it"])
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
