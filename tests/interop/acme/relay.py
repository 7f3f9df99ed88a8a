# SPDX-License-Identifier: Apache-2.0
"""A relay between a client and the ACME server.

Clients reach the server through it alone, so it can count connections.  While
`tap` is off it passes octets on unseen: the client's TLS ends at the server.
While it is on, TLS ends here, every request is written down, and if `spoil` is
on too, some answers bear a nonce that was used before, so that the server has
to say badNonce to whoever uses it.
"""
import base64
import contextlib
import http.client
import http.server
import json
import select
import socket
import ssl
import threading

HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}


def unbase64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def jws(body):
    """(protected header, payload) of a JWS; None where there is none."""
    try:
        outer = json.loads(body)
        header = json.loads(unbase64(outer["protected"]))
        payload = unbase64(outer["payload"])
        return header, json.loads(payload) if payload else None
    except (ValueError, KeyError, TypeError):
        return None, None


class Seen:
    """One request and its answer."""

    def __init__(self, method, path, body, status, answer):
        self.method, self.path, self.status = method, path, status
        self.header, self.payload = jws(body)
        try:
            self.answer = json.loads(answer)
        except ValueError:
            self.answer = None

    def __repr__(self):
        return f"{self.method} {self.path} {self.payload} -> {self.status} {self.answer}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def forward(self):
        relay = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        backend = http.client.HTTPSConnection("localhost", relay.backend, timeout=60,
                                              context=relay.backend_context)
        headers = {k: v for k, v in self.headers.items()
                   if k.lower() not in ("connection", "keep-alive", "content-length")}
        backend.request(self.command, self.path, body or None, headers)
        answer = backend.getresponse()
        data = answer.read()
        backend.close()
        relay.note(Seen(self.command, self.path, body, answer.status, data))
        self.wfile.write(b"HTTP/1.1 %d %s\r\n" % (answer.status, answer.reason.encode()))
        for name, value in answer.getheaders():
            if name.lower() == "replay-nonce":
                value = relay.nonce(value, data)
            if name.lower() not in HOP:
                self.wfile.write(f"{name}: {value}\r\n".encode())
        if answer.status != 204:
            self.wfile.write(b"Content-Length: %d\r\n" % len(data))
        self.wfile.write(b"\r\n")
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_HEAD = do_POST = forward

    def log_message(self, format, *args):  # noqa: A002 - the name is the base class's
        pass


class Relay:
    def __init__(self, port, backend, certificate, key, root):
        self.port, self.backend = port, backend
        self.tap = self.spoil = False
        self.connections = 0
        self.seen = []
        self.used = None
        self.turn = 0
        self.lock = threading.Lock()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.backend_context = ssl.create_default_context(cafile=root)
        self.socket = socket.create_server(("127.0.0.1", port), backlog=64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, address = self.socket.accept()
                with self.lock:
                    self.connections += 1
                target = self.serve if self.tap else self.passes
                threading.Thread(target=target, args=(client, address), daemon=True).start()

    def close(self):
        # accept() in the other thread ends by shutdown alone.
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def passes(self, client, _address):
        with contextlib.suppress(OSError), client, \
                socket.create_connection(("127.0.0.1", self.backend)) as server:
            for s in (client, server):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            other = {client: server, server: client}
            while other:
                for s in select.select(list(other), [], [], 120)[0]:
                    data = s.recv(65536)
                    to = server if s is client else client
                    if data:
                        to.sendall(data)
                    else:
                        to.shutdown(socket.SHUT_WR)
                        other.pop(s)

    def serve(self, client, address):
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
            client.settimeout(30)
            with self.context.wrap_socket(client, server_side=True) as tls:
                Handler(tls, address, self)

    def note(self, seen):
        with self.lock:
            self.seen.append(seen)
            if seen.header and "nonce" in seen.header:
                self.used = seen.header["nonce"]

    def nonce(self, value, body):
        """The nonce that the client shall see: each third good answer's is a used one."""
        with self.lock:
            if not self.spoil or self.used is None or b"badNonce" in body:
                return value
            self.turn += 1
            return self.used if self.turn % 3 == 0 else value

    @contextlib.contextmanager
    def tapped(self, spoil=False):
        """While it lasts, requests are written down; gives the list."""
        self.seen, self.used, self.turn = [], None, 0
        self.tap, self.spoil = True, spoil
        try:
            yield self.seen
        finally:
            self.tap = self.spoil = False
