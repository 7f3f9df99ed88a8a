# SPDX-License-Identifier: Apache-2.0
"""Delta CRLs: what is on them, who names them, and what strangers make of base and delta."""
import http.client
import json
import re
import time

from der import CRL
from hnp import BUILD, SLOW, FlowTest, run
from test_metrics import parse

BASE, FRESHEST = "2.5.29.27", "2.5.29.46"
DELTA = "/crl/main/delta.crl"


def configure(ca, **settings):
    """Writes 'crl' of hanaper.yaml."""
    path = ca.dir / "hanaper.yaml"
    line = ", ".join(f"{k}: {v}" for k, v in {"interval": "1h", "next_update": "24h", "debounce": "0s",
                                              **settings}.items())
    path.write_text(re.sub(r"(?m)^crl: \{.*\}$", f"crl: {{ {line} }}", path.read_text()))


class DeltaTest(FlowTest):
    running = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        configure(cls.ca, delta="5m")
        cls.ca.start()

    def get(self, path):
        a = self.ca.ask_http("GET", path)
        self.assertEqual(a.status, 200, (path, a))
        return CRL(a.body)

    def wait_for(self, path, condition, seconds=10):
        end = time.monotonic() + seconds * SLOW
        while True:
            a = self.ca.ask_http("GET", path)
            if a.status == 200 and condition(crl := CRL(a.body)):
                crl.octets = a.body
                return crl
            self.assertLess(time.monotonic(), end, path)
            time.sleep(0.02)

    def base_of(self, crl):
        critical, value = crl.extensions[BASE]
        self.assertTrue(critical)
        self.assertEqual(value.whole[0], 2)
        return int.from_bytes(value.whole[2:], "big")

    def pem(self, name, octets):
        """A list as PEM, its signature verified by openssl and certtool."""
        der, pem = self.ca.file(name), self.ca.file(name + ".pem")
        der.write_bytes(octets)
        run("openssl", "crl", "-inform", "DER", "-in", der, "-out", pem)
        self.assertIn("verify OK", run("openssl", "crl", "-verify", "-CAfile", self.ca.issuers_pem(), "-in", pem,
                                       "-noout").stderr)
        run("certtool", "--verify-crl", "--no-text", "--load-ca-certificate", self.ca.issuers_pem(), "--infile", pem)
        run(BUILD / "hanaper", "lint", der)
        return pem

    def judge(self, base, lists, *options):
        """What openssl verify says of a leaf with these lists: good, revoked, or all of it."""
        both = self.ca.file("both.pem")
        both.write_text("".join(p.read_text() for p in lists))
        done = run("openssl", "verify", "-x509_strict", "-crl_check", *options, "-CAfile", self.ca.dir / "root.crt",
                   "-untrusted", self.ca.issuers_pem(), "-CRLfile", both, self.ca.file(base + ".leaf.crt"),
                   check=False)
        text = done.stdout + done.stderr
        if "certificate revoked" in text:
            return "revoked"
        return "good" if done.returncode == 0 else text


class Delta(DeltaTest):
    def test_what_changed_is_on_it_and_strangers_add_it_to_an_old_base(self):
        """P69, P61, P32, P71, S84: an old list and the delta together say what the newest says."""
        ca = self.ca
        old = self.wait_for("/crl/main.crl", lambda crl: FRESHEST in crl.extensions)
        old_pem = self.pem("old.crl", old.octets)
        url = f"http://127.0.0.1:{ca.http_port}{DELTA}".encode()
        critical, value = old.extensions[FRESHEST]
        self.assertFalse(critical)
        self.assertTrue(value.whole.endswith(url))
        self.wait_for(DELTA, lambda crl: crl.number > old.number)
        serials = {base: ca.issue(base, f"DNS:{base}.internal") for base in ("gone", "kept", "raised")}
        text = run("openssl", "x509", "-in", ca.file("gone.leaf.crt"), "-noout", "-text").stdout
        self.assertRegex(text, r"X509v3 Freshest CRL: *\n\s*Full Name:\n\s*URI:" + re.escape(url.decode()))
        run(BUILD / "hanaper", "lint", ca.file("gone.leaf.crt"))
        self.assertEqual(ca.revoke(serials["gone"]).status, 200)
        self.assertEqual(ca.revoke(serials["raised"]).status, 200)
        self.assertEqual(ca.revoke(serials["raised"], "keyCompromise").status, 200)
        delta = self.wait_for(DELTA, lambda crl: crl.entries.get(serials["raised"], (0, 0))[1] == 1)
        self.assertIn(serials["gone"], delta.entries)
        self.assertNotIn(serials["kept"], delta.entries)
        self.assertEqual(set(delta.extensions), {"authorityKeyIdentifier", "cRLNumber", BASE})
        self.assertLessEqual(self.base_of(delta), old.number)
        self.assertEqual(delta.next_update.time - delta.this_update.time, 600)
        newest = self.wait_for("/crl/main.crl", lambda crl: crl.entries.get(serials["raised"], (0, 0))[1] == 1)
        self.assertEqual({s: e for s, e in newest.entries.items() if s in delta.entries}, delta.entries)
        self.assertNotEqual(newest.number, delta.number)
        delta_pem = self.pem("delta.crl", delta.octets)
        for base, says in (("gone", "revoked"), ("raised", "revoked"), ("kept", "good")):
            with self.subTest(base):
                self.assertEqual(self.judge(base, [old_pem]), "good", "the old one does not know")
                self.assertEqual(self.judge(base, [old_pem, delta_pem], "-extended_crl", "-use_deltas"), says)
        a = ca.ask_http("GET", DELTA)
        self.assertEqual(a.headers["Content-Type"], "application/pkix-crl")
        self.assertEqual(ca.ask_http("GET", DELTA, headers={"If-None-Match": a.headers["ETag"]}).status, 304)
        self.assertEqual(ca.ask_http("GET", "/crl/root/delta.crl").status, 404)

    def test_the_command_and_the_api_show_it(self):
        """hanaper crl main/delta; GET /v1/issuers."""
        ca = self.ca
        self.wait_for(DELTA, lambda crl: True)
        shown = json.loads(run(BUILD / "hanaper", "crl", "main/delta", "--json", "--dir", ca.dir).stdout)
        delta = self.get(DELTA)
        self.assertEqual((shown["number"], shown["base"]), (delta.number, self.base_of(delta)))
        self.assertRegex(run(BUILD / "hanaper", "crl", "main/delta", "--dir", ca.dir).stdout, r"since number +\d+\n")
        issuers = {i["name"]: i for i in ca.ask("GET", "/v1/issuers").json["issuers"]}
        self.assertEqual(issuers["main"]["crl_delta"]["base"], shown["base"])
        self.assertNotIn("crl_delta", issuers["root"])
        done = run(BUILD / "hanaper", "crl", "root/delta", "--dir", ca.dir, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("crl.delta", done.stderr)
        self.assertIn("hanaper crl root", done.stderr)


    def test_metrics_tell_of_the_list_of_all_alone(self):
        """A series stands once: parse() refuses it twice."""
        self.wait_for(DELTA, lambda crl: True)
        sizes = [len(self.ca.ask_http("GET", "/crl/main.crl").body)]
        conn = http.client.HTTPConnection("127.0.0.1", self.ca.metrics_port, timeout=30)
        conn.request("GET", "/metrics")
        families = parse(conn.getresponse().read().decode())
        conn.close()
        for what in ("number", "entries", "size_bytes", "this_update_timestamp_seconds", "next_update_timestamp_seconds"):
            samples = families["hanaper_crl_" + what][2]
            self.assertEqual({dict(labels)["issuer"] for _, labels in samples}, {"root", "main"})
        size = families["hanaper_crl_size_bytes"][2]["hanaper_crl_size_bytes", (("issuer", "main"),)]
        sizes.append(len(self.ca.ask_http("GET", "/crl/main.crl").body))
        self.assertIn(size, sizes)

    # S86
    def test_a_delta_does_not_say_what_was_revoked_since_a_backup(self):
        """It lacks what was revoked before its base: what it was silent of would be good again."""
        ca = self.ca
        delta, backup = ca.file("main.delta.crl"), ca.file("b.tar")
        delta.write_bytes(self.wait_for(DELTA, lambda crl: True).octets)
        run(BUILD / "hanaper", "backup", backup, "--dir", ca.dir, "--with-keys")
        done = run(BUILD / "hanaper", "restore", backup, "--dir", ca.file("into"), "--crl", delta, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("take the issuer's full CRL", done.stderr)


class Changed(DeltaTest):
    def test_off_on_restarted_and_rebuilt(self):
        """P69, P61, R91: off, on, beside shards, over a database that is rebuilt; numbers grow."""
        ca = self.ca
        number = self.wait_for(DELTA, lambda crl: True).number

        def reload(**settings):
            configure(ca, **settings)
            run(BUILD / "hanaper", "reload", "--dir", ca.dir)

        reload(delta="0s")
        ca.issue("without", "DNS:without.internal")
        text = run("openssl", "x509", "-in", ca.file("without.leaf.crt"), "-noout", "-text").stdout
        self.assertNotIn("Freshest CRL", text)
        reload(delta="3s")
        number = self.wait_for(DELTA, lambda crl: crl.number > number).number
        number = self.wait_for(DELTA, lambda crl: crl.number > number, 20).number  # by itself
        reload(delta="5m", shards=4)
        ca.issue("shard", "DNS:shard.internal")
        text = run("openssl", "x509", "-in", ca.file("shard.leaf.crt"), "-noout", "-text").stdout
        self.assertNotIn("Freshest CRL", text, "it adds to the list of all")
        ca.stop()
        self.assertTrue((ca.dir / "pub/crl/main/4-0.crl").exists())
        configure(ca, delta="5m")
        for name in ("hanaper.db", "hanaper.db-wal", "hanaper.db-shm"):
            (ca.dir / name).unlink(missing_ok=True)
        ca.start("--recover")
        serial = ca.issue("after", "DNS:after.internal")
        self.assertEqual(ca.revoke(serial).status, 200)
        crl = self.wait_for(DELTA, lambda crl: serial in crl.entries)
        self.assertGreater(crl.number, number)
        done = run(BUILD / "hanaper", "audit", "verify", "--dir", ca.dir)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertTrue((ca.dir / "pub/crl/main/4-0.crl").exists(), "a certificate names it")

    def test_lists_of_a_shorter_life_do_not_hide_those_in_force(self):
        """P69: next_update was made shorter: the delta still adds to a list of the longer life."""
        ca = self.ca
        for settings in ({"delta": "1s", "next_update": "24h"}, {"delta": "1s", "next_update": "4s", "interval": "1s"}):
            configure(ca, **settings)
            run(BUILD / "hanaper", "reload", "--dir", ca.dir)
            if "interval" not in settings:
                old = self.wait_for("/crl/main.crl", lambda crl: crl.next_update.time - crl.this_update.time > 80000)
        short = self.wait_for("/crl/main.crl", lambda crl: crl.next_update.time - crl.this_update.time == 4)
        end = time.monotonic() + 6  # some of the short ones end
        while time.monotonic() < end:
            time.sleep(0.1)
        ca.stop()
        ca.start()  # and it is remembered
        for _ in range(2):
            number = self.get(DELTA).number
            delta = self.wait_for(DELTA, lambda crl: crl.number > number)
            self.assertLess(old.number, short.number)
            self.assertLessEqual(self.base_of(delta), old.number)
        configure(ca, delta="5m")
        run(BUILD / "hanaper", "reload", "--dir", ca.dir)

    def test_what_nobody_looks_for_is_removed(self):
        """P68: files of a set of shards go when no certificate names it any more, at the next start."""
        ca = self.ca
        ca.stop()
        configure(ca, delta="5m", shards=3)
        ca.start()
        self.wait_for("/crl/main/3-2.crl", lambda crl: True)
        ca.stop()
        configure(ca)
        (ca.dir / "pub/crl/main/3-0.crl.new").write_bytes(b"of a crash")
        ca.start()
        self.assertTrue((ca.dir / "pub/crl/main/3-2.crl").exists(), "the listener's certificate names it")
        self.assertFalse((ca.dir / "pub/crl/main/delta.crl").exists())
        ca.stop()
        run("sqlite3", ca.dir / "hanaper.db", "UPDATE crl_place SET not_after = 1")  # as if they had ended
        ca.start()
        self.assertEqual([p.name for p in (ca.dir / "pub/crl/main").iterdir()], [])
        self.assertEqual(ca.ask_http("GET", "/crl/main/3-2.crl").status, 404)
        self.assertEqual(ca.ask_http("GET", DELTA).status, 404)
