# SPDX-License-Identifier: Apache-2.0
"""For libraries: a script of ours (helpers/) does one thing per call, told by the environment.

ACTION: register issue find update keychange deactivate revoke
DIRECTORY ROOT: the server; ACCOUNT: file of the account's key; CONTACT KID MAC: for register
NAMES CHALLENGE OUT CSR CHAIN GIVE_UP NOT_AFTER: for issue; NEW: file of the new key; REASON BY
WEBROOT DNS_API ALPN: where answers to challenges go
"""
import datetime

import client
import world
from cryptography.hazmat.primitives import serialization

ADDRESS = "127.0.0.1"  # a name that is an IP address


def whole(path):
    """Do both coordinates fill their octets?  ruby-acme-client leaves zeros away (RFC 7518 6.2)."""
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    point = key.public_key().public_numbers()
    octets = (key.curve.key_size + 7) // 8
    return all((n.bit_length() + 7) // 8 == octets for n in (point.x, point.y))


class Script(client.Client):
    webroot = True
    account_type = "p256"  # what openssl makes of it is below
    helper = ()

    def prepare(self):
        self.new_key("account.key")

    def new_key(self, path):
        curve = {"p256": "P-256", "p384": "P-384", "p521": "P-521"}.get(self.account_type)
        how = ("-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}") if curve else \
            ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
        while True:
            self.run("openssl", "genpkey", *how, "-out", path)
            if curve:  # some know SEC1 alone
                self.run("openssl", "ec", "-in", path, "-out", path)
            if not curve or whole(self.dir / path):
                return

    def script(self, action, kind="main", account="account.key", **more):
        env = {"ACTION": action, "DIRECTORY": self.server.directory(kind), "ROOT": self.roots,
               "ACCOUNT": account, "WEBROOT": self.www.challenges, **more}
        return self.run(*self.helper, env=env)

    def issue(self, label, *names, kind="main", challenge="http-01", root=None, **more):
        names = names or (self.host(label),)
        csr = self.dir / f"{label}.csr"
        san = ",".join(f"IP:{n}" if n == ADDRESS else f"DNS:{n}" for n in names)
        subject = "/" if names[0] == ADDRESS else f"/CN={names[0]}"
        self.run("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", subject,
                 "-addext", f"subjectAltName={san}", "-keyout", f"{label}.key", "-out", csr)
        self.script("issue", kind=kind, NAMES=" ".join(names), CHALLENGE=challenge,
                    OUT=self.dir / f"{label}.crt", CSR=csr, **more)
        return self.got(f"{label}.crt", *names, key=f"{label}.key", kind=kind, root=root)

    def register(self):
        self.script("register", CONTACT=self.email())
        self.account_is(self.email(), "valid")
        assert self.last.returncode == 0

    def http01(self):
        self.issue("http")

    def dns01(self):
        self.issue("dns", challenge="dns-01")

    def wildcard(self):
        name = self.host("wild")
        self.issue("wild", name, "*." + name, challenge="dns-01")

    def ip(self):
        self.issue("ip", ADDRESS)

    def tlsalpn01(self):
        responder = world.AlpnResponder(self.dir / "alpn", self.server.tls_port)
        try:
            self.issue("alpn", challenge="tls-alpn-01", ALPN=responder.dir)
        finally:
            responder.close()

    def eab(self):
        kid, key = self.server.eab_key()
        self.new_key("eab.key.account")
        self.script("register", kind="eab", account="eab.key.account", KID=kid, MAC=key,
                    CONTACT=self.email("eab"))
        self.issue("eab", kind="eab", account="eab.key.account")

    def csr(self):
        self.issue("csr", self.host("csr"), self.host("csr2"))

    def altchain(self):
        with self.alternates():
            self.issue("alt", CHAIN=self.server.alternate_missed, root=self.server.alternate)

    def renew(self):
        assert self.issue("renew").serial != self.issue("renew").serial

    def notafter(self):
        end = datetime.datetime.utcnow().replace(microsecond=0) + datetime.timedelta(days=3)
        certificate = self.issue("notafter", NOT_AFTER=end.isoformat() + "Z")
        client.judge.ends_at(certificate, end)

    def badnonce(self):
        with self.bad_nonces():
            self.issue("nonce")

    def onlyreturnexisting(self):
        with self.tapped() as seen:
            self.script("find")
        self.asked_existing(seen)

    def update(self):
        self.script("update", CONTACT=self.email("second"))
        self.updated(self.email(), self.email("second"))
        assert self.last.returncode == 0

    def keychange(self):
        self.new_key("account2.key")
        self.other_key(lambda: self.script("keychange", NEW="account2.key"),
                       self.email("second"))
        (self.dir / "account2.key").replace(self.dir / "account.key")
        self.issue("newkey")

    def authz_deactivate(self):
        with self.tapped() as seen:
            self.issue("authz", GIVE_UP="1")
        self.authz_given_up(seen, self.host("authz"))

    def revoke_account_key(self):
        certificate = self.issue("revoke")
        self.script("revoke", OUT="revoke.crt", REASON="4")
        self.revoked(certificate, 4)

    def revoke_cert_key(self):
        certificate = self.issue("bykey")
        self.script("revoke", account="bykey.key", OUT="bykey.crt", REASON="4", BY="certificate")
        self.revoked(certificate, 4)

    def deactivate(self):
        self.new_key("end.key")
        self.script("register", account="end.key", CONTACT=self.email("end"))
        self.account_is(self.email("end"), "valid")
        self.script("deactivate", account="end.key")
        self.account_is(self.email("end"), "deactivated")
        assert self.last.returncode == 0
