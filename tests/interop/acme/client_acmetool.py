# SPDX-License-Identifier: Apache-2.0
import json

import client
import world


class Acmetool(client.Client):
    name = package = "acmetool"
    webroot = True
    cannot = {
        "rfc2136": "leaves dns-01 to a hook",
        "tlsalpn01": "has none",
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
        (self.dir / "hooks").mkdir()
        hook = self.dir / "hooks" / "dns"
        hook.write_text((world.HELPERS / "acmetool-dns").read_text())
        hook.chmod(0o755)
        self.settle("state", self.directory)

    def settle(self, state, directory):
        (self.dir / state / "conf").mkdir(parents=True)
        (self.dir / state / "conf/target").write_text(
            f"request:\n  provider: {directory}\n  challenge:\n    webroot-paths:\n"
            f"      - {self.www.challenges}\n    http-self-test: false\n")
        answers = {"acme-enter-email": self.email(),
                   f"acme-agreement:{self.server.terms()}": True}
        (self.dir / state / "conf/responses").write_text(
            "".join(f"{json.dumps(k)}: {json.dumps(v)}\n" for k, v in answers.items()))

    def want(self, *names, verb="want", state="state"):
        self.run("acmetool", "--batch", f"--state={self.dir}/{state}", f"--hooks={self.dir}/hooks",
                 "--xlog.severity=debug", verb, *names, env={"SSL_CERT_FILE": self.roots})

    def live(self, name, *more, state="state", **kw):
        at = f"{state}/live/{name}"
        return self.got(f"{at}/cert", name, *more, key=f"{at}/privkey", more=(f"{at}/chain",),
                        **kw)

    def register(self):
        self.want(self.host("first"))
        self.live(self.host("first"))
        self.account_is(self.email(), "valid")

    def http01(self):
        a, b = self.host("a"), self.host("b")
        self.want(a, b)
        self.live(a, b)

    def dns01(self):
        # Of a directory that offers nothing else: it likes http-01 better.
        self.settle("dns", self.server.directory(self.server.dns_kind()))
        self.want(self.host("dns"), state="dns")
        self.live(self.host("dns"), state="dns", kind="dns")

    def wildcard(self):
        self.server.dns_kind()
        name = self.host("wild")
        self.want(name, "*." + name, state="dns")
        self.live(name, "*." + name, state="dns", kind="dns")

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
