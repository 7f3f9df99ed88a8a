# SPDX-License-Identifier: Apache-2.0
import client

NO = "obtains certificates for a CSR by http-01, nothing else"


class AcmeTiny(client.Client):
    name = package = "acme-tiny"
    webroot = True
    cannot = {f: NO for f in client.FEATURES
              if f not in ("register", "http01", "csr", "badnonce", "update", "renew")}
    measured = ("register",)  # an account and a certificate are one command

    def prepare(self):
        self.run("openssl", "genrsa", "-traditional", "-out", "account.key", "2048")

    def issue(self, label, contact):
        name = self.host(label)
        if not (self.dir / f"{label}.csr").exists():
            self.run("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj",
                     f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-keyout",
                     f"{label}.key", "-out", f"{label}.csr")
        self.run("acme-tiny", "--account-key", "account.key", "--csr", f"{label}.csr",
                 "--acme-dir", self.www.challenges, "--directory-url", self.directory,
                 "--contact", f"mailto:{contact}", "--disable-check",
                 env={"SSL_CERT_FILE": self.roots})
        path = self.dir / f"{label}.crt"
        path.write_text(self.last.stdout)
        return self.got(path.name, name, key=f"{label}.key")

    def register(self):
        self.issue("first", self.email())
        self.account_is(self.email(), "valid")

    def http01(self):
        self.issue("http", self.email())

    def csr(self):
        self.issue("csr", self.email())

    def renew(self):
        first = self.issue("renew", self.email())
        assert self.issue("renew", self.email()).serial != first.serial

    def badnonce(self):
        with self.bad_nonces():
            self.issue("nonce", self.email())

    def update(self):
        self.issue("update", self.email("second"))
        self.updated(self.email(), self.email("second"))
