# SPDX-License-Identifier: Apache-2.0
"""What clients were told, and whether a daemon that was torn down still knows it all.

Load: clients at work until the daemon is gone.  Told: what they heard, and when.
Oracle: nothing handed out is missing, nothing revoked is good, serials are unique, CRL
numbers grow, the journal's chain is whole, the database is sound.
"""
import collections
import hashlib
import http.client
import json
import random
import ssl
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

import acme_client
import hnp

GONE = (OSError, http.client.HTTPException, ValueError)


def der_of(pem):
    return ssl.PEM_cert_to_DER_cert(pem[:pem.index("-----END CERTIFICATE-----")] + "-----END CERTIFICATE-----\n")


def ocsp_request(serial, issuer):
    return ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        *hashes_of(issuer), int(serial, 16), hashes.SHA1()).build().public_bytes(serialization.Encoding.DER)


def ask_ocsp(ca, serial, issuer):
    """good, revoked or unknown, as a client without openssl sees it; and when it was said."""
    answer = ca.ask_http("POST", "/ocsp", ocsp_request(serial, issuer),
                         {"Content-Type": "application/ocsp-request"})
    if answer.status != 200:
        return f"HTTP {answer.status}", None
    got = ocsp.load_der_ocsp_response(answer.body)
    if got.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return got.response_status.name, None
    return got.certificate_status.name.lower(), got


def hashes_of(issuer):
    """What an OCSP request names an issuer by (RFC 6960 4.1.1)."""
    key = x509.SubjectKeyIdentifier.from_public_key(issuer.public_key()).digest
    return hashlib.sha1(issuer.subject.public_bytes()).digest(), key


class Told:
    """What clients heard: (monotonic ns, kind, what); append() of a list is one step in Python."""

    def __init__(self):
        self.events = []

    def note(self, kind, what):
        self.events.append((time.monotonic_ns(), kind, what))

    def of(self, kind, until=None):
        return [what for at, k, what in list(self.events) if k == kind and (until is None or at <= until)]


class Load:
    """Clients that work until they are stopped or the daemon is gone.  What was not answered does not count."""

    def __init__(self, ca, told, issuing=4, revoking=1, enrolling=0, acme=0, pause=0.0, patient=False):
        self.ca, self.told, self.pause, self.patient = ca, told, pause, patient
        self.stop, self.faults = False, []
        self.revocable = collections.deque()
        self.problems = collections.Counter()
        work = [self.issue] * issuing + [self.revoke] * revoking + [self.enroll] * enrolling + [self.acme] * acme
        csrs = [self.csr(ca, i) for i in range(4)]
        self.threads = [threading.Thread(target=self.run, args=(f, csrs[i % 4])) for i, f in enumerate(work)]
        for t in self.threads:
            t.start()

    @staticmethod
    def csr(ca, i):
        path = ca.file(f"load{i}.csr")
        return path.read_bytes() if path.exists() else ca.csr(f"load{i}", f"DNS:load{i}.internal")

    def run(self, work, csr):
        connection = None
        while not self.stop:
            try:
                connection = connection or self.ca.connect()
                work(connection, csr)
            except GONE:
                if connection:
                    connection.close()
                connection = None
                if not self.patient:
                    return
                time.sleep(0.02)
            except Exception as fault:  # told by the test
                self.faults.append(repr(fault))
                return
            if self.pause:
                time.sleep(self.pause)

    @staticmethod
    def ask(connection, path, body, kind="application/json", **headers):
        connection.request("POST", path, body, {"Content-Type": kind, **headers})
        answer = connection.getresponse()
        return answer.status, answer.read()

    def got(self, body):
        told = json.loads(body)
        self.told.note("issued", (told["serial"], der_of(told["certificate"])))
        self.revocable.append(told["serial"])

    def issue(self, connection, csr):
        status, body = self.ask(connection, "/v1/certificates?profile=server", csr, "text/plain")
        if status == 201:
            self.got(body)
        else:
            self.problems[status] += 1

    def revoke(self, connection, _):
        try:
            serial = self.revocable.popleft()
        except IndexError:
            time.sleep(0.002)
            return
        reason = random.choice(("superseded", "cessationOfOperation"))  # keyCompromise would bar our keys
        status, body = self.ask(connection, f"/v1/certificates/{serial}/revoke", json.dumps({"reason": reason}))
        if status in (200, 409):  # 409: an answer to an earlier one was lost
            self.told.note("revoked", serial)
        else:
            self.problems[status] += 1

    def enroll(self, connection, _):
        """A token made and, but for each third, used."""
        names = [{"type": "dns", "value": "load0.internal"}]
        status, body = self.ask(connection, "/v1/tokens", json.dumps({"profile": "server", "names": names}))
        if status != 201:
            self.problems[status] += 1
            return
        token = json.loads(body)["token"]
        self.told.note("token", token)
        if random.random() < 0.33:
            return
        status, body = self.ask(connection, "/v1/enroll", self.csr(self.ca, 0), "text/plain", Authorization="Bearer " + token)
        if status == 201:
            self.told.note("used", token)
            self.got(body)
        else:
            self.problems[status] += 1

    def acme(self, _, __):
        client = acme_client.Client(self.ca.api_port, self.ca.dir / "root.crt")
        try:
            answer = client.register()
            if answer.status != 201:
                self.problems[answer.status] += 1
                return
            self.told.note("account", (client.key, client.kid))
            for _ in range(3):
                answer = client.order("localhost")
                if answer.status == 201:
                    self.told.note("order", (client.key, client.kid, answer.headers["Location"]))
                else:
                    self.problems[answer.status] += 1
        finally:
            client.close()

    def end(self):
        """Stops the clients; they have heard all that they will hear."""
        self.stop = True
        for t in self.threads:
            t.join(60 * hnp.SLOW)
            assert not t.is_alive(), "a client hangs"
        assert not self.faults, self.faults


class Oracle:
    """Judges a running daemon by what was told; 'test' is a TestCase."""

    def __init__(self, test, ca, told):
        self.test, self.ca, self.told = test, ca, told
        self.seen = 0
        self.issued, self.revoked = {}, set()
        self.number = 0
        self.issuer = x509.load_pem_x509_certificate((ca.dir / "issuers/main.crt").read_bytes())

    def take(self, until=None):
        """What was told since the last time, and no later than 'until'."""
        events = [e for e in self.told.events[self.seen:] if until is None or e[0] <= until]
        if until is None:
            self.seen += len(events)
        fresh, back = {}, set()
        for _, kind, what in events:
            if kind == "issued":
                self.test.assertNotIn(what[0], self.issued, "no serial twice")
                fresh[what[0]] = what[1]
                self.issued[what[0]] = what[1]
            elif kind == "revoked":
                back.add(what)
        self.revoked |= back
        return fresh, back

    def rows(self, db, serials):
        found = {}
        serials = [bytes.fromhex(s) for s in serials]
        for at in range(0, len(serials), 500):
            some = serials[at:at + 500]
            for row in db.execute(
                    "SELECT c.serial, d.der, c.profile, c.requester, c.request_id, c.not_after, (SELECT count(*)"
                    " FROM certificate_name n WHERE n.certificate_id = c.id AND n.type > 0) FROM certificate c"
                    " JOIN certificate_der d ON d.certificate_id = c.id"
                    f" WHERE c.serial IN ({','.join('?' * len(some))})", some):
                found[row[0].hex()] = row
        return found

    def judge(self, until=None, whole=False, samples=2, crl=True):
        """Of what is new; whole: of everything, and the file itself."""
        fresh, back = self.take(until)
        if whole:
            fresh, back = self.issued, self.revoked
        db = self.ca.database()
        try:
            rows = self.rows(db, fresh)
            for serial, der in fresh.items():
                self.test.assertIn(serial, rows, "what was handed out is on record")
                row = rows[serial]
                self.test.assertEqual(der, row[1])
                self.test.assertTrue(row[2] and row[3] and row[4] and row[5] and row[6] == 1, row)
            self.test.assertLessEqual(back, self.some(db, "SELECT serial FROM revocation WHERE serial", back))
            if whole:
                self.test.assertEqual(db.execute("PRAGMA integrity_check").fetchone()[0], "ok")
                twice = db.execute("SELECT serial FROM certificate GROUP BY issuer_id, serial HAVING count(*) > 1")
                self.test.assertEqual(twice.fetchall(), [])
        finally:
            db.close()
        sample = sorted(back if back else self.revoked)
        for serial in random.sample(sample, min(samples, len(sample))):
            self.test.assertEqual(ask_ocsp(self.ca, serial, self.issuer)[0], "revoked")
        if crl or whole:
            self.crl()
        if whole:
            self.journal()

    @staticmethod
    def some(db, sql, serials):
        """Which of the serials it finds."""
        found, serials = set(), [bytes.fromhex(s) for s in serials]
        for at in range(0, len(serials), 500):
            some = serials[at:at + 500]
            found |= {r[0].hex() for r in db.execute(f"{sql} IN ({','.join('?' * len(some))})", some)}
        return found

    def crl(self):
        """The new CRL comes by itself; its number grows, it holds every revocation."""
        revoked = {int(s, 16) for s in self.revoked}
        end = time.monotonic() + 10 * hnp.SLOW
        while True:
            answer = self.ca.ask_http("GET", "/crl/main.crl")
            if answer.status == 200:
                crl = x509.load_der_x509_crl(answer.body)
                number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
                self.test.assertGreaterEqual(number, self.number, "CRL numbers never go back")
                # One after the other they would be looked for from the list's beginning.
                if number > self.number and revoked <= {r.serial_number for r in crl}:
                    break
            self.test.assertLess(time.monotonic(), end, f"no CRL that holds all: {answer.status}, {self.number}")
            time.sleep(0.02)
        self.number = number

    def journal(self):
        hnp.run(hnp.BUILD / "hanaper", "audit", "verify", "--dir", self.ca.dir)

    def clients(self, until=None, most=12):
        """Tokens used stay used, those told can be used; accounts and orders are there."""
        ca, test = self.ca, self.test
        used = self.told.of("used", until)
        later = {t for at, k, t in self.told.events if k == "used"}
        open_ = [t for t in self.told.of("token", until) if t not in later]
        csr = ca.file("load0.csr").read_bytes()

        def enroll(token):
            return ca.ask("POST", "/v1/enroll", csr, {"Content-Type": "text/plain",
                                                      "Authorization": "Bearer " + token}, cert=None)
        for token in used[-most:]:
            test.assertEqual(enroll(token).status, 409, "a token is used once")
        for token in open_[-most:]:  # the last of them: it may have been used without an answer
            answer = enroll(token)
            test.assertIn(answer.status, (201, 409), answer)
        for key, kid in self.told.of("account", until)[-most:]:
            client = acme_client.Client(ca.api_port, ca.dir / "root.crt", key=key)
            answer = client.register(onlyReturnExisting=True)
            test.assertEqual((answer.status, answer.headers["Location"]), (200, kid), answer)
            client.close()
        for key, kid, url in self.told.of("order", until)[-most:]:
            client = acme_client.Client(ca.api_port, ca.dir / "root.crt", key=key)
            client.kid = kid
            test.assertEqual(client.post(url).status, 200)
            client.close()


