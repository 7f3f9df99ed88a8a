# SPDX-License-Identifier: Apache-2.0
"""Renewal information (RFC 9773) of every certificate, and renewals that are ordered for many."""
import base64
import datetime
import json
import re
import time

from acme_client import Client, Responder
from hnp import BUILD, FlowTest, run
from test_renew import prepare

ACME = """
  - name: acme
    usages: [server auth]
    names: { dns: ["*.internal"], ip: ["127.0.0.0/8"] }
    acme: { challenges: [http-01], networks: ["127.0.0.0/8"], http_port: %d }
"""


def b64(octets):
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def certid(pem):
    """As openssl sees key identifier and serial."""
    text = run("openssl", "x509", "-in", pem, "-noout", "-serial", "-ext",
               "authorityKeyIdentifier").stdout
    serial = bytes.fromhex(re.search(r"serial=([0-9A-F]+)", text)[1])
    aki = bytes.fromhex(re.search(r"([0-9A-F]{2}(:[0-9A-F]{2}){10,})", text)[1].replace(":", ""))
    return b64(aki) + "." + b64((b"\0" if serial[0] & 0x80 else b"") + serial)


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Ari(FlowTest):
    running = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        prepare(cls.ca)
        cls.ca.start()

    def info(self, name, status=200):
        a = self.ca.ask("GET", "/v1/renewal-info/" + name, cert=None)
        self.assertEqual(a.status, status, a)
        if status == 200:
            self.assertEqual(a.headers["Content-Type"], "application/json")
            self.assertRegex(a.headers["Retry-After"], r"^[1-9][0-9]*$")
        return a

    def window(self, name):
        w = self.info(name).json["suggestedWindow"]
        start, end = seconds(w["start"]), seconds(w["end"])
        self.assertGreater(end, start)
        return start, end

    def order(self, body, **kw):
        return self.ca.ask("POST", "/v1/renewals", body, **kw)

    # A226, A227, A233
    def test_a_window_lies_inside_the_life_after_two_thirds_of_it(self):
        ca = self.ca
        windows = []
        for i in range(3):
            serial = ca.issue(f"w{i}", f"DNS:w{i}.internal")
            shown = ca.ask("GET", f"/v1/certificates/{serial}").json
            life = seconds(shown["not_after"]) - seconds(shown["issued_at"])
            start, end = self.window(certid(ca.file(f"w{i}.leaf.crt")))
            part = (start - seconds(shown["issued_at"])) / life
            self.assertTrue(0.66 <= part <= 0.72, part)
            self.assertLess(end, seconds(shown["not_after"]))
            windows.append(part)
            self.assertEqual(self.window(certid(ca.file(f"w{i}.leaf.crt"))), (start, end))
        self.assertEqual(len(set(windows)), 3, "each has its own")
        self.assertNotIn("explanationURL", self.info(certid(ca.file("w0.leaf.crt"))).json)

    # A230
    def test_certificates_of_every_issuer_have_one(self):
        self.window(certid(self.ca.dir / "admin.crt"))
        main = self.ca.file("main.pem")
        main.write_bytes(self.ca.ask_http("GET", "/ca/main.pem").body)
        self.window(certid(main))

    # A229
    def test_what_is_no_identifier_is_400_and_an_unknown_one_404(self):
        self.ca.issue("odd", "DNS:odd.internal")
        name = certid(self.ca.file("odd.leaf.crt"))
        key_id, serial = name.split(".")
        for bad in (key_id, key_id + ".", "." + serial, name + "=", name + ".x", name + "A",
                    "aYhba4dGQEHhs3uEe6CuLN4ByNQ.h2VDIQ", "%00.%00", key_id + ".AA"):
            self.problem(self.info(bad, 400), 400, "malformed")
        for unknown in ("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE",
                        "aYhba4dGQEHhs3uEe6CuLN4ByNQ." + serial, key_id + ".AIdlQyE"):
            self.problem(self.info(unknown, 404), 404, "not-found")

    # A228
    def test_of_a_revoked_one_the_window_is_over(self):
        serial = self.ca.issue("gone", "DNS:gone.internal")
        name = certid(self.ca.file("gone.leaf.crt"))
        self.assertGreater(self.window(name)[0], time.time())
        self.assertEqual(self.ca.revoke(serial).status, 200)
        self.assertLess(self.window(name)[1], time.time())

    # A233, A234
    def test_short_lives_have_short_windows_and_an_end(self):
        ca = self.ca
        a = ca.ask("POST", "/v1/certificates?profile=flash&validity=6s",
                   ca.csr("flash", "DNS:flash.internal"),
                   {"Content-Type": "text/plain"})
        self.assertEqual(a.status, 201, a)
        ca.file("flash.crt").write_text(a.json["certificate"])
        start, end = self.window(certid(ca.file("flash.crt")))
        self.assertLessEqual(end, seconds(a.json["not_after"]) + 1)
        self.assertLess(self.info(certid(ca.file("flash.crt"))).headers["Retry-After"], "61")
        while time.time() <= seconds(a.json["not_after"]) + 1:
            time.sleep(0.2)
        self.assertEqual(self.window(certid(ca.file("flash.crt"))), (start, end))
        self.assertLess(end, time.time())

    # A228
    def test_an_ordered_renewal_is_spread_over_the_time_given(self):
        ca = self.ca
        names = []
        for i in range(8):
            ca.issue(f"m{i}", f"DNS:m{i}.fleet.internal")
            names.append(certid(ca.file(f"m{i}.leaf.crt")))
        other = certid(ca.file("m0.leaf.crt"))
        ca.issue("apart", "DNS:apart.internal")
        apart = certid(ca.file("apart.leaf.crt"))
        was = self.window(apart)
        body = {"where": {"q": ".fleet.internal", "profile": "server"}, "within": "2h",
                "reason": "https://status.internal/why"}
        a = self.order({**body, "dry_run": True})
        self.assertEqual((a.status, a.json["certificates"]), (200, 8), a)
        self.assertGreater(self.window(other)[0], time.time() + 7200)
        before = int(time.time())
        a = self.order(body)
        self.assertEqual((a.status, a.json["certificates"]), (200, 8), a)
        begin = seconds(a.json["start_at"])
        self.assertGreaterEqual(begin, before)
        windows = sorted(self.window(n) for n in names)
        for i, (start, end) in enumerate(windows):
            self.assertTrue(i * 840 <= start - begin <= i * 860, windows)
            self.assertLessEqual(end, begin + 7200)
        self.assertEqual(self.info(names[0]).json["explanationURL"], body["reason"])
        self.assertLessEqual(int(self.info(names[0]).headers["Retry-After"]), 3600)
        self.assertEqual(self.window(apart), was)
        row = ca.ask("GET", "/v1/audit?event=renewals-ordered&limit=1").json["events"][0]
        self.assertIn("8 certificates", json.dumps(row))
        self.assertIn("fleet", json.dumps(row))

    def test_an_order_never_puts_a_renewal_off_and_leaves_out_what_cannot_come(self):
        ca = self.ca
        serial = ca.issue("ended", "DNS:ended.late.internal")
        self.assertEqual(ca.revoke(serial).status, 200)
        ca.issue("soon", "DNS:soon.late.internal")
        name = certid(ca.file("soon.leaf.crt"))
        was = self.window(name)
        a = self.order({"where": {"q": "late.internal"}, "within": "30d"})
        self.assertEqual((a.status, a.json["certificates"]), (200, 1), a)
        self.assertLessEqual(self.window(name)[0], was[0])
        a = self.order({"where": {"profile": "hanaper-listener"}, "within": "1h"})
        self.assertEqual(a.json["certificates"], 0)
        a = self.order({"where": {"issuer": "root"}, "within": "1h"})
        self.assertEqual(a.json["certificates"], 0)

    def test_only_administrators_order_and_faults_are_told(self):
        ca = self.ca
        ca.issue("plain", "DNS:plain.internal", profile="client")
        body = {"where": {}, "within": "1h"}
        self.problem(self.order(body, cert=ca.file("plain.crt"), key=ca.file("plain.key")),
                     403, "forbidden")
        self.problem(self.order(body, cert=None), 401, "unauthenticated")
        for bad, word in (({"within": "1h"}, "where"), ({"where": {}}, "within"),
                          ({"where": {"color": "red"}, "within": "1h"}, "color"),
                          ({"where": {"issuer": 1}, "within": "1h"}, "issuer"),
                          ({"where": {"q": ""}, "within": "1h"}, "3 characters"),
                          ({"where": {"status": "revoked"}, "within": "1h"}, "valid"),
                          ({"where": {"cursor": "1"}, "within": "1h"}, "cursor"),
                          ({"where": {}, "within": "31d"}, "30d"),
                          ({"where": {}, "within": "soon"}, "within"),
                          ({"where": {}, "within": "1h", "reason": "x" * 513}, "reason")):
            self.problem(self.order(bad), 400, "malformed", word)

    def renew_all(self, *options, check=True):
        return run(BUILD / "hanaper", "renew-all", "--dir", self.ca.dir, *options, check=check)

    def test_the_command_orders_and_renew_follows(self):
        ca = self.ca
        ca.issue("call", "DNS:call.internal", profile="client")
        renew = (BUILD / "hanaper", "renew", ca.file("call.crt"), "--dir", ca.dir, "--json")
        self.assertEqual(json.loads(run(*renew).stdout)["event"], "not-due")
        done = json.loads(self.renew_all("--where", "dns=call.internal", "--within", "1s",
                                         "--dry-run", "--json").stdout)
        self.assertEqual((done["certificates"], done["dry_run"]), (1, True))
        self.assertEqual(json.loads(run(*renew).stdout)["event"], "not-due")
        self.renew_all("--where", "dns=call.internal", "--within", "1s", "--reason", "a test")
        time.sleep(1.1)
        self.assertEqual(json.loads(run(*renew).stdout)["event"], "renewed")
        self.assertEqual(json.loads(run(*renew).stdout)["event"], "not-due")
        none = self.renew_all("--where", "issuer=mian", "--within", "1h")
        self.assertIn("no certificate that is valid fits", none.stdout + none.stderr)
        for wrong in ((), ("--all",), ("--where", "dns", "--within", "1h"),
                      ("--all", "--where", "q=abc", "--within", "1h"),
                      ("--where", "q=abc", "--where", "q=abd", "--within", "1h")):
            self.assertEqual(self.renew_all(*wrong, check=False).returncode, 2, wrong)


class FormerKey(FlowTest):
    def rekey(self):
        """The issuer gets another key and certificate, under the same name, as the root's owner makes them."""
        ca = self.ca
        new, csr, ext = ca.file("new.key"), ca.file("new.csr"), ca.file("new.ext")
        old = ca.dir / "issuers/main.crt"
        subject = run("openssl", "x509", "-in", old, "-noout", "-subject", "-nameopt", "compat").stdout.strip()
        run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", new)
        run("openssl", "req", "-new", "-key", new, "-subj", subject.removeprefix("subject="), "-out", csr)
        ext.write_text("basicConstraints=critical,CA:true,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n"
                       "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
        run("openssl", "x509", "-req", "-in", csr, "-CA", ca.dir / "root.crt", "-CAkey", ca.dir / "root.key",
            "-days", "100", "-extfile", ext, "-out", ca.file("new.crt"))
        old.write_bytes(ca.file("new.crt").read_bytes())
        (ca.dir / "issuers/main.key").write_bytes(new.read_bytes())

    # A230
    def test_certificates_under_an_issuers_former_key_still_have_one(self):
        ca = self.ca
        ca.issue("old", "DNS:old.internal")
        old = certid(ca.file("old.leaf.crt"))
        was = ca.ask("GET", "/v1/renewal-info/" + old, cert=None)
        self.assertEqual(was.status, 200, was)
        ca.stop()
        self.rekey()
        ca.start()
        ca.issue("new", "DNS:new.internal")
        new = certid(ca.file("new.leaf.crt"))
        self.assertNotEqual(old.split(".")[0], new.split(".")[0], "another key")
        for path in ("/v1/renewal-info/", "/acme/server/renewal-info/"):
            for name in (old, new):
                a = ca.ask("GET", path + name, cert=None)
                self.assertEqual(a.status, 200, a)
            self.assertEqual(ca.ask("GET", path + old, cert=None).body, was.body)
            mixed = new.split(".")[0] + "." + old.split(".")[1]
            self.assertEqual(ca.ask("GET", path + mixed, cert=None).status, 404)


class ByAcme(FlowTest):
    """The same by the directory of a profile: server's is there from the start."""

    # A226, A227
    def test_anybody_is_told_without_account_or_signature(self):
        ca = self.ca
        ca.issue("a", "DNS:a.internal")
        name = certid(ca.file("a.leaf.crt"))
        directory = ca.ask("GET", "/acme/server/directory", cert=None).json
        where = directory["renewalInfo"]
        a = ca.ask("GET", where[where.index("/", 8):] + "/" + name, cert=None)
        self.assertEqual((a.status, a.headers["Content-Type"]), (200, "application/json"), a)
        self.assertRegex(a.headers["Retry-After"], r"^[1-9][0-9]*$")
        self.assertEqual(a.body, ca.ask("GET", "/v1/renewal-info/" + name, cert=None).body)
        self.assertEqual(list(a.json), ["suggestedWindow"])

    # A229
    def test_faults_are_problems_of_acme(self):
        for name, status in (("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE", 404), ("aYhba4dGQEHhs3uEe6CuLN4ByNQ", 400),
                             ("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE=", 400), ("x.y", 400)):
            a = self.ca.ask("GET", "/acme/server/renewal-info/" + name, cert=None)
            self.assertEqual((a.status, a.headers["Content-Type"]), (status, "application/problem+json"), a)
            self.assertEqual(a.json["type"], "urn:ietf:params:acme:error:malformed")


class Replaces(FlowTest):
    """An order that says which certificate it replaces (RFC 9773 5)."""

    running = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.responder = Responder()
        cls.addClassCleanup(cls.responder.close)
        conf = cls.ca.dir / "hanaper.yaml"
        conf.write_text(conf.read_text().replace("\nprofiles:\n", "\nprofiles:" + ACME % cls.responder.port, 1))
        cls.ca.start()

    def account(self, profile="acme", key=None):
        c = Client(self.ca.api_port, self.ca.dir / "root.crt", profile, key=key)
        self.assertEqual(c.register().status, 201)
        return c

    def issued(self, client, **more):
        pem = self.ca.file("acme.pem")
        pem.write_text(client.certificate("127.0.0.1", responder=self.responder, **more))
        return certid(pem)

    def refused(self, answer, status, kind, word=""):
        self.assertEqual((answer.status, answer.type), (status, kind), answer)
        self.assertIn(word, answer.json["detail"])

    # A231, A232
    def test_a_certificate_is_replaced_once_by_its_account(self):
        client, other = self.account(), self.account()
        name = self.issued(client)
        self.refused(other.order("127.0.0.1", replaces=name), 403, "unauthorized", "another account")
        self.refused(client.order("127.0.0.9", replaces=name), 400, "malformed", "no identifier")
        order = client.order("127.0.0.1", "127.0.0.9", replaces=name)
        self.assertEqual((order.status, order.json["replaces"]), (201, name), order)
        self.assertEqual(client.post(order.headers["Location"]).json["replaces"], name)
        self.refused(client.order("127.0.0.1", replaces=name), 409, "alreadyReplaced")

    # A232
    def test_an_order_that_failed_lets_the_next_replace_it(self):
        client = self.account()
        name = self.issued(client)
        order = client.order("127.0.0.1", "127.0.0.8", replaces=name)
        self.assertEqual(order.status, 201, order)
        for url in order.json["authorizations"]:
            if client.post(url).json["status"] == "pending":
                self.assertEqual(client.post(url, {"status": "deactivated"}).status, 200)
        self.assertEqual(client.post(order.headers["Location"]).json["status"], "invalid")
        self.issued(client, replaces=name)
        self.refused(client.order("127.0.0.1", replaces=name), 409, "alreadyReplaced")

    # A231
    def test_what_came_by_rest_is_replaced_by_the_first_that_proves_a_name_of_it(self):
        ca, client = self.ca, self.account()
        ca.issue("rest", "IP:127.0.0.1", "DNS:rest.internal", profile="acme")
        name = certid(ca.file("rest.leaf.crt"))
        self.refused(client.order("127.0.0.7", replaces=name), 400, "malformed")
        self.issued(client, replaces=name)
        self.refused(self.account().order("127.0.0.1", replaces=name), 409, "alreadyReplaced")

    # A231
    def test_who_has_proved_nothing_keeps_nobody_from_replacing_it(self):
        ca, client, stranger = self.ca, self.account(), self.account()
        ca.issue("held", "IP:127.0.0.1", profile="acme")
        name = certid(ca.file("held.leaf.crt"))
        claim = stranger.order("127.0.0.1", replaces=name)
        self.assertEqual((claim.status, claim.json["status"]), (201, "pending"), claim)
        self.refused(stranger.order("127.0.0.1", replaces=name), 409, "alreadyReplaced")
        self.issued(client, replaces=name)
        self.refused(self.account().order("127.0.0.1", replaces=name), 409, "alreadyReplaced")

    # A231
    def test_the_same_key_in_another_directory_is_the_same_client(self):
        client = self.account()
        name = self.issued(client)
        again = self.account("server", client.key)
        self.assertEqual(again.order("127.0.0.1", replaces=name).status, 201)

    # A231
    def test_what_names_no_certificate_is_refused(self):
        client = self.account()
        for wrong, status in (("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE", 404), ("x", 400),
                              ("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE=", 400)):
            self.refused(client.order("127.0.0.1", replaces=wrong), status, "malformed")
