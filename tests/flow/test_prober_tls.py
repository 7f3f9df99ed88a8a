# SPDX-License-Identifier: Apache-2.0
"""TLS servers that would keep the prober busy, one way or another, while others wait."""
import datetime
import os
import pathlib
import random
import shutil
import socket
import struct
import tempfile
import threading
import time
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from hnp import SLOW
from probe_targets import Tls
from test_prober import PATH, ProberTest


def tlv(tag, octets):
    size = len(octets)
    length = bytes([size]) if size < 128 else bytes([0x82]) + size.to_bytes(2, "big")
    return bytes([tag]) + length + octets


def integer(v):
    return tlv(2, v.to_bytes(v.bit_length() // 8 + 1, "big"))


RSA = tlv(0x30, bytes.fromhex("06092a864886f70d0101010500"))
SHA256_RSA = tlv(0x30, bytes.fromhex("06092a864886f70d01010b0500"))


def rsa_certificate(modulus_bits, exponent_bits):
    """Nobody signed it, and nobody has its key."""
    odd = random.Random(1)
    n, e = (odd.getrandbits(bits) | 1 | 1 << (bits - 1) for bits in (modulus_bits, exponent_bits))
    key = tlv(0x30, RSA + tlv(3, b"\0" + tlv(0x30, integer(n) + integer(e))))
    name = tlv(0x30, tlv(0x31, tlv(0x30, bytes.fromhex("0603550403") + tlv(0x0c, b"x"))))
    life = tlv(0x30, tlv(0x17, b"200101000000Z") + tlv(0x17, b"400101000000Z"))
    tbs = tlv(0x30, tlv(0xa0, integer(2)) + integer(5) + SHA256_RSA + name + life + name + key)
    return tlv(0x30, tbs + SHA256_RSA + tlv(3, b"\0" + b"\1" * 256)), (n >> 1).to_bytes(modulus_bits // 8, "big")


def records(kind, octets):
    return b"".join(struct.pack(">BHH", kind, 0x303, len(octets[i:i + 16384])) + octets[i:i + 16384]
                    for i in range(0, len(octets), 16384))


def message(kind, octets):
    return records(22, bytes([kind]) + len(octets).to_bytes(3, "big") + octets)


def hello(suite, alpn):
    extensions = struct.pack(">HHB", 0xff01, 1, 0)
    if alpn:
        extensions += struct.pack(">HHHB", 16, len(alpn) + 3, len(alpn) + 1, len(alpn)) + alpn
    return message(2, b"\x03\x03" + os.urandom(32) + b"\0" + struct.pack(">HBH", suite, 0, len(extensions)) + extensions)


def big_key(peer, alpn, modulus_bits, exponent_bits):
    """TLS 1.2: a key exchange that is signed by the key."""
    crt, signature = rsa_certificate(modulus_bits, exponent_bits)
    chain = (len(crt) + 3).to_bytes(3, "big") + len(crt).to_bytes(3, "big") + crt
    exchange = b"\x03\x00\x1d\x20" + os.urandom(32) + b"\x04\x01" + struct.pack(">H", len(signature)) + signature
    peer.sendall(hello(0xc02f, alpn) + message(11, chain) + message(12, exchange) + message(14, b""))


def big_group(peer, alpn):
    """TLS 1.2: Diffie-Hellman in a group of 16000 octets."""
    crt, signature = rsa_certificate(2048, 17)
    chain = (len(crt) + 3).to_bytes(3, "big") + len(crt).to_bytes(3, "big") + crt
    prime = b"\xff" * 16000
    exchange = (struct.pack(">H", len(prime)) + prime + b"\0\1\2" + struct.pack(">H", len(prime)) + prime[:-1] + b"\x01"
                + b"\x04\x01" + struct.pack(">H", len(signature)) + signature)
    peer.sendall(hello(0x009e, alpn) + message(11, chain) + message(12, exchange) + message(14, b""))


def warnings(peer, _):
    """One alert after another that ends nothing."""
    end = time.monotonic() + 9
    while time.monotonic() < end:
        peer.sendall(b"\x15\x03\x03\x00\x02\x01\x5a" * 9000)


def extensions(hello):
    """{type: octets} of a ClientHello (RFC 8446 4.1.2)."""
    found, at = {}, 4 + 2 + 32
    for size in (1, 2, 1):  # session, cipher suites, compressions
        at += size + int.from_bytes(hello[at:at + size], "big")
    at += 2
    while at < len(hello):
        kind, size = struct.unpack(">HH", hello[at:at + 4])
        assert kind not in found
        found[kind] = hello[at + 4:at + 4 + size]
        at += 4 + size
    return found


class Raw:
    def __init__(self, answer, *args):
        self.answer, self.args, self.hellos = answer, args, []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve_one, args=(peer,), daemon=True).start()

    def serve_one(self, peer):
        peer.settimeout(15)
        try:
            with peer:
                first = peer.recv(5)
                self.hellos.append(peer.recv(struct.unpack(">H", first[3:])[0], socket.MSG_WAITALL))
                self.answer(peer, *self.args)
                peer.recv(100)
        except (OSError, struct.error):
            pass

    def close(self):
        self.listener.close()


class Hello(ProberTest):
    # A189, A194
    def test_it_offers_one_protocol_and_asks_for_one_name_by_tls_12_or_13(self):
        raw = Raw(lambda peer: peer.sendall(b"\x15\x03\x03\x00\x02\x02\x28"))  # handshake_failure
        self.addCleanup(raw.close)
        p = self.prober(tls_port=raw.port)
        for name, kind, sni in (("ok.test", "dns", b"ok.test"), ("127.0.0.1", "ip", b"1.0.0.127.in-addr.arpa")):
            self.fails(p.ask(name, type=kind, challenge="tls-alpn-01"), "tls")
            offered = extensions(raw.hellos.pop())
            self.assertEqual(offered[16], b"\0\x0b\x0aacme-tls/1")
            self.assertEqual(offered[0], struct.pack(">HBH", len(sni) + 3, 0, len(sni)) + sni)
            self.assertEqual(offered[43], b"\x04\x03\x04\x03\x03")


class Busy(ProberTest):
    def raw(self, *args):
        raw = Raw(*args)
        self.addCleanup(raw.close)
        return raw

    def others_wait_not(self, p, answer, *words, seconds=2):
        """Another question is answered while that server does what it does."""
        began = time.monotonic()
        first = p.say(name="ok.test", **dict(w.split("=") for w in words))
        time.sleep(0.1)
        second = p.say(name="nowhere.test", challenge="dns-01")
        self.fails(p.hear(second), "dns")
        took = time.monotonic() - began
        self.assertLess(took, seconds * SLOW, "the prober was busy")
        self.fails(p.hear(first), *answer)

    # S53, R75
    def test_keys_and_groups_that_are_too_large_are_not_computed_with(self):
        for what in ((big_key, b"acme-tls/1", 32768, 32768), (big_key, b"acme-tls/1", 65536, 65536),
                     (big_key, b"acme-tls/1", 2048, 2048), (big_group, b"acme-tls/1")):
            with self.subTest(what[0].__name__, size=what[2:]):
                p = self.prober(tls_port=self.raw(*what).port)
                self.others_wait_not(p, ("tls",), "challenge=tls-alpn-01")

    # S53, R75: so behind a redirect
    def test_nor_behind_a_redirect(self):
        site = self.web()
        for what in ((big_key, b"", 32768, 32768), (big_key, b"", 2048, 2048), (big_group, b"")):
            with self.subTest(what[0].__name__, size=what[2:]):
                raw = self.raw(*what)
                site.pages[PATH] = (302, {"Location": f"https://ok.test:{raw.port}/x"}, b"")
                p = self.prober(http_port=site.port, tls_port=raw.port)
                self.others_wait_not(p, ("tls",))

    # S53
    def test_warnings_without_end_end_it(self):
        raw = self.raw(warnings, None)
        p = self.prober(tls_port=raw.port)
        self.others_wait_not(p, ("tls",), "challenge=tls-alpn-01")
        site = self.web()
        site.pages[PATH] = (302, {"Location": f"https://ok.test:{raw.port}/x"}, b"")
        p = self.prober(http_port=site.port, tls_port=raw.port)
        self.others_wait_not(p, ("tls",))

    # S53: with TLS 1.3, where the certificate is behind a context
    def test_a_large_key_by_tls_13(self):
        folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        p, q, e = 2 ** 4423 - 1, 2 ** 9689 - 1, 65537
        d = pow(e, -1, (p - 1) * (q - 1))
        key = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p),
                                    rsa.RSAPublicNumbers(e, p * q)).private_key(unsafe_skip_rsa_key_validation=True)
        name, now = x509.Name([]), datetime.datetime(2020, 1, 1)
        crt = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
               .serial_number(1).not_valid_before(now).not_valid_after(now.replace(year=2040))
               .add_extension(x509.SubjectAlternativeName([x509.DNSName("ok.test")]), critical=False)
               .sign(key, hashes.SHA256()))
        (folder / "crt").write_bytes(crt.public_bytes(serialization.Encoding.PEM))
        (folder / "key").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                       serialization.NoEncryption()))
        server = Tls()
        self.addCleanup(server.close)
        server.certificates["ok.test"] = (folder / "crt", folder / "key")
        self.fails(self.prober(tls_port=server.port).ask("ok.test", challenge="tls-alpn-01"), "tls")


if __name__ == "__main__":
    unittest.main()
