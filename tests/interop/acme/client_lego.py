# SPDX-License-Identifier: Apache-2.0
import json

import client
import world


class Lego(client.Client):
    name = package = "lego"
    measured = ("register",)  # it has no command for an account alone
    cannot = {
        "ip": "asks for IP addresses as if they were DNS names; 4.35 can",
        "ari": "4.35 asks for it",
        "replaces": "4.35 sends it",
        "profile": "4.35 can",
        "notafter": "4.35 can",
        "update": "has no command for it",
        "keychange": "has no command for it",
        "revoke_cert_key": "revokes by the account alone",
        "deactivate": "has no command for it",
        "https": "gets certificates for other servers",
    }

    def command(self, *args, server=None, state="state"):
        return ["lego", "--path", self.dir / state, "--server", server or self.directory,
                "--accept-tos", "--email", self.email(state), *args]

    def lego(self, *args, env=None, **kw):
        return self.run(*self.command(*args, **kw),
                        env={"LEGO_CA_CERTIFICATES": self.roots, **(env or {})})

    @property
    def by_http(self):
        return "--http", "--http.port", f"127.0.0.1:{self.server.http_port}"

    def http(self, *args, **kw):
        return self.lego(*self.by_http, *args, **kw)

    def live(self, name, *more, state="state", **kw):
        at = f"{state}/certificates/{name.replace('*', '_')}"
        return self.got(at + ".crt", name, *more, key=at + ".key", **kw)

    def register(self):
        name = self.host("first")
        self.http("-d", name, "run")
        self.live(name)
        self.account_is(self.email("state"), "valid")

    def http01(self):
        a, b = self.host("a"), self.host("b")
        self.http("-d", a, "-d", b, "run")
        self.live(a, b)

    def dns(self, *args):
        self.lego("--dns", "exec", "--dns.disable-cp", "--dns.resolvers",
                  f"127.0.0.1:{self.world.dns_port}", *args, "run",
                  env={"EXEC_PATH": world.HELPERS / "lego-dns", "EXEC_SEQUENCE_INTERVAL": "0",
                       "EXEC_PROPAGATION_TIMEOUT": "5", "EXEC_POLLING_INTERVAL": "1"})

    def dns01(self):
        self.dns("-d", self.host("dns"))
        self.live(self.host("dns"))

    def wildcard(self):
        name = self.host("wild")
        self.dns("-d", "*." + name, "-d", name)
        self.live("*." + name, name)

    def rfc2136(self):
        name = self.host("update")
        self.lego("--dns", "rfc2136", "--dns.disable-cp", "--dns.resolvers",
                  f"127.0.0.1:{self.world.knot_port}", "-d", "*." + name, "-d", name, "run",
                  state="knot", server=self.server.directory("knot"),
                  env={"RFC2136_NAMESERVER": f"127.0.0.1:{self.world.knot_port}",
                       "RFC2136_TSIG_ALGORITHM": "hmac-sha256.",
                       "RFC2136_TSIG_KEY": world.TSIG_NAME + ".",
                       "RFC2136_TSIG_SECRET": world.TSIG_SECRET,
                       "RFC2136_POLLING_INTERVAL": "1", "RFC2136_SEQUENCE_INTERVAL": "0"})
        self.live("*." + name, name, state="knot", kind="knot")

    def tlsalpn01(self):
        name = self.host("alpn")
        self.lego("--tls", "--tls.port", f"127.0.0.1:{self.server.tls_port}", "-d", name,
                  "--key-type", "rsa2048", "run")
        self.live(name)

    def eab(self):
        kid, key = self.server.eab_key()
        name = self.host("eab")
        self.http("--eab", "--kid", kid, "--hmac", key, "-d", name, "run", state="eab",
                  server=self.server.directory("eab"))
        self.live(name, state="eab", kind="eab")

    def csr(self):
        name = self.host("csr")
        self.run("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
                 "-addext", f"subjectAltName=DNS:{name}", "-keyout", "csr.key", "-out", "csr.pem")
        self.http("--csr", "csr.pem", "run")
        self.got(f"state/certificates/{name}.crt", name, key="csr.key")

    def altchain(self):
        name = self.host("alt")
        with self.alternates():
            self.http("-d", name, "run", "--preferred-chain", self.server.alternate_name)
        self.live(name, root=self.server.alternate)

    def renew(self):
        self.unattended(lambda: self.live(self.host("first")),
                        *self.command(*self.by_http, "-d", self.host("first"), "renew",
                                      "--days", "10000", "--no-random-sleep"))

    def badnonce(self):
        name = self.host("nonce")
        with self.bad_nonces():
            self.http("-d", name, "run")
        self.live(name)

    def onlyreturnexisting(self):
        # It asks so when it has its key, but no longer its account's URL.
        for path in self.dir.glob("state/accounts/*/*/account.json"):
            path.write_text(json.dumps({**json.loads(path.read_text()), "registration": None}))
        with self.tapped() as seen:
            self.http("-d", self.host("existing"), "run")
        self.live(self.host("existing"))
        self.asked_existing(seen)

    def authz_deactivate(self):
        name = self.host("authz")
        with self.tapped() as seen:
            self.http("-d", name, "run", "--always-deactivate-authorizations", "true")
        self.live(name)
        self.authz_given_up(seen, name)

    def revoke_account_key(self):
        name = self.host("revoke")
        self.http("-d", name, "run")
        certificate = self.live(name)
        self.lego("-d", name, "revoke", "--reason", "4", "--keep")
        self.revoked(certificate, 4)
