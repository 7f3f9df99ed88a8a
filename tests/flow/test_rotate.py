# SPDX-License-Identifier: Apache-2.0
"""hanaper rotate: the next intermediate; the one before goes on for what it signed."""
import hashlib
import json
import os
import pathlib
import re
import shutil
import ssl
import tempfile
import time
import unittest

import journal
from hnp import BUILD, CA, SLOW, FlowTest, run

KILLED = -9
FAULTS = b"HNP_FAULT" in (BUILD / "hanaper").read_bytes()


def rotate(ca, *options, status=0, env=None, where=None):
    done = run(BUILD / "hanaper", "rotate", "--dir", where or ca.dir, *options, check=False,
               env={**os.environ, **(env or {})})
    if done.returncode != status:
        raise AssertionError(f"exit status {done.returncode}\n{done.stdout}\n{done.stderr}")
    return json.loads(done.stdout) if status == 0 and "--json" in options else done.stdout + done.stderr


def text_of(path, *what):
    return run("openssl", "x509", "-in", path, "-noout", *what).stdout


def verify(ca, base):
    """openssl and GnuTLS accept BASE's chain, with nothing but the root at hand."""
    run("openssl", "verify", "-x509_strict", "-CAfile", ca.dir / "root.crt", "-untrusted", ca.file(base + ".crt"),
        ca.file(base + ".leaf.crt"))
    run("certtool", "--verify", "--load-ca-certificate", ca.dir / "root.crt", "--infile", ca.file(base + ".crt"))


def issuer_of(ca, base):
    return text_of(ca.file(base + ".leaf.crt"), "-issuer").strip().rsplit("= ", 1)[1]


def tree(ca):
    """All files but those of the database, and what they hold."""
    return {str(p.relative_to(ca.dir)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in ca.dir.rglob("*") if p.is_file() and "hanaper.db" not in p.name and p.parent.name != "run"}


def audit_is_clean(ca):
    run(BUILD / "hanaper", "audit", "verify", "--dir", ca.dir)


class Followed(FlowTest):
    """One rotation, and all that was before it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        ca = cls.ca
        cls.old = ca.issue("old", "DNS:old.internal", profile="peer")
        cls.gone = ca.issue("gone", "DNS:gone.internal")
        assert ca.revoke(cls.gone).status == 200
        ca.stop()
        cls.yaml = (ca.dir / "hanaper.yaml").read_text() + "# the last word: \u00e4\u20ac\n"
        (ca.dir / "hanaper.yaml").write_text(cls.yaml)
        cls.told = rotate(ca, "--json")
        ca.start()

    # P19, P30, P41, P43
    def test_what_is_issued_now_is_the_new_ones_and_strangers_accept_it(self):
        ca = self.ca
        serial = ca.issue("new", "DNS:new.internal")
        verify(ca, "new")
        self.assertEqual(issuer_of(ca, "new"), "Hanaper Issuing CA 2")
        self.assertEqual(ca.file("new.crt").read_text().count("BEGIN CERT"), 2)
        self.assertIn("main-2.crl", text_of(ca.file("new.leaf.crt"), "-text"))
        chain = ca.file("chain-2.pem")
        chain.write_bytes(ca.ask_http("GET", "/ca/main-2/chain.pem").body)
        self.assertEqual(ca.ocsp(serial, issuer=chain), "good")
        self.assertEqual(ca.revoke(serial).status, 200)
        self.assertEqual(ca.ocsp(serial, issuer=chain), "revoked")
        run(BUILD / "hanaper", "issue", "localhost", "--dir", ca.dir, cwd=ca.tmp)
        run("openssl", "verify", "-x509_strict", "-CAfile", ca.dir / "root.crt", "-untrusted", ca.file("localhost.crt"),
            ca.file("localhost.crt"))

    # P8, P19, P31, P35
    def test_the_certificate_is_as_the_one_before_but_for_key_name_and_times(self):
        ca, told = self.ca, self.told
        old, new = ca.dir / "issuers/main.crt", ca.dir / "issuers/main-2.crt"
        self.assertEqual((told["issuer"], told["follows"]), ("main-2", "main"))
        self.assertEqual(told["subject"], "CN=Hanaper Issuing CA 2, O=Hanaper")
        self.assertEqual(told["certificate"], str(new))
        self.assertEqual(text_of(new, "-serial").strip().split("=")[1].lower(), told["serial"].lstrip("0").rjust(40, "0"))
        self.assertNotEqual(text_of(old, "-pubkey"), text_of(new, "-pubkey"))
        one, two = (re.sub(r"\s+", " ", text_of(c, "-ext", "basicConstraints,keyUsage,crlDistributionPoints,"
                                                         "authorityInfoAccess,authorityKeyIdentifier")) for c in (old, new))
        self.assertEqual(one, two)
        run("openssl", "verify", "-x509_strict", "-CAfile", ca.dir / "root.crt", new)
        linted = run(BUILD / "hanaper", "lint", new, "--json")
        self.assertNotIn('"error"', linted.stdout)
        span = []
        for path in (old, new):
            done = run("certtool", "--certificate-info", "--infile", path).stdout
            times = re.findall(r"Not (?:Before|After): (.*)", done)
            span.append([run("date", "-d", t, "+%s").stdout for t in times])
        (a, b), (c, d) = [[int(x) for x in s] for s in span]
        self.assertEqual(b - a, d - c)
        self.assertEqual((ca.dir / "issuers/main-2.key").stat().st_mode & 0o777, 0o600)

    # P41
    def test_the_one_before_goes_on_for_what_it_signed(self):
        ca = self.ca
        verify(ca, "old")
        self.assertEqual(issuer_of(ca, "old"), "Hanaper Issuing CA")
        self.assertEqual(ca.ocsp(self.old), "good")
        self.assertEqual(ca.ocsp(self.gone), "revoked")
        for name in ("main", "main-2"):
            done = run("openssl", "crl", "-inform", "DER", "-in", ca.crl(name), "-noout", "-CAfile",
                       ca.dir / f"issuers/{name}.crt")
            self.assertIn("verify OK", done.stdout + done.stderr)
        self.assertIn(self.gone.upper(), ca.crl_text("main"))
        self.assertEqual(ca.ask_http("GET", "/ca/main/chain.pem").body, (ca.dir / "issuers/main.crt").read_bytes())

    # P43
    def test_a_renewal_is_signed_by_the_new_one(self):
        ca = self.ca
        a = ca.ask("POST", "/v1/renew", ca.csr("renewed", "DNS:old.internal"), {"Content-Type": "text/plain"},
                   cert=ca.file("old.crt"), key=ca.file("old.key"))
        self.assertEqual(a.status, 201, a)
        ca.file("renewed.crt").write_text(a.json["chain"])
        ca.file("renewed.leaf.crt").write_text(a.json["certificate"])
        verify(ca, "renewed")
        self.assertEqual(issuer_of(ca, "renewed"), "Hanaper Issuing CA 2")

    def test_both_are_listed_and_the_daemon_itself_has_the_new_ones(self):
        ca = self.ca
        self.assertEqual([i["name"] for i in ca.ask("GET", "/v1/issuers").json["issuers"]], ["root", "main-2", "main"])
        seen = run("openssl", "s_client", "-connect", f"127.0.0.1:{ca.api_port}", "-CAfile", ca.dir / "root.crt",
                   stdin="").stdout
        self.assertIn("Issuing CA 2", seen)
        self.assertIn("Verify return code: 0", seen)
        done = run(BUILD / "hanaper", "renew-all", "--where", "issuer=main", "--within", "6h", "--dry-run", "--dir", ca.dir)
        self.assertRegex(done.stdout, r"certificates +[1-9]")

    def test_the_auditor_sees_it_and_finds_no_fault(self):
        audit_is_clean(self.ca)
        rows = self.ca.ask("GET", "/v1/audit?event=issued&limit=100").json
        self.assertIn(("hanaper rotate", "intermediate", self.told["serial"]),
                      [(r["identity"], r.get("profile"), r.get("serial")) for r in next(iter(rows.values()))])
        done = run(BUILD / "hanaper", "doctor", "--json", "--dir", self.ca.dir)
        self.assertTrue(json.loads(done.stdout)["healthy"], done.stdout)

    def test_what_the_configuration_said_besides_it_says_still(self):
        now = (self.ca.dir / "hanaper.yaml").read_text()
        row = "  - name: main-2\n    certificate: issuers/main-2.crt\n    key: issuers/main-2.key\n"
        self.assertEqual(now.replace(row, "", 1).replace("issuer: main-2\n", "issuer: main\n"), self.yaml)
        self.assertIn("issuers:\n" + row + "  - name: main\n", now)

    # S86
    def test_a_backup_holds_both(self):
        ca = self.ca
        run(BUILD / "hanaper", "backup", ca.file("b.tar"), "--with-keys", "--dir", ca.dir)
        other = ca.tmp / "other"
        run(BUILD / "hanaper", "restore", ca.file("b.tar"), "--dir", other, "--nothing-since")
        for name in ("main", "main-2"):
            for end in ("crt", "key"):
                path = f"issuers/{name}.{end}"
                self.assertEqual((other / path).read_bytes(), (ca.dir / path).read_bytes())
        run(BUILD / "hanaperd", "--check", "--dir", other)
        audit = run(BUILD / "hanaper", "audit", "verify", "--dir", other, check=False)
        self.assertEqual(audit.returncode, 0, audit.stdout)


class RotateTest(FlowTest):
    """A CA for each test; no daemon runs but where a test starts it."""

    @classmethod
    def setUpClass(cls):
        pass

    def setUp(self):
        self.ca = CA(*self.options)
        self.addCleanup(self.ca.close)

    def refused(self, *words, status=1, options=(), env=None):
        """It says so, and all is as it was."""
        before = tree(self.ca)
        said = rotate(self.ca, *options, status=status, env=env)
        self.assertEqual(tree(self.ca), before, said)
        for word in words:
            self.assertIn(word, said)
        return said

    def names(self):
        yaml = (self.ca.dir / "hanaper.yaml").read_text()
        return re.findall(r"^  - name: (\S+)\n    certificate", yaml, re.M)

    def works(self, cn, base="a"):
        self.ca.start()
        self.ca.issue(base, "DNS:a.internal")
        verify(self.ca, base)
        self.assertEqual(issuer_of(self.ca, base), cn)
        self.assertEqual(self.ca.stop(), 0)


class Asked(RotateTest):
    """What can be asked of it, and what is refused."""

    # P43
    def test_each_follows_the_one_before(self):
        ca = self.ca
        rotate(ca)
        self.assertIn("main-2, ", self.refused("there is nothing to follow", options=("main",)).replace("\n", ", "))
        self.assertEqual(rotate(ca, "--json")["issuer"], "main-3")
        self.assertEqual(self.names(), ["main-3", "main-2", "main"])
        self.works("Hanaper Issuing CA 3")
        self.assertEqual(rotate(ca, "--json", "--as", "spring")["subject"], "CN=Hanaper Issuing CA 4, O=Hanaper")
        self.assertEqual(rotate(ca, "--json")["issuer"], "spring-2")
        audit_is_clean(ca)

    def test_of_several_one_has_to_be_named_and_the_others_are_let_be(self):
        ca, path = self.ca, self.ca.dir / "hanaper.yaml"
        rotate(ca)
        yaml = path.read_text()
        head, profiles = yaml.split("profiles:\n", 1)
        head = head.replace("  - name: main\n", "  # the first\n  - name: main\n")
        path.write_text(head + "profiles:\n" + profiles.replace("issuer: main-2", "issuer: \"main\"", 2))
        self.refused("say which issuer", "main-2, main", "--help", status=2)
        self.assertEqual(rotate(ca, "main", "--json")["issuer"], "main-3")
        now = path.read_text()
        self.assertEqual(self.names(), ["main-2", "main-3", "main"])
        self.assertEqual(now.count('issuer: "main-3"'), 2)
        self.assertEqual(now.count("issuer: main-2\n"), 4)
        self.assertIn("  # the first\n  - name: main\n", now)
        self.works("Hanaper Issuing CA 3")

    def test_a_running_daemon_is_told_of(self):
        self.ca.start()
        self.assertIn("stop it, rotate, start it again", rotate(self.ca, status=1))
        self.assertIn("no issuer \"other\"", rotate(self.ca, "other", status=1), "that is told first: stopping would be in vain")
        self.ca.issue("a", "DNS:a.internal")
        self.assertEqual(issuer_of(self.ca, "a"), "Hanaper Issuing CA")

    # P43, R26
    def test_the_roots_key_is_this_cas_wherever_it_is_kept(self):
        ca, away = self.ca, self.ca.file("usb.key")
        (ca.dir / "root.key").rename(away)
        self.refused("root.key is not there", "--root-key FILE")
        foreign = CA()
        self.addCleanup(foreign.close)
        self.refused("not the key of this CA", options=("--root-key", foreign.dir / "root.key"))
        self.refused("not the key of this CA", options=("--root-key", ca.dir / "issuers/main.key"))
        away.chmod(0o644)
        self.refused("lets others in", options=("--root-key", away))
        away.chmod(0o600)
        rotate(ca, "--root-key", away)
        self.assertFalse((ca.dir / "root.key").exists())
        self.works("Hanaper Issuing CA 2")

    # P43
    def test_names_and_issuers_that_cannot_be(self):
        for name in ("root", "Main", "-a", "a/b", "", "a" * 33, "a.b"):
            self.refused("--as", status=2, options=("--as=" + name,))
        (self.ca.dir / "issuers/spare.key").write_text("")
        for name in ("main", "spare"):
            self.refused("there is an issuer of this name, or a file", options=("--as", name))
        self.refused('no issuer "other"', "main", options=("other",))
        self.refused("--validity", status=2, options=("--validity", "soon"))
        self.refused("ended already", status=2, options=("--validity", "1h"))
        self.refused("--key-type", status=2, options=("--key-type", "dsa"))
        (self.ca.dir / "issuers/main-2.crt").write_text("")
        self.assertEqual(rotate(self.ca, "--json")["issuer"], "main-3")

    # P10
    def test_doctor_tells_when_one_ends_and_not_of_one_that_is_followed(self):
        ca = self.ca
        rotate(ca, "--validity", "40d")
        ca.start()
        found = {f["found"].split()[1]: f for f in json.loads(run(BUILD / "hanaper", "doctor", "--json", "--dir", ca.dir).stdout)
                 ["findings"] if f["check"] == "lifetimes"}
        self.assertEqual({n: f["level"] for n, f in found.items()}, {"root": "ok", "main": "ok", "main-2": "warn"})
        self.assertIn("hanaper rotate", found["main-2"]["todo"])
        ca.stop()
        path = ca.dir / "hanaper.yaml"
        path.write_text(re.sub(r"  - name: main\n(    .*\n)+", "", path.read_text(), count=1))
        rotate(ca)  # as without the one before
        self.assertEqual(self.names(), ["main-3", "main-2"])
        ca.start()
        done = run(BUILD / "hanaper", "issue", "localhost", "--dir", ca.dir, cwd=ca.tmp)
        self.assertEqual(done.returncode, 0)
        ca.stop()
        audit_is_clean(ca)

    # Clients of what it signed still ask.
    def test_one_that_is_taken_out_too_early_is_told_of(self):
        ca = self.ca
        ca.start()
        ca.issue("lives", "DNS:lives.internal")
        ca.stop()
        rotate(ca)
        yaml = (ca.dir / "hanaper.yaml").read_text()
        for out, level in (("", "ok"), ("  - name: main\n", "FAIL")):
            lines = yaml.splitlines(keepends=True)
            if out:
                at = lines.index(out)
                while lines[at] == out or lines[at].startswith("    "):
                    del lines[at]
            (ca.dir / "hanaper.yaml").write_text("".join(lines))
            ca.start()
            end, told = time.monotonic() + 10 * SLOW, []
            while not told and time.monotonic() < end: # until the daemon has counted
                done = run(BUILD / "hanaper", "doctor", "--json", "--dir", ca.dir, check=False)
                told = [f for f in json.loads(done.stdout)["findings"] if f["check"] == "issuers"]
            self.assertEqual([f["level"] for f in told], [level], told)
            self.assertEqual("issuer-unnamed" in ca.log.read_text(), bool(out))
            ca.stop()
        self.assertIn("issuer main signed", told[0]["found"])

    # P8, P10
    def test_it_ends_when_it_is_told_to_and_never_after_the_root(self):
        ca = self.ca
        short = rotate(ca, "--json", "--validity", "90d", "--key-type", "ed25519")
        self.assertEqual(short["told"], [])
        text = text_of(short["certificate"], "-text")
        self.assertIn("ED25519", text)
        self.works("Hanaper Issuing CA 2")
        told = rotate(ca, "--json", "--validity", "50y", "--key-type", "ecdsa-p384")
        self.assertIn("it ends with the root", told["told"][0])
        ends = [text_of(p, "-enddate") for p in (told["certificate"], ca.dir / "root.crt")]
        self.assertEqual(ends[0], ends[1])
        self.assertIn("no later than the one before", " ".join(rotate(ca, "--json")["told"]))
        self.works("Hanaper Issuing CA 4", "b")

    # P36, P41
    def test_only_what_the_root_has_signed_itself(self):
        ca = self.ca
        path = ca.dir / "issuers/main.crt"
        one = path.read_text()
        path.write_text(one + (ca.dir / "root.crt").read_text())
        self.refused("holds a chain", "only an issuer that the root itself has signed")
        foreign = CA()
        self.addCleanup(foreign.close)
        path.write_text((foreign.dir / "issuers/main.crt").read_text())
        self.refused("was not signed by the root")

    def test_grants_that_name_it_are_told_of(self):
        path = self.ca.dir / "hanaper.yaml"
        yaml = path.read_text().replace("\ngrants:\n", "\ngrants:\n  - who: { issuer: main }\n    may: [read]\n", 1)
        path.write_text(yaml)
        self.assertIn("grant 1 of", rotate(self.ca))
        self.assertIn("who: { issuer: main }", path.read_text())

    def test_what_cannot_be_edited_is_refused_before_anything_is_made(self):
        path = self.ca.dir / "hanaper.yaml"
        yaml = path.read_text()
        path.write_text(yaml.replace("issuers:\n", "issuers: &all\n", 1))
        self.refused("is not edited here")
        path.write_text(yaml + "nonsense: 1\n")
        self.refused("nonsense")

    def test_a_configuration_that_lies_elsewhere(self):
        ca, etc = self.ca, self.ca.tmp / "etc"
        etc.mkdir()
        yaml = (ca.dir / "hanaper.yaml").read_text()
        (ca.dir / "hanaper.yaml").unlink()
        (etc / "hanaper.yaml").write_text(f"dir: {ca.dir}\n" + yaml)
        (etc / "hanaper.yaml").chmod(0o640)
        told = rotate(ca, "--json", where=etc)
        self.assertEqual(told["configuration"], str(etc / "hanaper.yaml"))
        self.assertEqual(told["key"], str(ca.dir / "issuers/main-2.key"))
        self.assertEqual((etc / "hanaper.yaml").stat().st_mode & 0o777, 0o640)
        self.assertEqual([p.name for p in etc.iterdir()], ["hanaper.yaml"])
        run(BUILD / "hanaperd", "--check", "--dir", etc)

    def test_without_a_list_of_issuers_there_is_one_afterwards(self):
        path = self.ca.dir / "hanaper.yaml"
        yaml = path.read_text()
        path.write_text(re.sub(r"issuers:\n(  .*\n)+", "", yaml).replace("    issuer: main\n", ""))
        rotate(self.ca)
        self.assertEqual(self.names(), ["main-2", "main"])
        self.works("Hanaper Issuing CA 2")


class Clock(RotateTest):
    """A certificate cannot be taken back: a clock that is plainly wrong is told of."""

    # P8, P9
    def test_a_clock_before_the_roots_first_second_is_refused(self):
        path = self.ca.dir / "root.crt"
        der = ssl.PEM_cert_to_DER_cert(path.read_text())
        span = re.compile(rb"\x17\x0d(\d{12}Z)\x17\x0d(\d{12}Z)")  # it begins when it ends
        path.write_text(ssl.DER_cert_to_PEM_cert(span.sub(b"\x17\x0d\\2\x17\x0d\\2", der, count=1)))
        began = run("date", "-ud", text_of(path, "-startdate").strip().split("=")[1], "+%FT%TZ").stdout.strip()
        self.refused(f"the root began at {began}", "set the clock")

    # P8
    def test_a_clock_before_the_journals_last_record_is_refused(self):
        now = int(time.time())
        body = journal.revocation("main", bytes(range(1, 17)), now + 10**7, now, 0)
        journal.append(self.ca.dir / "journal", journal.REVOCATION, now + 200, [body])  # a clock may be a little off
        rotate(self.ca)
        journal.append(self.ca.dir / "journal", journal.REVOCATION, now + 3600, [body])
        self.refused("journal's last record was written at 2", "set the clock")

    # P43
    def test_what_was_made_by_a_clock_that_was_ahead_can_be_followed(self):
        rotate(self.ca)
        journal.date_last(self.ca.dir / "journal", int(time.time()) + 10**8)
        self.assertEqual(rotate(self.ca, "--json")["issuer"], "main-3")
        self.works("Hanaper Issuing CA 3")

    # P8
    def test_from_when_it_is_and_that_the_one_before_has_ended(self):
        told = rotate(self.ca, "--json", "--validity", "3603s")
        self.assertEqual(told["told"], [])
        text = text_of(told["certificate"], "-startdate", "-enddate")
        for line, name in zip(text.splitlines(), ("not_before", "not_after")):
            self.assertEqual(run("date", "-d", line.split("=")[1], "+%s").stdout,
                             run("date", "-d", told[name], "+%s").stdout)
        time.sleep(4)
        said = rotate(self.ca)
        self.assertIn(f"issuer main-2 ended at {told['not_after']}: if that is not so, set the clock and rotate again",
                      " ".join(said.split()))
        self.assertRegex(said, r"(?m)^from +20\S+Z\nuntil +20\S+Z$")


class Bound(RotateTest):
    options = ("--domain", "example.test", "--name", "L" * 53)

    # P14, P35, P36
    def test_constraints_go_on_and_a_long_name_is_cut(self):
        told = rotate(self.ca, "--json")
        old, new = (text_of(p, "-ext", "nameConstraints") for p in (self.ca.dir / "issuers/main.crt", told["certificate"]))
        self.assertEqual(old, new)
        self.assertIn("DNS:example.test", new)
        self.ca.host = "127.0.0.1"  # localhost is no name of these domains
        self.assertIn("CN=" + "L" * 53 + " Issuing 2,", told["subject"])
        self.ca.start()
        self.ca.issue("in", "DNS:www.example.test")
        verify(self.ca, "in")
        with self.assertRaises(AssertionError):
            self.ca.issue("out", "DNS:www.example.org")



class Encrypted(RotateTest):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="hnp-")
        self.addCleanup(folder.cleanup)
        self.word = pathlib.Path(folder.name) / "word"
        self.word.write_text("correct horse\n")
        self.word.chmod(0o600)
        self.options = ("--passphrase-file", self.word)
        super().setUp()

    def opens(self, path, word="correct horse"):
        return run("openssl", "pkey", "-in", path, "-passin", "pass:" + word, "-noout", check=False).returncode == 0

    # S81
    def test_the_new_key_has_the_passphrase_of_the_one_before(self):
        ca = self.ca
        told = rotate(ca, "--json")
        self.assertTrue(told["encrypted"])
        self.assertIn("ENCRYPTED", (ca.dir / "issuers/main-2.key").read_text())
        self.assertTrue(self.opens(ca.dir / "issuers/main-2.key"))
        self.assertFalse(self.opens(ca.dir / "issuers/main-2.key", "x"))
        self.assertEqual((ca.dir / "hanaper.yaml").read_text().count("passphrase_file: "), 2)
        ca.start()
        ca.issue("a", "DNS:a.internal")
        verify(ca, "a")

    # S81
    def test_a_passphrase_that_the_configuration_does_not_name(self):
        ca, path = self.ca, self.ca.dir / "hanaper.yaml"
        path.write_text(re.sub(r"    passphrase_file: .*\n", "", path.read_text()))
        before = tree(ca)
        self.assertIn("--passphrase-file FILE", rotate(ca, status=1))
        wrong = ca.file("wrong")
        wrong.write_text("wrong\n")
        wrong.chmod(0o600)
        rotate(ca, "--passphrase-file", wrong, status=1)
        self.assertEqual(tree(ca), before)
        self.assertIn("credential by the name main-2", rotate(ca, "--passphrase-file", self.word))
        credentials = ca.tmp / "credentials"
        credentials.mkdir()
        for name in ("root", "main-2", "main-3", "main"):
            shutil.copy(self.word, credentials / name)
        env = {"CREDENTIALS_DIRECTORY": str(credentials)}
        rotate(ca, env=env)
        os.environ.update(env)
        self.addCleanup(os.environ.pop, "CREDENTIALS_DIRECTORY")
        ca.start()
        ca.issue("a", "DNS:a.internal")
        self.assertEqual(issuer_of(ca, "a"), "Hanaper Issuing CA 3")


    # S81
    def test_where_the_configuration_names_a_passphrase_only_that_one_is_taken(self):
        ca, path, other = self.ca, self.ca.dir / "hanaper.yaml", self.ca.file("other")
        other.write_text("wrong\n")
        other.chmod(0o600)
        yaml = path.read_text()
        path.write_text(re.sub(r"(    passphrase_file: ).*", rf"\g<1>{other}", yaml))
        said = self.refused(str(other), options=("--passphrase-file", self.word))
        self.assertIn("--passphrase-file is for root.key only", " ".join(said.split()))
        path.write_text(yaml)
        rotate(ca, "--passphrase-file", other)  # which opens nothing, nor has to
        self.works("Hanaper Issuing CA 2")


class CutOff(RotateTest):
    # P43, S87
    @unittest.skipUnless(FAULTS, "built without fault points")
    def test_killed_at_the_journal_it_is_the_ca_before_and_can_be_done_again(self):
        ca = self.ca
        yaml = (ca.dir / "hanaper.yaml").read_bytes()
        for n, point in enumerate(("before", "written", "after")):
            rotate(ca, status=KILLED, env={"HNP_FAULT": f"signer.journal.{point}:1:kill"})
            self.assertEqual((ca.dir / "hanaper.yaml").read_bytes(), yaml)
            self.assertTrue((ca.dir / f"issuers/main-{n + 2}.key").exists())
            if point != "after":
                self.works("Hanaper Issuing CA", point)
                audit_is_clean(ca)
        told = rotate(ca, "--json")  # the database is one record behind
        self.assertEqual(told["issuer"], "main-5")
        self.assertIn("taken into the database", " ".join(told["told"]))
        self.assertEqual(self.names(), ["main-5", "main"])
        self.works("Hanaper Issuing CA 4")  # two of those before were recorded
        audit_is_clean(ca)

    # P43
    def test_cut_off_before_the_configuration_it_is_the_ca_before(self):
        ca, path = self.ca, self.ca.dir / "hanaper.yaml"
        yaml = path.read_bytes()
        rotate(ca)
        path.write_bytes(yaml)
        self.works("Hanaper Issuing CA")
        self.assertEqual(rotate(ca, "--json")["subject"], "CN=Hanaper Issuing CA 3, O=Hanaper")
        self.assertEqual(self.names(), ["main-3", "main"])
        self.works("Hanaper Issuing CA 3", "b")
        audit_is_clean(ca)

    # S86
    def test_a_database_of_yesterday_and_a_journal_of_yesterday_are_refused(self):
        ca = self.ca
        shutil.copy(ca.dir / "hanaper.db", ca.file("old.db"))
        shutil.copytree(ca.dir / "journal", ca.file("old.journal"))
        self.works("Hanaper Issuing CA")
        shutil.copy(ca.dir / "hanaper.db", ca.file("new.db"))
        shutil.copy(ca.file("old.db"), ca.dir / "hanaper.db")
        self.refused("older than it once was")
        shutil.copy(ca.file("new.db"), ca.dir / "hanaper.db")
        shutil.rmtree(ca.dir / "journal")
        shutil.copytree(ca.file("old.journal"), ca.dir / "journal")
        self.refused("it is not the newest")
