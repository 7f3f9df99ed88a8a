# SPDX-License-Identifier: Apache-2.0
import time

import client
import world

HOOK = world.HELPERS / "uacme-hook"
ALPN_HOOK = world.HELPERS / "uacme-alpn"


class Uacme(client.Client):
    name = package = "uacme"
    webroot = True
    cannot = {
        "ari": "1.8 asks for it",
        "replaces": "sends none",
        "profile": "1.8 can",
        "notafter": "has no option for it",
        "authz_deactivate": "has no command for it",
        "https": "gets certificates for other servers",
    }

    def uacme(self, *args, state="state", kind="main", how="http", hook=HOOK):
        # 1.7.4 has no option for a CA file of its own.
        command = ["uacme", "-v", "-y", "-a", self.server.directory(kind), "-c", self.dir / state,
                   "-h", hook, *args]
        return self.run(*world.with_root(self.roots, *command),
                        env={"UACME_CH": how, "WEBROOT": self.www.challenges,
                             "SOCKET": self.dir / "ualpn.sock"})

    def live(self, name, *more, state="state", **kw):
        return self.got(f"{state}/{name}/cert.pem", name, *more,
                        key=f"{state}/private/{name}/key.pem", **kw)

    def prepare(self):
        # ualpn stands before a TLS server; here there is none behind it.
        self.spawn("ualpn", "-v", "-b", f"127.0.0.1@{self.server.tls_port}", "-c",
                   f"127.0.0.1@{world.free_port()}", "-s", self.dir / "ualpn.sock", "-S", "666")

    def register(self):
        self.uacme("new", self.email())
        self.account_is(self.email(), "valid")
        assert (self.dir / "state/private/key.pem").is_file()

    def http01(self):
        self.uacme("-o", "issue", self.host("http"))
        self.live(self.host("http"))

    def dns01(self):
        self.uacme("-o", "-t", "EC", "-b", "384", "issue", self.host("dns"), how="dns")
        self.live(self.host("dns"))

    def rfc2136(self):
        name = self.host("update")
        self.uacme("new", self.email("knot"), state="knot", kind="knot")
        self.uacme("-o", "issue", name, "*." + name, state="knot", kind="knot",
                   hook=self.nsupdate_hook())
        self.live(name, "*." + name, state="knot", kind="knot")

    def nsupdate_hook(self):
        """The example of the package with our server, key and zone in it."""
        path = self.dir / "nsupdate-hook"
        path.write_text(f"""#!/bin/sh
[ "$2" = dns-01 ] || exit 1
case $1 in begin) change=add ;; *) change=del ;; esac
knsupdate -y hmac-sha256:{world.TSIG_NAME}:{world.TSIG_SECRET} <<END
server 127.0.0.1 {self.world.knot_port}
zone {world.ZONE}.
$change _acme-challenge.$3. 1 TXT "$5"
send
END
""")
        path.chmod(0o755)
        return path

    def tlsalpn01(self):
        end = time.monotonic() + 10
        while not (self.dir / "ualpn.sock").exists() and time.monotonic() < end:
            time.sleep(0.05)
        self.uacme("-o", "issue", self.host("alpn"), hook=ALPN_HOOK)
        self.live(self.host("alpn"))

    def wildcard(self):
        name = self.host("wild")
        self.uacme("-o", "issue", name, "*." + name, how="dns")
        self.live(name, "*." + name)

    def ip(self):
        self.uacme("-o", "issue", "127.0.0.1")
        self.live("127.0.0.1")

    def eab(self):
        kid, key = self.server.eab_key()
        self.uacme("-e", f"{kid}:{key}", "new", state="eab", kind="eab")
        self.uacme("-o", "issue", self.host("eab"), state="eab", kind="eab")
        self.live(self.host("eab"), state="eab", kind="eab")

    def csr(self):
        name = self.host("csr")
        self.run("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
                 "-addext", f"subjectAltName=DNS:{name}", "-keyout", "csr.key", "-out", "own.pem")
        self.uacme("-o", "issue", self.dir / "own.pem")
        self.got("own-cert.pem", name, key="csr.key")

    def altchain(self):
        with self.alternates():
            self.uacme("-o", "-l", "1", "issue", self.host("alt"))
        certificate = self.live(self.host("alt"), root=self.server.alternate)
        assert len(certificate.chain) == self.server.alternate_length, "it is the first chain"

    def renew(self):
        first = self.live(self.host("http"))
        self.uacme("-o", "-f", "issue", self.host("http"))
        assert self.live(self.host("http")).serial != first.serial, "it is the same certificate"

    def badnonce(self):
        with self.bad_nonces():
            self.uacme("-o", "issue", self.host("nonce"))
        self.live(self.host("nonce"))

    def onlyreturnexisting(self):
        with self.tapped() as seen:
            self.uacme("-o", "issue", self.host("existing"))
        self.live(self.host("existing"))
        self.asked_existing(seen)

    def update(self):
        self.uacme("update", self.email("second"))
        self.updated(self.email(), self.email("second"))

    def keychange(self):
        self.other_key(lambda: self.uacme("-t", "EC", "-b", "384", "newkey"),
                       self.email("second"))
        assert b"EC PRIVATE" in (self.dir / "state/private/key.pem").read_bytes() \
            or self.last.returncode == 0
        self.uacme("-o", "issue", self.host("newkey"))
        self.live(self.host("newkey"))

    def revoke_cert_key(self):
        self.uacme("-o", "issue", self.host("bykey"))
        certificate = self.live(self.host("bykey"))
        self.uacme("-r", "4", "revoke", self.dir / "state" / self.host("bykey") / "cert.pem",
                   self.dir / "state/private" / self.host("bykey") / "key.pem")
        self.revoked(certificate, 4)

    def revoke_account_key(self):
        self.uacme("-o", "issue", self.host("byaccount"))
        certificate = self.live(self.host("byaccount"))
        self.uacme("-r", "1", "revoke", self.dir / "state" / self.host("byaccount") / "cert.pem")
        self.revoked(certificate, 1)

    def deactivate(self):
        self.uacme("new", self.email("end"), state="end")
        self.account_is(self.email("end"), "valid")
        self.uacme("deactivate", state="end")
        self.account_is(self.email("end"), "deactivated")
        assert self.last.returncode == 0
