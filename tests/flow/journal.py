# SPDX-License-Identifier: Apache-2.0
"""Writes records behind a stopped CA's journal, chained as include/journal/record.h says."""
import hashlib
import struct

GENESIS, CERTIFICATE, REVOCATION, CRL = range(1, 5)


def field(octets):
    return struct.pack(">I", len(octets)) + octets


def revocation(issuer, serial, not_after, revoked_at, reason):
    """The body of one record; the serial as its magnitude's octets."""
    return field(issuer.encode()) + field(serial) + struct.pack(">qqB", not_after, revoked_at, reason) + \
        field(b"test") + field(b"0123456789abcdef")


def last_seq(directory):
    """Of the last whole record: the next may be half written."""
    octets = sorted(directory.glob("*.hj"))[-1].read_bytes()
    place, seq = 52, struct.unpack_from(">Q", octets, 12)[0] - 1
    while place + 12 <= len(octets):
        length, this = struct.unpack_from(">IQ", octets, place)
        place += 4 + length + 32
        seq = this if place <= len(octets) else seq
    return seq


def append(directory, kind, at, bodies):
    path = sorted(directory.glob("*.hj"))[-1]
    octets = path.read_bytes()
    place, seq, stored = 52, struct.unpack_from(">Q", octets, 12)[0], 0
    while place < len(octets):
        length, seq, _, stored = struct.unpack_from(">IQqQ", octets, place)
        place += 4 + length + 32
        seq += 1
    before = octets[-32:]
    with open(path, "ab") as f:
        for body in bodies:
            record = struct.pack(">IQqQB", 25 + len(body), seq, at, stored, kind) + body
            before = hashlib.sha256(before + record).digest()
            f.write(record + before)
            seq += 1


def date_last(directory, at):
    """The last record, as a clock that says AT would have written it."""
    path = sorted(directory.glob("*.hj"))[-1]
    octets = bytearray(path.read_bytes())
    place, last = 52, None
    while place < len(octets):
        last, place = place, place + 4 + struct.unpack_from(">I", octets, place)[0] + 32
    struct.pack_into(">q", octets, last + 12, at)
    octets[-32:] = hashlib.sha256(octets[last - 32:-32]).digest()
    path.write_bytes(octets)


def count(directory, *kinds):
    """Records of these kinds."""
    n = 0
    for path in sorted(directory.glob("*.hj")):
        octets, place = path.read_bytes(), 52
        while place + 29 <= len(octets):
            length, _, _, _, kind = struct.unpack_from(">IQqQB", octets, place)
            n += kind & 0x7f in kinds  # the top bit: the first of a batch
            place += 4 + length + 32
    return n
