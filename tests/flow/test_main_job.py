# SPDX-License-Identifier: Apache-2.0
"""The main job, judged by strangers: openssl, certtool, ocsptool, curl, python's ssl, node."""
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time

from hnp import BUILD, SLOW, FlowTest, free_port, run


class MainJob(FlowTest):
    def test_curl_alone_gets_a_usable_chain_and_revokes_it(self):
        """The two curl calls of the README."""
        ca = self.ca
        ca.csr("web", "DNS:localhost", "IP:127.0.0.1")
        mtls = ("--cert", ca.dir / "admin.crt", "--key", ca.dir / "admin.key",
                "--cacert", ca.dir / "root.crt")
        base = f"https://localhost:{ca.api_port}/v1/certificates"
        run("curl", "-sS", "--fail-with-body", *mtls, "--data-binary", f"@{ca.file('web.csr')}",
            "-H", "Accept: application/pem-certificate-chain", "-o", ca.file("web.crt"),
            f"{base}?profile=server")
        chain = ca.file("web.crt").read_text()
        self.assertEqual(chain.count("BEGIN CERTIFICATE"), 2)  # P41: without the root
        run("openssl", "verify", "-x509_strict", "-CAfile", ca.dir / "root.crt",
            "-untrusted", ca.file("web.crt"), ca.file("web.crt"))
        serial = run("openssl", "x509", "-in", ca.file("web.crt"), "-noout",
                     "-serial").stdout.strip().split("=")[1]
        self.assertEqual(ca.ocsp(serial), "good")
        done = run("curl", "-sS", "--fail-with-body", *mtls, "-X", "POST",
                   f"{base}/{serial}/revoke?reason=keyCompromise")
        self.assertIn('"keyCompromise"', done.stdout)
        self.assertEqual(ca.ocsp(serial), "revoked")  # P92
        end = time.monotonic() + 5 * SLOW
        while serial not in ca.crl_text() and time.monotonic() < end:
            time.sleep(0.05)
        self.assertIn(serial, ca.crl_text())

    # P1, P4, P6, P15, P18, P20, P23, P30, P31, P32, P33, P41, P44, P62
    def test_openssl_and_certtool_accept_leaf_intermediate_root_and_crl(self):
        ca = self.ca
        ca.issue("strict", "DNS:strict.internal")
        issuers = ca.issuers_pem()
        crls = ca.file("crls.pem")
        text = ""
        for name in ("main", "root"):
            run("openssl", "crl", "-inform", "DER", "-in", ca.crl(name), "-out",
                ca.file(name + ".crl.pem"))
            text += ca.file(name + ".crl.pem").read_text()
        crls.write_text(text)
        run("openssl", "verify", "-x509_strict", "-crl_check_all", "-CAfile", ca.dir / "root.crt",
            "-untrusted", issuers, "-CRLfile", crls, ca.file("strict.leaf.crt"))
        for name, signer in (("main", issuers), ("root", ca.dir / "root.crt")):
            self.assertIn("verify OK", run("openssl", "crl", "-verify", "-CAfile", signer, "-in",
                                           ca.file(name + ".crl.pem"), "-noout").stderr)
            run("certtool", "--verify-crl", "--load-ca-certificate", signer, "--infile",
                ca.file(name + ".crl.pem"))
        whole = ca.file("whole.pem")
        whole.write_text(ca.file("strict.crt").read_text() + (ca.dir / "root.crt").read_text())
        done = run("certtool", "--verify", "--load-ca-certificate", ca.dir / "root.crt",
                   "--infile", whole)
        self.assertIn("Verified. The certificate is trusted.", done.stdout + done.stderr)

    # P80, P82, P84, P85, P86, P88, P95
    def test_openssl_ocsp_and_ocsptool_verify_good_revoked_and_unknown(self):
        ca = self.ca
        good = ca.issue("good", "DNS:good.internal")
        bad = ca.issue("bad", "DNS:bad.internal")
        self.assertEqual(ca.revoke(bad).status, 200)
        for serial, status in ((good, "good"), (bad, "revoked"), ("12" * 20, "unknown")):
            for options in ((), ("-no_nonce",), ("-sha256",), ("-sha256", "-no_nonce")):
                with self.subTest(status=status, options=options):
                    # -sha256 must stand before the certificate that it is for
                    done = run("openssl", "ocsp", *[o for o in options if o == "-sha256"],
                               "-issuer", ca.issuers_pem(), "-serial", "0x" + serial,
                               "-url", f"http://127.0.0.1:{ca.http_port}/ocsp",
                               "-CAfile", ca.dir / "root.crt",
                               *[o for o in options if o == "-no_nonce"])
                    self.assertIn(f"0x{serial}: {status}", done.stdout)
                    self.assertIn("Response verify OK", done.stderr)
                    if not options:
                        self.assertNotIn("no nonce", done.stderr)
        for base, status in (("good", "good"), ("bad", "revoked")):
            for nonce in ("--nonce", "--no-nonce"):
                with self.subTest(tool="ocsptool", status=status, nonce=nonce):
                    done = run("ocsptool", f"--ask=http://127.0.0.1:{ca.http_port}/ocsp",
                               "--load-cert", ca.file(base + ".leaf.crt"),
                               "--load-issuer", ca.issuers_pem(),
                               "--load-trust", ca.issuers_pem(),
                               *([nonce] if nonce == "--nonce" else []), check=False)
                    said = done.stdout + done.stderr
                    self.assertIn(f"Certificate Status: {status}", said)
                    self.assertIn("Verifying OCSP Response: Success", said)

    def test_what_was_issued_is_what_was_asked_for(self):
        """P12, P13, P23, P39: key and names of the CSR, and nothing else of it."""
        ca = self.ca
        ca.issue("exact", "DNS:b.internal", "DNS:a.internal", "IP:10.1.2.3",
                 subject="/O=Evil/CN=ignored.internal")
        text = run("openssl", "x509", "-in", ca.file("exact.leaf.crt"), "-noout", "-text").stdout
        self.assertIn("DNS:b.internal, DNS:a.internal, IP Address:10.1.2.3", text)
        self.assertNotIn("Evil", text)
        self.assertNotIn("ignored", text)
        key = run("openssl", "pkey", "-in", ca.file("exact.key"), "-pubout").stdout
        self.assertEqual(key, run("openssl", "x509", "-in", ca.file("exact.leaf.crt"), "-noout",
                                  "-pubkey").stdout)

    def test_the_urls_inside_answer(self):
        """P32, P33, P71: CDP, AIA ocsp and caIssuers, with their content types."""
        ca = self.ca
        ca.issue("urls", "DNS:urls.internal")
        text = run("openssl", "x509", "-in", ca.file("urls.leaf.crt"), "-noout", "-ext",
                   "crlDistributionPoints,authorityInfoAccess").stdout
        urls = re.findall(r"URI:(http://\S+)", text)
        self.assertEqual(len(urls), 3, text)
        for url, kind in zip(sorted(urls), ("application/pkix-cert", "application/pkix-crl", None)):
            if kind:
                path = "/" + url.split("/", 3)[3]
                a = ca.ask_http("GET", path)
                self.assertEqual((a.status, a.headers["Content-Type"]), (200, kind))
                self.assertEqual(ca.ask_http("GET", path, headers={
                    "If-None-Match": a.headers["ETag"]}).status, 304)
                self.assertEqual(ca.ask_http("HEAD", path).headers["Content-Length"],
                                 str(len(a.body)))

    def serve(self, base):
        """A TLS server of python's, with the certificate, that wants client certificates."""
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ctx.load_cert_chain(self.ca.file(base + ".crt"), self.ca.file(base + ".key"))
        ctx.load_verify_locations(self.ca.dir / "root.crt")
        ctx.verify_mode = ssl.CERT_REQUIRED
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def loop():
            while True:
                try:
                    conn, _ = listener.accept()
                    with ctx.wrap_socket(conn, server_side=True) as tls:
                        tls.recv(100)
                        who = dict(x[0] for x in tls.getpeercert()["subject"])["commonName"]
                        tls.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello " + who.encode())
                except ssl.SSLError:
                    continue
                except OSError:
                    return

        threading.Thread(target=loop, daemon=True).start()
        return listener.getsockname()[1]

    def test_python_node_and_curl_trust_each_other_through_it(self):
        ca = self.ca
        ca.issue("server", "DNS:localhost")
        ca.issue("client", "DNS:client.internal", profile="client")
        port = self.serve("server")
        done = run("curl", "-sS", "--cacert", ca.dir / "root.crt", "--cert", ca.file("client.crt"),
                   "--key", ca.file("client.key"), f"https://localhost:{port}/")
        self.assertEqual(done.stdout, "hello client.internal")
        self.assertNotEqual(run("curl", "-sS", "--cacert", ca.dir / "root.crt",
                                f"https://localhost:{port}/", check=False).returncode, 0)
        if shutil.which("node"):
            script = ("const t=require('tls'),f=require('fs');const s=t.connect({host:'localhost',"
                      f"port:{port},ca:f.readFileSync('{ca.dir}/root.crt'),"
                      f"cert:f.readFileSync('{ca.file('client.crt')}'),"
                      f"key:f.readFileSync('{ca.file('client.key')}')}},()=>{{"
                      "if(!s.authorized)process.exit(3);s.write('GET / HTTP/1.0\\r\\n\\r\\n')});"
                      "s.on('data',d=>process.stdout.write(d));s.on('end',()=>process.exit(0))")
            self.assertIn("hello client.internal", run("node", "-e", script).stdout)

    def test_every_form_of_asking(self):
        ca = self.ca
        pem = ca.csr("form", "DNS:form.internal")
        der = run("openssl", "req", "-in", ca.file("form.csr"), "-outform", "DER", text=False).stdout
        path = "/v1/certificates?profile=server"
        for body, kind in ((pem, "text/plain"), (pem, "application/x-pem-file"),
                           (der, "application/pkcs10"),
                           (pem, "application/x-www-form-urlencoded")):
            with self.subTest(kind=kind):
                a = ca.ask("POST", path, body, {"Content-Type": kind})
                self.assertEqual(a.status, 201, a)
                self.assertEqual(a.headers["Location"], "/v1/certificates/" + a.json["serial"])
        a = ca.ask("POST", "/v1/certificates", {
            "profile": "server", "csr": pem.decode(), "validity": "2h",
            "names": [{"type": "dns", "value": "OTHER.internal"}, {"type": "ip", "value": "10.0.0.9"}],
            "metadata": {"owner": "web team"}})
        self.assertEqual(a.status, 201, a)
        self.assertEqual(a.json["names"], [{"type": "dns", "value": "other.internal"},
                                           {"type": "ip", "value": "10.0.0.9"}])
        got = ca.ask("GET", a.headers["Location"]).json
        self.assertEqual(got["metadata"], {"owner": "web team"})
        self.assertEqual(got["status"], "valid")
        self.assertEqual(got["chain"], a.json["chain"])
        for accept, first in (("application/pkix-cert", b"\x30\x82"),
                              ("application/x-pem-file", b"-----BEGIN CERTIFICATE")):
            b = ca.ask("GET", a.headers["Location"], headers={"Accept": accept})
            self.assertTrue(b.body.startswith(first), b)
        self.problem(ca.ask("GET", a.headers["Location"], headers={"Accept": "image/png"}), 406,
                     "not-acceptable")

    def test_over_the_unix_socket_without_a_certificate(self):
        ca = self.ca
        a = ca.ask_unix("POST", "/v1/certificates?profile=server",
                        ca.csr("local", "DNS:local.internal"), {"Content-Type": "text/plain"})
        self.assertEqual(a.status, 201, a)
        who = ca.ask_unix("GET", "/v1/whoami").json
        self.assertEqual(who["kind"], "local")
        self.assertIn("admin", who["may"])

    def test_lists_filters_and_cursor(self):
        ca = self.ca
        serials = [ca.issue(f"page{i}", f"DNS:page{i}.list.internal") for i in range(7)]
        self.assertEqual(ca.revoke(serials[3]).status, 200)
        seen, cursor = [], ""
        while True:
            a = ca.ask("GET", f"/v1/certificates?limit=2&q=list.internal{cursor}").json
            seen += [c["serial"] for c in a["certificates"]]
            if "next_cursor" not in a:
                break
            ca.issue("between", "DNS:between.list.internal")  # a row that comes between pages
            cursor = "&cursor=" + a["next_cursor"]
        self.assertEqual(seen, serials[::-1])
        for query, found in (("dns=page3.list.internal", [serials[3]]),
                             ("dns=PAGE3.list.internal&status=revoked", [serials[3]]),
                             ("dns=page3.list.internal&status=valid", []),
                             ("q=page5.li", [serials[5]]), ("ip=10.99.99.99", [])):
            with self.subTest(query=query):
                a = ca.ask("GET", "/v1/certificates?" + query).json
                self.assertEqual([c["serial"] for c in a["certificates"]], found)

    def test_the_other_routes(self):
        ca = self.ca
        profiles = {p["name"]: p for p in ca.ask("GET", "/v1/profiles").json["profiles"]}
        self.assertEqual(profiles["server"]["acme"], {
            "directory": f"https://127.0.0.1:{ca.api_port}/acme/server/directory",
            "challenges": ["http-01", "dns-01", "tls-alpn-01"], "external_account": "optional", "profiles": []})
        self.assertNotIn("acme", profiles["client"])
        self.assertIn("/acme/server/directory", run(BUILD / "hanaper", "profile", "server", "--dir", ca.dir).stdout)
        names = list(profiles)
        self.assertIn("server", names)
        self.assertNotIn("hanaper-listener", names)
        issuers = ca.ask("GET", "/v1/issuers").json["issuers"]
        self.assertEqual([i["name"] for i in issuers], ["root", "main"])
        self.assertGreaterEqual(issuers[1]["crl"]["number"], 1)
        who = ca.ask("GET", "/v1/whoami").json
        self.assertEqual((who["cn"], who["profile"]), ("admin", "admin"))
        self.assertEqual(ca.ask("GET", "/healthz", cert=None).status, 200)
        self.assertEqual(ca.ask("GET", "/readyz", cert=None).status, 200)
        root = ca.ask_http("GET", "/ca/roots.pem").body
        self.assertEqual(root, (ca.dir / "root.crt").read_bytes())
        self.assertEqual(ca.ask("GET", "/ca/roots.pem", cert=None).body, root)

    def test_revoking_twice_tells_the_first_time_and_raises_only(self):
        """S43, R28, P74: 409 with the first time; keyCompromise raises, in OCSP and CRL."""
        ca = self.ca
        serial = ca.issue("twice", "DNS:twice.internal")
        first = ca.revoke(serial, "superseded").json
        p = self.problem(ca.revoke(serial, "cessationOfOperation"), 409, "already-revoked",
                         first["revoked_at"], "superseded")
        self.assertIn("superseded", p["detail"])
        raised = ca.revoke(serial, "keyCompromise")
        self.assertEqual(raised.status, 200, raised)
        self.assertEqual(raised.json["revoked_at"], first["revoked_at"])
        self.problem(ca.revoke(serial, "superseded"), 409, "already-revoked", "keyCompromise")
        done = run("openssl", "ocsp", "-issuer", ca.issuers_pem(), "-serial", "0x" + serial, "-url",
                   f"http://127.0.0.1:{ca.http_port}/ocsp", "-CAfile", ca.dir / "root.crt")
        self.assertIn("Reason: keyCompromise", done.stdout)
        end = time.monotonic() + 6 * SLOW
        while time.monotonic() < end:
            entry = ca.crl_text().split(serial.upper())[-1].split("Serial Number")[0]
            if "Key Compromise" in entry:
                break
            time.sleep(0.1)
        self.assertIn("Key Compromise", entry)
        self.problem(ca.ask("POST", "/v1/certificates?profile=server",
                            ca.file("twice.csr").read_bytes(), {"Content-Type": "text/plain"}),
                     400, "bad-key", "compromise")  # P54, R18

    def test_the_command_line_does_the_same(self):
        ca = self.ca
        out = ca.file("cli")
        run(BUILD / "hanaper", "issue", "cli.internal", "--dir", ca.dir, "--out", out)
        self.assertEqual(out.with_suffix(".key").stat().st_mode & 0o777, 0o600)
        run("openssl", "verify", "-x509_strict", "-CAfile", ca.dir / "root.crt", "-untrusted",
            out.with_suffix(".crt"), out.with_suffix(".crt"))
        done = run(BUILD / "hanaper", "issue", "none.internal", "--dir", ca.dir, "--out", f"{out}.key/x", check=False)
        self.assertIn("Not a directory", done.stderr)
        self.assertEqual(ca.ask("GET", "/v1/certificates?dns=none.internal").json["certificates"], [])
        self.assertEqual(run(BUILD / "hanaper", "issue", "cli.internal", "--dir", ca.dir, "--out",
                             out, check=False).returncode, 1)
        remote = ("--url", f"https://localhost:{ca.api_port}", "--cert", ca.dir / "admin.crt",
                  "--key", ca.dir / "admin.key", "--cacert", ca.dir / "root.crt")
        self.assertIn("cli.internal", run(BUILD / "hanaper", "ls", *remote).stdout)
        self.assertIn("good", run(BUILD / "hanaper", "ocsp", out.with_suffix(".crt"), "--dir",
                                  ca.dir).stdout)
        run(BUILD / "hanaper", "revoke", out.with_suffix(".crt"), "--reason", "superseded",
            *remote)
        self.assertIn("revoked", run(BUILD / "hanaper", "ocsp", out.with_suffix(".crt"), "--dir",
                                     ca.dir).stdout)
        self.assertIn("revoked", run(BUILD / "hanaper", "show", out.with_suffix(".crt"), "--dir",
                                     ca.dir).stdout)
        for command in (("ca",), ("crl",), ("profile",), ("version",)):
            with self.subTest(command=command):
                run(BUILD / "hanaper", *command, "--dir", ca.dir)
        self.assertEqual(run(BUILD / "hanaper", "nonsense", check=False).returncode, 2)

    def test_a_csr_is_not_taken_for_a_name(self):
        self.ca.csr("asked", "DNS:asked.internal")
        done = run(BUILD / "hanaper", "issue", self.ca.file("asked.csr"), "--dir", self.ca.dir, check=False)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("hanaper issue --csr", done.stderr)

    def test_a_file_may_be_a_link_as_certbot_leaves_it(self):
        ca = self.ca
        run(BUILD / "hanaper", "issue", "link.internal", "--dir", ca.dir, "--out", ca.file("archived"))
        link = ca.file("live.pem")
        link.symlink_to("archived.crt")
        for command in (("show", link), ("ocsp", link), ("revoke", link)):
            with self.subTest(command=command):
                run(BUILD / "hanaper", *command, "--dir", ca.dir)
        self.assertIn("0 errors", run(BUILD / "hanaper", "lint", link).stdout)

    def test_help_explains_what_is_below_a_command_too(self):
        for words in (("acme", "eab"), ("acme", "eab", "new"), ("token", "create"), ("issue",)):
            with self.subTest(words=words):
                self.assertEqual(run(BUILD / "hanaper", "help", *words).stdout,
                                 run(BUILD / "hanaper", *words, "--help").stdout)

    def test_the_command_line_says_what_to_do_next(self):
        ca = self.ca
        here = ("--dir", ca.dir)
        remote = ("--url", f"https://localhost:{ca.api_port}")
        mtls = ("--cert", ca.dir / "admin.crt", "--key", ca.dir / "admin.key")
        free = free_port()
        for status, says, command in (
                (1, "all of them: hanaper issuer", ("ca", "--issuer", "nobody", *here)),
                (1, "all of them: hanaper issuer", ("crl", "nobody", *here)),
                (1, "holds no certificate", ("show", ca.dir / "hanaper.yaml", *here)),
                (1, "holds no certificate", ("ocsp", ca.dir / "admin.key", *here)),
                (1, "--cacert wants the CA's root.crt", ("ls", *remote, *mtls)),
                (1, "belong together", ("ls", *remote, *mtls[:3], ca.dir / "root.key",
                                        "--cacert", ca.dir / "root.crt")),
                (1, "is hanaperd running there", ("ls", "--url", f"https://localhost:{free}")),
                (1, "hanaper up --dir /nowhere", ("ls", "--dir", "/nowhere")),
                (2, 'no reason "boredom"', ("revoke", "00aabb", "--reason", "boredom", *here)),
                (2, "See: hanaper help", ("help", "nonsense")),
                (2, "not JSON", ("issue", "a.internal", "--stdout", "--json", *here))):
            with self.subTest(command=command):
                done = run(BUILD / "hanaper", *command, check=False, cwd=ca.tmp)
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertIn(says, done.stderr)
                self.assertEqual(done.stdout, "")
        done = run(BUILD / "hanaper", "issue", "www.example.com", *here, check=False, cwd=ca.tmp)
        self.assertEqual(done.stderr.count("www.example.com"), 1, done.stderr)


class UpAtOnce(FlowTest):
    running = False

    @classmethod
    def setUpClass(cls):
        pass

    def test_up_in_an_empty_directory_issues_within_half_a_second(self):
        """Said, not judged, by the clock: the time is printed, the deed is tested."""
        import pathlib
        import signal
        import tempfile
        tmp = pathlib.Path(tempfile.mkdtemp(prefix="hnp-"))
        self.addCleanup(shutil.rmtree, tmp, ignore_errors=True)
        ports = [x for kind in ("--api", "--http", "--metrics")
                 for x in (kind, f"127.0.0.1:{free_port()}")]
        began = time.monotonic()
        with open(tmp / "log", "wb") as log:
            up = subprocess.Popen([BUILD / "hanaper", "up", *ports], cwd=tmp, stdout=log,
                                  stderr=subprocess.STDOUT)
        try:
            while not re.search(rb"^ready ", (tmp / "log").read_bytes(), re.M):
                self.assertIsNone(up.poll(), (tmp / "log").read_text())
                self.assertLess(time.monotonic(), began + 20 * SLOW, (tmp / "log").read_text())
                time.sleep(0.005)
            run(BUILD / "hanaper", "issue", "localhost", cwd=tmp)
            print(f"     up to the first certificate: {time.monotonic() - began:.3f} s")
            run("openssl", "verify", "-x509_strict", "-CAfile", tmp / "hanaper/root.crt",
                "-untrusted", tmp / "localhost.crt", tmp / "localhost.crt")
        finally:
            up.send_signal(signal.SIGTERM)
            self.assertEqual(up.wait(20 * SLOW), 0)

    def test_with_json_nothing_else_is_on_standard_output(self):
        import json
        import pathlib
        import signal
        import tempfile
        tmp = pathlib.Path(tempfile.mkdtemp(prefix="hnp-"))
        self.addCleanup(shutil.rmtree, tmp, ignore_errors=True)
        ports = [x for kind in ("--api", "--http", "--metrics")
                 for x in (kind, f"127.0.0.1:{free_port()}")]
        with open(tmp / "out", "wb") as out, open(tmp / "log", "wb") as log:
            up = subprocess.Popen([BUILD / "hanaper", "up", "--json", *ports], cwd=tmp, stdout=out, stderr=log)
        try:
            end = time.monotonic() + 20 * SLOW
            while not re.search(rb"^ready ", (tmp / "log").read_bytes(), re.M):
                self.assertIsNone(up.poll(), (tmp / "log").read_text())
                self.assertLess(time.monotonic(), end, (tmp / "log").read_text())
                time.sleep(0.005)
        finally:
            up.send_signal(signal.SIGTERM)
            self.assertEqual(up.wait(20 * SLOW), 0)
        self.assertEqual(json.loads((tmp / "out").read_text())["url_api"], f"https://{ports[1]}")

    def test_up_makes_nothing_where_a_port_is_taken(self):
        import pathlib
        import socket
        import tempfile
        tmp = pathlib.Path(tempfile.mkdtemp(prefix="hnp-"))
        self.addCleanup(shutil.rmtree, tmp, ignore_errors=True)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            done = run(BUILD / "hanaper", "up", "--api", f"127.0.0.1:{free_port()}", "--http",
                       f"127.0.0.1:{port}", "--metrics", f"127.0.0.1:{free_port()}", cwd=tmp,
                       check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"another program listens on 127.0.0.1:{port}", done.stderr)
        self.assertIn("hanaper up --http HOST:PORT", done.stderr)
        self.assertEqual(list(tmp.iterdir()), [])
