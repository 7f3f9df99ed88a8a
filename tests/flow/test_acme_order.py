# SPDX-License-Identifier: Apache-2.0
"""Orders, authorizations, finalizing and the download of certificates (RFC 8555 7.1.3, 7.4, 7.5)."""
import base64
import contextlib
import datetime
import hashlib
import json
import os
import re
import signal
import sqlite3
import threading
import time

from acme_client import Client, Key, Responder, b64, make_csr
from acme_dns import Names
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hnp import SLOW, FlowTest, run

PROFILES = """
  - name: acme
    usages: [server auth, client auth]
    validity: {{ default: 10d, max: 30d }}
    keys: [ecdsa-p256, ed25519, rsa-2048]
    names: {{ dns: ["*.internal", "*.b.lab", "xn--bcher-kva.lab"], ip: ["127.0.0.0/8", "2001:db8::/32"], wildcards: true }}
    acme: {{ challenges: [http-01, dns-01, tls-alpn-01, dns-account-01, dns-persist-01], networks: ["127.0.0.0/8"], http_port: {http}, resolvers: ["127.0.0.1:{dns}"], profiles: [brief], subdomains: {subdomains}, caa: {caa}, authorization_lifetime: {life} }}
  - name: brief
    usages: [server auth]
    validity: {{ default: 2d, max: 3d }}
    names: {{ dns: ["*.internal"] }}
  - name: web
    usages: [server auth]
    validity: {{ default: 10d, max: 30d }}
    names: {{ dns: ["*.internal"], wildcards: true }}
    acme: {{ challenges: [http-01], networks: ["127.0.0.0/8"], http_port: {http}, resolvers: ["127.0.0.1:{dns}"] }}
"""


DNS = ["dns-01", "dns-account-01", "dns-persist-01"]  # what proves a wildcard


def at(seconds, text="%Y-%m-%dT%H:%M:%SZ"):
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return when.strftime(text)


def change(c, new):
    """The inner JWS of a key change."""
    inner = {"alg": new.alg, "jwk": new.jwk, "url": c.base + "/key-change"}
    return c.jws(inner, {"account": c.kid, "oldKey": c.key.jwk}, new)


def account_label(url):
    """draft-ietf-acme-dns-account-label 3.1"""
    return base64.b32encode(hashlib.sha256(url.encode()).digest()[:10]).decode().lower()


def certificates(pem):
    end = b"-----END CERTIFICATE-----\n"
    return [x509.load_pem_x509_certificate(one + end) for one in pem.split(end)[:-1]]


class OrderTest(FlowTest):
    running = False
    life = "7d"
    subdomains = "false"
    caa = "false"
    site = "caa_identities: [ca.example]"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.responder, cls.names = Responder(), Names()
        cls.addClassCleanup(cls.responder.close)
        cls.addClassCleanup(cls.names.close)
        cls.configure()
        cls.ca.start()

    @classmethod
    def configure(cls, change=lambda text: text):
        conf = cls.ca.dir / "hanaper.yaml"
        cls.plain = getattr(cls, "plain", None) or conf.read_text()
        profiles = PROFILES.format(http=cls.responder.port, dns=cls.names.port, life=cls.life, subdomains=cls.subdomains, caa=cls.caa)
        conf.write_text(change(cls.plain.replace("\nprofiles:\n", "\nprofiles:" + profiles, 1)
                               + f"\nacme: {{ {cls.site} }}\n"))

    def account(self, profile="acme", **more):
        c = Client(self.ca.api_port, self.ca.dir / "root.crt", profile, **more)
        self.addCleanup(c.close)
        self.assertEqual(c.register().status, 201)
        return c

    def refused(self, answer, status, kind, *words):
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (status, "application/problem+json"), answer)
        self.assertEqual(answer.type, kind, answer)
        self.assertEqual(answer.json["status"], status)
        for word in words:
            self.assertIn(word, answer.json["detail"])
        return answer

    def authorize(self, c, order, kind="http-01"):
        """Proves all that an order needs; the order, ready."""
        for url in order.json["authorizations"]:
            challenge, authz = c.challenge(url, kind)
            if authz["status"] == "valid":
                continue
            proof = c.key_authorization(challenge["token"])
            self.responder.tokens[challenge["token"]] = proof
            digest = b64(hashlib.sha256(proof.encode()).digest())
            label = f"_{account_label(c.kid)}." if kind == "dns-account-01" else ""
            self.names.txt.setdefault(f"{label}_acme-challenge." + authz["identifier"]["value"], []).append(digest)
            self.assertEqual(c.post(challenge["url"], {}).status, 200)
            got = c.poll(url)
            self.assertEqual(got.json["status"], "valid", got)
        got = c.post(order.headers["Location"])
        self.assertEqual(got.json["status"], "ready", got)
        self.same(order.json, got.json)
        return got

    def same(self, before, now):
        """Whatever becomes of an order, what it is about stays (A145) and it says how long it is kept (A142)."""
        for member in ("identifiers", "authorizations", "finalize"):
            self.assertEqual(now[member], before[member])
        self.assertRegex(now["expires"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")

    def ready(self, c, *names, kind="http-01", **more):
        order = c.order(*names, **more)
        self.assertEqual(order.status, 201, order)
        return order.headers["Location"], self.authorize(c, order, kind).json

    def issued(self, c, *names, kind="http-01", csr=None, **more):
        where, order = self.ready(c, *names, kind=kind, **more)
        got = c.post(order["finalize"], {"csr": b64(csr or make_csr(names))})
        self.assertEqual((got.status, got.json["status"]), (200, "valid"), got)
        self.assertEqual(got.headers["Location"], where)
        self.same(order, got.json)
        chain = c.post(got.json["certificate"])
        self.assertEqual(chain.status, 200, chain)
        return chain, got.json

    def openssl(self, pem, *what):
        path = self.ca.file("got.pem")
        path.write_bytes(pem)
        return run("openssl", "x509", "-in", path, "-noout", *what).stdout

    def count(self):
        return len(self.ca.ask_unix("GET", "/v1/certificates?limit=500&profile=acme").json["certificates"])


class NewOrder(OrderTest):
    # A133, A134
    def test_what_is_no_list_of_identifiers_is_malformed(self):
        c = self.account()
        new = c.base + "/new-order"
        for identifiers in ([], None, {}, "a.internal", [1], ["a.internal"], [{"type": "dns"}], [{"value": "a.internal"}],
                            [{"type": "dns", "value": 1}], [{"type": 1, "value": "a"}]):
            self.refused(c.post(new, {"identifiers": identifiers}), 400, "malformed")
        self.refused(c.post(new, {}), 400, "malformed")
        self.refused(c.post(new), 400, "malformed")
        for kind in ("email", "permanent-identifier", "DNS", ""):
            self.refused(c.post(new, {"identifiers": [{"type": kind, "value": "a.internal"}]}), 400, "unsupportedIdentifier")

    # A135, A136, A141, A142, A145, A14
    def test_an_order_shows_what_it_is_for_and_nothing_that_does_not_apply(self):
        c = self.account()
        a = c.order("A.internal", "b.Internal", "a.internal")
        self.assertEqual(a.status, 201, a)
        where, order = a.headers["Location"], a.json
        self.assertRegex(where, "^" + re.escape(c.base) + "/order/[A-Za-z0-9_-]{22}$")
        self.assertEqual(set(order), {"status", "expires", "identifiers", "authorizations", "finalize", "profile"})
        self.assertEqual(order["status"], "pending")
        self.assertEqual(order["identifiers"], [{"type": "dns", "value": "a.internal"}, {"type": "dns", "value": "b.internal"}])
        self.assertEqual(len(order["authorizations"]), 2)
        self.assertRegex(order["expires"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(order["profile"], "acme")
        again = c.post(where)
        self.assertEqual((again.status, again.json), (200, order))
        self.assertEqual(again.headers["Location"], where)
        self.assertEqual(again.headers["Cache-Control"], "no-store")
        self.assertEqual(again.links("index"), [c.base + "/directory"])

    # A143
    def test_members_that_say_nothing_are_ignored(self):
        c = self.account()
        for junk in ({"status": "", "expires": "0001-01-01T00:00:00Z", "authorizations": None, "finalize": "",
                      "certificate": "", "notBefore": "0001-01-01T00:00:00Z"},
                     {"notBefore": None, "notAfter": None, "error": None, "profile": None, "replaces": None},
                     {"profile": "", "replaces": "", "notAfter": "", "unknown": {"a": [1]}}):
            a = c.order("a.internal", **junk)
            self.assertEqual(a.status, 201, a)
            self.assertNotIn("notBefore", a.json)
            self.assertNotIn(b"null", a.body)

    # A136, A137, A138
    def test_what_is_no_name_is_malformed_each_told_by_itself(self):
        c = self.account()
        bad = ["a..internal", "a.internal.", "-a.internal", "a-.internal", "a b.internal", "a.internal:443", "", "127.0.0.1",
               "x" * 64 + ".internal", ".".join(["a" * 60] * 5), "b\u00fccher.lab", "xn--b\u00fc.lab", "xn--a.internal",
               "*", "*.*.internal", "a.*.internal", "*a.internal", "[::1]", "http://a.internal/"]
        for name in bad:
            a = c.post(c.base + "/new-order", {"identifiers": [{"type": "dns", "value": name}]})
            self.refused(a, 400, "malformed")
            self.assertEqual(a.json["subproblems"][0]["identifier"], {"type": "dns", "value": name})
        for text in ("256.1.1.1", "127.1", "::g", "a.internal", "127.0.0.1/8"):
            self.refused(c.post(c.base + "/new-order", {"identifiers": [{"type": "ip", "value": text}]}), 400, "malformed")
        a = c.order("a..internal", "b.internal", "*")
        self.assertEqual([s["identifier"]["value"] for s in a.json["subproblems"]], ["a..internal", "*"])
        self.assertNotIn("identifier", a.json)
        good = c.order("xn--bcher-kva.lab")
        self.assertEqual(good.status, 201, good)

    # A139, A80
    def test_names_that_the_profile_refuses_get_no_authorization(self):
        c = self.account()
        a = c.order("a.internal", "web.example", "10.0.0.1", "under_score.internal")
        self.refused(a, 400, "rejectedIdentifier")
        self.assertEqual([s["identifier"]["value"] for s in a.json["subproblems"]],
                         ["web.example", "10.0.0.1", "under_score.internal"])
        for sub in a.json["subproblems"]:
            self.assertEqual(sub["type"], "urn:ietf:params:acme:error:rejectedIdentifier")
        self.refused(c.order("*.internal"), 400, "malformed")
        web = self.account("web")
        a = web.order("a.internal", "*.b.internal")
        self.refused(a, 400, "rejectedIdentifier", "challenge")  # no challenge there proves a wildcard
        self.assertEqual([s["identifier"]["value"] for s in a.json["subproblems"]], ["*.b.internal"])
        self.assertEqual(web.post(web.kid + "/orders").json, {"orders": []})

    # A140
    def test_identifiers_are_counted(self):
        c = self.account()
        self.assertEqual(c.order(*[f"h{i}.internal" for i in range(100)]).status, 201)
        self.refused(c.order(*[f"h{i}.internal" for i in range(101)]), 400, "malformed", "100")
        self.refused(c.order(*[f"h{i}.internal" for i in range(1000)]), 400, "malformed", "100")
        self.assertEqual(c.order(*["a.internal"] * 200).status, 201)

    # A144, A231, A235
    def test_times_are_given_exactly_or_refused(self):
        c = self.account()
        for more in ({"notBefore": "1970-01-01T00:00:00Z"}, {"notBefore": "1970-01-01T00:00:00.9Z"}, {"notAfter": "1970-01-01T00:00:00Z"},
                     {"notBefore": "1969-12-31T23:59:59Z"}, {"notBefore": at(-2 * 86400)}, {"notAfter": at(-10)}, {"notAfter": at(31 * 86400)},
                     {"notBefore": at(100), "notAfter": at(50)}, {"notBefore": "yesterday"}, {"notAfter": "2026-13-01T00:00:00Z"},
                     {"notBefore": at(20 * 86400), "notAfter": at(40 * 86400)}, {"notAfter": at(60, "%Y-%m-%d %H:%M:%S")}):
            self.refused(c.order("a.internal", **more), 400, "malformed")
        for member in ("notBefore", "notAfter", "profile", "replaces"):
            for no_string in (0, 1893456000, 1.5, [], ["brief"], {}, True, False):
                self.refused(c.order("a.internal", **{member: no_string}), 400, "malformed", member, "string")
        a = c.order("a.internal", notBefore=at(-3600, "%Y-%m-%dT%H:%M:%S.123456+00:00"), notAfter=at(86400 + 7200, "%Y-%m-%dT%H:%M:%S+02:00"))
        self.assertEqual(a.status, 201, a)
        self.assertAlmostEqual(self.seconds(a.json["notBefore"]), time.time() - 3600, delta=5)
        self.assertAlmostEqual(self.seconds(a.json["notAfter"]), time.time() + 86400, delta=5)

    @staticmethod
    def seconds(text):
        return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").timestamp()

    # A235, A237
    def test_a_profile_is_one_of_the_directorys(self):
        c = self.account()
        for name in ("acme", "brief"):
            a = c.order("a.internal", profile=name)
            self.assertEqual((a.status, a.json["profile"]), (201, name), a)
        for name in ("web", "server", "nosuch", "hanaper-listener", "../acme"):
            self.refused(c.order("a.internal", profile=name), 400, "invalidProfile")
        self.refused(c.order("127.0.0.1", profile="brief"), 400, "rejectedIdentifier")
        self.assertEqual(set(c.get(c.base + "/directory").json["meta"]["profiles"]), {"acme", "brief"})

    # A149, A153, A170, A246
    def test_another_accounts_objects_are_refused_and_unknown_ones_not_found(self):
        mine, other = self.account(), self.account()
        a = mine.order("a.internal")
        authz = a.json["authorizations"][0]
        challenge = mine.post(authz).json["challenges"][0]["url"]
        for url in (a.headers["Location"], authz, challenge, mine.kid + "/orders"):
            self.refused(other.post(url), 403, "unauthorized")
        self.refused(other.post(a.json["finalize"], {"csr": "AA"}), 403, "unauthorized")
        self.refused(other.post(authz, {"status": "deactivated"}), 403, "unauthorized")
        for what in ("order", "authz", "challenge", "certificate"):
            for name in ("A" * 22, "A", "A" * 23, "%2e%2e"):
                self.refused(mine.post(f"{mine.base}/{what}/{name}"), 404, "malformed")

    # A151
    def test_the_list_of_orders_has_pages(self):
        c, other = self.account(), self.account()
        other.order("a.internal")
        made = [c.order(f"n{i}.internal").headers["Location"] for i in range(52)]
        lost = c.post(made[3]).json["authorizations"][0]
        c.post(lost, {"status": "deactivated"})
        first = c.post(c.kid + "/orders")
        self.assertEqual((first.status, len(first.json["orders"])), (200, 50), first)
        nexts = first.links("next")
        self.assertEqual(len(nexts), 1)
        second = c.post(nexts[0])
        self.assertEqual(second.links("next"), [])
        self.assertEqual(set(first.json["orders"] + second.json["orders"]), set(made) - {made[3]})
        self.refused(c.post(c.kid + "/orders?cursor=" + "A" * 22), 400, "malformed")
        self.refused(other.post(nexts[0]), 403, "unauthorized")

    # A22, A16
    def test_odd_text_in_a_name_goes_nowhere_but_into_the_answers_body(self):
        c = self.account()
        a = c.order("a\r\nX-Injected: 1.internal")
        self.refused(a, 400, "malformed")
        self.assertIsNone(a.headers["X-Injected"])
        self.assertNotIn("\n", a.json["detail"])


class Authorizations(OrderTest):
    # A154, A155, A156, A157, A238, A242
    def test_an_authorization_offers_what_can_prove_its_name(self):
        c = self.account()
        order = c.order("*.w.internal", "w.internal", "127.0.0.9", "2001:DB8:0::1").json
        self.assertEqual([i["value"] for i in order["identifiers"]], ["*.w.internal", "w.internal", "127.0.0.9", "2001:db8::1"])
        wild, plain, ip4, ip6 = [c.post(url).json for url in order["authorizations"]]
        kinds = [[x["type"] for x in z["challenges"]] for z in (wild, plain, ip4, ip6)]
        self.assertEqual(kinds, [DNS, ["http-01", "dns-01", "tls-alpn-01", *DNS[1:]],
                                 ["http-01", "tls-alpn-01"], ["http-01", "tls-alpn-01"]])
        self.assertEqual(wild["identifier"], {"type": "dns", "value": "w.internal"})
        self.assertIs(wild["wildcard"], True)
        self.assertNotIn("wildcard", plain)
        self.assertEqual(ip6["identifier"], {"type": "ip", "value": "2001:db8::1"})
        tokens = set()
        for z in (wild, plain, ip4, ip6):
            self.assertEqual(z["status"], "pending")
            self.assertIn("expires", z)
            for x in z["challenges"]:
                self.assertEqual(x["status"], "pending")
                self.assertRegex(x["token"], "^[A-Za-z0-9_-]{43}$")
                self.assertFalse({"error", "validated"} & set(x))
                tokens.add(x["token"])
        self.assertEqual(len(tokens), 12)
        persist = plain["challenges"][-1]
        self.assertEqual(persist["issuer-domain-names"], ["ca.example"])
        self.assertEqual(persist["accounturi"], c.kid)

    # A241: by two accounts at once, each at a label of its own
    def test_a_wildcard_is_proven_at_the_label_of_its_account(self):
        for c in (self.account(), self.account()):
            chain, _ = self.issued(c, "*.several.internal", kind="dns-account-01")
            self.assertIn("DNS:*.several.internal", self.openssl(chain.body, "-ext", "subjectAltName"))
        self.assertEqual(sorted(len(v) for name, v in self.names.txt.items() if name.endswith(".several.internal")), [1, 1])

    # A146, A147, A173
    def test_a_valid_one_is_used_again_by_its_account_alone(self):
        c, other = self.account(), self.account()
        _, order = self.ready(c, "r.internal")
        again = c.order("r.internal")
        self.assertEqual((again.status, again.json["status"]), (201, "ready"))
        self.assertEqual(again.json["authorizations"], order["authorizations"])
        more = c.order("r.internal", "r2.internal")
        self.assertEqual(more.json["status"], "pending")
        self.assertEqual(more.json["authorizations"][0], order["authorizations"][0])
        self.assertEqual(other.order("r.internal").json["status"], "pending")
        self.assertEqual(c.order("*.r.internal").json["status"], "pending", "a name does not prove the wildcard")

    # A147, A148: one that pends, too, while nothing was tried on it
    def test_a_pending_one_is_used_again_until_it_was_tried(self):
        c = self.account()
        first, second = c.order("p.internal").json, c.order("p.internal").json
        self.assertEqual(first["authorizations"], second["authorizations"])
        challenge, _ = c.challenge(first["authorizations"][0])
        c.post(challenge["url"], {})
        self.assertEqual(c.poll(first["authorizations"][0]).json["status"], "invalid")
        third = c.order("p.internal").json
        self.assertNotEqual(first["authorizations"], third["authorizations"])

    # A142, A145, A146, A163, A81
    def test_a_lost_one_ends_every_order_that_needs_it(self):
        c = self.account()
        orders = [c.order("l.internal"), c.order("l.internal", "l2.internal")]
        challenge, _ = c.challenge(orders[0].json["authorizations"][0])
        c.post(challenge["url"], {})
        self.assertEqual(c.poll(orders[0].json["authorizations"][0]).json["status"], "invalid")
        for order in orders:
            got = c.post(order.headers["Location"]).json
            self.assertEqual(got["status"], "invalid")
            self.same(order.json, got)
            self.assertEqual(got["error"]["status"] // 100, 4)
            self.assertTrue(got["error"]["type"].startswith("urn:ietf:params:acme:error:"))
            self.refused(c.post(order.json["finalize"], {"csr": b64(make_csr(["l.internal"]))}), 403, "orderNotReady")

    # A168, A169
    def test_deactivation(self):
        c = self.account()
        where, order = self.ready(c, "d.internal")
        url = order["authorizations"][0]
        self.refused(c.post(url, {"status": "valid"}), 400, "malformed")
        junk = {"status": "deactivated", "expires": "0001-01-01T00:00:00Z", "identifier": {"type": "", "value": ""}}
        for _ in range(2):
            a = c.post(url, junk)
            self.assertEqual((a.status, a.json["status"]), (200, "deactivated"), a)
        self.assertEqual(c.post(where).json["status"], "invalid")
        self.refused(c.post(order["finalize"], {"csr": b64(make_csr(["d.internal"]))}), 403, "orderNotReady")
        new = c.order("d.internal").json
        self.assertEqual(new["status"], "pending")
        self.assertNotIn(url, new["authorizations"])
        pending = new["authorizations"][0]
        self.assertEqual(c.post(pending, junk).json["status"], "deactivated")
        self.assertEqual(c.post(pending, {}).json["status"], "deactivated")

    # A110
    def test_an_accounts_end_is_the_end_of_its_open_orders(self):
        c = self.account()
        where, _ = self.ready(c, "e.internal")
        c.post(c.kid, {"status": "deactivated"})
        self.refused(c.post(where), 401, "unauthorized")
        rows = self.ca.database().execute("SELECT status FROM acme_order WHERE id = ?", [where.rsplit("/", 1)[1]]).fetchall()
        self.assertEqual(rows, [(5,)])

    # A172
    def test_pre_authorization(self):
        c = self.account()
        new = c.base + "/new-authz"
        a = c.post(new, {"identifier": {"type": "dns", "value": "pre.internal"}})
        self.assertEqual((a.status, a.json["status"]), (201, "pending"), a)
        self.assertEqual(c.post(a.headers["Location"]).json, a.json)
        order = c.order("pre.internal")
        self.assertEqual(order.json["authorizations"], [a.headers["Location"]])
        self.refused(c.post(new, {"identifier": {"type": "dns", "value": "*.pre.internal"}}), 400, "malformed")
        self.refused(c.post(new, {"identifier": {"type": "dns", "value": "web.example"}}), 403, "rejectedIdentifier")
        self.refused(c.post(new, {"identifier": {"type": "email", "value": "a@b"}}), 400, "unsupportedIdentifier")
        for payload in ({}, {"identifier": None}, {"identifier": []}):
            self.refused(c.post(new, payload), 400, "malformed")

    # A239: without the switch it is as if it were not said
    def test_an_ancestor_is_ignored_where_there_is_no_policy_for_it(self):
        c = self.account()
        a = c.post(c.base + "/new-order", {"identifiers": [{"type": "dns", "value": "x.y.internal", "ancestorDomain": "else.where"}]})
        self.assertEqual(a.status, 201, a)
        authz = c.post(a.json["authorizations"][0]).json
        self.assertEqual(authz["identifier"]["value"], "x.y.internal")
        self.assertNotIn("subdomainAuthAllowed", authz)
        self.assertNotIn("subdomainAuthAllowed", c.get(c.base + "/directory").json["meta"])


class Subdomains(OrderTest):
    subdomains = "true"
    caa = "true"

    def order(self, c, *pairs):
        return c.post(c.base + "/new-order", {"identifiers": [
            {"type": "dns", "value": name} | ({"ancestorDomain": above} if above else {}) for name, above in pairs]})

    # A239
    def test_a_domain_speaks_for_all_below_it(self):
        c = self.account()
        self.assertIs(c.get(c.base + "/directory").json["meta"]["subdomainAuthAllowed"], True)
        a = self.order(c, ("x.y.internal", "y.internal"), ("*.z.y.internal", "y.internal"))
        self.assertEqual((a.status, len(a.json["authorizations"])), (201, 1), a)
        authz = c.post(a.json["authorizations"][0]).json
        self.assertEqual(authz["identifier"], {"type": "dns", "value": "y.internal"})
        self.assertIs(authz["subdomainAuthAllowed"], True)
        self.assertNotIn("wildcard", authz)
        self.assertEqual([x["type"] for x in authz["challenges"]], DNS)
        self.authorize(c, a, "dns-01")
        again = c.order("any.y.internal", "*.w.y.internal", "y.internal")
        self.assertEqual((again.json["status"], again.json["authorizations"]), ("ready", a.json["authorizations"]), again)
        self.assertEqual(c.order("xy.internal").json["status"], "pending")
        chain, _ = self.issued(c, "any.y.internal", kind="dns-01")
        self.assertIn("DNS:any.y.internal", self.openssl(chain.body, "-ext", "subjectAltName"))

    # A239, A240
    def test_a_name_has_its_own_records_that_forbid_it(self):
        c = self.account()
        order = self.order(c, ("no.c.internal", "c.internal"), ("yes.c.internal", "c.internal"))
        ready = self.authorize(c, order, "dns-01").json
        csr = b64(make_csr(["no.c.internal", "yes.c.internal"]))
        self.names.caa["no.c.internal"] = [(0, "issue", "other.example")]
        self.refused(c.post(ready["finalize"], {"csr": csr}), 403, "caa")
        self.assertEqual(c.post(order.headers["Location"]).json["status"], "ready")
        self.names.caa["no.c.internal"] = [(0, "issue", "ca.example; validationmethods=dns-01")]
        self.assertEqual(c.post(ready["finalize"], {"csr": csr}).json["status"], "valid")

    # A239
    def test_what_is_no_ancestor_is_malformed(self):
        c = self.account()
        for above in ("else.internal", "ternal", "x.a.b.lab", "*.b.lab", ".", 1, "b..lab"):
            self.refused(self.order(c, ("a.b.lab", above)), 400, "malformed")

    # A172, A239
    def test_pre_authorization_for_all_below(self):
        c = self.account()
        a = c.post(c.base + "/new-authz", {"identifier": {"type": "dns", "value": "pre.internal", "subdomainAuthAllowed": True}})
        self.assertEqual((a.status, a.json["subdomainAuthAllowed"]), (201, True), a)
        # What pends for more offers less: the name alone may be proven by http-01, too.
        orders = [c.order("pre.internal").json["authorizations"] for _ in range(2)]
        self.assertEqual(orders[0], orders[1])
        authz = c.post(orders[0][0]).json
        self.assertNotIn("subdomainAuthAllowed", authz)
        self.assertEqual([x["type"] for x in authz["challenges"]], ["http-01", "dns-01", "tls-alpn-01", *DNS[1:]])
        again = self.order(c, ("www.pre.internal", "pre.internal"))
        self.assertEqual(again.json["authorizations"], [a.headers["Location"]], again)


class Housekeeping(OrderTest):
    def done(self, c, name):
        """The URLs of an order, its certificate, its authorization and the challenge that proved it."""
        where, order = self.ready(c, name)
        got = c.post(order["finalize"], {"csr": b64(make_csr([name]))}).json
        self.assertEqual(got["status"], "valid", got)
        authz = order["authorizations"][0]
        return where, got["certificate"], authz, c.challenge(authz)[0]["url"]

    # A246
    def test_what_ended_a_month_ago_is_cleared_away_and_nothing_that_ended_later(self):
        c = self.account()
        gone, kept = self.done(c, "gone.internal"), self.done(c, "kept.internal")
        late, vain = (c.order(name).headers["Location"] for name in ("late.internal", "vain.internal"))
        c.close()
        self.ca.stop()
        days = {"gone.internal": 31, "kept.internal": 29, "late.internal": 0.5 / 24, "vain.internal": 1.1 / 24}
        with contextlib.closing(sqlite3.connect(self.ca.dir / "hanaper.db")) as db, db:
            for name, n in days.items():
                then = int(time.time() - n * 86400)
                db.execute("UPDATE acme_order SET expires_at = ? WHERE num IN"
                           " (SELECT order_num FROM acme_order_name WHERE value = ?)", (then, name))
                db.execute("UPDATE acme_authz SET expires_at = ? WHERE value = ?", (then, name))
                db.execute("UPDATE acme_attempt SET at = ? WHERE value = ?", (then, name))
        self.ca.start()

        def rows():
            with contextlib.closing(self.ca.database()) as db:
                return ([db.execute(f"SELECT count(*) FROM {table} WHERE value = 'gone.internal'").fetchone()[0]
                         for table in ("acme_order_name", "acme_authz", "acme_attempt")]
                        + [*db.execute("SELECT status FROM acme_order WHERE id = ?", [late.rsplit("/", 1)[1]]).fetchone()])
        end = time.monotonic() + 20 * SLOW
        while rows() != [0, 0, 0, 5] and time.monotonic() < end:  # 5: invalid, though nobody asked
            time.sleep(0.2)
        self.assertEqual(rows(), [0, 0, 0, 5])
        for url in (*gone, vain):  # an order that proved nothing goes an hour after its end
            self.refused(c.post(url), 404, "malformed")
        for url in kept:
            self.assertEqual(c.post(url).status, 200, url)
        self.assertEqual([c.post(kept[0]).json["status"], c.post(kept[2]).json["status"]], ["valid", "expired"])
        self.assertEqual(len(self.ca.ask_unix("GET", "/v1/acme/attempts?name=kept.internal").json["attempts"]), 1)
        found = self.ca.ask_unix("GET", "/v1/certificates?dns=gone.internal").json["certificates"]
        self.assertEqual([x["status"] for x in found], ["valid"], "a certificate is no affair of its order's")


class Finalize(OrderTest):
    # A196, A200, A197, A199
    def test_only_what_fits_the_order_is_signed_and_else_it_stays_ready(self):
        c = self.account()
        pending = c.order("n1.internal").json
        self.refused(c.post(pending["finalize"], {"csr": b64(make_csr(["n1.internal"]))}), 403, "orderNotReady")
        where, order = self.ready(c, "f1.internal", "127.0.0.1")
        good = make_csr(["f1.internal", "127.0.0.1"])
        broken = good[:-5] + bytes([good[-5] ^ 1]) + good[-4:]
        pem = x509.load_der_x509_csr(good).public_bytes(serialization.Encoding.PEM)
        for csr in (make_csr(["f1.internal"]), make_csr(["f1.internal", "127.0.0.1", "x.internal"]), make_csr([]),
                    make_csr(["f1.internal", "127.0.0.1"], cn="x.internal"), make_csr(["*.internal", "127.0.0.1"]),
                    make_csr(["f1.internal", "127.0.0.2"]), make_csr(["f1.internal"], cn="127.0.0.2"),
                    broken, good[:40], good + b"\0", b"", pem):
            self.refused(c.post(order["finalize"], {"csr": b64(csr)}), 400, "badCSR")
            self.assertEqual(c.post(where).json["status"], "ready")
        for payload in ({}, {"csr": None}, {"csr": 1}, {"csr": b64(good) + "="}, {"csr": pem.decode()}):
            self.refused(c.post(order["finalize"], payload), 400, "malformed")
        got = c.post(order["finalize"], {"csr": b64(good)})
        self.assertEqual((got.status, got.json["status"]), (200, "valid"), got)
        self.assertNotIn("error", got.json)

    # A142, A145, A199, A204: names in upper case, in the CN alone, in both, an organisation as CN
    def test_what_real_clients_write_into_their_csrs(self):
        c = self.account()
        for csr in (make_csr(["C1.Internal"]), make_csr([], cn="c1.internal"), make_csr(["c1.internal"], cn="c1.internal"),
                    make_csr(["c1.internal"], cn="Example Ltd")):
            chain, _ = self.issued(c, "c1.internal", csr=csr)
            self.assertIn("DNS:c1.internal", self.openssl(chain.body, "-ext", "subjectAltName"))
        ip, _ = self.issued(c, "127.0.0.1", csr=make_csr(["127.0.0.1"], cn="127.0.0.1"))
        self.assertIn("IP Address:127.0.0.1", self.openssl(ip.body, "-ext", "subjectAltName"))
        both, _ = self.issued(c, "c1.internal", "c2.internal", csr=make_csr(["c2.internal"], cn="c1.internal"))
        self.assertIn("DNS:c1.internal, DNS:c2.internal", self.openssl(both.body, "-ext", "subjectAltName"))

    # A203
    def test_extensions_that_are_asked_for_are_not_taken_over(self):
        c = self.account()
        key = ec.generate_private_key(ec.SECP256R1())
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([
            x509.NameAttribute(NameOID.COMMON_NAME, "x.internal"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Somebody")]))
        for ext, critical in ((x509.SubjectAlternativeName([x509.DNSName("x.internal")]), False),
                              (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CODE_SIGNING]), False),
                              (x509.BasicConstraints(False, None), True), (x509.TLSFeature([x509.TLSFeatureType.status_request]), False),
                              (x509.KeyUsage(True, False, True, False, False, False, False, False, False), True)):
            builder = builder.add_extension(ext, critical)
        csr = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
        chain, _ = self.issued(c, "x.internal", csr=csr)
        text = self.openssl(chain.body, "-text")
        self.assertIn("TLS Web Server Authentication, TLS Web Client Authentication", text)
        self.assertNotIn("Code Signing", text)
        self.assertNotIn("Somebody", text)
        self.assertNotIn("CA:TRUE", text)

    # A201, A202, R19
    def test_keys_that_must_not_be_certified(self):
        c, other = self.account(), self.account(key=Key("RS256"))
        where, order = self.ready(c, "k.internal")
        weak = rsa.generate_private_key(65537, 1024)
        p384 = ec.generate_private_key(ec.SECP384R1())
        for key in (c.key.key, other.key.key, weak, p384):
            self.refused(c.post(order["finalize"], {"csr": b64(make_csr(["k.internal"], key))}), 400, "badCSR")
        self.assertEqual(c.post(where).json["status"], "ready")

    # A206, A208, A209, A196
    def test_the_certificate_has_exactly_the_orders_names_and_is_made_once(self):
        c = self.account()
        before = self.count()
        where, order = self.ready(c, "o1.internal", "127.0.0.1")
        clients = [Client(self.ca.api_port, self.ca.dir / "root.crt", "acme", key=c.key) for _ in range(8)]
        answers = []

        def finalize(client):
            client.kid = c.kid
            answers.append(client.post(order["finalize"], {"csr": b64(make_csr(["o1.internal", "127.0.0.1"]))}))
            client.close()

        threads = [threading.Thread(target=finalize, args=[client]) for client in clients]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        for a in answers:
            self.assertEqual(a.status, 200, a)
            self.assertIn(a.json["status"], ("valid", "processing"))
            if a.json["status"] == "processing":
                self.assertEqual(a.headers["Retry-After"], "1")
        got = c.post(order["finalize"], {"csr": b64(make_csr(["o1.internal", "127.0.0.1"]))})
        self.assertEqual((got.status, got.json["status"]), (200, "valid"))
        self.assertEqual(self.count(), before + 1)
        chain = c.post(got.json["certificate"]).body
        san = self.openssl(chain, "-ext", "subjectAltName").splitlines()[1].strip()
        self.assertEqual(san, "DNS:o1.internal, IP Address:127.0.0.1")
        leaf = self.ca.file("got.pem")
        run("openssl", "verify", "-CAfile", self.ca.dir / "root.crt", "-untrusted", self.ca.issuers_pem(), leaf)

    # A206, A208, A196: its row says "ready", but nobody is told so
    def test_while_it_is_signed_an_order_is_processing_for_everybody(self):
        c = self.account()
        other = Client(self.ca.api_port, self.ca.dir / "root.crt", "acme", key=c.key)
        self.addCleanup(other.close)
        other.kid = c.kid
        before = self.count()
        where, order = self.ready(c, "o2.internal")
        [signer] = [pid for name, pid in self.ca.role_pids().items() if name.startswith("hanaper-sig")]
        answers = []
        csr = {"csr": b64(make_csr(["o2.internal"]))}
        asking = threading.Thread(target=lambda: answers.append(c.post(order["finalize"], csr)))
        os.kill(signer, signal.SIGSTOP)
        try:
            asking.start()
            end = time.monotonic() + 5 * SLOW
            while other.post(where).json["status"] == "ready":
                self.assertLess(time.monotonic(), end)
            for a in (other.post(where), other.post(order["finalize"], csr)):
                self.assertEqual((a.status, a.json["status"], a.headers["Retry-After"]), (200, "processing", "1"), a)
            [seen] = self.ca.ask_unix("GET", "/v1/acme/orders?name=o2.internal&status=processing").json["orders"]
            self.assertEqual(seen["id"], where.rsplit("/", 1)[1])
        finally:
            os.kill(signer, signal.SIGCONT)
            asking.join()
        self.assertEqual((answers[0].status, answers[0].json["status"]), (200, "valid"), answers)
        self.assertEqual((other.post(where).json["status"], self.count()), ("valid", before + 1))

    # A132, A201: what the signer has not answered yet counts as well
    def test_a_key_that_is_being_certified_becomes_no_accounts(self):
        c, other = self.account(), self.account()
        looking, *fresh = [Client(self.ca.api_port, self.ca.dir / "root.crt", "acme", key=k) for k in (c.key, Key(), Key())]
        for one in (looking, *fresh):
            self.addCleanup(one.close)
        looking.kid = c.kid
        where, order = self.ready(c, "o3.internal")
        csrs = [make_csr(["o3.internal"], f.key.key) for f in fresh]
        [signer] = [pid for name, pid in self.ca.role_pids().items() if name.startswith("hanaper-sig")]
        answers = {}

        def by_rest():
            answers["rest"] = self.ca.ask_unix("POST", "/v1/certificates?profile=server", csrs[1], {"Content-Type": "application/pkcs10"})

        threads = [threading.Thread(target=lambda: answers.update(acme=c.post(order["finalize"], {"csr": b64(csrs[0])}))),
                   threading.Thread(target=by_rest)]
        os.kill(signer, signal.SIGSTOP)
        try:
            for t in threads:
                t.start()
            end = time.monotonic() + 5 * SLOW
            while looking.post(where).json["status"] == "ready":
                self.assertLess(time.monotonic(), end)
            self.ca.signer_asked(2)
            for f in fresh:
                changed = other.post(other.base + "/key-change", change(other, f.key))
                self.refused(changed, 400, "badPublicKey", "key of a certificate")
                self.refused(f.register(), 400, "badPublicKey", "key of a certificate")
        finally:
            os.kill(signer, signal.SIGCONT)
            for t in threads:
                t.join()
        self.assertEqual((answers["acme"].status, answers["acme"].json["status"]), (200, "valid"), answers)
        self.assertEqual(answers["rest"].status, 201, answers)
        for f in fresh:
            self.refused(f.register(), 400, "badPublicKey", "key of a certificate")

    # A144, A209: as lego's and acme.sh's options ask for it
    def test_validity_as_asked(self):
        c = self.account()
        now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        day = now.replace(hour=0, minute=0, second=0)
        stamp = "%b %e %H:%M:%S %Y GMT"
        begin, end = now - datetime.timedelta(minutes=30), day + datetime.timedelta(days=4)
        chain, order = self.issued(c, "v.internal", notBefore=begin.strftime("%Y-%m-%dT%H:%M:%SZ"), notAfter=end.strftime("%Y-%m-%dT%H:%M:%SZ"))
        text = self.openssl(chain.body, "-dates")
        self.assertEqual(text, f"notBefore={begin.strftime(stamp)}\nnotAfter={end.strftime(stamp)}\n")
        self.assertEqual(order["notAfter"], end.strftime("%Y-%m-%dT%H:%M:%SZ"))
        later = day + datetime.timedelta(days=2)
        chain, _ = self.issued(c, "v.internal", notAfter=later.strftime("%Y-%m-%dT%H:%M:%SZ"))
        self.assertIn(f"notAfter={later.strftime(stamp)}", self.openssl(chain.body, "-dates"))
        chain, _ = self.issued(c, "v.internal", profile="brief")
        self.ca.file("brief.pem").write_bytes(chain.body)
        ends = run("openssl", "x509", "-in", self.ca.file("brief.pem"), "-noout", "-checkend", 3 * 86400, check=False)
        self.assertEqual(ends.returncode, 1, "the other profile's two days")

    # A210, A211, A212, A213, A214, A215, A6
    def test_the_chain(self):
        c, other = self.account(), self.account()
        chain, order = self.issued(c, "ch.internal")
        self.assertEqual(chain.headers["Content-Type"], "application/pem-certificate-chain")
        block = r"-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/=]{1,64}\n-----END CERTIFICATE-----\n"
        self.assertRegex(chain.body.decode(), f"^(?:{block}){{2}}$")
        leaf, issuer = certificates(chain.body)
        self.assertEqual(leaf.issuer, issuer.subject)
        url = order["certificate"]
        self.assertEqual(chain.links("alternate"), [url + "/1"])
        whole = c.post(url + "/1")
        self.assertEqual(whole.links("alternate"), [url])
        self.assertEqual(whole.body, chain.body + (self.ca.dir / "root.crt").read_bytes())
        self.assertEqual(c.post(url).body, chain.body)
        root = certificates(whole.body)[2]
        self.assertTrue(root.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
        self.assertTrue(root.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value)
        jws = c.jws(c.protected(url, nonce=c.nonce()), None)
        der = c.http("POST", url, json.dumps(jws), {"Content-Type": "application/jose+json", "Accept": "application/pkix-cert"})
        self.assertEqual((der.status, der.body), (200, chain.body), "what is asked for otherwise is not there")
        self.refused(c.post(url + "/2"), 404, "malformed")
        self.refused(other.post(url), 403, "unauthorized")
        get = c.get(url)
        self.assertEqual((get.status, get.headers["Allow"]), (405, "POST"), get)
        pending = c.order("none.internal").headers["Location"]
        self.refused(c.post(pending.replace("/order/", "/certificate/")), 404, "malformed")

    # A236
    def test_a_profile_that_is_gone_signs_nothing(self):
        c = self.account()
        where, order = self.ready(c, "g.internal", profile="brief")
        self.configure(lambda text: text.replace("profiles: [brief], ", ""))
        self.assertEqual(self.ca.ask("POST", "/v1/reload").status, 200)
        try:
            self.refused(c.post(order["finalize"], {"csr": b64(make_csr(["g.internal"]))}), 400, "invalidProfile")
            self.assertEqual(c.post(where).json["status"], "ready")
        finally:
            self.configure()
            self.ca.ask("POST", "/v1/reload")
        self.assertEqual(c.post(order["finalize"], {"csr": b64(make_csr(["g.internal"]))}).json["status"], "valid")

    # A207, A244, A72
    def test_a_kill_in_the_middle_leaves_no_order_hanging(self):
        c = self.account()
        names = [f"kill{i}.internal" for i in range(12)]
        orders = [self.ready(c, name) for name in names]
        clients = []

        def finalize(name, order):
            client = Client(self.ca.api_port, self.ca.dir / "root.crt", "acme", key=c.key)
            client.kid = c.kid
            clients.append(client)
            try:
                client.post(order["finalize"], {"csr": b64(make_csr([name]))})
            except (OSError, ValueError, IndexError):
                pass

        threads = [threading.Thread(target=finalize, args=[name, order]) for name, (_, order) in zip(names, orders)]
        for t in threads:
            t.start()
        time.sleep(0.02)
        for pid in self.ca.role_pids().values():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.ca.wait_end()
        for t in threads:
            t.join()
        for client in clients:
            client.close()
        self.ca.start()
        c.close()
        c.nonces.clear()
        for name, (where, order) in zip(names, orders):
            got = c.post(where)
            self.assertIn(got.json["status"], ("ready", "valid"), got)
            got = c.post(order["finalize"], {"csr": b64(make_csr([name]))})
            self.assertEqual(got.json["status"], "valid", got)
            found = self.ca.ask_unix("GET", f"/v1/certificates?dns={name}").json["certificates"]
            self.assertEqual(len(found), 1, f"one certificate for one order: {name}")


class Expiry(OrderTest):
    life = "8s"
    site = "caa_identities: [ca.example], order_lifetime: 8s"

    # A150, A205
    def test_what_is_not_finished_in_time_is_invalid(self):
        c = self.account()
        late = c.order("late.internal")
        where, order = self.ready(c, "short.internal")
        for url in (where, order["authorizations"][0]):
            c.outlive(url)
        for url in (late.headers["Location"], where):
            got = c.post(url).json
            self.assertEqual(got["status"], "invalid")
            self.assertIn("error", got)
        self.refused(c.post(order["finalize"], {"csr": b64(make_csr(["short.internal"]))}), 403, "orderNotReady")
        self.assertEqual(c.post(order["authorizations"][0]).json["status"], "expired")
        self.assertEqual(c.post(c.kid + "/orders").json["orders"], [])


class Unfinished(OrderTest):
    site = "caa_identities: [ca.example], limits: { pending_orders: 5 }"

    # A152, A83
    def test_unfinished_orders_are_counted(self):
        c = self.account()
        for i in range(5):
            self.assertEqual(c.order(f"p{i}.internal").status, 201)
        a = self.refused(c.order("p6.internal"), 429, "rateLimited")
        self.assertRegex(a.headers["Retry-After"], r"^\d+$")
        self.refused(self.authorized(c, "p6.internal"), 429, "rateLimited")

    # A152, A172, A83: those that an order names are of the order
    def test_pending_authorizations_of_no_order_are_counted(self):
        c = self.account()
        for i in range(5):
            self.assertEqual(self.authorized(c, f"q{i}.internal").status, 201)
        a = self.refused(self.authorized(c, "q6.internal"), 429, "rateLimited", "authorizations")
        self.assertRegex(a.headers["Retry-After"], r"^\d+$")
        self.assertEqual(self.authorized(self.account(), "q6.internal").status, 201, "others are not held up")
        self.assertEqual(c.order("q0.internal").status, 201)
        self.assertEqual(self.authorized(c, "q6.internal").status, 201)
        self.refused(self.authorized(c, "q7.internal"), 429, "rateLimited")

    def authorized(self, c, name):
        return c.post(c.base + "/new-authz", {"identifier": {"type": "dns", "value": name}})
