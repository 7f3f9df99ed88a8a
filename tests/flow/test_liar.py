# SPDX-License-Identifier: Apache-2.0
"""Who owns run/hanaper.sock answers what he likes: no command ends by a signal, no terminal is told what to do."""
import json
import os
import pathlib
import pty
import re
import signal
import socket
import socketserver
import subprocess
import threading
import http.server
import unittest

from hnp import BUILD, CA, SLOW

ESCAPE = "a\x1b]0;b\x07\x9b31mc\nd"
SERIAL = "1" * 40
# Each is asked, with each of the answers below.
COMMANDS = """
show 1111; show --chain 1111; show --pem 1111; ls; ls --all; ls x
ca; ca --issuer main; crl; crl main --shards; ocsp 1111; profile; profile server
issuer; issuer main; issuer revoke main --reason superseded
acme eab new --names *.internal; acme eab new --for certbot; acme eab ls; acme eab revoke x
acme accounts; acme accounts revoke x; acme orders; acme why localhost; acme test localhost
audit; audit --follow --json; audit --follow; whoami; ls --json; ls --export csv; ls --export jsonl; show --json 1111; doctor; reload; token create localhost; token ls; token rm 22222222222222222222222222222222
revoke 1111 --reason superseded; renew-all --where issuer=main --within 1h; renew-all --all --within 1h
explain localhost; issue localhost --out -; issue localhost --out OUT; backup OUT.tar
"""


def members():
    """All that any answer has a name for, but what would lead to a next page."""
    text = (pathlib.Path(__file__).resolve().parents[2] / "docs/openapi.yaml").read_text()
    return sorted(set(re.findall(r"^\s+([a-z_A-Z]+):", text, re.M)) - {"next_cursor"})


def answers():
    names = members()
    said = dict.fromkeys(names, ESCAPE)
    row = {**said, "serial": SERIAL, "name": "main"}
    yield "nothing", {}
    yield "no object", []
    yield "texts", said
    yield "rows of nothing", dict.fromkeys(names, [{}])
    yield "rows of texts", dict.fromkeys(names, [said])
    yield "rows that are found", dict.fromkeys(names, [row])
    yield "lists of texts", dict.fromkeys(names, [ESCAPE])
    below = {**dict.fromkeys(names, [{"type": ESCAPE, "value": ESCAPE, "shard": ESCAPE}]), "name": "main"}
    yield "lists in what is found", dict.fromkeys(("issuers", "profiles", "certificates", "orders", "tokens", "accounts", "events"), [below])
    yield "empty objects", dict.fromkeys(names, {})
    yield "objects of texts", dict.fromkeys(names, said)
    yield "numbers", dict.fromkeys(names, -1)
    yield "a certificate", {**said, "serial": SERIAL, "names": [said], "chain": ESCAPE, "changed": [ESCAPE], "result": ESCAPE}


class Door(http.server.BaseHTTPRequestHandler):
    status, answer = 200, b"{}"
    protocol_version = "HTTP/1.1"

    def reply(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status = 503 if "&after=" in self.path else self.status  # who follows goes on for ever else
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if status < 300 else "application/problem+json")
        self.send_header("Content-Length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = reply

    def address_string(self):
        return ""

    def log_message(self, *args):
        pass


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


class Liar(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ca = CA()
        cls.addClassCleanup(cls.ca.close)
        run_dir = cls.ca.dir / "run"
        run_dir.mkdir(exist_ok=True)
        cls.server = Server(str(run_dir / "hanaper.sock"), Door)
        cls.addClassCleanup(cls.server.server_close)
        threading.Thread(target=cls.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        cls.addClassCleanup(cls.server.shutdown)

    def commands(self):
        for line in re.split(r"[;\n]", COMMANDS.strip()):
            words = line.replace("OUT", str(self.ca.file("out"))).replace("1111", SERIAL).split()
            yield [*words, "--dir", str(self.ca.dir)]

    def terminal(self, args):
        """What it writes to a terminal, and how it ended."""
        ours, theirs = pty.openpty()
        os.set_blocking(ours, True)
        child = subprocess.Popen([BUILD / "hanaper", *args], stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, cwd=self.ca.tmp,
                                 env={"PATH": "/usr/bin:/bin", "TERM": "xterm"})
        os.close(theirs)
        timer = threading.Timer(30 * SLOW, child.kill)
        timer.start()
        said = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:
                break
            if not piece:
                break
            said += piece
        os.close(ours)
        child.wait()
        timer.cancel()
        return said, child.returncode

    def judge(self, what, args):
        said, status = self.terminal(args)
        name = " ".join(map(str, args[:-2]))
        if status not in (0, 1):
            word = signal.Signals(-status).name if status < 0 else status
            self.faults.append(f"{name}: {what}: ended by {word}: {said[-300:]}")
        if re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]", said):
            self.faults.append(f"{name}: {what}: told the terminal {said[-300:]}")
        for path in self.ca.tmp.glob("out*"):
            path.unlink()

    # R84
    def test_no_answer_ends_a_command_or_reaches_the_terminal_as_it_is(self):
        self.faults, n = [], 0
        for what, answer in answers():
            Door.status, Door.answer = 200, json.dumps(answer, ensure_ascii=False).encode()
            for args in self.commands():
                self.judge(what, args)
                n += 1
        self.assertEqual(self.faults, [], "\n".join(self.faults))
        print(f"     {n} commands")

    # R84
    def test_no_refusal_either(self):
        self.faults = []
        said = dict.fromkeys(("title", "detail", "rule", "field", "value", "allowed", "type"), ESCAPE)
        for what, answer in (("texts", {**said, "violations": [said]}), ("nothing", {}), ("rows of nothing", {"violations": [{}, 1]})):
            Door.status, Door.answer = 422, json.dumps(answer, ensure_ascii=False).encode()
            for args in self.commands():
                self.judge(what, args)
        self.assertEqual(self.faults, [], "\n".join(self.faults))
