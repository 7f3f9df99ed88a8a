# SPDX-License-Identifier: Apache-2.0
"""For clients that are servers: what they present over HTTPS."""
import socket
import ssl
import time

import client


def present(name, port, root):
    """The certificate (DER) that a TLS client gets that trusts our root alone."""
    context = ssl.create_default_context(cafile=root)
    with socket.create_connection(("127.0.0.1", port), 5) as s, \
            context.wrap_socket(s, server_hostname=name) as tls:
        der = tls.getpeercert(binary_form=True)
        tls.sendall(f"GET /index.html HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while chunk := tls.recv(4096):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 200"), answer[:200]
    assert b"hello from" in answer, answer[-200:]
    return der


def wait_present(name, port, root, other_than=None, seconds=40):
    end = time.monotonic() + seconds
    why = "it presents the same certificate"
    while time.monotonic() < end:
        try:
            der = present(name, port, root)
            if der != other_than:
                return der
        except (OSError, AssertionError) as e:
            why = e
        time.sleep(0.1)
    raise AssertionError(f"no HTTPS at {name} after {seconds} s: {why}")


class Server(client.Client):
    """A client that runs while it has something to serve."""

    measured = ("register",)

    def presented(self, der, certificate):
        leaf = certificate.leaf.public_bytes(client.judge.serialization.Encoding.DER)
        assert der == leaf, "it presents another certificate than it keeps"
