# SPDX-License-Identifier: Apache-2.0
"""The service: its unit, user and directories, and what `hanaper init --system` makes of them."""
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
import unittest

from hnp import BUILD, ROLES, SLOW, SOURCE, WRAP, free_port, run


def have(*programs):
    return all(shutil.which(p) for p in programs)


class Image(unittest.TestCase):
    """/ of an image, with user and directories as systemd makes them from our files."""

    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="hnp-"))
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)
        self.root.chmod(0o755)
        (self.root / "etc").mkdir()
        self.bin = self.root / "bin"
        self.bin.mkdir()
        for name in (*ROLES, "hanaperd", "hanaper"):
            shutil.copy(BUILD / name, self.bin / name)
        self.ports = [free_port() for _ in range(3)]
        self.etc, self.state = self.root / "etc/hanaper", self.root / "var/lib/hanaper"

    def user(self):
        for tool, file in (("systemd-sysusers", "sysusers"), ("systemd-tmpfiles", "tmpfiles")):
            extra = ("--create",) if tool == "systemd-tmpfiles" else ()
            run(tool, f"--root={self.root}", *extra, SOURCE / f"etc/hanaper.{file}")
        for line in (self.root / "etc/passwd").read_text().splitlines():
            if line.startswith("hanaper:"):
                return int(line.split(":")[2])
        raise AssertionError("sysusers made no user")

    def init(self, *options, check=True):
        api, http, metrics = self.ports
        return run(self.bin / "hanaper", "init", "--system", "--root", self.root,
                   "--api", f"127.0.0.1:{api}", "--http", f"127.0.0.1:{http}",
                   "--metrics", f"127.0.0.1:{metrics}", *options, check=check)

    def serve(self, uid, wrap=(), options=()):
        self.log = open(self.root / "log", "w+b")
        self.addCleanup(self.log.close)

        def become():
            if uid == 0:
                return
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)

        daemon = subprocess.Popen(
            [*wrap, self.bin / "hanaperd", "-f", "--config", self.etc / "hanaper.yaml",
             "--dir", self.state, *options], stdout=self.log, stderr=subprocess.STDOUT, preexec_fn=become)
        self.addCleanup(lambda: daemon.poll() is None and daemon.kill())
        end = time.monotonic() + 20 * SLOW
        while b"\nready " not in b"\n" + (self.root / "log").read_bytes():
            self.assertIsNone(daemon.poll(), (self.root / "log").read_text())
            self.assertLess(time.monotonic(), end, (self.root / "log").read_text())
            time.sleep(0.02)
        return daemon

    @unittest.skipUnless(os.geteuid() == 0 and have("systemd-sysusers"), "needs root and systemd")
    def test_init_lays_it_out_for_the_user_and_the_daemon_serves_as_that_user(self):
        uid = self.user()
        self.init()
        self.assertEqual(sorted(p.name for p in self.etc.iterdir()), ["hanaper.yaml", "root.crt"])
        for path, mode, owner, group in (
                (self.etc, 0o755, 0, 0), (self.etc / "hanaper.yaml", 0o640, 0, uid),
                (self.etc / "root.crt", 0o644, 0, 0), (self.state, 0o750, uid, uid),
                (self.state / "issuers/main.key", 0o600, uid, uid),
                (self.state / "hanaper.db", 0o600, uid, uid),
                (self.state / "journal/00000001.hj", 0o600, uid, uid)):
            st = path.stat()
            self.assertEqual((st.st_mode & 0o7777, st.st_uid, st.st_gid), (mode, owner, group),
                             path)
        self.assertIn("\ndir: /var/lib/hanaper\n", (self.etc / "hanaper.yaml").read_text())
        daemon = self.serve(uid)
        out = self.root / "tmp-out"
        out.mkdir()
        run(self.bin / "hanaper", "issue", "web.internal", "--dir", self.state, cwd=out)
        self.assertTrue((out / "web.internal.crt").exists())
        # With hanaper.yaml named, the socket is found where its 'dir:' says.
        conf = (self.etc / "hanaper.yaml").read_text()
        (self.etc / "hanaper.yaml").write_text(
            conf.replace("dir: /var/lib/hanaper", f"dir: {self.state}"))
        done = run(self.bin / "hanaper", "ls", "--dir", self.etc)
        self.assertIn("web.internal", done.stdout)
        run(self.bin / "hanaper", "reload", "--dir", self.etc)
        # To others that one is named which they may read.
        done = run(self.bin / "hanaper", "acme", "eab", "new", "--for", "certbot", "--dir", self.etc)
        self.assertIn(f"\nREQUESTS_CA_BUNDLE={self.etc}/root.crt ", done.stdout)
        # Root renews the administrator's, from anywhere, and whose it is it stays.
        admin = self.state / "admin.crt"
        before = admin.read_text(), admin.stat().st_uid
        run(self.bin / "hanaper", "renew", admin, "--now", "--dir", self.etc, cwd="/")
        self.assertNotEqual(admin.read_text(), before[0])
        self.assertEqual((admin.stat().st_uid, admin.stat().st_mode & 0o777), (before[1], 0o644))
        daemon.send_signal(signal.SIGTERM)
        self.assertEqual(daemon.wait(15 * SLOW), 0)
        # A second time nothing is touched.
        before = {p: p.stat().st_mtime_ns for p in self.root.rglob("*") if p.is_file()}
        done = self.init(check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("there already", done.stderr)
        self.assertEqual(before, {p: p.stat().st_mtime_ns for p in self.root.rglob("*")
                                  if p.is_file()})

    # S82: what hanaperd --user signer=hanaper-signer needs
    @unittest.skipUnless(os.geteuid() == 0 and have("systemd-sysusers"), "needs root and systemd")
    def test_init_gives_the_signers_user_journal_and_keys(self):
        uid = self.user()
        users = dict(line.split(":")[:3:2] for line in (self.root / "etc/passwd").read_text().splitlines())
        signer = int(users["hanaper-signer"])
        self.init("--user", "signer=hanaper-signer")
        for path, mode, owner in (("journal", 0o700, signer), ("journal/00000001.hj", 0o600, signer),
                                  ("root.key", 0o600, signer), ("issuers/main.key", 0o600, signer),
                                  ("issuers", 0o750, uid), ("issuers/main.crt", 0o644, uid),
                                  ("hanaper.db", 0o600, uid), ("admin.key", 0o600, uid), (".", 0o750, uid)):
            st = (self.state / path).stat()
            self.assertEqual((st.st_mode & 0o7777, st.st_uid, st.st_gid), (mode, owner, uid), path)
        options = [o for role in ("signer", "prober", "front") for o in ("--user", f"{role}={users['hanaper-' + role]}")]
        daemon = self.serve(0, options=options)
        pids = run("ps", "-o", "uid=,comm=", "--ppid", daemon.pid).stdout.split()
        self.assertEqual(dict(zip(pids[1::2], map(int, pids[::2])))["hanaper-signer"], signer)
        run(self.bin / "hanaper", "issue", "web.internal", "--dir", self.state, cwd=self.root)
        daemon.send_signal(signal.SIGTERM)
        self.assertEqual(daemon.wait(15 * SLOW), 0)

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_init_for_a_user_that_is_not_there_makes_nothing(self):
        if have("systemd-sysusers"):
            self.user()
        for option, words in (("signer=nobody-of-that-name", "no user"), ("front=hanaper", "signer=USER"),
                              ("signer", "signer=USER")):
            done = self.init("--user", option, check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(words, done.stderr)
            self.assertFalse((self.etc / "hanaper.yaml").exists())

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_without_the_user_nothing_is_made(self):
        done = self.init(check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("systemd-sysusers", done.stderr)
        self.assertFalse(self.etc.exists() or self.state.exists())

    @unittest.skipUnless(os.geteuid() == 0 and have("systemd-sysusers"), "needs root and systemd")
    def test_a_configuration_that_is_there_and_a_state_that_is_not_empty_are_let_be(self):
        self.user()
        (self.state / "something").write_text("x")
        self.assertEqual(self.init(check=False).returncode, 1)
        self.assertEqual(list(self.etc.iterdir()), [])
        (self.state / "something").unlink()
        (self.etc / "hanaper.yaml").write_text("mine")
        self.assertEqual(self.init(check=False).returncode, 1)
        self.assertEqual((self.etc / "hanaper.yaml").read_text(), "mine")
        self.assertEqual(list(self.state.iterdir()), [])
        self.assertEqual([p.name for p in self.state.parent.iterdir()], ["hanaper"])
        for name in ("hanaper.yaml", "root.crt"):
            (self.etc / "hanaper.yaml").unlink(missing_ok=True)
            (self.etc / "root.crt").symlink_to("nowhere") if name == "hanaper.yaml" else (self.etc / name).write_text("mine")
            done = self.init(check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("root.crt", done.stderr)
            self.assertEqual([p.name for p in self.etc.iterdir()], ["root.crt"])
            (self.etc / "root.crt").unlink()
        self.assertEqual(list(self.state.iterdir()), [])

    def test_usage(self):
        for args in (["--system", "--dir", "x"], ["--root", "x"]):
            done = run(BUILD / "hanaper", "init", *args, check=False)
            self.assertEqual(done.returncode, 2, done.stderr)

    def allowed(self, unit="hanaper.service.in"):
        """The system calls that a unit's SystemCallFilter= lets through."""
        text = run("systemd-analyze", "syscall-filter").stdout
        groups, name = {}, None
        for line in text.splitlines():
            if line.startswith("@"):
                name = line.strip()
                groups[name] = set()
            elif line.startswith("    ") and not line.strip().startswith("#") and name:
                groups[name].add(line.strip())

        def members(one):
            out = set()
            for word in groups[one]:
                out |= members(word) if word.startswith("@") else {word}
            return out

        calls = set()
        for line in (SOURCE / "etc" / unit).read_text().splitlines():
            if found := re.match(r"SystemCallFilter=(~?)(.*)", line):
                for word in found[2].split():
                    of = members(word) if word.startswith("@") else {word}
                    calls = calls - of if found[1] else calls | of
        return calls | members("@default")

    @unittest.skipUnless(os.geteuid() == 0 and have("systemd-analyze", "systemd-sysusers", "strace")
                         and not WRAP and b"__asan_init" not in (BUILD / "hanaperd").read_bytes(),
                         "needs root, systemd, strace, and programs without a sanitizer's own calls")
    def test_the_unit_lets_through_every_system_call_of_a_life(self):
        trace = self.root / "trace"
        trace.mkdir()
        trace.chmod(0o777)
        uid = self.user()
        self.init()
        daemon = self.serve(uid, ("strace", "-f", "-qq", "-o", str(trace / "all")))
        out = self.root / "out"
        out.mkdir()
        hanaper = (self.bin / "hanaper",)
        run(*hanaper, "issue", "web.internal", "--dir", self.state, cwd=out)
        run(*hanaper, "revoke", "web.internal.crt", "--dir", self.state, cwd=out)
        run(*hanaper, "ocsp", "web.internal.crt", "--dir", self.state, cwd=out, check=False)
        run(*hanaper, "crl", "--dir", self.state, cwd=out, check=False)
        run("curl", "-s", "--cacert", self.etc / "root.crt", "--cert", self.state / "admin.crt",
            "--key", self.state / "admin.key", f"https://127.0.0.1:{self.ports[0]}/v1/whoami")
        os.kill(int((self.state / "run/hanaperd.pid").read_text()), signal.SIGHUP)
        time.sleep(1)
        os.kill(int((self.state / "run/hanaperd.pid").read_text()), signal.SIGTERM)
        self.assertEqual(daemon.wait(20 * SLOW), 0, (self.root / "log").read_text())
        made = set(re.findall(r"^\d+ +(\w+)\(", (trace / "all").read_text(), re.M))
        self.assertGreater(len(made), 40)
        # Raised where root starts it; the unit's Limit*= lines do it otherwise.
        self.assertEqual(made - self.allowed() - {"resumed"}, set())

    def back_up(self, *wrap, check=True, **changes):
        """The unit's command, as it stands but for its paths; as its user where we are root."""
        text = (SOURCE / "etc/hanaper-backup.service.in").read_text().replace("\\\n", " ")
        env = dict(word.split("=") for word in re.search(r"^Environment=(.*)$", text, re.M)[1].split())
        self.assertEqual(re.findall("^Exec[A-Z]", text, re.M), ["ExecS"])
        line = re.search(r"^ExecStart=(.*)$", text, re.M)[1].replace("%%", "%").replace("$$", "$")
        line = line.replace("@bindir@", str(self.bin)).replace("/etc/hanaper", str(self.etc))
        return run(*wrap, *shlex.split(line), check=check, user=self.uid, group=self.uid, extra_groups=[],
                   env={"PATH": os.environ["PATH"], **env, **changes})

    def room_for_backups(self):
        self.uid = self.user()
        self.init()
        conf = self.etc / "hanaper.yaml"
        conf.write_text(conf.read_text().replace("dir: /var/lib/hanaper", f"dir: {self.state}"))
        kept = self.root / "a directory"
        kept.mkdir()
        os.chown(kept, self.uid, self.uid)
        return kept

    @unittest.skipUnless(os.geteuid() == 0 and have("systemd-sysusers"), "needs root and systemd")
    def test_the_backups_unit_makes_one_and_keeps_the_newest(self):
        kept = self.room_for_backups()
        names = [f"hanaper-20260{n}01T000000Z.tar" for n in range(1, 5)] + ["hanaper-mine.tar", "notes.tar"]
        for name in names:
            (kept / name).touch()
        changes = {"BACKUPS": str(kept), "KEEP": "3"}
        wrap, trace = (), self.root / "a directory/trace"
        if have("systemd-analyze", "strace") and not WRAP and b"__asan_init" not in (BUILD / "hanaperd").read_bytes():
            wrap = ("strace", "-f", "-qq", "-o", str(trace))
        self.back_up(*wrap, **changes)
        if wrap:
            made = set(re.findall(r"^\d+ +(\w+)\(", trace.read_text(), re.M))
            self.assertGreater(len(made), 20)
            self.assertEqual(made - self.allowed("hanaper-backup.service.in") - {"resumed"}, set())
            trace.unlink()
        left = sorted(p.name for p in kept.iterdir())
        self.assertEqual(set(names) & set(left), set(names[2:]))
        self.assertEqual(len(left), 5)
        new, = set(left) - set(names)
        self.assertRegex(new, r"^hanaper-\d{8}T\d{6}Z\.tar$")
        self.assertEqual((kept / new).stat().st_uid, self.uid)
        run(self.bin / "hanaper", "restore", "--check", kept / new)
        with tarfile.open(kept / new) as tar:
            self.assertNotIn("main.key", " ".join(tar.getnames()))
        time.sleep(1)  # another name
        self.back_up(**changes, OPTIONS="--with-keys")
        with tarfile.open(sorted(kept.glob("hanaper-2*"))[-1]) as tar:
            self.assertIn("main.key", " ".join(tar.getnames()))

    @unittest.skipUnless(os.geteuid() == 0 and have("systemd-sysusers"), "needs root and systemd")
    def test_the_backups_unit_lets_names_of_the_future_be_and_wants_a_number(self):
        kept = self.room_for_backups()
        past = [f"hanaper-20260{n}01T000000Z.tar" for n in range(1, 5)]
        future = [f"hanaper-209{n}0101T000000Z.tar" for n in range(7, 10)]
        for name in past + future:
            (kept / name).touch()
        for keep, stay in (("3", past[2:]), ("1", [])):
            self.back_up(BACKUPS=str(kept), KEEP=keep)
            made = sorted({p.name for p in kept.iterdir()} - set(past) - set(future))
            self.assertEqual(len(made), 1)
            self.assertEqual({p.name for p in kept.iterdir()}, {*stay, *future, *made})
            time.sleep(1)  # another name
        before = {p.name for p in kept.iterdir()}
        for keep in ("0", "abc", "", "-2", "2.5", "1 2"):
            done = self.back_up(BACKUPS=str(kept), KEEP=keep, check=False)
            self.assertNotEqual(done.returncode, 0, keep)
            self.assertIn(f"KEEP={keep} is no whole number", done.stderr)
            now = {p.name for p in kept.iterdir()}
            self.assertEqual((len(now - before), before - now), (1, set()))
            (kept / (now - before).pop()).unlink()


class Unit(unittest.TestCase):
    def setUp(self):
        self.tmp = pathlib.Path(tempfile.mkdtemp(prefix="hnp-"))
        self.addCleanup(shutil.rmtree, self.tmp, ignore_errors=True)
        for file in (SOURCE / "etc").glob("hanaper*.service.in"):
            text = file.read_text().replace("@sbindir@", str(BUILD)).replace("@bindir@", str(BUILD))
            (self.tmp / file.stem).write_text(text)
        for file in (SOURCE / "etc").glob("hanaper*.timer"):
            shutil.copy(file, self.tmp)

    @unittest.skipUnless(have("systemd-analyze"), "needs systemd-analyze")
    def test_systemd_has_nothing_to_say_against_it(self):
        units = [p.name.replace("@.", "@etc-tls.") for p in self.tmp.iterdir()]
        self.assertEqual(len(units), 5)
        done = run("systemd-analyze", "verify", "--man=no", *units, check=False, cwd=self.tmp,
                   env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning", "SYSTEMD_UNIT_PATH": f"{self.tmp}:"})
        ours = [line for line in done.stderr.splitlines() if "hanaper" in line]
        self.assertEqual(ours, [])

    def follow_links(self, doc):
        """Every link of every page that is no URL leads to what was installed too."""
        followed = 0
        for page in doc.rglob("*.md"):
            for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
                if not re.match(r"[a-z]+:|#", link):
                    self.assertTrue((page.parent / link.partition("#")[0]).is_file(), f"{page}: {link}")
                    followed += 1
        self.assertGreater(followed, 10)

    def test_make_install_puts_each_where_systemd_looks_and_uninstall_takes_it_away(self):
        run("make", "-s", "-C", BUILD, "install", f"DESTDIR={self.tmp}/d")
        prefix = re.search(r"^prefix = (.*)$", (BUILD / "Makefile").read_text(), re.M)[1]
        lib = pathlib.Path(f"{self.tmp}/d{prefix}/lib")
        unit = (lib / "systemd/system/hanaper.service").read_text()
        self.assertIn(f"ExecStart={prefix}/sbin/hanaperd ", unit)
        self.assertIn(f"ExecReload={prefix}/bin/hanaper reload", unit)
        self.assertIn(f" {prefix}/bin/hanaper backup ", (lib / "systemd/system/hanaper-backup.service").read_text())
        self.assertTrue((lib / "systemd/system/hanaper-backup.timer").is_file())
        self.assertEqual((lib / "sysusers.d/hanaper.conf").read_text(),
                         (SOURCE / "etc/hanaper.sysusers").read_text())
        self.assertEqual((lib / "tmpfiles.d/hanaper.conf").read_text(),
                         (SOURCE / "etc/hanaper.tmpfiles").read_text())
        self.follow_links(pathlib.Path(f"{self.tmp}/d{prefix}/share/doc/hanaper"))
        run("make", "-s", "-C", BUILD, "uninstall", f"DESTDIR={self.tmp}/d")
        self.assertEqual([p for p in (self.tmp / "d").rglob("*") if p.is_file()], [])
