"""Python: mutual TLS.  python3 server.py; kill -HUP after a renewal: connections are kept."""
import http.server
import signal
import ssl
import sys

TLS = "@TLS@"


def fresh():
    """A context of its own each time: one in use would for a moment hold the new certificate and the old key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(f"{TLS}/root.crt")  # who may come in
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(f"{TLS}/cert.pem", f"{TLS}/key.pem")
    return context


class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        subject = dict(x[0] for x in self.connection.getpeercert()["subject"])
        body = f"hello {subject['commonName']}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    context = fresh()

    def reload(self, *_):
        try:
            self.context = fresh()
        except (OSError, ssl.SSLError) as e:
            print(f"the certificate stays as it was: {e}", file=sys.stderr, flush=True)

    def finish_request(self, request, client_address):
        # The handshake belongs to the connection's own thread: a slow client holds up nobody.
        with self.context.wrap_socket(request, server_side=True) as tls:
            super().finish_request(tls, client_address)

    def handle_error(self, *_):
        pass  # a client without the right certificate


server = Server(("127.0.0.1", int("@PORT@")), Hello)
signal.signal(signal.SIGHUP, server.reload)
server.serve_forever()
