#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a thousand validations that get no answer cost everybody else.

Windows with and without them alternate in one run; the figures are the latencies of
certificates issued over mTLS on one connection.  Two kinds of target: one that takes
the connection and says nothing, one that sends an octet a second.

    HNP_BUILD=build tests/bench/acme_stall.py [VALIDATIONS] [WINDOWS]
"""
import pathlib
import socket
import socketserver
import statistics
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
import acme_client  # noqa: E402
import acme_world  # noqa: E402
import hnp  # noqa: E402

VALIDATIONS = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
WINDOWS = int(sys.argv[2]) if len(sys.argv) > 2 else 5
ACCOUNTS = 5
REQUESTS = 600  # of a window


class Names(socketserver.BaseRequestHandler):
    """Every name is 127.0.0.1 and has no other record."""

    def handle(self):
        data, sock = self.request
        end = data.index(b"\0", 12) + 5
        kind = int.from_bytes(data[end - 4:end - 2], "big")
        answer = b"\xc0\x0c\0\x01\0\x01\0\0\0\0\0\x04\x7f\0\0\x01" if kind == 1 else b""
        sock.sendto(data[:2] + b"\x81\x80\0\x01" + (b"\0\x01" if answer else b"\0\0") + b"\0\0\0\0"
                    + data[12:end] + answer, self.client_address)


class TarPit:
    """Takes every connection; 'drip': and sends an octet a second."""

    def __init__(self, drip):
        self.drip, self.open = drip, []
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind(("127.0.0.1", 0))
        self.sock.listen(1024)
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self.take, daemon=True).start()
        threading.Thread(target=self.feed, daemon=True).start()

    def take(self):
        while True:
            self.open.append(self.sock.accept()[0])

    def feed(self):
        while True:
            time.sleep(1)
            for conn in list(self.open):
                try:
                    if self.drip:
                        conn.send(b"H")
                except OSError:
                    self.open.remove(conn)
                    conn.close()


def percentile(values, p):
    return sorted(values)[min(len(values) - 1, int(len(values) * p))]


def window(ca, csr):
    conn = ca.connect()
    took = []
    for i in range(REQUESTS):
        began = time.perf_counter()
        a = ca.ask("POST", "/v1/certificates?profile=server", csr, {"Content-Type": "text/plain"}, connection=conn)
        if a.status != 201:
            raise SystemExit(f"not issued: {a}")
        took.append((time.perf_counter() - began) * 1000)
    conn.close()
    return took


def each(work, items):
    threads = [threading.Thread(target=work, args=(item,)) for item in items]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def stall(ca, clients):
    """Begins the validations; they go on for half a minute and more."""
    waiting = []

    def order(client):
        for i in range(VALIDATIONS // len(clients)):
            answer = client.order(f"s{time.monotonic_ns()}-{i}.internal")
            if answer.status != 201:
                raise SystemExit(f"no order: {answer}")
            challenge, _ = client.challenge(answer.json["authorizations"][0])
            waiting.append((client, challenge["url"]))

    def begin(some):  # each waits a second for its answer
        for client, url in some:
            own = acme_client.Client(ca.api_port, ca.dir / "root.crt", key=client.key)
            own.kid = client.kid
            answer = own.post(url, {})
            if answer.status != 200:
                raise SystemExit(f"not begun: {answer}")
            own.close()

    each(order, clients)
    each(begin, [waiting[i::100] for i in range(100)])


def main():
    names = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Names)
    threading.Thread(target=names.serve_forever, daemon=True).start()
    for drip in (False, True):
        pit = TarPit(drip)
        ca = hnp.CA()
        try:
            acme_world.directory(ca, http_port=pit.port, resolvers=[f"127.0.0.1:{names.server_address[1]}"])
            text = (ca.dir / "hanaper.yaml").read_text()
            (ca.dir / "hanaper.yaml").write_text(
                text + "\nacme:\n  limits: { accounts_per_hour: 0, orders_per_hour: 0, pending_orders: 0, "
                "failures_per_hour: 0 }\n")
            ca.start()
            csr = ca.csr("web", "DNS:web.internal")
            window(ca, csr)  # warm
            quiet, loaded = [], []
            for _ in range(WINDOWS):
                quiet.append(window(ca, csr))
                clients = []
                for _ in range(ACCOUNTS):
                    client = acme_client.Client(ca.api_port, ca.dir / "root.crt")
                    client.register()
                    clients.append(client)
                stall(ca, clients)
                loaded.append(window(ca, csr))
                ca.stop()
                ca.start()
            for word, of in (("quiet", quiet), ("stalled", loaded)):
                print(f"{'one octet a second' if drip else 'no answer':20} {word:8} p50 "
                      f"{statistics.median(percentile(w, 0.5) for w in of):6.2f} ms  p99 "
                      f"{statistics.median(percentile(w, 0.99) for w in of):6.2f} ms")
            ratios = [percentile(b, 0.99) / percentile(a, 0.99) for a, b in zip(quiet, loaded)]
            print(f"{'':20} p99 stalled/quiet: min {min(ratios):.2f} median {statistics.median(ratios):.2f} "
                  f"max {max(ratios):.2f}")
        finally:
            ca.close()


if __name__ == "__main__":
    main()
