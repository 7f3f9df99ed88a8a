# SPDX-License-Identifier: Apache-2.0
import contextlib

import served


class Caddy(served.Server):
    name = package = "caddy"
    cannot = {
        "dns01": "needs a module that Debian has not",
        "rfc2136": "needs a module that Debian has not",
        "wildcard": "needs dns-01 for it",
        "csr": "makes its own",
        "ari": "2.11 asks for it",
        "replaces": "does not know ARI",
        "profile": "2.11 can",
        "notafter": "has no option for it",
        "onlyreturnexisting": "keeps its account's URL and never asks",
        "update": "makes another account for another address",
        "keychange": "has no command for it",
        "authz_deactivate": "gives up only what failed",
        "revoke_cert_key": "has no command for it",
        "revoke_account_key": "has no command for it",
        "deactivate": "has no command for it",
    }

    @contextlib.contextmanager
    def site(self, label, *lines, kind="main"):
        """Caddy with one site, until it presents a certificate; gives (name, what it presents)."""
        name = self.address or self.host(label)
        path = self.dir / f"{label}.caddyfile"
        issuer = "\n\t\t\t".join((f"dir {self.server.directory(kind)}",
                                  f"trusted_roots {self.roots}", *lines))
        path.write_text(f"""{{
	admin off
	http_port {self.server.http_port}
	https_port {self.server.tls_port}
	storage file_system {self.dir}/{label}
	email {self.email(label)}
	renew_interval 1s
}}
{name} {{
	bind 127.0.0.1
	tls {{
		issuer acme {{
			{issuer}
		}}
	}}
	respond "hello from {label}"
}}
""")
        process = self.spawn("caddy", "run", "--config", path, "--adapter", "caddyfile")
        try:
            yield name, served.wait_present(name, self.server.tls_port,
                                            self.expected or self.server.root_of(kind))
        finally:
            self.end(process)

    expected = None

    def kept(self, label, name, **kw):
        found = list((self.dir / label).glob(f"certificates/*/{name}/{name}.crt"))
        assert len(found) == 1, f"it keeps {found}"
        at = found[0].relative_to(self.dir)
        return self.got(at, name, key=at.with_suffix(".key"), **kw)

    def obtain(self, label, *lines, kind="main", **kw):
        with self.site(label, *lines, kind=kind) as (name, der):
            certificate = self.kept(label, name, kind=kind, **kw)
            self.presented(der, certificate)
        return certificate

    def register(self):
        self.obtain("first", "disable_tlsalpn_challenge")
        self.account_is(self.email("first"), "valid")

    def http01(self):
        self.obtain("http", "disable_tlsalpn_challenge")

    def tlsalpn01(self):
        self.obtain("alpn", "disable_http_challenge")

    def ip(self):
        self.address = "127.0.0.1"
        try:
            self.obtain("ip", "disable_tlsalpn_challenge")
        finally:
            self.address = None

    address = None  # for the site, in place of a name

    def eab(self):
        kid, key = self.server.eab_key()
        self.obtain("eab", f"eab {kid} {key}", kind="eab")

    def altchain(self):
        self.expected = self.server.alternate
        try:
            with self.alternates():
                self.obtain("alt", f'preferred_chains {{ \n root_common_name '
                            f'"{self.server.alternate_name}" \n }}', root=self.server.alternate)
        finally:
            self.expected = None

    def renew(self):
        # The certificates of this profile are old when they are new.
        with self.site("renew", kind=self.server.old_kind()) as (name, der):
            served.wait_present(name, self.server.tls_port, self.server.root, other_than=der)
            self.kept("renew", name)

    def badnonce(self):
        with self.bad_nonces():
            self.obtain("nonce", "disable_tlsalpn_challenge")

    def https(self):
        with self.site("https") as (name, der):
            self.presented(der, self.kept("https", name))
            again = served.present(name, self.server.tls_port, self.server.root)
            assert again == der
