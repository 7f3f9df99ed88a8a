# SPDX-License-Identifier: Apache-2.0
"""A CA whose roles run with faults.so preloaded: calls that fail, kill or hang; a bent clock; a power cut.

The roles are found beside hanaperd (sys/proc.c): here lies a copy of it, and beside it scripts of the
roles' names that preload the library.  So the programs are those of the build, untouched.
"""
import collections
import mmap
import os
import pathlib
import random
import shutil
import struct
import subprocess

import hnp

LIBRARY = hnp.BUILD / "tests/flow/faults.so"
ROLE_NUMBER = {"signer": 0, "prober": 1, "core": 2, "front": 3, "cli": 4}

# As in faults.c.
WRITE, SYNC, TRUNCATE, NAME, OPEN, SEND, MEMORY, SIGN = (1 << i for i in range(8))
ERROR, SHORT, KILL_BEFORE, KILL_AFTER, HANG = range(1, 6)
PLAN_AT, PLAN = 64, struct.Struct("=8q")
FOR_EVER = 1 << 62
OP = struct.Struct("=7Q")
OP_WRITE, OP_TRUNCATE, OP_SYNC, OP_OPEN, OP_RENAME, OP_UNLINK, OP_MKDIR, OP_LINK = range(1, 9)


class FaultCA(hnp.CA):
    """A CA whose daemon can be made to meet faults while it runs."""

    def __init__(self, *options, log=False):
        if not LIBRARY.exists():
            raise AssertionError(f"{LIBRARY} is not built: without it nothing fails (make check_PROGRAMS)")
        super().__init__(*options)
        self.page_file = self.tmp / "page"
        self.page_file.write_bytes(bytes(4096))
        with open(self.page_file, "r+b") as f:
            self.page = mmap.mmap(f.fileno(), 4096)
        self.log_ops = log
        self.bin = self.tmp / "bin"
        self.bin.mkdir()
        shutil.copy(hnp.BUILD / "hanaperd", self.bin)
        for program in hnp.ROLES:
            role = program.removeprefix("hanaper-")
            script = self.bin / program
            script.write_text("#!/bin/sh\n" + "".join(f"export {k}={v}\n" for k, v in self.variables(role).items())
                              + f"exec {hnp.BUILD / program}\n")
            script.chmod(0o755)
        self.program = self.bin / "hanaperd"
        self.extra = {}

    def variables(self, role):
        v = {"HNP_FAULTS_PAGE": self.page_file, "HNP_FAULTS_ROLE": ROLE_NUMBER[role]}
        if self.log_ops:
            v["HNP_FAULTS_LOG"] = self.tmp / f"ops.{role}"
        return {**v, "LD_PRELOAD": LIBRARY}

    def plan(self, role, calls, action, error=0, first=1, times=1):
        """From its first-th of these calls on, 'times' of them meet this."""
        at = PLAN_AT + PLAN.size * ROLE_NUMBER[role]
        PLAN.pack_into(self.page, at, 0, calls, action, error, first, times, 0, 0)
        struct.pack_into("=q", self.page, at, 1)

    def seen(self, role):
        """How many such calls there were since, and how many met it."""
        return PLAN.unpack_from(self.page, PLAN_AT + PLAN.size * ROLE_NUMBER[role])[6:8]

    def unplan(self):
        self.page[PLAN_AT:PLAN_AT + PLAN.size * len(ROLE_NUMBER)] = bytes(PLAN.size * len(ROLE_NUMBER))

    def clock(self, seconds):
        """How far the roles' clock is from the right time."""
        struct.pack_into("=q", self.page, 0, seconds)

    def later(self, seconds):
        """So long they have run more than they have: the monotonic clock, which never goes back."""
        struct.pack_into("=q", self.page, 8, seconds)

    def command(self, *args, check=True):
        """The hanaper command, under the plan of the role "cli"."""
        env = {**os.environ, **{k: str(v) for k, v in self.variables("cli").items()}}
        return hnp.run(hnp.BUILD / "hanaper", *args, check=check, env=env)

    def kill_all(self):
        """The parent dies, and its roles with it."""
        pids = list(self.role_pids().values())
        self.daemon.kill()
        self.daemon.wait()
        self.daemon = None
        hnp.wait_gone(pids)

    def close(self):
        super().close()
        self.page.close()


# -- the power cut

class File:
    def __init__(self, octets=b""):
        self.durable, self.ops = bytearray(octets), []

    def sync(self):
        self.put(self.durable, self.ops)
        self.ops = []

    def after(self, ops):
        octets = bytearray(self.durable)
        self.put(octets, ops)
        return octets

    @staticmethod
    def put(octets, ops):
        for kind, offset, data in ops:
            if offset > len(octets):
                octets.extend(bytes(offset - len(octets)))
            if kind == OP_TRUNCATE:
                del octets[offset:]
            else:
                octets[offset:offset + len(data)] = data


class Folder:
    def __init__(self):
        self.durable, self.ops = {}, []

    def now(self):
        return self.after(self.ops)

    def after(self, ops):
        names = dict(self.durable)
        for name, ino in ops:
            if ino is None:
                names.pop(name, None)
            else:
                names[name] = ino
        return names

    def sync(self):
        self.durable, self.ops = self.now(), []


class Disk:
    """A directory as the power would leave it: made from a copy of its beginning and the log of the roles' calls."""

    def __init__(self, live, work):
        """Before the daemon starts: all of 'live' counts as durable."""
        self.live, self.folders, self.files, self.start = live, {}, {}, work
        shutil.copytree(live, work, ignore=shutil.ignore_patterns("run"))
        self.root = live.stat().st_ino
        for path, names, files in os.walk(live):
            folder = self.folders[os.stat(path).st_ino] = Folder()
            for name in [*names, *files]:
                info = os.lstat(os.path.join(path, name))
                folder.durable[name] = info.st_ino
                if name in files and os.path.isfile(os.path.join(path, name)):
                    self.files[info.st_ino] = File(pathlib.Path(path, name).read_bytes())
        self.count = 0

    def read(self, logs):
        """All calls of all roles, in the order of their time."""
        ops = []
        for log in logs:
            octets, at = log.read_bytes(), 0
            while at + OP.size <= len(octets):
                kind, ns, ino, ino2, offset, n1, n2 = OP.unpack_from(octets, at)
                at += OP.size
                ops.append((ns, kind, ino, ino2, offset, octets[at:at + n1], octets[at + n1:at + n1 + n2]))
                at += n1 + n2
        ops.sort(key=lambda op: op[0])
        return ops

    def place(self, dir_ino, path):
        """The folder and the name that a path means; None: outside of the CA directory."""
        path = path.decode()
        folder = dir_ino
        if path.startswith("/"):
            try:
                path = str(pathlib.PurePath(path).relative_to(self.live))
            except ValueError:
                return None
            folder = self.root
        *way, name = path.split("/")
        for step in way:
            folder = self.folders[folder].now().get(step) if folder in self.folders else None
        return (self.folders[folder], name) if folder in self.folders else None

    def apply(self, op):
        _, kind, ino, ino2, offset, p1, p2 = op
        self.count += 1
        if kind in (OP_WRITE, OP_TRUNCATE):
            if ino in self.files:
                self.files[ino].ops.append((kind, offset, p1))
        elif kind == OP_SYNC:
            if ino in self.files:
                self.files[ino].sync()
            elif ino in self.folders:
                self.folders[ino].sync()
        elif kind == OP_OPEN:
            where = self.place(ino2, p1)
            if where is None or not ino:
                return
            folder, name = where
            if folder.now().get(name) != ino:  # it is new
                self.folders.pop(ino, None)
                self.files[ino] = File()
                folder.ops.append((name, ino))
            elif offset:
                self.files[ino].ops.append((OP_TRUNCATE, 0, b""))
        elif kind == OP_LINK:
            old, new = self.place(0, p1), self.place(0, p2)
            if old is not None and new is not None:
                new[0].ops.append((new[1], old[0].now()[old[1]]))
        elif kind == OP_RENAME:
            old, new = self.place(ino, p1), self.place(ino2, p2)
            if old is None and new is None and p1.startswith(b"/"):
                return  # elsewhere
            if old is None or new is None:
                raise AssertionError(f"renamed in a directory that nobody made: {p1} {p2}")
            ino = old[0].now().get(old[1])
            if ino is not None:
                # One step: neither both names nor none, and what was there goes.
                new[0].ops.append((new[1], ino))
                old[0].ops.append((old[1], None))
        elif kind == OP_MKDIR:
            where = self.place(ino2, p1)
            if where is not None:
                self.folders[ino] = Folder()
                self.files.pop(ino, None)  # a number may come again
                where[0].ops.append((where[1], ino))
        elif kind == OP_UNLINK:
            where = self.place(ino, p1)
            if where is not None:
                where[0].ops.append((where[1], None))

    # What becomes of what was not flushed.
    @staticmethod
    def none_of(_, ops):
        return []

    @staticmethod
    def all_of(_, ops):
        return ops

    @staticmethod
    def torn(chance, ops):
        """Any write may have come to the disk, wholly or by sectors, in any order."""
        kept = []
        for kind, offset, data in ops:
            fate = chance.random()
            if fate < 0.4:
                continue
            if fate < 0.7 or kind == OP_TRUNCATE:
                kept.append((kind, offset, data))
                continue
            size = chance.choice((512, 4096))
            at = 0
            while at < len(data):
                n = size - (offset + at) % size
                if chance.random() < 0.5:
                    kept.append((kind, offset + at, data[at:at + n]))
                at += n
        return kept

    def cut(self, to, chance, keep):
        """Writes the directory as it is after a power cut now."""
        shutil.rmtree(to, ignore_errors=True)
        to.mkdir(mode=0o700)
        self.write_folder(self.root, to, chance, keep)

    def write_folder(self, ino, to, chance, keep):
        folder = self.folders[ino]
        # A file system keeps the order of names' changes: a part of them, from the front.
        n = {self.none_of: 0, self.all_of: len(folder.ops)}.get(keep, chance.randint(0, len(folder.ops)))
        for name, inner in folder.after(folder.ops[:n]).items():
            path = to / name
            if inner in self.folders:
                path.mkdir(mode=0o755 if "pub" in path.parts else 0o700)
                self.write_folder(inner, path, chance, keep)
            elif inner in self.files and not name.endswith("-shm"):  # a page of memory; SQLite makes it anew
                file = self.files[inner]
                path.write_bytes(file.after(keep(chance, file.ops)))
                path.chmod(0o644 if "pub" in path.parts else 0o600)
