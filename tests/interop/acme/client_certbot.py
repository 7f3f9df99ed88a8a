# SPDX-License-Identifier: Apache-2.0
import client
import world

DNS_HOOK = world.HELPERS / "certbot-dns"


class Certbot(client.Client):
    name = package = "certbot"
    cannot = {
        "tlsalpn01": "has none",
        "ip": "5.5 can",
        "ari": "5.5 asks for it",
        "replaces": "sends none",
        "profile": "4.0 can",
        "notafter": "has no option for it",
        "keychange": "has no command for it",
        "https": "gets certificates for other servers",
    }

    def command(self, *args, state="state"):
        return ["certbot", "--config-dir", self.dir / state / "etc", "--work-dir",
                self.dir / state / "work", "--logs-dir", self.dir / state / "log", "-n", *args]

    def certbot(self, *args, state="state", server=None):
        return self.run(*self.command("--server", server or self.directory, *args, state=state),
                        env={"REQUESTS_CA_BUNDLE": self.roots})

    def standalone(self, *args, **kw):
        return self.certbot("certonly", "--standalone", "--http-01-port", self.server.http_port,
                            "--http-01-address", "127.0.0.1", *args, **kw)

    def live(self, name, *more, state="state", **kw):
        at = f"{state}/etc/live/{name}"
        return self.got(f"{at}/fullchain.pem", name, *more, key=f"{at}/privkey.pem", **kw)

    def register(self):
        self.certbot("register", "--agree-tos", "-m", self.email())
        self.account_is(self.email(), "valid")
        assert list(self.dir.glob("state/etc/accounts/**/regr.json")), "no account was made"

    def http01(self):
        self.standalone("-d", self.host("http"))
        self.live(self.host("http"))

    def dns01(self):
        name = self.host("dns")
        self.manual_dns("-d", name)
        self.live(name)

    def manual_dns(self, *args):
        self.certbot("certonly", "--manual", "--preferred-challenges", "dns",
                     "--manual-auth-hook", f"{DNS_HOOK} set-txt",
                     "--manual-cleanup-hook", f"{DNS_HOOK} clear-txt", *args)

    def wildcard(self):
        name = self.host("wild")
        self.manual_dns("--key-type", "ecdsa", "--elliptic-curve", "secp384r1",
                        "-d", name, "-d", "*." + name)
        self.live(name, "*." + name)

    def rfc2136(self):
        name = self.host("update")
        ini = self.dir / "rfc2136.ini"
        ini.write_text("dns_rfc2136_server = 127.0.0.1\n"
                       f"dns_rfc2136_port = {self.world.knot_port}\n"
                       f"dns_rfc2136_name = {world.TSIG_NAME}.\n"
                       f"dns_rfc2136_secret = {world.TSIG_SECRET}\n"
                       "dns_rfc2136_algorithm = HMAC-SHA256\n")
        ini.chmod(0o600)
        self.certbot("certonly", "--agree-tos", "-m", self.email("knot"), "--dns-rfc2136",
                     "--dns-rfc2136-credentials", ini, "--dns-rfc2136-propagation-seconds", "0",
                     "-d", name, "-d", "*." + name, state="knot",
                     server=self.server.directory("knot"))
        self.live(name, "*." + name, state="knot", kind="knot")

    def eab(self):
        kid, key = self.server.eab_key()
        name = self.host("eab")
        self.standalone("--agree-tos", "--register-unsafely-without-email", "--eab-kid", kid,
                        "--eab-hmac-key", key, "-d", name, state="eab",
                        server=self.server.directory("eab"))
        self.live(name, state="eab", kind="eab")

    def csr(self):
        name = self.host("csr")
        self.run("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/",
                 "-addext", f"subjectAltName=DNS:{name}", "-keyout", "csr.key", "-out", "csr.pem")
        self.standalone("--csr", "csr.pem", "--cert-path", self.dir / "csr.crt",
                        "--fullchain-path", self.dir / "csr.full",
                        "--chain-path", self.dir / "csr.chain")
        self.got("csr.full", name, key="csr.key")

    def altchain(self):
        name = self.host("alt")
        with self.alternates():
            self.standalone("--preferred-chain", self.server.alternate_name, "-d", name)
        self.live(name, root=self.server.alternate)

    def renew(self):
        name, other = self.host("renew"), self.host("other")
        self.standalone("-d", name, "-d", other)
        self.unattended(lambda: self.live(name, other),
                        *self.command("renew", "--cert-name", name, "--force-renewal",
                                      "--no-random-sleep-on-renew"))

    def badnonce(self):
        name = self.host("nonce")
        with self.bad_nonces():
            self.standalone("-d", name)
        self.live(name)

    def onlyreturnexisting(self):
        with self.tapped() as seen:
            self.certbot("update_account", "-m", self.email("existing"))
        self.asked_existing(seen)

    def update(self):
        self.certbot("update_account", "-m", self.email("first"))
        self.account_is(self.email("first"), "valid")
        self.certbot("update_account", "-m", self.email("second"))
        self.updated(self.email("first"), self.email("second"))

    def authz_deactivate(self):
        # A dry run gives up what is valid, so that something is left to try.
        self.server.needs_reuse()
        name = self.host("http")
        with self.tapped() as seen:
            self.standalone("--dry-run", "-d", name)
        self.authz_given_up(seen, name, again=True)

    def revoke(self, name, *args, reason):
        self.standalone("-d", name)
        certificate = self.live(name)
        at = self.dir / "state/etc/live" / name
        args = [at / a if a == "privkey.pem" else a for a in args]
        self.certbot("revoke", "--cert-path", at / "cert.pem", "--no-delete-after-revoke", *args)
        self.revoked(certificate, reason)

    def revoke_cert_key(self):
        self.revoke(self.host("bykey"), "--key-path", "privkey.pem", "--reason", "superseded",
                    reason=4)

    def revoke_account_key(self):
        self.revoke(self.host("byaccount"), "--reason", "keycompromise", reason=1)

    def deactivate(self):
        self.certbot("register", "--agree-tos", "-m", self.email("end"), state="end")
        self.account_is(self.email("end"), "valid")
        self.certbot("unregister", state="end")
        self.account_is(self.email("end"), "deactivated")
        assert "deactivated" in self.last.stdout + self.last.stderr
