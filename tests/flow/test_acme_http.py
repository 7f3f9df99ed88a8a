# SPDX-License-Identifier: Apache-2.0
"""ACME over HTTP: transport, methods, headers, media types, the directory (RFC 8555 6, 7.1, 7.2)."""
import http.client
import json
import socket
import ssl

from acme_case import AcmeTest, Watched, text_of
from acme_client import Answer, b64
from hnp import SLOW

SIGNED = "application/jose+json"


class Transport(AcmeTest):
    def raw(self, octets, tls=True):
        """What comes back to these octets, until the server closes or says no more."""
        s = socket.create_connection(("127.0.0.1", self.ca.api_port), timeout=10 * SLOW)
        try:
            if tls:
                s = self.client().tls.wrap_socket(s, server_hostname="127.0.0.1")
            s.sendall(octets)
            s.settimeout(2 * SLOW)
            got = b""
            while chunk := s.recv(65536):
                got += chunk
            return got
        except (TimeoutError, ConnectionResetError):
            return got
        finally:
            s.close()

    # A1
    def test_nothing_is_answered_in_the_clear(self):
        request = b"GET /acme/acme/directory HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        self.assertNotIn(b"newNonce", self.raw(request, tls=False))
        self.assertIn(b"newNonce", self.raw(request))
        a = self.ca.ask_http("GET", "/acme/acme/directory")
        self.assertEqual(a.status, 404, a)

    # A2
    def test_tls_is_modern_and_sessions_are_resumed(self):
        for least, most in (("TLSv1", "TLSv1_1"), ("TLSv1_2", "TLSv1_2"), ("TLSv1_3", "TLSv1_3")):
            tls = self.client().tls
            tls.minimum_version, tls.maximum_version = ssl.TLSVersion[least], ssl.TLSVersion[most]
            if least == "TLSv1":
                with self.assertRaises(OSError):
                    self.ca.resume(tls)
            else:
                session, *_ = self.ca.resume(tls)
                _, again, _ = self.ca.resume(tls, session)
                self.assertTrue(again, least)

    # A3, A248
    def test_neither_a_user_agent_nor_a_client_certificate_is_needed(self):
        c = self.client()
        got = self.raw(b"HEAD /acme/acme/new-nonce HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        self.assertTrue(got.startswith(b"HTTP/1.1 200"), got)
        url = c.base + "/new-account"
        body = text_of(c.jws(c.protected(url, True, nonce=c.nonce()), {}))
        got = self.raw(b"POST /acme/acme/new-account HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
                       b"Content-Type: application/jose+json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        self.assertTrue(got.startswith(b"HTTP/1.1 201"), got)

    # A15, A60: what the request says of the host is neither answered nor believed
    def test_a_foreign_host_changes_no_url(self):
        c = self.client()
        for host in ("evil.example", "127.0.0.1:1", "[::1]:443"):
            a = c.http("GET", c.base + "/directory", headers={"Host": host, "X-Forwarded-Host": "evil.example",
                                                              "Forwarded": "host=evil.example"})
            self.assertEqual(a.json["newOrder"], c.base + "/new-order")
        url = c.base + "/new-account"
        headers = {"Content-Type": SIGNED, "Host": "evil.example"}
        a = c.http("POST", url, text_of(c.jws(c.protected(url, True, nonce=c.nonce()), {})), headers)
        self.assertEqual(a.status, 201, a)
        self.assertTrue(a.headers["Location"].startswith(c.base + "/account/"))
        evil = url.replace(f"127.0.0.1:{self.ca.api_port}", "evil.example")
        a = c.http("POST", url, text_of(c.jws(c.protected(evil, True, nonce=c.nonce()), {})), headers)
        self.refused(a, 403, "unauthorized")

    # A16: what comes from a client is never in a header
    def test_no_line_break_gets_into_a_header(self):
        c = self.client(register=True)
        for text in ("x\r\nX-Evil: 1", "\n\nx", "%0d%0aX-Evil:%201"):
            answers = [c.post(c.base + "/new-account", {"contact": [f"mailto:{text}"]}, True),
                       c.post(c.base + "/new-order", {"identifiers": [{"type": "dns", "value": text}]}),
                       c.post(c.base + "/new-order", {"identifiers": [{"type": text, "value": "a.internal"}]}),
                       c.post(c.kid, {"contact": [text]}),
                       c.post(c.base + "/new-order", {"identifiers": [], "profile": text})]
            for a in answers:
                self.assertIsNone(a.headers["X-Evil"], a)
                self.assertNotIn("Evil", str(a.headers))
        got = self.raw(b"GET /acme/acme/order/%0d%0aX-Evil:1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        self.assertNotIn(b"Evil", got.split(b"\r\n\r\n")[0])

    # A23
    def test_connections_are_kept_and_lengths_told(self):
        c = self.client(register=True)
        sockets = set()
        for method, url in (("GET", "/directory"), ("HEAD", "/directory"), ("HEAD", "/new-nonce"),
                            ("GET", "/new-nonce"), ("GET", "/new-order"), ("GET", "/nothing")):
            a = c.get(c.base + url, method)
            sockets.add(c.connection.sock)
            if a.status != 204:
                self.assertTrue(a.headers["Content-Length"].isdigit(), a.headers)
        for payload in (None, {}, b"x"):
            c.post(c.kid, payload)
            sockets.add(c.connection.sock)
        self.assertEqual(len(sockets), 1)
        self.assertIsNotNone(sockets.pop())

    def refused_by_front(self, answer, status, directory="acme"):
        """A77, A26, A9, A78: it has no nonce, and all else that a refusal of ACME has."""
        self.assertEqual((answer.status, answer.headers["Content-Type"], answer.headers["Content-Language"]),
                         (status, "application/problem+json", "en"), answer.json)
        self.assertEqual((answer.json["type"], answer.json["status"]), ("urn:ietf:params:acme:error:malformed", status))
        self.assertLessEqual(set(answer.json), {"type", "detail", "status"})
        index = f'<https://127.0.0.1:{self.ca.api_port}/acme/{directory}/directory>;rel="index"'
        self.assertEqual(answer.headers.get_all("Link"), [index] if directory else None)
        self.assertEqual(answer.headers["Cache-Control"], "no-store")

    def sent(self, method, path, body=None, **headers):
        conn = http.client.HTTPSConnection("127.0.0.1", self.ca.api_port, timeout=30 * SLOW, context=self.client().tls)
        try:
            conn.request(method, path, body, headers)
            got = conn.getresponse()
            return Answer(got.status, got.headers, got.read())
        finally:
            conn.close()

    # A9, A21, A26, A77, A78
    def test_what_is_too_much_is_refused(self):
        c = self.client(register=True)
        url = c.base + "/new-order"
        for size, status in ((100 * 1024, 400), (129 * 1024, 413), (900 * 1024, 413)):
            answer = self.sent("POST", "/acme/acme/new-order", b"{" + b" " * size, **{"Content-Type": SIGNED})
            self.refused_by_front(answer, status)
        self.refused_by_front(self.sent("GET", "/acme/acme/order/" + "x" * 8300), 414)
        self.refused_by_front(self.sent("GET", "/acme/acme/directory", X="h" * 15800), 431)
        for odd in ("%22", "a>", "Acme", "a" * 33, ""):  # no directory is called so
            self.refused_by_front(self.sent("PUT", f"/acme/{odd}/new-order"), 405, None)
        self.assertEqual(self.ca.ask_http("GET", "/acme/acme/directory").json["type"], "urn:hanaper:problem:not-found")
        big = {"identifiers": [{"type": "dns", "value": "a.internal"}], "x": "y" * 60000}
        self.assertIn(c.post(url, big).status, (201, 404))  # as big as that is fine
        deep = b'{"x":' * 60 + b"1" + b"}" * 60
        self.refused(c.post(url, deep), 400, "malformed", "nested")
        twice = [b'{"identifiers":[],"identifiers":[{"type":"dns","value":"a.internal"}]}',
                 b'{"identifiers":[{"type":"dns","type":"ip","value":"a.internal"}]}']
        for payload in twice:
            self.refused(c.post(url, payload), 400, "malformed", "duplicate")
        body = text_of(c.jws(c.protected(url, nonce=c.nonce()), {})).decode()
        self.refused(c.send(url, body[:-1] + ',"payload":"e30"}'), 400, "malformed")
        header = json.dumps(c.protected(url, nonce=c.nonce()))
        jws = {"protected": b64((header[:-1] + f',"url":"{url}"}}').encode()), "payload": "", "signature": "AA"}
        self.refused(c.send(url, jws), 400, "malformed")
        self.lives()

    # A15, A60: front has not asked core, and reads the same configuration
    def test_a_refusal_links_to_where_urls_begin_after_a_reload(self):
        conf = self.ca.dir / "hanaper.yaml"
        whole = conf.read_text()
        here = f"https://127.0.0.1:{self.ca.api_port}"
        self.assertEqual(whole.count(f'"{here}"'), 1)
        for url in ("https://proxy.internal", here):
            conf.write_text(whole.replace(here, url))
            self.assertEqual(self.ca.ask_unix("POST", "/v1/reload").status, 200)
            answer = self.ca.ask_unix("PUT", "/acme/acme/new-order")
            self.assertEqual((answer.status, answer.headers["Link"]), (405, f'<{url}/acme/acme/directory>;rel="index"'))

    # A22
    def test_strings_are_utf_8_without_nul(self):
        c = self.client(register=True)
        for text in (b"a\x00", b"a\\u0000", b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\\ud800"):
            for payload in (b'{"contact":["mailto:%s@example.com"]}', b'{"%s":1}', b'{"contact":[],"x":"%s"}'):
                self.refused(c.post(c.kid, payload % text), 400, "malformed")
            for body in (b'{"protected":"%s","payload":"","signature":""}', b'{"x":"%s"}'):
                self.refused(c.send(c.kid, body % text), 400, "malformed")


class Resources(AcmeTest):
    # A7, A8, A11
    def test_a_post_is_of_one_media_type(self):
        c = self.client(register=True)
        for word in (SIGNED, "Application/JOSE+JSON", SIGNED + "; charset=utf-8", SIGNED + ";x", f" {SIGNED} "):
            a = c.send(c.kid, c.jws(c.protected(c.kid, nonce=c.nonce()), None), word)
            self.assertEqual(a.status, 200, a)
        for word in ("application/json", "application/jose", "text/plain", SIGNED + "x", "", "jose+json",
                     "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", f"x, {SIGNED}"):
            a = c.send(c.kid, c.jws(c.protected(c.kid, nonce=c.nonce()), None), word)
            self.refused(a, 415, "malformed", SIGNED)
        a = c.http("POST", c.kid, text_of(c.jws(c.protected(c.kid, nonce=c.nonce()), None)))
        self.refused(a, 415, "malformed")

    # A17, A12, A76
    def test_nonces_by_head_and_get(self):
        c = self.client()
        head = c.get(c.base + "/new-nonce", "HEAD")
        self.assertEqual((head.status, head.body), (200, b""))
        got = c.get(c.base + "/new-nonce", "GET")
        self.assertEqual((got.status, got.body), (204, b""))
        for a in (head, got):
            self.assertEqual(a.headers["Cache-Control"], "no-store")
            use = a.headers["Replay-Nonce"]
            self.assertEqual(c.post(c.base + "/new-account", {}, True, nonce=use).status // 100, 2)
            self.refused(c.post(c.base + "/new-account", {}, True, nonce=use), 400, "badNonce")

    # A19, A20, A29
    def test_the_directory_and_nonces_by_every_method_that_is_due(self):
        c = self.client(register=True)
        plain = c.get(c.base + "/directory")
        self.assertEqual(plain.status, 200)
        head = c.get(c.base + "/directory", "HEAD")
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertEqual(head.headers["Content-Length"], plain.headers["Content-Length"])
        for by_jwk in (False, True):
            a = c.post(c.base + "/directory", None, by_jwk)
            self.assertEqual((a.status, a.json), (200, plain.json))
            a = c.post(c.base + "/new-nonce", None, by_jwk)
            self.assertIn(a.status, (200, 204), a)
            self.assertEqual(len(a.headers.get_all("Replay-Nonce")), 1)
            self.refused(c.post(c.base + "/directory", {}, by_jwk), 400, "malformed")

    # A9, A18, A25, A26, A77
    def test_other_methods(self):
        c = self.client(register=True)
        paths = ("/new-account", "/new-order", "/new-authz", "/key-change", "/revoke-cert", "/account/x",
                 "/account/x/orders", "/order/x", "/order/x/finalize", "/authz/x", "/challenge/x", "/certificate/x")
        for path in paths:
            a = c.get(c.base + path)
            self.refused(a, 405, "malformed")
            self.assertEqual(a.headers["Allow"], "POST")
            self.assertEqual(c.get(c.base + path, "HEAD").status, 405)
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
            a = c.http(method, c.base + "/new-order")
            self.refused(a, 405, "malformed")
            self.assertIn("POST", a.headers["Allow"])

    # A24, A9
    def test_what_is_not_there(self):
        c = self.client(register=True)
        for path in ("/nothing", "/order", "/order/", "/order/x/y", "/order/x/finalize/", "/", "/Directory",
                     "/directory/", "/account//orders", "/new-nonce/x", "//directory"):
            self.refused(c.get(c.base + path), 404, "malformed")
            self.refused(c.post(c.base + path), 404, "malformed")
        for path in ("/acme/", "/acme", "/acme/client/directory", "/acme/none/directory", "/acme//directory",
                     "/acme/_server/directory", "/acme/acme%2fdirectory"):
            a = self.ca.ask("GET", path, cert=None)
            self.assertEqual((a.status, a.json["status"]), (404, 404), a)
            self.assertEqual(a.headers["Content-Type"], "application/problem+json")

    # A28, A33, A34, A13
    def test_the_directory_names_what_there_is(self):
        c = self.client()
        a = c.get(c.base + "/directory")
        d = a.json
        self.assertEqual(a.headers["Content-Type"], "application/json")
        self.assertNotEqual(a.headers["Cache-Control"], "no-store")
        meta = d.pop("meta")
        self.assertLessEqual({"newNonce", "newAccount", "newOrder", "revokeCert", "keyChange"}, set(d))
        self.assertLessEqual(set(d), {"newNonce", "newAccount", "newOrder", "newAuthz", "revokeCert", "keyChange",
                                      "renewalInfo"})
        for url in d.values():
            self.assertTrue(url.startswith(c.base + "/"), url)
        for name in ("newAccount", "newOrder", "newAuthz", "keyChange", "revokeCert"):
            if name in d:
                self.refused(c.post(d[name], None, by_jwk=True), 400, "malformed")
        self.assertNotIn("termsOfService", meta)
        self.assertNotIn("caaIdentities", meta)
        self.assertEqual(list(meta["profiles"]), ["acme"])
        self.assertIsInstance(meta["profiles"]["acme"], str)
        self.ca.stop()
        self.ca.start()
        d2 = c.get(c.base + "/directory").json
        self.assertEqual(d2, d | {"meta": meta})

    # A32
    def test_the_directory_tells_who_needs_an_external_account(self):
        self.assertIs(self.client("bound").get(self.client("bound").base + "/directory")
                      .json["meta"]["externalAccountRequired"], True)
        self.assertNotIn("externalAccountRequired",
                         self.client().get(self.client().base + "/directory").json["meta"])

    # A35, A61
    def test_directories_share_no_account(self):
        a, b = self.client(), self.client("second")
        b.key = a.key
        self.assertEqual(a.register().status, 201)
        self.refused(b.post(b.base + "/new-account", {"onlyReturnExisting": True}, True), 400, "accountDoesNotExist")
        b.kid = a.kid
        self.refused(b.post(b.base + "/new-order", {}), 400, "accountDoesNotExist")
        self.refused(b.post(a.kid.replace("/acme/acme/", "/acme/second/")), 400, "accountDoesNotExist")
        b.kid = a.kid.replace("/acme/acme/", "/acme/second/")
        self.refused(b.post(b.base + "/new-order", {}), 400, "accountDoesNotExist")
        self.assertEqual(b.register().status, 201)
        self.assertNotEqual(a.kid, b.kid)

    # A4, A26, A27, A6: looked at with each answer (acme_case.Watched)
    def test_every_kind_of_answer_is_looked_at(self):
        c = self.client(register=True, contact=["mailto:a@example.com"])
        self.assertEqual(c.get(c.base + "/directory").headers["Content-Type"], "application/json")
        self.assertEqual(c.post(c.kid).headers["Content-Type"], "application/json")
        self.assertEqual(c.get(c.base + "/new-order").headers["Content-Language"], "en")
        self.assertIsInstance(c, Watched)


class Terms(AcmeTest):
    site = ('terms_of_service: "https://ca.internal/terms", website: "https://ca.internal/", '
            'caa_identities: [ca.internal]')

    # A30, A31
    def test_meta_tells_what_is_configured(self):
        meta = self.client().get(self.client().base + "/directory").json["meta"]
        self.assertEqual(meta["termsOfService"], "https://ca.internal/terms")
        self.assertEqual(meta["website"], "https://ca.internal/")
        self.assertEqual(meta["caaIdentities"], ["ca.internal"])

    # A94, A93, A116
    def test_terms_are_agreed_to(self):
        c = self.client()
        for payload in ({}, {"termsOfServiceAgreed": False}, {"termsOfServiceAgreed": "true"},
                        {"termsOfServiceAgreed": 1}, {"termsOfServiceAgreed": None}):
            self.refused(c.post(c.base + "/new-account", payload, True), 403, "userActionRequired",
                         "https://ca.internal/terms")
        self.refused(c.post(c.base + "/new-account", {"onlyReturnExisting": True}, True), 400, "accountDoesNotExist")
        a = c.register()
        self.assertEqual(a.status, 201, a)
        self.assertIs(a.json["termsOfServiceAgreed"], True)
        self.assertEqual(a.links("terms-of-service"), ["https://ca.internal/terms"])
        a = c.post(c.base + "/new-account", {"onlyReturnExisting": True}, True)
        self.assertEqual((a.status, a.headers["Location"]), (200, c.kid), a)
        self.assertEqual(c.post(c.base + "/new-account", {}, True).status, 200)
        a = c.post(c.kid, {"termsOfServiceAgreed": True})
        self.assertEqual((a.status, a.json["termsOfServiceAgreed"]), (200, True))

    # A88
    def test_a_detail_is_plain_text_whatever_was_sent(self):
        c = self.client(register=True)
        for text in ("<script>alert(1)</script>", "a\nb", "\x1b[31m", "\u2028", "\x7f", "a" * 2000):
            for payload in ({"identifiers": [{"type": "dns", "value": text}]},
                            {"identifiers": [{"type": text, "value": "a.internal"}]},
                            {"identifiers": [{"type": "dns", "value": "a.internal"}], "profile": text}):
                a = c.post(c.base + "/new-order", payload)
                self.assertGreaterEqual(a.status, 400)
            self.assertEqual(c.post(c.kid, {"contact": ["mailto:" + text]}).status, 400)
            url = c.base + "/new-order"
            self.assertEqual(c.send(url, c.jws(c.protected(text, nonce=c.nonce()), {})).status, 403)
            self.assertEqual(c.post(c.base + "/new-order", {}, alg=text).status, 400)
