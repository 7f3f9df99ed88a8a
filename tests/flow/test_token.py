# SPDX-License-Identifier: Apache-2.0
"""Enrolment tokens over the API: made, used once, and of no use to anybody else."""
import base64
import contextlib
import hashlib
import http.client
import os
import shutil
import signal
import ssl
import statistics
import threading
import time
import unittest

from hnp import BUILD, SLOW, FlowTest

FAULTS = b"HNP_FAULT" in (BUILD / "hanaper-core").read_bytes()
GONE = (OSError, http.client.HTTPException)

WEB = [{"type": "dns", "value": "web.internal"}]


def make(ca, names=None, **members):
    """A new token; the answer's members."""
    a = ca.ask_unix("POST", "/v1/tokens", {"profile": "server", "names": names or WEB, **members})
    if a.status != 201:
        raise AssertionError(f"no token: {a}")
    return a.json


def enroll(ca, token, body, kind="text/plain", connection=None, **headers):
    """Without a client certificate: a token is all there is."""
    return ca.ask("POST", "/v1/enroll", body,
                  {"Authorization": f"Bearer {token}", "Content-Type": kind, **headers}, cert=None,
                  connection=connection)


def secret_of(token):
    return token.rsplit(".", 1)[1]


class Token(FlowTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.csr = cls.ca.csr("web", "DNS:web.internal")
        cls.bare = cls.ca.csr("bare")

    def rows(self, sql, *values):
        db = self.ca.database()
        try:
            return db.execute(sql, values).fetchall()
        finally:
            db.close()

    def issued_by(self, made):
        return self.rows("SELECT count(*) FROM certificate WHERE requester = ?",
                         "token:" + made["id"])[0][0]

    # S91, R79
    def test_a_token_is_made_shown_once_and_kept_as_a_hash(self):
        ca = self.ca
        made = make(ca, metadata={"owner": "web team"})
        root = ssl.PEM_cert_to_DER_cert((ca.dir / "root.crt").read_text())
        head, root_hash, secret = made["token"].split(".")
        self.assertEqual(head, "hnp1")
        self.assertEqual(base64.urlsafe_b64decode(root_hash + "="), hashlib.sha256(root).digest())
        octets = base64.urlsafe_b64decode(secret + "=")
        self.assertEqual(len(octets), 32)
        self.assertEqual(made["id"], hashlib.sha256(octets).hexdigest()[:32])
        self.assertEqual((made["status"], made["uses_left"], made["created_by"], made["names"]),
                         ("pending", 1, "uid:0", WEB))
        listed = ca.ask_unix("GET", "/v1/tokens")
        self.assertIn(made["id"], [t["id"] for t in listed.json["tokens"]])
        self.assertNotIn(secret.encode(), listed.body)
        kept = b"".join(p.read_bytes() for p in ca.dir.glob("hanaper.db*"))
        for form in (secret.encode(), octets, octets.hex().encode()):
            self.assertNotIn(form, kept)
        a = enroll(ca, made["token"], self.csr)
        self.assertEqual(a.status, 201, a)
        found = ca.ask("GET", f"/v1/certificates/{a.json['serial']}").json
        self.assertEqual((found["requester"], found["metadata"]),
                         ("token:" + made["id"], {"owner": "web team"}))
        told = self.rows("SELECT count(*) FROM audit WHERE object = ?", "token " + made["id"])
        self.assertEqual(told, [(3,)], "made, used, issued")

    def test_the_answer_is_that_of_issue_in_each_form(self):
        ca = self.ca
        a = enroll(ca, make(ca)["token"], self.csr)
        self.assertEqual(a.status, 201, a)
        self.assertEqual(set(a.json), {"serial", "certificate", "chain", "not_before", "not_after", "profile",
                                       "issuer", "names", "renew_after"})
        self.assertEqual(a.headers["Location"], "/v1/certificates/" + a.json["serial"])
        a = enroll(ca, make(ca)["token"], self.csr, Accept="application/pem-certificate-chain")
        self.assertTrue(a.body.startswith(b"-----BEGIN CERTIFICATE-----"), a)
        a = ca.ask("POST", "/v1/enroll", {"csr": self.csr.decode()},
                   {"Authorization": "bearer " + make(ca)["token"]}, cert=None)
        self.assertEqual(a.status, 201, a)
        made = make(ca, uses=2)
        for body in (b"", b"{}", b"no CSR"):
            self.assertEqual(enroll(ca, made["token"], body).status, 400)
        self.problem(enroll(ca, made["token"], self.csr, Accept="image/png"), 406, "not-acceptable")
        self.assertEqual(ca.ask_unix("GET", "/v1/tokens").json["tokens"][0]["uses_left"], 2,
                         "a refusal costs no use")

    # R51, "Done when": 100 parallel uses
    def test_of_a_hundred_parallel_uses_one_wins(self):
        ca = self.ca
        made = make(ca)
        answers, gate = [], threading.Barrier(100)

        def use():
            connection = ca.connect(cert=None)
            connection.connect()
            gate.wait(60)
            answers.append(enroll(ca, made["token"], self.csr, connection=connection))
            connection.close()

        threads = [threading.Thread(target=use) for _ in range(100)]
        for t in threads:
            t.start()
        for t in threads:
            t.join(60)
        won = [a for a in answers if a.status == 201]
        lost = [a for a in answers if a.status != 201]
        self.assertEqual((len(won), len(lost)), (1, 99))
        for a in lost:
            self.problem(a, 409, "token-used", "used")
            self.assertNotIn(b"BEGIN CERTIFICATE", a.body)
        self.assertEqual(self.issued_by(made), 1)
        self.assertEqual(self.rows("SELECT uses, uses_left FROM token WHERE id = ?",
                                   bytes.fromhex(made["id"])), [(1, 0)])

    def test_a_token_for_many_counts_down_to_none(self):
        ca = self.ca
        made = make(ca, uses=3)
        for left in (2, 1, 0):
            self.assertEqual(enroll(ca, made["token"], self.bare).status, 201)
            self.assertEqual(self.rows("SELECT uses_left FROM token WHERE id = ?",
                                       bytes.fromhex(made["id"])), [(left,)])
        self.problem(enroll(ca, made["token"], self.bare), 409, "token-used")
        self.assertEqual(self.issued_by(made), 3)

    def test_an_answer_that_got_lost_is_given_again(self):
        ca = self.ca
        made, key = make(ca), {"Idempotency-Key": "once-and-for-all"}
        first = enroll(ca, made["token"], self.bare, **key)
        again = enroll(ca, made["token"], self.bare, **key)
        self.assertEqual((first.status, again.status), (201, 201), again)
        self.assertEqual(first.json, again.json)
        self.problem(enroll(ca, made["token"], self.csr, **key), 409, "conflict", "another request")
        self.problem(enroll(ca, made["token"], self.bare), 409, "token-used")
        self.problem(enroll(ca, made["token"], self.bare, **{"Idempotency-Key": "new"}), 409, "token-used")
        other = make(ca)
        b = enroll(ca, other["token"], self.bare, **key)
        self.assertEqual(b.status, 201)
        self.assertNotEqual(b.json["serial"], first.json["serial"], "a key is one token's own")
        self.assertEqual(self.issued_by(made), 1)
        with contextlib.closing(ca.database()) as db:
            kept = db.execute("SELECT request FROM once WHERE serial = ?", (bytes.fromhex(first.json["serial"]),))
            self.assertEqual(kept.fetchone()[0], hashlib.sha256(b"\0" + self.bare).digest(), "as in any version")

    # R89: the journal has certificate, token and key; whoever asks again is not told that the token is used
    @unittest.skipUnless(FAULTS, "it is built without --enable-faults")
    def test_an_answer_that_a_crash_swallowed_is_given_again(self):
        ca = self.ca
        made, key = make(ca), {"Idempotency-Key": "once-and-for-all"}
        ca.stop()
        os.environ["HNP_FAULT"] = "core.token:1:kill"  # it is journalled, and not yet in the database
        self.addCleanup(os.environ.pop, "HNP_FAULT", None)
        ca.start()
        with self.assertRaises(GONE):
            enroll(ca, made["token"], self.bare, **key)
        ca.wait_end()
        del os.environ["HNP_FAULT"]
        ca.start()
        self.assertEqual(self.issued_by(made), 1)
        self.problem(enroll(ca, made["token"], self.csr, **key), 409, "conflict", "another request")
        again = enroll(ca, made["token"], self.bare, **key)
        self.assertEqual(again.status, 201, again)
        self.assertEqual(self.issued_by(made), 1)
        shown = ca.ask("GET", again.headers["Location"]).json
        self.assertEqual(shown["token"], made["id"])
        self.assertNotIn("once", shown)

    def test_names_are_the_tokens_and_no_others(self):
        ca = self.ca
        two = [*WEB, {"type": "ip", "value": "10.0.0.7"}]
        made = make(ca, two)
        for base, names, subject in (("less", ("DNS:web.internal",), "/"),
                                     ("more", ("DNS:web.internal", "IP:10.0.0.7", "DNS:x.internal"), "/"),
                                     ("other", ("DNS:other.internal",), "/"),
                                     ("cn", (), "/CN=other.internal")):
            with self.subTest(base):
                a = enroll(ca, made["token"], ca.csr(base, *names, subject=subject))
                p = self.problem(a, 403, "forbidden", "web.internal, 10.0.0.7")
                self.assertEqual(p["violations"][0]["rule"], "token.names")
        a = enroll(ca, made["token"], ca.csr("turned", "IP:10.0.0.7", "DNS:web.internal"))
        self.assertEqual(a.status, 201, a)
        self.assertEqual(a.json["names"], two, "in the token's order")
        for subject in ("/", "/CN=web.internal"):
            a = enroll(ca, make(ca, two)["token"], ca.csr("none", subject=subject))
            self.assertEqual((a.status, a.json["names"]), (201, two))

    def test_the_profiles_rules_hold(self):
        ca = self.ca
        made = make(ca)
        weak = ca.csr("weak", key=("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"))
        self.assertIn(enroll(ca, made["token"], weak).status, (400, 422))
        for members, status, rule in (
                ({"profile": "nope"}, 422, "profile"), ({"profile": "hanaper-listener"}, 422, "profile"),
                ({"ttl": "31d"}, 422, "token.ttl"), ({"uses": 0}, 422, "token.uses"),
                ({"uses": 1001}, 422, "token.uses"), ({"uses": -1}, 422, "token.uses"),
                ({"names": [{"type": "dns", "value": "www.example.com"}]}, 422, "profile.names.dns")):
            with self.subTest(members=members):
                a = ca.ask_unix("POST", "/v1/tokens", {"profile": "server", "names": WEB, **members})
                p = self.problem(a, status, "policy")
                self.assertEqual(p["violations"][0]["rule"], rule)
        for members in ({"names": []}, {"ttl": "soon"}, {"uses": "1"}, {"more": 1},
                        {"metadata": {"a": 1}}, {"names": [{"type": "dns"}]}):
            with self.subTest(members=members):
                a = ca.ask_unix("POST", "/v1/tokens", {"profile": "server", "names": WEB, **members})
                self.problem(a, 400, "malformed")
        a = ca.ask_unix("POST", "/v1/tokens", {"profile": "server", "names": WEB,
                                               "metadata": {"k": "x" * 4023}})
        self.problem(a, 413, "too-large", "4030")  # or what it is for could not be renewed

    def test_withdrawn_and_expired_ones_say_so(self):
        ca = self.ca
        gone, ended, used = make(ca), make(ca, ttl="1s"), make(ca)
        a = ca.ask_unix("DELETE", f"/v1/tokens/{gone['id']}")
        self.assertEqual((a.status, a.json["status"], a.json["withdrawn_by"]), (200, "withdrawn", "uid:0"))
        again = ca.ask_unix("DELETE", f"/v1/tokens/{gone['id']}")
        self.assertEqual(again.json, a.json)
        self.problem(enroll(ca, gone["token"], self.csr), 409, "token-withdrawn", a.json["withdrawn_at"])
        self.assertEqual(enroll(ca, used["token"], self.csr).status, 201)
        self.problem(ca.ask_unix("DELETE", f"/v1/tokens/{used['id']}"), 409, "token-used")
        time.sleep(1.1)
        self.problem(enroll(ca, ended["token"], self.csr), 409, "token-expired", ended["expires_at"])
        self.problem(ca.ask_unix("DELETE", "/v1/tokens/" + "0" * 32), 404, "not-found")
        self.problem(ca.ask_unix("DELETE", "/v1/tokens/xyz"), 400, "malformed")
        for made, status in ((gone, "withdrawn"), (ended, "expired"), (used, "used")):
            listed = ca.ask_unix("GET", f"/v1/tokens?status={status}").json["tokens"]
            self.assertIn(made["id"], [t["id"] for t in listed])
            self.assertEqual({t["status"] for t in listed}, {status})
        self.problem(ca.ask_unix("GET", "/v1/tokens?status=odd"), 400, "malformed")

    def test_pages_join_without_gap(self):
        ca = self.ca
        for _ in range(5):
            make(ca)
        whole = [t["id"] for t in ca.ask_unix("GET", "/v1/tokens?limit=1000").json["tokens"]]
        paged, cursor = [], ""
        while True:
            page = ca.ask_unix("GET", "/v1/tokens?limit=2" + cursor).json
            paged += [t["id"] for t in page["tokens"]]
            if "next_cursor" not in page:
                break
            cursor = "&cursor=" + page["next_cursor"]
        self.assertEqual(paged, whole)

    # R56, S72
    def test_unknown_and_wrong_tokens_cannot_be_told_apart(self):
        ca = self.ca
        made = make(ca)
        head, root, secret = made["token"].split(".")
        flipped = ("A" if secret[0] != "A" else "B") + secret[1:]
        other_root = base64.urlsafe_b64encode(bytes(32)).decode().rstrip("=")
        texts = set()
        for token in (f"{head}.{root}.{flipped}", f"{head}.{other_root}.{secret}",
                      f"{head}.{other_root}.{flipped}"):
            a = enroll(ca, token, self.csr)
            p = self.problem(a, 401, "token-unknown")
            self.assertTrue(a.headers["WWW-Authenticate"].startswith("Bearer"))
            texts.add((p["title"], p["detail"]))
        self.assertEqual(len(texts), 1)
        for header in ("", "Basic YTpi", "Bearer", "Bearer hnp1", "Bearer " + made["token"] + "x",
                       made["token"], "Bearer  " + made["token"][:-1]):
            with self.subTest(header=header):
                a = ca.ask("POST", "/v1/enroll", self.csr, {"Authorization": header, "Content-Type": "text/plain"},
                           cert=None)
                self.problem(a, 401, "token-unknown")
                self.assertNotIn(secret.encode(), a.body)
        self.assertEqual(enroll(ca, made["token"], self.csr).status, 201)

    # S4, S6, R50: a token opens one door, and an identity does not open that one
    def test_who_may_make_tokens_and_what_a_token_may(self):
        ca = self.ca
        ca.issue("client", "DNS:client.internal", profile="client")
        client = {"cert": ca.file("client.crt"), "key": ca.file("client.key")}
        body = {"profile": "server", "names": WEB}
        for role, status in (({"cert": None}, 401), (client, 403), ({}, 201)):
            self.assertEqual(ca.ask("POST", "/v1/tokens", body, **role).status, status)
            self.assertEqual(ca.ask("GET", "/v1/tokens", **role).status, {201: 200}.get(status, status))
            self.assertEqual(ca.ask("DELETE", "/v1/tokens/" + "0" * 32, **role).status,
                             {201: 404}.get(status, status))
        made = make(ca)
        bearer = {"Authorization": f"Bearer {made['token']}", "Content-Type": "text/plain"}
        for method, path, sent in (("POST", "/v1/certificates?profile=server", self.csr),
                                   ("GET", "/v1/tokens", None), ("GET", "/v1/whoami", None)):
            self.problem(ca.ask(method, path, sent, bearer, cert=None), 401, "unauthenticated")
        self.problem(ca.ask("POST", "/v1/enroll", self.csr, {"Content-Type": "text/plain"}), 401,
                     "token-unknown")
        self.assertEqual(ca.ask_http("POST", "/v1/enroll", self.csr, bearer).status, 404)
        self.problem(ca.ask("POST", "/v1/enroll?profile=client", self.csr, bearer, cert=None), 400, "malformed")
        self.assertEqual(enroll(ca, made["token"], self.csr).status, 201)

    # R55
    def test_no_token_is_in_any_log(self):
        ca = self.ca
        secrets = []
        for members in ({}, {"ttl": "1s"}):
            made = make(ca, **members)
            secrets.append(secret_of(made["token"]))
            enroll(ca, made["token"], b"no CSR")
            enroll(ca, made["token"], ca.csr("log", "DNS:log.internal"))
            enroll(ca, made["token"][:-1], self.csr)
            enroll(ca, made["token"], self.csr)
            enroll(ca, made["token"], self.csr)
            ca.ask("GET", "/v1/enroll?token=" + made["token"], cert=None)
        said = ca.said()
        self.assertIn("token-made", said)
        for secret in secrets:
            self.assertNotIn(secret[:20], said)
            for path in ca.dir.rglob("*"):
                if path.is_file():
                    self.assertNotIn(secret.encode(), path.read_bytes(), path)


class Crash(FlowTest):
    running = False

    # R51, R89: the journal has it, the database not yet
    def test_a_crash_between_journal_and_database_gives_no_second_use(self):
        ca = self.ca
        ca.start()
        csr = ca.csr("web", "DNS:web.internal")
        made = make(ca)
        roles = {name[:11]: pid for name, pid in ca.role_pids().items()}
        parent, signer, core = ca.daemon.pid, roles["hanaper-sig"], roles["hanaper-cor"]
        journal = sum(p.stat().st_size for p in (ca.dir / "journal").iterdir())
        os.kill(signer, signal.SIGSTOP)

        def ask():
            try:
                self.assertNotEqual(enroll(ca, made["token"], csr).status, 201)
            except GONE:
                pass  # the connection ended with the daemon

        asking = threading.Thread(target=ask)
        asking.start()
        ca.signer_asked(1)
        os.kill(parent, signal.SIGSTOP)
        try:
            os.kill(core, signal.SIGKILL)
            os.kill(signer, signal.SIGCONT)
            end = time.monotonic() + 10 * SLOW
            while sum(p.stat().st_size for p in (ca.dir / "journal").iterdir()) == journal:
                self.assertLess(time.monotonic(), end, "the signer journals what lay in its queue")
                time.sleep(0.02)
        finally:
            os.kill(parent, signal.SIGCONT)
        self.assertNotEqual(ca.wait_end(), 0)
        asking.join(30)
        ca.start()
        self.assertEqual(ca.ask_unix("GET", "/v1/tokens").json["tokens"][0]["status"], "used")
        self.problem(enroll(ca, made["token"], csr), 409, "token-used")
        found = ca.ask_unix("GET", f"/v1/certificates?requester=token:{made['id']}").json["certificates"]
        self.assertEqual(len(found), 1)
        ca.stop()

    def test_kills_under_load_never_give_two_certificates_for_one_token(self):
        ca = self.ca
        ca.start()
        csr = ca.csr("load", "DNS:web.internal")
        tokens, told = [], {}
        for turn in range(4):
            made = [make(ca) for _ in range(30)]
            tokens += made

            def use(part):
                for m in part:
                    for _ in range(2):
                        try:
                            a = enroll(ca, m["token"], csr)
                        except GONE:
                            continue
                        if a.status == 201:
                            told.setdefault(m["id"], []).append(a.json["serial"])

            threads = [threading.Thread(target=use, args=(made[i::3],)) for i in range(3)]
            for t in threads:
                t.start()
            time.sleep(0.05 + 0.06 * turn)
            os.kill([*ca.role_pids().values(), ca.daemon.pid][turn], signal.SIGKILL)
            ca.wait_end()
            for t in threads:
                t.join(60)
            time.sleep(0.3)  # the roles end with their parent
            ca.start()
        for m in tokens:
            try:
                a = enroll(ca, m["token"], csr)
            except GONE as why:
                raise AssertionError("the daemon serves again") from why
            if a.status == 201:
                told.setdefault(m["id"], []).append(a.json["serial"])
            else:
                self.problem(a, 409, "token-used")
        db = ca.database()
        counts = dict(db.execute("SELECT requester, count(*) FROM certificate WHERE requester LIKE 'token:%'"
                                 " GROUP BY requester"))
        db.close()
        for m in tokens:
            self.assertEqual(counts["token:" + m["id"]], 1)
            self.assertLessEqual(len(told.get(m["id"], [])), 1)
        ca.stop()


class Restore(FlowTest):
    running = False

    # S86
    def test_a_restored_database_revives_no_token(self):
        ca = self.ca
        ca.start()
        csr = ca.csr("web", "DNS:web.internal")
        used, withdrawn, pending = make(ca), make(ca), make(ca)
        ca.stop()
        copy = ca.file("yesterday.db")
        shutil.copy(ca.dir / "hanaper.db", copy)
        ca.start()
        self.assertEqual(enroll(ca, used["token"], csr).status, 201)
        self.assertEqual(ca.ask_unix("DELETE", f"/v1/tokens/{withdrawn['id']}").status, 200)
        ca.issue("more", "DNS:more.internal")  # the signer hears that core has stored the first
        ca.stop()
        for name in ("hanaper.db-wal", "hanaper.db-shm"):
            (ca.dir / name).unlink(missing_ok=True)
        shutil.copy(copy, ca.dir / "hanaper.db")
        ca.start("--recover")
        self.problem(enroll(ca, used["token"], csr), 409, "token-used")
        self.problem(enroll(ca, withdrawn["token"], csr), 409, "token-withdrawn")
        self.problem(enroll(ca, pending["token"], csr), 409, "token-withdrawn")
        self.assertRegex(ca.said(), r"token-withdrawn .*3 pending tokens")
        self.assertEqual(enroll(ca, make(ca)["token"], csr).status, 201)
        ca.stop()
        for path in ca.dir.glob("hanaper.db*"):
            path.unlink()
        ca.start("--recover")
        self.problem(enroll(ca, used["token"], csr), 401, "token-unknown")
        found = ca.ask_unix("GET", f"/v1/certificates?requester=token:{used['id']}").json["certificates"]
        self.assertEqual(len(found), 1)
        ca.stop()


class Timing(FlowTest):
    # S72
    def test_an_unknown_token_takes_as_long_as_a_wrong_one(self):
        ca = self.ca
        head, root, secret = make(ca)["token"].split(".")
        other_root = base64.urlsafe_b64encode(bytes(32)).decode().rstrip("=")
        wrong = f"{head}.{other_root}.{secret}"
        unknown = f"{head}.{root}.{other_root}"
        connection, took = ca.connect(cert=None), {wrong: [], unknown: []}
        for _ in range(200):
            for token, times in took.items():
                began = time.perf_counter()
                enroll(ca, token, b"", connection=connection)
                times.append(time.perf_counter() - began)
        a, b = (statistics.median(t) for t in took.values())
        self.assertLess(abs(a - b), 0.5 * max(a, b) + 0.001)
