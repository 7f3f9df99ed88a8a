# SPDX-License-Identifier: Apache-2.0
"""A front that was taken over, and the local socket: it says who asks, and core asks the kernel."""
import contextlib
import http.client
import os
import socket
import struct
import threading
import unittest

from between import Frame, make
from hnp import SLOW, Answer, UnixConnection
from test_captured import Rows

STRANGER = 54321
ASK = dict(id=1 << 50, request_id=b"0123456789abcdef", method=b"GET", path=b"/v1/whoami", query=b"", content_type=b"",
           accept=b"", authorization=b"", idempotency_key=b"", body=b"", address=b"", peer=5, peer_cert=b"",
           peer_why=b"")


class Local(Rows):
    around = ("front",)

    def setUp(self):
        self.kept = {}  # descriptors that a captured front has: "listener", and those of connections by their number
        self.ca.stop()
        self.ca.start(lies={"front": self.keep})
        self.addCleanup(self.forget)
        self.next = 1 << 50

    def forget(self):
        for fd in self.kept.values():
            os.close(fd)
        self.kept.clear()

    def keep(self, frame):
        """Whatever comes to front with a descriptor, and whatever it hands on: it could keep its own."""
        if frame.type == "LISTENER" and frame.fields["kind"] == 4:
            self.kept["listener"] = os.dup(frame.fds[0])
        elif frame.type == "HTTP_LOCAL" and frame.fds:
            self.kept[len(self.kept)] = os.dup(frame.fds[0])
        return None

    def say(self, fd, **changed):
        """Core's answer to a question that front makes up, with this descriptor."""
        front = self.ca.at["front"]
        self.next += 1
        ask = make("core", False, "HTTP_LOCAL", **{**ASK, "id": self.next, **changed})
        front.say(Frame(ask.link, ask.to_role, ask.type, ask.body, [] if fd is None else [os.dup(fd)]))
        got = front.heard(lambda f: f.type == "HTTP_RESPONSE" and f.fields["id"] == self.next)
        return got and Answer(got.fields["status"], {}, got.fields["body"])

    def connected(self):
        """A client on the local socket who has asked once, and the descriptor of it that front has."""
        before = set(self.kept)
        client = UnixConnection(self.ca.dir / "run/hanaper.sock")
        client.request("GET", "/v1/whoami")
        answer = client.getresponse()
        body = answer.read()
        new = set(self.kept) - before
        self.assertEqual(len(new), 1)
        return client, self.kept[new.pop()], Answer(answer.status, {}, body)

    # S10, S83: each is somebody's by its credentials, and no client's connection
    def test_what_is_no_connection_to_the_socket_names_nobody_and_ends_core(self):
        pair = socket.socketpair()
        tcp = socket.create_connection(("127.0.0.1", self.ca.http_port), timeout=10)
        null = os.open("/dev/null", os.O_RDWR)
        self.addCleanup(os.close, null)
        ends = {
            "a pair of its own, made by root": lambda: pair[0].fileno(),
            "the socket that listens, made by the daemon's user": lambda: self.kept["listener"],
            "a connection of the network": lambda: tcp.fileno(),
            "a file": lambda: null,
            "nothing": lambda: None,
        }
        for what, fd in ends.items():
            with self.subTest(what):
                if not self.ca.alive():
                    self.forget()
                    self.ca.start(lies={"front": self.keep})
                self.assertIsNone(self.say(fd()))
                self.ends("no connection to|without a descriptor", "core")
        for s in (*pair, tcp):
            s.close()
        self.serves()

    @contextlib.contextmanager
    def lingering(self):
        """A connection of TCP of which octets are left, to who does not read: who closes it waits for a minute."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            s = socket.create_connection(server.getsockname())
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 60))
            s.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    s.send(bytes(1 << 16))
            yield s.detach()

    # S83: front has such connections, and what it hands on is nobody else's to close
    def test_a_descriptor_whose_closing_waits_keeps_nobody(self):
        def say(fd, link, type_, more=0, body=b""):
            """With the only descriptor of it that there is from then on."""
            self.ca.at["front"].say(Frame(link, False, type_, body, [fd, *(os.dup(fd) for _ in range(more))]))

        ask = make("core", False, "HTTP_LOCAL", **ASK).body
        for what, role, link, args, words in (
                ("in the place of a client's", "core", "core", ("HTTP_LOCAL", 0, ask), "no connection to"),
                ("with what has none", "core", "core", ("HTTP_REQUEST", 0, ask), "with a descriptor"),
                ("more than a few", "core", "core", ("HTTP_LOCAL", 6, ask), "too many descriptors"),
                ("as many as there can be", "core", "core", ("HTTP_LOCAL", 252, ask), "too many descriptors"),
                ("to the parent", "front", "parent", ("PONG", 0), "with a descriptor"),
                ("many to the parent", "front", "parent", ("PONG", 252), "too many descriptors")):
            with self.subTest(what), self.lingering() as fd:
                if not self.ca.alive():
                    self.forget()
                    self.ca.start(lies={"front": self.keep})
                say(fd, link, *args)
                self.ends(words, role)
        self.serves()

    # S83: those that nobody has read yet when the parent ends
    def test_descriptors_that_wait_behind_a_lie_keep_nobody(self):
        with self.lingering() as fd:
            front = self.ca.at["front"]
            front.say(Frame("parent", False, "STOP", b""))
            front.say(Frame("parent", False, "PONG", b"", [fd]))
            self.ends(r"message 4 \(STOP\)", "front")
        self.serves()

    # S10
    def test_the_word_for_the_local_socket_goes_with_its_connection_only(self):
        client, fd, answer = self.connected()
        self.assertEqual((answer.status, self.say(fd).status), (200, 200))
        self.say(fd, peer=2)  # TLS, it says
        self.ends("not by the local socket", "core")
        client.close()
        self.serves()

    # S10: what is kept of an administrator is worth nothing when he has gone
    def test_nobody_speaks_for_who_has_left(self):
        client, fd, answer = self.connected()
        self.assertEqual(answer.status, 200)
        self.assertEqual(self.say(fd).status, 200, "as long as he is there; SECURITY.md says so")
        client.close()
        answer = self.say(fd)
        self.assertEqual(answer.status, 401, answer)
        self.assertIn(b"has closed it", answer.body)
        self.assertEqual(self.say(fd, method=b"POST", path=b"/v1/reload").status, 401)
        self.assertTrue(self.ca.alive())

    # S10: front says nothing of who it is, whatever it says
    @unittest.skipIf(os.geteuid() != 0, "takes root")
    def test_a_stranger_stays_one(self):
        for path in (self.ca.tmp, self.ca.dir, self.ca.dir / "run"):
            path.chmod(0o755)
        (self.ca.dir / "run/hanaper.sock").chmod(0o666)
        self.addCleanup(self.ca.dir.chmod, 0o750)
        self.addCleanup((self.ca.dir / "run").chmod, 0o750)
        answered, answers = os.pipe()
        self.addCleanup(os.close, answered)
        pid = os.fork()
        if pid == 0:
            try:
                os.setresuid(STRANGER, STRANGER, STRANGER)
                s = socket.socket(socket.AF_UNIX)
                s.connect(str(self.ca.dir / "run/hanaper.sock"))
                s.sendall(b"GET /v1/whoami HTTP/1.1\r\nHost: x\r\n\r\n")
                status = s.recv(12)
                os.write(answers, b"!")
                os._exit(0 if status == b"HTTP/1.1 401" and self.stay(s) else 1)
            finally:
                os._exit(2)
        os.close(answers)
        front = self.ca.at["front"]
        self.assertIsNotNone(front.heard(lambda f: f.type == "HTTP_RESPONSE"))
        fd = next(fd for key, fd in self.kept.items() if key != "listener")
        for changed in ({}, dict(address=b"uid:0"), dict(request_id=b"0" * 16)):
            self.assertEqual(self.say(fd, **changed).status, 401)
        os.read(answered, 1)  # front's answer may be on its way yet
        socket.socket(fileno=os.dup(fd)).shutdown(socket.SHUT_RDWR)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)

    @staticmethod
    def stay(s):
        while s.recv(4096):
            pass
        return True

    # S10: descriptors are each request's own, and none is left behind
    def test_many_at_once_are_told_apart(self):
        statuses = []

        def ask():
            one = UnixConnection(self.ca.dir / "run/hanaper.sock")
            try:
                for _ in range(20):
                    one.request("GET", "/v1/whoami")
                    answer = one.getresponse()
                    answer.read()
                    statuses.append(answer.status)
            except (OSError, http.client.HTTPException) as e:
                statuses.append(e)
            finally:
                one.close()

        core = self.ca.role_pids()["hanaper-core"]
        before = len(os.listdir(f"/proc/{core}/fd"))
        threads = [threading.Thread(target=ask) for _ in range(16)]
        for t in threads:
            t.start()
        for t in threads:
            t.join(60 * SLOW)
        self.assertEqual(statuses, [200] * 320)
        # A file that was being written before may be closed by now.
        self.assertLessEqual(len(os.listdir(f"/proc/{core}/fd")), before)
