# SPDX-License-Identifier: Apache-2.0
"""Hanaper, one CA for each client: its own ports, its own counters."""
import base64
import json
import re
import sqlite3

import judge
import relay
import world

import hnp
from cryptography import x509

WORDS = {1: "pending", 2: "processing", 3: "ready", 4: "valid", 5: "invalid",
         6: "deactivated", 7: "expired", 8: "revoked"}  # include/tbl/acme_states.h
TERMS = "https://ca.lab.test/terms"


class Hanaper:
    name = "hanaper"
    short_profile = "short"

    def __init__(self, shared, directory):
        self.world, self.dir = shared, directory
        self.http_port, self.tls_port = world.free_port(), world.free_port()
        self.port, self.backend = world.free_port(), world.free_port()
        self.ca = self.relay = None

    def start(self):
        self.dir.mkdir()
        self.ca = hnp.CA("--url-api", f"https://localhost:{self.port}",
                         ports=(self.backend, world.free_port(), world.free_port()))
        self.configure()
        self.ca.start()
        # Where every user can read it: Apache's is another.
        self.root = self.tls_root = self.dir / "root.crt"
        self.root.write_bytes((self.ca.dir / "root.crt").read_bytes())
        self.ca.issue("relay", "DNS:localhost", "IP:127.0.0.1")
        self.relay = relay.Relay(self.port, self.backend, self.ca.file("relay.crt"),
                                 self.ca.file("relay.key"), self.root)
        self.find_alternate()
        return self

    def configure(self):
        path = self.ca.dir / "hanaper.yaml"
        text = path.read_text()
        rest = text[text.index("  # People who run this CA"):].replace(
            "[server, client, peer, short, spiffe]", "[server]")
        head = text[:text.index("profiles:\n")]
        profiles = [self.profile("server", "{ default: 30d, max: 90d, backdate: 5m }",
                                 "profiles: [short]"),
                    self.profile("short", "{ default: 24h, max: 7d, backdate: 5m }"),
                    self.profile("eab", "{ default: 30d, max: 90d, backdate: 5m }",
                                 "external_account: required"),
                    self.profile("knot", "{ default: 30d, max: 90d, backdate: 5m }",
                                 dns=self.world.knot_port),
                    self.profile("dns", "{ default: 30d, max: 90d, backdate: 5m }",
                                 challenges="dns-01"),
                    # To be renewed at once: five sixths of its time are over when it is new.
                    self.profile("old", "{ default: 12m, max: 2h, backdate: 1h }")]
        path.write_text(f"{head}profiles:\n{''.join(profiles)}{rest}"
                        f"acme:\n  terms_of_service: {TERMS}\n")

    def profile(self, name, validity, *more, dns=None,
                challenges="http-01, dns-01, tls-alpn-01"):
        lines = [f"http_port: {self.http_port}", f"tls_port: {self.tls_port}",
                 f'resolvers: ["127.0.0.1:{dns or self.world.dns_port}"]',
                 'networks: ["127.0.0.0/8"]', f"challenges: [{challenges}]", *more]
        acme = "".join(f"      {line}\n" for line in lines)
        return (f"  - name: {name}\n    issuer: main\n    usages: [server auth]\n"
                f"    validity: {validity}\n"
                "    keys: [ecdsa-p256, ecdsa-p384, ed25519, rsa-2048]\n"
                f'    names: {{ dns: ["*.{world.ZONE}", "localhost"], ip: ["127.0.0.0/8"], '
                f"wildcards: true }}\n    acme:\n{acme}")

    def find_alternate(self):
        # The other chain is the same with its root: by the root's name there is nothing to
        # choose, so whoever looks further only if that does not fit asks for another.
        self.alternate = self.root
        self.alternate_name = judge.Certificate(self.root).issued_by_root
        self.alternate_missed = "No Such Root"
        self.alternate_cn_only = False
        self.alternate_length = 3

    def directory(self, kind="main"):
        profile = "server" if kind == "main" else kind
        return f"https://localhost:{self.port}/acme/{profile}/directory"

    def root_of(self, _kind):
        return self.root

    def dns_kind(self):
        return "dns"

    def old_kind(self):
        return "old"

    def needs_ari(self):
        pass

    needs_reuse = needs_profiles = needs_plain_json = needs_ari

    def hanaper(self, *args):
        return json.loads(hnp.run(hnp.BUILD / "hanaper", *args, "--json", "--dir",
                                  self.ca.dir).stdout)

    def eab_key(self):
        made = self.hanaper("acme", "eab", "new", "--names", f"*.{world.ZONE}", "--profile", "eab",
                            "--max", "50", "--expires", "7d")
        return made["kid"], made["hmac_key"]

    def terms(self):
        return TERMS

    def show(self, certificate):
        return self.hanaper("show", certificate.serial)

    def status(self, certificate):
        """"good", or why it was revoked; show and OCSP agree."""
        told = self.show(certificate)
        by_ocsp = self.ca.ocsp(certificate.serial)
        if told["status"] == "valid":
            assert by_ocsp == "good", by_ocsp
            return "good"
        assert told["status"] == "revoked" and by_ocsp == "revoked", f"{told} {by_ocsp}"
        return told["reason"]

    def is_short(self, certificate):
        assert self.show(certificate)["profile"] == "short"

    @staticmethod
    def certificate_id(certificate):
        """RFC 9773 4.1."""
        aki = certificate.leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
        serial = bytes.fromhex(certificate.serial)
        serial = b"\0" + serial if serial[0] & 0x80 else serial
        return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode()
                        for part in (aki.value.key_identifier, serial))

    # -- what became of ACME's objects

    def rows(self, query, *values):
        with sqlite3.connect(f"file:{self.ca.dir / 'hanaper.db'}?mode=ro", uri=True) as db:
            return db.execute(query, values).fetchall()

    def account(self, contact):
        """The newest account with this contact."""
        for account in self.hanaper("acme", "accounts", "--limit", "1000")["accounts"]:
            if contact in account.get("contact", ()):
                return account
        return None

    def authorizations(self, name):
        return [WORDS[s] for s, in self.rows("SELECT status FROM acme_authz WHERE value = ?", name)]

    def requests(self):
        text = self.ca.ask("GET", "/metrics", connection=hnp.UnixConnection(
            self.ca.dir / "run/hanaper.sock")).body.decode()
        return sum(int(float(n)) for n in re.findall(
            r'^hanaper_http_requests_total\{route="/acme/[^}]*\} (\S+)', text, re.M))

    def stop(self):
        if self.relay:
            self.relay.close()
        if self.ca:
            log = self.ca.log.read_bytes()
            (self.dir / "daemon.log").write_bytes(log)
            self.ca.close()
