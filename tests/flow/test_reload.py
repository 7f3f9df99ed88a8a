# SPDX-License-Identifier: Apache-2.0
"""SIGHUP and `hanaper reload`: another configuration, nothing dropped; a wrong one is refused."""
import http.client
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
import unittest

from hnp import BUILD, CA, FlowTest, SLOW, run


class Reload(FlowTest):
    def setUp(self):
        self.conf = self.ca.dir / "hanaper.yaml"
        self.good = self.conf.read_text()
        self.addCleanup(self.settle)

    def settle(self):
        self.conf.write_text(self.good)
        run(BUILD / "hanaper", "reload", "--dir", self.ca.dir)

    def change(self, was, becomes):
        self.assertIn(was, self.good)
        self.conf.write_text(self.good.replace(was, becomes, 1))

    def reload(self, check=True):
        return run(BUILD / "hanaper", "reload", "--dir", self.ca.dir, check=check)

    def reloads(self):
        """How many were taken in, and how many were refused."""
        said = self.ca.said()
        return said.count("parent reloaded"), said.count("parent not-reloaded")

    def status(self, base, *names):
        a = self.ca.ask("POST", "/v1/certificates?profile=server", self.ca.csr(base, *names),
                        {"Content-Type": "text/plain"})
        return a.status

    def test_a_profile_a_grant_and_the_times_count_at_once(self):
        self.assertEqual(self.status("a", "DNS:a.shop"), 422)
        self.change('dns: ["*.internal"', 'dns: ["*.shop", "*.internal"')
        self.assertEqual(self.reload().stdout, "reloaded; changed: profiles\n")
        self.assertEqual(self.status("a", "DNS:a.shop"), 201)
        self.assertEqual(self.reload().stdout, "reloaded; nothing has changed\n")
        self.conf.write_text(self.good)
        self.assertEqual(self.reload().stdout, "reloaded; changed: profiles\n")
        self.assertEqual(self.status("a", "DNS:a.shop"), 422)

        self.change("may: [issue, renew, revoke, read, admin]", "may: [read, admin]")
        self.assertEqual(self.reload().stdout, "reloaded; changed: grants\n")
        self.assertEqual(self.status("b", "DNS:b.internal"), 403)
        self.change("log: { level: info }", "log: { level: debug }")
        self.assertEqual(self.reload().stdout, "reloaded; changed: grants, log\n")
        self.assertEqual(self.status("b", "DNS:b.internal"), 201)
        self.assertRegex(self.ca.said(), r"debug front request ")

    def test_a_shorter_crl_interval_brings_a_crl(self):
        before = self.ca.crl_number()
        self.change("interval: 1h", "interval: 1s")
        self.reload()
        end = time.monotonic() + 15 * SLOW
        while self.ca.crl_number() == before and time.monotonic() < end:
            time.sleep(0.1)
        self.assertGreater(self.ca.crl_number(), before)

    def names_shown(self):
        with socket.create_connection(("127.0.0.1", self.ca.api_port), 10) as s:
            with self.ca.context().wrap_socket(s, server_hostname="localhost") as t:
                return {v for _, v in t.getpeercert()["subjectAltName"]}

    def test_server_names_bring_another_listener_certificate_and_old_connections_stay(self):
        kept = self.ca.connect()
        self.assertEqual(self.ca.ask("GET", "/v1/whoami", connection=kept).status, 200)
        self.change("server_names: [", 'server_names: ["other.internal", ')
        self.assertEqual(self.reload().stdout, "reloaded; changed: server_names\n")
        end = time.monotonic() + 10 * SLOW
        while "other.internal" not in self.names_shown() and time.monotonic() < end:
            time.sleep(0.05)
        self.assertIn("other.internal", self.names_shown())
        self.assertEqual(self.ca.ask("GET", "/v1/whoami", connection=kept).status, 200)
        kept.close()

    # S89: what a reload and --check call good the listener can be certified by, at a restart too
    def test_what_is_called_good_the_listener_has_a_certificate_for(self):
        more = 'server_names: ["My_host", "::1", "0:0:0:0:0:0:0:1", "::ffff:10.0.0.1", "10.0.0.1", "xn--zzzzzzzz", '
        self.conf.write_text(self.good.replace("server_names: [", more) + "\nlimits: { names: 1 }\n")
        self.assertEqual(self.reload().stdout, "reloaded; changed: server_names, acme, limits\n")
        for again in (False, True):
            if again:
                self.ca.stop()
                run(BUILD / "hanaperd", "--check", "--dir", self.ca.dir)
                self.ca.start()
            end = time.monotonic() + 10 * SLOW
            while "my_host" not in self.names_shown() and time.monotonic() < end:
                time.sleep(0.05)
            self.assertLessEqual({"my_host", "0:0:0:0:0:0:0:1", "10.0.0.1", "localhost"}, self.names_shown())
            self.assertRegex(self.ca.said(), "warn core listener-name error=.*xn--zzzzzzzz")
            self.assertEqual(self.status("one", "DNS:one.internal"), 201)
            self.assertEqual(self.status("two", "DNS:two.internal", "DNS:more.internal"), 400)

    # S89
    def test_a_wrong_file_is_refused_with_file_line_and_reason_and_the_one_before_serves_on(self):
        line = self.good[:self.good.index("usages: [client auth]")].count("\n") + 1
        self.change("usages: [client auth]", "usages: [clint auth]")
        done = self.reload(check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{self.conf}:{line}: ", done.stderr)
        self.assertIn("clint auth", done.stderr)
        a = self.ca.ask("POST", "/v1/reload")
        p = self.problem(a, 409, "configuration", "clint auth")
        self.assertIn(f"hanaper.yaml:{line}:", p["detail"])
        self.ca.daemon.send_signal(signal.SIGHUP)
        time.sleep(0.3 * SLOW)
        self.assertEqual(self.status("c", "DNS:c.internal"), 201)
        self.assertRegex(self.ca.said(), r"error parent not-reloaded error=.*hanaper.yaml:%d" % line)
        for text in ("", "\0", "[", "a: &a [*a]", "listen: { api: [1] }\n"):
            self.conf.write_text(text)
            self.assertEqual(self.reload(check=False).returncode, 1)
        self.conf.unlink()
        self.assertIn("no such file", self.reload(check=False).stderr.lower())
        self.conf.write_text(self.good)
        self.conf.chmod(0o666)
        self.assertIn("mode", self.reload(check=False).stderr)
        self.conf.chmod(0o640)
        self.reload()

    def test_what_only_a_restart_changes_says_so(self):
        for was, becomes, key in (
                (f"127.0.0.1:{self.ca.api_port}\"]", "127.0.0.1:1\"]", "listen.api"),
                (f"127.0.0.1:{self.ca.metrics_port}\"]", "127.0.0.1:1\"]", "listen.metrics"),
                ("sqlite:hanaper.db", "sqlite:other.db", "storage"),
                ("key: issuers/main.key", "key: issuers/other.key", "issuers")):
            with self.subTest(key=key):
                self.change(was, becomes)
                done = self.reload(check=False)
                self.assertEqual(done.returncode, 1)
                self.assertIn(f'"{key}" cannot change while the daemon runs; restart for this',
                              done.stderr)

    def test_only_an_administrator_reloads(self):
        self.ca.issue("plain", "DNS:plain.internal", profile="client")
        a = self.ca.ask("POST", "/v1/reload", cert=self.ca.file("plain.crt"),
                        key=self.ca.file("plain.key"))
        self.problem(a, 403, "forbidden")
        self.problem(self.ca.ask("POST", "/v1/reload", {"now": True}), 400, "malformed")

    def test_hundred_times_under_load_and_nothing_fails(self):
        serial = self.ca.issue("load", "DNS:load.internal")
        csr = self.ca.file("load.csr").read_bytes()
        issuer = self.ca.issuers_pem()
        request = self.ca.file("ocsp.req")
        run("openssl", "ocsp", "-issuer", issuer, "-serial", "0x" + serial, "-reqout", request)
        ocsp = request.read_bytes()
        over, faults, counts = threading.Event(), [], {}

        def loop(name, connect, method, path, body, headers, want):
            conn = connect()
            while not over.is_set():
                try:
                    conn.request(method, path, body=body, headers=headers)
                    r = conn.getresponse()
                    data = r.read()
                    if r.status != want:
                        faults.append((name, r.status, data[:300]))
                except (OSError, http.client.HTTPException) as e:
                    faults.append((name, repr(e)))
                    conn = connect()
                counts[name] = counts.get(name, 0) + 1
            conn.close()

        def plain():
            return http.client.HTTPConnection("127.0.0.1", self.ca.http_port, timeout=30 * SLOW)

        threads = [threading.Thread(target=loop, args=a) for a in (
            ("issue", self.ca.connect, "POST", "/v1/certificates?profile=server", csr,
             {"Content-Type": "text/plain"}, 201),
            ("issue again", self.ca.connect, "POST", "/v1/certificates?profile=server", csr,
             {"Content-Type": "text/plain"}, 201),
            ("list", self.ca.connect, "GET", "/v1/certificates?limit=5", None, {}, 200),
            ("ocsp", plain, "POST", "/ocsp", ocsp, {"Content-Type": "application/ocsp-request"},
             200),
        )]
        for t in threads:
            t.start()
        variants = [
            self.good,
            self.good.replace("max: 90d", "max: 80d").replace("next_update: 24h", "next_update: 5h")
            .replace("interval: 1h", "interval: 2h"),
            self.good.replace("may: [renew, issue]", "may: [renew]"),
            self.good.replace('server_names: [', 'server_names: ["more.internal", '),
            self.good.replace("max: 90d", "max: ninety"),
        ]
        before = self.reloads()
        try:
            for i in range(110):
                if i % 2 == 0:
                    good, bad = self.reloads()
                self.conf.write_text(variants[i % len(variants)])
                self.ca.daemon.send_signal(signal.SIGHUP)
                time.sleep(0.03)
                # Signals during a reload become one: every second is waited for, which 44 times is a good one.
                end = time.monotonic() + 20 * SLOW
                while i % 2 == 1 and not (self.reloads()[1] > bad if i % 5 == 4 else self.reloads()[0] > good):
                    self.assertLess(time.monotonic(), end, self.ca.said()[-2000:])
                    time.sleep(0.01)
            self.conf.write_text(self.good)
            self.reload()
        finally:
            over.set()
            for t in threads:
                t.join()
        said = self.ca.said()
        self.assertEqual(faults, [])
        for name in ("issue", "issue again", "list", "ocsp"):
            self.assertGreater(counts[name], 10, counts)
        good, bad = self.reloads()
        self.assertGreater(good - before[0], 40)
        self.assertGreater(bad - before[1], 10)
        self.assertNotIn("oracle-refused", said)


class ReloadAtTheStart(FlowTest):
    running = False

    def tearDown(self):
        self.ca.stop()

    def test_a_hangup_before_all_is_ready_is_heeded_then(self):
        self.ca.start(wait=False)
        end = time.monotonic() + 10 * SLOW
        while time.monotonic() < end and not (self.ca.dir / "run/hanaperd.pid").exists():
            time.sleep(0.001)
        # The pid file is written before signals are taken: give it a moment.
        time.sleep(0.01 * SLOW)
        self.ca.daemon.send_signal(signal.SIGHUP)
        try:
            self.ca.wait_ready()
        except AssertionError:
            self.skipTest("the signal came before the daemon took any")
        run(BUILD / "hanaper", "reload", "--dir", self.ca.dir)

    # S89: the loader, the parent and front agree on how many
    def test_as_many_addresses_as_the_file_may_name_are_served(self):
        conf, port = self.ca.dir / "hanaper.yaml", self.ca.api_port
        good = conf.read_text()
        for n, status in ((31, 1), (30, 0)):
            more = ", ".join(f'"127.0.0.{i}:{port}"' for i in range(1, n + 1))
            conf.write_text(good.replace(f'["127.0.0.1:{port}"]', f"[{more}]"))
            done = run(BUILD / "hanaperd", "--check", "--dir", self.ca.dir, check=False)
            self.assertEqual(done.returncode, status, done.stderr)
        self.assertTrue(self.ca.serves(), self.ca.said()[-2000:])
        with socket.create_connection(("127.0.0.30", port), 10) as s, self.ca.context().wrap_socket(s, server_hostname="127.0.0.30"):
            pass
        self.ca.stop()
        conf.write_text(good)

    def test_a_directory_that_was_found_without_being_named_is_reloaded_from_within_the_walls(self):
        (self.ca.tmp / "hanaper").symlink_to("ca")
        self.ca.start(cwd=self.ca.tmp)
        (self.ca.tmp / "hanaper").unlink()
        (self.ca.tmp / "hanaper").mkdir()  # it is looked for at the start alone, and then not found
        done = run(BUILD / "hanaper", "reload", "--dir", self.ca.dir, check=False)
        self.assertIn("hanaper/hanaper.yaml", done.stderr)
        (self.ca.tmp / "hanaper").rmdir()
        (self.ca.tmp / "hanaper").symlink_to("ca")
        run(BUILD / "hanaper", "reload", "--dir", self.ca.dir)

    # glibc asks whether what lies before "/" or "/.." is a directory, by a call of its own
    def test_a_path_with_a_slash_at_its_end_or_dots_in_it_is_reloaded_from_within_the_walls(self):
        (self.ca.tmp / "x").mkdir()
        self.ca.file("link.yaml").symlink_to("x/../ca/hanaper.yaml")
        for named in (("--dir", f"{self.ca.dir}/"), ("--dir", f"{self.ca.tmp}/x/../ca/."),
                      ("--config", f"{self.ca.dir}//../ca/./hanaper.yaml"), ("--config", self.ca.file("link.yaml")),
                      ("--config", f"{self.ca.dir}/hanaper.yaml", "--dir", f"{self.ca.tmp}/x/../ca/")):
            with self.subTest(named):
                self.ca.start(*named, cwd=self.ca.tmp)
                done = run(BUILD / "hanaper", "reload", "--dir", self.ca.dir, check=False)
                self.assertEqual(done.stdout, "reloaded; nothing has changed\n", done.stderr + self.ca.said()[-2000:])
                self.assertEqual(self.ca.stop(), 0)


@unittest.skipUnless(os.geteuid() == 0 and subprocess.run(["unshare", "-m", "true"], check=False).returncode == 0,
                     "needs root and mount namespaces")
class NameServers(FlowTest):
    running = False

    def setUp(self):
        """An /etc of its own for the daemon, whose resolv.conf is a link."""
        self.etc = self.ca.tmp / "etc"
        for name in ("real", "etc", "a", "b"):
            (self.ca.tmp / name).mkdir()
        for name in os.listdir("/etc"):
            if name != "resolv.conf":
                (self.etc / name).symlink_to(self.ca.tmp / "real" / name)
        self.name_server("a", "127.0.0.53")
        self.name_server("b", "127.0.0.54")
        self.lead("a")
        self.addCleanup(self.ca.stop)

    def name_server(self, where, address):
        (self.ca.tmp / where / "resolv.conf").write_text(f"nameserver {address}\n" if address else "")

    def lead(self, where):
        (self.etc / "new").symlink_to(self.ca.tmp / where / "resolv.conf")
        (self.etc / "new").rename(self.etc / "resolv.conf")

    def start(self):
        self.ca.start(wrap=("unshare", "-m", "sh", "-c", 'mount --make-rprivate / && mount --bind /etc "$0/real" && '
                            'mount --bind "$0/etc" /etc && exec "$@"', self.ca.tmp))

    def reload(self):
        return run(BUILD / "hanaper", "reload", "--dir", self.ca.dir).stdout

    # S89: as another tool does that takes resolv.conf over
    def test_a_reload_takes_no_name_server_away(self):
        self.start()
        self.assertIn("acme-resolvers list=127.0.0.53:53 ", self.ca.said())
        self.name_server("a", "127.0.0.55")
        self.assertEqual(self.reload(), "reloaded; changed: acme\n")
        self.name_server("a", "")
        self.assertEqual(self.reload(), "reloaded; nothing has changed\n")
        self.assertIn("warn parent acme-resolvers-kept ", self.ca.said())
        self.lead("b")
        changed = self.reload()
        if not re.search(" parent sandboxed .*landlock=[1-9]", self.ca.said()):
            self.skipTest("nothing keeps the parent from reading it")
        self.assertEqual(changed, "reloaded; nothing has changed\n")
        self.assertEqual(self.ca.said().count("acme-resolvers-kept"), 2)
        self.assertNotIn('acme-resolvers list=""', self.ca.said())
        self.ca.stop()
        self.start()
        self.assertIn("acme-resolvers list=127.0.0.54:53 ", self.ca.said())
