# SPDX-License-Identifier: Apache-2.0
"""What a certificate's own key alone gets, by renewal or by asking for its own names anew, is one lineage."""
import time

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from acme_client import make_csr
from acme_world import AcmeTest
from hnp import SLOW
from test_renew import RenewTest

HELPER = """
  - who: { dns: "helper.internal" }
    may: [revoke]
    profiles: [peer]
"""
TEXT = {"Content-Type": "text/plain"}


def ask_by(ca, base, path, csr, **headers):
    return ca.ask("POST", path, csr, {**TEXT, **headers}, cert=ca.file(base + ".crt"), key=ca.file(base + ".key"))


def issue_by(ca, base, to, profile="peer", **headers):
    """Another certificate for the names of BASE's, by its key; the answer."""
    name = f"DNS:{base.split('-')[0]}.internal"
    a = ask_by(ca, base, f"/v1/certificates?profile={profile}", ca.csr(to, name), **headers)
    if a.status == 201:
        ca.file(to + ".crt").write_text(a.json["chain"])
    return a


class Descent(RenewTest):
    more = ""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        conf = cls.ca.dir / "hanaper.yaml"
        conf.write_text(conf.read_text().replace("\ngrants:\n", "\ngrants:" + HELPER, 1))
        cls.ca.stop()
        cls.ca.start()

    def gets(self, base, to, **kw):
        a = issue_by(self.ca, base, to, **kw)
        self.assertEqual(a.status, 201, a)
        return a.json["serial"]

    def refused(self, a, rule):
        p = self.problem(a, 403, "not-renewable")
        self.assertEqual([v["rule"] for v in p["violations"]], [rule])

    # S8
    def test_own_names_by_ones_own_certificate_are_of_its_lineage(self):
        ca = self.ca
        first = ca.issue("db", "DNS:db.internal", profile="peer")
        second = self.gets("db", "db-2")
        third = self.gets("db-2", "db-3", profile="client", **{"Idempotency-Key": "once"})
        again = ask_by(ca, "db-2", "/v1/certificates?profile=client", ca.file("db-3.csr").read_bytes(),
                       **{"Idempotency-Key": "once"})
        self.assertEqual(again.json["serial"], third)
        self.assertEqual([self.lineage(s) for s in (second, third)], [(first, first), (second, first)])
        renewed = self.follow("db-2", "db-4")
        events = ca.ask("GET", "/v1/audit?identity=cert:db.internal").json["events"]
        self.assertEqual({(e["serial"], e["event"], e["object"]) for e in events},
                         {(second, "issued", f"by {first}"), (third, "issued", f"by {second}"),
                          (renewed, "renewed", f"of {second}")})
        a = ca.ask("POST", f"/v1/certificates/{first}/revoke", {"reason": "keyCompromise", "lineage": True})
        self.assertEqual(set(a.json["serials"]), {first, second, third, renewed})
        self.problem(issue_by(ca, "db-3", "db-5"), 401, "unauthenticated", "revoked")

    # S8
    def test_who_descends_from_a_compromised_key_gets_nothing_by_asking_anew(self):
        ca = self.ca
        first = ca.issue("web", "DNS:web.internal", profile="peer")
        self.follow("web", "web-2")
        self.gets("web", "web-3")
        self.assertEqual(ca.revoke(first, "keyCompromise").status, 200)
        for base in ("web-2", "web-3"):
            self.refused(issue_by(ca, base, "web-4"), "renewal.ancestors")
            self.refused(self.renew(base, "web-5"), "renewal.ancestors")
            said = ask_by(ca, base, "/v1/explain?profile=peer", ca.file("web-4.csr").read_bytes()).json
            self.assertEqual([r["rule"] for r in said["rules"] if not r["pass"]], ["renewal.ancestors"])
            serial = ca.ask("GET", "/v1/whoami", cert=ca.file(base + ".crt"), key=ca.file(base + ".key")).json["serial"]
            said = ca.ask("POST", f"/v1/explain?profile=peer&as={serial}", ca.file("web-4.csr").read_bytes(), TEXT).json
            self.assertEqual([r["rule"] for r in said["rules"] if not r["pass"]], ["renewal.ancestors"])
        # Names that others gave are no matter of the key alone.
        self.assertEqual(ca.ask("POST", "/v1/certificates?profile=peer", ca.csr("web-6", "DNS:web.internal"), TEXT).status, 201)

    def revoke_by(self, base, serial, reason):
        a = self.ca.ask("POST", f"/v1/certificates/{serial}/revoke", {"reason": reason, "lineage": True},
                        cert=self.ca.file(base + ".crt"), key=self.ca.file(base + ".key"))
        self.assertEqual(a.status, 200, a)
        return set(a.json["serials"])

    # S8, R46: what a holder got may be another's, by its key if not by its names
    def test_without_a_grant_a_holder_takes_back_renewals_alone_and_bans_no_key_but_his(self):
        ca = self.ca
        agent = ca.issue("agent", "DNS:agent.internal", "DNS:db1.internal", profile="peer")
        renewed = self.follow("agent", "agent-2")
        csr = ca.csr("child", "DNS:db1.internal")
        a = ask_by(ca, "agent", "/v1/certificates?profile=peer", csr)
        ca.file("child.crt").write_text(a.json["chain"])
        child, grandchild = a.json["serial"], self.follow("child", "child-2")
        self.assertEqual(self.lineage(grandchild), (child, agent))
        # A child ends itself, and neither who got it nor what else he got.
        self.assertEqual(self.revoke_by("child", child, "keyCompromise"), {child, grandchild})
        self.assertEqual({s: self.show(s).get("reason") for s in (agent, renewed, child, grandchild)},
                         {agent: None, renewed: None, child: "keyCompromise", grandchild: "superseded"})
        # The CSR of another, for names of one's own: that key stays good.
        ca.issue("victim", "DNS:victim.internal", profile="peer")
        body = {"profile": "peer", "csr": ca.file("victim.csr").read_text(), "names": [{"type": "dns", "value": "agent.internal"}]}
        a = ca.ask("POST", "/v1/certificates", body, cert=ca.file("agent.crt"), key=ca.file("agent.key"))
        self.assertEqual(a.status, 201, a)
        self.assertEqual(self.revoke_by("agent", agent, "keyCompromise"), {agent, renewed})
        self.assertEqual(self.show(a.json["serial"])["status"], "valid")
        self.assertEqual(self.renew("victim", "victim-2", csr=ca.file("victim.csr").read_bytes()).status, 201)
        # Who may revoke by one profile takes back renewals, who may by each all that came of it.
        ca.issue("helper", "DNS:helper.internal", profile="peer")
        again = self.revoke_by("helper", agent, "keyCompromise")
        self.assertEqual(again, {renewed}, "not for its holder's sake, now for its key's")
        everything = ca.ask("POST", f"/v1/certificates/{agent}/revoke", {"lineage": True})
        self.assertEqual(set(everything.json["serials"]), {a.json["serial"]})

    # R57
    def test_none_slips_through_while_its_family_is_revoked(self):
        serial = self.ca.issue("race", "DNS:race.internal", profile="peer")
        self.none_slips_through("race", serial, "/v1/certificates?profile=peer", self.ca.csr("race-2", "DNS:race.internal"))

    # R89: what is told again can be used
    def test_an_idempotency_key_gives_no_revoked_certificate_and_counts_for_its_route(self):
        ca = self.ca
        ca.issue("again", "DNS:again.internal", profile="peer")
        key = {"Idempotency-Key": "k"}
        serial = self.gets("again", "again-2", **key)
        csr = ca.file("again-2.csr").read_bytes()
        for path in "/v1/renew", "/v1/renew?profile=peer":  # by the same octets, too
            self.problem(ask_by(ca, "again", path, csr, **key), 409, "conflict", "another request")
        self.assertEqual(ca.revoke(serial).status, 200)
        a = ask_by(ca, "again", "/v1/certificates?profile=peer", csr, **key)
        self.problem(a, 409, "conflict", "Idempotency-Key", serial, "revoked")


class Age(RenewTest):
    most = int(3 * SLOW)
    more = f"\nrenewal: {{ max_age: {most}s }}\n"

    # S8
    def test_its_age_counts_for_what_is_asked_for_anew_too(self):
        ca = self.ca
        ca.issue("old", "DNS:old.internal", profile="peer")
        self.assertEqual(issue_by(ca, "old", "old-2").status, 201)
        time.sleep(self.most + 1.1)
        for base in ("old", "old-2"):
            for a in (issue_by(ca, base, "old-3"), self.renew(base, "old-4")):
                p = self.problem(a, 403, "not-renewable", f"{self.most}s")
                self.assertEqual([v["rule"] for v in p["violations"]], ["renewal.max_age"])


class ByAcme(AcmeTest):
    def certificate(self, c, to):
        key = ec.generate_private_key(ec.SECP256R1())
        self.ca.file(to + ".crt").write_text(
            c.certificate("localhost", responder=self.responder, csr=make_csr(["localhost"], key)))
        self.ca.file(to + ".key").write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def renew(self, base, to):
        a = ask_by(self.ca, base, "/v1/renew", self.ca.csr(to))
        if a.status == 201:
            self.ca.file(to + ".crt").write_text(a.json["chain"])
        return a

    # A117, S8: a proof that was given once is none for ever
    def test_it_is_renewed_without_a_proof_as_long_as_its_account_is_valid(self):
        ca = self.ca
        made = ca.ask("POST", "/v1/acme/eab", {"directory": "server"}).json

        def deactivates(c):
            self.assertEqual(c.post(c.kid, {"status": "deactivated"}).status, 200)

        def is_revoked(c):
            self.assertEqual(ca.ask("POST", f"/v1/acme/accounts/{c.kid.rsplit('/', 1)[1]}/revoke", {}).status, 200)

        def key_is_revoked(_):
            self.assertEqual(ca.ask("DELETE", "/v1/acme/eab/" + made["kid"]).status, 200)

        for n, end in enumerate((deactivates, is_revoked, key_is_revoked)):
            with self.subTest(end.__name__):
                c = self.client()
                if end is key_is_revoked:
                    c = type(c)(ca.api_port, ca.dir / "root.crt")
                    self.addCleanup(c.close)
                    answer = c.register(externalAccountBinding=c.binding(made["kid"], made["hmac_key"]))
                    self.assertEqual(answer.status, 201, answer)
                first, second = f"acme{n}", f"acme{n}-2"
                self.certificate(c, first)
                self.assertEqual(self.renew(first, second).status, 201)
                end(c)
                for base in (first, second):
                    p = self.problem(self.renew(base, "no"), 403, "not-renewable", "account")
                    self.assertEqual([v["rule"] for v in p["violations"]], ["renewal.account"])
        # Accounts are not in the journal.
        ca.stop()
        for path in ca.dir.glob("hanaper.db*"):
            path.unlink()
        ca.start("--recover")
        self.assertEqual(self.renew("acme0-2", "acme0-3").status, 201)
