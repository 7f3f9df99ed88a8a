# SPDX-License-Identifier: Apache-2.0
"""A test that sits between a role and its neighbours, and lets either of them lie to the other.

The daemon is real.  In the place of a role stand_in hands the role's channels to the
test, which starts the real role behind them and passes each frame on, but for
those that a lie changes, drops or adds.  A role that was taken over can do no
more than that, so what the victim makes of it is what a captured neighbour achieves.

    ca = Between("signer")
    ca.start()
    ca.at["signer"].lie = lambda f: [f] if f.type != "CERT_SIGNED" else [f, f]
"""
import fcntl
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time

from hnp import BUILD, CA, ROLES, SLOW, SOURCE, UNCONFINED

STAND_IN = BUILD / "tests/flow/stand_in"
NUMBERS = {m[1]: int(m[2]) for m in re.finditer(r"^MESSAGE\((\w+),\s+(\d+)",
                                                (SOURCE / "include/tbl/messages.h").read_text(), re.M)}
NAMES = {n: name for name, n in NUMBERS.items()}
WITH_FD = 0x8000

# What lies behind the descriptors of each role, from 3 on (include/daemon/role.h).
LINKS = {"signer": ("parent", "core"), "prober": ("parent", "core"), "front": ("parent", "core"),
         "core": ("parent", "front", "signer", "prober")}

# The fields of each body (include/ipc/msg_*.h): u8 u16 u32 u64 i64, b octets; name*(...) a counted list.
SPECS = {
    "LISTENER": "kind:u8 address:b",
    "FAILED": "code:u8 text:b",
    "START": "recover:u8 unconfined:u8",
    "RELOAD": "generation:u32 conf:b",
    "RELOAD_APPLY": "generation:u32",
    "RELOADED": "generation:u32 code:u8 text:b",
    "RELOAD_ASK": "id:u64",
    "RELOAD_TOLD": "id:u64 code:u8 text:b",
    "HTTP_REQUEST": "id:u64 request_id:b method:b path:b query:b content_type:b accept:b authorization:b "
                    "idempotency_key:b body:b address:b peer:u8 peer_cert:b peer_why:b",
    "HTTP_RESPONSE": "id:u64 status:u16 content_type:b headers:b body:b tag:b etag:b modified_at:i64 expires_at:i64",
    "PUBLISH": "url_path:b file:b content_type:b etag:b modified_at:i64 expires_at:i64 on_api:u8",
    "TLS_CERT": "chain_pem:b renew_at:i64",
    "FORGET": "tag:b",
    "SIGN_CERT": "id:u64 stored_seq:u64 profile:b csr:b names:b not_before:i64 validity_s:i64 exact_not_before:i64 "
                 "exact_not_after:i64 requester:b request_id:b note:b",
    "CERT_SIGNED": "id:u64 record:b",
    "REVOKE": "id:u64 stored_seq:u64 issuer:b serial:b certificate:b revoked_at:i64 reason:u8 requester:b "
              "request_id:b",
    "REVOKED": "id:u64 record:b",
    "CRL_BEGIN": "id:u64 stored_seq:u64 issuer:b number:u64 this_update:i64 next_update:i64 since:i64 delta:u8 "
                 "shards:u32 shard:u32 places*(place:b)",
    "CRL_MORE": "id:u64",
    "CRL_PART": "id:u64 octets:b",
    "CRL_SIGNED": "id:u64 record:b",
    "SIGN_OCSP": "id:u64 issuer:b nonce:b this_update:i64 next_update:i64 "
                 "v*(cert_id:b status:u8 revoked_at:i64 reason:u8)",
    "OCSP_SIGNED": "id:u64 response:b produced_at:i64 next_update:i64",
    "JOURNAL_READ": "from_seq:u64",
    "JOURNAL_RECORD": "id:u64 record:b",
    "JOURNAL_END": "last_seq:u64 stored_seq:u64 root_key:u8",
    "REFUSED": "id:u64 code:u8 detail:b",
    "PROBE": "id:u64 profile:b challenge:u8 prove:u8 caa:u8 type:u8 name:b wildcard:u8 token:b key_authorization:b "
             "account:b deadline_ms:u32",
    "PROBED": "id:u64 code:u8 proved:u8 retry_s:u32 detail:b transcript:b seen:b address:b reuse_s:i64 took_ms:u32",
}
SPECS["HTTP_LOCAL"] = SPECS["HTTP_REQUEST"]
FIXED = {"u8": "B", "u16": ">H", "u32": ">I", "u64": ">Q", "i64": ">q"}
FIELD = re.compile(r"(\w+)(?:\*\(([^)]*)\)|:(\w+))")


def read_fields(spec, octets, at=0):
    fields = {}
    for name, inner, kind in FIELD.findall(spec):
        if inner:
            n, = struct.unpack_from(">I", octets, at)
            at += 4
            fields[name] = []
            for _ in range(n):
                one, at = read_fields(inner, octets, at)
                fields[name].append(one)
        elif kind == "b":
            n, = struct.unpack_from(">I", octets, at)
            fields[name] = octets[at + 4:at + 4 + n]
            at += 4 + n
        else:
            fields[name], = struct.unpack_from(FIXED[kind], octets, at)
            at += struct.calcsize(FIXED[kind])
    return fields, at


def put_fields(spec, fields):
    octets = b""
    for name, inner, kind in FIELD.findall(spec):
        value = fields[name]
        if inner:
            octets += struct.pack(">I", len(value)) + b"".join(put_fields(inner, one) for one in value)
        elif kind == "b":
            octets += struct.pack(">I", len(value)) + value
        else:
            octets += struct.pack(FIXED[kind], value)
    return octets


class Frame:
    """'link' is the neighbour at the other end; 'to_role': it comes from there."""

    def __init__(self, link, to_role, type_, body, fds=()):
        self.link, self.to_role, self.type, self.body, self.fds = link, to_role, type_, body, fds

    def __repr__(self):
        return f"<{self.type} {'from' if self.to_role else 'to'} {self.link}, {len(self.body)} octets>"

    @property
    def fields(self):
        return read_fields(SPECS[self.type], self.body)[0]

    def but(self, **changed):
        """The same with other fields."""
        return Frame(self.link, self.to_role, self.type, put_fields(SPECS[self.type], {**self.fields, **changed}),
                     self.fds)

    def octets(self):
        number = NUMBERS.get(self.type, self.type)
        return struct.pack(">IH", len(self.body), number | (WITH_FD if self.fds else 0)) + self.body


def make(link, to_role, type_, **fields):
    return Frame(link, to_role, type_, put_fields(SPECS[type_], fields))


class Raw(Frame):
    """Octets that are no frame."""

    def octets(self):
        return self.body


class Wire:
    """One direction of one link: a thread that passes frames on."""

    def __init__(self, relay, link, to_role, source, sink):
        self.relay, self.link, self.to_role, self.source, self.sink = relay, link, to_role, source, sink
        self.lock = threading.Lock()
        self.held, self.fds = b"", []
        self.thread = threading.Thread(target=self.run, daemon=True)

    def need(self, n):
        while len(self.held) < n:
            octets, fds, _, _ = socket.recv_fds(self.source, 1 << 16, 4)
            self.fds += fds
            if not octets:
                return False
            self.held += octets
        return True

    def run(self):
        try:
            while self.need(6):
                n, number = struct.unpack_from(">IH", self.held)
                if not self.need(6 + n):
                    break
                body, self.held = self.held[6:6 + n], self.held[6 + n:]
                fds = [self.fds.pop(0)] if number & WITH_FD else []
                self.relay.pass_on(self, Frame(self.link, self.to_role, NAMES[number & ~WITH_FD], body, fds))
        except OSError:
            pass
        try:
            self.sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def send(self, frame):
        """False: nobody takes it any more."""
        try:
            with self.lock:
                octets = frame.octets()
                if frame.fds:
                    sent = socket.send_fds(self.sink, [octets], frame.fds)
                    octets = octets[sent:]
                self.sink.sendall(octets)
        except OSError:
            return False
        finally:
            for fd in frame.fds:
                os.close(fd)
        return True


class Relay:
    """A role with the test around it."""

    def __init__(self, role, outer, log, told):
        self.role, self.told = role, told
        self.lie = None    # frame: [frame, ...] instead of it; None: as it is
        self.seen = []     # frames as they came
        self.news = threading.Condition()
        self.wires = {}
        inner = []
        for link, outside in zip(LINKS[role], outer):
            ours, theirs = socket.socketpair()
            inner.append(theirs)
            self.wires[link, True] = Wire(self, link, True, outside, ours)
            self.wires[link, False] = Wire(self, link, False, ours, outside)
        self.pid = self.spawn(inner, log)  # 0: it has ended
        for s in inner:
            s.close()

    def begin(self):
        for wire in self.wires.values():
            wire.thread.start()
        threading.Thread(target=self.wait, daemon=True).start()

    def spawn(self, inner, log):
        kept = {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS") or k.startswith(("GCOV", "LLVM"))}
        high = [fcntl.fcntl(s, fcntl.F_DUPFD_CLOEXEC, 100) for s in inner]  # out of the way of 3 to 6
        out = os.open(log, os.O_WRONLY | os.O_APPEND)
        actions = [(os.POSIX_SPAWN_DUP2, out, 1), (os.POSIX_SPAWN_DUP2, out, 2)]
        actions += [(os.POSIX_SPAWN_DUP2, fd, 3 + i) for i, fd in enumerate(high)]
        program = f"hanaper-{self.role}"
        pid = os.posix_spawn(BUILD / program, [program], kept, file_actions=actions)
        for fd in (*high, out):
            os.close(fd)
        return pid

    def wait(self):
        """Ends the stand-in as the role ended, when all that it said is passed on."""
        _, self.status = os.waitpid(self.pid, 0)
        self.pid = 0
        with self.news:
            self.news.notify_all()
        for (_, to_role), wire in self.wires.items():
            if not to_role:
                wire.thread.join(10 * SLOW)
        try:
            self.told.sendall(struct.pack("i", self.status))
        except OSError:
            pass
        for wire in self.wires.values():
            wire.sink.close()
        self.told.close()

    def pass_on(self, wire, frame):
        lie = self.lie
        frames = [frame]
        if lie is not None:
            changed = lie(frame)
            frames = [frame] if changed is None else changed
        with self.news:
            self.seen.append(Frame(frame.link, frame.to_role, frame.type, frame.body))
            self.news.notify_all()
        for f in frames:
            self.wires[f.link, f.to_role].send(f)

    def say(self, frame):
        return self.wires[frame.link, frame.to_role].send(frame)

    def heard(self, wanted, seconds=10):
        """The first frame so far, or to come, of which wanted(frame) is true; None: it does not come."""
        end = time.monotonic() + seconds * SLOW
        at = 0
        with self.news:
            while True:
                for frame in self.seen[at:]:
                    if wanted(frame):
                        return frame
                at = len(self.seen)
                if self.pid == 0 or not self.news.wait(end - time.monotonic()):
                    return None

    def kill(self):
        try:
            if self.pid:
                os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # wait() has just reaped it


class Between(CA):
    """A CA whose named roles have the test around them."""

    def __init__(self, *roles, options=()):
        super().__init__(*options)
        self.roles = roles
        self.bin = self.tmp / "bin"
        self.bin.mkdir()
        for program in ROLES:
            if program.removeprefix("hanaper-") in roles:
                shutil.copy(STAND_IN, self.bin / program)
            else:
                (self.bin / program).symlink_to(BUILD / program)
        shutil.copy(BUILD / "hanaperd", self.bin / "hanaperd")
        self.door = None
        self.at = {}

    def open_door(self):
        """A new one each time: nobody of the daemon before may come in by it."""
        if self.door is not None:
            self.door.close()
        (self.bin / "sock").unlink(missing_ok=True)
        self.door = socket.socket(socket.AF_UNIX)
        self.door.settimeout(20 * SLOW)
        self.door.bind(str(self.bin / "sock"))
        self.door.listen()

    def welcome(self, door, n, lies):
        for _ in range(n):
            try:
                told, _ = door.accept()
                name, fds, _, _ = socket.recv_fds(told, 64, 4)
            except OSError:
                return
            role = name.decode().removeprefix("hanaper-")
            outer = [socket.socket(fileno=fd) for fd in fds]
            relay = self.at[role] = Relay(role, outer, self.log, told)
            relay.lie = lies.get(role)
            relay.begin()

    def start(self, *options, wait=True, lies=()):
        """'lies' are told from the first frame on: {role: function}."""
        self.clear()
        with open(self.log, "ab") as log:
            self.mark = log.tell()
            self.open_door()
            host = threading.Thread(target=self.welcome, args=(self.door, len(self.roles), dict(lies)), daemon=True)
            host.start()
            self.daemon = subprocess.Popen([self.bin / "hanaperd", "-f", "--dir", self.dir, *UNCONFINED, *options],
                                           stdout=log, stderr=subprocess.STDOUT)
        host.join(20 * SLOW)
        if wait:
            self.wait_ready()
        return self

    def alive(self):
        return self.daemon is not None and self.daemon.poll() is None

    def clear(self):
        """The roles are ours: when the daemon is gone, they may still be about to see it."""
        end = time.monotonic() + 10 * SLOW
        for relay in self.at.values():
            relay.kill()
            while relay.pid and time.monotonic() < end:
                time.sleep(0.002)
        self.at.clear()

    def stop(self):
        try:
            return super().stop()
        finally:
            self.clear()

    def close(self):
        try:
            super().close()
        finally:
            if self.door is not None:
                self.door.close()
