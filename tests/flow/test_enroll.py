# SPDX-License-Identifier: Apache-2.0
"""hanaper token and hanaper enroll: from a token to files, whoever stands in between."""
import fcntl
import http.server
import json
import os
import socket
import ssl
import subprocess
import threading
import time

from hnp import BUILD, CA, SLOW, FlowTest, run
from ports import free_port

HANAPER = BUILD / "hanaper"


class Ear:
    """A server that is not the CA: takes what is sent, and remembers every octet."""

    def __init__(self, cert, key, roots, after=None, port=0):
        self.heard, self.after, ear = b"", after, self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                ear.note(self)
                self.reply(200, roots)

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                ear.note(self, body)
                if ear.after is not None:
                    ear.after(self, body)
                else:
                    self.reply(500, b"{}")

            def reply(self, status, body):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ctx.load_cert_chain(cert, key)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.handle_error = lambda *_: None
        self.server.socket = ctx.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def note(self, request, body=b""):
        self.heard += (f"{request.command} {request.path}\n{request.headers}\n").encode() + body

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Enroll(FlowTest):
    def token(self, *args):
        return json.loads(run(HANAPER, "token", "create", "--dir", self.ca.dir, "--json",
                              *(args or ("--dns", "web.internal"))).stdout)

    def enroll(self, token, out, *options, url=None, **kw):
        return run(HANAPER, "enroll", "--url", url or f"https://localhost:{self.ca.api_port}", "--token", token,
                   "--out", self.ca.file(out), *options, check=False, **kw)

    def ear(self, cert, key, roots, after=None, port=0):
        ear = Ear(cert, key, roots, after, port)
        self.addCleanup(ear.close)
        return ear

    def silent(self, made, done, ear=None):
        """Refused, and the secret is neither in what was said nor in what was heard."""
        self.assertEqual(done.returncode, 1, done)
        for part in made["token"].split(".")[2], made["token"]:
            self.assertNotIn(part, done.stdout + done.stderr)
            if ear is not None:
                self.assertNotIn(part.encode(), ear.heard)

    def test_a_token_becomes_key_and_certificate_without_a_ca_file(self):
        ca = self.ca
        made = self.token("--dns", "web.internal", "--ip", "10.0.0.7", "--ttl", "5m", "--metadata", "owner=web")
        self.assertEqual((made["uses_left"], made["url"][:8]), (1, "https://"))
        done = self.enroll(made["token"], "new", "--json")
        self.assertEqual(done.returncode, 0, done)
        told, out = json.loads(done.stdout), ca.file("new")
        self.assertEqual({p.name: oct(p.stat().st_mode & 0o777) for p in out.iterdir()},
                         {"key.pem": "0o600", "cert.pem": "0o644", "root.crt": "0o644", "hanaper.json": "0o644"})
        self.assertEqual(json.loads((out / "hanaper.json").read_text()),
                         {"url": f"https://localhost:{ca.api_port}", "profile": "server", "serial": told["serial"],
                          "renew_after": told["renew_after"]})
        self.assertEqual((out / "root.crt").read_text(), (ca.dir / "root.crt").read_text())
        run("openssl", "verify", "-x509_strict", "-CAfile", out / "root.crt", "-untrusted", out / "cert.pem",
            out / "cert.pem")
        keys = {run("openssl", *args).stdout for args in (
            ("x509", "-in", out / "cert.pem", "-noout", "-pubkey"), ("pkey", "-in", out / "key.pem", "-pubout"))}
        self.assertEqual(len(keys), 1)
        self.assertEqual(told["names"], [{"type": "dns", "value": "web.internal"}, {"type": "ip", "value": "10.0.0.7"}])
        row = json.loads(run(HANAPER, "token", "ls", "--dir", ca.dir, "--json").stdout)["tokens"][0]
        self.assertEqual((row["id"], row["status"], row["metadata"]), (made["id"], "used", {"owner": "web"}))
        again = self.enroll(made["token"], "again")
        self.silent(made, again)
        self.assertIn("used", again.stderr)
        self.assertFalse(ca.file("again").exists(), "a refusal leaves nothing")
        kept = (out / "key.pem").read_bytes()
        self.assertIn("--force", self.enroll(self.token()["token"], "new").stderr)
        self.assertEqual((out / "key.pem").read_bytes(), kept)
        for kind in ("rsa-2048", "ed25519"):
            self.assertEqual(self.enroll(self.token()["token"], "new", "--force", "--key-type", kind).returncode, 0)
        self.assertNotEqual((out / "key.pem").read_bytes(), kept)

    def fits(self, where):
        keys = {run("openssl", *args).stdout for args in (
            ("x509", "-in", where / "cert.pem", "-noout", "-pubkey"),
            ("pkey", "-in", where / "key.pem", "-pubout"))}
        self.assertEqual(len(keys), 1, list(where.iterdir()))

    def test_force_never_shows_halves_of_two_pairs(self):
        out = self.ca.file("force")
        self.assertEqual(self.enroll(self.token()["token"], "force").returncode, 0)
        (out / "key.pem").chmod(0o640)
        stop, looks, wrong = threading.Event(), [0], []

        def read():
            prepared = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            while not stop.is_set():
                try:
                    pair = out / os.readlink(out / "current")
                except OSError:
                    pair = out
                try:
                    prepared.load_cert_chain(pair / "cert.pem", pair / "key.pem")
                except (ssl.SSLError, OSError) as e:
                    if pair != out or not (out / "current").exists():
                        wrong.append(e)
                looks[0] += 1

        readers = [threading.Thread(target=read) for _ in range(2)]
        for t in readers:
            t.start()
        try:
            for _ in range(6):
                done = self.enroll(self.token()["token"], "force", "--force")
                self.assertEqual(done.returncode, 0, done)
                self.fits(out)
        finally:
            stop.set()
            for t in readers:
                t.join()
        self.assertEqual(wrong, [])
        self.assertGreater(looks[0], 6)
        self.assertEqual((out / "key.pem").stat().st_mode & 0o777, 0o640)
        self.assertEqual((out / "cert.pem").stat().st_mode & 0o777, 0o644)
        self.assertFalse((out / "key.pem.new").exists())

    def test_force_mends_whatever_lies_there(self):
        """Halves of a pair, another pair's half, links that lead nowhere or elsewhere."""
        for i, spoil in enumerate((
                lambda d: (d / "cert.pem").unlink(),
                lambda d: (d / "key.pem").unlink(),
                lambda d: (d / "key.pem").write_text("nothing"),
                lambda d: ((d / "cert.pem").rename(d / "other"), (d / "cert.pem").symlink_to("other")),
                lambda d: ((d / "cert.pem").unlink(), (d / "cert.pem").symlink_to("current/cert.pem")),
                lambda d: ((d / "key.pem").unlink(), (d / "key.pem").symlink_to("gone")),
                lambda d: (d / "current").symlink_to("gone"))):
            with self.subTest(i):
                out = self.ca.file(f"spoilt{i}")
                self.assertEqual(self.enroll(self.token()["token"], out.name).returncode, 0)
                spoil(out)
                for _ in range(2):
                    done = self.enroll(self.token()["token"], out.name, "--force")
                    self.assertEqual(done.returncode, 0, done)
                    self.fits(out)
                run(HANAPER, "renew", out, "--now")
                run(HANAPER, "renew", out, "--now", "--rekey")
                self.fits(out)

    def test_force_waits_for_a_renewal_before_it_spends_the_token(self):
        out = self.ca.file("busy")
        self.assertEqual(self.enroll(self.token()["token"], out.name).returncode, 0)
        run(HANAPER, "renew", out, "--now")  # leaves the file of the lock
        made = self.token()
        with open(out / ".hanaper.lock", "r+b") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)
            later = threading.Thread(target=lambda: self.assertEqual(
                self.enroll(made["token"], out.name, "--force").returncode, 0))
            later.start()
            time.sleep(1)
            self.assertTrue(later.is_alive())
            pending = run(HANAPER, "token", "ls", "--status", "pending", "--dir", self.ca.dir).stdout
            self.assertIn(made["id"], pending)
        later.join()
        self.fits(out)

    def test_the_token_comes_from_a_file_or_a_pipe(self):
        ca = self.ca
        path = ca.file("token")
        path.write_text(self.token()["token"] + "\n")
        url = f"https://localhost:{ca.api_port}"
        run(HANAPER, "enroll", "--url", url, "--token-file", path, "--out", ca.file("by-file"))
        run(HANAPER, "enroll", "--url", url, "--token-file", "-", "--out", ca.file("by-pipe"),
            stdin=self.token()["token"] + "\n")
        link = ca.file("token-link")
        link.symlink_to(path)
        path.write_text(self.token()["token"])
        run(HANAPER, "enroll", "--url", url, "--token-file", link, "--out", ca.file("by-link"))
        run("bash", "-c", f"{HANAPER} enroll --url {url} --token-file <(sleep 0.2; echo {self.token()['token']}) --out {ca.file('by-fifo')}")
        token = self.token()["token"]
        for args in (("--token", token), ("--url", url), ("--url", url, "--token", token, "--token-file", path),
                     ("--url", url, token), ("--url", "localhost", "--token", token)):
            done = run(HANAPER, "enroll", *args, check=False)
            self.assertEqual(done.returncode, 2, done)
            self.assertNotIn(token, done.stderr)

    def test_list_and_withdraw(self):
        ca = self.ca
        one, two = self.token("web.internal"), self.token("--uses", "3", "a.internal", "10.0.0.1")
        self.assertIn("3 of 3", run(HANAPER, "token", "ls", "--dir", ca.dir, "--status", "pending").stdout)
        run(HANAPER, "token", "rm", one["id"], "--dir", ca.dir)
        done = run(HANAPER, "token", "rm", two["token"], "--dir", ca.dir, "--json")
        self.assertEqual(json.loads(done.stdout)["tokens"][0]["id"], two["id"])
        self.assertNotIn(two["token"].split(".")[2], ca.said())
        refused = self.enroll(two["token"], "withdrawn")
        self.silent(two, refused)
        self.assertIn("withdrawn", refused.stderr)
        for args, status in ((("create",), 2), (("create", "--uses", "x", "a.internal"), 2), (("rm",), 2),
                             (("rm", "zz"), 2), (("odd",), 2), (("rm", "0" * 32), 1),
                             (("create", "a.internal", "--ttl", "60d"), 1),
                             (("create", "www.example.com"), 1), (("ls", "--status", "odd"), 2)):
            with self.subTest(args=args):
                self.assertEqual(run(HANAPER, "token", *args, "--dir", ca.dir, check=False).returncode, status)

    # R55: whom a token does not name hears nothing
    def test_a_server_with_another_root_never_hears_the_token(self):
        ca, made = self.ca, self.token()
        other = CA()
        self.addCleanup(other.close)
        ca.issue("local", "DNS:localhost")
        ear = self.ear(ca.file("local.crt"), ca.file("local.key"), (other.dir / "root.crt").read_bytes())
        done = self.enroll(made["token"], "other", url=ear.url)
        self.silent(made, done, ear)
        self.assertIn("not the one that the token names", done.stderr)
        self.assertEqual(ear.heard.split(b"\n")[0], b"GET /ca/roots.pem")
        self.assertEqual(ear.heard.count(b"GET "), 1)
        self.assertNotIn(b"Authorization", ear.heard)
        self.assertFalse(ca.file("other").exists())
        for roots in (b"", b"no PEM", (other.dir / "root.crt").read_bytes() * 500):
            ear = self.ear(ca.file("local.crt"), ca.file("local.key"), roots)
            self.silent(made, self.enroll(made["token"], "other", url=ear.url), ear)

    def test_a_server_that_only_knows_the_root_never_hears_the_token(self):
        ca, made = self.ca, self.token()
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            ca.file("fake.key"), "-out", ca.file("fake.crt"), "-subj", "/CN=localhost", "-addext",
            "subjectAltName=DNS:localhost")
        ca.issue("elsewhere", "DNS:elsewhere.internal")  # of this CA, and of another name
        for base in ("fake", "elsewhere"):
            with self.subTest(base):
                ear = self.ear(ca.file(base + ".crt"), ca.file(base + ".key"), (ca.dir / "root.crt").read_bytes())
                self.silent(made, self.enroll(made["token"], "middle", url=ear.url), ear)
                self.assertIn(b"GET /ca/roots.pem", ear.heard)
                self.assertNotIn(b"POST", ear.heard)
        self.assertEqual(self.enroll(made["token"], "middle").returncode, 0, "the token is as good as new")

    def test_a_host_whose_name_the_certificate_lacks_is_refused(self):
        ca, made = self.ca, self.token()
        listener = socket.create_server(("127.0.0.2", 0))
        self.addCleanup(listener.close)

        def pump(a, b):
            try:
                while data := a.recv(65536):
                    b.sendall(data)
                b.shutdown(socket.SHUT_WR)
            except OSError:
                pass

        def relay():
            while True:
                try:
                    client = listener.accept()[0]
                except OSError:
                    return
                server = socket.create_connection(("127.0.0.1", ca.api_port))
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=pump, args=pair, daemon=True).start()

        threading.Thread(target=relay, daemon=True).start()
        done = self.enroll(made["token"], "relay", url=f"https://127.0.0.2:{listener.getsockname()[1]}")
        self.silent(made, done)
        self.assertEqual(self.enroll(made["token"], "relay").returncode, 0)

    def test_a_wrong_url_is_told_with_what_to_do(self):
        ca, made = self.ca, self.token()
        for url, words in ((f"https://localhost:{free_port()}", "is hanaperd running there"),
                           (f"https://localhost:{ca.http_port}", "--url wants the TLS listener"),
                           (f"https://nowhere.invalid:{ca.api_port}", "mend its DNS")):
            done = self.enroll(made["token"], "wrong", url=url)
            self.silent(made, done)
            self.assertIn(words, done.stderr)
        done = self.enroll(made["token"], "wrong")
        self.assertEqual(done.returncode, 0, done.stderr)

    def pass_on(self, handler, body, asked):
        """What a proxy does: the daemon's octets; its status is added to 'asked'."""
        connection = self.ca.connect(cert=None)
        connection.request("POST", handler.path, body, dict(handler.headers))
        answer = connection.getresponse()
        asked.append(answer.status)
        return answer.read()

    # R51: the first answer gets lost, the token is used up by it
    def test_a_lost_answer_is_asked_for_again(self):
        ca, made, asked = self.ca, self.token(), []
        ca.issue("proxy", "DNS:localhost")

        def after(handler, body):
            octets = self.pass_on(handler, body, asked)
            if len(asked) == 1:
                handler.close_connection = True
                handler.connection.close()
                return
            handler.reply(asked[-1], octets)

        ear = self.ear(ca.file("proxy.crt"), ca.file("proxy.key"), (ca.dir / "root.crt").read_bytes(), after)
        done = self.enroll(made["token"], "lost", url=ear.url)
        self.assertEqual((done.returncode, asked), (0, [201, 201]), done)
        rows = ca.ask_unix("GET", f"/v1/certificates?requester=token:{made['id']}").json["certificates"]
        self.assertEqual(len(rows), 1)

    # R51: nothing listens for as long as systemd takes to start a daemon anew
    def test_a_lost_answer_is_asked_for_again_until_somebody_listens(self):
        ca, made, asked, ears = self.ca, self.token(), [], []
        ca.issue("proxy2", "DNS:localhost")

        def after(handler, body):
            octets = self.pass_on(handler, body, asked)
            if len(asked) > 1:
                handler.reply(asked[-1], octets)
                return
            ears[0].close()
            threading.Timer(5, lambda: ears.append(self.ear(*args, ears[0].server.server_port))).start()
            handler.close_connection = True
            handler.connection.close()

        args = (ca.file("proxy2.crt"), ca.file("proxy2.key"), (ca.dir / "root.crt").read_bytes(), after)
        ears.append(Ear(*args))
        done = self.enroll(made["token"], "lost2", url=ears[0].url)
        self.assertEqual((done.returncode, asked), (0, [201, 201]), done)
        self.assertIn("for a minute", done.stderr)
        rows = ca.ask_unix("GET", f"/v1/certificates?requester=token:{made['id']}").json["certificates"]
        self.assertEqual(len(rows), 1)

    # R55
    def test_the_token_is_not_in_the_process_title(self):
        ca, made, gate = self.ca, self.token(), threading.Event()
        ca.issue("slow", "DNS:localhost")
        ear = self.ear(ca.file("slow.crt"), ca.file("slow.key"), (ca.dir / "root.crt").read_bytes(),
                       lambda handler, body: gate.wait(10 * SLOW) and handler.reply(404, b"{}"))
        for form in (["--token", made["token"]], ["--token=" + made["token"]]):
            with subprocess.Popen([HANAPER, "enroll", "--url", ear.url, *form, "--out", ca.file("title")],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as p:
                end = time.monotonic() + 10 * SLOW
                while b"POST" not in ear.heard and time.monotonic() < end:
                    time.sleep(0.01)
                with open(f"/proc/{p.pid}/cmdline", "rb") as f:
                    title = f.read()
                self.assertIn(b"--token", title)
                self.assertNotIn(made["token"].encode(), title)
                self.assertNotIn(made["token"].split(".")[2][:16].encode(), title)
                gate.set()
                p.wait(30 * SLOW)
            gate.clear()
            ear.heard = b""

    # a certificate directory that cannot be written costs no token
    def test_nothing_is_asked_for_that_cannot_be_kept(self):
        ca, made = self.ca, self.token()
        ca.file("plain").write_text("a file")
        for out in ("plain", "no/such/parent"):
            self.assertEqual(self.enroll(made["token"], out).returncode, 1)
        wrong = self.enroll(made["token"][:-1], "wrong")
        self.silent(made, wrong)
        self.assertEqual(self.enroll(made["token"], "right").returncode, 0)
