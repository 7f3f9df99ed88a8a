# SPDX-License-Identifier: Apache-2.0
"""A CA directory, its daemon and its clients, for the flow tests.

Everything runs on loopback, on ports that were free (ports.py), and is stopped by
the process id that it had.  HNP_BUILD names the build directory.
"""
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

import journal
from ports import free_port

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("HNP_BUILD", SOURCE / "build")).resolve()
WRAP = os.environ.get("HNP_WRAP", "").split()  # valgrind and its options
SLOW = 20 if WRAP else 1
UNCONFINED = ("--no-sandbox",) if WRAP else ()  # what wraps it does what no role may
if not (BUILD / "hanaper").exists():
    sys.exit(f"{BUILD} holds no build: make one there, or name another by HNP_BUILD")
SANITIZED = b"__asan_init" in (BUILD / "hanaper").read_bytes()
ROLES = ("hanaper-signer", "hanaper-prober", "hanaper-core", "hanaper-front")


def run(*args, check=True, stdin=None, text=True, cwd=None, env=None, **more):
    """Runs a command; on failure the test shows what it said."""
    done = subprocess.run([str(a) for a in args], input=stdin, capture_output=True, text=text,
                          cwd=cwd, timeout=120 * SLOW, env=env, **more)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, args))}: exit status {done.returncode}\n"
                             f"{done.stdout}\n{done.stderr}")
    return done


def wait_gone(pids, seconds=10):
    """The roles die with their parent: the next start must not meet them."""
    end = time.monotonic() + seconds * SLOW
    while any(os.path.exists(f"/proc/{pid}") for pid in pids):
        if time.monotonic() > end:
            raise AssertionError("a role outlives its parent")
        time.sleep(0.005)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:600]!r}>"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30 * SLOW)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


class CA:
    """One CA directory below a temporary one."""

    def __init__(self, *options, ports=None):
        self.tmp = pathlib.Path(tempfile.mkdtemp(prefix="hnp-"))
        self.dir = self.tmp / "ca"
        self.api_port, self.http_port, self.metrics_port = ports or (
            free_port(), free_port(), free_port())
        self.host = "localhost"
        self.daemon = None
        self.log = self.tmp / "daemon.log"
        self.program = BUILD / "hanaperd"
        run(BUILD / "hanaper", "init", "--dir", self.dir,
            "--api", f"127.0.0.1:{self.api_port}", "--http", f"127.0.0.1:{self.http_port}",
            "--metrics", f"127.0.0.1:{self.metrics_port}", *options)

    # -- the daemon

    def start(self, *options, wait=True, wrap=(), cwd=None):
        """With 'cwd' the directory is not named: it is found there."""
        named = () if cwd else ("--dir", self.dir)
        with open(self.log, "ab") as log:
            self.mark = log.tell()
            self.daemon = subprocess.Popen(
                [*wrap, *WRAP, self.program, "-f", *named, *UNCONFINED, *options],
                stdout=log, stderr=subprocess.STDOUT, cwd=cwd)
        if wait:
            self.wait_ready()
        return self

    def said(self):
        """What the daemon printed since its last start."""
        with open(self.log, "rb") as log:
            log.seek(self.mark)
            return log.read().decode(errors="replace")

    def wait_ready(self, seconds=15):
        end = time.monotonic() + seconds * SLOW
        while time.monotonic() < end:
            if re.search(r"^ready ", self.said(), re.M):
                return
            if self.daemon.poll() is not None:
                raise AssertionError(f"the daemon ended: {self.said()[-3000:]}")
            time.sleep(0.01)
        raise AssertionError(f"not ready: {self.said()[-3000:]}")

    def wait_end(self, seconds=15):
        status = self.daemon.wait(seconds * SLOW)
        self.daemon = None
        return status

    def serves(self, *options):
        """Starts it: it is ready, or has ended by itself."""
        self.start(*options, wait=False)
        try:
            self.wait_ready()
        except AssertionError as late:
            assert self.daemon.poll() is not None, late
            self.wait_end()
            return False
        return True

    def stop(self):
        if self.daemon and self.daemon.poll() is None:
            self.daemon.send_signal(signal.SIGTERM)
            try:
                self.daemon.wait(15 * SLOW)
            except subprocess.TimeoutExpired:
                self.daemon.kill()
                self.daemon.wait()
                raise AssertionError("the daemon does not stop on SIGTERM: "
                                     + self.said()[-2000:]) from None
        status = self.daemon.returncode if self.daemon else 0
        self.daemon = None
        return status

    def role_pids(self):
        """{program: pid} of the daemon's children."""
        out = subprocess.run(["ps", "-o", "pid=,comm=", "--ppid", str(self.daemon.pid)],
                             capture_output=True, text=True).stdout
        return {line.split()[1]: int(line.split()[0]) for line in out.splitlines()}

    def close(self):
        try:
            self.stop()
        finally:
            shutil.rmtree(self.tmp, ignore_errors=True)

    # -- talking to it

    def context(self, cert=None, key=None):
        ctx = ssl.create_default_context(cafile=self.dir / "root.crt")
        if cert:
            ctx.load_cert_chain(cert, key)
        return ctx

    def resume(self, tls, session=None):
        """A connection with this session: the one that it leaves, whether it was taken up, and the answer."""
        with socket.create_connection(("127.0.0.1", self.api_port), timeout=10 * SLOW) as plain, \
                tls.wrap_socket(plain, server_hostname="localhost", session=session) as s:
            s.sendall(b"GET /v1/whoami HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            answer = b"".join(iter(lambda: s.recv(4096), b""))
            return s.session, s.session_reused, answer

    def connect(self, cert="admin", key=None):
        if cert == "admin":
            cert, key = self.dir / "admin.crt", self.dir / "admin.key"
        return http.client.HTTPSConnection(self.host, self.api_port, timeout=30 * SLOW,
                                           context=self.context(cert, key))

    def ask(self, method, path, body=None, headers=None, cert="admin", key=None, connection=None):
        conn = connection or self.connect(cert, key)
        try:
            if isinstance(body, (dict, list)):
                body = json.dumps(body)
                headers = {"Content-Type": "application/json", **(headers or {})}
            conn.request(method, path, body=body, headers=headers or {})
            r = conn.getresponse()
            return Answer(r.status, r.headers, r.read())
        finally:
            if connection is None:
                conn.close()

    def ask_unix(self, method, path, body=None, headers=None):
        return self.ask(method, path, body, headers,
                        connection=UnixConnection(self.dir / "run/hanaper.sock"))

    def ask_http(self, method, path, body=None, headers=None):
        return self.ask(method, path, body, headers,
                        connection=http.client.HTTPConnection("127.0.0.1", self.http_port,
                                                              timeout=30 * SLOW))

    # -- certificates

    def file(self, name):
        return self.tmp / name

    def csr(self, base, *names, key=None, subject="/", extra=()):
        """Makes BASE.key and BASE.csr with openssl; names as openssl writes them: DNS:a."""
        key_file, csr = self.file(base + ".key"), self.file(base + ".csr")
        run("openssl", "genpkey", *(key or ("-algorithm", "EC", "-pkeyopt",
                                            "ec_paramgen_curve:P-256")), "-out", key_file)
        san = ("-addext", "subjectAltName=" + ",".join(names)) if names else ()
        run("openssl", "req", "-new", "-key", key_file, "-subj", subject, *san, *extra,
            "-out", csr)
        return csr.read_bytes()

    def issue(self, base, *names, profile="server", **kw):
        """Gets a certificate by the raw form; BASE.crt holds the chain, BASE.leaf.crt the leaf."""
        a = self.ask("POST", f"/v1/certificates?profile={profile}", self.csr(base, *names, **kw),
                     {"Accept": "application/pem-certificate-chain",
                      "Content-Type": "text/plain"})
        if a.status != 201:
            raise AssertionError(f"not issued: {a}")
        self.file(base + ".crt").write_bytes(a.body)
        leaf = a.body.decode().split("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n"
        self.file(base + ".leaf.crt").write_text(leaf)
        return a.headers["Location"].rsplit("/", 1)[1]

    def revoke(self, serial, reason="superseded", **kw):
        return self.ask("POST", f"/v1/certificates/{serial}/revoke", {"reason": reason}, **kw)

    def issuers_pem(self):
        path = self.file("issuers.pem")
        path.write_bytes(self.ask_http("GET", "/ca/main/chain.pem").body)
        return path

    def crl(self, issuer="main"):
        end = time.monotonic() + 10 * SLOW
        while (a := self.ask_http("GET", f"/crl/{issuer}.crl")).status != 200:  # ready may have been said without it
            if time.monotonic() > end:
                raise AssertionError(f"no CRL: {a}")
            time.sleep(0.05)
        path = self.file(issuer + ".crl")
        path.write_bytes(a.body)
        return path

    def crl_text(self, issuer="main"):
        return run("openssl", "crl", "-inform", "DER", "-in", self.crl(issuer), "-noout",
                   "-text").stdout

    def crl_number(self, issuer="main"):
        return int(run("openssl", "crl", "-inform", "DER", "-in", self.crl(issuer), "-noout",
                       "-crlnumber").stdout.strip().split("=")[1], 16)

    def ocsp(self, serial, *options, issuer=None):
        """What openssl ocsp says of a serial: good, revoked, unknown, or the whole text."""
        done = run("openssl", "ocsp", "-issuer", issuer or self.issuers_pem(),
                   "-serial", "0x" + serial, "-url", f"http://127.0.0.1:{self.http_port}/ocsp",
                   "-CAfile", self.dir / "root.crt", *options, check=False)
        text = done.stdout + done.stderr
        found = re.search(r"0x[0-9a-fA-F]+: (good|revoked|unknown)", text)
        if not found or "Response verify OK" not in text:
            return text
        return found[1]

    @contextlib.contextmanager
    def configured(self, old, new):
        """It runs with 'new' for 'old' in its configuration, and behind that as before."""
        path = self.dir / "hanaper.yaml"
        yaml = path.read_text()
        assert old in yaml, yaml
        self.stop()
        path.write_text(yaml.replace(old, new))
        self.start()
        try:
            yield
        finally:
            self.stop()
            path.write_text(yaml)
            self.start()

    def signer_asked(self, n):
        """Waits until core has so many questions with the signer: of one that is stopped they do not get fewer."""
        end = time.monotonic() + 10 * SLOW
        while True:
            text = self.ask_unix("GET", "/metrics").body.decode()
            if (asked := int(re.search(r"^hanaper_signer_questions_open (\d+)$", text, re.M)[1])) >= n:
                return
            if time.monotonic() > end:
                raise AssertionError(f"the signer has {asked} questions, not {n}")
            time.sleep(0.01)

    def database(self):
        """As beside the daemon.  A running one is given the time to store what it has answered: a certificate is
        seen from there 20 ms after its answer, or later (ADR 0030)."""
        seq, end = journal.last_seq(self.dir / "journal"), time.monotonic() + 5 * SLOW
        db = sqlite3.connect(f"file:{self.dir / 'hanaper.db'}?mode=ro", uri=True)
        while self.daemon and self.daemon.poll() is None and time.monotonic() < end:
            if db.execute("SELECT num FROM meta WHERE key = 'seq'").fetchone()[0] >= seq:
                break
            time.sleep(0.005)
        return db


class FlowTest(unittest.TestCase):
    """A fresh CA per class, its daemon running; tests of one class share it."""

    options = ()
    running = True

    @classmethod
    def setUpClass(cls):
        cls.ca = CA(*cls.options)
        cls.addClassCleanup(cls.ca.close)
        if cls.running:
            cls.ca.start()

    def problem(self, answer, status, kind, *words):
        """The answer is a problem document of this status and type, and its detail says so."""
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json", answer)
        p = answer.json
        self.assertEqual(p["type"], "urn:hanaper:problem:" + kind, answer)
        self.assertEqual(p["status"], status)
        self.assertRegex(p["request_id"], r"^[0-9a-f]{16}$")
        for word in words:
            self.assertIn(word.lower(), json.dumps(p).lower())
        return p
