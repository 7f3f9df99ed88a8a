# SPDX-License-Identifier: Apache-2.0
"""Which CA directory is meant, and what is said where it is none, half of one, or a service's."""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
import unittest

from hnp import BUILD, CA, SLOW, FlowTest, free_port, run

ENV = {**os.environ, "HANAPER_DIR": ""}
STRANGER = 54321


def hanaper(*args, cwd, program="hanaper", status=0, **kw):
    """What it says there, on both channels."""
    done = run(BUILD / program, *args, cwd=cwd, env=ENV, check=False, **kw)
    if done.returncode != status:
        raise AssertionError(f"{args}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


# A machine that has nothing in /etc and /var/lib, for as long as the commands run.
BARE = "mount -t tmpfs -o mode=755 tmpfs /etc; mount -t tmpfs -o mode=755 tmpfs /var/lib; "


def bare_machine():
    if os.geteuid() != 0:
        return False
    return subprocess.run(["unshare", "--mount", "sh", "-ec", BARE], capture_output=True, check=False).returncode == 0


class Inside(FlowTest):
    """In the CA directory itself, without naming it."""

    def test_commands_find_it(self):
        ca = self.ca
        ca.issue("inside", "DNS:inside.internal")
        self.assertIn("inside.internal", hanaper("ls", cwd=ca.dir))
        self.assertIn("./hanaper.yaml is right", hanaper("doctor", cwd=ca.dir))
        self.assertIn("renewed", hanaper("renew", ca.file("inside.crt"), "--now", cwd=ca.dir))
        self.assertIn("tell the same", hanaper("audit", "verify", cwd=ca.dir))
        hanaper("backup", ca.file("inside.tar"), cwd=ca.dir)
        self.assertIn(f"{ca.dir}/hanaper.yaml: good", hanaper("--check", program="hanaperd", cwd=ca.dir))

    def test_one_below_it_comes_first(self):
        ca = self.ca
        empty = CA()
        self.addCleanup(empty.close)
        shutil.move(empty.dir, ca.dir / "hanaper")
        try:
            self.assertIn("no daemon answers at hanaper/run", hanaper("ls", cwd=ca.dir, status=1))
            self.assertIn("hanaper/hanaper.yaml: good", hanaper("--check", program="hanaperd", cwd=ca.dir))
        finally:
            shutil.rmtree(ca.dir / "hanaper")

    def test_none_is_made_inside_it(self):
        ca = self.ca
        before = sorted(os.listdir(ca.dir))
        for cwd, *args in ((ca.dir, "init"), (ca.dir, "init", "--dir", "x"), (ca.dir, "up", "--dir", "x"),
                           (ca.tmp, "init", "--dir", "ca/x"), (ca.tmp, "up", "--dir", "ca/x")):
            said = hanaper(*args, cwd=cwd, status=1)
            self.assertIn("no CA is made inside another's directory; run that one: hanaper up --dir ", said)
        self.assertEqual(sorted(os.listdir(ca.dir)), before)

    def test_up_runs_it_and_restore_puts_it_back(self):
        ca = self.ca
        hanaper("backup", ca.file("up.tar"), "--with-keys", cwd=ca.dir)
        ca.stop()
        root = (ca.dir / "root.crt").read_bytes()
        log = ca.file("up.log")
        with open(log, "w") as out:
            up = subprocess.Popen([BUILD / "hanaper", "up"], cwd=ca.dir, env=ENV, stdout=out, stderr=out)
        end = time.monotonic() + 15 * SLOW
        while "\nready " not in "\n" + log.read_text() and up.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        up.send_signal(signal.SIGTERM)
        self.assertEqual(up.wait(15 * SLOW), 0, log.read_text())
        self.assertIn("\nready ", "\n" + log.read_text())
        (ca.dir / "hanaper.db").unlink()
        hanaper("restore", ca.file("up.tar"), cwd=ca.dir)
        self.assertFalse((ca.dir / "hanaper").exists())
        self.assertEqual((ca.dir / "root.crt").read_bytes(), root)
        ca.start()

    # A directory that anybody may have prepared
    @unittest.skipUnless(os.geteuid() == 0, "gives files away")
    def test_another_users_is_named_or_not_meant(self):
        ca, there = self.ca, self.ca.file("theirs")
        there.mkdir()
        shutil.copy(ca.dir / "hanaper.yaml", there)
        backup = ca.file("theirs.tar")
        hanaper("backup", backup, cwd=ca.dir)
        for path in (there, there / "hanaper.yaml"):
            with self.theirs(path):
                for args in (["ls"], ["audit", "verify"], ["trust", "install"], ["issue", "x.internal"], ["up"], ["init"],
                             ["doctor"]):
                    self.assertIn("another user's; if it is the one that you mean: --dir .,",
                                  hanaper(*args, cwd=there, status=1))
                self.assertIn("theirs/run/hanaper.sock; start it", hanaper("ls", "--dir", ".", cwd=there, status=1))
                said = hanaper("--check", program="hanaperd", cwd=there, status=1)
                self.assertIn("another user's; if it is the one that you mean: --dir .,", said)
                self.assertIn("another user's; if it is the one that you mean: --dir .,",
                              hanaper("restore", backup, "--nothing-since", cwd=there, status=1))
                self.assertFalse((there / "hanaper").exists())
                hanaper("restore", backup, "--check", cwd=there)
        self.assertIn("theirs/run/hanaper.sock; start it", hanaper("ls", cwd=there, status=1))

    # Where anybody may prepare one, such as /tmp
    @unittest.skipUnless(os.geteuid() == 0, "gives files away")
    def test_one_below_that_is_another_users_is_named_or_not_meant(self):
        ca, at = self.ca, self.ca.file("shared")
        at.mkdir()
        shutil.copytree(ca.dir, at / "hanaper", ignore=shutil.ignore_patterns("run"))
        backup = ca.file("shared.tar")
        hanaper("backup", backup, cwd=ca.dir)
        for path in (at / "hanaper", at / "hanaper" / "hanaper.yaml"):
            with self.theirs(path):
                for args in (["ls"], ["audit", "verify"], ["trust", "install"], ["issue", "x.internal"], ["up"],
                             ["init"], ["doctor"], ["renew", ca.dir / "admin.crt"], ["restore", backup, "--nothing-since"]):
                    self.assertIn("hanaper/hanaper.yaml is there, but it or its directory is another user's; if it is "
                                  "the one that you mean: --dir hanaper,", hanaper(*args, cwd=at, status=1))
                self.assertIn("hanaper/run/hanaper.sock; start it", hanaper("ls", "--dir", "hanaper", cwd=at, status=1))
                said = hanaper("--check", program="hanaperd", cwd=at, status=1)
                self.assertIn("another user's; if it is the one that you mean: --dir hanaper,", said)
                said = run("env", f"SUDO_UID={STRANGER}", BUILD / "hanaper", "ls", cwd=at, env=ENV, check=False).stderr
                self.assertIn("hanaper/run/hanaper.sock; start it", said)
        self.assertIn("hanaper/run/hanaper.sock; start it", hanaper("ls", cwd=at, status=1))

    # S82, S86: keys are not put where somebody waits for them
    @unittest.skipUnless(os.geteuid() == 0, "gives files away")
    def test_nothing_is_put_into_a_directory_that_another_user_prepared(self):
        ca, at, elsewhere = self.ca, self.ca.file("prepared"), self.ca.file("elsewhere")
        for path in (at, elsewhere):
            path.mkdir()
        (elsewhere / "mine").touch()
        backup = ca.file("prepared.tar")
        hanaper("backup", backup, "--with-keys", cwd=ca.dir)
        restore = "restore", backup, "--nothing-since"
        for make, there in ((lambda p: p.mkdir(), []), (lambda p: p.symlink_to(elsewhere), ["mine"]),
                            (lambda p: p.symlink_to("nowhere"), None)):
            make(at / "hanaper")
            os.lchown(at / "hanaper", STRANGER, STRANGER)
            for args in (restore, ["up"], ["init"]):
                self.assertIn("hanaper is there, but it or what it leads to is another user's; if it is the one that you mean: "
                              "--dir hanaper,", hanaper(*args, cwd=at, status=1))
            if there is None:
                self.assertFalse((at / "hanaper").exists())
            else:
                self.assertEqual(sorted(os.listdir(at / "hanaper")), there)
            if there == ["mine"]:
                said = hanaper(*restore, "--dir", "hanaper", cwd=at, status=1)
                self.assertIn(f"leads to {elsewhere} by what is another user's; if that is the one that you mean: "
                              f"--dir {elsewhere}", said)
                self.assertEqual(os.listdir(elsewhere), there)
            if (at / "hanaper").is_symlink():
                (at / "hanaper").unlink()
            else:
                (at / "hanaper").rmdir()
        # What is one's own is not called another's.
        for make, says in ((lambda p: p.touch(), "is there and no directory"), (lambda p: p.symlink_to("nowhere"), "leads nowhere")):
            make(at / "hanaper")
            self.assertIn("no CA directory here; make one", hanaper("ls", cwd=at, status=1))
            for args, word in ((restore, says), (["up"], "is there and no directory"), (["init"], "is there and no directory")):
                self.assertIn(word, hanaper(*args, cwd=at, status=1))
            (at / "hanaper").unlink()
        # Who has the directory may exchange what is put there.
        with self.theirs(at):
            for args in (restore, ["up"], ["init"]):
                self.assertIn("the working directory is another user's, or closed to you: say where the CA is to be: --dir DIR",
                              hanaper(*args, cwd=at, status=1))
            self.assertEqual(os.listdir(at), [])
            self.assertIn("no CA directory here; make one", hanaper("ls", cwd=at, status=1))
            shutil.copytree(ca.dir, at / "hanaper", ignore=shutil.ignore_patterns("run"))
            self.assertIn("another user's; if it is the one that you mean: --dir hanaper,", hanaper("ls", cwd=at, status=1))
            shutil.rmtree(at / "hanaper")
        # One's own link is followed.
        (at / "hanaper").symlink_to(elsewhere)
        (elsewhere / "mine").unlink()
        said = hanaper(*restore, cwd=at)
        self.assertIn(f"configuration {elsewhere}/hanaper.yaml\n", said)
        self.assertTrue((elsewhere / "root.key").exists())

    # What was not there when it was looked for is not run because it is there now.
    @unittest.skipUnless(os.geteuid() == 0, "gives files away")
    def test_up_runs_nothing_that_another_user_puts_there_meanwhile(self):
        bin_dir, ran = self.ca.file("bin"), self.ca.file("ran")
        bin_dir.mkdir()
        shutil.copy(BUILD / "hanaper", bin_dir)
        (bin_dir / "hanaperd").write_text(f"#!/bin/sh\nstat -c %u hanaper >> {ran}\n")
        (bin_dir / "hanaperd").chmod(0o755)
        up = bin_dir / "hanaper", "up", "--http", f"127.0.0.1:{free_port()}", "--api", f"127.0.0.1:{free_port()}"
        with self.sticky("sticky", "hanaper.yaml") as at:
            for _ in range(150):
                self.at_once(at, *up)
        with contextlib.suppress(FileNotFoundError):
            (at / "hanaper").rename(at / "theirs")
        self.at_once(at, *up)
        self.assertEqual(set(ran.read_text().split()), {"0"})

    # S82, S86: nor does it get keys
    @unittest.skipUnless(os.geteuid() == 0, "gives files away")
    def test_restore_puts_nothing_into_what_another_user_puts_there_meanwhile(self):
        ca, backups = self.ca, []
        apart = ca.file("apart")
        for n, (line, state) in enumerate((("", "."), ("dir: state\n", "state"), ("dir: .\n", "."), (f"dir: {apart}\n", apart))):
            etc = ca.file(f"etc{n}")
            etc.mkdir()
            shutil.copytree(ca.dir, etc / state, ignore=shutil.ignore_patterns("run", "hanaper.yaml"), dirs_exist_ok=True)
            (etc / "hanaper.yaml").write_text(line + (ca.dir / "hanaper.yaml").read_text())
            (etc / "hanaper.yaml").chmod(0o640)
            backups.append(ca.file(f"meanwhile{n}.tar"))
            hanaper("backup", backups[n], "--with-keys", cwd=etc)
        shutil.rmtree(apart)
        with self.sticky("meanwhile") as at:
            for n in range(100):
                self.at_once(at, BUILD / "hanaper", "restore", backups[n % 4], "--nothing-since")
                if apart.exists():
                    shutil.rmtree(apart)
        there = at / ("theirs" if (at / "theirs").exists() else "hanaper")
        self.assertEqual(os.listdir(there), [])

    def at_once(self, at, *args):
        run(*args, cwd=at, env=ENV, check=False)
        with contextlib.suppress(FileNotFoundError):
            if (at / "hanaper").stat().st_uid == 0:  # nobody else can exchange it
                shutil.rmtree(at / "hanaper")

    @contextlib.contextmanager
    def sticky(self, name, *files):
        """Where a stranger's ./hanaper comes and goes."""
        self.ca.tmp.chmod(0o711)
        at = self.ca.file(name)
        at.mkdir()
        at.chmod(0o1777)
        theirs = at / "theirs"
        theirs.mkdir()
        for path in (theirs, *(theirs / f for f in files)):
            if path != theirs:
                path.touch()
            os.chown(path, STRANGER, STRANGER)
        other = os.fork()
        if other == 0:
            self.exchange(at)
        try:
            yield at
        finally:
            os.kill(other, signal.SIGKILL)
            os.waitpid(other, 0)

    def exchange(self, at):
        """As a stranger, until it is killed."""
        try:
            os.setgroups([])
            os.setgid(STRANGER)
            os.setuid(STRANGER)
            os.chdir(at)
            while True:
                for names in (("theirs", "hanaper"), ("hanaper", "theirs")):
                    with contextlib.suppress(OSError):
                        os.rename(*names)
        finally:
            os._exit(1)

    @contextlib.contextmanager
    def theirs(self, path):
        os.chown(path, STRANGER, STRANGER)
        try:
            yield
        finally:
            os.chown(path, 0, 0)


class Half(FlowTest):
    """Keys and journal, and hanaper.yaml elsewhere: what a service has in /var/lib/hanaper."""

    running = False

    def test_it_is_told_where_hanaper_yaml_may_be_and_never_sent_around(self):
        ca, etc = self.ca, self.ca.file("etc")
        etc.mkdir()
        (ca.dir / "hanaper.yaml").rename(etc / "hanaper.yaml")
        for args in (["ls"], ["issue", "x.internal"], ["doctor"], ["backup", "b.tar"], ["rotate"], ["audit", "verify"],
                     ["up"], ["init"]):
            self.half(hanaper(*args, "--dir", ca.dir, cwd=ca.tmp, status=1), args)
        for args in (["-f"], ["--check"], []):
            self.half(hanaper(*args, "--dir", ca.dir, program="hanaperd", cwd=ca.tmp, status=1), args)
        # Where its daemon runs, too: the socket is there, hanaper.yaml is not.
        ca.start("--config", etc / "hanaper.yaml")
        hanaper("ls", "--dir", ca.dir, cwd=ca.tmp)
        ca.issue("half", "DNS:half.internal")
        for args in (["doctor"], ["backup", "b.tar"], ["audit", "verify"], ["renew", "half.crt"]):
            self.half(hanaper(*args, "--dir", ca.dir, cwd=ca.tmp, status=1), args)
        ca.dir.rename(ca.file("hanaper"))  # found without being named
        try:
            hanaper("ls", cwd=ca.tmp)
            for args in (["doctor"], ["audit", "verify"], ["renew", "half.crt"]):
                said = hanaper(*args, cwd=ca.tmp, status=1)
                self.assertIn("hanaper holds keys and journal of a CA, and no hanaper.yaml", said)
        finally:
            ca.file("hanaper").rename(ca.dir)

    def half(self, said, args):
        self.assertIn(f"{self.ca.dir} holds keys and journal of a CA, and no hanaper.yaml", said, args)
        self.assertIn("--dir /etc/hanaper", said, args)
        self.assertNotIn("hanaper up", said, args)
        self.assertNotIn("hanaper init", said, args)

    def test_what_is_no_ca_is_not_to_be_run(self):
        full = self.ca.file("full")
        full.mkdir()
        (full / "mine").touch()
        self.assertIn("make one: hanaper up", hanaper("ls", "--dir", full, cwd=self.ca.tmp, status=1))
        said = hanaper("up", "--dir", full, cwd=self.ca.tmp, status=1)
        self.assertIn("not empty; nothing was changed; choose another: --dir DIR", said)


@unittest.skipUnless(bare_machine(), "needs root, and namespaces")
class Service(FlowTest):
    """hanaper.yaml in /etc/hanaper, all else in /var/lib/hanaper."""

    running = False
    # What init --system makes, for the user that there is.
    LAID_OUT = ("mkdir /etc/hanaper; cp -a {ca} /var/lib/hanaper; rm /var/lib/hanaper/hanaper.yaml; "
                "(echo dir: /var/lib/hanaper; cat {ca}/hanaper.yaml) > /etc/hanaper/hanaper.yaml; ")

    def machine(self, script):
        script = (BARE + script).format(ca=self.ca.dir)
        env = {**ENV, "PATH": f"{BUILD}:{os.environ['PATH']}"}
        return run("unshare", "--mount", "sh", "-ec", script, cwd=self.ca.tmp, env=env)

    def test_doctor_names_the_journal_of_the_service(self):
        done = self.machine(self.LAID_OUT + "hanaper doctor || true")
        self.assertIn("see journalctl -u hanaper for why it ended, and start it", done.stdout)

    # S86: what was lost is there again, and the unit finds it, whose condition is /etc/hanaper/hanaper.yaml
    def test_restore_puts_it_back_where_the_service_looks_for_it_and_says_where(self):
        self.machine(self.LAID_OUT + "hanaper backup service.tar --with-keys")
        bare = "mkdir /var/lib/hanaper; "
        said = self.machine(bare + "hanaper restore --nothing-since service.tar; hanaperd --check; ls /var/lib/hanaper /etc/hanaper").stdout
        self.assertIn("\nconfiguration /etc/hanaper/hanaper.yaml\nCA directory  /var/lib/hanaper\n", "\n" + said)
        self.assertIn("/etc/hanaper/hanaper.yaml: good\n", said)
        self.assertIn("root.key", said)
        told = json.loads(self.machine(bare + "hanaper restore --nothing-since service.tar --json").stdout)
        self.assertEqual((told["configuration"], told["dir"]), ("/etc/hanaper/hanaper.yaml", "/var/lib/hanaper"))
        self.assertFalse(self.ca.file("hanaper").exists())
        # Said is said, and where one is counts for no other's.
        said = self.machine(bare + "hanaper restore --nothing-since service.tar --dir there; hanaperd --check --dir there").stdout
        self.assertIn(f"configuration {self.ca.tmp}/there/hanaper.yaml\nCA directory  /var/lib/hanaper\n", said)
        shutil.rmtree(self.ca.file("there"))
        self.assertNotIn("configuration", json.loads(self.machine("hanaper restore --check --json service.tar").stdout))

    def test_what_is_no_services_is_put_back_where_one_is(self):
        self.machine("hanaper backup own.tar --with-keys --dir {ca}")
        # Its place would be a service's own, were it to follow from where it is put.
        said = self.machine("cd /var/lib; hanaper restore --nothing-since {ca}/../own.tar; hanaperd --check").stdout
        self.assertIn("configuration /var/lib/hanaper/hanaper.yaml\n", said)
        self.assertNotIn("CA directory", said)
        self.assertIn("/var/lib/hanaper/hanaper.yaml: good", said)

    # Another CA than what is there is not taken in its place without a word.
    def test_it_is_not_taken_for_one_of_another_user(self):
        theirs = "mkdir theirs theirs/hanaper; touch theirs/hanaper/hanaper.yaml; chown -R 54321 theirs/hanaper; cd theirs; "
        for command in ("hanaper ls", "hanaper audit verify", "hanaper rotate", "hanaperd --check"):
            try:
                said = self.machine(self.LAID_OUT + theirs + f"{command} 2>&1 || true").stdout
            finally:
                shutil.rmtree(self.ca.file("theirs"))
            self.assertIn("hanaper/hanaper.yaml is there, but it or its directory is another user's", said)
        # Nothing that one could mean: it is not in the way.
        try:
            said = self.machine(self.LAID_OUT + "mkdir -p theirs/hanaper; chown 54321 theirs/hanaper; cd theirs; hanaperd --check").stdout
        finally:
            shutil.rmtree(self.ca.file("theirs"))
        self.assertIn("/etc/hanaper/hanaper.yaml: good", said)

    def test_where_one_is_goes_before_it(self):
        done = self.machine(self.LAID_OUT + "cd /; hanaper ls 2>&1 || cd {ca}; hanaper ls 2>&1 || true")
        self.assertRegex(done.stdout, "no daemon answers at /var/lib/hanaper/run/.*\n.*no daemon answers at ./run/")


if __name__ == "__main__":
    unittest.main()
