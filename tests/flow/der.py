# SPDX-License-Identifier: Apache-2.0
"""DER, read and written by somebody who is not the C code: strict, and short.

    python3 der.py FILE...      is each of them DER, down to the values of its extensions?
"""
import datetime
import pathlib
import sys

OIDS = {
    "2.5.29.14": "subjectKeyIdentifier", "2.5.29.15": "keyUsage", "2.5.29.17": "subjectAltName",
    "2.5.29.18": "issuerAltName", "2.5.29.19": "basicConstraints", "2.5.29.20": "cRLNumber",
    "2.5.29.21": "reasonCode", "2.5.29.30": "nameConstraints", "2.5.29.31": "cRLDistributionPoints",
    "2.5.29.32": "certificatePolicies", "2.5.29.35": "authorityKeyIdentifier",
    "2.5.29.37": "extKeyUsage", "2.5.29.56": "noRevAvail", "1.3.6.1.5.5.7.1.1": "authorityInfoAccess",
    "1.3.6.1.5.5.7.1.24": "tlsFeature", "1.3.6.1.5.5.7.48.1.5": "ocspNoCheck",
    "1.3.6.1.5.5.7.48.1.2": "nonce", "1.3.6.1.5.5.7.48.1.1": "basicResponse",
    "1.3.6.1.5.5.7.3.1": "serverAuth", "1.3.6.1.5.5.7.3.2": "clientAuth",
    "1.3.6.1.5.5.7.3.9": "OCSPSigning",
}


class Node:
    """One element: tag octet, content, the whole; children of what is constructed."""

    def __init__(self, tag, body, whole):
        self.tag, self.body, self.whole = tag, body, whole

    @property
    def children(self):
        assert self.tag & 0x20, f"tag {self.tag:#x} is not constructed"
        return read_all(self.body)

    def __eq__(self, other):
        return isinstance(other, Node) and self.whole == other.whole

    def __getitem__(self, i):
        return self.children[i]

    def __len__(self):
        return len(self.children)

    @property
    def oid(self):
        assert self.tag == 0x06, f"tag {self.tag:#x} is no OID"
        arcs, value = [], 0
        for octet in self.body:
            value = value << 7 | octet & 0x7f
            if not octet & 0x80:
                arcs.append(value)
                value = 0
        first = min(arcs[0] // 40, 2)
        text = ".".join(map(str, [first, arcs[0] - 40 * first, *arcs[1:]]))
        return OIDS.get(text, text)

    @property
    def number(self):
        assert self.tag in (0x02, 0x0a), f"tag {self.tag:#x} is no INTEGER"
        return int.from_bytes(self.body, "big", signed=True)

    @property
    def time(self):
        """UTC seconds; the forms of RFC 5280 4.1.2.5 and no others."""
        text = self.body.decode()
        assert (self.tag, len(text)) in ((0x17, 13), (0x18, 15)), text
        if self.tag == 0x17:
            text = ("20" if text[:2] < "50" else "19") + text
        at = datetime.datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
        return int(at.timestamp())


def read_at(octets, start):
    """The element at 'start' and where it ends; refuses what is not DER in tag or length."""
    tag, n, at = octets[start], octets[start + 1], start + 2
    assert tag & 0x1f != 0x1f, "a tag of several octets"
    if n & 0x80:
        count = n & 0x7f
        assert 0 < count < 5, "a length that is indefinite or absurd"
        n, at = int.from_bytes(octets[at:at + count], "big"), at + count
        assert n >= 0x80 and n >> (8 * (count - 1)), "a length that is not minimal"
    assert at + n <= len(octets), "an element that is cut off"
    return Node(tag, octets[at:at + n], octets[start:at + n]), at + n


def read(octets):
    """The first element and what follows it."""
    node, end = read_at(octets, 0)
    return node, octets[end:]


def read_all(octets):
    nodes, at = [], 0
    while at < len(octets):
        node, at = read_at(octets, at)
        nodes.append(node)
    return nodes


def whole(octets):
    node, rest = read(octets)
    assert not rest, f"{len(rest)} octets behind the element"
    return node


# What X.690 leaves open beyond tags and lengths, and DER does not: clauses 8.3, 8.19, 10 and 11.
def check_number(node):
    """INTEGER, ENUMERATED"""
    octets = node.body
    assert octets, "a number without an octet"
    padded = len(octets) > 1 and (octets[0], octets[1] & 0x80) in ((0x00, 0x00), (0xff, 0x80))
    assert not padded, f"a number that is padded: {octets.hex()}"


def check_bits(node):
    """BIT STRING"""
    assert node.body, "a BIT STRING without an octet"
    unused = node.body[0]
    assert unused < 8 and (unused == 0 or len(node.body) > 1), f"{unused} unused bits"
    assert node.body[-1] & (1 << unused) - 1 == 0 or len(node.body) == 1, "unused bits that are set"


def check_oid(node):
    """OBJECT IDENTIFIER"""
    arcs = node.body
    assert arcs and arcs[-1] < 0x80, "an OID that is cut off"
    begins = [0, *(i + 1 for i, octet in enumerate(arcs[:-1]) if octet < 0x80)]
    assert all(arcs[i] != 0x80 for i in begins), "an OID that is padded"


def check_boolean(node):
    assert node.body in (b"\x00", b"\xff"), f"a BOOLEAN of {node.body.hex()}"


def check_null(node):
    assert not node.body, "a NULL with content"


def check_time(node):
    assert node.time


def check_set(node):
    """SET OF, as all in certificates are."""
    octets = [child.whole for child in node.children]
    assert octets == sorted(octets), "a SET out of order"


CHECKS = {0x01: check_boolean, 0x02: check_number, 0x03: check_bits, 0x05: check_null, 0x06: check_oid,
          0x0a: check_number, 0x17: check_time, 0x18: check_time, 0x31: check_set}


def check_extension(parts):
    """What is in the OCTET STRING of an Extension."""
    assert len(parts) == 2 or parts[1].body == b"\xff", "critical that is coded FALSE"
    value = whole(parts[-1].body)
    check(value)
    if parts[0].oid == "keyUsage":  # named bits: those behind the last that is set are cut
        assert value.body[-1] >> value.body[0] & 1, "key usage with bits that say nothing"


def check(node):
    """Refuses what is BER and not DER, in it and below it."""
    universal, constructed = node.tag < 0x40, bool(node.tag & 0x20)
    assert not universal or constructed == (node.tag & 0x1f in (0x10, 0x11)), f"tag {node.tag:#x} in the wrong form"
    CHECKS.get(node.tag, lambda _: None)(node)
    if not constructed:
        return
    parts = node.children
    for part in parts:
        check(part)
    tags = [part.tag for part in parts]
    if node.tag == 0x30 and tags in ([0x06, 0x04], [0x06, 0x01, 0x04]):
        check_extension(parts)


def extensions(node):
    """{name: (critical, value)} of a SEQUENCE of Extension; each once, none empty, no coded FALSE."""
    found = {}
    assert len(node) > 0, "extensions that are none"
    for extension in node.children:
        parts = extension.children
        critical = len(parts) == 3
        if critical:
            assert (parts[1].tag, parts[1].body) == (0x01, b"\xff"), "critical that is not TRUE"
        assert parts[-1].tag == 0x04 and parts[-1].body, "an extension without content"
        name = parts[0].oid
        assert name not in found, f"{name} twice"
        found[name] = (critical, whole(parts[-1].body))
    return found


def tlv(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    if n < 0x80:
        return bytes([tag, n]) + body
    length = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def oid(text):
    arcs = [int(a) for a in text.split(".")]
    body = b""
    for arc in [40 * arcs[0] + arcs[1], *arcs[2:]]:
        octets = [arc & 0x7f]
        while arc := arc >> 7:
            octets.insert(0, 0x80 | arc & 0x7f)
        body += bytes(octets)
    return tlv(0x06, body)


class Certificate:
    def __init__(self, octets):
        self.der = octets
        self.whole = whole(octets)
        tbs, self.outer_algorithm, _ = self.whole.children
        self.tbs = tbs
        parts = tbs.children
        assert parts[0].tag == 0xa0, "version is missing"
        self.version = whole(parts[0].body).number
        self.serial_node, self.algorithm, self.issuer, validity, self.subject, self.spki = parts[1:7]
        self.serial = self.serial_node.number
        self.not_before, self.not_after = validity.children
        self.rest = [p.tag for p in parts[7:]]
        self.extensions = extensions(whole(parts[-1].body)) if self.rest[-1:] == [0xa3] else {}

    @property
    def key_bits(self):
        """The key's BIT STRING without its count of unused bits."""
        return self.spki[1].body[1:]


class CRL:
    def __init__(self, octets):
        tbs, self.outer_algorithm, _ = whole(octets).children
        parts = tbs.children
        self.tags = [p.tag for p in parts]
        self.version = parts[0].number
        self.algorithm, self.issuer, self.this_update, self.next_update = parts[1:5]
        self.entries = {}
        self.order = []
        for part in parts[5:]:
            if part.tag == 0x30:
                for entry in part.children:
                    self.add(entry.children)
            else:
                self.extensions = extensions(whole(part.body))
        self.has_list = 0x30 in self.tags[5:]
        self.number = self.extensions["cRLNumber"][1].number

    def add(self, parts):
        """serial: (time, reason or None)"""
        serial = parts[0].body.lstrip(b"\0").hex()
        assert serial not in self.entries, "a serial twice"
        reason = None
        if len(parts) == 3:
            reason = extensions(parts[2])["reasonCode"][1].number
        self.order.append(serial)
        self.entries[serial] = (parts[1].time, reason)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        check(whole(pathlib.Path(name).read_bytes()))
        print(f"{name}: DER")
