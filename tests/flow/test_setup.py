# SPDX-License-Identifier: Apache-2.0
"""init and up in each form, rightly and wrongly; a backup put back with CRLs that are none."""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import hnp
from ports import free_port


def hanaper(*args, env=None, **kw):
    return hnp.run(hnp.BUILD / "hanaper", *args, check=False, env={**os.environ, **(env or {})}, **kw)


class Init(unittest.TestCase):
    def setUp(self):
        tmp = tempfile.TemporaryDirectory(prefix="hnp-")
        self.addCleanup(tmp.cleanup)
        self.tmp = pathlib.Path(tmp.name)

    # S89, S91
    def test_what_cannot_be_is_told_and_nothing_is_made(self):
        empty, spaced, loose = self.tmp / "empty", self.tmp / "nul", self.tmp / "loose"
        for path, text in ((empty, ""), (spaced, "a\0b\n"), (loose, "secret\n")):
            path.write_text(text)
            path.chmod(0o600)
        loose.chmod(0o644)
        file = self.tmp / "file"
        file.write_text("")
        into = self.tmp / "ca"
        for status, args, word in (
                (2, ["--api", "localhost"], "localhost"), (2, ["--api", ":8443"], ":8443"),
                (2, ["--api", "127.0.0.1:99999"], "99999"), (2, ["--api", "127.0.0.1:x"], "127.0.0.1:x"),
                (2, ["--api", "127.0.0.1:"], "127.0.0.1"), (2, ["--api", "[::1:8443"], "[::1"),
                (2, ["--http", "127.0.0.1:0x50"], "0x50"), (2, ["--metrics", "nowhere"], "nowhere"),
                (2, ["--api", "127.0.0.1:8443", "--http", "127.0.0.1:8443"], "8443"),
                (2, ["--url-api", "http://a.internal"], "https"), (2, ["--url-api", "https://"], ""),
                (2, ["--url-public", "https://a.internal"], "http"), (2, ["--url-public", "a.internal"], "a.internal"),
                (2, ["--dns", "not a name"], "not a name"), (2, ["--ip", "10.0.0.300"], "10.0.0.300"),
                (2, ["--domain", "a..b"], "a..b"),
                (2, ["--domain", "lab.internal", "--dns", "ca.elsewhere"], "ca.elsewhere"),
                (2, ["--key-type", "dsa"], "dsa"), (2, ["--key-type", "rsa-1024"], "rsa"),
                (2, ["--root-validity", "soon"], "--root-validity"), (2, ["--issuer-validity", "soon"], "--issuer"),
                (2, ["--root-validity", "1d", "--issuer-validity", "2d"], ""),
                (2, ["--name", ""], ""), (2, ["--name", "x" * 200], ""), (2, ["--root", "/x"], "--system"),
                (1, ["--passphrase-file", "/none"], "/none"), (1, ["--passphrase-file", str(empty)], "passphrase"),
                (1, ["--passphrase-file", str(spaced)], "passphrase"), (1, ["--passphrase-file", str(loose)], "loose"),
        ):
            with self.subTest(args=args):
                done = hanaper("init", "--dir", into, *args)
                self.assertIn(done.returncode, (1, 2) if status == 1 else (2, 1), done.stderr)
                self.assertIn(word, done.stderr)
                self.assertFalse(into.exists())
        self.assertEqual(hanaper("init", "--dir", file).returncode, 1, "a file is no directory")
        self.assertEqual(hanaper("init", "--dir", file / "below").returncode, 1)
        (self.tmp / "full").mkdir()
        (self.tmp / "full/mine").write_text("")
        self.assertEqual(hanaper("init", "--dir", self.tmp / "full").returncode, 1)
        self.assertEqual(os.listdir(self.tmp / "full"), ["mine"])
        self.assertFalse([p for p in os.listdir(self.tmp) if p not in ("empty", "nul", "loose", "file", "full")])

    def test_what_can_be_is_made_and_whole(self):
        secret = self.tmp / "secret"
        secret.write_text("a passphrase\n")
        secret.chmod(0o600)
        for n, args in enumerate((
                ["--dns", "ca.internal", "--ip", "10.0.0.1", "--ip", "::1", "--domain", "*.internal", "--domain", "lan"],
                ["--api", "0.0.0.0:18443", "--http", "[::]:18080", "--metrics", "[::1]:19090"],
                ["--api", "[::1]:443", "--http", "[::1]:80"],
                ["--url-api", "https://ca.internal/", "--url-public", "http://ca.internal//", "--name", "A \"B\" C"],
                ["--key-type", "ed25519", "--root-validity", "20d", "--issuer-validity", "10d"],
                ["--passphrase-file", secret, "--key-type", "ecdsa-p384"],
        )):
            with self.subTest(args=args):
                into = self.tmp / f"ca{n}"
                done = hanaper("init", "--dir", into, "--json", *args)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertTrue(json.loads(done.stdout))
                hnp.run(hnp.BUILD / "hanaperd", "--check", "--dir", into)
                again = hanaper("init", "--dir", into)
                self.assertEqual(again.returncode, 1)
                self.assertIn(str(into), again.stderr)
                self.assertNotIn("only this machine", done.stderr)
        self.assertIn("ENCRYPTED", (self.tmp / "ca5/root.key").read_text())
        self.assertIn("ENCRYPTED", (self.tmp / "ca5/issuers/main.key").read_text())

    def test_a_directory_may_have_slashes_at_its_end_as_shells_leave_them(self):
        for n, (there, args, env) in enumerate((
                (False, ["--dir", "ca0/"], {}), (True, ["--dir", "ca1/"], {}), (True, ["--dir=./ca2///"], {}),
                (False, [], {"HANAPER_DIR": "ca3/"}), (True, [], {"HANAPER_DIR": f"{self.tmp}/ca4//"}))):
            with self.subTest(args=args, env=env):
                if there:
                    (self.tmp / f"ca{n}").mkdir()
                done = hanaper("init", *args, env=env, cwd=self.tmp)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertNotIn(f"ca{n}/\n", done.stdout + done.stderr)
                hnp.run(hnp.BUILD / "hanaperd", "--check", "--dir", f"ca{n}/", cwd=self.tmp)
        b = self.tmp / "b.tar"
        hnp.run(hnp.BUILD / "hanaper", "backup", b, "--with-keys", "--dir", "ca0/", cwd=self.tmp)
        yaml = self.tmp / "ca0/hanaper.yaml"
        yaml.write_text("dir: state/\n" + yaml.read_text())
        (self.tmp / "ca0/state").symlink_to(".")
        hnp.run(hnp.BUILD / "hanaper", "backup", self.tmp / "elsewhere.tar", "--with-keys", "--dir", "ca0/", cwd=self.tmp)
        for name in ("there", "third"):
            (self.tmp / name).mkdir()
        for file, into in ((b, "new/"), (b, "there/"), (self.tmp / "elsewhere.tar", "third//")):
            with self.subTest(into=into):
                done = hanaper("restore", file, "--nothing-since", "--dir", into, cwd=self.tmp)
                self.assertEqual(done.returncode, 0, done.stderr)
                hnp.run(hnp.BUILD / "hanaperd", "--check", "--dir", into, cwd=self.tmp)
        self.assertEqual({p for p in os.listdir(self.tmp) if "." in p}, {"b.tar", "elsewhere.tar"})

    def test_the_directory_where_one_is_cannot_be_made_anew_and_it_says_from_where_it_can(self):
        into = self.tmp / "ca"
        into.mkdir()
        for name in (".", "./", "../ca/."):
            done = hanaper("init", "--dir", name, cwd=into)
            self.assertEqual(done.returncode, 1)
            self.assertIn("by its name from the directory above", done.stderr)
        self.assertEqual((os.listdir(self.tmp), os.listdir(into)), (["ca"], []))

    def test_urls_that_only_this_machine_reaches_are_told(self):
        for n, (args, told) in enumerate((
                (["--api", "0.0.0.0:18443"], True), (["--api", "[::]:18443"], True), ([], False),
                (["--api", "0.0.0.0:18443", "--dns", "ca.internal"], False),
                (["--api", "0.0.0.0:18443", "--http", "0.0.0.0:18080", "--json"], False),
                (["--api", "0.0.0.0:18443", "--url-public", "http://localhost", "--json"], True),
        )):
            with self.subTest(args=args):
                done = hanaper("init", "--dir", self.tmp / f"ca{n}", *args)
                self.assertEqual(done.returncode, 0, done.stderr)
                words = "for CRL and OCSP, which only this machine reaches; --http "
                self.assertEqual(words in done.stderr, told, done.stderr)


class Up(unittest.TestCase):
    def setUp(self):
        tmp = tempfile.TemporaryDirectory(prefix="hnp-")
        self.addCleanup(tmp.cleanup)
        self.tmp = pathlib.Path(tmp.name)

    def ports(self):
        return [a for name in ("--api", "--http", "--metrics") for a in (name, f"127.0.0.1:{free_port()}")]

    def until_ready(self, *args, end=signal.SIGINT, then=None, **kw):
        """Runs up until it is ready, does what is to be done then, ends it, and gives what it said and its status."""
        log = self.tmp / "log"
        with open(log, "w") as out:
            up = subprocess.Popen([hnp.BUILD / "hanaper", "up", *args], cwd=self.tmp, stdout=out, stderr=out,
                                  env={**os.environ, "TMPDIR": str(self.tmp), "HANAPER_DIR": ""}, **kw)
        late = time.monotonic() + 30 * hnp.SLOW
        while "ready" not in log.read_text() and up.poll() is None and time.monotonic() < late:
            time.sleep(0.02)
        if then and up.poll() is None:
            then()
        if up.poll() is None:
            up.send_signal(end)
        status = up.wait(30 * hnp.SLOW)
        return log.read_text(), status

    # S91
    def test_an_ephemeral_ca_leaves_nothing(self):
        said, status = self.until_ready("--ephemeral", *self.ports())
        self.assertIn("ready", said)
        self.assertNotIn("other machines", said)
        self.assertEqual([p for p in os.listdir(self.tmp) if p != "log"], [], said)
        self.assertIn(status, (0, -signal.SIGINT), said)
        done = hanaper("up", "--ephemeral", "--dir", self.tmp / "x", cwd=self.tmp)
        self.assertEqual(done.returncode, 2)

    # S91
    def test_an_ephemeral_ca_says_where_others_reach_it(self):
        _, api, _, http, _, metrics = self.ports()
        others = api.replace("127.0.0.1", "0.0.0.0")
        said, _ = self.until_ready("--ephemeral", "--api", others, "--http", http, "--metrics", metrics)
        self.assertIn("ready", said)
        self.assertEqual(re.findall(r"listens on (\S+), where other machines reach it; (--\S+) 127", said),
                         [(others, "--api")], said)
        said, _ = self.until_ready("--dir", "ca", "--api", others, "--http", http, "--metrics", metrics)
        self.assertIn("ready", said)
        self.assertNotIn("other machines", said, "who makes a CA to stay has said where it listens")

    def test_it_is_made_and_run_where_a_name_with_a_slash_says(self):
        said, status = self.until_ready("--dir", "ca/", *self.ports())
        self.assertIn("ready", said)
        self.assertEqual(set(os.listdir(self.tmp)), {"ca", "log"})
        self.assertIn(status, (0, -signal.SIGINT), said)

    def test_a_name_with_dots_in_it_is_reloaded(self):
        (self.tmp / "a").mkdir()

        def reload():
            done = hanaper("reload", "--dir", self.tmp / "b")
            self.assertEqual((done.returncode, done.stderr), (0, ""))

        said, status = self.until_ready("--dir", "a/../b", *self.ports(), then=reload)
        self.assertIn(status, (0, -signal.SIGINT), said)
        self.assertIn("parent reloaded", said)

    def test_a_ca_that_is_there_is_run_and_not_made_again(self):
        ports = self.ports()
        said, _ = self.until_ready("--dir", self.tmp / "ca", *ports, end=signal.SIGTERM)
        self.assertIn("ready", said)
        root = (self.tmp / "ca/root.crt").read_bytes()
        said, _ = self.until_ready("--dir", self.tmp / "ca", end=signal.SIGTERM)
        self.assertIn("ready", said)
        self.assertEqual((self.tmp / "ca/root.crt").read_bytes(), root)
        for option in (["--name", "x"], ["--dns", "a.b"], ["--ip", "10.0.0.1"], ["--domain", "a.b"],
                       ["--key-type", "ed25519"], ["--root-validity", "9d"], ["--issuer-validity", "9d"],
                       ["--url-api", "https://a.b"], ["--url-public", "http://a.b"], ["--passphrase-file", "x"],
                       ["--api", "127.0.0.1:1"], ["--http", "127.0.0.1:1"], ["--metrics", "127.0.0.1:1"]):
            with self.subTest(option):
                said, _ = self.until_ready("--dir", self.tmp / "ca", *option, end=signal.SIGTERM)
                self.assertRegex(said, "ready|is there|already")
                self.assertEqual((self.tmp / "ca/root.crt").read_bytes(), root)

    def test_it_ends_with_its_daemon_though_who_started_it_ignores_the_end_of_children(self):
        said, status = self.until_ready("--dir", "ca", *self.ports(), end=signal.SIGTERM,
                                        preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
        self.assertEqual(status, 0, said)
        self.assertIn("parent ended status=0", said)

    def test_a_port_that_is_taken_is_told_before_anything_is_made(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            done = hanaper("up", "--dir", self.tmp / "ca", *self.ports()[2:], "--api", f"127.0.0.1:{port}",
                           cwd=self.tmp)
            self.assertEqual(done.returncode, 1)
            self.assertIn(str(port), done.stderr)
            self.assertFalse((self.tmp / "ca").exists())


class RestoreCrl(hnp.FlowTest):
    # S86, R91: a CRL that is cut, altered or another's adds nothing and lets nothing be put back
    def test_a_crl_that_is_none_is_refused(self):
        ca = self.ca
        serial = ca.issue("web", "DNS:web.internal")
        ca.revoke(serial, "keyCompromise")
        ca.revoke(ca.issue("db", "DNS:db.internal"), "unspecified")
        end = time.monotonic() + 15 * hnp.SLOW
        while ca.crl_text().count("Serial Number") < 2 and time.monotonic() < end:
            time.sleep(0.2)
        der = ca.crl().read_bytes()
        backup, bad, into = ca.file("b.tar"), ca.file("bad.crl"), ca.file("into")
        hnp.run(hnp.BUILD / "hanaper", "backup", backup, "--dir", ca.dir, "--with-keys")

        def restore(octets):
            bad.write_bytes(octets)
            return hanaper("restore", backup, "--dir", into, "--crl", bad)

        cases = [("cut", der[:n]) for n in range(0, len(der), 1 + len(der) // 20)]
        cases += [("one more", der + b"\0"), ("a certificate", ca.file("web.leaf.crt").read_bytes())]
        cases += [(f"octet {n}", der[:n] + bytes([der[n] ^ 0x1f]) + der[n + 1:])
                  for n in range(0, len(der), 1 + len(der) // 30)]
        for what, octets in cases:
            done = restore(octets)
            self.assertEqual(done.returncode, 1, (what, done.stderr))
            self.assertIn("hanaper: ", done.stderr, what)
            self.assertFalse((into / "hanaper.yaml").exists(), what)
        root = ca.crl("root").read_bytes()
        self.assertEqual(hanaper("restore", backup, "--dir", into, "--crl", "/none").returncode, 1)
        ca.file("root.crl").write_bytes(root)
        ca.file("main.crl").write_bytes(der)
        done = hanaper("restore", backup, "--dir", into, "--crl", ca.file("main.crl"), "--crl", ca.file("root.crl"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^main: CRL \d+ of 20\S+Z$")
        self.assertRegex(done.stderr, r"main: CRL \d+ is of 20\S+Z, the backup of 20\S+Z: what was revoked since")
        hnp.run(hnp.BUILD / "hanaper", "audit", "verify", "--dir", into)


if __name__ == "__main__":
    unittest.main()
