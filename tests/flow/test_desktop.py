# SPDX-License-Identifier: Apache-2.0
"""The trust stores of the machine, and the shells' completions, with the real tools."""
import json
import os
import shutil
import subprocess
import unittest

from hnp import BUILD, SOURCE, FlowTest, run
from stores import apart

HANAPER = BUILD / "hanaper"


def private(script, env=None):
    """Runs a shell script where the stores are copies: the machine stays as it is."""
    return subprocess.run(apart(script), capture_output=True, text=True, timeout=120, env=env)


class Trust(FlowTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        probe = private("true")
        if os.getuid() != 0 or probe.returncode != 0:
            raise unittest.SkipTest("needs root and mount namespaces: " + probe.stderr)

    def test_the_system_store_and_back(self):
        ca = self.ca
        url = f"https://localhost:{ca.api_port}/healthz"
        done = private(f"curl -sS {url} && exit 9; {HANAPER} trust install --store system --dir {ca.dir}; "
                       f"curl -sS --fail {url}; {HANAPER} trust install --store system --dir {ca.dir}; "
                       f"{HANAPER} trust uninstall --store system --dir {ca.dir}; ! curl -sS {url}")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout.count("system   done"), 3, done.stdout)

    def test_the_system_store_without_the_command_as_the_manual_of_acme_says(self):
        ca = self.ca
        said = "cp root.crt /usr/local/share/ca-certificates/hanaper.crt && update-ca-certificates"
        self.assertTrue(f"`{said}`" in (SOURCE / "docs/acme.md").read_text())
        url = f"https://localhost:{ca.api_port}/healthz"
        done = private(f"cd {ca.dir}; ! curl -sS {url}; {said}; curl -sS --fail {url}")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_root_as_der_or_amid_other_text_is_installed_as_the_stores_want_it(self):
        ca = self.ca
        der, chatty = ca.file("root.der"), ca.file("chatty.pem")
        run("curl", "-sSfo", der, f"http://127.0.0.1:{ca.http_port}/ca/root.crt")
        self.assertEqual(der.read_bytes()[:1], b"\x30")
        ca.issue("extra", "DNS:extra.internal")
        chatty.write_text("The root:\n" + (ca.dir / "root.crt").read_text() + ca.file("extra.leaf.crt").read_text())
        for file in (der, chatty):
            with self.subTest(file=file.name):
                done = private(f"{HANAPER} trust install --store system --root {file}; "
                               f"cmp /usr/local/share/ca-certificates/hanaper-*.crt {ca.dir}/root.crt; "
                               f"openssl verify -untrusted {ca.issuers_pem()} {ca.file('extra.leaf.crt')}; "
                               f"{HANAPER} trust uninstall --store system --root {file}; "
                               f"! ls /usr/local/share/ca-certificates/hanaper-*.crt")
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_browsers_database_and_back(self):
        ca = self.ca
        self.assertTrue(shutil.which("certutil"), "libnss3-tools is in contrib/packages")
        home = ca.file("home")
        for folder in (".pki/nssdb", ".mozilla/firefox/x.default"):
            (home / folder).mkdir(parents=True)
            run("certutil", "-N", "--empty-password", "-d", f"sql:{home / folder}")
        env = {**os.environ, "HOME": str(home)}

        def listed():
            return [run("certutil", "-L", "-d", f"sql:{home / f}").stdout.count("hanaper-")
                    for f in (".pki/nssdb", ".mozilla/firefox/x.default")]

        done = run(HANAPER, "trust", "install", "--store", "nss", "--json", "--root", ca.dir / "root.crt",
                   env=env)
        self.assertEqual(json.loads(done.stdout)["stores"][0]["result"], "done")
        self.assertEqual(listed(), [1, 1])
        ca.issue("nss", "DNS:nss.internal")
        run("certutil", "-A", "-d", f"sql:{home}/.pki/nssdb", "-n", "main", "-t", ",,", "-i",
            ca.issuers_pem())
        run("certutil", "-A", "-d", f"sql:{home}/.pki/nssdb", "-n", "leaf", "-t", ",,", "-i",
            ca.file("nss.leaf.crt"))
        self.assertIn("certificate is valid", run("certutil", "-V", "-u", "V", "-n", "leaf", "-d",
                                                  f"sql:{home}/.pki/nssdb").stdout)  # P41
        run(HANAPER, "trust", "uninstall", "--store", "nss", "--dir", ca.dir, env=env)
        self.assertEqual(listed(), [0, 0])

    def test_javas_store_and_back_and_what_fails_there(self):
        ca = self.ca
        self.assertTrue(shutil.which("keytool"), "default-jre-headless is in contrib/packages")
        trust = f"--store java --root {ca.dir}/root.crt"
        listed = "keytool -list -cacerts -storepass changeit | grep -c hanaper- || true"
        done = private(f"{HANAPER} trust uninstall {trust}; for i in 1 2; do {HANAPER} trust install {trust}; {listed}; done; "
                       f"mount -o remount,ro /etc/ssl/certs; {HANAPER} trust uninstall {trust} && exit 9; {HANAPER} trust install {trust} && exit 9; {listed}; "
                       f"mount -o remount,rw /etc/ssl/certs; {HANAPER} trust uninstall {trust}; {listed}; "
                       f"keytool -storepasswd -cacerts -storepass changeit -new another; {HANAPER} trust uninstall {trust}")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        words = [line.split()[:2] for line in done.stdout.splitlines()]
        good, bad = ["java", "done"], ["java", "failed"]
        self.assertEqual(words, [good, good, ["1"], good, ["1"], bad, bad, ["1"], good, ["0"], bad], done.stdout + done.stderr)
        self.assertIn("changeit", done.stdout)

    def test_where_no_store_is_there_nothing_was_done(self):
        root = self.ca.dir / "root.crt"
        for act, status in (("install", 1), ("uninstall", 0)):
            done = private(f"mount -t tmpfs none /usr/local/share; PATH=/nowhere HOME=/nowhere exec {HANAPER} trust {act} --root {root}")
            self.assertEqual(done.returncode, status, done.stdout + done.stderr)
            self.assertEqual(done.stdout.count(" absent "), 3, done.stdout)
            self.assertEqual("--cacert root.crt" in done.stderr, act == "install", done.stderr)

    def test_wrong_usage_and_a_leaf_are_refused(self):
        ca = self.ca
        ca.issue("leaf", "DNS:leaf.internal")
        self.assertEqual(run(HANAPER, "trust", "maybe", "--dir", ca.dir, check=False).returncode, 2)
        self.assertEqual(run(HANAPER, "trust", "install", "--store", "x", check=False).returncode, 2)
        done = run(HANAPER, "trust", "install", "--root", ca.file("leaf.leaf.crt"), check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no root", done.stderr)


class Completions(FlowTest):
    running = False

    @classmethod
    def setUpClass(cls):
        pass

    def bash(self, line):
        words = line.split(" ")
        script = (f"source {SOURCE}/contrib/completions/hanaper.bash; COMP_WORDS=({' '.join(w or chr(34) * 2 for w in words)}); "
                  f"COMP_CWORD={len(words) - 1}; _hanaper; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
        return run("bash", "-c", script).stdout.split()

    def test_bash(self):
        self.assertEqual(self.bash(f"{HANAPER} rev"), ["revoke"])
        self.assertIn("--profile", self.bash(f"{HANAPER} issue --"))
        self.assertEqual(self.bash(f"{HANAPER} revoke --reason key"), ["keyCompromise"])
        self.assertEqual(self.bash(f"{HANAPER} ls --status "), ["valid", "expired", "revoked"])
        self.assertEqual(self.bash(f"{HANAPER} token ls --status "), ["pending", "used", "withdrawn", "expired"])
        self.assertEqual(self.bash(f"{HANAPER} acme "), ["eab", "accounts", "orders", "why", "test"])
        self.assertEqual(self.bash(f"{HANAPER} acme eab "), ["new", "ls", "revoke"])
        self.assertIn("--keep-accounts", self.bash(f"{HANAPER} acme eab --"))
        self.assertEqual(self.bash(f"{HANAPER} acme test --challenge h"), ["http-01"])
        self.assertIn("deactivated", self.bash(f"{HANAPER} acme accounts --status "))
        for line, words in (("token ", ["create", "ls", "rm"]), ("trust ", ["install", "uninstall"]), ("audit ", ["verify"]),
                            ("issuer r", ["revoke"]), ("trust install --store ", ["system", "nss", "java"]),
                            ("ls --export ", ["csv", "jsonl"]), ("audit --event token-m", ["token-made"]),
                            ("issuer revoke --reason cA", ["cACompromise"])):
            self.assertEqual(self.bash(f"{HANAPER} {line}"), words)

    def test_fish(self):
        script = (f"set -x PATH {BUILD} $PATH; source {SOURCE}/contrib/completions/hanaper.fish; "
                  "complete -C 'hanaper rev'; complete -C 'hanaper issue --prof'")
        said = run("fish", "--no-config", "-c", script).stdout
        self.assertIn("revoke\trevoke a certificate", said)
        self.assertIn("--profile", said)
        said = run("fish", "--no-config", "-c", f"set -x PATH {BUILD} $PATH; "
                   f"source {SOURCE}/contrib/completions/hanaper.fish; complete -C 'hanaper acme w'; "
                   "complete -C 'hanaper acme eab --keep'").stdout
        self.assertIn("why\tsay what the validations of a name saw", said)
        self.assertIn("--keep-accounts", said)
        for command, words in (("ls", {"valid", "expired", "revoked"}),
                               ("token ls", {"pending", "used", "withdrawn", "expired"}),
                               ("acme accounts", {"valid", "deactivated", "revoked"})):
            self.assertEqual(self.fish(f"{command} --status "), words)
        for line, words in (("token ", {"create", "ls", "rm"}), ("trust install --store ", {"system", "nss", "java"}),
                            ("ls --export ", {"csv", "jsonl"}), ("audit ve", {"verify"}),
                            ("issuer revoke --reason cA", {"cACompromise"})):
            self.assertEqual(self.fish(line), words)

    def fish(self, line):
        return set(run("fish", "--no-config", "-c", f"set -x PATH {BUILD} $PATH; "
                       f"source {SOURCE}/contrib/completions/hanaper.fish; complete -C 'hanaper {line}'").stdout.split())

    def test_zsh_reads_it(self):
        run("zsh", "-n", SOURCE / "contrib/completions/_hanaper")
        names = run(HANAPER, "help").stdout
        done = run("zsh", "-fc", f"words=({HANAPER} rev); CURRENT=2; _describe() {{ print -l ${{(P)2}} }}; "
                   f"source {SOURCE}/contrib/completions/_hanaper")
        self.assertIn("revoke:revoke a certificate", done.stdout)
        self.assertIn("revoke", names)
        for command, words in (("ls --status", "valid expired revoked"), ("token ls --status", "pending used withdrawn expired"),
                               ("acme orders --status", "pending ready processing valid invalid"),
                               ("token", "create ls rm"), ("trust", "install uninstall"),
                               ("issuer revoke --reason", "cACompromise superseded cessationOfOperation"),
                               ("ls --export", "csv jsonl"), ("trust install --store", "system nss java")):
            line = f"{HANAPER} {command}".split() + ['""']
            done = run("zsh", "-fc", f"words=({' '.join(line)}); CURRENT={len(line)}; compadd() {{ print -- $* }}; "
                       f"source {SOURCE}/contrib/completions/_hanaper")
            self.assertEqual(done.stdout.strip(), words)
