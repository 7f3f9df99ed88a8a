# SPDX-License-Identifier: Apache-2.0
import json

import client


class Acmetool(client.Client):
    name = package = "acmetool"
    webroot = True
    cannot = {
        "dns01": "has it for hooks whose protocol it does not tell",
        "rfc2136": "has it for hooks whose protocol it does not tell",
        "tlsalpn01": "has it on port 443 of its own alone",
        "wildcard": "needs dns-01 for it",
        "ip": "does not know them",
        "eab": "does not know it",
        "csr": "makes its own",
        "altchain": "does not ask for them",
        "ari": "does not know it",
        "replaces": "sends none",
        "profile": "does not know them",
        "notafter": "has no option for it",
        "update": "has no command for it",
        "keychange": "has no command for it",
        "authz_deactivate": "has no command for it",
        "revoke_cert_key": "has no option for it",
        "revoke_account_key": "its command ends well, but sends no request",
        "deactivate": "has no command for it",
        "https": "gets certificates for other servers",
    }
    measured = ("register",)

    def prepare(self):
        (self.dir / "state/conf").mkdir(parents=True)
        (self.dir / "hooks").mkdir()
        (self.dir / "state/conf/target").write_text(
            f"request:\n  provider: {self.directory}\n  challenge:\n    webroot-paths:\n"
            f"      - {self.www.challenges}\n    http-self-test: false\n")
        answers = {"acme-enter-email": self.email(),
                   f"acme-agreement:{self.server.terms()}": True}
        (self.dir / "state/conf/responses").write_text(
            "".join(f"{json.dumps(k)}: {json.dumps(v)}\n" for k, v in answers.items()))

    def want(self, *names, verb="want"):
        self.run("acmetool", "--batch", f"--state={self.dir}/state", f"--hooks={self.dir}/hooks",
                 "--xlog.severity=debug", verb, *names, env={"SSL_CERT_FILE": self.roots})

    def live(self, name, *more):
        at = f"state/live/{name}"
        return self.got(f"{at}/cert", name, *more, key=f"{at}/privkey", more=(f"{at}/chain",))

    def register(self):
        self.want(self.host("first"))
        self.live(self.host("first"))
        self.account_is(self.email(), "valid")

    def http01(self):
        a, b = self.host("a"), self.host("b")
        self.want(a, b)
        self.live(a, b)

    def renew(self):
        # It renews what has used up two thirds of its time, or was told to be revoked.
        name = self.host("first")
        first = self.live(name)
        for path in (self.dir / "state/certs").iterdir():
            if (path / "cert").read_text() == first.pems[0]:
                (path / "revoke").write_text("")
                (path / "revoked").write_text("")
        self.want(verb="reconcile")
        assert self.live(name).serial != first.serial, "it is the same certificate"

    def badnonce(self):
        with self.bad_nonces():
            self.want(self.host("nonce"))
        self.live(self.host("nonce"))

    def onlyreturnexisting(self):
        with self.tapped() as seen:
            self.want(self.host("existing"))
        self.live(self.host("existing"))
        self.asked_existing(seen)
