# SPDX-License-Identifier: Apache-2.0
"""What administrators do about ACME: keys for external accounts, accounts, orders, why and test."""
import contextlib
import http.server
import json
import re
import shlex
import shutil
import sqlite3
import time

from acme_client import Client, Responder, unb64
from hnp import BUILD, FlowTest, run

PROFILES = """
  - name: bound
    usages: [server auth]
    names: { dns: ["*.lab.internal", "localhost"], ip: ["127.0.0.0/8"] }
    acme:
      { challenges: [http-01], networks: ["127.0.0.0/8"], http_port: %d, external_account: required }
  - name: free
    usages: [server auth]
    names: { dns: ["*.lab.internal", "localhost"], ip: ["127.0.0.0/8"] }
    acme: { challenges: [http-01], networks: ["127.0.0.0/8"], http_port: %d }
"""


class AdminTest(FlowTest):
    running = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.responder = Responder()
        cls.addClassCleanup(cls.responder.close)
        conf = cls.ca.dir / "hanaper.yaml"
        conf.write_text(conf.read_text().replace(
            "\nprofiles:\n", "\nprofiles:" + PROFILES % (cls.responder.port, cls.responder.port), 1))
        cls.ca.start()

    def client(self, profile="bound", key=None):
        return Client(self.ca.api_port, self.ca.dir / "root.crt", profile, key=key)

    def make(self, **members):
        a = self.ca.ask_unix("POST", "/v1/acme/eab", {"directory": "bound"} | members)
        self.assertEqual(a.status, 201, a)
        return a.json

    def bind(self, made, **payload):
        """An account by this key: the client and the answer."""
        c = self.client(made["directory"])
        return c, c.register(externalAccountBinding=c.binding(made["kid"], made["hmac_key"]), **payload)

    def bound(self, made):
        c, a = self.bind(made)
        self.assertEqual(a.status, 201, a)
        return c

    def eab(self, kid):
        return next(k for k in self.ca.ask_unix("GET", "/v1/acme/eab?limit=1000").json["keys"] if k["kid"] == kid)

    def cli(self, *args, status=0):
        done = run(BUILD / "hanaper", "acme", *args, "--dir", self.ca.dir, check=False)
        self.assertEqual(done.returncode, status, (args, done.stdout, done.stderr))
        return done.stdout if status == 0 else done.stderr


class Eab(AdminTest):
    # A121, A122
    def test_a_key_is_made_shown_once_and_not_kept(self):
        made = self.make(names=["*.Lab.internal", "127.0.0.1"], accounts_max=3, certificates_max=50, expires="2d",
                         ends="30d")
        self.assertRegex(made["kid"], r"^[0-9a-z][0-9a-z-]{1,31}$")
        self.assertEqual(len(unb64(made["hmac_key"])), 32)
        self.assertLessEqual(len(made["hmac_key"]), 64)
        self.assertEqual((made["status"], made["names"], made["accounts"], made["accounts_max"], made["certificates"],
                          made["certificates_max"]),
                         ("open", ["dns:*.lab.internal", "ip:127.0.0.1"], 0, 3, 0, 50))
        self.assertIn("ends_at", made)
        self.assertEqual(made["directory_url"],
                         f"https://127.0.0.1:{self.ca.api_port}/acme/bound/directory")
        listed = self.eab(made["kid"])
        self.assertNotIn("hmac_key", listed)
        self.assertEqual(listed["created_by"], "uid:0")
        for path in [*self.ca.dir.rglob("*"), self.ca.log]:
            if path.is_file():
                octets = path.read_bytes()
                self.assertNotIn(made["hmac_key"].encode(), octets, path)
                self.assertNotIn(unb64(made["hmac_key"]), octets, path)
        self.assertNotEqual(self.make()["hmac_key"], made["hmac_key"])
        self.assertRegex(self.ca.said(), rf"eab-made .*dns:\*\.lab\.internal.*{made['kid']}")

    def test_no_key_reads_as_an_option_of_the_client_that_it_is_given_to(self):
        # certbot --eab-hmac-key -abc: "expected one argument"; one of 64 would begin so.
        keys = [self.make()["hmac_key"] for _ in range(256)]
        self.assertEqual([k for k in keys if k.startswith("-")], [])

    def test_a_key_that_would_be_in_vain_is_refused_by_rule(self):
        a = self.ca.ask_unix("POST", "/v1/acme/eab", {
            "directory": "bound", "names": ["*.elsewhere"], "accounts_max": 0, "certificates_max": -1, "expires": "2y"})
        p = self.problem(a, 422, "policy")
        self.assertEqual({v["rule"] for v in p["violations"]},
                         {"eab.names", "eab.accounts", "eab.certificates", "eab.expires"})
        for body in ({"directory": "client"}, {"directory": "nobody"}, {"directory": "hanaper-listener"}):
            p = self.problem(self.ca.ask_unix("POST", "/v1/acme/eab", body), 422, "policy")
            self.assertEqual(p["violations"][0]["rule"], "eab.directory")
        for body in ({}, {"directory": 1}, {"directory": "bound", "names": "x"}, {"directory": "bound", "names": ["a b"]}, {"directory": "bound", "names": []},
                     {"directory": "bound", "expires": "soon"}, {"directory": "bound", "other": 1}):
            self.problem(self.ca.ask_unix("POST", "/v1/acme/eab", body), 400, "malformed")

    def test_only_an_administrator_sees_and_makes_keys(self):
        self.ca.issue("reader", "DNS:reader.internal", profile="client")
        who = {"cert": self.ca.file("reader.crt"), "key": self.ca.file("reader.key")}
        for method, path, body in (("GET", "/v1/acme/eab", None), ("POST", "/v1/acme/eab", {"directory": "bound"}),
                                   ("DELETE", "/v1/acme/eab/x", None), ("GET", "/v1/acme/attempts", None),
                                   ("POST", "/v1/acme/test", {"profile": "free", "name": "localhost"}),
                                   ("POST", "/v1/acme/accounts/x/revoke", {})):
            self.problem(self.ca.ask(method, path, body, **who), 403, "forbidden")
            self.problem(self.ca.ask(method, path, body, cert=None), 401, "unauthenticated")

    # A117, A122
    def test_a_key_binds_as_many_accounts_as_it_says(self):
        self.assertEqual(self.client().register().type, "externalAccountRequired")
        made = self.make(accounts_max=2)
        first, second = self.bound(made), self.bound(made)
        _, a = self.bind(made)
        self.assertEqual((a.status, a.type), (403, "unauthorized"), a)
        self.assertEqual((self.eab(made["kid"])["status"], self.eab(made["kid"])["accounts"]), ("bound", 2))
        listed = self.ca.ask_unix("GET", f"/v1/acme/accounts?eab={made['kid']}").json["accounts"]
        self.assertEqual([x["url"] for x in listed], [second.kid, first.kid])
        self.assertEqual({x["eab"] for x in listed}, {made["kid"]})
        events = self.ca.ask_unix("GET", "/v1/audit?event=eab-used").json["events"]
        self.assertEqual(sum(made["kid"] in e["object"] for e in events), 2)

    # A112, A122
    def test_a_key_that_is_revoked_takes_its_accounts_with_it(self):
        made = self.make(accounts_max=30)
        clients = [self.bound(made) for _ in range(20)]
        a = self.ca.ask_unix("DELETE", f"/v1/acme/eab/{made['kid']}")
        self.assertEqual((a.status, a.json["status"], a.json["accounts_ended"]), (200, "revoked", 20), a)
        for c in clients:
            gone = c.post(c.kid)
            self.assertEqual((gone.status, gone.type), (401, "unauthorized"), gone)
        self.assertEqual(self.bind(made)[1].status, 403)
        again = self.ca.ask_unix("DELETE", f"/v1/acme/eab/{made['kid']}")
        self.assertEqual((again.status, again.json["accounts_ended"], again.json["revoked_at"]),
                         (200, 0, a.json["revoked_at"]))
        self.problem(self.ca.ask_unix("DELETE", "/v1/acme/eab/eab-nobody"), 404, "not-found")
        self.problem(self.ca.ask_unix("DELETE", f"/v1/acme/eab/{made['kid']}?accounts=some"), 400, "malformed")
        listed = self.ca.ask_unix("GET", f"/v1/acme/accounts?eab={made['kid']}&status=revoked").json["accounts"]
        self.assertEqual(len(listed), 20)

    def test_a_key_can_be_revoked_without_its_accounts(self):
        made = self.make(accounts_max=5)
        c = self.bound(made)
        a = self.ca.ask_unix("DELETE", f"/v1/acme/eab/{made['kid']}?accounts=keep")
        self.assertEqual((a.status, a.json["status"], a.json["accounts_ended"]), (200, "expired", 0), a)
        self.assertEqual(self.bind(made)[1].status, 403)
        self.assertEqual(c.post(c.kid).status, 200)
        a = self.ca.ask_unix("DELETE", f"/v1/acme/eab/{made['kid']}")
        self.assertEqual((a.json["status"], a.json["accounts_ended"]), ("revoked", 1))
        self.assertEqual(c.post(c.kid).status, 401)

    def test_keys_are_listed_by_pages(self):
        made = [self.make()["kid"] for _ in range(60)]  # more than are read in one round
        seen, cursor = [], ""
        while True:
            page = self.ca.ask_unix("GET", "/v1/acme/eab?limit=2" + cursor).json
            seen += [k["kid"] for k in page["keys"]]
            if "next_cursor" not in page:
                break
            cursor = "&cursor=" + page["next_cursor"]
        self.assertEqual(seen[:60], made[::-1])
        self.assertEqual(len(seen), len(set(seen)))
        for limit in (1, 24, 25, 26, 49, 50, 51, len(seen) - 1, len(seen), len(seen) + 1):
            page = self.ca.ask_unix("GET", f"/v1/acme/eab?limit={limit}").json
            self.assertEqual([k["kid"] for k in page["keys"]], seen[:limit])
            self.assertEqual("next_cursor" in page, limit < len(seen), limit)
        for query in ("limit=0", "limit=1001", "cursor=x", "other=1", "limit=1&limit=2"):
            self.problem(self.ca.ask_unix("GET", "/v1/acme/eab?" + query), 400, "malformed")

    # A67: a key outlives a restart, for it is made of the kid
    def test_a_key_works_after_a_restart(self):
        made = self.make()
        self.ca.stop()
        self.ca.start()
        self.bound(made)


class Accounts(AdminTest):
    # A112
    def test_an_administrator_ends_an_account(self):
        c = self.client("free")
        self.assertEqual(c.register(contact=["mailto:a@lab.internal"]).status, 201)
        me = next(a for a in self.ca.ask_unix("GET", "/v1/acme/accounts?directory=free").json["accounts"]
                  if a["url"] == c.kid)
        self.assertEqual((me["status"], me["contact"], me["created_from"]), ("valid", ["mailto:a@lab.internal"], "127.0.0.1"))
        for _ in range(2):
            a = self.ca.ask_unix("POST", f"/v1/acme/accounts/{me['id']}/revoke", {})
            self.assertEqual((a.status, a.json["status"], a.json["ended_by"]), (200, "revoked", "uid:0"), a)
        gone = c.post(c.kid)
        self.assertEqual((gone.status, gone.type), (401, "unauthorized"))
        self.assertEqual(c.register().status, 401)
        self.problem(self.ca.ask_unix("POST", "/v1/acme/accounts/nobody/revoke", {}), 404, "not-found")
        events = self.ca.ask_unix("GET", "/v1/audit?event=account-ended").json["events"]
        self.assertTrue(any(me["id"] in e["object"] and e["identity"] == "uid:0" for e in events))

    def test_an_account_that_its_owner_ended_is_not_ended_again(self):
        c = self.client("free")
        self.assertEqual(c.register().status, 201)
        self.assertEqual(c.post(c.kid, {"status": "deactivated"}).status, 200)
        self.problem(self.ca.ask_unix("POST", f"/v1/acme/accounts/{c.kid.rsplit('/', 1)[1]}/revoke", {}), 409, "conflict",
                     "deactivated")

    def test_accounts_are_listed_by_filter(self):
        for query in ("status=pending", "status=nobody", "other=1"):
            self.problem(self.ca.ask_unix("GET", "/v1/acme/accounts?" + query), 400, "malformed")
        self.problem(self.ca.ask_unix("GET", "/v1/acme/accounts?eab=nobody"), 404, "not-found")
        self.assertEqual(self.ca.ask_unix("GET", "/v1/acme/accounts?directory=nobody").json, {"accounts": []})


class Orders(AdminTest):
    # A83, A86, A122
    def test_what_a_bound_account_may_order(self):
        made = self.make(names=["localhost"], certificates_max=1)
        c = self.bound(made)
        refused = c.order("web.lab.internal")
        self.assertEqual((refused.status, refused.type), (400, "rejectedIdentifier"), refused)
        c.certificate("localhost", responder=self.responder)
        self.assertEqual((self.eab(made["kid"])["status"], self.eab(made["kid"])["certificates"]), ("spent", 1))
        for path, payload in (("/new-order", {"identifiers": [{"type": "dns", "value": "localhost"}]}),
                              ("/new-authz", {"identifier": {"type": "dns", "value": "localhost"}})):
            over = c.post(c.base + path, payload)
            self.assertEqual((over.status, over.type, over.headers["Retry-After"]), (429, "rateLimited", "86400"), over)

    def test_orders_tell_what_became_of_them(self):
        c = self.client("free")
        self.assertEqual(c.register().status, 201)
        c.certificate("localhost", responder=self.responder)
        me = c.kid.rsplit("/", 1)[1]
        [order] = self.ca.ask_unix("GET", f"/v1/acme/orders?account={me}").json["orders"]
        self.assertEqual((order["status"], order["account"], order["profile"], order["names"]),
                         ("valid", me, "free", [{"type": "dns", "value": "localhost"}]))
        cert = self.ca.ask_unix("GET", "/v1/certificates/" + order["serial"]).json
        self.assertEqual(cert["requester"], "acme:" + me)
        self.assertEqual(self.ca.ask_unix("GET", f"/v1/acme/orders?account={me}&status=pending").json, {"orders": []})
        self.assertIn(order, self.ca.ask_unix("GET", "/v1/acme/orders?name=LOCALHOST&status=valid").json["orders"])
        self.problem(self.ca.ask_unix("GET", "/v1/acme/orders?account=nobody"), 404, "not-found")
        self.problem(self.ca.ask_unix("GET", "/v1/acme/orders?status=revoked"), 400, "malformed")
        shown = self.cli("orders", "localhost", "--account", me)
        self.assertIn(order["serial"], shown)

    # A247
    def test_each_event_is_in_the_audit_with_its_request(self):
        made = self.make(names=["localhost"])
        c = self.bound(made)
        c.certificate("localhost", responder=self.responder)
        self.assertEqual(c.order("web.lab.internal").status, 400)
        self.assertEqual(c.post(c.kid, {"status": "deactivated"}).status, 200)
        me = c.kid.rsplit("/", 1)[1]
        events = self.ca.ask_unix("GET", "/v1/audit?limit=1000").json["events"]
        for event, member, said in (("eab-made", "object", made["kid"]), ("eab-used", "object", made["kid"]),
                                    ("account-made", "object", me), ("issued", "identity", "acme:" + me),
                                    ("refused", "identity", "acme:" + me), ("account-ended", "object", me)):
            found = [e for e in events if e["event"] == event and said in e.get(member, "")]
            self.assertTrue(found, (event, [e for e in events if e["event"] == event][:3]))
            self.assertRegex(found[0]["request_id"], "^[0-9a-f]{16}$", event)

    # A180: the client is not told what came back; the administrator is
    def test_why_tells_what_came_back(self):
        secret = "<html>welcome to the intranet</html>"

        class Wrong(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(len(secret)))
                self.end_headers()
                self.wfile.write(secret.encode())

            def log_message(self, *_):
                pass

        self.responder.server.RequestHandlerClass, right = Wrong, self.responder.server.RequestHandlerClass
        try:
            c = self.client("free")
            self.assertEqual(c.register().status, 201)
            order = c.order("127.0.0.1")
            self.assertEqual(order.status, 201, order)
            [url] = order.json["authorizations"]
            challenge, _ = c.challenge(url)
            c.post(challenge["url"], {})
            authz = c.poll(url)
            self.assertEqual(authz.json["status"], "invalid", authz)
        finally:
            self.responder.server.RequestHandlerClass = right
        self.assertNotIn("intranet", json.dumps(authz.json))
        attempts = self.ca.ask_unix("GET", "/v1/acme/attempts?name=127.0.0.1").json["attempts"]
        last = attempts[0]
        self.assertEqual((last["type"], last["name"], last["challenge"], last["account"]),
                         ("ip", "127.0.0.1", "http-01", c.kid.rsplit("/", 1)[1]))
        self.assertNotEqual(last["result"], "valid")
        self.assertIn("intranet", last["seen"])
        self.assertTrue(all({"at", "what"} <= line.keys() for line in last["transcript"]) and last["transcript"])
        shown = self.cli("why", "127.0.0.1")
        for word in ("intranet", "invalid", last["detail"], last["request_id"], "request", "status 200"):
            self.assertIn(word, shown)
        both = json.loads(self.cli("why", "127.0.0.1", "--json"))
        self.assertEqual((both["attempts"][0], both["orders"][0]["status"]), (last, "invalid"))
        self.assertEqual(json.loads(self.cli("why", "nothing.lab.internal", "--json")), {"orders": [], "attempts": []})


class Test(AdminTest):
    def test_a_test_goes_the_whole_way(self):
        body = {"profile": "free", "name": "127.0.0.1"}
        a = self.ca.ask_unix("POST", "/v1/acme/test", body)
        self.assertEqual(a.status, 200, a)
        self.assertEqual((a.json["result"], a.json["challenge"], a.json["type"]), ("incorrect-response", "http-01", "ip"))
        self.assertIn("404", a.json["detail"])
        self.assertIn(f"127.0.0.1:{self.responder.port}", json.dumps(a.json["transcript"]))
        self.responder.tokens["hanaper-acme-test"] = "hanaper-acme-test.hanaper-acme-test"
        self.assertEqual(self.ca.ask_unix("POST", "/v1/acme/test", body).json["result"], "valid")
        self.assertIn("valid", self.cli("test", "127.0.0.1", "--profile", "free"))
        del self.responder.tokens["hanaper-acme-test"]
        self.cli("test", "127.0.0.1", "--profile", "free", status=1)

    def test_a_test_keeps_to_the_rules_of_the_profile(self):
        a = self.ca.ask_unix("POST", "/v1/acme/test", {"profile": "free", "name": "10.0.0.1"})
        self.assertEqual((a.status, a.json["result"]), (200, "connection"), a)
        self.assertIn("(networks)", a.json["detail"], "the setting that keeps it away is named")
        for body in ({"profile": "free", "name": "a b"}, {"profile": "free"},
                     {"profile": "free", "name": "localhost", "challenge": "post-01"},
                     {"profile": "free", "name": "*.internal"}, {"profile": "free", "name": "127.0.0.1", "challenge": "dns-01"},
                     {"profile": "free", "name": "*.internal", "challenge": "tls-alpn-01"}):
            self.assertIn(self.ca.ask_unix("POST", "/v1/acme/test", body).status, (400, 422), body)
        self.problem(self.ca.ask_unix("POST", "/v1/acme/test", {"profile": "client", "name": "localhost"}), 404, "not-found")


class Command(AdminTest):
    def test_a_key_comes_with_lines_that_work(self):
        shown = self.cli("eab", "new", "--names", "*.lab.internal, 127.0.0.0/8", "--names", "localhost", "--profile", "bound",
                         "--max", "50", "--expires", "7d", "--accounts", "2", "--ends", "1y")
        for title in ("certbot", "lego", "acme.sh", "Caddy", "Traefik", "cert-manager"):
            self.assertRegex(shown, rf"(?m)^# {re.escape(title)}")
        self.assertRegex(shown, rf"(?m)^# For another host copy the root there, .*: {re.escape(str(self.ca.dir))}/root.crt$")
        for client in ("certbot", "lego"):
            self.assertRegex(shown, rf"(?m)^# {client}; .*: hanaper trust install --root root.crt --store system$")
        block = re.search(r"(?ms)^# certbot;.*?\n(.*?)\n\n", shown)[1]
        words = shlex.split(block.replace("\\\n", ""))
        kid, key = words[words.index("--eab-kid") + 1], words[words.index("--eab-hmac-key") + 1]
        self.assertEqual(words[0], f"REQUESTS_CA_BUNDLE={self.ca.dir / 'root.crt'}")
        self.assertEqual(self.eab(kid)["names"], ["dns:*.lab.internal", "dns:localhost", "ip:127.0.0.0/8"])
        c = self.bound({"kid": kid, "hmac_key": key, "directory": "bound"})
        self.assertIn(c.kid.rsplit("/", 1)[1], self.cli("accounts", "--eab", kid))
        self.assertRegex(self.cli("eab", "ls"), rf"(?m)^{kid} +open +bound +1 of 2 +0 of 50 ")
        one = self.cli("eab", "new", "--profile", "bound", "--for", "lego")
        self.assertIn("LEGO_CA_CERTIFICATES=", one)
        self.assertNotIn("certbot", one)

    def test_json_has_the_key_and_the_lines(self):
        made = json.loads(self.cli("eab", "new", "--profile", "bound", "--json"))
        self.assertEqual(set(made["clients"]), {"certbot", "lego", "acme.sh", "caddy", "traefik", "cert-manager"})
        self.assertTrue(all(made["kid"] in text and made["hmac_key"] in text for text in made["clients"].values()))
        c = self.bound(made)
        gone = json.loads(self.cli("eab", "revoke", made["kid"], "--json"))
        self.assertEqual((gone["keys"][0]["kid"], gone["keys"][0]["accounts_ended"]), (made["kid"], 1))
        self.assertEqual(c.post(c.kid).status, 401)

    def test_what_a_revocation_ends_is_told(self):
        kid = json.loads(self.cli("eab", "new", "--profile", "bound", "--json"))["kid"]
        self.assertRegex(self.cli("eab", "revoke", kid), r"(?m)^accounts      0 ended$")

    def test_accounts_are_revoked_by_id(self):
        c = self.client("free")
        self.assertEqual(c.register().status, 201)
        me = c.kid.rsplit("/", 1)[1]
        self.assertIn("revoked", self.cli("accounts", "revoke", me))
        self.assertIn(me, self.cli("accounts", "ls", "--status", "revoked", "--profile", "free"))
        self.assertIn("there is no such account\n", self.cli("accounts", "revoke", "nobody", status=1))

    def test_wrong_usage_says_what_is_right(self):
        for args, said in (((), "Groups:"), (("nothing",), "there is no"), (("eab",), "missing"), (("eab", "x"), "there is: new, ls, revoke"),
                           (("eab", "new", "--max", "many"), "--max"), (("eab", "new", "--expires", "soon"), "--expires"),
                           (("eab", "new", "--for", "iis"), "--for"), (("eab", "new", "*.x"), "--names"),
                           (("eab", "revoke"), "kid"), (("accounts", "x"), "there is: ls, revoke"),
                           (("orders", "--limit", "0"), "--limit"), (("why",), "missing"), (("test",), "missing")):
            done = run(BUILD / "hanaper", "acme", *args, check=False)
            self.assertEqual(done.returncode, 2, args)
            self.assertIn(said, done.stderr, args)


class Restore(AdminTest):
    # S86
    def test_a_restored_database_revives_no_key(self):
        ca = self.ca
        revoked, pending = self.make(accounts_max=2), self.make(accounts_max=2)
        kept = self.bound(pending)
        ca.issue("before", "DNS:localhost")
        ca.stop()
        copy = ca.file("yesterday.db")
        shutil.copy(ca.dir / "hanaper.db", copy)
        ca.start()
        self.assertEqual(ca.ask_unix("DELETE", f"/v1/acme/eab/{revoked['kid']}").status, 200)
        for name in ("more", "again"):  # the signer hears that core has stored the first
            ca.issue(name, "DNS:localhost")
        ca.stop()
        for name in ("hanaper.db-wal", "hanaper.db-shm"):
            (ca.dir / name).unlink(missing_ok=True)
        shutil.copy(copy, ca.dir / "hanaper.db")
        ca.start("--recover")
        for made in (revoked, pending):
            self.assertEqual(self.eab(made["kid"])["status"], "expired")
            self.assertEqual(self.bind(made)[1].status, 403)
        self.assertRegex(ca.said(), r"eab-revoked .*2 external account keys")
        kept.close()
        self.assertEqual(kept.post(kept.kid).status, 200)
        self.bound(self.make())


class Many(AdminTest):
    """Filters that hardly a row matches: pages are right, and nobody waits meanwhile (S32)."""

    N = 60000
    RARE = (1, 2, 700, 701, 30000, 59998, 60000)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ca.stop()
        with contextlib.closing(sqlite3.connect(cls.ca.dir / "hanaper.db")) as db:
            last = int(time.time()) + 30 * 86400
            db.executemany(
                "INSERT INTO acme_account (num, id, directory, status, thumbprint, key, key_hash, contact, created_at,"
                " created_from) VALUES (?, ?, ?, ?, ?, '{}', zeroblob(32), '[]', 1, '')",
                ((n, f"{n:022}", "bound" if n in cls.RARE else "free", 8 if n in cls.RARE else 4, n.to_bytes(32, "big"))
                 for n in range(1, cls.N + 1)))
            db.executemany(
                "INSERT INTO acme_order (num, id, account_num, status, profile, profile_asked, created_at, expires_at)"
                " VALUES (?, ?, 1, ?, 'free', 0, 1, ?)",
                ((n, f"{n:022}", 5 if n in cls.RARE else 4, last) for n in range(1, cls.N + 1)))
            db.commit()
        cls.ca.start()

    def pages(self, path, member, limit):
        seen, cursor = [], ""
        while True:
            page = self.ca.ask_unix("GET", f"{path}&limit={limit}{cursor}").json
            seen.append([int(x["id"]) for x in page[member]])
            if "next_cursor" not in page:
                return seen
            cursor = "&cursor=" + page["next_cursor"]

    # S32
    def test_what_is_rare_is_found_page_by_page(self):
        rare = sorted(self.RARE, reverse=True)
        account = f"{1:022}"
        for path, member in (("/v1/acme/accounts?directory=bound", "accounts"),
                             ("/v1/acme/accounts?status=revoked", "accounts"),
                             ("/v1/acme/accounts?status=revoked&directory=bound", "accounts"),
                             (f"/v1/acme/orders?account={account}&status=invalid", "orders")):
            for limit in (1, 2, 3, 6, 7, 8, 1000):
                with self.subTest(path=path, limit=limit):
                    pages = self.pages(path, member, limit)
                    self.assertEqual([n for page in pages for n in page], rare)
                    self.assertEqual([len(p) for p in pages], [limit] * (7 // limit) + [7 % limit] * (7 % limit > 0))
        self.assertEqual(self.pages("/v1/acme/accounts?status=revoked&directory=free", "accounts", 5), [[]])
        self.assertEqual(self.pages("/v1/acme/accounts?status=deactivated", "accounts", 5), [[]])
        everyone = self.pages("/v1/acme/accounts?directory=free", "accounts", 1000)
        self.assertEqual(len({n for page in everyone for n in page}), self.N - len(rare))
