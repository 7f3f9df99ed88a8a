# SPDX-License-Identifier: Apache-2.0
import client
import world

HOOK = world.HELPERS / "dehydrated-dns"


class Dehydrated(client.Client):
    name = package = "dehydrated"
    webroot = True
    cannot = {
        "ip": "0.7.2 can",
        "ari": "does not know it",
        "replaces": "sends none",
        "profile": "0.7.2 can",
        "notafter": "has no option for it",
        "badnonce": "ends at a badNonce; 0.7.2 asks again",
        "keychange": "has no command for it",
        "authz_deactivate": "has no command for it",
        "revoke_cert_key": "needs the key of an account",
        "https": "gets certificates for other servers",
    }

    def prepare(self):
        self.alpn = world.AlpnResponder(self.dir / "alpn-certs", self.server.tls_port)

    def stop(self):
        self.alpn.close()
        super().stop()

    def config(self, state, kind, *more):
        (self.dir / state).mkdir(exist_ok=True)
        path = self.dir / f"{state}.conf"
        lines = [f'CA="{self.server.directory(kind)}"', f'BASEDIR="{self.dir / state}"',
                 f'WELLKNOWN="{self.www.challenges}"', f'CURL_OPTS="--cacert {self.roots}"',
                 # Its RSA account key of 4096 bits takes seconds to make.
                 "ACCOUNT_KEYSIZE=2048", "KEYSIZE=2048", *more]
        path.write_text("\n".join(lines) + "\n")
        return path

    def dehydrated(self, *args, state="state", kind="main", lines=()):
        config = self.config(state, kind, f'CONTACT_EMAIL="{self.email(state)}"', *lines)
        return self.run("dehydrated", "--config", config, *args)

    def live(self, name, *more, state="state", at=None, **kw):
        at = f"{state}/certs/{at or name}"
        return self.got(f"{at}/fullchain.pem", name, *more, key=f"{at}/privkey.pem", **kw)

    def register(self):
        self.dehydrated("--register", "--accept-terms")
        self.account_is(self.email("state"), "valid")
        assert list(self.dir.glob("state/accounts/*/registration_info.json"))

    def http01(self):
        self.dehydrated("-c", "-d", self.host("http"))
        self.live(self.host("http"))

    def dns01(self):
        self.dehydrated("-c", "-d", self.host("dns"), "-t", "dns-01", "-k", HOOK)
        self.live(self.host("dns"))

    def wildcard(self):
        name = self.host("wild")
        self.dehydrated("-c", "-d", f"*.{name}", "-d", name, "--alias", "wild", "-t", "dns-01",
                        "-k", HOOK, "-a", "secp384r1")
        self.live(name, "*." + name, at="wild")

    def rfc2136(self):
        name = self.host("update")
        hook = self.dir / "nsupdate-hook"
        hook.write_text(f"""#!/bin/sh
case $1 in deploy_challenge) change=add ;; clean_challenge) change=del ;; *) exit 0 ;; esac
knsupdate -y hmac-sha256:{world.TSIG_NAME}:{world.TSIG_SECRET} <<END
server 127.0.0.1 {self.world.knot_port}
zone {world.ZONE}.
$change _acme-challenge.$2. 1 TXT "$4"
send
END
""")
        hook.chmod(0o755)
        self.dehydrated("--register", "--accept-terms", state="knot", kind="knot")
        self.dehydrated("-c", "-d", f"*.{name}", "-d", name, "--alias", "update", "-t", "dns-01",
                        "-k", hook, state="knot", kind="knot")
        self.live(name, "*." + name, at="update", state="knot", kind="knot")

    def tlsalpn01(self):
        self.dehydrated("-c", "-d", self.host("alpn"), "-t", "tls-alpn-01", "--alpn",
                        self.alpn.dir)
        self.live(self.host("alpn"))

    def eab(self):
        kid, key = self.server.eab_key()
        lines = (f'EAB_KID="{kid}"', f'EAB_HMAC_KEY="{key}"')
        self.dehydrated("--register", "--accept-terms", state="eab", kind="eab", lines=lines)
        self.dehydrated("-c", "-d", self.host("eab"), state="eab", kind="eab", lines=lines)
        self.live(self.host("eab"), state="eab", kind="eab")

    def csr(self):
        name = self.host("csr")
        self.run("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
                 "-addext", f"subjectAltName=DNS:{name}", "-keyout", "csr.key", "-out", "csr.pem")
        self.dehydrated("--signcsr", "csr.pem", "--full-chain")
        (self.dir / "csr.crt").write_text(self.last.stdout)
        self.got("csr.crt", name, key="csr.key")

    def altchain(self):
        # It finds the topmost issuer by its text, which begins so if there is but a CN.
        chain = self.server.alternate_missed
        if self.server.alternate_cn_only:
            chain = f"issuer=CN = {chain}"
        with self.alternates():
            self.dehydrated("-c", "-d", self.host("alt"), "--preferred-chain", chain)
        if self.server.alternate_missed != self.server.alternate_name:
            # It has told what there is, and wants to be told again.
            assert f"available options: {self.server.alternate_name}" in self.last.stderr
            self.dehydrated("-c", "-x", "-d", self.host("alt"), "--preferred-chain",
                            self.server.alternate_name)
        self.live(self.host("alt"), root=self.server.alternate)

    def renew(self):
        first = self.live(self.host("http"))
        self.dehydrated("-c", "-x", "-d", self.host("http"))
        assert self.live(self.host("http")).serial != first.serial, "it is the same certificate"

    def onlyreturnexisting(self):
        # It asks so when it has its key, but no longer its account's URL.
        for path in self.dir.glob("state/accounts/*/account_id.json"):
            path.unlink()
        with self.tapped() as seen:
            self.dehydrated("-c", "-d", self.host("existing"))
        self.live(self.host("existing"))
        self.asked_existing(seen)

    def update(self):
        self.dehydrated("--register", "--accept-terms", state="change")
        self.account_is(self.email("change"), "valid")
        config = self.config("change", "main", f'CONTACT_EMAIL="{self.email("changed")}"')
        self.run("dehydrated", "--config", config, "--account")
        self.updated(self.email("change"), self.email("changed"))

    def revoke_account_key(self):
        self.dehydrated("-c", "-d", self.host("revoke"))
        certificate = self.live(self.host("revoke"))
        self.dehydrated("--revoke",
                        self.dir / "state/certs" / self.host("revoke") / "fullchain.pem")
        self.revoked(certificate)

    def deactivate(self):
        self.dehydrated("--register", "--accept-terms", state="end")
        self.account_is(self.email("end"), "valid")
        self.dehydrated("--deactivate", state="end")
        self.account_is(self.email("end"), "deactivated")
        assert self.last.returncode == 0
