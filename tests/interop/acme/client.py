# SPDX-License-Identifier: Apache-2.0
"""What all clients have: a state directory, a server, their cells, and how they are run."""
import contextlib
import os
import re
import shlex
import subprocess
import time

import judge
import world

# The columns of the table in their order, which is also that of the cells of a client.
FEATURES = {
    "register": "account",
    "http01": "http-01",
    "dns01": "dns-01",
    "rfc2136": "dns-01 by RFC 2136",
    "tlsalpn01": "tls-alpn-01",
    "wildcard": "wildcard",
    "ip": "IP address",
    "eab": "EAB",
    "csr": "own CSR",
    "altchain": "alternate chain",
    "renew": "renewal",
    "ari": "ARI",
    "replaces": "ARI `replaces`",
    "profile": "profile",
    "notafter": "notAfter",
    "badnonce": "badNonce retry",
    "onlyreturnexisting": "onlyReturnExisting",
    "update": "contact update",
    "keychange": "key change",
    "authz_deactivate": "authz. deactivation",
    "revoke_cert_key": "revocation by certificate key",
    "revoke_account_key": "revocation by account key",
    "deactivate": "account deactivation",
    "https": "serves HTTPS",
}

# CRLReason as `hanaper show` and pebble's management say it.
REASONS = {"0": "unspecified", "1": "keyCompromise", "3": "affiliationChanged",
           "4": "superseded", "5": "cessationOfOperation"}


class Client:
    name = ""       # of the row, and of the state directory
    package = ""    # Debian's
    cannot = {}     # feature: why there is no such cell
    webroot = False  # it needs somebody to serve its http-01 files
    measured = ("register", "http01")  # together: from nothing to the first certificate

    def __init__(self, shared, server):
        self.world, self.server = shared, server
        self.dir = shared.dir / self.name
        self.dir.mkdir()
        self.log = self.dir / "commands.log"
        self.www = None
        self.processes = []

    # -- for run

    def start(self):
        if self.webroot:
            self.www = world.Webroot(self.dir / "www", self.server.http_port)
        self.prepare()

    def prepare(self):
        pass

    def stop(self):
        for p in self.processes:
            self.end(p)
        if self.www:
            self.www.close()

    def version(self):
        done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", self.package],
                              capture_output=True, text=True)
        return done.stdout.split(":")[-1].split("-")[0]

    # -- running

    @property
    def directory(self):
        return self.server.directory()

    @property
    def roots(self):
        return self.server.tls_root

    def environment(self, more):
        env = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "USER", "LOGNAME")}
        env["PATH"] += ":/usr/sbin:/sbin"
        env.update(HOME=str(self.dir), DNS_API=f"http://127.0.0.1:{self.world.dns_api}",
                   ZONE=world.ZONE)
        env.update({k: str(v) for k, v in (more or {}).items()})
        return env

    def run(self, *args, env=None, timeout=90, stdin=None):
        """Runs a command, what it says goes to the log; its exit status proves nothing."""
        args = [str(a) for a in args]
        with open(self.log, "a") as log:
            print(f"\n$ {shlex.join(args)}", file=log)
        began = time.monotonic()
        try:
            done = subprocess.run(args, input=stdin, capture_output=True, text=True, cwd=self.dir,
                                  env=self.environment(env), timeout=timeout, errors="replace")
        except subprocess.TimeoutExpired as e:
            said = (e.stdout or b"").decode(errors="replace")[-1500:]
            raise AssertionError(f"{args[0]} did not end in {timeout} s: {said}") from None
        with open(self.log, "a") as log:
            print(done.stdout + done.stderr, file=log)
            print(f"= {done.returncode} after {time.monotonic() - began:.2f} s", file=log)
        self.last = done
        return done

    def spawn(self, *args, env=None):
        with open(self.log, "ab") as log:
            p = subprocess.Popen([str(a) for a in args], stdin=subprocess.DEVNULL, stdout=log,
                                 stderr=subprocess.STDOUT, cwd=self.dir,
                                 env=self.environment(env))
        self.processes.append(p)
        return p

    def unattended(self, live, *renew):
        """As a timer runs it, without the variable by which the root was named at first."""
        first = live()
        self.run(*renew)
        assert live().serial == first.serial, "it trusts what nobody has told it to trust"
        self.run(*world.with_trust(self.roots, *renew))
        assert live().serial != first.serial, "it is the same certificate"

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    # -- judging

    def host(self, label):
        """A name that no other client has."""
        return f"{label}.{self.name.replace('_', '-')}.{world.ZONE}"

    def email(self, label="a"):
        return f"{label}-{self.name}@{world.ZONE}"

    def got(self, path, *names, key=None, kind="main", root=None, more=()):
        certificate = judge.certificate(self.dir / path, names,
                                        root or self.server.root_of(kind),
                                        key=self.dir / key if key else None,
                                        more=[self.dir / m for m in more])
        # Each directory of pebble is a server of its own, of which one is asked.
        if kind == "main" or self.server.name != "pebble":
            status = self.server.status(certificate)
            assert status == "good", f"the server says of {path}: {status}"
        return certificate

    def revoked(self, certificate, reason=None):
        status = self.server.status(certificate)
        assert status != "good", f"{certificate.path} is not revoked"
        if reason is not None:
            assert status in (str(reason), REASONS[str(reason)]), \
                f"revoked for {status}, not for {REASONS[str(reason)]}"

    def account_is(self, email, status):
        """The one account with this contact; pebble does not tell of them."""
        account = self.server.account(f"mailto:{email}")
        if self.server.name == "pebble":
            return None
        assert account, f"the server knows no account of {email}"
        assert account["status"] == status, f"{email}: {account}"
        return account

    def updated(self, before, after):
        self.account_is(after, "valid")
        assert not self.server.account(f"mailto:{before}"), f"{before} is still there"

    def other_key(self, action, email):
        """After the action the same account has another key."""
        before = self.account_is(email, "valid")
        action()
        after = self.account_is(email, "valid")
        if before:
            assert before["id"] == after["id"], "that is another account"
            assert before["key_sha256"] != after["key_sha256"], "the account has its old key"

    # -- requests as the server gets them

    @contextlib.contextmanager
    def tapped(self, spoil=False):
        with self.server.relay.tapped(spoil) as seen:
            yield seen

    @contextlib.contextmanager
    def bad_nonces(self):
        """Some nonces are used ones: the server must have said so to the client."""
        with self.tapped(spoil=True) as seen:
            yield
        said = [s for s in seen if s.status == 400 and s.answer
                and s.answer.get("type", "").endswith(":badNonce")]
        assert said, f"the server never said badNonce in {len(seen)} requests"

    def authz_given_up(self, seen, name, again=False):
        given = [s for s in seen if s.payload and s.payload.get("status") == "deactivated"
                 and s.answer and s.answer.get("identifier", {}).get("value") == name]
        assert given, f"no authorization was deactivated in {len(seen)} requests"
        assert all(s.status == 200 and s.answer["status"] == "deactivated" for s in given), \
            f"{given}"
        states = self.server.authorizations(name)
        if states is not None:
            assert "deactivated" in states, f"{name}: {states}"
            assert again or "valid" not in states, f"{name}: {states}"

    @contextlib.contextmanager
    def alternates(self):
        """The client follows the certificate's link to its other chain."""
        with self.tapped() as seen:
            yield
        other = [s for s in seen if re.search(r"/(certificate/[^/]+|alternate)/1$", s.path)]
        assert other, f"the alternate chain was not fetched in {len(seen)} requests"
        assert all(s.status == 200 and s.method == "POST" for s in other), f"{other}"

    @staticmethod
    def asked_existing(seen):
        """The account that onlyReturnExisting brought back; nobody made a new one."""
        asked = [s for s in seen if s.payload and s.payload.get("onlyReturnExisting")]
        assert asked, "no request had onlyReturnExisting"
        assert all(s.status == 200 for s in asked), f"{asked}"
        assert not [s for s in seen if s.status == 201 and s.answer and "contact" in s.answer
                    and s.payload and "csr" not in s.payload and "identifiers" not in s.payload], \
            "a new account was made"
