# SPDX-License-Identifier: Apache-2.0
import json
import os

import client
import world


class Lacme(client.Client):
    name = package = "lacme"
    cannot = {f: "knows http-01 and accounts without binding alone" for f in
              ("dns01", "rfc2136", "tlsalpn01", "wildcard", "ip", "eab", "ari", "replaces",
               "profile", "notafter", "keychange", "authz_deactivate", "altchain", "csr")}
    cannot |= {
        "badnonce": "ends at a badNonce",
        "revoke_cert_key": "revokes by the account alone",
        "https": "gets certificates for other servers",
    }

    def prepare(self):
        self.run("openssl", "genrsa", "-traditional", "-out", "account.key", "2048")
        (self.dir / "challenges").mkdir()
        (self.dir / "accountd.conf").write_text(f"privkey = file:{self.dir}/account.key\n")
        # Its parts run as the user that begins them.
        (self.dir / "lacme.conf").write_text(f"""[client]
user =
group =
server = {self.directory}
timeout = 30
[webserver]
user =
group =
listen = 127.0.0.1:{self.server.http_port}
[accountd]
config = {self.dir}/accountd.conf
""")

    def lacme(self, *args):
        return self.run(*world.with_root(self.roots, "lacme", f"--config={self.dir}/lacme.conf",
                                         *args))

    def order(self, label, *more):
        name = self.host(label)
        if not (self.dir / f"{label}.key").exists():
            self.run("openssl", "genrsa", "-out", f"{label}.key", "2048")
        user = f"{os.getuid()}:{os.getgid()}" if os.getuid() else "root:root"
        (self.dir / f"{label}.conf").write_text(f"""[{label}]
certificate-key = {self.dir}/{label}.key
certificate-chain = {self.dir}/{label}.crt
subject = /CN={name}
subjectAltName = DNS:{name}
CAfile = {self.server.root}
owner = {user}
""")
        self.lacme("newOrder", f"--config-certs={self.dir}/{label}.conf", *more)
        return self.got(f"{label}.crt", name, key=f"{label}.key")

    def register(self):
        self.lacme("account", "--tos-agreed", "--register", f"mailto:{self.email()}")
        self.account_is(self.email(), "valid")
        assert json.loads(self.last.stdout)["status"] == "valid"

    def http01(self):
        self.order("http")

    def renew(self):
        first = self.order("renew")
        assert self.order("renew", "--force").serial != first.serial, "it is the same certificate"

    def onlyreturnexisting(self):
        with self.tapped() as seen:
            self.order("existing")
        self.asked_existing(seen)

    def update(self):
        self.lacme("account", "--register", f"mailto:{self.email('second')}")
        self.updated(self.email(), self.email("second"))

    def deactivate(self):
        self.lacme("account", "--deactivate")
        self.account_is(self.email("second"), "deactivated")
        assert '"deactivated"' in self.last.stdout

    def revoke_account_key(self):
        certificate = self.order("revoke")
        (self.dir / "revoke.leaf").write_text(certificate.pems[0])
        self.lacme("revokeCert", self.dir / "revoke.leaf")
        self.revoked(certificate)
