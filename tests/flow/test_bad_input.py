# SPDX-License-Identifier: Apache-2.0
"""Bad input: each gets its own clear 4xx problem, nothing is issued, one line is logged."""
import base64
import json
import os
import re
import socket
import ssl
import time

from hnp import BUILD, SLOW, FlowTest, run

SIGN = "/v1/certificates?profile=server"
TEXT = {"Content-Type": "text/plain"}


class BadInput(FlowTest):
    def setUp(self):
        self.before = self.count()

    def count(self):
        db = self.ca.database()
        try:
            return db.execute("SELECT count(*) FROM certificate").fetchone()[0]
        finally:
            db.close()

    def refused(self, answer, status, kind, *words):
        p = self.problem(answer, status, kind, *words)
        self.assertEqual(self.count(), self.before, "nothing is issued")
        end = time.monotonic() + 5 * SLOW
        while not (lines := [l for l in self.ca.said().splitlines() if "refused" in l and p["request_id"] in l]):
            if time.monotonic() > end:
                break
            time.sleep(0.01)
        self.assertEqual(len(lines), 1, f"one line of the log tells it: {p}")
        return p

    def sign(self, body, headers=None, path=SIGN, **kw):
        return self.ca.ask("POST", path, body, headers or TEXT, **kw)

    # R17, P50
    def test_what_is_no_csr(self):
        pem = self.ca.csr("good", "DNS:good.internal").decode()
        der = base64.b64decode("".join(pem.splitlines()[1:-1]))
        block = pem.splitlines()
        for name, body in {
            "empty": b"", "words": b"hello", "zeroes": b"\0" * 100, "der, not csr": b"\x30\x03\x02\x01\x00",
            "pem that ends": "\n".join(block[:-1]), "pem with a wrong label":
            pem.replace("CERTIFICATE REQUEST", "CERTIFICATE"), "two blocks": pem + pem,
            "not base64": pem.replace(block[2], "!" + block[2][1:]),
            "indefinite length": b"\x30\x80" + der[4:] + b"\0\0",
        }.items():
            with self.subTest(name):
                self.refused(self.sign(body), 400, "bad-csr")
        with self.subTest("as curl -d sends it"):
            self.refused(self.sign(pem.replace("\n", "")), 400, "bad-csr", "--data-binary")
        with self.subTest("trailing octets"):
            self.refused(self.sign(der + b"\0", {"Content-Type": "application/pkcs10"}), 400, "bad-csr")
        with self.subTest("4 GiB said"):
            self.refused(self.sign(b"\x30\x84\xff\xff\xff\xff" + der[4:],
                                   {"Content-Type": "application/pkcs10"}), 400, "bad-csr")

    def test_cut_short_anywhere(self):
        pem = self.ca.csr("cut", "DNS:cut.internal").decode()
        der = base64.b64decode("".join(pem.splitlines()[1:-1]))
        connection = self.ca.connect()
        for n in range(len(der)):
            a = self.sign(der[:n], {"Content-Type": "application/pkcs10"}, connection=connection)
            self.assertEqual((n, a.status), (n, 400), a)
        connection.close()
        self.assertEqual(self.count(), self.before)

    def test_a_wrong_signature(self):
        pem = self.ca.csr("sig", "DNS:sig.internal").decode()
        der = bytearray(base64.b64decode("".join(pem.splitlines()[1:-1])))
        der[-1] ^= 1
        self.refused(self.sign(bytes(der), {"Content-Type": "application/pkcs10"}), 400, "bad-csr",
                     "signature")

    # P51, P52, P53, R15
    def test_weak_and_odd_keys(self):
        for name, key in {
            "rsa-1024": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"),
            "rsa with e=3": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-pkeyopt",
                             "rsa_keygen_pubexp:3"),
            "secp256k1": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"),
            "p-192": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-192"),
            "explicit curve": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                               "-pkeyopt", "ec_param_enc:explicit"),
        }.items():
            with self.subTest(name):
                self.refused(self.sign(self.ca.csr("weak", "DNS:weak.internal", key=key)), 400,
                             "bad-key")
        with self.subTest("not in the profile's list"):
            a = self.sign(self.ca.csr("ed448", "DNS:x.internal", key=("-algorithm", "ED448")))
            self.refused(a, 422, "policy", "profile.keys")
        with self.subTest("SHA-1"):
            a = self.sign(self.ca.csr("sha1", "DNS:x.internal", extra=("-sha1",)))
            self.refused(a, 400, "bad-csr")

    # P24 to P29, R8 to R12, R5, R6
    def test_names_that_are_refused(self):
        csr = self.ca.csr("names").decode()
        for kind, value, word in (
                ("dns", "www.example.com", "profile.names"), ("dns", "internal", "profile.names"),
                ("dns", "a.internal.", ""), ("dns", ".internal", ""), ("dns", "a..internal", ""),
                ("dns", "under_score.internal", "underscore"), ("dns", "-a.internal", ""),
                ("dns", "b\u00fccher.internal", ""), ("dns", "xn--.internal", ""),
                ("dns", "xn--a.internal", ""), ("dns", "10.0.0.1", ""), ("dns", "[::1]", ""),
                ("dns", "*.internal", "top label"), ("dns", "*.a.internal", "profile.names"),
                ("dns", "a.*.internal", ""),
                ("dns", "*", ""), ("dns", "**.internal", ""), ("dns", "w*.internal", ""),
                ("dns", "*.com", ""), ("dns", "http://a.internal", ""),
                ("dns", "a.internal:443", ""), ("dns", "a b.internal", ""), ("dns", "", ""),
                ("dns", "a" * 64 + ".internal", ""), ("dns", ("a" * 60 + ".") * 5 + "internal", ""),
                ("ip", "8.8.8.8", "profile.names"), ("ip", "10.0.0.0/8", ""), ("ip", "10.1", ""),
                ("ip", "::ffff:10.0.0.1", ""), ("ip", "a.internal", ""),
                ("email", "a@b.internal", "profile.names"), ("uri", "https://a.internal/", "profile.names"),
                ("uri", "spiffe://a/b", "profile.names"), ("dns", "%s.internal", ""),
                ("dns", 'a"},{.internal', ""), ("dns", "${x}.internal", "")):
            with self.subTest(kind=kind, value=value):
                a = self.ca.ask("POST", "/v1/certificates", {
                    "profile": "server", "csr": csr, "names": [{"type": kind, "value": value}]})
                self.refused(a, 422, "policy", word)

    def test_names_inside_the_csr(self):
        for san, status, kind in (
                ("DNS:www.example.com", 422, "policy"), ("IP:8.8.8.8", 422, "policy"),
                ("DNS:10.0.0.1", 400, "bad-csr"), ("DNS:a.internal,email:x@y.z", 422, "policy"),
                ("DNS:a.internal,URI:http://x/", 422, "policy"),
                ("DNS:a.internal,otherName:1.3.6.1.4.1.311.20.2.3;UTF8:admin", 400, "bad-csr"),
                ("DNS:a.internal,RID:1.2.3", 400, "bad-csr"),
                ("DNS:a.internal,DNS:A.internal", 400, "bad-csr")):
            with self.subTest(san):
                self.refused(self.sign(self.ca.csr("in", san)), status, kind)
        with self.subTest("no names at all"):
            self.refused(self.sign(self.ca.csr("none")), 422, "policy", "1 to 100 names")
        with self.subTest("a CN that no profile lets through"):
            self.refused(self.sign(self.ca.csr("cn", subject="/CN=www.example.com")), 422, "policy")
        with self.subTest("NUL in a name"):
            pem = self.ca.csr("nul", "DNS:good.internal.evilevil").decode()
            der = base64.b64decode("".join(pem.splitlines()[1:-1]))
            a = self.sign(der.replace(b"internal.evil", b"internal\0evil"),
                          {"Content-Type": "application/pkcs10"})
            self.refused(a, 400, "bad-csr")
        with self.subTest("10 000 names"):
            a = self.ca.ask("POST", "/v1/certificates", {
                "profile": "server", "csr": self.ca.csr("many").decode(),
                "names": [{"type": "dns", "value": f"n{i}.internal"} for i in range(1500)]})
            self.refused(a, 422, "policy", "1500")
            a = self.ca.ask("POST", "/v1/certificates", {
                "profile": "server", "csr": self.ca.csr("many").decode(),
                "names": [{"type": "dns", "value": f"n{i}.internal"} for i in range(10000)]})
            self.refused(a, 413, "too-large")

    # R1, R2, R3, R4, R7, P39
    def test_extensions_that_are_asked_for(self):
        for name, extension in {
            "CA:TRUE": "basicConstraints=critical,CA:TRUE", "keyCertSign": "keyUsage=keyCertSign",
            "cRLSign": "keyUsage=cRLSign"
        }.items():
            with self.subTest(name):
                a = self.sign(self.ca.csr("ext", "DNS:ext.internal", extra=("-addext", extension)))
                self.refused(a, 400, "bad-csr")

    def test_harmless_wishes_leave_no_trace(self):
        for extension, trace in (("extendedKeyUsage=codeSigning,OCSPSigning", "OCSP Signing"),
                                 ("certificatePolicies=1.2.3.4", "1.2.3.4"),
                                 ("nameConstraints=permitted;DNS:evil", "Name Constraints"),
                                 ("nsComment=evil", "evil"), ("1.2.3.4.5=DER:0500", "1.2.3.4.5"),
                                 ("subjectKeyIdentifier=DEADBEEF", "DE:AD:BE:EF")):
            with self.subTest(extension):
                a = self.sign(self.ca.csr("wish", "DNS:wish.internal",
                                          extra=("-addext", extension)))
                if a.status == 201:
                    self.ca.file("wish.crt").write_text(a.json["certificate"])
                    text = run("openssl", "x509", "-in", self.ca.file("wish.crt"), "-noout",
                               "-text").stdout
                    self.assertNotIn(trace, text)
                else:
                    self.problem(a, 400, "bad-csr")

    # P8, P10, P11, S28
    def test_validity(self):
        csr = self.ca.csr("valid", "DNS:valid.internal").decode()

        def ask(validity):
            return self.ca.ask("POST", "/v1/certificates",
                               {"profile": "server", "csr": csr, "validity": validity})

        for wrong in ("0s", "0", "-1h", "", "forever", "1.5h", "1h ", "99999999999999999999s"):
            with self.subTest(wrong):
                self.refused(ask(wrong), 400, "malformed", "validity")
        p = self.ca.ask("GET", "/v1/profiles").json["profiles"]
        most = next(x for x in p if x["name"] == "server")["validity"]["max"]
        with self.subTest("a second over the maximum"):
            self.refused(ask(f"{most + 1}s"), 422, "policy", "profile.validity")
        with self.subTest("past the issuer"):
            self.refused(ask("60y"), 422, "policy")
        with self.subTest("exactly the maximum"):
            a = ask(f"{most}s")
            self.assertEqual(a.status, 201, a)
            self.before = self.count()
            self.ca.file("max.crt").write_text(a.json["certificate"])
            done = run("openssl", "x509", "-in", self.ca.file("max.crt"), "-noout", "-dates").stdout
            a, b = (ssl.cert_time_to_seconds(d.split("=")[1]) for d in done.strip().splitlines())
            self.assertLessEqual(b - a + 1, most)

    # R85
    def test_json_that_is_not(self):
        csr = self.ca.csr("json", "DNS:json.internal").decode()
        good = {"profile": "server", "csr": csr}
        kind = {"Content-Type": "application/json"}
        for name, body, word in (
                ("words", "{profile", ""), ("an array", "[]", "object"),
                ("unknown member", json.dumps({**good, "ca": True}), "ca"),
                ("doubled member", json.dumps(good)[:-1] + ',"profile":"client"}', ""),
                ("no csr", json.dumps({"profile": "server"}), "csr"),
                ("no profile", json.dumps({"csr": csr}), "profile"),
                ("a number for text", json.dumps({**good, "validity": 3600}), "validity"),
                ("octets behind", json.dumps(good) + "x", ""),
                ("NUL", '{"profile":"ser\\u0000ver","csr":"x"}', ""),
                ("no UTF-8", b'{"profile":"\xff","csr":"x"}', ""),
                ("deep", "[" * 5000, ""), ("deep object", '{"profile":' * 100, ""),
                ("unknown type of name", json.dumps(
                    {**good, "names": [{"type": "x400", "value": "a"}]}), "type"),
                ("metadata that is no text", json.dumps({**good, "metadata": {"a": 1}}), "metadata")):
            with self.subTest(name):
                self.refused(self.ca.ask("POST", "/v1/certificates", body, kind), 400, "malformed", word)

    # JSON has no other text than UTF-8: a filter or a limit that it cannot tell must not be left out of what is asked.
    def test_a_typed_word_that_is_not_utf8_is_told_before_anything_is_asked(self):
        ca, bad = self.ca, os.fsdecode(b"M\xfcller")
        csr = ca.file("typed.csr")
        csr.write_bytes(ca.csr("typed", "DNS:typed.internal"))
        before = self.count()
        for args in (("renew-all", "--within", "1h", "--where", f"metadata.owner={bad}"), ("renew-all", "--within", "1h", "--where", f"metadata.{bad}=x"),
                     ("renew-all", "--within", "1h", "--all", "--reason", bad),
                     ("renew-all", "--within", "1h", "--where", "q="), ("renew-all", "--within", "1h", "--where", "metadata.owner="),
                     ("issue", "typed.internal", "--metadata", f"owner={bad}"), ("issue", "typed.internal", "--metadata", f"{bad}=x"),
                     ("issue", "typed.internal", "--profile", bad), ("issue", f"uri:spiffe://{bad}"), ("issue", f"email:{bad}@typed.internal"),
                     ("token", "create", "typed.internal", "--metadata", f"owner={bad}"), ("token", "create", "typed.internal", "--profile", bad),
                     ("explain", csr, "--as", f"cn:{bad}"), ("explain", csr, f"uri:spiffe://{bad}"), ("explain", csr, "--profile", bad),
                     ("acme", "test", bad), ("acme", "test", "typed.internal", "--profile", bad),
                     *(("acme", "eab", "new", "--names", n) for n in (bad, f"a.internal,{bad}", "", ",", " , ")),
                     ("acme", "eab", "new", "--names", "a.internal", "--names", ""), ("acme", "eab", "new", "--profile", bad)):
            with self.subTest(args):
                done = run(BUILD / "hanaper", *args, "--dir", ca.dir, check=False, cwd=ca.tmp)
                self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                self.assertNotEqual(done.stderr, "")
                self.assertEqual(done.stdout, "")
        csr.write_bytes(b"f\xfcr uns\n" + csr.read_bytes())
        for args in (("explain", csr), ("issue", "--csr", csr)):
            done = run(BUILD / "hanaper", *args, "--dir", ca.dir, check=False, cwd=ca.tmp)
            self.assertEqual((done.returncode, "UTF-8" in done.stderr), (1, True), done.stderr)
        self.assertEqual(self.count(), before)
        self.assertEqual(list(ca.tmp.glob("*typed*.crt")), [])

    # A word that is in the query instead of the body is not passed over: "?dry_run=true".
    def test_a_query_that_nobody_reads(self):
        serial = "12" * 20
        for method, path, body in (
                ("POST", "/v1/certificates", {}), ("POST", "/v1/explain", {}), ("POST", "/v1/renewals", {}),
                ("POST", "/v1/renew", {}), ("POST", "/v1/tokens", {}), ("POST", "/v1/acme/eab", {}),
                ("POST", "/v1/acme/accounts/none/revoke", {}), ("POST", "/v1/acme/test", {}), ("POST", "/v1/reload", {}),
                ("POST", f"/v1/certificates/{serial}/revoke", {}), ("DELETE", "/v1/tokens/none", None),
                ("DELETE", "/v1/acme/eab/none", None), ("GET", "/v1/certificates", None),
                ("GET", f"/v1/certificates/{serial}", None), ("GET", "/v1/profiles", None), ("GET", "/v1/issuers", None),
                ("GET", "/v1/whoami", None), ("GET", "/v1/tokens", None), ("GET", "/v1/acme/eab", None),
                ("GET", "/v1/acme/accounts", None), ("GET", "/v1/acme/orders", None), ("GET", "/v1/acme/attempts", None),
                ("GET", "/v1/audit", None), ("GET", "/v1/stats", None), ("GET", "/v1/renewal-info/none", None)):
            with self.subTest(method=method, path=path):
                self.problem(self.ca.ask(method, path + "?dry_run=true", body), 400, "malformed", "dry_run")

    def test_profiles_that_are_not_there(self):
        csr = self.ca.csr("prof", "DNS:prof.internal")
        self.refused(self.sign(csr, path="/v1/certificates?profile=nonsense"), 422, "policy", "server")
        self.refused(self.sign(csr, path="/v1/certificates?profile=hanaper-listener"), 422, "policy")
        self.refused(self.sign(csr, path="/v1/certificates"), 400, "malformed", "profile")
        self.refused(self.sign(csr, path=SIGN + "&profile=client"), 400, "malformed", "twice")
        self.refused(self.sign(csr, path=SIGN + "&ca=1"), 400, "malformed", "ca")
        self.refused(self.sign(csr, path=SIGN + "&validity=%00"), 400, "malformed")

    def test_http_that_is_wrong(self):
        ca = self.ca
        csr = ca.csr("http", "DNS:http.internal")
        self.problem(self.sign(csr, {"Content-Type": "image/png"}), 415, "media-type")
        self.problem(self.sign(csr, {"Content-Type": "text/plain", "Content-Encoding": "gzip"}), 415,
                     "media-type")
        a = ca.ask("DELETE", "/v1/certificates")
        self.problem(a, 405, "method")
        self.assertEqual(set(a.headers["Allow"].split(", ")), {"GET", "HEAD", "POST"})
        self.problem(ca.ask("PATCH", "/v1/whoami"), 405, "method")
        self.problem(ca.ask("GET", "/v1/nonsense"), 404, "not-found")
        self.problem(ca.ask("GET", "/"), 404, "not-found")
        self.problem(self.sign(b"A" * 70000), 413, "too-large")
        self.problem(ca.ask("GET", "/v1/certificates/zz"), 400, "malformed")
        self.problem(ca.ask("GET", "/v1/certificates/" + "12" * 20), 404, "not-found")
        self.problem(ca.ask("GET", "/v1/certificates/" + "12" * 21), 400, "malformed")
        for query in ("limit=0", "limit=-1", "limit=1002", "limit=x", "cursor=x", "status=x", "nope=1",
                      "expires_before=tomorrow", "q=%zz", "q=a&q=b", "q=", "q=&issuer=main"):
            with self.subTest(query):
                self.problem(ca.ask("GET", "/v1/certificates?" + query), 400, "malformed")
        self.problem(ca.ask("POST", "/v1/certificates/" + "12" * 20 + "/revoke", {}), 404, "not-found")
        for reason in ("hold", "removeFromCRL", "certificateHold", "", 1, "keycompromise",
                       "cACompromise"):
            with self.subTest(reason=reason):
                self.problem(ca.revoke("12" * 20, reason), 400, "malformed")

    # R47, R83
    def test_paths_that_are_not_canonical(self):
        for path in ("/v1/certificates/", "//v1/certificates", "/v1//certificates", "/v1/./certificates",
                     "/v1/../v1/certificates", "/V1/certificates", "/v1/certificates%2f", "/v1/%63ertificates",
                     "/v1/certificates;x=1", "/v1/certificates\\", "/ca/../hanaper.yaml", "/ca/..%2froot.key",
                     "/ca/%2e%2e/root.key", "/crl/../../root.key", "/ca/main.crt%00", "/ca/", "/ca/main.key",
                     "/crl/.main.crl", "/ca//main.crt"):
            with self.subTest(path):
                a = self.ca.ask("GET", path)
                self.assertIn(a.status, (400, 404), a)
                self.assertNotIn(b"PRIVATE", a.body)

    def raw(self, octets):
        """Sends octets over TLS with the admin's certificate; what comes back until the end."""
        ctx = self.ca.context(self.ca.dir / "admin.crt", self.ca.dir / "admin.key")
        with socket.create_connection(("127.0.0.1", self.ca.api_port), 10) as s:
            with ctx.wrap_socket(s, server_hostname="localhost") as tls:
                tls.sendall(octets)
                tls.settimeout(5)
                got = b""
                try:
                    while chunk := tls.recv(65536):
                        got += chunk
                except (TimeoutError, ssl.SSLError, OSError):
                    pass
                return got

    # R81
    def test_framing_faults_end_the_connection(self):
        second = b"GET /v1/whoami HTTP/1.1\r\nHost: localhost\r\n\r\n"
        head = b"POST " + SIGN.encode() + b" HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
        for name, octets in {
            "CL and TE": head + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "two CL": head + b"Content-Length: 0\r\nContent-Length: 47\r\n\r\n",
            "TE :": head + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
            "two TE": head + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
            "other TE": head + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "two hosts": head + b"Host: evil\r\nContent-Length: 0\r\n\r\n",
            "no number": head + b"Content-Length: five\r\n\r\nhello",
            "negative": head + b"Content-Length: -1\r\n\r\n",
        }.items():
            with self.subTest(name):
                got = self.raw(octets + second)
                # The library's own 400 may come with its head twice; nothing else may come.
                said = set(re.findall(rb"HTTP/1.1 (\d+)", got))
                self.assertLessEqual(said, {b"400", b"413", b"501"}, got)
                self.assertNotIn(b"whoami", got)
        self.assertEqual(self.ca.ask("GET", "/v1/whoami").status, 200)
        self.assertEqual(self.count(), self.before)

    def test_ocsp_that_is_wrong(self):
        """P81, P83, P89: OCSP's own words, HTTP 200."""
        ca = self.ca
        kind = {"Content-Type": "application/ocsp-request"}
        for body in (b"", b"x", b"\x30\x00", b"\x30\x03\x02\x01\x00"):
            a = ca.ask_http("POST", "/ocsp", body, kind)
            self.assertEqual((a.status, a.body), (200, b"\x30\x03\x0a\x01\x01"), body)
        for path in ("/ocsp/", "/ocsp/!!!!", "/ocsp/AAAA"):
            a = ca.ask_http("GET", path)
            if a.status == 200:
                self.assertEqual(a.body, b"\x30\x03\x0a\x01\x01", path)
            else:
                self.assertIn(a.status, (400, 404))
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", ca.file("other.key"), "-out", ca.file("other.crt"), "-subj", "/CN=other")
        said = ca.ocsp("12" * 20, issuer=ca.file("other.crt"))
        self.assertIn("unauthorized", said)
        self.problem(ca.ask_http("POST", "/ocsp", b"x", {"Content-Type": "text/plain"}), 415, "media-type")


class NoCorsNoHost(FlowTest):
    def test_a_browser_page_from_elsewhere_cannot_use_the_admins_certificate(self):
        """S70: a request that a foreign page's script or form sent bears Origin; refused."""
        a = self.ca.ask("POST", SIGN, self.ca.csr("cors", "DNS:cors.internal"),
                        {**TEXT, "Origin": "https://evil.example"})
        self.problem(a, 403, "forbidden", "origin")

    def test_the_host_header_changes_no_url(self):
        """S68"""
        a = self.ca.ask("POST", SIGN, self.ca.csr("host", "DNS:host.internal"),
                        {**TEXT, "Host": "evil.example"})
        self.assertEqual(a.status, 201)
        self.assertNotIn("evil", str(a.headers) + a.body.decode())
        self.assertTrue(re.match(r"/v1/certificates/[0-9a-f]{40}$", a.headers["Location"]))
