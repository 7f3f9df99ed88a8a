# SPDX-License-Identifier: Apache-2.0
"""What the prober meets: a DNS server and web servers that do as they are told, well or badly."""
import http.server
import ipaddress
import os
import pathlib
import socket
import ssl
import struct
import subprocess
import threading
import time

TYPES = {"A": 1, "CNAME": 5, "TXT": 16, "AAAA": 28, "CAA": 257}
RCODES = {"ok": 0, "formerr": 1, "servfail": 2, "nxdomain": 3, "notimp": 4, "refused": 5,
          "yxdomain": 6, "yxrrset": 7, "nxrrset": 8, "notauth": 9, "notzone": 10, "rcode15": 15, "badvers": 16}


def dns_name(text):
    return b"".join(bytes([len(l)]) + l.encode() for l in text.split(".") if l) + b"\0"


def rdata(kind, value):
    if isinstance(value, bytes):
        return value
    if kind in ("A", "AAAA"):
        return ipaddress.ip_address(value).packed
    if kind == "TXT":
        return b"".join(bytes([len(s)]) + s.encode() for s in
                        ([value] if isinstance(value, str) else value))
    if kind == "CAA":
        flags, tag, text = value
        return bytes([flags, len(tag)]) + tag.encode() + text.encode()
    if kind == "CNAME":
        return dns_name(value)
    raise AssertionError(kind)


class Dns:
    """zone: {(name, type): [values] or function of how often it was asked, name: "servfail"…}."""

    def __init__(self, zone, chase=True):
        self.zone, self.chase = zone, chase
        self.asked, self.tcp, self.ports, self.ids = [], [], set(), []
        self.udp_socket, self.tcp_socket = self.one_port_of_both()
        self.port = self.udp_socket.getsockname()[1]
        self.tcp_socket.listen(64)
        for run in (self.serve_udp, self.serve_tcp):
            threading.Thread(target=run, daemon=True).start()

    @staticmethod
    def one_port_of_both():
        while True:
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            udp.bind(("127.0.0.1", 0))
            tcp = socket.socket()
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tcp.bind(udp.getsockname())
                return udp, tcp
            except OSError:  # somebody has it for TCP
                udp.close()
                tcp.close()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def close(self):
        for s in (self.udp_socket, self.tcp_socket):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()

    def records(self, name, kind):
        """[(owner, type, value)] along the CNAMEs, and the rcode."""
        found, seen = [], set()
        while name not in seen:
            seen.add(name)
            word = self.zone.get(name)
            if isinstance(word, str):
                return [], word
            values = self.zone.get((name, kind))
            if values is not None:
                if callable(values):
                    values = values(sum(a == (name, kind) for a in self.asked))
                if isinstance(values, str):
                    return found, values
                return found + [(name, kind, v) for v in values], "ok"
            alias = self.zone.get((name, "CNAME"))
            if alias is None:
                known = any(isinstance(k, tuple) and (k[0] == name or k[0].endswith("." + name))
                            for k in self.zone)
                return found, "ok" if known else "nxdomain"
            found.append((name, "CNAME", alias[0]))
            if not self.chase:
                return found, "ok"
            name = alias[0].lower()
        return found, "ok"

    def answer(self, query, limit):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        number = struct.unpack(">H", query[at + 1:at + 3])[0]
        kind = {v: k for k, v in TYPES.items()}.get(number, str(number))
        question = query[12:at + 5]
        name = ".".join(labels).lower()
        self.asked.append((name, kind))
        records, word = self.records(name, kind)
        if word == "silent":
            return None
        if word == "garbage":
            return query[:2] + b"\x81\x80\0\1\0\5\0\0\0\0" + question + b"\xc0\x0c\0"
        if word == "other":
            return query[:2] + b"\x81\x80\0\1\0\0\0\0\0\0" + dns_name("other.test") + question[-4:]
        body = b"".join(dns_name(o) + struct.pack(">HHIH", TYPES[k], 1, 60, len(rdata(k, v)))
                        + rdata(k, v) for o, k, v in records)
        count = len(records)
        flags = 0x8180 | RCODES[word] & 15
        if len(body) + 12 + len(question) > limit:
            flags, body, count = flags | 0x0200, b"", 0
        # RFC 6891 6.1.3: the upper bits are in the OPT record.
        more = int(RCODES[word] > 15)
        body += more * struct.pack(">BHHIH", 0, 41, 1232, RCODES[word] >> 4 << 24, 0)
        return query[:2] + struct.pack(">HHHHH", flags, 1, count, 0, more) + question + body

    def serve_udp(self):
        while True:
            try:
                query, peer = self.udp_socket.recvfrom(4096)
            except OSError:
                return
            if not peer:
                return
            self.ports.add(peer[1])
            self.ids.append(int.from_bytes(query[:2], "big"))
            reply = self.answer(query, 1232)
            if reply is not None:
                try:
                    self.udp_socket.sendto(reply, peer)
                except OSError:
                    return

    def serve_tcp(self):
        while True:
            try:
                s, _ = self.tcp_socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve_one, args=(s,), daemon=True).start()

    def serve_one(self, s):
        with s, s.makefile("rb") as f:
            while len(head := f.read(2)) == 2:
                query = f.read(struct.unpack(">H", head)[0])
                reply = self.answer(query, 65535)
                self.tcp.append(self.asked[-1])
                if reply is not None:
                    s.sendall(struct.pack(">H", len(reply)) + reply)


class Web:
    """An HTTP server: paths answer what the test put into .pages (bytes, (status, headers, body), function)."""

    def __init__(self, host="127.0.0.1", port=0, context=None):
        self.pages, self.seen = {}, []
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                web.seen.append((self.path, dict(self.headers)))
                page = web.pages.get(self.path, (404, {}, b"nothing here"))
                if callable(page):
                    page(self)
                    return
                status, headers, body = page if isinstance(page, tuple) else (200, {}, page)
                self.send_response(status)
                for name, value in {"Content-Length": len(body), "Connection": "close",
                                    **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    pass

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
            request_queue_size = 256

            def handle_error(self, request, address):
                pass

        self.server = Server((host, port), Handler)
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def drip(handler):
    """One octet a second, for ever."""
    try:
        handler.send_response(200)
        handler.send_header("Content-Length", "4000")
        handler.end_headers()
        for _ in range(60):
            handler.wfile.write(b"a")
            handler.wfile.flush()
            time.sleep(1)
    except OSError:
        pass


def certificate(folder, name, san, identifier, extra=""):
    """A self-signed certificate by openssl(1); 'identifier' is the value of acmeIdentifier."""
    folder = pathlib.Path(folder)
    lines = ["[req]", "distinguished_name=dn", "x509_extensions=ext", "prompt=no", "[dn]",
             f"CN={name[:64]}", "[ext]"]
    if san:
        lines.append(f"subjectAltName={san}")
    if identifier:
        lines.append(f"1.3.6.1.5.5.7.1.31={identifier}")
    lines += [extra] if extra else []
    (folder / f"{name}.cnf").write_text("\n".join(lines) + "\n")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-config",
                    folder / f"{name}.cnf", "-keyout", folder / f"{name}.key", "-out",
                    folder / f"{name}.crt"], check=True, capture_output=True)
    return folder / f"{name}.crt", folder / f"{name}.key"


def make_twice(crt):
    """Its extension 1.3.6.1.5.5.7.1.30 becomes a second acmeIdentifier; its signature is looked at last."""
    der = ssl.PEM_cert_to_DER_cert(crt.read_text())
    crt.write_text(ssl.DER_cert_to_PEM_cert(der.replace(b"\x2b\6\1\5\5\7\1\x1e", b"\x2b\6\1\5\5\7\1\x1f")))


class Tls:
    """A TLS server: by SNI the certificate that the test put into .certificates (crt, key)."""

    def __init__(self, alpn=("acme-tls/1",), maximum=ssl.TLSVersion.TLSv1_3, host="127.0.0.1"):
        self.certificates, self.asked, self.received = {}, [], []
        self.alpn, self.maximum = alpn, maximum
        self.listener = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def context(self, pair):
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if self.maximum < ssl.TLSVersion.TLSv1_2:
            c.set_ciphers("ALL:@SECLEVEL=0")
        c.minimum_version = min(self.maximum, ssl.TLSVersion.TLSv1_2)
        c.maximum_version = self.maximum
        if self.alpn:
            c.set_alpn_protocols(list(self.alpn))
        c.load_cert_chain(*pair)
        return c

    def by_name(self, s, name, context):
        self.asked.append(name)
        pair = self.certificates.get(name)
        if pair is None:
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        s.context = self.context(pair)
        return None

    def serve(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve_one, args=(s,), daemon=True).start()

    def serve_one(self, raw):
        raw.settimeout(20)
        first = self.context(next(iter(self.certificates.values())))
        first.sni_callback = self.by_name
        try:
            with first.wrap_socket(raw, server_side=True) as s:
                self.received.append((s.selected_alpn_protocol(), s.recv(100)))
        except (OSError, ssl.SSLError):
            raw.close()

    def close(self):
        self.listener.close()


def challtestsrv(port, management):
    """pebble-challtestsrv, or None where it is not installed."""
    for folder in ("/usr/bin", "/usr/local/bin", *os.environ.get("PATH", "").split(":")):
        program = pathlib.Path(folder) / "pebble-challtestsrv"
        if program.exists():
            return subprocess.Popen(
                [program, "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dns01",
                 f"127.0.0.1:{port}", "-management", f"127.0.0.1:{management}", "-http01", "",
                 "-https01", "", "-tlsalpn01", ""], stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL)
    return None
