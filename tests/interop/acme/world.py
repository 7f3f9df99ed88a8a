# SPDX-License-Identifier: Apache-2.0
"""What the clients share: DNS servers, an http-01 responder, a tls-alpn-01 responder."""
import functools
import http.server
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
HELPERS = HERE / "helpers"
sys.path.insert(0, str(HERE.parents[1] / "flow"))

import stores  # noqa: E402
from ports import free_port  # noqa: E402,F401

ZONE = "lab.test"
TSIG_NAME, TSIG_SECRET = "acme", "c2VjcmV0LW9mLXRoZS1hY21lLWludGVyb3Atc3VpdGU="


def wait_port(port, process=None, seconds=15):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process and process.poll() is not None:
            raise AssertionError(f"{process.args[0]} ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise AssertionError(f"nobody listens on port {port}")


class World:
    """The DNS servers, and a place for everything."""

    def __init__(self, directory):
        self.dir = directory
        self.processes = []
        self.dns_port, self.dns_api = free_port(), free_port()
        self.knot_port = free_port()

    def spawn(self, *args, log, env=None, cwd=None):
        with open(log, "ab") as out:
            p = subprocess.Popen([str(a) for a in args], stdin=subprocess.DEVNULL, stdout=out,
                                 stderr=subprocess.STDOUT, env=env, cwd=cwd)
        self.processes.append(p)
        return p

    def start(self):
        # Without an AAAA record: nothing of the suite listens on ::1.
        dns = self.spawn("pebble-challtestsrv", "-dns01", f"127.0.0.1:{self.dns_port}",
                         "-management", f"127.0.0.1:{self.dns_api}", "-http01", "",
                         "-https01", "", "-tlsalpn01", "", "-defaultIPv6", "",
                         log=self.dir / "challtestsrv.log")
        knot = self.start_knot()
        wait_port(self.dns_api, dns)
        wait_port(self.knot_port, knot)

    def start_knot(self):
        home = self.dir / "knot"
        home.mkdir()
        (home / "zone").write_text(
            f"$ORIGIN {ZONE}.\n$TTL 1\n@ SOA ns.{ZONE}. root.{ZONE}. 1 60 60 3600 1\n"
            f"@ NS ns.{ZONE}.\nns A 127.0.0.1\n* A 127.0.0.1\n")
        (home / "knot.conf").write_text(f"""server:
    rundir: "{home}"
    listen: 127.0.0.1@{self.knot_port}
database:
    storage: "{home}"
key:
  - id: {TSIG_NAME}
    algorithm: hmac-sha256
    secret: {TSIG_SECRET}
acl:
  - id: update
    key: {TSIG_NAME}
    action: [update, transfer]
zone:
  - domain: {ZONE}
    file: "{home}/zone"
    storage: "{home}"
    zonefile-sync: -1
    journal-content: none
    acl: update
""")
        return self.spawn("/usr/sbin/knotd", "-c", home / "knot.conf", log=self.dir / "knot.log")

    def stop(self):
        for p in self.processes:
            if p.poll() is None:
                p.terminate()
        for p in self.processes:
            try:
                p.wait(10)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()

    def dns(self, command, **members):
        """Tells pebble-challtestsrv a record."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.dns_api}/{command}",
                                         json.dumps(members).encode(), method="POST")
        urllib.request.urlopen(request, timeout=10).close()


class WebrootHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format, *args):  # noqa: A002
        pass


class Webroot:
    """http-01 for clients that only write files."""

    def __init__(self, directory, port):
        self.dir = directory
        self.challenges = directory / ".well-known" / "acme-challenge"
        self.challenges.mkdir(parents=True)
        handler = functools.partial(WebrootHandler, directory=str(directory))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class AlpnResponder:
    """tls-alpn-01 for clients that only write NAME.crt.pem and NAME.key.pem."""

    def __init__(self, directory, port):
        self.dir = directory
        directory.mkdir(exist_ok=True)
        self.socket = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self.accept, daemon=True).start()

    def by_name(self, tls, name, _context):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["acme-tls/1"])
        context.load_cert_chain(self.dir / f"{name}.crt.pem", self.dir / f"{name}.key.pem")
        tls.context = context

    def accept(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["acme-tls/1"])
        context.sni_callback = self.by_name
        try:
            client.settimeout(10)
            with context.wrap_socket(client, server_side=True) as tls:
                tls.recv(1)
        except OSError:
            pass

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def with_root(root, *command):
    """For clients that trust the system's file alone: it is our root, for them only."""
    user = [] if os.geteuid() == 0 else ["-r"]
    return ["unshare", *user, "-m", "sh", "-c",
            'mount --bind "$0" /etc/ssl/certs/ca-certificates.crt && exec "$@"', str(root),
            *map(str, command)]


def with_trust(root, *command):
    """For what runs where somebody has put our root into the machine's store."""
    return stores.apart('"$1" trust install --store system --root "$2" >&2; shift 2; exec "$@"',
                        build() / "hanaper", root, *command)


def which(program):
    found = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not found:
        raise AssertionError(f"{program} is not installed: see contrib/packages")
    return found


class NotHere(Exception):
    """The server of this run has not what the cell is about; Hanaper has."""


def build():
    return pathlib.Path(os.environ.get("HNP_BUILD", HERE.parents[2] / "build")).resolve()
