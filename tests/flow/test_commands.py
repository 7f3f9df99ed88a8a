# SPDX-License-Identifier: Apache-2.0
"""Every command, asked rightly and wrongly, against one daemon: what it prints, what it says is wrong, how it ends.

Each row is one call of the command: its arguments, its exit status, and words of what it says.
"""
import json
import os
import pty
import subprocess
import tempfile
import time
import unittest

import hnp

NOWHERE = "https://127.0.0.1:1"  # nobody listens there


def print_of(path):
    """The fingerprint as openssl writes it."""
    return hnp.run("openssl", "x509", "-in", path, "-noout", "-fingerprint", "-sha256").stdout.strip().split("=")[1]


class Commands(hnp.FlowTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        path = cls.ca.dir / "hanaper.yaml"
        text = path.read_text()
        path.write_text(text.replace("profiles:\n", "profiles:\n  - name: brief\n    usages: [server auth]\n"
                                     "    validity: { default: 1h, max: 2h }\n"
                                     "    names: { dns: [\"*.internal\"], wildcards: true }\n"
                                     "    no_rev_avail: true\n    strict_lint: true\n    acme: {}\n", 1))
        cls.ca.stop()
        cls.ca.start()
        cls.web = cls.ca.issue("web", "DNS:web.internal")
        cls.gone = cls.ca.issue("gone", "DNS:gone.internal")
        cls.ca.revoke(cls.gone, "keyCompromise")

    def call(self, *args, stdin=None, env=None, home=True, cwd=None):
        where = ["--dir", self.ca.dir] if home else []
        return hnp.run(hnp.BUILD / "hanaper", *args, *where, check=False, stdin=stdin, cwd=cwd or self.ca.tmp,
                       env={**{k: v for k, v in os.environ.items() if k != "HANAPER_DIR"}, **(env or {})})

    def expect(self, status, args, *words, **kw):
        done = self.call(*args, **kw)
        self.assertEqual(done.returncode, status, f"{args}: {done.stdout}{done.stderr}")
        said = done.stdout + done.stderr
        for word in words:
            self.assertIn(word, said, f"{args}")
        if status != 0:
            self.assertTrue(said.strip(), f"{args}: it says why")
        return done.stdout

    def json(self, *args, **kw):
        return json.loads(self.expect(0, [*args, "--json"], **kw))

    # -- what is printed

    def test_each_command_prints_for_people_and_for_programs(self):
        ca = self.ca
        for args, member, words in (
                (["whoami"], "identity", ["uid:"]),
                (["issuer"], "issuers", ["root", "main", "next CRL"]), (["issuer", "main"], "crl_url", ["main", "next CRL"]),
                (["profile"], "profiles", ["server", "brief"]),
                (["profile", "brief"], "name", ["brief", "noRevAvail"]),
                (["show", self.web], "serial", ["web.internal", "valid", "ecdsa-p256", "server auth", print_of(ca.file("web.leaf.crt"))]),
                (["ls", "web.internal"], "certificates", [self.web]), (["ls", "WEB"], "certificates", [self.web]),
                (["ls", "web.intern"], "certificates", ["no such certificate", "hanaper ls --q web.intern"]),
                (["ls", "--profile", "nope"], "certificates", ['no profile "nope"; there is: brief, server']),
                (["ls", "--issuer", "nope"], "certificates", ['no issuer "nope"; there is: root, main']),
                (["ls", "10.0.0.1"], "certificates", ["no such certificate"]),
                (["show", ca.file("gone.leaf.crt")], "serial", ["gone.internal", "revoked"]),
                (["ls"], "certificates", ["web.internal", "gone.internal"]),
                (["ls", "--expiring", "400d"], "certificates", ["web.internal"]),
                (["ls", "--cn", "nobody"], "certificates", ["there is no such certificate"]),
                (["ls", "--limit", "1"], "certificates", ["there are more"]),
                (["audit"], "events", ["issued", "revoked"]),
                (["audit", "--serial", self.web, "--since", "1h", "--limit", "5"], "events", ["issued"]),
                (["audit", "--serial", ca.file("web.crt"), "--since", "2026-01-01", "--event", "issued"], "events", [self.web]),
                (["ls", "--issued-after", "1h", "--expires-after", "1h"], "certificates", ["web.internal"]),
                (["ls", "--issued-before", "1h"], "certificates", ["there is no such certificate"]),
                (["ls", "--expires-before", "400d", "--issued-after", "2026-01-01"], "certificates", ["web.internal"]),
                (["renew-all", "--where", "expires-before=1h", "--within", "1h", "--dry-run"], "certificates", ["no certificate"]),
                (["audit", "--identity", "nobody"], "events", []),
                (["crl"], "number", ["main", "good"]),
                (["crl", "--list"], "number", [self.gone]),
                (["ocsp", self.web], "status", ["good"]),
                (["ocsp", ca.file("gone.crt")], "status", ["revoked"]),
                (["token", "ls"], "tokens", []),
                (["acme", "accounts", "ls"], "accounts", ["there is no account yet"]),
                (["acme", "accounts", "ls", "--status", "valid"], "accounts", ["there is no such account"]),
                (["acme", "orders", "ls"], "orders", ["there is no such order"]),
                (["acme", "orders"], "orders", ["there is no order yet"]),
                (["acme", "eab", "ls"], "keys", []),
                (["doctor"], None, ["configuration"]),
                (["reload"], None, []),
                (["version"], None, ["hanaper"]),
        ):
            home = args != ["version"]
            with self.subTest(args=args):
                self.expect(0, args, *words, home=home)
                value = self.json(*args, home=home)
                if member is not None:
                    self.assertIn(member, value)
        self.assertIn("BEGIN CERTIFICATE", self.expect(0, ["show", self.web, "--pem"]))
        self.assertEqual(self.expect(0, ["show", self.web, "--chain"]).count("BEGIN CERTIFICATE"), 2)
        self.assertEqual(len(self.expect(0, ["ls", "--all", "--export", "csv"]).splitlines()),
                         1 + len(self.json("ls", "--all")["certificates"]))

    def test_a_crl_with_entries_is_listed(self):
        end = time.monotonic() + 15 * hnp.SLOW
        while self.json("crl")["entries"] == 0 and time.monotonic() < end:
            time.sleep(0.2)
        self.expect(0, ["crl", "--list"], self.gone, "keyCompromise")
        entry = self.json("crl", "--list")["revoked"][0]
        self.assertEqual((entry["serial"], entry["reason"]), (self.gone, "keyCompromise"))
        self.expect(1, ["crl", "--out", "/nonexistent/x"], "hanaper: /nonexistent/x: no such file")
        out = self.ca.file("main.crl")
        self.expect(0, ["crl", "main", "--out", out])
        self.expect(0, ["lint", out], home=False)

    def test_on_a_terminal_the_next_command_is_named(self):
        ca = self.ca
        for args, next_command in (
                (["issue", "tty.internal", "--out", ca.file("tty")], "curl --cacert"),
                (["issue", "127.0.0.1", "--out", ca.file("tty-ip")], "hanaper show"),
                (["issuer"], "hanaper crl"), (["ls", "--cn", "nobody"], ""), (["ls", "--limit", "1"], "hanaper"),
                (["token", "create", "tty.internal"], "hanaper enroll"), (["token", "ls"], "hanaper"),
                (["acme", "accounts", "ls"], "hanaper acme eab new"), (["profile"], ""), (["reload"], ""),
                (["acme", "orders", "ls"], "hanaper acme accounts"), (["ocsp", self.web], ""),
                (["revoke", self.json("issue", "tty2.internal", "--out", ca.file("tty2"))["serial"]], "hanaper"),
        ):
            with self.subTest(args=args):
                self.assertIn(next_command, self.on_terminal(*args))

    def on_terminal(self, *args):
        """What the command says on stderr where that is a terminal."""
        ours, theirs = pty.openpty()
        done = subprocess.run([hnp.BUILD / "hanaper", *args, "--dir", self.ca.dir], stdout=subprocess.PIPE,
                              stderr=theirs, timeout=60 * hnp.SLOW)
        os.close(theirs)
        said = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # nobody holds the other end any more
                piece = b""
            if not piece:
                break
            said += piece
        os.close(ours)
        self.assertEqual(done.returncode, 0, (args, said, done.stdout))
        return said.decode()

    def test_ocsp_by_files_and_by_the_url_in_the_certificate(self):
        ca = self.ca
        issuers = ca.issuers_pem()
        for args, status in (
                (["--issuer", issuers], 0),
                (["--issuer", issuers, "--good"], 0),
                (["--responder", f"http://127.0.0.1:{ca.http_port}/ocsp"], 0),
        ):
            self.expect(status, ["ocsp", ca.file("web.crt"), *args], "good")
        self.expect(1, ["ocsp", self.gone, "--good"], "revoked")
        # Without a CA directory the certificate says where to ask; its own file has the issuer.
        empty = ca.file("elsewhere")
        empty.mkdir()
        kw = {"home": False, "cwd": empty, "env": {"HANAPER_DIR": ""}}
        self.expect(0, ["ocsp", ca.file("web.crt")], "good", **kw)
        self.expect(1, ["ocsp", ca.file("web.leaf.crt")], "issuer", **kw)
        self.expect(0, ["ocsp", ca.file("web.leaf.crt"), "--issuer", issuers], "good", **kw)
        self.expect(1, ["ocsp", self.web], **kw)
        self.expect(1, ["ocsp", ca.file("web.crt"), "--issuer", "/none"], "there is no such file")
        self.expect(1, ["ocsp", ca.file("web.crt"), "--issuer", ca.file("web.key")], "no certificate")
        self.expect(1, ["ocsp", ca.file("web.crt"), "--responder", NOWHERE])
        self.expect(1, ["ocsp", ca.file("web.key")], "certificate")
        self.expect(1, ["ocsp", "1234567890"])

    def test_issue_in_each_form(self):
        ca = self.ca
        base = ca.file("forms/a")
        base.parent.mkdir()
        self.expect(0, ["issue", "a.internal", "--out", base, "--validity", "1d", "--metadata", "owner=me"],
                    str(base))
        self.assertEqual(base.with_suffix(".key").stat().st_mode & 0o777, 0o600)
        self.expect(1, ["issue", "a.internal", "--out", base], "--force")
        self.expect(0, ["issue", "a.internal", "--out", base, "--force", "--key-type", "ed25519"])
        both = self.expect(0, ["issue", "b.internal", "--stdout"])
        self.assertIn("PRIVATE KEY", both)
        self.assertIn("BEGIN CERTIFICATE", both)
        csr = ca.file("c.request.csr")
        ca.csr("c.request", "DNS:c.internal")
        self.assertIn("serial", self.json("issue", "--csr", csr))
        self.assertTrue(ca.file("c.request.crt").exists())
        self.assertFalse(ca.file("c.request-key.key").exists())
        self.expect(0, ["issue", "c.internal", "--csr", csr, "--stdout"], "BEGIN CERTIFICATE")
        # From a pipe it has no name of its own: its first one counts.
        self.expect(0, ["issue", "--csr", "-"], "c.internal.crt", stdin=csr.read_text())
        self.expect(0, ["issue", "--csr", "/dev/stdin", "--out", base.parent / "p"], str(base.parent / "p.crt"), stdin=csr.read_text())
        self.expect(0, ["issue", "named.internal", "c.internal", "--csr", "-"], "named.internal.crt", stdin=csr.read_text())
        self.expect(0, ["explain", "-"], "c.internal", stdin=csr.read_text())
        self.expect(0, ["issue", "*.w.internal", "--profile", "brief"])
        self.assertTrue(list(ca.tmp.glob("*w.internal.key")))
        for status, args, word in (
                (2, [], "a name is missing"),
                (2, ["--csr", csr, "--key-type", "ed25519"], "its own key"),
                (2, ["d.internal", "--stdout", "--out", "x"], "--stdout"),
                (2, ["d.internal", "--stdout", "--json"], "--stdout"),
                (2, ["d.internal", "--metadata", "words"], "KEY=VALUE"),
                (2, ["d.internal", "--validity", "soon"], "--validity"),
                (2, ["d.internal", "--key-type", "dsa"], "dsa"),
                (2, ["not a name"], ""),
                (1, ["d.internal", "--out", "/nowhere/at/all"], "/nowhere"),
                (1, ["--csr", "/none.csr"], "/none.csr"),
                (1, ["--csr", ca.file("web.key")], f"{ca.file('web.key')}: "),  # which has its web.crt beside it
                (1, ["--csr", "-"], "standard input: "),
                (1, ["d.example.org"], "d.example.org"),
                (1, ["d.internal", "--profile", "none"], "none"),
                (1, ["d.internal", "--validity", "9000d"], "validity"),
        ):
            with self.subTest(args=args):
                self.expect(status, ["issue", *args], word)
        self.assertFalse(list(ca.tmp.glob("d.*")), "what was refused leaves no file")

    def test_a_life_by_commands(self):
        ca = self.ca
        made = self.json("token", "create", "t.internal", "--ttl", "10m", "--uses", "2", "--metadata", "owner=me",
                         "--dns", "t2.internal")
        self.expect(0, ["token", "create", "--ip", "127.0.0.1", "--dns", "localhost"], "hnp1.")
        self.expect(0, ["token", "ls", "--status", "pending"], "t.internal")
        out = ca.file("enrolled")
        url = f"https://localhost:{ca.api_port}"
        self.expect(0, ["enroll", "--url", url, "--token-file", "-", "--out", out], home=False,
                    stdin=made["token"] + "\n")
        self.expect(1, ["enroll", "--url", url, "--token", made["token"], "--out", out], "--force", home=False)
        self.assertIn("serial", self.json("enroll", "--url", url, "--token", made["token"], "--out", out, "--force",
                                          home=False))
        self.expect(1, ["enroll", "--url", url, "--token", made["token"], "--out", ca.file("late")], home=False)
        self.expect(0, ["renew", out, "--now", "--rekey", "--exec", "test -n \"$HANAPER_CERT\""], home=False)
        self.expect(0, ["renew", out], home=False)  # not due
        self.expect(0, ["renew", out, "--now", "--json"], home=False)
        self.expect(1, ["renew", out, "--now", "--exec", "exit 3"], "3", home=False)
        serial = self.json("show", out / "cert.pem")["serial"]
        self.expect(0, ["revoke", out / "cert.pem", "--reason", "superseded", "--lineage"], serial)
        self.expect(1, ["revoke", serial], "revoked at")
        self.expect(1, ["renew", out, "--now"], home=False)
        second = self.json("issue", "r.internal", "--out", ca.file("r"))["serial"]
        self.assertEqual(self.json("revoke", second, "--reason", "key-compromise")["reason"], "keyCompromise")
        token = self.json("token", "create", "w.internal")
        self.assertEqual(len(self.json("token", "rm", token["id"])["tokens"]), 1)
        self.expect(0, ["token", "rm", token["id"]])  # it is so already
        self.expect(1, ["token", "rm", "0" * 32], "0" * 32)

    def test_enrolment_that_cannot_be(self):
        ca = self.ca
        token = self.json("token", "create", "e.internal")["token"]
        url = f"https://localhost:{ca.api_port}"
        file = ca.file("token")
        file.write_text("no token")
        plain = ca.file("plain")
        plain.write_text("")
        for status, args, word in (
                (2, ["--url", url], "token"),
                (2, ["--token", token], "--url"),
                (2, ["--url", url, "--token", token, "--token-file", file], "token"),
                (2, ["--url", "http://localhost", "--token", token], "https"),
                (2, ["--url", url, "--token", token, "--key-type", "dsa"], "dsa"),
                (2, ["--url", url, "--token", token, "more"], ""),
                (1, ["--url", url, "--token", "hnp1.x.y"], "token"),
                (1, ["--url", url, "--token-file", file], "token"),
                (1, ["--url", url, "--token-file", "/none"], "/none"),
                (1, ["--url", url, "--token", token, "--out", plain], str(plain)),
                (1, ["--url", NOWHERE, "--token", token], "127.0.0.1:1"),
                (1, ["--url", url, "--token", token.replace("hnp1.", "hnp1.A", 1)[:-1]], ""),
        ):
            with self.subTest(args=args):
                self.expect(status, ["enroll", *args], word, home=False)

    # -- wrong usage

    def test_wrong_usage_is_told_and_ends_with_2(self):
        for args, word in (
                ([], "Usage"),
                (["isue"], 'did you mean "issue"'),
                (["list"], 'did you mean "ls"?'), (["sign", "x"], '"issue"?'), (["status"], '"doctor"?'), (["serve"], '"up"?'),
                (["inspect"], '"show"?'), (["certificate"], '"issue"?'), (["stop"], 'no command "stop"\nSee'),
                (["token", "list"], 'there is no "token list"; did you mean "token ls"?'), (["token", "revoke"], '"token rm"?'),
                (["token", "sell"], "there is: create, ls, rm"), (["acme", "eab", "add"], '"acme eab new"?'),
                (["acme", "accounts", "list"], '"acme accounts ls"?'), (["acme", "accounts", "delete"], '"acme accounts revoke"?'),
                (["--dir", "ca", "ls", "--cn", "a b"], "options stand behind the command: hanaper ls --dir ca --cn 'a b'"),
                (["--what"], "hanaper COMMAND --what"),
                (["acme", "oders"], 'did you mean "acme orders"'), (["audit", "verfy"], "audit verify"),
                (["audit", "a\x1b[2Jb"], 'audit a?[2Jb'),
                (["x" * 200], "help"),
                (["--what"], ""),
                (["show"], ""), (["show", "a", "b"], ""), (["show", "localhost:1", "--pem"], "--pem"),
                (["show", self.web, "--pem", "--chain"], "take one"), (["show", self.web, "--sni", "x"], "HOST:PORT"),
                (["renew", self.ca.file("web.crt"), "--rekey"], "a directory"),
                (["ls", "x", "y"], "one argument too many: y"), (["ls", "a b.c"], "a b.c"), (["ls", "web.internal", "--dns", "x"], "take one"), (["ls", "--limit", "0"], "--limit"), (["ls", "--limit", "many"], "--limit"),
                (["ls", "--limit", "2", "--all"], "--limit"), (["ls", "--expiring", "soon"], "--expiring"),
                (["ls", "--expiring", "1d", "--status", "valid"], "--expiring"),
                (["ls", "--status", "well"], "expired"), (["ls", "--export", "xml"], "jsonl"),
                (["ls", "--metadata", "words"], ""), (["ls", "--limit", "x"], "to 1000000\n"),
                (["ls", "--export", "csv", "--json"], "take one"), (["ls", "--expiring", "soon"], "--expiring soon: "),
                (["ls", "--issued-after", "gestern"], "--issued-after gestern: must be a span"),
                (["audit", "--event", "dreamt"], "--event dreamt: must be one of started, stopped"),
                (["acme", "orders", "--status", "well"], "one of pending, ready"), (["acme", "accounts", "--status", "well"], "deactivated"),
                (["acme", "test", "web.internal", "--challenge", "smile-01"], "one of http-01, dns-01"),
                (["renew-all", "--where", "issuer=main", "--within", "60d"], "--within 60d: must be at most 30d"),
                (["renew-all", "--where", "isuer=main", "--within", "6h"], "isuer: must be one of q, dns, "),
                (["renew-all", "--where", "expires-before=later", "--within", "6h"], "expires_before later: "),
                (["issue", "d.internal", "--validity", "soon"], "--validity soon: "),
                (["audit", "--limit", "0"], "--limit"), (["audit", "--since", "soon"], "--since"),
                (["audit", "more"], ""), (["audit", "verify", "more"], ""),
                (["revoke"], ""), (["revoke", self.web, "--reason", "boredom"], '"boredom"; it is one of: unspecified, keyCompromise, affiliationChanged'),
                (["token"], ""), (["token", "sell"], ""), (["token", "create"], ""), (["token", "rm"], ""),
                (["token", "ls", "x"], ""), (["token", "create", "a.internal", "--uses", "0"], "--uses"),
                (["token", "create", "a.internal", "--uses", "x"], "--uses"),
                (["token", "create", "a.internal", "--ttl", "soon"], "--ttl"),
                (["token", "create", "a.internal", "--metadata", "words"], "KEY=VALUE"),
                (["token", "create", "--ip", "a.internal"], "a.internal"),
                (["token", "create", "not a name"], ""),
                (["crl", "a", "b"], ""), (["crl", "../x"], "no shard"), (["crl", "main/9-9"], "no shard"),
                (["ocsp"], ""), (["profile", "a", "b"], ""), (["issuer", "x", "y"], "revoke NAME"), (["issuer", "x", "--reason", "superseded"], "--reason"), (["whoami", "x"], ""),
                (["explain"], ""), (["explain", "x.csr", "--validity", "soon"], "--validity soon: "), (["reload", "x"], ""), (["doctor", "x"], ""),
                (["renew"], ""), (["renew", "a", "b"], ""), (["renew", ".", "--validity", "soon"], "--validity"),
                (["trust"], ""), (["trust", "sell"], ""), (["trust", "install", "--store", "brain"], "nss"),
                (["backup"], ""), (["backup", "-"], "- is no file name here; ./- is"), (["restore"], ""), (["lint"], ""),
                (["acme"], ""), (["acme", "sell"], "sell"),
                (["acme", "accounts", "ls", "x"], "no argument"), (["acme", "accounts", "revoke"], "wants an id"),
                (["acme", "accounts", "ls", "--limit", "0"], "--limit"), (["acme", "accounts", "sell"], ""),
                (["acme", "accounts", "--what"], ""), (["acme", "orders", "--what"], ""),
                (["acme", "orders", "ls", "--limit", "many"], "--limit"),
                (["acme", "eab", "ls", "x"], "no argument"), (["acme", "eab", "revoke"], ""),
                (["acme", "eab", "new", "--max", "0"], "--max"), (["acme", "eab", "new", "--accounts", "x"], ""),
                (["acme", "eab", "new", "--expires", "soon"], "--expires"),
                (["acme", "eab", "new", "--ends", "soon"], "--ends"), (["acme", "eab", "new", "--for", "me"], "me"),
                (["acme", "why"], ""), (["acme", "test"], ""),
                (["bench"], "URL"),
                (["whoami", "--what"], ""), (["issuer", "--json=no"], ""), (["up", "--ephemeral", "x"], ""),
                (["version", "x"], ""),
        ):
            with self.subTest(args=args):
                home = bool(args) and args[0] not in ("enroll", "lint", "version", "x" * 200, "isue", "--what")
                self.expect(2, args, word, home=home)
        self.assertIn("issue", self.expect(0, ["help"], home=False))
        self.assertIn("--profile", self.expect(0, ["help", "issue"], home=False))
        self.expect(2, ["help", "isue"], 'did you mean "issue"', home=False)
        self.expect(0, ["acme", "--help"], "eab", home=False)
        self.expect(0, ["acme", "eab", "--help"], "--names", home=False)

    # -- refused and failed

    def test_what_the_daemon_refuses_or_does_not_know_ends_with_1(self):
        ca = self.ca
        broken = ca.file("broken.pem")
        broken.write_text("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n")
        for args, word in (
                (["show", "1234567890"], "no certificate has this serial"),
                (["show", "what"], "what"),
                (["show", broken], str(broken)),
                (["show", "localhost:1"], "localhost"),
                (["show", f"localhost:{ca.http_port}"], ""),
                (["revoke", "1234567890"], "no certificate has this serial"),
                (["revoke", "what"], "what"),
                (["revoke", broken], str(broken)),
                (["profile", "none"], 'no profile "none"; there is: brief, server'), (["issuer", "none"], "there is: root, main\n"),
                (["trust", "install", "--root", ca.file("web.crt")], f"{ca.file('web.crt')} is no root certificate"),
                (["trust", "uninstall", "--root", ca.file("web.csr")], f"{ca.file('web.csr')} holds no certificate"),
                (["crl", "none"], "none"),
                (["crl", "main/16-3"], "16-3"),
                (["crl", "main/delta"], "delta"),
                (["crl", "--shards"], ""),
                (["crl", "--out", "/nowhere/x.crl"], "/nowhere"),
                (["explain", "/none"], "/none"),
                (["explain", ca.file("web.csr"), "--as", "cn:nobody"], "nobody"),
                (["explain", ca.file("web.csr"), "--profile", "none"], "none"),
                (["explain", ca.file("web.csr"), "x.example.org"], "x.example.org"),
                (["renew", "/none"], "/none"),
                (["renew", ca.tmp], ""),
                (["acme", "accounts", "revoke", "nobody"], "nobody"),
                (["acme", "eab", "revoke", "nobody"], "nobody"),
                (["acme", "eab", "new", "--profile", "none"], "none"),
                (["acme", "eab", "new", "--names", "*.example.org"], ""),
                (["audit", "--serial", "xyz"], "neither a file nor a serial"), (["audit", "--serial", ca.file("web.key")], "no certificate"),
                (["bench", "x"], "https://"),
                (["lint", "/none"], "/none"),
                (["backup", "/nowhere/b.tar"], "/nowhere"),
                (["restore", "/none"], "/none"),
                (["trust", "install", "--root", "/none"], "/none"),
                (["trust", "install", "--root", broken], ""),
                (["trust", "install", "--root", ca.file("web.leaf.crt")], "root"),
        ):
            with self.subTest(args=args):
                home = args[0] != "lint" and args[:2] != ["restore", "/none"]
                self.expect(1, args, word, home=home)

    def test_eab_keys_by_commands(self):
        new = self.json("acme", "eab", "new", "--profile", "brief", "--names", "*.lab.internal", "--max", "3",
                        "--accounts", "2", "--expires", "1d", "--ends", "30d")
        self.expect(0, ["acme", "eab", "new", "--profile", "brief", "--for", "certbot"], "certbot", "--eab-kid")
        self.expect(0, ["acme", "eab", "ls"], "*.lab.internal", "brief")
        self.expect(0, ["acme", "eab", "revoke", new["kid"], "--keep-accounts"], new["kid"])
        second = self.json("acme", "eab", "new", "--profile", "brief")
        self.assertTrue(self.json("acme", "eab", "revoke", second["kid"]))

    # -- where the daemon is

    def test_commands_find_the_ca_or_say_that_they_did_not(self):
        ca = self.ca
        empty = ca.file("empty")
        empty.mkdir()
        nothing = {"home": False, "cwd": empty}
        admin = ["--cert", ca.dir / "admin.crt", "--key", ca.dir / "admin.key", "--cacert", ca.dir / "root.crt"]
        url = f"https://localhost:{ca.api_port}"
        self.expect(0, ["whoami", "--url", url + "/", *admin], "cert:admin", home=False)
        self.expect(0, ["whoami"], "uid:", home=False, cwd=empty, env={"HANAPER_DIR": str(ca.dir)})
        self.expect(1, ["whoami", "--dir", empty], str(empty), **nothing)
        self.expect(1, ["whoami"], "/none", home=False, cwd=empty, env={"HANAPER_DIR": "/none"})
        self.expect(1, ["whoami", "--url", url, "--cert", "/none", "--key", "/none", "--cacert", ca.dir / "root.crt"],
                    **nothing)
        self.expect(2, ["whoami", "--url", url, "--cert", ca.dir / "admin.crt"], "go together", **nothing)
        self.expect(2, ["whoami", "--url", "http://localhost"], "https", **nothing)
        self.expect(1, ["whoami", "--url", NOWHERE, *admin], "127.0.0.1:1", **nothing)
        self.expect(1, ["whoami", "--url", url, "--cacert", ca.file("web.crt")], **nothing)
        self.expect(1, ["whoami", "--url", url, "--cacert", ca.dir / "root.crt"], "client certificate", **nothing)
        stranger = ["--cert", ca.file("web.crt"), "--key", ca.file("web.key"), "--cacert", ca.dir / "root.crt"]
        for command in (["ls"], ["profile"], ["issuer"], ["audit"], ["token", "ls"], ["token", "create", "x.internal"],
                        ["token", "rm", "0" * 32], ["acme", "eab", "ls"], ["acme", "accounts", "ls"],
                        ["acme", "orders", "ls"], ["acme", "eab", "new"], ["acme", "eab", "revoke", "k"],
                        ["acme", "accounts", "revoke", "a"], ["acme", "why", "a.internal"],
                        ["acme", "test", "a.internal"], ["reload"], ["revoke", self.web], ["show", self.web],
                        ["issue", "s.internal"], ["explain", ca.file("web.csr")]):
            with self.subTest(command=command):
                self.expect(1, [*command, "--url", url, *stranger], **nothing)


class WithoutADaemon(hnp.FlowTest):
    running = False

    def test_each_command_says_that_nobody_answers(self):
        ca = self.ca
        ca.csr("x", "DNS:x.internal")
        for args in (["whoami"], ["issuer"], ["profile"], ["ls"], ["show", "1234"], ["audit"], ["crl"], ["ocsp", "1234"],
                     ["token", "ls"], ["token", "create", "x.internal"], ["token", "rm", "0" * 32], ["reload"],
                     ["revoke", "1234"], ["issue", "x.internal", "--out", ca.file("y")], ["explain", ca.file("x.csr")],
                     ["trust", "install"], ["acme", "eab", "ls"], ["acme", "eab", "new"], ["acme", "eab", "revoke", "k"],
                     ["acme", "accounts", "ls"], ["acme", "accounts", "revoke", "a"], ["acme", "orders", "ls"],
                     ["acme", "why", "a.internal"], ["acme", "test", "a.internal"], ["doctor"], ["doctor", "--json"]):
            with self.subTest(args=args):
                done = hnp.run(hnp.BUILD / "hanaper", *args, "--dir", ca.dir, check=False)
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                self.assertRegex(done.stdout + done.stderr, "hanaper up|hanaperd|running|daemon|answers")
        self.assertFalse(ca.file("y.key").exists())

    def test_audit_verify_and_backup_need_none(self):
        ca = self.ca
        done = hnp.run(hnp.BUILD / "hanaper", "audit", "verify", "--dir", ca.dir, "--json")
        self.assertTrue(json.loads(done.stdout))
        hnp.run(hnp.BUILD / "hanaper", "backup", ca.file("b.tar"), "--dir", ca.dir, "--json")
        done = hnp.run(hnp.BUILD / "hanaper", "restore", "--check", ca.file("b.tar"), "--json")
        self.assertTrue(json.loads(done.stdout))
        done = hnp.run(hnp.BUILD / "hanaper", "restore", ca.file("b.tar"), "--dir", ca.file("again"), "--json",
                       "--nothing-since")
        self.assertTrue(json.loads(done.stdout))


class Ephemeral(unittest.TestCase):
    # S91
    def test_up_makes_runs_and_forgets(self):
        with tempfile.TemporaryDirectory() as tmp:
            up = subprocess.Popen([hnp.BUILD / "hanaper", "up", "--ephemeral", "--api", "127.0.0.1:0x"],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=tmp,
                                  env={**os.environ, "TMPDIR": tmp})
            said, _ = up.communicate(timeout=60 * hnp.SLOW)
            self.assertEqual(up.returncode, 2, said)
            self.assertEqual(os.listdir(tmp), [], "nothing is left")


if __name__ == "__main__":
    unittest.main()
