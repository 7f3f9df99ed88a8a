# SPDX-License-Identifier: Apache-2.0
"""A hostile client: whatever it sends, the daemon lives, and others are served."""
import contextlib
import re
import resource
import socket
import sqlite3
import ssl
import subprocess
import threading
import time

from hnp import BUILD, SLOW, FlowTest, run

TEXT = {"Content-Type": "text/plain"}


def evil_rsa(ca, name):
    """NAME.key, NAME.crt: a private exponent of 17 bits, so that the public one is as long as the modulus."""
    text = run("openssl", "rsa", "-in", ca.file(name + ".good"), "-noout", "-text").stdout

    def number(field):
        return int(re.sub(r"[\s:]", "", re.search(field + r":\n((?:    .*\n)+)", text)[1]), 16)

    p, q, d = number("prime1"), number("prime2"), 65537
    members = {"v": 0, "n": p * q, "e": pow(d, -1, (p - 1) * (q - 1)), "d": d, "p": p, "q": q,
               "dp": d % (p - 1), "dq": d % (q - 1), "qi": pow(q, -1, p)}
    ca.file("asn1.cnf").write_text("asn1=SEQUENCE:k\n[k]\n" + "".join(
        f"{k}=INTEGER:{v}\n" for k, v in members.items()))
    run("openssl", "asn1parse", "-genconf", ca.file("asn1.cnf"), "-noout", "-out", ca.file("key.der"))
    run("openssl", "rsa", "-inform", "DER", "-in", ca.file("key.der"), "-out", ca.file(name + ".key"))
    run("openssl", "req", "-new", "-x509", "-key", ca.file(name + ".key"), "-subj", "/CN=admin",
        "-days", "2", "-out", ca.file(name + ".crt"))


class Attack(FlowTest):
    def tearDown(self):
        self.assertIsNone(self.ca.daemon.poll(), self.ca.said()[-2000:])
        self.assertEqual(self.ca.ask("GET", "/v1/whoami").status, 200)

    def test_a_caller_with_a_very_long_name_ends_nobody(self):
        """The signer takes a requester of 1 KiB; a SPIFFE ID may have two."""
        uri = "spiffe://example.internal/" + "a" * 1900
        serial = self.ca.issue("long", "URI:" + uri, profile="spiffe")
        mine = {"cert": self.ca.file("long.crt"), "key": self.ca.file("long.key")}
        who = self.ca.ask("GET", "/v1/whoami", **mine).json
        self.assertEqual(who["names"], [{"type": "uri", "value": uri}])
        self.assertLess(len(who["identity"]), 600)
        self.assertIn(serial, who["identity"])
        self.assertEqual(self.ca.revoke(serial, **mine).status, 200)
        self.assertEqual(self.ca.ocsp(serial), "revoked")

    # R16, S67
    def test_a_client_key_that_is_dear_to_verify_is_refused_before(self):
        run("openssl", "genrsa", "-out", self.ca.file("evil.good"), "2048")
        evil_rsa(self.ca, "evil")
        context = self.ca.context(self.ca.file("evil.crt"), self.ca.file("evil.key"))
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context.maximum_version = version
            with self.subTest(version), self.assertRaises(OSError):
                with socket.create_connection(("127.0.0.1", self.ca.api_port), 10) as s:
                    with context.wrap_socket(s, server_hostname="localhost") as tls:
                        tls.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                        if not tls.recv(100):
                            raise ConnectionResetError

    # S66, R86
    def test_who_begins_another_handshake_within_one_is_cut_off(self):
        """TLS 1.2's renegotiation: a private key's work for a few octets, as often as a client likes (CVE-2011-1473)."""
        with subprocess.Popen(["openssl", "s_client", "-tls1_2", "-connect", f"localhost:{self.ca.api_port}",
                               "-CAfile", self.ca.dir / "root.crt"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as client:
            timer = threading.Timer(20 * SLOW, client.kill)
            timer.start()
            said = b""
            while not said.rstrip().endswith(b"---") or b"Verify return code: 0 (ok)" not in said:
                said += (line := client.stdout.readline())
                self.assertTrue(line, said)
            client.stdin.write(b"R\n")  # and its input stays open: nobody but the server ends it
            client.stdin.flush()
            said = client.stdout.read()
            self.assertIn(b"RENEGOTIATING", said)
            self.assertNotIn(b"Verify return code", said, "no second handshake")
            self.assertIn(client.wait(), (0, 1), "by itself: its connection is closed, or gone")
            timer.cancel()

    # R8, R84
    def test_what_a_client_writes_stays_text_in_the_log(self):
        """Neither a control character of ISO 6429's 8 bit form nor one that turns the writing around."""
        csr = self.ca.csr("log", "DNS:log.internal").decode()
        bad = "\u009b31m\u202e\u2028\n2026-01-01T00:00:00Z info core issued"
        good = {"profile": "server", "csr": csr}
        for body in ({**good, bad: 1}, {**good, "metadata": {bad: 1}}, {**good, "profile": bad}):
            a = self.ca.ask("POST", "/v1/certificates", body)
            self.assertIn(a.status, (400, 422), a)
            self.assertTrue(a.json["detail"], a)
        for text in ("%9b31m", "%ff", "%c2%9b", "%e2%80%ae", "%0a"):
            self.problem(self.ca.ask("GET", f"/v1/certificates?{text}=1"), 400, "malformed", "query")
            if text == "%0a":
                continue
            p = self.problem(self.ca.ask("POST", f"/v1/certificates?profile={text}", csr, TEXT), 422, "policy",
                             "profile")
            self.assertEqual(p["violations"][0]["rule"], "profile", p)
        said = self.ca.said().encode("utf-8", "surrogateescape")
        self.assertTrue(all(c < 0x7f and (c >= 0x20 or c == 0x0a) for c in said),
                        [c for c in said if c >= 0x7f])
        self.assertNotRegex(said, rb"(?m)^2026-01-01T")

    def test_a_query_beside_json_is_refused(self):
        csr = self.ca.csr("query", "DNS:query.internal").decode()
        a = self.ca.ask("POST", "/v1/certificates?profile=client", {"profile": "server", "csr": csr})
        self.problem(a, 400, "malformed", "profile")

    def test_a_query_that_a_route_does_not_know_is_refused(self):
        serial = self.ca.ask("GET", "/v1/certificates?limit=1").json["certificates"][0]["serial"]
        for path in ("/v1/whoami", "/v1/profiles", "/v1/issuers", "/v1/stats", f"/v1/certificates/{serial}"):
            with self.subTest(path):
                self.assertEqual(self.ca.ask("GET", path).status, 200)
                self.problem(self.ca.ask("GET", path + "?verbose=1"), 400, "malformed", "verbose")
                self.problem(self.ca.ask("GET", path + "?a"), 400, "malformed", "query")
        self.problem(self.ca.ask("DELETE", "/v1/tokens/x?force=1"), 400, "malformed", "force")

    # S61, S62, R82
    def test_idle_connections_do_not_keep_others_out(self):
        resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
        for port, n, ask in ((self.ca.api_port, 1100, lambda: self.ca.ask("GET", "/healthz")),
                             (self.ca.http_port, 4300, lambda: self.ca.ask_http("GET", "/crl/main.crl"))):
            with self.subTest(connections=n), contextlib.ExitStack() as idle:
                for _ in range(n):
                    idle.enter_context(socket.create_connection(("127.0.0.1", port), 10))
                began = time.monotonic()
                self.assertEqual(ask().status, 200)
                self.assertLess(time.monotonic() - began, 5 * SLOW)

    # P54
    def test_a_responders_public_key_is_refused_without_an_alarm(self):
        serial = self.ca.issue("of", "DNS:of.internal")
        self.ca.ocsp(serial, "-respout", self.ca.file("response.der"))
        text = run("openssl", "ocsp", "-respin", self.ca.file("response.der"), "-text", "-noverify").stdout
        self.ca.file("responder.crt").write_text(text[text.index("-----BEGIN CERT"):])
        pem = run("openssl", "x509", "-in", self.ca.file("responder.crt"), "-noout", "-pubkey").stdout
        self.ca.file("responder.pub").write_text(pem)

        def spki(*options):
            return run("openssl", "pkey", *options, "-pubout", "-outform", "DER", text=False).stdout

        self.ca.csr("copy", "DNS:copy.internal")
        csr = run("openssl", "req", "-in", self.ca.file("copy.csr"), "-outform", "DER", text=False).stdout
        theirs = spki("-pubin", "-in", self.ca.file("responder.pub"))
        mine = spki("-in", self.ca.file("copy.key"))
        self.assertEqual(len(mine), len(theirs))
        a = self.ca.ask("POST", "/v1/certificates?profile=server", csr.replace(mine, theirs),
                        {"Content-Type": "application/pkcs10"})
        self.problem(a, 400, "bad-key", "own")
        self.assertNotIn("oracle-refused", self.ca.said())


class Crowded(FlowTest):
    """A database of many certificates."""

    N = 150000
    AUDIT = 100000
    TOKENS = 3000

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.serial = cls.ca.issue("first", "DNS:first.internal")
        cls.ca.stop()
        with contextlib.closing(sqlite3.connect(cls.ca.dir / "hanaper.db")) as db:
            columns = [row[1] for row in db.execute("PRAGMA table_info(certificate)")]
            last = db.execute("SELECT * FROM certificate ORDER BY id DESC LIMIT 1").fetchone()
            at = {name: i for i, name in enumerate(columns)}
            first = 1000000  # far from the ids of what the daemon goes on to issue

            def rows():
                for i in range(cls.N):
                    row = list(last)
                    row[at["id"]] = first + i
                    row[at["serial"]] = b"\x01" + i.to_bytes(18, "big") + b"\x01"
                    row[at["note"]] = b'{"metadata":{"k":"%s"}}' % (b"v" * 12000) if i < 3000 else b""
                    yield row

            db.executemany(f"INSERT INTO certificate VALUES ({','.join('?' * len(columns))})", rows())
            db.executemany("INSERT INTO certificate_name (certificate_id, position, type, value) VALUES (?, ?, 2, ?)",
                           ((first + i, 1 + k, f"host{i}-{k}.rack.internal")
                            for i in range(cls.N) for k in range(2)))
            db.execute("INSERT INTO certificate_search (rowid, text) SELECT certificate_id, group_concat(value, char(10))"
                       " FROM certificate_name WHERE certificate_id >= ? GROUP BY certificate_id", (first,))
            cls.add_audit(db)
            cls.add_tokens(db)
            db.commit()
        cls.ca.start()

    @classmethod
    def add_tokens(cls, db):
        """Large ones, used, and many without a name among them."""
        db.executemany("INSERT INTO token (num, id, rest, profile, uses, uses_left, expires_at, created_at, created_by,"
                       " request_id, metadata) VALUES (?, ?, zeroblob(16), 'server', 1, 0, 1, 1, 'cert:admin', 'r', ?)",
                       ((50 * i + 1, i.to_bytes(16, "big"), '{"k":"%s"}' % ("v" * 3000)) for i in range(cls.TOKENS)))
        db.executemany("INSERT INTO token_name VALUES (?, ?, 2, ?)",
                       ((50 * i + 1, k, f"{'a' * 60}.host{k}.internal") for i in range(cls.TOKENS) for k in range(20)))

    @classmethod
    def add_audit(cls, db):
        columns = "at, kind, request_id, identity, profile, issuer, names, serial, object, result, reason"
        sql = f"INSERT INTO audit ({columns}) VALUES (?, 7, 'r', ?, 'server', 'main', ?, '', '', 'policy', 'no')"
        at = int(time.time()) - 86400
        db.executemany(sql, ((at + i // 10, "cert:client", "dns:a.internal") for i in range(cls.AUDIT)))
        wordy = " ".join(f"dns:{'a' * 60}.{'b' * 60}.{'c' * 60}.host{i}.internal" for i in range(100))
        db.executemany(sql, ((at + cls.AUDIT, "cert:wordy", wordy) for i in range(1200)))

    # S32
    def test_searches_do_not_keep_others_waiting(self):
        done = threading.Event()
        found = []

        def search():
            with contextlib.closing(self.ca.connect()) as connection:
                while not done.is_set():
                    a = self.ca.ask("GET", "/v1/certificates?q=nowhere", connection=connection)
                    found.append((a.status, a.json.get("certificates")))

        searchers = [threading.Thread(target=search) for _ in range(16)]
        for t in searchers:
            t.start()
        try:
            time.sleep(0.5)
            for _ in range(5):
                began = time.monotonic()
                self.assertEqual(self.ca.ocsp(self.serial), "good")
                self.assertLess(time.monotonic() - began, 1 * SLOW)
        finally:
            done.set()
            for t in searchers:
                t.join()
        # One identity has eight at a time; the others of its own are told to wait.
        self.assertEqual(set(map(str, found)) | {"(429, None)"}, {"(200, [])", "(429, None)"})
        self.assertIn((200, []), found)

    # S32
    def test_pages_of_tokens_are_bounded_and_go_through_all_of_them(self):
        nums, cursor, pages = 0, "", 0
        while cursor is not None:
            a = self.ca.ask("GET", "/v1/tokens?status=used&limit=1000" + (cursor and "&cursor=" + cursor))
            self.assertLess(len(a.body), 16 << 20)
            nums += len(a.json["tokens"])
            pages += 1
            cursor = a.json.get("next_cursor")
        self.assertEqual(nums, self.TOKENS)
        self.assertGreater(pages, 2)
        self.assertEqual(self.ca.ask("GET", "/v1/tokens?status=expired&limit=5").json, {"tokens": []})

    # S32
    def test_the_audit_does_not_keep_others_waiting_either(self):
        """Filters that no index leads to: each look goes through all of its rows."""
        done = threading.Event()
        found = []

        def search(query):
            with contextlib.closing(self.ca.connect()) as connection:
                while not done.is_set():
                    a = self.ca.ask("GET", "/v1/audit?" + query, connection=connection)
                    found.append((a.status, a.json.get("events")))

        searchers = [threading.Thread(target=search, args=(q,)) for q in (
            "event=token-used&identity=cert:client", "event=token-used&after=5",
            "identity=cert:client&event=stopped&limit=1000") for _ in range(2)]
        for t in searchers:
            t.start()
        try:
            time.sleep(0.3)
            for _ in range(5):
                began = time.monotonic()
                self.assertEqual(self.ca.ocsp(self.serial), "good")
                self.assertLess(time.monotonic() - began, 1 * SLOW)
        finally:
            done.set()
            for t in searchers:
                t.join()
        self.assertEqual(set(map(str, found)), {"(200, [])"})

    def test_pages_of_the_audit_go_through_all_of_it(self):
        ids, query = [], "identity=cert:client&limit=1000"
        cursor = ""
        while cursor is not None:
            a = self.ca.ask("GET", f"/v1/audit?{query}{cursor and '&cursor=' + cursor}").json
            ids += [e["id"] for e in a["events"]]
            cursor = a.get("next_cursor")
        self.assertEqual(ids, sorted(set(ids), reverse=True))
        self.assertEqual(len(ids), self.AUDIT)
        a = self.ca.ask("GET", "/v1/audit?event=token-used&after=0").json
        self.assertEqual(a["events"], [])
        self.assertGreaterEqual(a["after"], self.AUDIT, "what was looked at need not be again")

    def test_a_page_of_large_rows_of_the_audit_is_shorter_and_goes_on(self):
        a = self.ca.ask("GET", "/v1/audit?identity=cert:wordy&limit=1000")
        self.assertEqual(a.status, 200, a)
        n = len(a.json["events"])
        self.assertTrue(5 < n < 1000, n)
        b = self.ca.ask("GET", f"/v1/audit?identity=cert:wordy&limit=1&cursor={a.json['next_cursor']}")
        self.assertEqual(b.json["events"][0]["id"], a.json["events"][-1]["id"] - 1)
        a = self.ca.ask("GET", "/v1/audit?after=0&limit=1000&identity=cert:wordy").json
        b = self.ca.ask("GET", f"/v1/audit?after={a['after']}&limit=1&identity=cert:wordy").json
        self.assertEqual(b["events"][0]["id"], a["events"][-1]["id"] + 1)

    def test_pages_go_through_all_of_it(self):
        for query, wanted in (("q=host14999", 11), ("q=-1.rack.internal&limit=1000", 1000),
                              ("dns=host7-0.rack.internal", 1), ("q=first", 1), ("q=nowhere", 0),
                              ("limit=1000", 1000), ("limit=1", 1), ("status=expired", 0),
                              ("dns=first.internal", 1)):
            with self.subTest(query):
                a = self.ca.ask("GET", "/v1/certificates?" + query)
                self.assertEqual((a.status, len(a.json["certificates"])), (200, min(wanted, 1000)), query)
                self.assertEqual("next_cursor" in a.json, query.startswith("limit") or wanted == 1000)
        serials, cursor = [], None
        while True:
            a = self.ca.ask("GET", "/v1/certificates?q=host9&limit=1000" + (f"&cursor={cursor}" if cursor else ""))
            serials += [c["serial"] for c in a.json["certificates"]]
            cursor = a.json.get("next_cursor")
            if cursor is None:
                break
        self.assertEqual((len(serials), len(set(serials))), (11111, 11111))

    def test_a_page_of_large_rows_is_shorter_and_goes_on(self):
        a = self.ca.ask("GET", "/v1/certificates?limit=1000&cursor=1003000")
        self.assertEqual(a.status, 200, a)
        self.assertLess(len(a.body), 16 << 20)
        n = len(a.json["certificates"])
        self.assertTrue(100 < n < 1000, n)
        b = self.ca.ask("GET", f"/v1/certificates?limit=1&cursor={a.json['next_cursor']}")
        self.assertEqual(int(a.json["certificates"][-1]["serial"][2:38], 16),
                         int(b.json["certificates"][0]["serial"][2:38], 16) + 1)


class Refused(FlowTest):
    # S32, R84
    def test_a_flood_of_one_identity_leaves_few_rows_and_lines(self):
        """Whoever has any certificate may be refused as often as he likes: at our cost, but little of it."""
        ca = self.ca
        ca.issue("mallory", "DNS:mallory.internal", profile="client")
        with contextlib.closing(ca.connect(ca.file("mallory.crt"), ca.file("mallory.key"))) as connection:
            for _ in range(2000):
                a = ca.ask("POST", "/v1/tokens", {"profile": "server"}, connection=connection)
                self.assertIn(a.status, (403, 429), a)
        self.problem(ca.ask("POST", "/v1/certificates?profile=nothing", ca.csr("o", "DNS:o.internal"), TEXT),
                     422, "policy")  # others are still told of
        time.sleep(1.5)
        events = ca.ask("GET", "/v1/audit?limit=1000").json["events"]
        rows = [e for e in events if e["event"] == "refused"]
        mine = [e for e in rows if e["identity"] != "cert:admin"]
        self.assertTrue(200 < len(mine) < 500, len(mine))
        self.assertEqual(len(rows) - len(mine), 1)
        dropped = sum(int(re.match(r"\d+", e["reason"])[0]) for e in events if e["event"] == "dropped")
        self.assertEqual(len(mine) + dropped, 2000)
        self.assertLess(len(re.findall(r"(?m)^\S+ \S+ core refused ", ca.said())), 510)
        run(BUILD / "hanaper", "audit", "verify", "--dir", ca.dir)

    def test_strangers_with_tokens_that_are_none_cost_ten_lines_a_second(self):
        ca = self.ca
        with contextlib.closing(ca.connect(None)) as connection:
            for _ in range(350):
                a = ca.ask("POST", "/v1/enroll", b"x", {**TEXT, "Authorization": "Bearer hnp1.a.b"},
                           connection=connection)
                self.assertIn(a.status, (401, 429), a)
        self.assertLess(len(re.findall("refused .*path=/v1/enroll", ca.said())), 60)


class Asking:
    """Clients that each ask again before they would be cut off, and come again when they were."""

    def __init__(self, port, n):
        self.port, self.clients, self.done = port, [None] * n, threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.connect()
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
        for s in self.clients:
            s.close()

    def connect(self):
        self.clients = [s or socket.create_connection(("127.0.0.1", self.port), 10) for s in self.clients]

    def run(self):
        while not self.done.wait(1.2):
            for i, s in enumerate(self.clients):
                s.setblocking(False)
                try:
                    s.send(b"GET /ca/main.crt HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    gone = s.recv(1 << 16) == b""
                except BlockingIOError:
                    gone = False
                except OSError:
                    gone = True
                if gone:
                    s.close()
                    self.clients[i] = None
            self.connect()


class FewDescriptors(FlowTest):
    running = False

    def setUp(self):
        self.ca.start(wrap=("prlimit", "--nofile=512:512"))
        self.addCleanup(self.ca.stop)

    # S62
    def test_who_goes_on_asking_keeps_no_place_when_others_wait(self):
        ca = self.ca
        with Asking(ca.http_port, 300):
            time.sleep(3)
            for _ in range(3):
                began = time.monotonic()
                self.assertEqual(ca.ask_http("GET", "/crl/main.crl").status, 200)
                self.assertLess(time.monotonic() - began, 8 * SLOW)

    # S62
    def test_one_listener_does_not_take_all_of_them(self):
        ca = self.ca
        with contextlib.ExitStack() as idle:
            for _ in range(350):
                idle.enter_context(socket.create_connection(("127.0.0.1", ca.http_port), 10))
            began = time.monotonic()
            for ask in (ca.ask, ca.ask_unix, ca.ask):
                self.assertEqual(ask("GET", "/healthz").status, 200)
            self.assertLess(time.monotonic() - began, 2 * SLOW)
            self.assertEqual(ca.ask_http("GET", "/crl/main.crl").status, 200)
            self.assertLess(time.monotonic() - began, 8 * SLOW)
