# SPDX-License-Identifier: Apache-2.0
"""What restore promises wherever it is cut off and however little is left: not back in time, nothing lost, run again.

HNP_FAULTS=all starts the daemon after each cut; else after each so many.
"""
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import tempfile
import time
import unittest

import faults
import hnp
from backup_case import HANAPER, BackupCase
from hnp import BUILD, CA, SLOW, run

ALL = os.environ.get("HNP_FAULTS") == "all"
STARTS = 1 if ALL else 12
OWNER, SIGNER = 54321, 54322


class RestoreCase(BackupCase):
    def published(self, *serials, of="main"):
        """Waits for a CRL that lists these; all are kept as NAME.last, their numbers told."""
        end = time.monotonic() + 15 * SLOW
        while not all(s.upper().lstrip("0") in self.ca.crl_text(of) for s in serials):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)
        numbers = {name: self.ca.crl_number(name) for name in dict.fromkeys(("main", "root", of))}
        for name in numbers:
            shutil.copy(self.ca.crl(name), self.ca.tmp / f"{name}.last")
        return numbers

    def crls(self):
        return [o for name in self.numbers for o in ("--crl", self.ca.tmp / f"{name}.last")]

    def rows(self, sql):
        base = sqlite3.connect(f"file:{self.ca.dir}/hanaper.db?mode=ro", uri=True)
        try:
            return base.execute(sql).fetchall()
        finally:
            base.close()

    def revoked(self):
        return {row[0].lstrip("0") for row in self.rows("SELECT lower(hex(serial)) FROM revocation")}

    def numbers_in_database(self):
        return dict(self.rows("SELECT i.name, max(c.number) FROM crl c JOIN issuer i ON i.id = c.issuer_id GROUP BY 1"))

    def history(self):
        """A backup, an older journal/, and revocations and CRLs that only journal and database here know."""
        ca = self.ca
        early, late = ca.issue("early", "DNS:early.internal"), None
        self.backup("--with-keys")
        ca.issue("between", "DNS:between.internal")
        ca.stop()
        run("cp", "-a", ca.dir / "journal", ca.tmp / "older")
        run("cp", "-a", ca.dir / "hanaper.db", ca.tmp / "older.db")
        ca.start()
        late = ca.issue("late", "DNS:late.internal")
        for serial in (early, late):
            self.assertEqual(ca.revoke(serial).status, 200)
        self.numbers = self.published(early, late)
        ca.stop()
        self.early, self.late = early, late

    def nothing_forgotten(self):
        self.assertLessEqual({s.lstrip("0") for s in (self.early, self.late)}, self.revoked())
        self.verified()

    def older_journal(self):
        shutil.rmtree(self.ca.dir / "journal")
        run("cp", "-a", self.ca.tmp / "older", self.ca.dir / "journal")


class Newest(RestoreCase):
    """What is newest counts, wherever it is."""

    # S86: the daemon refuses such a pair, so a restore that calls it done has done nothing
    def test_an_older_journal_goes_on_with_what_the_database_knows(self):
        self.history()
        self.older_journal()
        ended = (self.ca.dir / "journal/00000001.hj").read_bytes()
        done = self.restore()
        self.assertIn("what the database here knows beyond that is added to it", done.stdout)
        self.assertIn("2 revocations that the journal lacked were added", done.stdout)
        self.assertTrue((self.ca.dir / "journal/00000001.hj").read_bytes().startswith(ended))
        kept, = self.ca.dir.glob("before-restore-*/journal/00000001.hj")
        self.assertEqual(kept.read_bytes(), ended)
        self.ca.start()
        self.assertEqual(self.ca.ocsp(self.early), "revoked")
        self.grown(self.numbers["main"])
        self.assertIn(self.late.upper(), self.ca.crl_text())
        self.nothing_forgotten()

    # S86: what the operator gives is not passed over because an old journal/ was put back, too
    def test_crls_tell_what_an_older_journal_lacks(self):
        self.history()
        self.older_journal()
        self.lose("hanaper.db")
        done = self.restore(*self.crls())
        self.assertIn("what the CRLs tell beyond that is added to it", done.stdout)
        self.ca.start()
        self.assertEqual(self.ca.ocsp(self.early), "revoked")
        self.grown(self.numbers["main"])
        self.nothing_forgotten()
        self.ca.stop()
        # Those that tell nothing new are no fault either.
        self.restore(*self.crls())
        self.ca.start()
        self.nothing_forgotten()

    def raised(self):
        """Revoked before the backup, and for keyCompromise after it; what was told of it, and the CRLs."""
        ca = self.ca
        serial = ca.issue("raised", "DNS:raised.internal")
        first = ca.revoke(serial).json["revoked_at"]
        self.backup("--with-keys")
        self.assertEqual(ca.revoke(serial, "keyCompromise").status, 200)
        end = time.monotonic() + 15 * SLOW
        while "Key Compromise" not in ca.crl_text():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)
        self.numbers = self.published(serial)
        ca.stop()
        return serial, first

    def stays_raised(self, serial, first, *options):
        ca = self.ca
        self.assertIn("1 revocation that the backup lacked was added", self.restore(*options).stdout)
        ca.start()
        self.grown(self.numbers["main"])
        self.assertIn("Key Compromise", ca.crl_text())
        self.assertEqual(self.rows("SELECT reason FROM revocation"), [(1,)])
        self.problem(ca.revoke(serial, "keyCompromise"), 409, "already-revoked", first, "keyCompromise")
        self.assertEqual(ca.ocsp(serial), "revoked")
        csr = ca.file("raised.csr").read_bytes()
        again = ca.ask("POST", "/v1/certificates?profile=server", csr, {"Content-Type": "text/plain"})
        self.problem(again, 400, "bad-key", "compromised")
        self.verified()
        ca.stop()
        if options:  # the same lists once more tell nothing new
            self.lose("hanaper.db")
            before = (ca.dir / "journal/00000001.hj").read_bytes().count(bytes.fromhex(serial))
            self.restore(*options)
            self.assertEqual((ca.dir / "journal/00000001.hj").read_bytes().count(bytes.fromhex(serial)), before)

    # S43, S86: a key that leaked is known to have
    def test_a_reason_that_was_raised_since_is_what_the_crls_tell(self):
        told = self.raised()
        self.lose("hanaper.db", "journal")
        self.stays_raised(*told, *self.crls())

    # S43, S86
    def test_a_reason_that_was_raised_since_is_what_the_database_tells(self):
        told = self.raised()
        self.lose("journal")
        self.stays_raised(*told)

    # R51, S86: what is in the database alone is old there, too, and hanaperd could not see it any more
    def test_an_old_copy_of_the_database_revives_no_token_that_was_withdrawn(self):
        ca = self.ca
        self.backup()
        made = run(HANAPER, "token", "create", "t.internal", "--json", "--dir", ca.dir)
        token = json.loads(made.stdout)
        ca.stop()
        shutil.copy(ca.dir / "hanaper.db", ca.tmp / "older.db")
        ca.start()
        run(HANAPER, "token", "rm", token["id"], "--dir", ca.dir)
        ca.issue("y", "DNS:y.internal")
        ca.issue("z", "DNS:z.internal")
        ca.stop()
        self.lose("hanaper.db")
        shutil.copy(ca.tmp / "older.db", ca.dir / "hanaper.db")
        done = self.restore()
        self.assertIn("the database here is kept", done.stdout)
        self.assertIn("1 pending token was withdrawn", done.stdout)
        ca.start()
        self.assertNotIn('"pending"', run(HANAPER, "token", "ls", "--json", "--dir", ca.dir).stdout)
        ca.stop()
        # One that took in all that it once held is no old copy, though the journal goes on.
        self.assertNotIn("withdrawn", self.restore().stdout)

    # P61, R34, S86: an issuer of a rotation that the backup does not know
    def test_the_crl_of_an_issuer_that_only_the_configuration_here_names_counts(self):
        ca = self.ca
        self.backup("--with-keys")
        ca.stop()
        run(HANAPER, "rotate", "--dir", ca.dir)
        ca.start()
        late = ca.issue("late", "DNS:late.internal")
        self.assertEqual(ca.revoke(late).status, 200)
        self.early = self.late = late
        self.numbers = self.published(late, of="main-2")
        ca.stop()
        self.lose("journal", "hanaper.db", "pub")
        two = self.crls()[:4]
        self.says(self.restore(*two, check=False), "no CRL of issuer main-2")
        done = self.restore(*self.crls())
        self.assertRegex(done.stdout, "main-2: CRL [0-9]")
        kept, = ca.dir.glob("before-restore-*/hanaper.yaml")
        shutil.copy(kept, ca.dir / "hanaper.yaml")
        ca.start()
        self.assertEqual(ca.ocsp(late, issuer=ca.dir / "issuers/main-2.crt"), "revoked")
        for name, number in self.numbers.items():
            self.grown(number, name)
        self.assertIn(late.upper(), ca.crl_text("main-2"))
        self.nothing_forgotten()


class First(RestoreCase):
    """A backup that is older than the daemon's first start."""

    begun = False

    # P61, R34, S86
    def test_no_crl_number_is_given_out_twice_where_the_backup_knows_of_none(self):
        ca = self.ca
        self.backup("--with-keys")
        ca.start()
        self.early = self.late = ca.issue("x", "DNS:x.internal")
        self.assertEqual(ca.revoke(self.early).status, 200)
        self.numbers = self.published(self.early)
        self.assertGreaterEqual(self.numbers["main"], 2)
        ca.stop()
        run("cp", "-a", ca.dir, ca.tmp / "before")
        for lost, options in (("all", self.crls()), ("all", ["--nothing-since"]), ("journal", [])):
            with self.subTest(lost=lost, options=options):
                shutil.rmtree(ca.dir)
                if lost == "journal":
                    run("cp", "-a", ca.tmp / "before", ca.dir)
                    shutil.rmtree(ca.dir / "journal")
                self.restore(*options)
                ca.start()
                for name, number in self.numbers.items():
                    self.grown(number, name)
                if "--nothing-since" not in options:
                    self.nothing_forgotten()
                self.verified()
                ca.stop()


class Layout(RestoreCase):
    """Wherever the configuration has its files."""

    def edit(self, *pairs):
        path = self.ca.dir / "hanaper.yaml"
        text = path.read_text()
        for a, b in pairs:
            self.assertIn(a, text)
            text = text.replace(a, b)
        path.write_text(text)

    # S86: nothing that was there is lost
    def test_keys_of_one_name_make_way_without_meeting(self):
        ca = self.ca
        ca.stop()
        run(HANAPER, "rotate", "--dir", ca.dir)
        self.edit(("issuers/main.key", "a/ca.key"), ("issuers/main-2.key", "b/ca.key"))
        for name, key in (("a", "main.key"), ("b", "main-2.key")):
            (ca.dir / name).mkdir(mode=0o700)
            (ca.dir / "issuers" / key).rename(ca.dir / name / "ca.key")
        ca.start()
        ca.stop()
        self.backup("--with-keys")
        keys = {name: (ca.dir / name / "ca.key").read_text() for name in "ab"}
        changed = []
        for again in ("once", "and again, in the same second perhaps"):
            for name in "ab":
                changed.append(f"{name}'s, {again}\n{keys[name]}")
                (ca.dir / name / "ca.key").write_text(changed[-1])
            self.restore()
            for name in "ab":
                self.assertEqual((ca.dir / name / "ca.key").read_text(), keys[name])
        kept = [p.read_text() for p in ca.dir.glob("before-restore-*/*/ca.key")]
        self.assertEqual(sorted(kept), sorted(changed))
        self.assertEqual({p.stat().st_mode & 0o777 for p in ca.dir.glob("before-restore-*/**/ca.key")}, {0o600})
        ca.start()

    # S86: however hanaper.yaml writes them, or where all is lost there is nothing to put back
    def test_paths_of_issuers_are_written_as_one_likes(self):
        ca = self.ca
        ca.stop()
        run(HANAPER, "rotate", "--dir", ca.dir)
        self.edit(("issuers/main.crt", f"{ca.dir}/issuers/our issuer.crt"), ("issuers/main.key", f"{ca.dir}//./a b/ä.key"),
                  ("issuers/main-2.crt", "./issuers/./ö.crt"), ("issuers/main-2.key", "./issuers//(2) main.key"))
        (ca.dir / "a b").mkdir(mode=0o700)
        for was, becomes in (("main.crt", "issuers/our issuer.crt"), ("main.key", "a b/ä.key"),
                             ("main-2.crt", "issuers/ö.crt"), ("main-2.key", "issuers/(2) main.key")):
            (ca.dir / "issuers" / was).rename(ca.dir / becomes)
        ca.start()
        left = json.loads(self.backup("--json").stdout)["left_out"]
        self.assertEqual([x.split(":")[0] for x in left if "--with-keys" in x],
                         ["root.key", "acme.key", "./issuers//(2) main.key", f"{ca.dir}//./a b/ä.key", "admin.key"])
        doctor = run(HANAPER, "doctor", "--dir", ca.dir, check=False).stdout
        for key in ("acme.key", "(2) main.key", "a b/ä.key"):
            self.assertIn(f"{key} is not in it", doctor)
        self.file.unlink()
        self.assertEqual(json.loads(self.backup("--json", "--with-keys").stdout)["left_out"], [])
        serial = ca.issue("x", "DNS:x.internal")
        ca.revoke(serial)
        self.numbers = self.published(serial, of="main-2")
        keys = {name: (ca.dir / name).read_bytes() for name in ("a b/ä.key", "issuers/(2) main.key", "acme.key")}
        ca.stop()
        shutil.rmtree(ca.dir)
        self.restore(*self.crls())
        self.assertEqual({name: (ca.dir / name).read_bytes() for name in keys}, keys)
        ca.start()
        self.assertEqual(ca.ocsp(serial, issuer=ca.dir / "issuers/ö.crt"), "revoked")
        self.verified()

    # S86
    def test_what_cannot_be_in_a_backup_is_told_and_no_certificate_is_left_out(self):
        ca = self.ca
        ca.stop()
        yaml = (ca.dir / "hanaper.yaml").read_text()
        outside, deep = ca.tmp / "outside.key", "d" * 200
        (ca.dir / "issuers/main.key").rename(outside)
        (ca.dir / deep / deep).mkdir(parents=True)
        for key, why in ((outside, "outside of the CA directory"), ("../outside.key", "outside of the CA directory"),
                         ("issuers/../../outside.key", '".." in it'), (f"{deep}/{deep}/my.key", "too long")):
            (ca.dir / "hanaper.yaml").write_text(yaml.replace("issuers/main.key", str(key)))
            left = json.loads(self.backup("--json", "--with-keys").stdout)["left_out"]
            self.assertEqual(len(left), 1)
            self.assertTrue(left[0].startswith(f"{key}: ") and why in left[0], left)
            self.file.unlink()
        self.edit((f"{deep}/{deep}/my.key", f"{outside}"), ("issuers/main.crt", "issuers/../issuers/main.crt"))
        self.says(self.backup("--with-keys", check=False), '"issuers/../issuers/main.crt" cannot be in an archive')
        self.assertFalse(self.file.exists())

    def with_database_at(self, where):
        """The CA's database is there; one of its certificates was revoked after the backup."""
        ca = self.ca
        serial = ca.issue("x", "DNS:x.internal")
        ca.stop()
        path = ca.dir / where
        path.parent.mkdir(mode=0o750, exist_ok=True)
        shutil.copy(ca.dir / "hanaper.db", path)
        path.chmod(0o600)
        self.lose("hanaper.db")
        self.edit(("sqlite:hanaper.db", f"sqlite:{where}"))
        ca.start()
        self.backup("--with-keys")
        ca.revoke(serial)
        self.numbers = self.published(serial)
        ca.stop()
        return serial, path

    def put_back(self, serial, path):
        ca = self.ca
        run("cp", "-a", ca.dir, ca.tmp / "before")
        acme = (path.parent / "acme.key").read_bytes()
        for lost in ("all", "database", "journal", "nothing"):
            with self.subTest(lost=lost):
                shutil.rmtree(ca.dir)
                if lost == "all":
                    shutil.rmtree(path.parent, ignore_errors=True)
                else:
                    run("cp", "-a", ca.tmp / "before", ca.dir)
                kept = path.read_bytes() if path.exists() else None
                if lost == "database":
                    path.write_bytes(b"no database at all" * 1000)
                if lost == "journal":
                    self.lose("journal")
                self.restore(*(self.crls() if lost == "all" else ()))
                self.assertEqual((path.parent / "acme.key").read_bytes(), acme)
                if lost == "journal":
                    others = [*path.parent.glob("hanaper.db.before-*"), *ca.dir.glob("before-restore-*/data/hanaper.db")]
                    self.assertTrue(any(p.read_bytes() == kept for p in others), others)
                ca.start()
                self.assertEqual(ca.ocsp(serial), "revoked")
                self.grown(self.numbers["main"])
                self.verified()
                ca.stop()

    # S86
    def test_a_database_in_a_directory_of_its_own(self):
        self.put_back(*self.with_database_at("data/hanaper.db"))

    # S86
    def test_a_database_on_another_file_system(self):
        shm = pathlib.Path("/dev/shm")
        if not os.access(shm, os.W_OK) or shm.stat().st_dev == self.ca.tmp.stat().st_dev:
            self.skipTest("there is no other file system")
        top = pathlib.Path(tempfile.mkdtemp(prefix="hnp-", dir=shm))
        self.addCleanup(shutil.rmtree, top)
        self.put_back(*self.with_database_at(f"{top}/data/hanaper.db"))

    # S82, S86: by root, all of it is the owner's
    @unittest.skipIf(os.geteuid() != 0, "takes root")
    def test_a_directory_of_another_user(self):
        ca, (serial, path) = self.ca, self.with_database_at("data/hanaper.db")
        ca.tmp.chmod(0o711)
        if not all(p.stat().st_mode & 0o001 for p in ca.tmp.parents):
            self.skipTest(f"{ca.tmp} is closed to others")
        self.early = self.late = serial
        for lost in ("journal", "all"):
            with self.subTest(lost=lost):
                if lost == "all":
                    shutil.rmtree(ca.dir)
                    ca.dir.mkdir(mode=0o750)
                else:
                    self.lose("journal")
                    with open(ca.dir / "issuers/main.key", "a") as f:
                        f.write("# since\n")
                for p in (ca.dir, *ca.dir.rglob("*")):
                    os.lchown(p, OWNER, OWNER)
                self.restore(*(self.crls() if lost == "all" else ()))
                for p in (ca.dir, *ca.dir.rglob("*")):
                    self.assertEqual((p.lstat().st_uid, p.lstat().st_gid), (OWNER, OWNER), p)
                if lost == "journal":
                    self.assertEqual(len(list(ca.dir.glob("before-restore-*/data/hanaper.db"))), 1)
                    self.assertEqual(len(list(ca.dir.glob("before-restore-*/issuers/main.key"))), 1)
                self.verified()
                run(BUILD / "hanaperd", "--check", "--dir", ca.dir)

    # S86: before anything has been put anywhere
    def test_a_directory_that_cannot_be_made_is_told_first(self):
        ca = self.ca
        ca.stop()
        self.edit(("sqlite:hanaper.db", "sqlite:data/hanaper.db"))
        (ca.dir / "data").mkdir(mode=0o750)
        shutil.copy(ca.dir / "hanaper.db", ca.dir / "data/hanaper.db")
        (ca.dir / "data/hanaper.db").chmod(0o600)
        self.backup()
        shutil.rmtree(ca.dir)
        ca.dir.mkdir(mode=0o750)
        (ca.dir / "data").write_text("a file")
        self.says(self.restore("--nothing-since", check=False), "/data")
        self.assertEqual([p for p in ("journal", "hanaper.yaml", "root.crt") if (ca.dir / p).exists()], [])


@unittest.skipIf(hnp.WRAP or hnp.SANITIZED and not ALL, "it preloads a library")
class CutOff(RestoreCase):
    """Killed before each name that it makes, moves or takes away; run again, it has done what it should."""

    kind = faults.FaultCA

    def all_lost(self):
        shutil.rmtree(self.ca.dir)
        return self.crls()

    def journal_lost(self):
        shutil.rmtree(self.ca.dir / "journal")
        return []

    def database_old(self):
        """And keys and hanaper.yaml have changed since the backup."""
        self.lose("hanaper.db")
        shutil.copy(self.ca.tmp / "older.db", self.ca.dir / "hanaper.db")
        return self.changed()

    def changed(self):
        for name in ("issuers/main.key", "root.key", "hanaper.yaml"):
            with open(self.ca.dir / name, "a") as f:
                f.write("# since\n")
        return []

    def journal_old(self):
        self.older_journal()
        return []

    def small_files(self):
        d = self.ca.dir
        return {p.read_bytes() for p in d.rglob("*") if p.is_file() and ".restore-" not in str(p)
                and not p.relative_to(d).parts[0].startswith(("journal", "hanaper.db", "pub", "run"))}

    def prepared(self):
        """What is there when the first restore begins."""

    def judged(self, last):
        run(BUILD / "hanaperd", "--check", "--dir", self.ca.dir)
        if last:
            self.ca.start()
            self.assertEqual(self.ca.ocsp(self.early), "revoked")
            self.grown(self.numbers["main"])
            self.ca.stop()

    def again_from_each_cut(self, damage):
        ca = self.ca
        self.history()
        options = damage(self)
        self.prepared()
        before = ca.tmp / "damaged"
        if ca.dir.exists():
            run("cp", "-a", ca.dir, before)
            there = self.small_files()
        else:
            there = set()
        for n in range(1, 1000):
            shutil.rmtree(ca.dir, ignore_errors=True)
            if before.exists():
                run("cp", "-a", before, ca.dir)
            ca.plan("cli", faults.NAME, faults.KILL_BEFORE, first=n)
            killed = ca.command("restore", self.file, "--dir", ca.dir, *options, check=False)
            ca.unplan()
            with self.subTest(damage=damage.__name__, n=n):
                if killed.returncode == -signal.SIGKILL:
                    left = [p for d in (ca.dir, ca.tmp) for p in d.glob("*.restore-*") if p.is_dir()]
                    done = self.restore(*options)
                    for path in left:
                        self.assertIn(f"{path} is left over from a restore that was cut off", done.stdout)
                self.nothing_forgotten()
                for name, number in self.numbers_in_database().items():
                    self.assertGreaterEqual(number, self.numbers[name], name)
                self.assertLessEqual(there, self.small_files())
                self.judged(n % STARTS == 0 or killed.returncode == 0)
            for path in ca.tmp.glob("ca.restore-*"):
                shutil.rmtree(path)
            if killed.returncode != -signal.SIGKILL:
                self.assertEqual(killed.returncode, 0, killed.stderr)
                break
        self.assertGreater(n, 20)
        print(f"     {damage.__name__}: cut off {n - 1} times", flush=True)

    # S86
    def test_where_all_was_lost(self):
        self.again_from_each_cut(CutOff.all_lost)

    # S86
    def test_where_the_journal_was_lost(self):
        self.again_from_each_cut(CutOff.journal_lost)

    # S86
    def test_where_the_database_was_old(self):
        self.again_from_each_cut(CutOff.database_old)

    # S86
    def test_where_the_journal_was_old(self):
        self.again_from_each_cut(CutOff.journal_old)

    # S82, S86: by root, the signer's journal and keys are the signer's wherever it was cut off
    @unittest.skipIf(os.geteuid() != 0, "takes root")
    def test_of_other_users(self):
        d, signers = self.ca.dir, ("journal", "root.key", "issuers/main.key")
        self.ca.tmp.chmod(0o711)
        if not all(p.stat().st_mode & 0o001 for p in self.ca.tmp.parents):
            self.skipTest(f"{self.ca.tmp} is closed to others")

        def prepared():
            for path in (d, *d.rglob("*")):
                os.lchown(path, OWNER, OWNER)
            for path in (*(d / name for name in signers), *(d / "journal").iterdir()):
                os.lchown(path, SIGNER, OWNER)
            (d / "issuers").chmod(0o750)

        def judged(_):
            for path in d.rglob("*"):
                name = path.relative_to(d)
                if not name.parts[0].startswith((".restore-", "before-restore-")):
                    signer = str(name) in signers or name.parts[0] == "journal"
                    self.assertEqual(path.lstat().st_uid, SIGNER if signer else OWNER, name)
            self.assertEqual([p for p in d.glob("before-restore-*/**/*.key") if p.stat().st_uid != SIGNER], [])

        self.prepared, self.judged = prepared, judged
        self.again_from_each_cut(CutOff.all_old)

    def all_old(self):
        self.older_journal()
        return self.changed()


if __name__ == "__main__":
    unittest.main()
