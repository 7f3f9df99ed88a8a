# SPDX-License-Identifier: Apache-2.0
"""Debian's pebble in the place of Hanaper: to tell the suite's faults from the server's."""
import json
import os
import ssl
import subprocess
import urllib.error
import urllib.request

import judge
import relay
import world

KID = "kid-1"
MAC_KEY = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"


class Pebble:
    name = "pebble"

    def __init__(self, shared, directory):
        self.world, self.dir = shared, directory
        self.http_port, self.tls_port = world.free_port(), world.free_port()
        self.port, self.backend = world.free_port(), world.free_port()
        self.managements = {}
        self.urls = {}
        self.relay = None

    def start(self):
        self.dir.mkdir()
        self.tls = self.dir / "tls.crt"
        self.tls_root = self.tls
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
                        "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                        "-addext", "keyUsage=critical,digitalSignature,keyCertSign",
                        "-keyout", self.dir / "tls.key", "-out", self.tls],
                       check=True, capture_output=True)
        self.launch("main", self.backend)
        self.relay = relay.Relay(self.port, self.backend, self.tls, self.dir / "tls.key",
                                 self.tls)
        self.urls["main"] = f"https://localhost:{self.port}/dir"
        self.root = self.fetch_root("main", 0, "root.pem")
        self.alternate = self.fetch_root("main", 1, "alternate.pem")
        self.alternate_cn_only = True
        self.alternate_length = 2
        self.alternate_missed = judge.Certificate(self.alternate).issued_by_root
        self.alternate_name = self.alternate_missed
        return self

    def launch(self, kind, port):
        management = world.free_port()
        config = {"listenAddress": f"127.0.0.1:{port}", "certificate": str(self.tls),
                  "managementListenAddress": f"127.0.0.1:{management}",
                  "privateKey": str(self.dir / "tls.key"), "httpPort": self.http_port,
                  "tlsPort": self.tls_port, "ocspResponderURL": "",
                  "externalAccountBindingRequired": kind == "eab",
                  "externalAccountMACKeys": {KID: MAC_KEY}}
        path = self.dir / f"{kind}.json"
        path.write_text(json.dumps({"pebble": config}))
        dns = self.world.knot_port if kind == "knot" else self.world.dns_port
        process = self.world.spawn(
            "pebble", "-config", path, "-dnsserver", f"127.0.0.1:{dns}",
            log=self.dir / f"{kind}.log",
            env={**os.environ, "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0",
                 "PEBBLE_ALTERNATE_ROOTS": "1", "PEBBLE_AUTHZREUSE": "0"})
        world.wait_port(port, process)
        world.wait_port(management, process)
        self.managements[kind] = management
        return f"https://localhost:{port}/dir"

    def ask(self, kind, path):
        url = f"https://localhost:{self.managements[kind]}{path}"
        context = ssl.create_default_context(cafile=self.tls)
        with urllib.request.urlopen(url, context=context, timeout=10) as answer:
            return answer.read()

    def fetch_root(self, kind, i, name):
        path = self.dir / name
        path.write_bytes(self.ask(kind, f"/roots/{i}"))
        return path

    def directory(self, kind="main"):
        if kind not in self.urls:
            self.urls[kind] = self.launch(kind, world.free_port())
        return self.urls[kind]

    def root_of(self, kind):
        return self.root if kind == "main" else self.fetch_root(kind, 0, f"root-{kind}.pem")

    def eab_key(self):
        return KID, MAC_KEY

    def terms(self):
        return "data:text/plain,Do%20what%20thou%20wilt"

    def status(self, certificate):
        """"good", or why it was revoked."""
        told = json.loads(self.ask("main", f"/cert-status-by-serial/{certificate.serial}"))
        return "good" if told["Status"] == "Valid" else str(told.get("Reason", 0))

    def account(self, contact):
        return None  # it does not tell

    authorizations = accounts = account

    def lacks(self):
        raise world.NotHere()

    needs_reuse = needs_ari = needs_profiles = needs_plain_json = dns_kind = old_kind = lacks

    def requests(self):
        log = (self.dir / "main.log").read_text(errors="replace")
        return sum(log.count(f" {m} /") for m in ("GET", "POST", "HEAD"))

    def stop(self):
        if self.relay:
            self.relay.close()
