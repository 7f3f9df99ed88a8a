# SPDX-License-Identifier: Apache-2.0
"""The servers of the benchmark: ours, and those of the peers that are installed.

Each is started on loopback, on a free port, pinned to the first core, and stopped by
its process id.  'args' is what tests/bench/load is told of it.
"""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
import acme_world  # noqa: E402
import hnp  # noqa: E402

CORES = sorted(os.sched_getaffinity(0))
PIN_SERVER = ("taskset", "-c", str(CORES[0])) if len(CORES) > 1 else ()
PIN_LOAD = ("taskset", "-c", str(CORES[1])) if len(CORES) > 1 else ()
LIMITS = """
limits: { rate: 0, same_names: 0 }
acme:
  limits: { accounts_per_hour: 0, orders_per_hour: 0, pending_orders: 0, failures_per_hour: 0 }
"""


class Missing(Exception):
    """A peer is not installed, or does not start here."""


def need(program):
    if not shutil.which(program):
        raise Missing(f"{program} is not installed")


def merge(path, text):
    """Puts top-level keys into hanaper.yaml in the place of those that are there."""
    lines, keys = path.read_text().split("\n"), {line.split(":")[0] for line in text.split("\n") if line[:1].isalpha()}
    kept, skip = [], False
    for line in lines:
        if line[:1].isalpha():
            skip = line.split(":")[0] in keys
        if not skip:
            kept.append(line)
    path.write_text("\n".join(kept) + text)


class Ours:
    name = "hanaper"

    def __init__(self, pin=True):
        self.ca = hnp.CA()
        self.dns_port, self.http01_port = hnp.free_port(), hnp.free_port()
        acme_world.directory(self.ca, http_port=self.http01_port, resolvers=[f"127.0.0.1:{self.dns_port}"])
        merge(self.ca.dir / "hanaper.yaml", LIMITS)
        try:
            self.ca.start(wrap=PIN_SERVER if pin else ())
            self.chain = self.ca.file("chain.pem")
            self.chain.write_bytes(self.ca.ask_http("GET", "/ca/main/chain.pem").body)
        except BaseException:
            self.ca.close()
            raise
        self.serials = self.ca.file("serials")
        self.pid = self.ca.daemon.pid
        self.args = ["--api", f"https://127.0.0.1:{self.ca.api_port}", "--plain", f"http://127.0.0.1:{self.ca.http_port}",
                     "--cacert", self.ca.dir / "root.crt", "--cert", self.ca.dir / "admin.crt",
                     "--key", self.ca.dir / "admin.key", "--issuer", self.chain, "--pid", self.pid]

    def acme(self):
        return ["--dns-port", self.dns_port, "--http01-port", self.http01_port, "--stock", 3000]

    def one_ocsp(self):
        """The answer for the first of our serials, and that serial."""
        serial = self.serials.read_text().split()[0]
        out = self.ca.file("one.ocsp")
        hnp.run("openssl", "ocsp", "-issuer", self.chain, "-serial", "0x" + serial, "-no_nonce", "-noverify",
                "-url", f"http://127.0.0.1:{self.ca.http_port}/ocsp", "-respout", out)
        return serial, out.read_bytes()

    def close(self):
        self.ca.close()


class BothCores(Ours):
    """Ours once more, and not held to one core: what its processes make of a second one."""

    name = "hanaper on both cores"

    def __init__(self):
        super().__init__(pin=False)


class Peer:
    """A process in a directory of its own, with a CA that openssl made."""

    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="hnp-bench-"))
        self.process = None
        self.port = hnp.free_port()
        try:
            self.make()
        except Missing:
            self.close()
            raise
        except (AssertionError, OSError, subprocess.SubprocessError) as e:
            self.close()
            raise Missing(f"{self.name}: {str(e).splitlines()[0] if str(e) else e!r}") from e

    def file(self, name, content=None):
        path = self.dir / name
        if content is not None:
            path.write_text(content)
        return path

    def openssl(self, *args):
        return hnp.run("openssl", *args, cwd=self.dir)

    def make_ca(self):
        """ca.key ca.crt; server.key server.crt for localhost."""
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key",
                     "-out", "ca.crt", "-days", "30", "-subj", "/CN=Peer", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        self.leaf("server", 2, "subjectAltName=DNS:localhost,IP:127.0.0.1")

    def leaf(self, base, serial, extension="subjectAltName=DNS:a.internal"):
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", base + ".key",
                     "-out", base + ".csr", "-subj", "/")
        self.file("ext", extension + "\n")
        self.openssl("x509", "-req", "-in", base + ".csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-set_serial", str(serial),
                     "-days", "20", "-extfile", "ext", "-out", base + ".crt")

    def start(self, *command, says=None, env=None):
        """Until it listens, or says that it does: openssl ocsp never answers after a connection that asks nothing."""
        with open(self.dir / "log", "wb") as log:
            self.process = subprocess.Popen([*PIN_SERVER, *map(str, command)], stdout=log, stderr=subprocess.STDOUT,
                                            cwd=self.dir, env={**os.environ, **(env or {})})
        self.pid = self.process.pid
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with socket.socket() as s:
                if says and says in (self.dir / "log").read_text() or (
                        not says and s.connect_ex(("127.0.0.1", self.port)) == 0):
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        said = (self.dir / "log").read_text(errors="replace").strip().splitlines()
        raise Missing(f"{self.name} does not start: {said[-1] if said else 'it says nothing'}")

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


CFSSL_TABLES = """
PRAGMA journal_mode=WAL;
CREATE TABLE certificates (serial_number blob NOT NULL, authority_key_identifier blob NOT NULL, ca_label blob,
  status blob NOT NULL, reason int, expiry timestamp, revoked_at timestamp, pem blob NOT NULL,
  PRIMARY KEY(serial_number, authority_key_identifier));
CREATE TABLE ocsp_responses (serial_number blob NOT NULL, authority_key_identifier blob NOT NULL, body blob NOT NULL,
  expiry timestamp, PRIMARY KEY(serial_number, authority_key_identifier));
"""


class Cfssl(Peer):
    """Signs, and stores in SQLite, WAL with synchronous=FULL."""

    name = "cfssl"

    def make(self):
        need("cfssl")
        need("sqlite3")
        self.make_ca()
        hnp.run("sqlite3", self.dir / "certs.db", stdin=CFSSL_TABLES)
        self.file("db.json", json.dumps({"driver": "sqlite3", "data_source": str(self.dir / "certs.db")}))
        self.file("config.json", json.dumps({"signing": {"default": {
            "expiry": "24h", "usages": ["digital signature", "server auth", "client auth"]}}}))
        self.start("cfssl", "serve", "-loglevel=3", "-port", self.port, "-ca", "ca.crt", "-ca-key", "ca.key", "-config",
                   "config.json", "-db-config", "db.json", "-tls-cert", "server.crt", "-tls-key", "server.key")
        self.args = ["--api", f"https://127.0.0.1:{self.port}", "--cacert", self.dir / "ca.crt", "--issuer",
                     self.dir / "ca.crt", "--pid", self.pid]


class OcspPeer(Peer):
    """Certificates with known serials, for responders."""

    count = 8

    def make_certificates(self):
        self.make_ca()
        rows = []
        for i in range(self.count):
            self.leaf(f"leaf{i}", 0x1000000000 + i)
            rows.append(f"V\t400101000000Z\t\t{0x1000000000 + i:X}\tunknown\t/CN=a\n")
        self.file("index.txt", "".join(rows))
        self.file("index.txt.attr", "unique_subject = no\n")
        self.file("serials", "".join(f"{0x1000000000 + i:x}\n" for i in range(self.count)))
        self.args = ["--plain", f"http://127.0.0.1:{self.port}", "--ocsp-path", "/", "--cacert", self.dir / "ca.crt",
                     "--issuer", self.dir / "ca.crt", "--serials", self.dir / "serials"]


class CfsslOcsp(OcspPeer):
    """Answers that were signed beforehand, from memory."""

    name = "cfssl ocspserve"

    def make(self):
        need("cfssl")
        self.make_certificates()
        answers = []
        for i in range(self.count):
            out = hnp.run("cfssl", "ocspsign", "-ca", "ca.crt", "-responder", "ca.crt", "-responder-key", "ca.key",
                          "-cert", f"leaf{i}.crt", "-status", "good", "-interval", "96h", cwd=self.dir).stdout
            answers.append(json.loads(out)["ocspResponse"])
        self.file("answers", "\n".join(answers) + "\n")
        self.start("cfssl", "ocspserve", "-loglevel=3", "-port", self.port, "-responses", "answers")
        self.args += ["--pid", self.pid]


class OpensslOcsp(OcspPeer):
    """Signed live, one after the other."""

    name = "openssl ocsp"

    def make(self):
        self.make_certificates()
        self.start("openssl", "ocsp", "-index", "index.txt", "-port", self.port, "-CA", "ca.crt", "-rsigner", "ca.crt",
                   "-rkey", "ca.key", "-ignore_err", says="waiting for OCSP")
        self.args += ["--pid", self.pid]


class NginxOcsp(Peer):
    """One answer of ours as a static file."""

    name = "nginx, static"

    def __init__(self, ours):
        self.ours = ours
        super().__init__()

    def make(self):
        need("nginx")
        serial, answer = self.ours.one_ocsp()
        self.dir.chmod(0o755)
        (self.dir / "answer").write_bytes(answer)
        self.file("serials", serial + "\n")
        self.file("nginx.conf", f"""daemon off; worker_processes 1; pid {self.dir}/pid; error_log {self.dir}/log;
            events {{ worker_connections 512; }}
            http {{ access_log off; keepalive_requests 100000000; sendfile on; tcp_nopush on; open_file_cache max=10;
            server {{ listen 127.0.0.1:{self.port}; location / {{ root {self.dir}; try_files /answer =404;
            default_type application/ocsp-response; }} }} }}\n""")
        self.start("nginx", "-c", self.dir / "nginx.conf", "-p", self.dir)
        self.args = ["--plain", f"http://127.0.0.1:{self.port}", "--ocsp-path", "/", "--cacert",
                     self.ours.ca.dir / "root.crt", "--issuer", self.ours.chain, "--serials", self.dir / "serials",
                     "--pid", self.pid]


class Caddy(Peer):
    """Its acme_server; asks on port 80, for a name that the system knows."""

    name = "caddy acme_server"

    def make(self):
        need("caddy")
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", 80))
            except OSError as e:
                raise Missing(f"{self.name} asks on port 80, which is not free: {e}") from e
        self.file("Caddyfile", f"""{{
            admin off
            skip_install_trust
            auto_https disable_redirects
            https_port {self.port}
            http_port {hnp.free_port()}
        }}
        https://localhost:{self.port} {{
            tls internal
            acme_server
        }}\n""")
        env = {"XDG_DATA_HOME": str(self.dir / "data"), "XDG_CONFIG_HOME": str(self.dir / "config"), "HOME": str(self.dir)}
        self.start("caddy", "run", "--config", "Caddyfile", "--adapter", "caddyfile", env=env)
        root = self.dir / "data/caddy/pki/authorities/local/root.crt"
        end = time.monotonic() + 10
        while not root.exists() and time.monotonic() < end:
            time.sleep(0.1)
        time.sleep(1)  # its own certificate
        self.args = ["--api", f"https://localhost:{self.port}", "--cacert", root, "--pid", self.pid, "--directory",
                     "/acme/local/directory", "--http01-port", 80, "--same-name", "--domain", "localhost"]


class Pebble(Peer):
    """Stores nothing; its nonces are never refused and it never sleeps here."""

    name = "pebble"

    def make(self):
        need("pebble")
        self.make_ca()
        self.http01_port, self.dns_port, management = hnp.free_port(), hnp.free_port(), hnp.free_port()
        self.file("config.json", json.dumps({"pebble": {
            "listenAddress": f"127.0.0.1:{self.port}", "managementListenAddress": f"127.0.0.1:{management}",
            "certificate": "server.crt", "privateKey": "server.key", "httpPort": self.http01_port, "tlsPort": 5001,
            "ocspResponderURL": "", "externalAccountBindingRequired": False}}))
        self.start("pebble", "-config", "config.json", "-strict=false", "-dnsserver", f"127.0.0.1:{self.dns_port}",
                   env={"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0"})
        root = hnp.run("curl", "-s", "--cacert", "ca.crt", f"https://localhost:{management}/roots/0", cwd=self.dir).stdout
        self.file("roots", (self.dir / "ca.crt").read_text() + root)
        self.args = ["--api", f"https://127.0.0.1:{self.port}", "--cacert", self.dir / "roots", "--pid", self.pid,
                     "--directory", "/dir", "--http01-port", self.http01_port, "--dns-port", self.dns_port,
                     "--stock", 1500]


class OpensslCa(Peer):
    """No server: a process for each certificate."""

    name = "openssl ca"

    def make(self):
        self.make_ca()
        self.file("index.txt", "")
        self.file("serial", "1000\n")
        self.file("ca.cnf", """[ca]
default_ca = d
[d]
database = index.txt
serial = serial
new_certs_dir = .
certificate = ca.crt
private_key = ca.key
default_md = sha256
default_days = 1
policy = p
unique_subject = no
copy_extensions = copy
[p]
commonName = optional
""")
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "a.key", "-out",
                     "a.csr", "-subj", "/CN=a", "-addext", "subjectAltName=DNS:a.internal")

    def per_second(self, n):
        began = time.monotonic()
        for _ in range(n):
            hnp.run(*PIN_SERVER, "openssl", "ca", "-config", "ca.cnf", "-batch", "-in", "a.csr", "-out", "a.crt", "-notext",
                    cwd=self.dir)
        took = time.monotonic() - began
        hnp.run("openssl", "verify", "-CAfile", "ca.crt", "a.crt", cwd=self.dir)
        return n / took


