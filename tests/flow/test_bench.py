# SPDX-License-Identifier: Apache-2.0
"""hanaper bench: what it says, what it leaves behind, and that it asks before."""
import json
import xml.dom.minidom

import hnp


class Bench(hnp.FlowTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ca.issue("first", "DNS:first.internal")

    def bench(self, *args, check=True):
        return hnp.run(hnp.BUILD / "hanaper", "bench", f"https://localhost:{self.ca.api_port}", "--dir", self.ca.dir,
                       "--connections", "3", "--seconds", "1", *args, check=check, stdin="")

    def certificates(self):
        return len(self.ca.ask("GET", "/v1/certificates?limit=100").json["certificates"])

    def test_without_a_mode_it_leaves_nothing_behind_and_every_answer_is_proven(self):
        before = self.certificates()
        picture = self.ca.file("bench.svg")
        results = json.loads(self.bench("--json", "--count", "60", "--svg", picture, "--pid",
                                        str(self.ca.daemon.pid)).stdout)
        self.assertEqual([r["mode"] for r in results], ["ocsp", "crl", "list"])
        for r in results:
            self.assertEqual((r["done"], r["wrong"], r["failed"]), (60, 0, 0), r)
            self.assertLessEqual(r["latency_us"]["p50"], r["latency_us"]["max"])
            self.assertEqual(sum(n for _, _, n in r["histogram_us"]), 60)
            if not hnp.WRAP:
                self.assertIn("hanaper-front", {p["name"] for p in r["server"]})
        self.assertEqual(self.certificates(), before)
        xml.dom.minidom.parse(str(picture))

    def test_files_that_are_named_may_be_links(self):
        ca, names = self.ca, ("admin.crt", "admin.key", "root.crt")
        for name in names:
            ca.file("link-" + name).symlink_to(ca.dir / name)
        files = [word for option, name in zip(("--cert", "--key", "--cacert"), names) for word in (option, ca.file("link-" + name))]
        done = hnp.run(hnp.BUILD / "hanaper", "bench", f"https://localhost:{ca.api_port}", *files, "--mode", "list", "--connections", "1",
                       "--count", "5", cwd="/", env={"PATH": "/usr/bin:/bin"})
        self.assertIn("5 proven, 0 wrong, 0 failed", done.stdout)

    def test_it_asks_before_certificates_are_issued(self):
        before = self.certificates()
        done = self.bench("--mode", "sign", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("real certificates", done.stderr)
        self.assertIn("to go on: \nhanaper: nothing was done", done.stderr)
        self.assertEqual(self.certificates(), before)
        done = self.bench("--mode", "sign", "--yes", "--count", "7", "--resume")
        self.assertIn("7 proven, 0 wrong, 0 failed", done.stdout)
        self.assertEqual(self.certificates(), before + 7 + 3, "three are from the warming")

    def test_a_line_that_is_wrong_is_said_to_be(self):
        for args in (["--mode", "nothing"], ["--connections", "0"], ["--seconds", "x"]):
            with self.subTest(args=args):
                self.assertEqual(self.bench(*args, check=False).returncode, 2)
        self.assertIn("it is one of: sign, ocsp, ", self.bench("--mode", "nothing", check=False).stderr)
