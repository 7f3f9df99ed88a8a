#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What well-behaved clients notice while somebody misbehaves.

For each kind of attack windows with and without it alternate in one run.  The figures are the
latencies of a certificate issued over a kept mTLS connection, of an OCSP answer and of a CRL, each over
a connection of its own; what fails is counted.  The daemon has the first core; who attacks has the
second, with a lower priority than who is measured.  Every load is bounded in connections and time.

    HNP_BUILD=build tests/bench/hostile.py [--windows N] [--seconds S] [--only WORD...]
"""
import argparse
import base64
import http.client
import multiprocessing
import os
import pathlib
import random
import resource
import socket
import ssl
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
import hnp  # noqa: E402

CORES = sorted(os.sched_getaffinity(0))
PIN = ("taskset", "-c", str(CORES[0])) if len(CORES) > 1 else ()
LIMITS = "limits: { rate: 0, same_names: 0 }\n"


class Target:
    """Where the daemon listens, for a process of its own."""

    def __init__(self, ca):
        self.api, self.http = ("127.0.0.1", ca.api_port), ("127.0.0.1", ca.http_port)
        self.cert, self.key = str(ca.dir / "admin.crt"), str(ca.dir / "admin.key")
        self.dear = ca.dear
        self.ocsp = ca.ocsp_request

    def plain(self):
        sock = socket.create_connection(self.http, 5)
        sock.setblocking(False)
        return sock

    def tls(self, certificate=False, **options):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        for name, value in options.items():
            setattr(context, name, value)
        if certificate:
            context.load_cert_chain(self.cert, self.key)
        return context.wrap_socket(socket.create_connection(self.api, 5), server_hostname="localhost")


# ---- what misbehaves: each gets the target and the time at which it ends ----

def hold(end, make, n, octets=b"", every=0.2):
    """n connections at most, each fed one octet after the other; those that were ended begin anew."""
    held = []
    while time.monotonic() < end:
        try:
            for _ in range(min(100, n - len(held))):
                held.append((make(), iter(octets)))
        except OSError:
            pass  # refused: that is the defence
        for one in list(held):
            sock, more = one
            try:
                octet = next(more, None)
                if octet is not None:
                    sock.send(bytes([octet]))
                elif sock.recv(1, socket.MSG_DONTWAIT) == b"":
                    raise OSError
            except BlockingIOError:
                pass
            except OSError:
                held.remove(one)
                sock.close()
        time.sleep(every)
    for sock, _ in held:
        sock.close()


def api_plain(target):
    sock = socket.create_connection(target.api, 5)
    sock.setblocking(False)
    return sock


def slow_header(t, end):
    hold(end, t.plain, 300, b"GET /crl/main.crl HTTP/1.1\r\nHost: a\r\n" + b"X-A: " + b"a" * 8000)


def slow_body(t, end):
    hold(end, t.plain, 300, b"POST /ocsp HTTP/1.1\r\nHost: a\r\nContent-Type: application/ocsp-request\r\n"
                            b"Content-Length: 4000\r\n\r\n" + bytes(4000), 0.02)


def slow_handshake(t, end):
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500)
    hold(end, lambda: api_plain(t), 300, hello)


def idle(t, end):
    """Ten thousand, or as many as are let in."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(20000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    hold(end, t.plain, 10000)


def slow_reader(t, end):
    """Asks again and again, and takes nothing."""
    ask = b"GET /ca/roots.pem HTTP/1.1\r\nHost: a\r\n\r\n" * 50

    def one():
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        sock.connect(t.http)
        sock.setblocking(False)
        sock.send(ask)
        return sock

    hold(end, one, 200, ask)


def repeat(end, work, pause=0.0):
    while time.monotonic() < end:
        try:
            work()
        except (OSError, ssl.SSLError):
            pass
        time.sleep(pause)


def connects(t, end):
    repeat(end, lambda: t.plain().close(), 0.0002)


def handshakes(t, end):
    repeat(end, lambda: t.tls().close())


def broken_records(t, end):
    """A handshake, then octets below TLS that are no record of it."""
    def work():
        sock = t.tls()
        raw = socket.socket(fileno=os.dup(sock.fileno()))
        try:
            raw.send(b"\x16\x03\x03\x00\xc8" + bytes(200))
            sock.recv(100)
        finally:
            raw.close()
            sock.close()
    repeat(end, work)


SHAPES = (
    b"POST /ocsp HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    b"POST /ocsp HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    b"GET /crl/main.crl HTTP/1.1\rHost: a\r\r",
    b"GET /crl/\0main.crl HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET http://other/crl/main.crl HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /crl/../../hanaper.db HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /crl/%2e%2e/%2e%2e/hanaper.yaml HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /ocsp HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n123456789",
    b"POST /ocsp HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" * 200,
)


def shapes(t, end):
    def work():
        sock = socket.create_connection(t.http, 5)
        try:
            sock.sendall(random.choice(SHAPES))
            sock.recv(65536)
        finally:
            sock.close()
    repeat(end, work)


def live_ocsp(t, end):
    """Questions that must be signed each time."""
    connection = http.client.HTTPConnection(*t.http, timeout=5)

    def work():
        try:
            connection.request("POST", "/ocsp", t.ocsp, {"Content-Type": "application/ocsp-request"})
            connection.getresponse().read()
        except http.client.HTTPException:
            connection.close()
    repeat(end, work)


def dear_keys(t, end):
    """CSRs with an RSA key of 16 384 bits, by a client that may ask."""
    connection = http.client.HTTPSConnection(*t.api, timeout=5, context=ssl._create_unverified_context())
    connection.sock = t.tls(certificate=True)

    def work():
        try:
            connection.request("POST", "/v1/certificates?profile=server", t.dear, {"Content-Type": "text/plain"})
            connection.getresponse().read()
        except http.client.HTTPException:
            connection.sock = t.tls(certificate=True)
    repeat(end, work)


def deep_json(t, end):
    connection = http.client.HTTPSConnection(*t.api, timeout=5, context=ssl._create_unverified_context())
    body = b'{"a":' + b"[" * 60000 + b"]" * 60000 + b"}"

    def work():
        try:
            connection.request("POST", "/v1/enroll", body, {"Content-Type": "application/json", "Authorization": "Bearer hnp1.x.y"})
            connection.getresponse().read()
        except (http.client.HTTPException, OSError):
            connection.close()
    repeat(end, work)


ATTACKS = (slow_header, slow_body, slow_handshake, slow_reader, idle, connects, handshakes, broken_records, shapes,
           live_ocsp, dear_keys, deep_json)


def attacker(attack, target, seconds):
    os.nice(10)
    if len(CORES) > 1:
        os.sched_setaffinity(0, {CORES[-1]})
    attack(target, time.monotonic() + seconds)


# ---- who behaves ----

class Measure:
    def __init__(self, ca, csr):
        self.ca, self.csr = ca, csr

    def ask(self, what):
        ca = self.ca
        if what == "issue":
            if self.api is None:
                self.api = ca.connect()
            return ca.ask("POST", "/v1/certificates?profile=server", self.csr, {"Content-Type": "text/plain"},
                          connection=self.api).status == 201
        if what == "ocsp":
            return ca.ask_http("GET", ca.ocsp_path).status == 200
        return ca.ask_http("GET", "/crl/main.crl").status == 200

    def window(self, seconds):
        took, failed, end = {"issue": [], "ocsp": [], "crl": []}, 0, time.monotonic() + seconds
        self.api = None
        while time.monotonic() < end:
            for what, times in took.items():
                began = time.perf_counter()
                try:
                    good = self.ask(what)
                except (OSError, http.client.HTTPException):
                    good, self.api = False, None
                failed += not good
                times.append((time.perf_counter() - began) * 1000)
        return took, failed


def percentile(values, p):
    return sorted(values)[min(len(values) - 1, int(len(values) * p))]


def prepare(ca):
    path = ca.dir / "hanaper.yaml"
    path.write_text(path.read_text() + LIMITS)
    ca.start(wrap=PIN)
    serial = ca.issue("first", "DNS:first.internal")
    csr = ca.csr("web", "DNS:web.internal")
    hnp.run("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096", "-out", ca.file("dear.key"))
    ca.dear = hnp.run("openssl", "req", "-new", "-key", ca.file("dear.key"), "-subj", "/", "-addext",
                      "subjectAltName=" + ",".join(f"DNS:h{i}.internal" for i in range(90))).stdout
    chain = ca.file("chain.pem")
    chain.write_bytes(ca.ask_http("GET", "/ca/main/chain.pem").body)
    for nonce, name in (("-nonce", "live"), ("-no_nonce", "kept")):
        hnp.run("openssl", "ocsp", "-issuer", chain, "-serial", "0x" + serial, nonce, "-reqout", ca.file(name))
    ca.ocsp_request = ca.file("live").read_bytes()
    ca.ocsp_path = "/ocsp/" + base64.b64encode(ca.file("kept").read_bytes()).decode().replace("/", "%2F").replace(
        "+", "%2B")
    return csr


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--windows", type=int, default=5)
    p.add_argument("--seconds", type=float, default=2)
    p.add_argument("--only", nargs="*", default=[])
    a = p.parse_args()
    ca, wrong = hnp.CA(), 0
    try:
        measure = Measure(ca, prepare(ca))
        target = Target(ca)
        measure.window(0.5)  # warm
        print("| while | issue: p99 quiet, then | times | OCSP: p99 quiet, then | times | CRL: p99 quiet, then | times | failed |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- |")
        for attack in ATTACKS:
            if a.only and attack.__name__ not in a.only:
                continue
            quiet, under, failed = [], [], 0
            for _ in range(a.windows):
                quiet.append(measure.window(a.seconds)[0])
                process = multiprocessing.Process(target=attacker, args=(attack, target, a.seconds + 0.6), daemon=True)
                process.start()
                time.sleep(0.5)
                took, n = measure.window(a.seconds)
                under.append(took)
                failed += n
                process.join(30)
                if process.is_alive():
                    process.kill()
            cells = []
            for what in ("issue", "ocsp", "crl"):
                before = [percentile(w[what], 0.99) for w in quiet]
                after = [percentile(w[what], 0.99) for w in under]
                ratio = statistics.median(y / x for x, y in zip(before, after))
                cells += [f"{statistics.median(before):.1f}, {statistics.median(after):.1f} ms", f"{ratio:.1f}"]
            print(f"| {attack.__name__.replace('_', ' ')} | {' | '.join(cells)} | {failed} |", flush=True)
            wrong += failed
        if ca.daemon.poll() is not None:
            sys.exit("the daemon ended")
    finally:
        ca.close()
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
