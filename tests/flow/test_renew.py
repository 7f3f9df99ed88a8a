# SPDX-License-Identifier: Apache-2.0
"""Renewal over mTLS and what it must refuse; families of certificates and their end."""
import fcntl
import json
import os
import pathlib
import re
import shutil
import socket
import sqlite3
import ssl
import subprocess
import threading
import time
import unittest

from hnp import BUILD, SLOW, FlowTest, free_port, run

# Both uses, one use; lives of seconds.
PROFILES = """
  - name: flash
    usages: [server auth, client auth]
    validity: { default: 25s, max: 30s, backdate: 5s }
    names: { dns: ["*.internal", "localhost"], ip: ["127.0.0.1/32"] }
  - name: listed
    usages: [client auth]
    names: { dns: ["*.internal"] }
"""
GRANTS = """
  - who: { any: true }
    may: [renew]
    profiles: [flash, short, spiffe]
    names: own
  - who: { any: true }
    may: [renew]
    profiles: [listed]
    names: { dns: ["*.good.internal"] }
"""


def prepare(ca, more=""):
    """Adds the profiles and grants of these tests to a CA's configuration."""
    conf = ca.dir / "hanaper.yaml"
    text = conf.read_text()
    text = text.replace("\nprofiles:\n", "\nprofiles:" + PROFILES, 1)
    text = re.sub(r"\n\n# A CRL each", GRANTS + r"\n# A CRL each", text, count=1)
    conf.write_text(text + more)


class RenewTest(FlowTest):
    more = ""
    running = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        prepare(cls.ca, cls.more)
        cls.ca.start()

    def renew(self, base, to, *names, csr=None, **kw):
        """BASE's certificate is followed by TO's; the answer."""
        ca = self.ca
        csr = csr or ca.csr(to, *names, **kw)
        a = ca.ask("POST", "/v1/renew", csr, {"Content-Type": "text/plain"},
                   cert=ca.file(base + ".crt"), key=ca.file(base + ".key"))
        if a.status == 201:
            ca.file(to + ".crt").write_text(a.json["chain"])
        return a

    def follow(self, base, to, **kw):
        a = self.renew(base, to, **kw)
        self.assertEqual(a.status, 201, a)
        return a.json["serial"]

    def show(self, serial):
        a = self.ca.ask("GET", f"/v1/certificates/{serial}")
        self.assertEqual(a.status, 200, a)
        return a.json

    def issue_with(self, name, metadata):
        csr = self.ca.csr(name, f"DNS:{name}.internal").decode()
        body = {"profile": "peer", "csr": csr, "metadata": metadata}
        a = self.ca.ask("POST", "/v1/certificates", body)
        if a.status == 201:
            self.ca.file(name + ".crt").write_text(a.json["chain"])
        return a

    def lineage(self, serial):
        v = self.show(serial)
        return v.get("parent"), v["lineage"]

    def none_slips_through(self, base, serial, path, csr):
        """Of what BASE's key asks for at PATH while its lineage is revoked nothing stays valid."""
        ca = self.ca
        connections = [ca.connect(ca.file(base + ".crt"), ca.file(base + ".key")) for _ in range(8)]
        admin = ca.connect()
        for c in connections + [admin]:
            c.connect()
        for round_ in range(3):
            for c in connections[:4 + round_]:
                c.request("POST", path, csr, {"Content-Type": "text/plain"})
            if round_ == 1:
                admin.request("POST", f"/v1/certificates/{serial}/revoke?lineage=true")
            for c in connections[:4 + round_]:
                c.getresponse().read()
        self.assertEqual(admin.getresponse().status, 200)
        found = ca.ask("GET", f"/v1/certificates?dns={base}.internal").json["certificates"]
        self.assertGreaterEqual(len(found), 5)
        self.assertEqual({c["status"] for c in found}, {"revoked"})
        for c in connections + [admin]:
            c.close()


class Renewal(RenewTest):
    def test_a_new_key_or_the_old_one_under_the_same_names_and_profile(self):
        ca = self.ca
        csr = ca.csr("a", "DNS:a.internal", "IP:127.0.0.1").decode()
        a = ca.ask("POST", "/v1/certificates", {"profile": "peer", "csr": csr, "validity": "24h",
                                                "metadata": {"owner": "team-a"}})
        self.assertEqual(a.status, 201, a)
        first = a.json["serial"]
        ca.file("a.crt").write_text(a.json["chain"])
        self.assertEqual(self.lineage(first), (None, first))

        # Another key, and no name in the CSR.
        a2 = self.renew("a", "a2")
        self.assertEqual(a2.status, 201, a2)
        second = a2.json["serial"]
        self.assertEqual(a2.json["profile"], "peer")
        self.assertEqual(a2.json["names"], a.json["names"])
        self.assertEqual(a2.headers["Location"], "/v1/certificates/" + second)
        # The same key, and JSON.
        a3 = ca.ask("POST", "/v1/renew", {"csr": ca.file("a2.csr").read_text(), "validity": "2h"},
                    cert=ca.file("a2.crt"), key=ca.file("a2.key"))
        self.assertEqual(a3.status, 201, a3)
        third = a3.json["serial"]
        self.assertEqual(self.lineage(second), (first, first))
        self.assertEqual(self.lineage(third), (second, first))
        shown = self.show(third)
        self.assertEqual(shown["key_sha256"], self.show(second)["key_sha256"])
        self.assertNotEqual(shown["key_sha256"], self.show(first)["key_sha256"])
        self.assertEqual(shown["metadata"], {"owner": "team-a"})
        self.assertEqual(shown["requester"], "cert:a.internal")
        listed = ca.ask("GET", "/v1/certificates?dns=a.internal").json["certificates"]
        self.assertEqual([c["lineage"] for c in listed], [first] * 3)

    # S8, R90: what stands in the journal with a certificate has its limit, and a renewal notes more than the first.
    def test_with_whatever_metadata_it_was_issued_it_can_be_renewed(self):
        a = self.issue_with("much", {"k": "x" * 4023})
        p = self.problem(a, 413, "too-large", "4030")
        self.assertEqual([v["rule"] for v in p["violations"]], ["metadata.size"])
        a = self.issue_with("much", {"k": "x" * 4022})
        self.assertEqual(a.status, 201, a)
        second = self.follow("much", "much2")
        third = self.follow("much2", "much3")
        self.assertEqual(self.show(third)["metadata"], {"k": "x" * 4022})
        self.assertEqual(self.show(third)["parent"], second)

    def test_one_of_before_that_limit_is_renewed_without_its_longest_words(self):
        ca = self.ca
        a = self.issue_with("over", {"owner": "web", "k": "x" * 4000})
        self.assertEqual(a.status, 201, a)
        ca.stop()
        db = sqlite3.connect(ca.dir / "hanaper.db")
        note = json.dumps({"metadata": {"owner": "web", "k": "x" * 4052}}, separators=(",", ":")) + "\n"
        self.assertEqual(len(note), 4088)
        serial = bytes.fromhex(a.json["serial"])
        self.assertEqual(db.execute("UPDATE certificate SET note = ? WHERE serial = ?", (note.encode(), serial)).rowcount, 1)
        db.commit()
        db.close()
        ca.start()
        second = self.follow("over", "over2")
        self.assertEqual(self.show(second)["metadata"], {"owner": "web"})
        self.assertRegex(ca.said(), rf"warn \S+ metadata-dropped .*{a.json['serial']}.*\bk\b")

    def test_the_same_request_again_gives_the_same_certificate(self):
        ca = self.ca
        ca.issue("once", "DNS:once.internal", profile="peer")
        csr = ca.csr("once2")
        who = {"cert": ca.file("once.crt"), "key": ca.file("once.key")}
        headers = {"Content-Type": "text/plain", "Idempotency-Key": "k1"}
        serials = {ca.ask("POST", "/v1/renew", csr, headers, **who).json["serial"] for _ in range(3)}
        self.assertEqual(len(serials), 1)
        self.problem(ca.ask("POST", "/v1/renew", ca.csr("once3"), headers, **who), 409, "conflict")

    # S8: the names are the same, whatever the CSR says
    def test_other_names_are_refused(self):
        ca = self.ca
        ca.issue("n", "DNS:n.internal", "DNS:m.internal", profile="peer")
        self.assertEqual(self.renew("n", "n2", "DNS:m.internal", "DNS:n.internal").status, 201)
        for names in (("DNS:n.internal",), ("DNS:n.internal", "DNS:m.internal", "DNS:o.internal"),
                      ("DNS:n.internal", "DNS:o.internal"), ("IP:127.0.0.1",)):
            p = self.problem(self.renew("n", "n3", *names), 422, "policy", "m.internal")
            self.assertEqual([v["rule"] for v in p["violations"]], ["renewal.names"])
        self.problem(self.renew("n", "n4", subject="/CN=o.internal"), 422, "policy", "o.internal")
        self.assertEqual(self.renew("n", "n5", subject="/CN=n.internal").status, 201)

    def test_a_certificate_for_servers_only_renews_itself_and_does_nothing_else(self):
        ca = self.ca
        ca.issue("srv", "DNS:srv.internal")
        who = {"cert": ca.file("srv.crt"), "key": ca.file("srv.key")}
        self.assertEqual(self.renew("srv", "srv2").status, 201)
        self.problem(ca.ask("GET", "/v1/whoami", **who), 401, "unauthenticated", "client auth")
        self.problem(ca.ask("POST", "/v1/certificates?profile=server", ca.csr("x", "DNS:srv.internal"),
                            {"Content-Type": "text/plain"}, **who), 401, "unauthenticated")

    def test_who_has_no_certificate_or_no_grant_does_not_renew(self):
        ca = self.ca
        csr = ca.csr("g", "DNS:g.internal")
        text = {"Content-Type": "text/plain"}
        self.problem(ca.ask("POST", "/v1/renew", csr, text, cert=None), 401, "unauthenticated")
        self.assertEqual(ca.ask_unix("POST", "/v1/renew", csr, text).status, 404)
        ca.issue("g", "DNS:g.internal", profile="listed")
        p = self.problem(self.renew("g", "g2"), 403, "forbidden")
        self.assertEqual(p["violations"][0]["rule"], "grant.names")
        ca.issue("h", "DNS:h.good.internal", profile="listed")
        self.assertEqual(self.renew("h", "h2").status, 201)
        for body in (b"", b"nonsense", ca.file("g.csr").read_bytes()[:200]):
            self.assertEqual(ca.ask("POST", "/v1/renew", body, text).status, 400)
        self.assertEqual(ca.ask("POST", "/v1/renew", {"csr": csr.decode(), "profile": "admin"}).status, 400)

    # P11: a life of seconds, the backdate within it
    def test_a_profile_of_30_seconds_makes_sense(self):
        ca = self.ca
        a = ca.ask("POST", "/v1/certificates?profile=flash", ca.csr("f", "DNS:f.internal"),
                   {"Content-Type": "text/plain"})
        self.assertEqual(a.status, 201, a)

        def at(member):
            return time.mktime(time.strptime(a.json[member], "%Y-%m-%dT%H:%M:%SZ"))

        self.assertEqual(at("not_after") - at("not_before") + 1, 30)
        left = at("not_after") + 1 - at("renew_after")
        self.assertTrue(8 <= left <= 9, left)  # a third of 25 s
        self.problem(ca.ask("POST", "/v1/certificates?profile=flash&validity=31s", ca.csr("f", "DNS:f.internal"),
                            {"Content-Type": "text/plain"}), 422, "policy", "30s")

    # S8, R43
    def test_revoked_or_compromised_never_renews(self):
        ca = self.ca
        first = ca.issue("k", "DNS:k.internal", profile="peer")
        self.follow("k", "k2")
        self.follow("k2", "k3")
        self.follow("k", "side")
        child = self.follow("k2", "k4")
        # A plain revocation ends that certificate alone.
        self.assertEqual(ca.revoke(child).status, 200)
        self.problem(self.renew("k4", "k5"), 401, "unauthenticated", "revoked")
        self.follow("k3", "k6")
        # A compromised key ends all that comes from it, and nothing beside it.
        second = self.show(child)["parent"]
        self.assertEqual(ca.revoke(second, "keyCompromise").status, 200)
        for base in ("k3", "k6"):
            p = self.problem(self.renew(base, "k7"), 403, "not-renewable", "keyCompromise")
            self.assertEqual([v["rule"] for v in p["violations"]], ["renewal.ancestors"])
        self.follow("side", "side2")
        # The compromised key comes back in vain (R18).
        p = self.problem(self.renew("side2", "k8", csr=ca.file("k2.csr").read_bytes()), 400, "bad-key")
        self.assertIn("key.compromised", [v["rule"] for v in p["violations"]])
        self.assertEqual(ca.revoke(first, "keyCompromise").status, 200)
        self.problem(self.renew("side2", "side3"), 403, "not-renewable")

    def test_a_family_goes_in_one_call(self):
        ca = self.ca
        first = ca.issue("l", "DNS:l.internal", profile="peer")
        family = {first}
        for base, to in (("l", "l2"), ("l2", "l3"), ("l", "lside"), ("lside", "lside2")):
            family.add(self.follow(base, to))
        csr = ca.csr("lshort").decode()
        a = ca.ask("POST", "/v1/renew", {"csr": csr, "validity": "1s"}, cert=ca.file("l.crt"),
                   key=ca.file("l.key"))
        ended = a.json["serial"]
        time.sleep(2.1)
        other = ca.issue("stranger", "DNS:l.internal", profile="peer")
        middle = self.show(list(family - {first})[0])["serial"]
        path = f"/v1/certificates/{middle}/revoke"
        self.problem(ca.ask("POST", path, {"lineage": True}, cert=ca.file("stranger.crt"),
                            key=ca.file("stranger.key")), 403, "forbidden")
        self.problem(ca.ask("POST", path, {"lineage": "yes"}), 400, "malformed")
        self.problem(ca.ask("POST", path + "?lineage=maybe"), 400, "malformed")

        a = ca.ask("POST", path, {"reason": "superseded", "lineage": True})
        self.assertEqual(a.status, 200, a)
        self.assertEqual(set(a.json["serials"]), family)
        self.assertEqual(a.json["reason"], "superseded")
        for serial in family:
            self.assertEqual(ca.ocsp(serial), "revoked")
        self.assertEqual(ca.ocsp(other), "good")
        self.assertEqual(self.show(ended)["status"], "expired")
        self.problem(ca.ask("POST", path, {"lineage": True}), 409, "already-revoked")
        # A worse reason takes them again; the query does it too.
        a = ca.ask("POST", path + "?lineage=true&reason=keyCompromise")
        self.assertEqual((a.status, set(a.json["serials"])), (200, family), a)
        self.problem(ca.ask("POST", path + "?lineage=true&reason=keyCompromise"), 409, "already-revoked")
        self.assertEqual({self.show(s)["reason"] for s in family}, {"keyCompromise"})

    def test_ones_own_family_needs_no_grant(self):
        ca = self.ca
        first = ca.issue("own", "DNS:own.internal", profile="peer")
        second = self.follow("own", "own2")
        a = ca.ask("POST", f"/v1/certificates/{second}/revoke", {"lineage": True},
                   cert=ca.file("own2.crt"), key=ca.file("own2.key"))
        self.assertEqual((a.status, sorted(a.json["serials"])), (200, sorted([first, second])), a)

    # R57: a renewal that races with the end of its family does not get away
    def test_no_renewal_slips_through_while_its_family_is_revoked(self):
        serial = self.ca.issue("race", "DNS:race.internal", profile="peer")
        self.none_slips_through("race", serial, "/v1/renew", self.ca.csr("race2"))


class RenewalOverTime(RenewTest):
    running = False

    # S8
    def test_configuration_and_journal(self):
        """Max age, a profile that is gone, and a database that was lost."""
        ca = self.ca
        ca.issue("a", "DNS:a.internal", profile="peer")
        ca.issue("s", "DNS:s.internal", profile="flash")
        serials = [self.follow("a", "a2"), self.follow("a2", "a3"), self.follow("a", "a4")]
        self.assertEqual(ca.revoke(serials[1], "keyCompromise").status, 200)
        before = {s: self.show(s) for s in serials}
        ca.stop()

        # The database is a function of the journal, lineage too.
        for path in ca.dir.glob("hanaper.db*"):
            path.unlink()
        ca.start("--recover")
        self.assertEqual({s: self.show(s) for s in serials}, before)
        time.sleep(2.1)
        ca.stop()

        conf = ca.dir / "hanaper.yaml"
        text = conf.read_text()
        conf.write_text(text + "\nrenewal: { max_age: 1s }\n")
        ca.start()
        p = self.problem(self.renew("a4", "a5"), 403, "not-renewable", "1s")
        self.assertEqual([v["rule"] for v in p["violations"]], ["renewal.max_age"])
        ca.stop()

        conf.write_text(text.replace("name: peer", "name: formerly-peer")
                        .replace(" peer]", " formerly-peer]").replace(" peer,", " formerly-peer,"))
        ca.start()
        p = self.problem(self.renew("a4", "a6"), 422, "policy", "peer")
        self.assertEqual([v["rule"] for v in p["violations"]], ["profile"])
        ca.stop()

        conf.write_text(text)
        ca.start()
        self.assertEqual(self.lineage(self.follow("a4", "a7")), (serials[2], before[serials[2]]["lineage"]))


class RenewFiles(RenewTest):
    """Directories of services, and hanaper renew on them."""

    def place(self, name, *names, profile="peer"):
        """A directory as "hanaper enroll" leaves it."""
        ca = self.ca
        serial = ca.issue(name, *names, profile=profile)
        where = ca.file(name + ".d")
        where.mkdir()
        shutil.copy(ca.file(name + ".crt"), where / "cert.pem")
        shutil.copy(ca.file(name + ".key"), where / "key.pem")
        (where / "key.pem").chmod(0o600)
        shutil.copy(ca.dir / "root.crt", where / "root.crt")
        (where / "hanaper.json").write_text(json.dumps({
            "url": f"https://localhost:{ca.api_port}", "profile": profile, "serial": serial,
            "renew_after": "2000-01-01T00:00:00Z", "kept": "as it is"}))
        return where

    def give(self, where, uid, gid):
        """A directory that place() made, to a user who can reach it."""
        if not all(p.stat().st_mode & 0o001 or p == self.ca.tmp for p in where.parents):
            self.skipTest(f"{self.ca.tmp} is closed to others")
        self.ca.tmp.chmod(0o711)
        where.chmod(0o755)
        for path in (where, *where.iterdir()):
            os.chown(path, uid, gid)
        return where

    def hanaper(self, *args, status=0):
        # Nothing of the machine's own: no CA directory at hand.
        done = run(BUILD / "hanaper", "renew", *args, check=False, cwd="/",
                   env={"PATH": "/usr/bin:/bin"})
        self.assertEqual(done.returncode, status, f"{args}: {done.stdout}{done.stderr}")
        done.events = [line.split()[1] for line in done.stdout.splitlines() if line[:2] == "20"]
        return done

    def serial_of(self, path):
        return run("openssl", "x509", "-in", path, "-noout", "-serial").stdout.strip()[7:].lower()

    def fits(self, where):
        cert = run("openssl", "x509", "-in", where / "cert.pem", "-noout", "-pubkey").stdout
        key = run("openssl", "pkey", "-in", where / "key.pem", "-pubout").stdout
        self.assertEqual(cert, key)


class RenewCommand(RenewFiles):
    """hanaper renew: files, events, what it tries again and what it gives up."""

    def test_a_directory(self):
        where = self.place("dir", "DNS:dir.internal")
        first, key = self.serial_of(where / "cert.pem"), (where / "key.pem").read_bytes()
        self.assertEqual(self.hanaper(where).events, ["not-due"])
        self.assertEqual(self.hanaper(where, "--now").events, ["renewed"])
        second = self.serial_of(where / "cert.pem")
        self.assertEqual(self.lineage(second), (first, first))
        self.assertEqual((where / "key.pem").read_bytes(), key)
        self.assertEqual((where / "cert.pem").read_text().count("BEGIN CERTIFICATE"), 2)
        run("openssl", "verify", "-CAfile", where / "root.crt", "-untrusted", where / "cert.pem",
            where / "cert.pem")
        state = json.loads((where / "hanaper.json").read_text())
        self.assertEqual((state["serial"], state["kept"], state["profile"]), (second, "as it is", "peer"))
        self.assertEqual(sorted(p.name for p in where.iterdir()),
                         [".hanaper.lock", "cert.pem", "hanaper.json", "key.pem", "root.crt"])
        # Due by what the daemon said: the state of this very certificate counts.
        state["renew_after"] = state["renew_after"].replace("20", "19", 1)
        (where / "hanaper.json").write_text(json.dumps(state))
        self.assertEqual(self.hanaper(where).events, ["not-due"], "before the certificate's own life")
        begin = run("openssl", "x509", "-in", where / "cert.pem", "-noout", "-startdate", "-dateopt",
                    "iso_8601").stdout.strip()[10:].replace(" ", "T")
        state["renew_after"] = begin
        (where / "hanaper.json").write_text(json.dumps(state))
        self.assertEqual(self.hanaper(where, "--validity", "2h").events, ["not-due"], "jitter comes on top")

    def test_a_new_key_and_back(self):
        where = self.place("rekey", "DNS:rekey.internal")
        where.chmod(0o750)
        (where / "key.pem").chmod(0o640)
        seen = set()
        for i in range(4):
            self.assertEqual(self.hanaper(where, "--now", *(["--rekey"] if i != 2 else [])).events, ["renewed"])
            self.fits(where)
            seen.add((where / "key.pem").read_bytes())
            self.assertEqual((where / "key.pem").stat().st_mode & 0o777, 0o640)
            self.assertEqual((where / "current").stat().st_mode & 0o777, 0o750)
        self.assertEqual(len(seen), 3)
        self.assertEqual(len(list(where.glob("20*"))), 2, "the pair and the one before")
        # A fresh pair in plain files, as another enrolment leaves it, counts.
        for name in ("cert.pem", "key.pem"):
            content = (where / name).read_bytes()
            (where / name).unlink()
            (where / name).write_bytes(content)
        self.assertEqual(self.hanaper(where, "--now").events, ["renewed"])
        self.assertFalse((where / "cert.pem").is_symlink())
        self.hanaper(where, "--now", "--rekey")
        self.fits(where)
        self.assertTrue((where / "cert.pem").is_symlink())

    def test_key_and_chain_fit_for_whoever_reads_at_any_moment(self):
        where = self.place("read", "DNS:read.internal")
        stop, looks, wrong = threading.Event(), [0], []

        def read():
            prepared = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            while not stop.is_set():
                # One look at where the pair lies; before the first new key: the directory itself.
                try:
                    pair = where / os.readlink(where / "current")
                except OSError:
                    pair = where
                try:
                    prepared.load_cert_chain(pair / "cert.pem", pair / "key.pem")
                except (ssl.SSLError, OSError) as e:
                    if pair != where or not (where / "current").exists():
                        wrong.append(e)
                looks[0] += 1

        readers = [threading.Thread(target=read) for _ in range(2)]
        for t in readers:
            t.start()
        try:
            for i in range(12):
                self.hanaper(where, "--now", *(["--rekey"] if i % 3 else []))
        finally:
            stop.set()
            for t in readers:
                t.join()
        self.assertEqual(wrong, [])
        self.assertGreater(looks[0], 12)
        print(f"     12 renewals, 8 with a new key: {looks[0]} looks, no pair that does not fit")

    def test_files_that_issue_made(self):
        ca = self.ca
        base = ca.file("plain")
        run(BUILD / "hanaper", "issue", "plain.internal", "--profile", "peer", "--out", base, "--dir", ca.dir)
        where = ("--url", f"https://localhost:{ca.api_port}", "--cacert", ca.dir / "root.crt")
        first = self.serial_of(f"{base}.crt")
        self.hanaper(base, "--now", *where)
        self.hanaper(f"{base}.crt", "--now", "--key", f"{base}.key", *where)
        self.hanaper("--cert", f"{base}.crt", "--key", f"{base}.key", "--now", *where)
        self.hanaper(base, "--now", "--dir", ca.dir)
        self.assertEqual(self.lineage(self.serial_of(f"{base}.crt"))[1], first)
        # A link to it stays a link.
        link = ca.file("link.crt")
        link.symlink_to(f"{base}.crt")
        before = self.serial_of(link)
        self.hanaper(link, "--key", f"{base}.key", "--now", *where)
        self.assertTrue(link.is_symlink())
        self.assertNotEqual(self.serial_of(link), before)

        for args in ((), (base, "--cert", f"{base}.crt"), (base, "--rekey"), (base, "--validity", "long"),
                     (base, "more")):
            self.hanaper(*args, status=2)
        self.assertIn("--url", self.hanaper(base, "--now", status=1).stderr)
        self.assertIn("no such file", self.hanaper(ca.file("nowhere"), status=1).stderr.lower())
        ca.csr("stranger2", "DNS:x.internal")
        self.assertIn("is not the key of", self.hanaper(base, "--now", "--key", ca.file("stranger2.key"),
                                                        *where, status=1).stderr)

    def test_on_the_cas_own_machine_its_name_need_lead_nowhere(self):
        ca = self.ca
        base = ca.file("own")
        run(BUILD / "hanaper", "issue", "own.internal", "--profile", "peer", "--out", base, "--dir", ca.dir)
        with ca.configured(f'api: "https://127.0.0.1:{ca.api_port}"', 'api: "https://ca.nowhere.invalid"'):
            first = self.serial_of(f"{base}.crt")
            self.hanaper(base, "--now", "--dir", ca.dir)
            self.assertEqual(self.lineage(self.serial_of(f"{base}.crt"))[1], first)

    def test_the_command_is_told_once_and_again_when_it_failed(self):
        where = self.place("exec", "DNS:exec.internal")
        told = self.ca.file("told")
        command = f'env | sort > {told}; echo "said aloud"'
        done = self.hanaper(where, "--now", "--exec", command)
        self.assertEqual(done.events, ["renewed", "exec-done"])
        self.assertIn("said aloud", done.stderr)
        env = dict(line.split("=", 1) for line in told.read_text().splitlines())
        self.assertEqual((env["HANAPER_CERT"], env["HANAPER_KEY"]),
                         (f"{where}/cert.pem", f"{where}/key.pem"))
        self.assertLessEqual(set(env), {"HANAPER_CERT", "HANAPER_KEY", "PATH", "PWD", "SHLVL", "_", "OLDPWD"})
        self.assertEqual(self.hanaper(where, "--exec", command).events, ["not-due"])
        self.assertEqual(self.hanaper(where, "--now", "--exec", "exit 7", status=1).events,
                         ["renewed", "exec-failed"])
        self.assertEqual(self.hanaper(where, "--exec", "kill $$", status=1).events, ["exec-failed"])
        self.assertEqual(self.hanaper(where, "--exec", "true").events, ["exec-done"])
        self.assertEqual(self.hanaper(where, "--exec", "true").events, ["not-due"])
        self.assertEqual(self.hanaper(where, "--now", "--exec", "").events, ["renewed"])

    def test_what_a_person_must_mend_fails_and_says_so(self):
        ca = self.ca
        where = self.place("mend", "DNS:mend.internal")
        ca.revoke(self.serial_of(where / "cert.pem"), "superseded")
        said = self.hanaper(where, "--now", status=1).stderr
        for word in ("revoked", "hanaper enroll"):
            self.assertIn(word, said)
        self.assertNotIn("--cert", said)
        event = json.loads(self.hanaper(where, "--now", "--json", status=1).stdout)
        self.assertEqual(event["event"], "refused")
        # A daemon ends for that, too.
        self.hanaper(where, "--daemon", "--now", status=1)

        where = self.place("mend2", "DNS:mend.bad.internal", profile="listed")
        self.assertIn("grant", self.hanaper(where, "--now", status=1).stderr.lower())

        where = self.place("mend3", "DNS:mend3.internal")
        a = ca.ask("POST", "/v1/renew", {"csr": ca.csr("mend3b").decode(), "validity": "1s"},
                   cert=ca.file("mend3.crt"), key=ca.file("mend3.key"))
        (where / "cert.pem").write_text(a.json["chain"])
        shutil.copy(ca.file("mend3b.key"), where / "key.pem")
        time.sleep(2.1)
        self.assertIn("expired", self.hanaper(where, status=1).stderr)

        for name in ("key.pem", "cert.pem", "root.crt"):
            where = self.place("mend4-" + name, "DNS:mend4.internal")
            (where / name).write_text("nonsense")
            done = self.hanaper(where, "--now", status=1)
            self.assertEqual(done.events, [])
            self.assertIn(name, done.stderr)

    def test_no_server_becomes_trusted_by_asking_again(self):
        """A timer must not stay green until the certificate has ended: the first run fails, at once."""
        ca = self.ca
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=other",
            "-keyout", ca.file("other.key"), "-out", ca.file("other.crt"))
        where = self.place("trust", "DNS:trust.internal")
        pair = (where / "cert.pem", "--key", where / "key.pem", "--url", f"https://localhost:{ca.api_port}", "--now")
        (where / "hanaper.json").write_text(json.dumps({"url": f"https://localhost:{ca.api_port}"}))
        for args, words in (((where, "--now", "--cacert", ca.file("other.crt")), "root.crt"),
                            ((where, "--now", "--daemon", "--cacert", ca.file("other.crt")), "root.crt"),
                            (pair, "no --cacert was given")):
            done = self.hanaper(*args, status=1)
            self.assertEqual(done.events, [])
            self.assertIn(words, done.stderr)
            self.assertNotIn("CAfile", done.stderr)

    def test_a_daemon_outlives_a_while_in_which_the_ca_does_not_verify(self):
        """It was the right one before: the clock of this machine may have gone wrong."""
        ca = self.ca
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=other",
            "-keyout", ca.file("other2.key"), "-out", ca.file("other2.crt"))
        where = self.place("while", "DNS:while.internal")
        daemon = subprocess.Popen([BUILD / "hanaper", "renew", where, "--now", "--daemon", "--validity", "20s"],
                                  stdout=subprocess.PIPE, text=True, cwd="/", env={"PATH": "/usr/bin:/bin"})
        self.addCleanup(daemon.stdout.close)
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.terminate)

        def event():
            word = daemon.stdout.readline().split()[1]
            return event() if word == "waiting" else word

        self.assertEqual(event(), "renewed")
        shutil.copy(where / "root.crt", ca.file("right.crt"))
        shutil.copy(ca.file("other2.crt"), where / "root.crt")
        self.assertEqual(event(), "failed")
        self.assertIsNone(daemon.poll())
        shutil.copy(ca.file("right.crt"), where / "root.crt")
        words = [event()]
        while words[-1] == "failed":
            words.append(event())
        self.assertEqual(words[-1], "renewed")

    def test_the_command_of_a_file_is_told_again_too(self):
        ca = self.ca
        ca.issue("onefile", "DNS:onefile.internal")
        cert = ca.file("onefile.crt")
        note = ca.file(".onefile.crt.hanaper.json")

        def pending():
            return json.loads(note.read_text())["exec_pending"]

        args = (cert, "--url", f"https://localhost:{ca.api_port}", "--cacert", ca.dir / "root.crt")
        self.assertEqual(self.hanaper(*args, "--now").events, ["renewed"])
        self.assertFalse(pending())
        self.assertEqual(self.hanaper(*args, "--now", "--exec", "exit 3", status=1).events, ["renewed", "exec-failed"])
        self.assertEqual(self.hanaper(*args).events, ["not-due"])
        self.assertEqual(self.hanaper(*args, "--exec", "true").events, ["exec-done"])
        self.assertFalse(pending())
        self.assertEqual(self.hanaper(*args, "--exec", "true").events, ["not-due"])
        # While the first command runs another certificate comes, whose own fails.
        inner = " ".join(map(str, (BUILD / "hanaper", "renew", *args, "--now", "--exec", "false"))) + "; true"
        self.assertEqual(self.hanaper(*args, "--now", "--exec", inner).events[-1], "exec-done")
        self.assertEqual(self.hanaper(*args, "--exec", "true").events, ["exec-done"])
        self.assertFalse(pending())
        # Written first: of a certificate that never came it tells nothing.
        note.write_text('{"serial": "01", "exec_pending": true}\n')
        self.assertEqual(self.hanaper(*args, "--exec", "true").events, ["not-due"])

    @unittest.skipUnless(os.geteuid() == 0, "needs another user")
    def test_nobody_else_can_hold_a_renewal_up(self):
        where = self.place("held", "DNS:held.internal")
        for path in (where, *where.parents):
            if path == pathlib.Path("/tmp"):
                break
            path.chmod(path.stat().st_mode | 0o055)
        holders = [subprocess.Popen(["setpriv", "--reuid", "nobody", "--clear-groups", "flock", path, "sleep", "60"],
                                    stderr=subprocess.PIPE) for path in (where, where / "cert.pem", where / "root.crt")]
        for h in holders:
            self.addCleanup(h.stderr.close)
            self.addCleanup(h.wait)
            self.addCleanup(h.kill)
        time.sleep(0.5)
        self.assertEqual([h.poll() for h in holders], [None] * 3)
        began = time.monotonic()
        self.assertEqual(self.hanaper(where, "--now").events, ["renewed"])
        self.assertLess(time.monotonic() - began, 10 * SLOW)
        # The lock is no other's either.
        lock = where / ".hanaper.lock"
        self.assertEqual(lock.stat().st_mode & 0o777, 0o600)
        with open(lock, "r+b") as f:
            fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def test_two_at_once_come_one_after_the_other(self):
        where = self.place("twice", "DNS:twice.internal")
        both = [subprocess.Popen([BUILD / "hanaper", "renew", where, "--now"], stdout=subprocess.PIPE, text=True, cwd="/")
                for _ in range(2)]
        for p in both:
            out = p.communicate(timeout=60 * SLOW)[0]
            self.assertEqual((p.returncode, out.split()[1]), (0, "renewed"))
        self.fits(where)

    def test_a_certificate_of_elsewhere_never_renewed_anything(self):
        ca = self.ca
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=far",
            "-keyout", ca.file("far.key"), "-out", ca.file("far.crt"))
        said = self.hanaper(ca.file("far.crt"), "--now", "--url", f"https://localhost:{ca.api_port}", "--cacert",
                            ca.dir / "root.crt", status=1).stderr
        self.assertIn("renews nothing here", said)

    def test_a_file_that_may_not_be_read_is_told_once(self):
        where = self.place("closed", "DNS:closed.internal")
        for path in (where / "key.pem", where / "cert.pem"):
            path.chmod(0)
            # By root, too, who could read it.
            done = run(*(["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.getuid() == 0 else []),
                       BUILD / "hanaper", "renew", where, "--now", check=False, cwd="/", env={"PATH": "/usr/bin:/bin"})
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertEqual(done.stdout, "")
            self.assertIn(f"{path}: Permission denied", done.stderr)
            path.chmod(0o600)

    def test_what_passes_is_tried_again(self):
        where = self.place("again", "DNS:again.internal")
        answers = [b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n",
                   b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"]
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue("front", "DNS:localhost", "IP:127.0.0.1")
        ctx.load_cert_chain(self.ca.file("front.crt"), self.ca.file("front.key"))
        ctx.set_ciphers("ALL")
        server = socket.create_server(("127.0.0.1", 0))
        at = []

        def serve():
            for answer in answers:
                raw, _ = server.accept()
                at.append(time.monotonic())
                with ctx.wrap_socket(raw, server_side=True) as s:
                    s.recv(65536)
                    s.sendall(answer)
            server.close()

        t = threading.Thread(target=serve)
        t.start()
        port = server.getsockname()[1]
        # After the two answers nobody is there.
        done = self.hanaper(where, "--now", "--url", f"https://localhost:{port}", status=1)
        t.join()
        self.assertEqual(done.events, ["failed"] * 5)
        self.assertGreaterEqual(at[1] - at[0], 2, "Retry-After")
        self.assertIn("try again", done.stderr)
        self.assertEqual(self.hanaper(where, "--now").events, ["renewed"])


SERVER = """
import signal, socket, ssl, sys
ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
ctx.load_cert_chain(sys.argv[1] + "/cert.pem", sys.argv[1] + "/key.pem")
signal.signal(signal.SIGHUP, lambda *a: ctx.load_cert_chain(sys.argv[1] + "/cert.pem", sys.argv[1] + "/key.pem"))
s = socket.create_server(("127.0.0.1", int(sys.argv[2])), backlog=100)
while True:
    raw, _ = s.accept()
    try:
        with ctx.wrap_socket(raw, server_side=True) as c:
            c.recv(1024)
            c.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n")
    except OSError:
        pass
"""
NGINX = """
daemon off; pid {tmp}/nginx.pid; error_log {tmp}/nginx.log; worker_processes 1;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {tmp}/n1; proxy_temp_path {tmp}/n2; fastcgi_temp_path {tmp}/n3;
    uwsgi_temp_path {tmp}/n4; scgi_temp_path {tmp}/n5;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {where}/cert.pem; ssl_certificate_key {where}/key.pem;
        return 200;
    }}
}}
"""


class RenewServing(RenewTest):
    """A server whose certificates live for seconds, and clients that notice nothing."""

    def serve(self, where):
        """nginx, else a server of python's; the process, its port, and what makes it reload."""
        ca, port = self.ca, free_port()
        if shutil.which("nginx"):
            conf = ca.file("nginx.conf")
            conf.write_text(NGINX.format(tmp=ca.tmp, port=port, where=where))
            server = subprocess.Popen(["nginx", "-c", conf], stderr=subprocess.DEVNULL)
            name, reload_ = "nginx", f"nginx -s reload -c {conf} 2>/dev/null"
        else:
            server = subprocess.Popen(["python3", "-c", SERVER, where, str(port)])
            name, reload_ = "python", f"kill -HUP {server.pid}"
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.02)
        return name, port, reload_

    def test_a_token_then_three_renewals_and_no_failed_handshake(self):
        ca = self.ca
        where = ca.file("serve")
        url = f"https://localhost:{ca.api_port}"
        token = json.loads(run(BUILD / "hanaper", "token", "create", "localhost", "--profile", "flash",
                               "--json", "--dir", ca.dir).stdout)["token"]
        # From here on this host has nothing but hanaper and the token.
        run(BUILD / "hanaper", "enroll", "--url", url, "--token", token, "--out", where, cwd="/",
            env={"PATH": "/usr/bin:/bin"})
        server, port, reload_ = self.serve(where)
        ctx = ssl.create_default_context(cafile=where / "root.crt")
        stop, serials, failed, took = threading.Event(), {}, [], []

        def client():
            while not stop.is_set():
                began = time.monotonic()
                try:
                    with socket.create_connection(("127.0.0.1", port), timeout=10) as raw, \
                            ctx.wrap_socket(raw, server_hostname="localhost") as s:
                        serial = s.getpeercert()["serialNumber"].lower()
                        serials[serial] = serials.get(serial, 0) + 1
                except OSError as e:
                    failed.append((time.time(), e))
                took.append(time.monotonic() - began)
                time.sleep(0.01)

        clients = [threading.Thread(target=client) for _ in range(2)]
        daemon = subprocess.Popen([BUILD / "hanaper", "renew", where, "--daemon", "--exec", reload_, "--json"], stdout=subprocess.PIPE, text=True,
                                  cwd="/", env={"PATH": "/usr/bin:/bin"})
        self.addCleanup(daemon.stdout.close)
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.terminate)
        began, renewed, told = time.monotonic(), [], 0
        for t in clients:
            t.start()
        try:
            for line in daemon.stdout:
                event = json.loads(line)
                if event["event"] == "renewed":
                    renewed.append(event["serial"])
                told += event["event"] == "exec-done"
                self.assertIn(event["event"], ("waiting", "renewed", "exec-done"), line)
                if told == 3:
                    break
            time.sleep(1)
        finally:
            stop.set()
            for t in clients:
                t.join()
        self.assertEqual(failed, [])
        self.assertEqual(len(renewed), 3)
        self.assertIn(renewed[-1], serials)
        self.assertEqual(len(serials), 4)
        self.assertEqual(self.lineage(renewed[-1])[0], renewed[-2])
        print(f"     {server}: {len(took)} handshakes in {time.monotonic() - began:.1f} s under "
              f"{len(serials)} certificates, 0 failed, slowest {max(took) * 1000:.0f} ms")
