# SPDX-License-Identifier: Apache-2.0
"""The units as `make install` leaves them, under a systemd that runs: from the first start to each kind of end."""
import json
import re
import shutil
import ssl
import time
import unittest

from hnp import BUILD, WRAP, run
from machine import Machine, lacking

OPEN = bool(WRAP) or b"it is built with" in (BUILD / "hanaper-core").read_bytes()  # sys/sandbox.c
LACKING = "wrapped, or built with a sanitizer or counters: its walls refuse what those do" if OPEN else lacking()
DROP_IN = "/etc/systemd/system/{}.d/test.conf"


class Installed(unittest.TestCase):
    """A machine on which the CA is set up as README says."""

    @classmethod
    def setUpClass(cls):
        cls.machine = m = Machine()
        cls.addClassCleanup(m.stop)
        run("make", "-s", "-C", BUILD, "install", f"DESTDIR={m.path('')}")
        # What README says, in its order.
        m.run("systemd-sysusers")
        m.run("systemd-tmpfiles", "--create")
        m.run("sh", "-c", "echo 127.0.0.1 ca.internal >> /etc/hosts")
        m.run("hanaper", "init", "--system", "--dns", "ca.internal")
        m.run("systemctl", "daemon-reload")
        m.run("systemctl", "enable", "--now", "hanaper")

    def issue(self, name="web.internal"):
        done = self.machine.run("hanaper", "issue", name, "--json", "--force", "--out", "/tmp/" + name)
        return json.loads(done.stdout)["serial"]


@unittest.skipIf(LACKING, LACKING)
class Service(Installed):
    def setUp(self):
        self.conf = self.machine.path("/etc/hanaper/hanaper.yaml")
        was = self.conf.read_text()

        def again():
            self.conf.write_text(was)
            shutil.rmtree(self.machine.path("/etc/systemd/system/hanaper.service.d"), ignore_errors=True)
            self.machine.run("systemctl", "daemon-reload")
            self.machine.run("systemctl", "restart", "hanaper")

        self.addCleanup(again)  # the next test finds it as it was

    def show(self, *names, unit="hanaper"):
        out = self.machine.run("systemctl", "show", unit, "-p", ",".join(names)).stdout
        values = dict(line.split("=", 1) for line in out.splitlines())
        return [values[n] for n in names]

    def drop_in(self, text, unit="hanaper.service"):
        file = self.machine.path(DROP_IN.format(unit))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("[Service]\n" + text)
        self.machine.run("systemctl", "daemon-reload")

    def said(self, *options, unit="hanaper"):
        return self.machine.run("journalctl", "--no-pager", "-o", "cat", "-u", unit, *options).stdout

    def processes(self):
        """Name to process id, of its role or parent."""
        group, = self.show("ControlGroup")
        pids = self.machine.run("cat", f"/sys/fs/cgroup{group}/cgroup.procs", check=False).stdout.split()
        return {self.machine.path(f"/proc/{pid}/comm").read_text().strip(): pid for pid in pids}

    def test_it_is_ready_when_the_start_is_done(self):
        self.assertEqual(self.show("ActiveState", "SubState", "StatusText", "NRestarts"),
                         ["active", "running", "serves", "0"])
        self.issue()
        level = re.search(r"exposure level for hanaper.service: ([\d.]+)",
                          self.machine.run("systemd-analyze", "security", "hanaper", "--no-pager").stdout)
        print(f"     exposure as systemd has it loaded: {level[1]}")
        self.assertLessEqual(float(level[1]), 1.5)
        self.assertEqual(set(self.processes()), {"hanaperd", "hanaper-signer", "hanaper-prober", "hanaper-core",
                                                 "hanaper-front"})
        doctor = self.machine.run("hanaper", "doctor", check=False)
        self.assertEqual([line for line in doctor.stdout.splitlines() if line.startswith("FAIL")], [], doctor.stderr)

    # S80
    def test_under_the_usual_limit_all_that_the_signer_writes_is_locked(self):
        self.drop_in("LimitMEMLOCK=8M\n")
        self.machine.run("systemctl", "restart", "hanaper")
        for i in range(8):
            self.issue(f"n{i}.internal")
        smaps = self.machine.run("cat", f"/proc/{self.processes()['hanaper-signer']}/smaps").stdout
        written = re.findall(r"^[0-9a-f]+-[0-9a-f]+ rw-p .*?(\S*)\n(?:[A-Z].*\n)*?VmFlags:(.*)\n", smaps, re.M)
        self.assertGreater(len(written), 5)
        self.assertEqual([name for name, flags in written if " lo" not in flags], [])
        invocation, = self.show("InvocationID")
        self.assertNotIn("memory-not-locked", self.said(f"_SYSTEMD_INVOCATION_ID={invocation}"))

    def test_a_reload_takes_up_what_is_right_and_tells_what_is_not(self):
        pid, = self.show("MainPID")
        was = self.conf.read_text()
        self.conf.write_text(was.replace("{ default: 30d, max: 90d,", "{ default: 3d, max: 9d,", 1))
        self.machine.run("systemctl", "reload", "hanaper")
        self.assertRegex(self.machine.run("hanaper", "profile", "server").stdout, r"\b9d\b")
        self.conf.write_text(was + "bogus: 1\n")
        self.assertNotEqual(self.machine.run("systemctl", "reload", "hanaper", check=False).returncode, 0)
        self.assertRegex(self.said("-p", "err"), r"hanaper.yaml:\d+: bogus: unknown key")
        self.issue()
        state, main, status = self.show("ActiveState", "MainPID", "StatusText")
        self.assertEqual((state, main), ("active", pid))
        self.assertRegex(status, r"^serves by the configuration before: .*hanaper.yaml:\d+: bogus")

    def serves_as_another(self, than):
        """By one look: between two the daemon that is to go may have gone."""
        state, status, pid = self.show("ActiveState", "StatusText", "MainPID")
        return (state, status) == ("active", "serves") and pid != than

    def test_a_role_that_ends_and_one_that_hangs_are_followed_by_a_new_daemon(self):
        serial = self.issue()
        self.drop_in("WatchdogSec=2\n")
        self.machine.run("systemctl", "restart", "hanaper")
        for sign in ("-KILL", "-STOP"):
            pid, = self.show("MainPID")
            self.machine.run("kill", sign, self.processes()["hanaper-core"])
            self.machine.until(lambda was=pid: self.serves_as_another(was), 40)
            self.assertIn(serial, self.machine.run("hanaper", "ls").stdout)
            self.issue()
        # However often: five starts in ten seconds, and systemd would give up for good.
        self.assertEqual(self.show("StartLimitIntervalUSec"), ["0"])

    def test_a_stop_is_clean_and_leaves_nobody(self):
        pids = self.processes().values()
        self.machine.run("systemctl", "stop", "hanaper")
        self.assertEqual(self.show("ActiveState", "Result"), ["inactive", "success"])
        self.assertEqual([pid for pid in pids if self.machine.path(f"/proc/{pid}").exists()], [])

    def test_ports_of_root_with_the_lines_that_the_unit_names(self):
        unit = self.machine.run("systemctl", "cat", "hanaper").stdout
        lines = re.findall(r"^#   (\w+=.*)$", unit, re.M)
        self.assertEqual(len(lines), 3)
        self.conf.write_text(self.conf.read_text().replace(":8443", ":443").replace(":8080", ":80"))
        self.assertNotEqual(self.machine.run("systemctl", "restart", "hanaper", check=False).returncode, 0)
        self.drop_in("\n".join([*lines, "PrivateUsers=no", ""]))
        self.machine.run("systemctl", "restart", "hanaper")
        self.issue()
        self.machine.run("curl", "-sSf", "--cacert", "/etc/hanaper/root.crt", "https://ca.internal/v1/profiles",
                         "--cert", "/var/lib/hanaper/admin.crt", "--key", "/var/lib/hanaper/admin.key")
        for pid in self.processes().values():
            status = self.machine.path(f"/proc/{pid}/status").read_text()
            self.assertRegex(status, r"\nCapPrm:\t0+\nCapEff:\t0+\n")

    def test_backups_by_the_timer(self):
        self.machine.run("systemctl", "enable", "--now", "hanaper-backup.timer")
        self.assertIn("hanaper-backup.service", self.machine.run("systemctl", "list-timers", "--no-pager").stdout)
        self.machine.run("systemctl", "start", "hanaper-backup.service")
        made, = self.machine.path("/var/lib/hanaper-backup").iterdir()
        self.machine.run("hanaper", "restore", "--check", f"/var/lib/hanaper-backup/{made.name}")

    # S82, S86: the journal and the keys are the signer's, whose user is another than the daemon's
    def test_backups_by_the_timer_where_the_signer_has_a_user_of_its_own(self):
        m, state = self.machine, "/var/lib/hanaper"
        kept = f"{state}-backup"
        m.run("systemctl", "stop", "hanaper")
        self.addCleanup(m.run, "chown", "-R", "hanaper:hanaper", state)
        m.run("sh", "-c", f"cd {state} && chmod 750 issuers && chown -R hanaper-signer journal root.key issuers/*.key")
        m.run("systemd-run", "--unit=apart", "hanaperd", "--foreground", "--config", "/etc/hanaper/hanaper.yaml",
              *(o for role in ("signer", "prober", "front") for o in ("--user", f"{role}=hanaper-{role}")))
        self.addCleanup(m.run, "systemctl", "stop", "apart")
        m.until(lambda: m.run("hanaper", "whoami", check=False).returncode == 0)
        self.issue()
        m.run("rm", "-rf", kept)
        unit = m.run("systemctl", "cat", "hanaper-backup.service").stdout
        lines = re.findall(r"^#   (\w+=.*)$", unit, re.M)
        self.assertIn("User=root", lines)
        self.addCleanup(shutil.rmtree, m.path(DROP_IN.format("hanaper-backup.service")).parent)
        # To root's directory, and to one of the daemon's user.
        for folder, owner in ((kept, "root"), ("/srv/ca", "hanaper")):
            self.drop_in("\n".join([*lines, f"Environment=BACKUPS={folder} KEEP=1 OPTIONS=--with-keys", ""]),
                         "hanaper-backup.service")
            if owner != "root":
                m.run("install", "-d", "-o", owner, "-m", "700", folder)
            for _ in range(2):
                done = m.run("systemctl", "start", "hanaper-backup.service", check=False)
                self.assertEqual(done.returncode, 0, self.said(unit="hanaper-backup.service"))
                time.sleep(1)  # another name
            made, = m.run("find", folder, "-type", "f", "-user", owner).stdout.split()
            m.run("hanaper", "restore", "--check", made)
            self.assertTrue({"issuers/main.key", "root.key", "journal/00000001.hj", "hanaper.db"}
                            <= set(m.run("tar", "-tf", made).stdout.split()))
        self.issue()

    def enroll(self, folder):
        token = json.loads(self.machine.run("hanaper", "token", "create", "web.internal", "--json").stdout)["token"]
        self.machine.run("hanaper", "enroll", "--url", "https://ca.internal:8443", "--token-file", "-", "--out",
                         folder, stdin=token)

    def test_renewals_by_the_timer(self):
        """Of root, which reloads a service, and of a user's directory."""
        self.conf.write_text(self.conf.read_text().replace("default: 30d, max: 90d, backdate: 5m",
                                                           "default: 40s, max: 90d, backdate: 0s", 1))
        self.machine.run("systemctl", "reload", "hanaper")
        self.machine.run("useradd", "-r", "-m", "-d", "/srv/webby", "webby")
        for folder in ("/etc/web", "/srv/webby"):
            self.machine.run("mkdir", "-p", folder)
            self.enroll(folder)
        was = {f: self.machine.path(f + "/cert.pem").read_text() for f in ("/etc/web", "/srv/webby")}
        self.drop_in('Environment="RELOAD=systemctl reload hanaper"\n', "hanaper-renew@etc-web.service")
        for unit in ("hanaper-renew@etc-web", "hanaper-renew@srv-webby"):
            self.machine.run("systemctl", "start", unit + ".service")
            self.assertIn(" not-due ", self.said(unit=unit))
        # Two thirds of the later one's life, and the tenth that is drawn.
        dates = run("openssl", "x509", "-in", self.machine.path("/srv/webby/cert.pem"), "-noout", "-dates").stdout
        begin, end = (ssl.cert_time_to_seconds(line.split("=")[1]) for line in dates.splitlines())
        time.sleep(max(0, begin + (end + 1 - begin) * 0.77 + 0.5 - time.time()))
        for unit, folder in (("hanaper-renew@etc-web", "/etc/web"), ("hanaper-renew@srv-webby", "/srv/webby")):
            self.machine.run("systemctl", "enable", "--now", unit + ".timer")
            self.machine.run("systemctl", "start", unit + ".service")
            self.assertIn(" renewed ", self.said(unit=unit))
            self.assertNotEqual(self.machine.path(folder + "/cert.pem").read_text(), was[folder])
        self.assertIn(" exec-done ", self.said(unit="hanaper-renew@etc-web"))
        self.assertEqual({p.stat().st_uid for p in self.machine.path("/srv/webby").glob("*.*")},
                         {self.machine.path("/srv/webby").stat().st_uid})


@unittest.skipIf(LACKING, LACKING)
class Lost(Installed):
    # S86
    def test_a_machine_that_was_lost_comes_back_from_its_backup_and_changes_its_issuer(self):
        m = self.machine
        serial = self.issue("lost.internal")
        m.run("hanaper", "backup", "/root/ca.tar", "--with-keys", "--dir", "/etc/hanaper")
        time.sleep(1)  # a list of a later second
        m.run("hanaper", "revoke", serial, "--reason", "superseded")
        m.until(lambda: serial.upper() in m.run("sh", "-c", "curl -s http://ca.internal:8080/crl/main.crl |"
                                                " openssl crl -noout -text").stdout)
        crls = []
        for name in ("root", "main"):
            m.run("curl", "-sSfo", f"/root/{name}.crl", f"http://ca.internal:8080/crl/{name}.crl")
            crls += ["--crl", f"/root/{name}.crl"]
        m.run("systemctl", "stop", "hanaper")
        m.run("sh", "-c", "rm -rf /etc/hanaper/* /var/lib/hanaper/*")
        m.run("hanaper", "restore", "/root/ca.tar", *crls, "--dir", "/etc/hanaper")
        m.run("systemctl", "start", "hanaper")
        self.assertIn("revoked", m.run("hanaper", "show", serial).stdout)
        # Whoever may not look into the CA directory trusts by the copy beside the configuration.
        m.run("setpriv", "--reuid", "nobody", "--clear-groups", "curl", "-sSf", "--cacert", "/etc/hanaper/root.crt",
              "https://ca.internal:8443/healthz")
        m.run("systemctl", "stop", "hanaper")
        m.run("hanaper", "rotate")
        m.run("systemctl", "start", "hanaper")
        self.issue("next.internal")
        issuer = m.run("openssl", "x509", "-in", "/tmp/next.internal.crt", "-noout", "-issuer").stdout
        self.assertIn("Hanaper Issuing CA 2", issuer)
        m.run("hanaper", "issuer", "revoke", "main", "--reason", "keyCompromise")
        # At once: the root's list follows within seconds, and nobody is told to mend what is on its way.
        doctor = m.run("hanaper", "doctor", check=False)
        self.assertEqual([line for line in doctor.stdout.splitlines() if line.startswith("FAIL")], [], doctor.stderr)
