# SPDX-License-Identifier: Apache-2.0
"""A name server for the flow tests: every name is 127.0.0.1; TXT and CAA are what the test puts there."""
import socket
import struct
import threading

A, TXT, AAAA, CAA = 1, 16, 28, 257


class Names:
    """Answers over UDP and TCP on a port of its own."""

    def __init__(self):
        self.txt = {}  # name: [texts]
        self.caa = {}  # name: [(flags, tag, value)]
        self.gone = set()  # names that do not exist
        self.silent = False  # it hears and says nothing, by UDP
        self.asked = []
        while True:
            self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.udp.bind(("127.0.0.1", 0))
            self.port = self.udp.getsockname()[1]
            self.tcp = socket.socket()
            self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                self.tcp.bind(("127.0.0.1", self.port))
                break
            except OSError:
                self.udp.close()
                self.tcp.close()
        self.tcp.listen()
        for serve in (self.serve_udp, self.serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    def records(self, name, kind):
        if kind == A:
            return [socket.inet_aton("127.0.0.1")]
        if kind == TXT:
            return [b"".join(bytes([len(text[i:i + 255])]) + text[i:i + 255].encode()
                             for i in range(0, len(text), 255)) for text in self.txt.get(name, [])]
        if kind == CAA:
            return [bytes([flags, len(tag)]) + tag.encode() + value.encode()
                    for flags, tag, value in self.caa.get(name, [])]
        return []

    def answer(self, query):
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
            at += 1 + query[at]
        kind, = struct.unpack(">H", query[at + 1:at + 3])
        name = ".".join(labels)
        self.asked.append((name, kind))
        found = [] if name in self.gone else self.records(name, kind)
        head = query[:2] + struct.pack(">HHHHH", 0x8580 | (3 if name in self.gone else 0), 1, len(found), 0, 0)
        body = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 1, len(r)) + r for r in found)
        return head + query[12:at + 5] + body

    def serve_udp(self):
        while True:
            try:
                query, peer = self.udp.recvfrom(4096)
                answer = self.answer(query)
                if not self.silent:
                    self.udp.sendto(answer, peer)
            except OSError:
                return

    def serve_tcp(self):
        while True:
            try:
                peer, _ = self.tcp.accept()
                with peer:
                    size, = struct.unpack(">H", peer.recv(2))
                    answer = self.answer(peer.recv(size))
                    peer.sendall(struct.pack(">H", len(answer)) + answer)
            except (OSError, struct.error):
                if self.tcp.fileno() < 0:
                    return

    def close(self):
        self.udp.close()
        self.tcp.close()
