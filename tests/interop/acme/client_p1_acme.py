# SPDX-License-Identifier: Apache-2.0
import client
import world

NO = "obtains certificates by http-01 and revokes them by their keys, nothing else"


class P1Acme(client.Client):
    name, package = "p1_acme", "erlang-p1-acme"
    webroot = True
    measured = ("register",)
    cannot = {f: NO for f in client.FEATURES
              if f not in ("register", "http01", "badnonce", "renew", "revoke_cert_key")}

    def issue(self, label):
        self.server.needs_plain_json()  # it refuses "; charset=utf-8"
        name = self.host(label)
        self.run("escript", world.HELPERS / "p1_acme.escript", "issue", self.directory,
                 self.server.root, self.www.challenges, "account.key", self.email(), name, label)
        return self.got(f"{label}.crt", name, key=f"{label}.key")

    def register(self):
        self.issue("first")
        self.account_is(self.email(), "valid")

    def http01(self):
        self.issue("http")

    def renew(self):
        assert self.issue("renew").serial != self.issue("renew").serial

    def badnonce(self):
        with self.bad_nonces():
            self.issue("nonce")

    def revoke_cert_key(self):
        certificate = self.issue("revoke")
        self.run("escript", world.HELPERS / "p1_acme.escript", "revoke", self.directory,
                 "revoke.crt", "revoke.key")
        self.revoked(certificate)
