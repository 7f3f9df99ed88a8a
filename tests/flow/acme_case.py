# SPDX-License-Identifier: Apache-2.0
"""A CA with ACME directories of several kinds, and a client that looks at each answer it gets.

What holds for every answer whatever was asked stands in Watched.look() and nowhere else.
"""
import json
import os
import re
import signal

import acme_client
import acme_dns
import hnp

PROFILES = """
  - name: acme
    usages: [server auth, client auth]
    validity: { default: 10d, max: 30d }
    names: { dns: ["*.internal"], ip: ["127.0.0.0/8"], wildcards: true }
    acme: { challenges: [http-01, dns-01, tls-alpn-01], networks: ["127.0.0.0/8"], http_port: %(port)d,
      resolvers: ["127.0.0.1:%(dns)d"], %(more)s }
  - name: second
    usages: [server auth]
    validity: { default: 10d, max: 30d }
    names: { dns: ["*.internal"] }
    acme: { challenges: [http-01], networks: ["127.0.0.0/8"], http_port: %(port)d, resolvers: ["127.0.0.1:%(dns)d"] }
  - name: bound
    usages: [server auth]
    validity: { default: 10d, max: 30d }
    names: { dns: ["*.internal"] }
    acme: { challenges: [http-01], networks: ["127.0.0.0/8"], http_port: %(port)d,
      resolvers: ["127.0.0.1:%(dns)d"], external_account: required }
"""

# RFC 8555 6.7, RFC 9773 7.4, draft-ietf-acme-profiles 6.
TYPES = """accountDoesNotExist alreadyRevoked badCSR badNonce badPublicKey badRevocationReason
badSignatureAlgorithm caa compound connection dns externalAccountRequired incorrectResponse invalidContact
malformed orderNotReady rateLimited rejectedIdentifier serverInternal tls unauthorized unsupportedContact
unsupportedIdentifier userActionRequired alreadyReplaced invalidProfile""".split()
STATUSES = {
    "malformed": (400, 404, 405, 406, 408, 409, 413, 414, 415, 431), "badNonce": (400,), "badCSR": (400,),
    "badSignatureAlgorithm": (400,), "badPublicKey": (400,), "accountDoesNotExist": (400,), "alreadyRevoked": (400,),
    "badRevocationReason": (400,), "invalidContact": (400,), "unsupportedContact": (400,),
    "unsupportedIdentifier": (400,), "rejectedIdentifier": (400, 403), "externalAccountRequired": (403,),
    "userActionRequired": (403,), "orderNotReady": (403,), "unauthorized": (401, 403), "caa": (403,),
    "rateLimited": (429,), "alreadyReplaced": (409,), "invalidProfile": (400,), "serverInternal": (500, 503),
}
LEAKS = re.compile(r"/tmp/|/home/|/usr/|/var/|hanaper\.db|SELECT |INSERT |UPDATE |sqlite|UNIQUE|\.c:\d|0x[0-9a-f]{6}",
                   re.I)


class Watched(acme_client.Client):
    """A client whose 'case' fails where an answer breaks a rule that holds for all."""

    case = None
    seen = None

    def http(self, method, url, body=None, headers=None):
        answer = super().http(method, url, body, headers)
        self.look(method, url, answer)
        return answer

    def look(self, method, url, a):
        t, headers = self.case, a.headers
        said = f"{method} {url}: {a!r} {headers.items()}"
        t.assertTrue(a.status == 204 or (headers["Content-Length"] or "").isdigit(), said)
        t.assertIsNone(headers["Access-Control-Allow-Origin"], said)
        t.assertIn(headers["Content-Type"], (None, "application/json", "application/problem+json",
                                             "application/pem-certificate-chain"), said)
        links = headers.get_all("Link") or []
        for link in links:
            t.assertRegex(link, r'^<https?://[^<>, ]+>;rel="[a-z-]+"$', said)
        if not (url.endswith("/directory") and a.status == 200):
            directory = re.match("https://[^/]+/acme/[^/]*", url)[0] + "/directory"
            t.assertEqual(a.links("index"), [directory], said)
        if headers["Retry-After"] is not None:
            t.assertRegex(headers["Retry-After"], r"^\d+$", said)
        if headers["Location"] is not None:
            t.assertTrue(headers["Location"].startswith(self.base + "/"), said)
        self.look_at_nonce(method, url, a, said)
        if a.body and headers["Content-Type"] != "application/pem-certificate-chain":
            self.look_at_json(a, said)
        if a.status >= 400 and method != "HEAD":
            self.look_at_problem(a, said)

    def look_at_nonce(self, method, url, a, said):
        t, nonce = self.case, a.headers["Replay-Nonce"]
        if method == "POST" or url.endswith("/new-nonce"):
            t.assertRegex(nonce or "", r"^[A-Za-z0-9_-]{22,}$", said)
            t.assertEqual(a.headers["Cache-Control"], "no-store", said)
        if nonce:
            self.seen = self.seen or set()
            t.assertNotIn(nonce, self.seen, said)
            self.seen.add(nonce)

    def look_at_json(self, a, said):
        t = self.case
        t.assertNotIn(b"\\/", a.body, said)

        def walk(v):
            if isinstance(v, dict):
                for member in v.values():
                    walk(member)
            elif isinstance(v, list):
                for member in v:
                    walk(member)
            else:
                t.assertIsNotNone(v, said)
            if isinstance(v, str) and re.match(r"\d{4}-\d\d-\d\dT", v):
                t.assertRegex(v, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", said)
        walk(a.json)

    def look_at_problem(self, a, said):
        t, p = self.case, a.json
        t.assertEqual(a.headers["Content-Type"], "application/problem+json", said)
        t.assertEqual(a.headers["Content-Language"], "en", said)
        t.assertEqual(p["status"], a.status, said)
        t.assertTrue(p["type"].startswith("urn:ietf:params:acme:error:"), said)
        t.assertIn(a.type, TYPES, said)
        t.assertIn(a.status, STATUSES[a.type], said)
        t.assertNotIn("identifier", p, said)
        t.assertRegex(p["detail"], r"^[^\x00-\x1f\x7f<>]+$", said)
        t.assertNotRegex(a.body.decode(), LEAKS, said)
        if a.status in (429, 503):
            t.assertRegex(a.headers["Retry-After"], r"^\d+$", said)


class AcmeTest(hnp.FlowTest):
    running = False
    site = "limits: { accounts_per_hour: 0, orders_per_hour: 0, failures_per_hour: 0 }"
    more = "subdomains: false"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.responder = acme_client.Responder()
        cls.addClassCleanup(cls.responder.close)
        cls.names = acme_dns.Names()
        cls.addClassCleanup(cls.names.close)
        profiles = PROFILES % {"port": cls.responder.port, "dns": cls.names.port, "more": cls.more}
        conf = cls.ca.dir / "hanaper.yaml"
        text = conf.read_text().replace("\nprofiles:\n", "\nprofiles:" + profiles, 1)
        conf.write_text(f"{text}\nacme: {{ {cls.site} }}\n")
        cls.ca.start()

    def client(self, profile="acme", key=None, alg="ES256", register=False, **more):
        c = Watched(self.ca.api_port, self.ca.dir / "root.crt", profile, alg, key)
        c.case = self
        self.addCleanup(c.close)
        if register:
            a = c.register(**more)
            self.assertEqual(a.status, 201, a)
        return c

    def refused(self, answer, status, kind, *words):
        self.assertEqual((answer.status, answer.type), (status, kind), answer)
        for word in words:
            self.assertIn(word, answer.json["detail"])

    def count(self, table, where="1"):
        db = self.ca.database()
        try:
            return db.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()[0]
        finally:
            db.close()

    def kill(self, role="hanaper-core"):
        """kill -9 of a role, which ends the daemon; and it is started again."""
        os.kill(self.ca.role_pids()[role], signal.SIGKILL)
        self.ca.wait_end()
        self.ca.start()

    def lives(self):
        """Nothing has ended or forgotten itself."""
        self.assertIsNone(self.ca.daemon.poll(), self.ca.said()[-2000:])
        self.assertEqual(self.client().get(self.client().base + "/directory").status, 200)


def text_of(v):
    return json.dumps(v, separators=(",", ":")).encode()
