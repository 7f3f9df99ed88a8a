# SPDX-License-Identifier: Apache-2.0
"""A core that was taken over, before the real signer: each row is one lie, and nothing is signed for it.

The genuine message is taken from the wire and asked again with the fields of the
row.  What a captured core may still do is in the rows that say "same".
"""
import datetime
import os
import re
import threading
import time
import unittest

import cryptography.x509.ocsp  # noqa: F401, x509.ocsp below
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

import der
import journal
from acme_client import make_csr
from between import Between, Frame, Raw, make
from hnp import SLOW

DAY = 86400
BIG = 1 << 62  # ids of ours: the real core counts from 1
P256 = ec.generate_private_key(ec.SECP256R1())


def csr(names=("a.internal",), key=P256, extensions=()):
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), False)
    for e in extensions:
        builder = builder.add_extension(e, critical=True)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def general_names(*names):
    """DER GeneralNames: "dns:a", or (tag, octets)."""
    return der.tlv(0x30, *(der.tlv(0x82, n.encode()) if isinstance(n, str) else der.tlv(*n) for n in names))


def recorded(ca):
    """Certificates and revocations; a CRL may become due at any time."""
    return journal.count(ca.dir / "journal", journal.CERTIFICATE, journal.REVOCATION)


def now():
    return int(time.time())


CA_TRUE = x509.BasicConstraints(ca=True, path_length=None)
KEY_CERT_SIGN = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
ANY_USAGE = x509.ExtendedKeyUsage([ObjectIdentifier("2.5.29.37.0"), ExtendedKeyUsageOID.OCSP_SIGNING])

BROKEN = csr()[:-1] + bytes([csr()[-1] ^ 1])

# What is changed of a genuine SIGN_CERT; the signer refuses.  Functions are called when it is asked.
CERTIFICATES = {
    # R1 to R3: nothing of a CSR but key and names
    "a CA by the CSR": dict(csr=lambda: csr(extensions=[CA_TRUE])),
    "keyCertSign by the CSR": dict(csr=lambda: csr(extensions=[KEY_CERT_SIGN])),
    # R15, R17: the key
    "a key that the CSR does not prove": dict(csr=BROKEN),
    "RSA 1024": dict(csr=lambda: csr(key=rsa.generate_private_key(65537, 1024))),
    "a curve that the profile has not": dict(csr=lambda: csr(key=ec.generate_private_key(ec.SECP521R1()))),
    "no CSR": dict(csr=b"\x30\x00"),
    "octets behind the CSR": dict(csr=lambda: csr() + b"\0"),
    # R5, R6, R12, P36: names
    "a name outside of profile and constraints": dict(names=general_names("evil.example")),
    "a name that the constraints forbid, the profile not": dict(names=general_names("b.forbidden")),
    "one good name and one bad": dict(names=general_names("a.internal", "evil.example")),
    "a wildcard": dict(names=general_names("*.internal")),
    "a NUL": dict(names=general_names("a.internal\0.evil.example")),
    "an address": dict(names=general_names((0x87, b"\x08\x08\x08\x08"))),
    "an e-mail address": dict(names=general_names((0x81, b"root@internal"))),
    "an otherName": dict(names=general_names((0xa0, der.tlv(0x30, b"\x06\x01\x2a", b"\xa0\x02\x0c\x00")))),
    "no name": dict(names=b"\x30\x00"),
    "names that are no DER": dict(names=b"\x30\x80\x00\x00"),
    "a name twice, and octets behind": dict(names=general_names("a.internal") + b"\0"),
    # P10, P11, R21, R23, S28: times
    "a longer life": dict(validity_s=400 * DAY),
    "a life of exactly one second more": dict(validity_s=90 * DAY + 1),
    "an exact end beyond": dict(exact_not_before=now, exact_not_after=lambda: now() + 91 * DAY),
    "backdated": dict(not_before=lambda: now() - 2 * DAY),
    "backdated exactly": dict(exact_not_before=lambda: now() - 2 * DAY, exact_not_after=lambda: now() + DAY),
    "dated ahead": dict(not_before=lambda: now() + 30 * DAY),
    "in the year 9999": dict(exact_not_before=lambda: 253402300799 - DAY, exact_not_after=253402300799),
    # S6: profiles
    "no such profile": dict(profile=b"nothing"),
    "the root's own": dict(profile=b"root"),
    "an intermediate": dict(profile=b"intermediate"),
    "a responder": dict(profile=b"ocsp-responder"),
    "the listener's, for another name": dict(profile=b"listener", names=general_names("b.internal")),
    "another profile's names": dict(profile=b"client", names=general_names("evil.example")),
    # design section 7
    "a record that the journal has not": dict(stored_seq=BIG),
}

CRLS = {
    # S84, R34, P61
    "the number of the last": dict(number=lambda t: t.crl["number"]),
    "an old number": dict(number=1),
    "a number that burns the rest": dict(number=(1 << 64) - 1),
    "of another issuer": dict(issuer=b"other"),
    "without those that end until tomorrow": dict(since=lambda t: now() + DAY),
    # P73
    "of tomorrow": dict(this_update=lambda t: now() + DAY, next_update=lambda t: now() + 2 * DAY),
    "good for ten years": dict(next_update=lambda t: now() + 3650 * DAY),
    "good for longer than is configured": dict(this_update=lambda t: now(), next_update=lambda t: now() + DAY + 60),
    "a delta where none is configured": dict(delta=1, this_update=lambda t: now(), next_update=lambda t: now() + 60),
    "the root's for longer than half a year": dict(issuer=b"root", this_update=lambda t: now(),
                                                   next_update=lambda t: now() + 181 * DAY),
    "a delta to nothing": dict(issuer=b"root", delta=1),
    "of a shard that is not made": dict(shards=1 << 20, shard=3),
    "a record that the journal has not": dict(stored_seq=BIG),
}

# A core that was not taken over asks these too, so they raise no alarm.
HONEST = {"a key that the CSR does not prove", "of an hour ago", "again", "again, with a weaker reason"}


class Captured(unittest.TestCase):
    ca = None

    @classmethod
    def setUpClass(cls):
        cls.ca = Between("signer", options=("--domain", "internal", "--domain", "localhost"))
        cls.addClassCleanup(cls.ca.close)
        conf = cls.ca.dir / "hanaper.yaml"
        text = conf.read_text()
        assert '"*.internal"' in text, text
        conf.write_text(text.replace('"*.internal"', '"*.internal", "*.forbidden"', 1))
        cls.ca.start(lies={"signer": cls.swallow})
        cls.next_id = BIG
        cls.good = cls.ca.issue("good", "DNS:a.internal")
        cls.bad = cls.ca.issue("bad", "DNS:b.internal")
        cls.hidden = [cls.ca.issue(f"hidden{n}", f"DNS:h{n}.internal") for n in range(9)]
        cls.revoked = cls.ca.revoke(cls.bad, "keyCompromise").json
        cls.ca.ocsp(cls.good)
        cls.signer = cls.ca.at["signer"]
        end = time.monotonic() + 10 * SLOW
        while cls.count("CRL_SIGNED") < 3 and time.monotonic() < end:
            time.sleep(0.02)
        cls.crl = cls.genuine("CRL_BEGIN").fields

    @staticmethod
    def swallow(frame):
        """Answers to us are not the real core's."""
        if not frame.to_role and frame.link == "core" and frame.body and int.from_bytes(frame.body[:8], "big") >= BIG \
                and frame.type not in ("JOURNAL_END", "JOURNAL_RECORD"):
            return []
        return None

    @classmethod
    def count(cls, type_):
        return sum(f.type == type_ for f in cls.signer.seen)

    @classmethod
    def genuine(cls, type_):
        return [f for f in cls.signer.seen if f.type == type_ and f.to_role][-1]

    def asked(self, frame):
        type(self).next_id += 1
        return frame.but(id=self.next_id)

    def value(self, v):
        if callable(v):
            return v(self) if v.__code__.co_argcount else v()
        return v

    def answer(self, frame):
        self.signer.say(frame)
        number = frame.fields["id"].to_bytes(8, "big")
        got = self.signer.heard(lambda f: not f.to_role and f.link == "core" and f.body[:8] == number)
        self.assertIsNotNone(got, "no answer")
        return got

    def journal(self):
        return recorded(self.ca)

    def alarms(self):
        """The count that each alarm told."""
        return [int(n) for n in re.findall(r" oracle-refused .*\bcount=(\d+)$", self.ca.said(), re.M)]

    def refused(self, what, frame):
        """A refusal, the journal has nothing more, and but for what is HONEST an alarm has counted it."""
        before, alarms = self.journal(), self.alarms()
        got = self.answer(frame)
        self.assertEqual(got.type, "REFUSED", got)
        self.assertEqual(self.journal(), before, "a record for what was refused")
        self.assertEqual(self.alarms()[len(alarms):], [] if what in HONEST else [len(alarms) + 1], got.fields)
        return got.fields["detail"].decode()

    def tearDown(self):
        self.assertTrue(self.ca.alive(), self.ca.said()[-2000:])


class Questions(Captured):
    # S83, S84, R1 to R3, R5, R6, R12, R15, R17, R21, R23, P10, P11, P36, S6, S28
    def test_no_certificate_is_signed_for_a_lie(self):
        for what, changed in CERTIFICATES.items():
            with self.subTest(what):
                frame = self.genuine("SIGN_CERT").but(not_before=now(), note=b"{}")
                why = self.refused(what, self.asked(frame.but(**{k: self.value(v) for k, v in changed.items()})))
                self.assertNotEqual(why, "")

    # R3, R20, S84: who asks twice gets two certificates, never one serial twice
    def test_a_replayed_question_gets_a_serial_of_its_own(self):
        frame = self.genuine("SIGN_CERT").but(not_before=now(), note=b"{}", csr=csr(extensions=[ANY_USAGE]))
        serials = set()
        for _ in range(3):
            got = self.answer(self.asked(frame))
            self.assertEqual(got.type, "CERT_SIGNED", got)
            record = got.fields["record"]
            at = record.index(b"\x30\x82", 40)
            end = at + 4 + int.from_bytes(record[at + 2:at + 4], "big")
            certificate = x509.load_der_x509_certificate(record[at:end])
            self.assertFalse(certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
            usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
            self.assertEqual([u.dotted_string for u in usages], ["1.3.6.1.5.5.7.3.1"])
            serials.add(certificate.serial_number)
        self.assertEqual(len(serials), 3)

    # S84, R34, P61, P73
    def test_no_crl_is_signed_for_a_lie(self):
        base = self.genuine("CRL_BEGIN").but(number=self.crl["number"] + 7)
        for what, changed in CRLS.items():
            with self.subTest(what):
                self.refused(what, self.asked(base.but(**{k: self.value(v) for k, v in changed.items()})))

    # S84, R30, R32, P83, P87
    def test_no_ocsp_answer_is_signed_for_a_lie(self):
        asked = self.genuine("SIGN_OCSP")
        good = asked.fields["v"][0]
        certid = good["cert_id"]
        serial = bytes.fromhex(self.good)
        bad = certid.replace(serial, bytes.fromhex(self.bad))
        self.assertNotEqual(bad, certid)
        revoked = dict(status=1, revoked_at=now(), reason=1)
        rows = {
            "good for a revoked serial": dict(v=[{**good, "cert_id": bad}]),
            "unknown for a revoked serial": dict(v=[{**good, "cert_id": bad, "status": 2}]),
            "revoked for a good one": dict(v=[{**good, **revoked}]),
            "another time of revocation": dict(v=[{**good, **revoked, "cert_id": bad, "revoked_at": 1}]),
            "another issuer's hashes": dict(v=[{**good, "cert_id": certid.replace(serial, serial)[:20]
                                                + bytes([certid[20] ^ 1]) + certid[21:]}]),
            "no CertID": dict(v=[{**good, "cert_id": b"\x30\x00"}]),
            "a good one and a lie": dict(v=[good, {**good, "cert_id": bad}]),
            "of an hour ago": dict(this_update=now() - 3600, next_update=now() + 3600),
            "of last week": dict(this_update=now() - 7 * DAY, next_update=now() - 6 * DAY),
            "by no issuer of ours": dict(issuer=b"other"),
            "by another issuer than the certificate's": dict(issuer=b"root"),
            "about a revocation to come": dict(v=[{**good, **revoked, "revoked_at": now() + 3600}]),
        }
        for what, changed in rows.items():
            with self.subTest(what):
                frame = asked.but(this_update=now(), next_update=now() + DAY)
                self.refused(what, self.asked(frame.but(**changed)))

    # P87: what is asked for too long is cut, not signed
    def test_an_ocsp_answer_lives_no_longer_than_is_configured(self):
        frame = self.asked(self.genuine("SIGN_OCSP").but(this_update=now(), next_update=now() + 3650 * DAY))
        got = self.answer(frame)
        self.assertEqual(got.type, "OCSP_SIGNED", got)
        self.assertLessEqual(got.fields["next_update"], now() + DAY)

    # R30, P87: "good" cannot be had in advance, for when it will be a lie
    def test_an_ocsp_answer_is_of_now_whenever_it_is_asked_for(self):
        frame = self.asked(self.genuine("SIGN_OCSP").but(this_update=now() + 30 * DAY, next_update=now() + 31 * DAY))
        got = self.answer(frame)
        self.assertEqual(got.type, "OCSP_SIGNED", got)
        response = x509.ocsp.load_der_ocsp_response(got.fields["response"])
        began, ends = (getattr(response, name + "_utc", None) or getattr(response, name)  # a library of before has no _utc
                       for name in ("this_update", "next_update"))
        began, ends = (t.replace(tzinfo=datetime.timezone.utc).timestamp() for t in (began, ends))
        self.assertLessEqual(began, now())
        self.assertLessEqual(ends, now() + DAY)

    @staticmethod
    def der(path):
        return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(serialization.Encoding.DER)

    def shorter(self, certificate):
        """The same with the year before in its notAfter."""
        end = der.Certificate(certificate).not_after.whole
        self.assertEqual(certificate.count(end), 1)
        return certificate.replace(end, end[:2] + b"%02d" % (int(end[2:4]) - 1) + end[4:])

    # S43, S84, S27, R40, R27
    def test_no_revocation_is_recorded_for_a_lie(self):
        base = self.genuine("REVOKE").but(revoked_at=now())
        rows = {
            "again": dict(),
            "again, with a weaker reason": dict(reason=4),
            "of another issuer": dict(issuer=b"other", serial=bytes.fromhex(self.good)),
            "tomorrow": dict(revoked_at=now() + DAY, serial=bytes.fromhex(self.good)),
            "a record that the journal has not": dict(stored_seq=BIG, serial=bytes.fromhex(self.good)),
        }
        for what, changed in rows.items():
            with self.subTest(what):
                self.refused(what, self.asked(base.but(**changed)))

    # P92, S27: an answer of this second may still have said good
    def test_a_revocation_begins_when_it_is_recorded(self):
        for hidden, off in zip(self.hidden[6:], (-DAY, -2, 2)):
            with self.subTest(off):
                serial = bytes.fromhex(hidden)
                began = int(now())
                frame = self.genuine("REVOKE").but(serial=serial, revoked_at=began + off, certificate=b"")
                record = self.answer(self.asked(frame)).fields["record"]
                at = record.index(serial) + len(serial) + 8  # behind its end
                self.assertIn(int.from_bytes(record[at:at + 8], "big"), range(began, int(now()) + 1))

    # S84, R27: where its certificate proves nothing it is on lists as long as there are any
    def test_no_lie_of_cores_takes_a_revocation_off_a_crl(self):
        main = self.der(self.ca.dir / "issuers/main.crt")
        ends = der.Certificate(main).not_after.time
        base = self.genuine("REVOKE").but(revoked_at=now())
        for n, (what, told) in enumerate({
                "not told": lambda own: b"",
                "of another": lambda own: self.der(self.ca.file("good.leaf.crt")),
                "with an earlier end": self.shorter,
                "with a broken signature": lambda own: own[:-1] + bytes([own[-1] ^ 1]),
                "the issuer's own": lambda own: main,
                "none": lambda own: b"1"}.items()):
            with self.subTest(what):
                serial = bytes.fromhex(self.hidden[n])
                certificate = told(self.der(self.ca.file(f"hidden{n}.leaf.crt")))
                unproven = self.ca.said().count(" revocation-unproven ")
                got = self.answer(self.asked(base.but(serial=serial, certificate=certificate)))
                self.assertEqual(got.type, "REVOKED", got)
                self.assertEqual(self.ca.said().count(" revocation-unproven "), unproven + (certificate != b""))
                at = got.fields["record"].index(serial) + len(serial)
                self.assertEqual(int.from_bytes(got.fields["record"][at:at + 8], "big"), ends)


class Ends(unittest.TestCase):
    """What no core says ends the signer, and with it the daemon."""

    @classmethod
    def setUpClass(cls):
        cls.ca = Between("signer")
        cls.addClassCleanup(cls.ca.close)
        cls.ca.start(lies={"signer": Captured.swallow})
        cls.ca.issue("good", "DNS:localhost")
        cls.frames = {f.type: f for f in cls.ca.at["signer"].seen if f.to_role and f.link == "core"}
        cls.ca.stop()

    def row(self, what, frames, words):
        with self.subTest(what):
            self.ca.start(lies={"signer": Captured.swallow})
            before = recorded(self.ca)
            for f in frames:
                self.ca.at["signer"].say(f)
            self.assertEqual(self.ca.wait_end(), 1, self.ca.said()[-2000:])
            lines = [line for line in self.ca.said().splitlines() if " error parent " in line]
            self.assertEqual(len(lines), 1, lines)
            self.assertRegex(lines[0], rf'ended error="signer: (core: )?{words}')
            self.assertNotIn("signal", lines[0])
            self.assertEqual(recorded(self.ca), before)

    # S83
    def test_what_is_no_message_of_core_ends_it(self):
        cert = self.frames["SIGN_CERT"]
        wild = Frame("core", True, "SIGN_CERT", b"")
        head = cert.octets()[:6]
        self.row("an unknown number", [Frame("core", True, 999, b"")], r"message 999 \(\?\) is not for this role")
        self.row("its own answer", [make("core", True, "JOURNAL_END", last_seq=1, stored_seq=1, root_key=1)], r"message 33")
        self.row("the parent's stop", [Frame("core", True, "STOP", b"")], r"message 4 \(STOP\)")
        self.row("a configuration", [Frame("core", True, "CONF", b"\0" * 64)], r"message 1 \(CONF\)")
        self.row("nothing in it", [wild], "SIGN_CERT: ")
        self.row("cut", [Frame("core", True, "SIGN_CERT", cert.body[:-1])], "SIGN_CERT: ")
        self.row("one octet too many", [Frame("core", True, "SIGN_CERT", cert.body + b"\0")], "SIGN_CERT: ")
        self.row("over the limit", [Raw("core", True, 0, b"\xff\xff\xff\xff" + head[4:])], "")
        self.row("over the rule", [Frame("core", True, "SIGN_CERT", b"\0" * (1 << 20))], "")
        self.row("a descriptor", [Frame("core", True, "CRL_MORE", b"\0" * 8, [os.open("/dev/null", os.O_RDONLY)])],
                 "message CRL_MORE came with a descriptor")
        self.row("a control character", [cert.but(requester=b"cert:a\nfaked line")], "SIGN_CERT: ")
        self.row("a profile that is a path", [cert.but(profile=b"../root")], "SIGN_CERT: ")
        self.row("a life before the epoch", [cert.but(not_before=-1)], "SIGN_CERT: ")
        self.row("a hundred years and more", [cert.but(validity_s=1 << 62)], "SIGN_CERT: ")


@unittest.skipUnless(os.environ.get("HNP_LONG"), "HNP_LONG=1: a million refusals; link.a_peer_that_does_not_read is short")
class Floods(unittest.TestCase):
    """Questions without end, by a core that reads no answer."""

    @classmethod
    def setUpClass(cls):
        cls.ca = Between("signer")
        cls.addClassCleanup(cls.ca.close)

    def memory(self, pid):
        text = open(f"/proc/{pid}/status").read()
        return int(text.split("VmRSS:")[1].split()[0]) // 1024

    # S83: the answers wait in the signer's memory, up to a bound
    def test_who_asks_and_does_not_read_ends_the_signer(self):
        ask = make("core", True, "CRL_BEGIN", id=BIG, stored_seq=0, issuer=b"nobody", number=1, this_update=1,
                   next_update=2, since=1, delta=0, shards=0, shard=0, places=[])
        stop = threading.Event()
        self.ca.start()
        signer = self.ca.at["signer"]
        signer.lie = lambda f: [] if f.link == "core" and not f.to_role and stop.wait(60 * SLOW) else None
        most = 0
        for _ in range(10000):
            pid = signer.pid
            if not signer.say(Raw("core", True, 0, ask.octets() * 500)) or not pid:
                break
            try:
                most = max(most, self.memory(pid))
            except OSError:
                break
        stop.set()
        self.assertEqual(self.ca.wait_end(30), 1)
        self.assertRegex(self.ca.said(), r'ended error="signer: core: it does not read what it is sent"')
        print(f"     the signer had {most} MiB")
        self.assertLess(most, 400)
