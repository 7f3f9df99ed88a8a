# SPDX-License-Identifier: Apache-2.0
"""contrib/examples with the real programs: with and without the right certificate, across a renewal."""
import os
import pathlib
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

from hnp import SOURCE, FlowTest, free_port, run

EXAMPLES = SOURCE / "contrib/examples"


def need(program):
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/lib/postgresql/15/bin")
    if not path:
        raise AssertionError(f"{program} is not installed: contrib/packages lists it")
    return path


class Examples(FlowTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.good = cls.tls("client", "DNS:web.internal", profile="client")
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", cls.ca.file("alien.key"), "-out", cls.ca.file("alien.crt"), "-subj",
            "/CN=web.internal")

    @classmethod
    def tls(cls, base, *names, profile="server"):
        """A folder as hanaper enroll makes it."""
        serial = cls.ca.issue(base, *names, profile=profile)
        folder = cls.ca.file("tls-" + base)
        folder.mkdir(exist_ok=True)
        for name, source in (("cert.pem", cls.ca.file(base + ".crt")),
                             ("key.pem", cls.ca.file(base + ".key")),
                             ("root.crt", cls.ca.dir / "root.crt")):
            shutil.copy(source, folder / (name + ".new"))
            os.chmod(folder / (name + ".new"), 0o600)
            os.rename(folder / (name + ".new"), folder / name)
        return {"folder": folder, "serial": serial, "base": base}

    def setUp(self):
        self.port = free_port()
        self.work = self.ca.file("work-" + self._testMethodName)
        self.work.mkdir()
        self.server = self.tls("server-" + self._testMethodName[5:12].strip("_"), "DNS:localhost")

    def fill(self, path, folder=None):
        """One file of an example with its four words replaced."""
        text = (EXAMPLES / path).read_text()
        for word, value in (("@TLS@", folder or self.server["folder"]), ("@PORT@", self.port),
                            ("@WORK@", self.work), ("@NAME@", "localhost")):
            text = text.replace(word, str(value))
        to = self.work / pathlib.Path(path).name
        to.write_text(text)
        return to

    def start(self, *command, **kw):
        log = open(self.work / "log", "wb")
        p = subprocess.Popen([str(c) for c in command], stdout=log, stderr=log, **kw)

        def stop():
            p.terminate()
            try:
                p.wait(10)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
            log.close()

        self.addCleanup(stop)
        end = time.monotonic() + 15
        while time.monotonic() < end:
            self.assertIsNone(p.poll(), (self.work / "log").read_text())
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return p
            except OSError:
                time.sleep(0.05)
        raise AssertionError((self.work / "log").read_text())

    def get(self, cert=None, key=None):
        pair = ("--cert", cert, "--key", key) if cert else ()
        return run("curl", "-sS", "--fail", "-i", "--cacert", self.ca.dir / "root.crt", *pair,
                   f"https://localhost:{self.port}/", check=False)

    def check(self, hello="web.internal"):
        """The right certificate gets in and is known; none and a stranger's do not."""
        folder = self.good["folder"]
        done = self.get(folder / "cert.pem", folder / "key.pem")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(hello, done.stdout)
        self.assertNotEqual(self.get().returncode, 0)
        self.assertNotEqual(self.get(self.ca.file("alien.crt"), self.ca.file("alien.key")).returncode, 0)

    def served(self):
        """The serial that the server shows."""
        ctx = ssl.create_default_context(cafile=self.ca.dir / "root.crt")
        ctx.load_cert_chain(self.good["folder"] / "cert.pem", self.good["folder"] / "key.pem")
        with socket.create_connection(("127.0.0.1", self.port), 5) as s:
            with ctx.wrap_socket(s, server_hostname="localhost") as t:
                return t.getpeercert()["serialNumber"].lower()

    def renewed(self, reload, resets=0):
        """
        A new certificate, the program's own way of taking it, and no connection lost meanwhile,
        but for as many as the program itself is known to reset while it changes listeners.
        """
        in_a_row = 5  # a process that is about to end may take one more connection
        failures, stop = [], threading.Event()

        def loop():
            while not stop.is_set():
                try:
                    self.served()
                except Exception as e:  # pylint: disable=broad-except
                    failures.append(repr(e))

        thread = threading.Thread(target=loop)
        thread.start()
        try:
            self.server.update(self.tls(self.server["base"], "DNS:localhost"))
            reload()
            end = time.monotonic() + 10
            fresh = 0
            while fresh < in_a_row and time.monotonic() < end:
                fresh = fresh + 1 if self.served() == self.server["serial"] else 0
                time.sleep(0.02)
        finally:
            stop.set()
            thread.join()
        self.assertEqual(fresh, in_a_row)
        lost = [f for f in failures if "ConnectionReset" not in f]
        self.assertEqual(lost, [])
        self.assertLessEqual(len(failures), resets, failures)

    @staticmethod
    def often(server):
        """A certificate taken anew in the middle of a handshake shows within some hundred of them."""
        for _ in range(200):
            server.send_signal(signal.SIGHUP)
            time.sleep(0.005)

    def keeps_the_old(self, server):
        """A reload that finds no certificate is told, and the program serves on."""
        cert = self.server["folder"] / "cert.pem"
        good = cert.read_text()
        cert.write_text("not a certificate\n")
        server.send_signal(signal.SIGHUP)
        end = time.monotonic() + 10
        while "stays as it was" not in (self.work / "log").read_text() and time.monotonic() < end:
            time.sleep(0.02)
        self.assertIn("stays as it was", (self.work / "log").read_text())
        self.assertEqual(self.served(), self.server["serial"])
        cert.write_text(good)

    def stapled(self):
        """What openssl gets stapled; the first handshakes may come before the program has fetched it."""
        folder = self.good["folder"]
        end = time.monotonic() + 10
        while True:
            done = run("openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", "-servername",
                       "localhost", "-status", "-CAfile", self.ca.dir / "root.crt", "-cert",
                       folder / "cert.pem", "-key", folder / "key.pem", stdin="", check=False)
            if "OCSP Response Status: successful" in done.stdout or time.monotonic() > end:
                break
            time.sleep(0.2)
        self.assertIn("Cert Status: good", done.stdout)

    def test_nginx(self):
        need("nginx")
        conf = self.fill("nginx/nginx.conf")
        self.start("nginx", "-c", conf)
        self.check()
        self.stapled()
        self.renewed(lambda: run("nginx", "-c", conf, "-s", "reload"))

    def test_apache(self):
        apache = need("apache2")
        conf = self.fill("apache/httpd.conf")
        (self.work / "htdocs").mkdir()
        (self.work / "htdocs/index.html").write_text("hello\n")
        os.chmod(self.work.parent, 0o755)
        self.start(apache, "-f", conf, "-DFOREGROUND")
        self.check("X-Client: web.internal")
        self.stapled()
        self.renewed(lambda: run(apache, "-f", conf, "-k", "graceful"))

    def test_haproxy(self):
        haproxy = need("haproxy")
        conf = self.fill("haproxy/haproxy.cfg")
        need("socat")
        renewed = self.fill("haproxy/renewed.sh")
        site, folder = self.work / "site.pem", self.server["folder"]
        env = {**os.environ, "HANAPER_CERT": str(folder / "cert.pem"), "HANAPER_KEY": str(folder / "key.pem")}

        def reload(check=True):
            return run("sh", renewed, env=env, check=check)

        self.assertNotEqual(reload(check=False).returncode, 0, "nobody took it")
        self.assertEqual(site.stat().st_mode & 0o777, 0o600)
        first = self.start(haproxy, "-f", conf)
        self.check()
        self.renewed(reload)
        serial = self.served()
        first.terminate()
        first.wait(10)
        self.start(haproxy, "-f", conf)
        self.assertEqual(self.served(), serial, "a restart forgets nothing")

    def test_caddy(self):
        need("caddy")
        conf = self.fill("caddy/Caddyfile")
        env = {**os.environ, "HOME": str(self.work), "XDG_DATA_HOME": str(self.work),
               "XDG_CONFIG_HOME": str(self.work)}
        self.start("caddy", "run", "--config", conf, "--adapter", "caddyfile", env=env)
        self.check()
        self.stapled()
        self.renewed(lambda: run("caddy", "reload", "--force", "--config", conf, "--adapter", "caddyfile",
                                 "--address", f"unix/{self.work}/caddy.sock", env=env), resets=2)

    def test_nodejs(self):
        node = need("node")
        server = self.start(node, self.fill("nodejs/server.js"))
        self.check()
        self.assertIn("hello web.internal", run(node, self.fill("nodejs/client.js", self.good["folder"]),
                                                f"https://localhost:{self.port}/").stdout)
        self.renewed(lambda: self.often(server))
        self.keeps_the_old(server)

    def test_python_and_curl(self):
        server = self.start("python3", self.fill("python/server.py"))
        self.check()
        url = f"https://localhost:{self.port}/"
        for client in (("python3", self.fill("python/client.py", self.good["folder"])),
                       ("sh", self.fill("curl/client.sh", self.good["folder"]))):
            self.assertIn("hello web.internal", run(*client, url).stdout)
        self.renewed(lambda: self.often(server))
        self.keeps_the_old(server)

    def test_postgresql(self):
        postgres = need("postgres")
        own = pwd.getpwnam("postgres") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        as_own = {"user": own.pw_uid, "group": own.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
        data = self.work / "data"
        os.chmod(self.work.parent, 0o755)

        def give():
            for path in (self.work, *self.server["folder"].glob("*"), self.server["folder"]):
                os.chown(path, own.pw_uid, own.pw_gid)

        give()
        subprocess.run([pathlib.Path(postgres).parent / "initdb", "-D", data, "-A", "peer"], check=True,
                       capture_output=True, cwd="/", **as_own)
        for name in ("postgresql.conf", "pg_hba.conf", "pg_ident.conf"):
            shutil.copy(self.fill("postgresql/" + name), data / name)
            os.chown(data / name, own.pw_uid, own.pw_gid)
        # Not every container lets everybody into /dev/shm.
        self.start(postgres, "-D", data, "-c", "dynamic_shared_memory_type=mmap", cwd="/", **as_own)

        def sql(query, *parts):
            return subprocess.run(["psql", "-X", "-At", "-c", query, " ".join(parts)], capture_output=True,
                                  text=True, cwd="/", **(as_own if parts and "host=/" in parts[0] else {}))

        local = f"host={self.work} port={self.port} user={own.pw_name} dbname=postgres"
        self.assertEqual(sql("CREATE ROLE web LOGIN", local).returncode, 0)
        folder = self.good["folder"]
        remote = f"host=localhost hostaddr=127.0.0.1 port={self.port} user=web dbname=postgres " \
                 f"sslmode=verify-full sslrootcert={self.ca.dir}/root.crt"
        mutual = f"{remote} sslcert={folder}/cert.pem sslkey={folder}/key.pem"
        done = sql("SELECT current_user", mutual)
        self.assertEqual(done.stdout.strip(), "web", done.stderr)
        self.assertNotEqual(sql("SELECT 1", f"{remote} sslcert=none").returncode, 0)
        self.assertNotEqual(sql("SELECT 1", mutual.replace("user=web", "user=postgres")).returncode, 0)
        before = self.server["serial"]
        self.server.update(self.tls(self.server["base"], "DNS:localhost"))
        give()
        self.assertEqual(sql("SELECT pg_reload_conf()", local).stdout.strip(), "t")
        shown = ""
        end = time.monotonic() + 10
        while self.server["serial"].upper() not in shown and time.monotonic() < end:
            shown = run("openssl", "s_client", "-starttls", "postgres", "-connect",
                        f"127.0.0.1:{self.port}", "-showcerts", stdin="", check=False).stdout
            shown = run("openssl", "x509", "-noout", "-serial", stdin=shown, check=False).stdout
        self.assertNotEqual(before, self.server["serial"])
        self.assertIn(self.server["serial"].upper(), shown)
        self.assertEqual(sql("SELECT current_user", mutual).stdout.strip(), "web")
