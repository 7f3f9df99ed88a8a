# SPDX-License-Identifier: Apache-2.0
import contextlib
import re
import time

import served
import world

MODULES = ("mpm_event", "authz_core", "md", "socache_shmcb", "ssl")


class ModMd(served.Server):
    name, package = "mod_md", "apache2-bin"
    cannot = {
        "rfc2136": "leaves dns-01 to a command",
        "ip": "does not know them",
        "csr": "makes its own",
        "altchain": "has no setting for it",
        "replaces": "sends none",
        "notafter": "has no setting for it",
        "onlyreturnexisting": "keeps its account's URL and asks there",
        "update": "makes another account for another address",
        "keychange": "has no command for it",
        "authz_deactivate": "has no command for it",
        "revoke_cert_key": "has no command for it",
        "revoke_account_key": "has no command for it",
        "deactivate": "has no command for it",
    }

    others = ()  # names beside the first

    def version(self):
        # Of the module, which apache2-bin has.
        found = world.which("apache2")
        self.apache = found
        with open("/usr/lib/apache2/modules/mod_md.so", "rb") as f:
            told = re.search(rb"\0(2\.[0-9]+\.[0-9]+)\0", f.read())
        return told[1].decode()

    def config(self, label, name, kind, lines, challenge):
        home = self.dir / label
        home.mkdir(exist_ok=True)
        (home / "www").mkdir(exist_ok=True)
        (home / "www/index.html").write_text(f"hello from {label}\n")
        home.chmod(0o755)
        modules = "\n".join(f"LoadModule {m}_module /usr/lib/apache2/modules/mod_{m}.so"
                            for m in MODULES)
        path = home / "httpd.conf"
        more = "\n".join(lines)
        path.write_text(f"""{modules}
ServerRoot {home}
ServerName localhost
PidFile {home}/httpd.pid
ErrorLog {home}/error.log
LogLevel info md:debug
User www-data
Group www-data
StartServers 1
ServerLimit 1
ThreadsPerChild 8
MaxRequestWorkers 8
MinSpareThreads 1
MaxSpareThreads 8
Mutex file:{home} default
SSLSessionCache none
DocumentRoot {home}/www
Listen 127.0.0.1:{self.server.http_port}
Listen 127.0.0.1:{self.server.tls_port}
Protocols http/1.1 acme-tls/1
MDStoreDir {home}/md
MDPortMap http:{self.server.http_port} https:{self.server.tls_port}
MDCertificateAuthority {self.server.directory(kind)}
MDCertificateAgreement accepted
MDCACertificateFile {self.roots}
MDContactEmail {self.email(label)}
MDCAChallenges {challenge}
MDPrivateKeys secp256r1
MDRetryDelay 1s
MDCheckInterval 1s
{more}
MDomain {" ".join((name, *self.others))}
<VirtualHost 127.0.0.1:{self.server.http_port}>
ServerName {name}
</VirtualHost>
<VirtualHost 127.0.0.1:{self.server.tls_port}>
ServerName {name}
SSLEngine on
</VirtualHost>
""")
        return home, path

    @contextlib.contextmanager
    def site(self, label, *lines, kind="main", challenge="http-01"):
        """Apache with one managed host; gives (name, its directory, what it presents)."""
        name = self.host(label)
        home, path = self.config(label, name, kind, lines, challenge)
        process = self.spawn(self.apache, "-f", path, "-DFOREGROUND")
        try:
            self.take_up(home, path, name)
            root = self.server.root_of(kind)
            yield name, home, served.wait_present(name, self.server.tls_port, root)
        except AssertionError as e:
            log = (home / "error.log").read_text(errors="replace") \
                if (home / "error.log").exists() else ""
            raise AssertionError(f"{e}\n{log[-2500:]}") from None
        finally:
            self.end(process)

    def take_up(self, home, path, name):
        """A new certificate waits in staging until the server is told to begin anew."""
        staged = home / "md/staging" / name
        end = time.monotonic() + 25
        while not list(staged.glob("pubcert*.pem")) or not (staged / "job.json").is_file():
            assert time.monotonic() < end, "no certificate is in staging"
            time.sleep(0.1)
        while '"finished": true' not in (staged / "job.json").read_text():
            assert time.monotonic() < end, "its job does not end"
            time.sleep(0.1)
        self.run(self.apache, "-f", path, "-k", "graceful")

    def kept(self, label, name, *more, **kw):
        at = f"{label}/md/domains/{name}"
        found = list((self.dir / at).glob("pubcert*.pem"))
        assert len(found) == 1, f"it keeps {found}"
        key = found[0].name.replace("pubcert", "privkey")
        return self.got(f"{at}/{found[0].name}", name, *more, key=f"{at}/{key}", **kw)

    def obtain(self, label, *lines, kind="main", **kw):
        with self.site(label, *lines, kind=kind, **kw) as (name, _, der):
            certificate = self.kept(label, name, kind=kind)
            self.presented(der, certificate)
        return certificate

    def register(self):
        self.obtain("first")
        self.account_is(self.email("first"), "valid")

    def http01(self):
        self.obtain("http")

    def tlsalpn01(self):
        self.obtain("alpn", challenge="tls-alpn-01")

    def dns01(self):
        self.obtain("dns", self.dns_command(), challenge="dns-01")

    def dns_command(self):
        return (f"MDChallengeDns01 {world.HELPERS}/mod_md-dns "
                f"http://127.0.0.1:{self.world.dns_api}")

    def wildcard(self):
        name = self.host("wild")
        self.others = ("*." + name,)
        try:
            with self.site("wild", self.dns_command(), challenge="dns-01") as (_, _, der):
                self.presented(der, self.kept("wild", name, "*." + name))
        finally:
            self.others = ()

    def eab(self):
        kid, key = self.server.eab_key()
        self.obtain("eab", f"MDExternalAccountBinding {kid} {key}", kind="eab")

    def renew(self):
        with self.site("renew", kind=self.server.old_kind()) as (name, home, der):
            self.take_up(home, home / "httpd.conf", name)
            served.wait_present(name, self.server.tls_port, self.server.root, other_than=der)
            self.kept("renew", name)

    def ari(self):
        self.server.needs_ari()
        with self.tapped() as seen, self.site("ari") as (name, home, der):
            certificate = self.kept("ari", name)
            asked = self.wait_asked(seen)
            assert asked.status == 200 and "suggestedWindow" in asked.answer, f"{asked}"
            assert self.server.certificate_id(certificate) in asked.path, asked.path

    def wait_asked(self, seen):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            for s in seen:
                if s.method == "GET" and "renewal-info" in s.path.lower().replace("renewali",
                                                                                  "renewal-i"):
                    return s
            time.sleep(0.1)
        raise AssertionError(f"it did not ask for renewal information: {seen}")

    def profile(self):
        self.server.needs_profiles()
        certificate = self.obtain("profile", f"MDProfile {self.server.short_profile}")
        self.server.is_short(certificate)

    def badnonce(self):
        with self.bad_nonces():
            self.obtain("nonce")

    def https(self):
        with self.site("https") as (name, _, der):
            self.presented(der, self.kept("https", name))
