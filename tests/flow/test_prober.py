# SPDX-License-Identifier: Apache-2.0
"""The real prober against name servers, web servers and TLS servers, honest and hostile."""
import base64
import hashlib
import http.client
import json
import pathlib
import selectors
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

from hnp import BUILD, SLOW, WRAP, free_port
from probe_targets import RCODES, Dns, Tls, Web, certificate, challtestsrv, drip, make_twice

TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
KEY_AUTH = TOKEN + ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
PATH = "/.well-known/acme-challenge/" + TOKEN
DIGEST = base64.urlsafe_b64encode(hashlib.sha256(KEY_AUTH.encode()).digest()).decode().rstrip("=")
ACCOUNT = "https://ca.test/acme/server/account/1"


class Prober:
    def __init__(self, **words):
        words = {"networks": "127.0.0.0/8,::1/128", "identities": "ca.test", **words}
        self.process = subprocess.Popen(
            [*WRAP, BUILD / "tests/flow/prober_peer", *(f"{k}={v}" for k, v in words.items())],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.next, self.rest, self.answers = 1, b"", {}

    def say(self, **words):
        """Sends a question; its id."""
        words = {"id": self.next, "token": TOKEN, "ka": KEY_AUTH, "account": ACCOUNT, **words}
        self.next += 1
        self.process.stdin.write((" ".join(f"{k}={v}" for k, v in words.items()) + "\n").encode())
        self.process.stdin.flush()
        return words["id"]

    def hear(self, number, seconds=25):
        """The answer to the question of that id."""
        end = time.monotonic() + seconds * SLOW
        with selectors.DefaultSelector() as s:
            s.register(self.process.stdout, selectors.EVENT_READ)
            while number not in self.answers:
                if not s.select(max(0, end - time.monotonic())):
                    raise AssertionError(f"no answer to {number}: {self.answers.keys()}")
                octets = self.process.stdout.read1(65536)
                if not octets:
                    raise AssertionError(f"the prober ended: {self.process.stderr.read()}")
                *lines, self.rest = (self.rest + octets).split(b"\n")
                for line in lines:
                    answer = json.loads(line)
                    self.answers[answer["id"]] = answer
        return self.answers[number]

    def ask(self, name, **words):
        return self.hear(self.say(name=name, **words))

    def close(self):
        self.process.stdin.close()
        status = self.process.wait(10 * SLOW)
        said = self.process.stderr.read().decode()
        self.process.stdout.close()
        self.process.stderr.close()
        # That it has no walls a sanitizer's build says at its start.
        return status, "".join(line for line in said.splitlines(True) if "not-sandboxed" not in line)


@unittest.skipUnless((BUILD / "tests/flow/prober_peer").exists(), "make check_PROGRAMS")
class ProberTest(unittest.TestCase):
    def setUp(self):
        self.zone = {("ok.test", "A"): ["127.0.0.1"]}
        self.dns = Dns(self.zone)
        self.addCleanup(self.dns.close)

    def prober(self, **words):
        p = Prober(**{"resolvers": self.dns.address, **words})

        def close():
            status, said = p.close()
            self.assertEqual((status, said), (0, ""))

        self.addCleanup(close)
        return p

    def web(self, *args, **kw):
        w = Web(*args, **kw)
        self.addCleanup(w.close)
        return w

    def proves(self, answer):
        self.assertEqual((answer["code"], answer["proved"], answer["detail"], answer["seen"]),
                         ("", 1, "", ""), answer)

    def fails(self, answer, code, *words):
        self.assertEqual((answer["code"], answer["proved"]), (code, 0), answer)
        self.assertTrue(answer["detail"], answer)
        for word in words:
            self.assertIn(word, answer["detail"])

    def asked(self, name, kind):
        return sum(a == (name, kind) for a in self.dns.asked)


class Http01(ProberTest):
    def setUp(self):
        super().setUp()
        self.site = self.web()
        self.site.pages[PATH] = KEY_AUTH.encode()

    def probe(self, **words):
        return self.prober(http_port=self.site.port, **words)

    # A174, A175
    def test_the_key_authorization_at_its_path_proves_the_name(self):
        p = self.probe()
        answer = p.ask("ok.test")
        self.proves(answer)
        path, headers = self.site.seen[0]
        self.assertEqual(path, PATH)
        self.assertEqual(headers["Host"], f"ok.test:{self.site.port}")
        self.assertEqual((headers["Accept"], headers["Accept-Encoding"]), ("*/*", "identity"))
        self.assertIn("hanaper/", headers["User-Agent"])
        self.assertEqual([line["what"] for line in answer["transcript"]],
                         ["resolve", "resolve", "request"])
        self.assertEqual(answer["address"], f"127.0.0.1:{self.site.port}")
        self.site.pages[PATH] = KEY_AUTH.encode() + b" \t\r\n\n"
        self.proves(p.ask("ok.test"))

    # A182: no DNS; A180, R73: nothing of the answer is told to the client
    def test_an_address_needs_no_dns_and_a_wrong_body_is_not_told(self):
        p = self.probe()
        self.proves(p.ask("127.0.0.1", type="ip"))
        self.assertEqual(self.site.seen[0][1]["Host"], f"127.0.0.1:{self.site.port}")
        self.assertEqual(self.dns.asked, [])
        self.site.pages[PATH] = b"root:x:0:0:\x00\x1b" + b"s" * 1000
        answer = p.ask("127.0.0.1", type="ip")
        self.fails(answer, "unauthorized")
        self.assertEqual(bytes.fromhex(answer["seen"]), self.site.pages[PATH][:256])
        self.assertNotIn("root:", answer["detail"] + json.dumps(answer["transcript"]))

    # A175, A176, A181
    def test_only_200_with_the_very_body_proves(self):
        p = self.probe()
        for page, code in (((404, {}, KEY_AUTH.encode()), "incorrectResponse"),
                           ((206, {}, KEY_AUTH.encode()), "incorrectResponse"),
                           ((303, {"Location": PATH}, b""), "incorrectResponse"),
                           ((302, {}, b""), "incorrectResponse"),
                           ((200, {"Content-Encoding": "gzip"}, KEY_AUTH.encode()),
                            "incorrectResponse"),
                           (b"", "unauthorized"), (KEY_AUTH.encode()[:-1], "unauthorized"),
                           (b" " + KEY_AUTH.encode(), "unauthorized"),
                           (KEY_AUTH.encode() + b"x", "unauthorized")):
            with self.subTest(page=page):
                self.site.pages[PATH] = page
                self.fails(p.ask("ok.test"), code)

    # S51, R72, A176, A177
    def test_redirects_go_where_they_may_and_nowhere_else(self):
        p = self.probe()
        here = f"http://ok.test:{self.site.port}"
        self.site.pages["/there"] = KEY_AUTH.encode()
        for status in (301, 302, 307, 308):
            self.site.pages[PATH] = (status, {"Location": "/there"}, b"b" * 20000)
            self.proves(p.ask("ok.test"))
        for target, code in (
                ("file:///etc/passwd", "connection"), ("gopher://ok.test/", "connection"),
                ("ftp://ok.test/", "connection"), ("//ok.test:22/", "connection"),
                (f"http://u:p@ok.test:{self.site.port}/there", "connection"),
                (f"http://u@ok.test:{self.site.port}/there", "connection"),
                ("http://ok.test:22/", "connection"), ("http://ok.test:8080/", "connection"),
                ("http://169.254.169.254/latest/meta-data/", "connection"),
                ("http://[::ffff:169.254.169.254]/", "connection"),
                ("http://0xa9fea9fe/", "connection"), ("http://2852039166/", "connection"),
                ("http://[fe80::1%25eth0]/", "connection"), ("http://10.0.0.1/", "connection"),
                (here + "/" + "a" * 2000, "connection"), ("http:///", "connection"),
                (PATH, "connection"), (here + PATH, "connection"),
                ("http://nowhere.test/", "dns")):
            with self.subTest(target=target):
                self.site.pages[PATH] = (302, {"Location": target}, b"")
                answer = p.ask("ok.test")
                self.fails(answer, code)
                for word in ("169.254", "nowhere"):
                    self.assertNotIn(word, answer["detail"])

    # R73, A180: whoever answers for the name tells the client nothing, by a redirect's host either
    def test_the_host_of_a_redirect_is_for_administrators_alone(self):
        p = self.probe()
        hidden = "secret-payroll-db.corp.internal"
        self.site.pages[PATH] = (302, {"Location": f"http://{hidden}/x"}, b"")
        for word, said in (("nxdomain", "NXDOMAIN"), ("servfail", "SERVFAIL"), (None, "read")):
            with self.subTest(word=word):
                self.zone[hidden] = word
                if word is None:
                    del self.zone[hidden]
                    self.zone[(hidden, "A")] = lambda _: [b"xxx"]
                answer = p.ask("ok.test")
                self.fails(answer, "dns", said, "redirect")
                self.assertNotIn("secret", answer["detail"])
                self.assertIn(hidden, json.dumps(answer["transcript"]))
        self.fails(p.ask("nowhere.test"), "dns", "nowhere.test")

    # A181: what a client has to know of an error page is its status
    def test_a_long_error_page_tells_its_status(self):
        p = self.probe()

        def endless(handler):
            handler.send_response(404)
            handler.send_header("Content-Length", "100000000")
            handler.end_headers()
            try:
                for _ in range(100000):
                    handler.wfile.write(b"e" * 1000)
            except OSError:
                pass

        for page in ((404, {}, b"s" * 3000), (404, {}, b"s" * 4096), (404, {}, b"s" * 4097),
                     (503, {}, b"s" * 100000), (404, {"Transfer-Encoding": "identity"}, b"s" * 9000),
                     endless):
            self.site.pages[PATH] = page
            status = page[0] if isinstance(page, tuple) else 404
            answer = p.ask("ok.test")
            self.fails(answer, "incorrectResponse", f"answered {status}, not 200")
            last = answer["transcript"][-1]
            self.assertEqual((last["status"], last.get("error")), (status, None))

    # S51
    def test_ten_redirects_are_followed_and_no_more(self):
        p = self.probe()
        self.site.pages[PATH] = (302, {"Location": "/1"}, b"")
        for i in range(1, 11):
            self.site.pages[f"/{i}"] = (302, {"Location": f"/{i + 1}"}, b"")
        self.site.pages["/10"] = KEY_AUTH.encode()
        self.proves(p.ask("ok.test"))
        self.site.pages["/10"] = (302, {"Location": "/11"}, b"")
        self.site.pages["/11"] = KEY_AUTH.encode()
        self.fails(p.ask("ok.test"), "connection", "redirects")
        self.assertNotIn("/11", [path for path, _ in self.site.seen])

    # A176: the certificate of an https hop is not judged
    def test_an_https_hop_needs_no_certificate_that_anybody_trusts(self):
        folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate(folder, "else.test", "DNS:else.test", None))
        safe = self.web(context=context)
        safe.pages["/x"] = KEY_AUTH.encode()
        p = self.probe(tls_port=safe.port)
        self.site.pages[PATH] = (302, {"Location": f"https://ok.test:{safe.port}/x"}, b"")
        self.proves(p.ask("ok.test"))
        self.site.pages[PATH] = (302, {"Location": f"https://ok.test:{self.site.port}/x"}, b"")
        self.fails(p.ask("ok.test"), "tls")

    # R74, A178: each hop is resolved and judged anew
    def test_a_name_that_changes_its_address_is_judged_again(self):
        p = self.probe(networks="127.0.0.1/32")
        self.zone[("rebind.test", "A")] = lambda n: ["127.0.0.1"] if n == 1 else ["127.0.0.2"]
        self.proves(p.ask("rebind.test"))
        self.assertEqual(self.asked("rebind.test", "A"), 1)
        self.dns.asked.clear()
        self.site.pages["/there"] = KEY_AUTH.encode()
        self.site.pages[PATH] = (302, {"Location": "/there"}, b"")
        self.fails(p.ask("rebind.test"), "connection", "may be connected to")
        self.assertEqual(self.asked("rebind.test", "A"), 2)
        self.site.pages[PATH] = (302, {"Location": f"http://127.0.0.2:{self.site.port}/there"}, b"")
        self.dns.asked.clear()
        self.fails(p.ask("rebind.test"), "connection", "may be connected to")

    # A178, R74: loopback unless it is listed, whatever it is called
    def test_without_networks_loopback_is_refused(self):
        p = self.probe(networks="")
        self.zone.update({("mapped.test", "AAAA"): ["::ffff:127.0.0.1"],
                          ("nat64.test", "AAAA"): ["64:ff9b::7f00:1"],
                          ("zero.test", "A"): ["0.0.0.0"], ("six.test", "AAAA"): ["::1"],
                          ("meta.test", "A"): ["169.254.169.254"]})
        for name in ("ok.test", "mapped.test", "nat64.test", "zero.test", "six.test", "meta.test",
                     "localhost", "a.localhost"):
            with self.subTest(name=name):
                self.fails(p.ask(name), "connection", "may be connected to")
        self.assertEqual(self.site.seen, [])
        self.assertFalse([a for a in self.dns.asked if "localhost" in a[0]])

    # A179
    def test_ipv6_goes_first_and_ipv4_when_nobody_is_there(self):
        p = self.probe()
        self.zone[("both.test", "A")] = ["127.0.0.1"]
        self.zone[("both.test", "AAAA")] = ["::1"]
        answer = p.ask("both.test")
        self.proves(answer)
        self.assertEqual([line["address"] for line in answer["transcript"] if "address" in line],
                         [f"[::1]:{self.site.port}", f"127.0.0.1:{self.site.port}"])
        six = self.web(host="::1", port=self.site.port)
        six.pages[PATH] = b"another"
        self.fails(p.ask("both.test"), "unauthorized")  # there is somebody: no second try
        six.pages[PATH] = KEY_AUTH.encode()
        self.proves(p.ask("localhost"))
        self.proves(p.ask("::1", type="ip"))
        self.assertEqual(six.seen[-1][1]["Host"], f"[::1]:{self.site.port}")

    # R75, A165: memory and time are bounded; S53: others do not wait
    def test_slow_and_endless_servers_end_by_our_clock(self):
        silent = socket.create_server(("127.0.0.3", self.site.port), backlog=64)
        self.addCleanup(silent.close)
        p = self.probe()
        for name, page in (("/drip", drip), ("/long", b"x" * 100000)):
            self.site.pages[name] = page

        def head(handler):
            try:
                handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
                for _ in range(100000):
                    handler.wfile.write(b"X-A: " + b"b" * 1000 + b"\r\n")
            except OSError:
                pass

        def chunked(handler):
            try:
                handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                for _ in range(100000):
                    handler.wfile.write(b"400\r\n" + b"c" * 1024 + b"\r\n")
            except OSError:
                pass

        self.site.pages.update({"/head": head, "/chunked": chunked})
        ids, pages = {}, {}
        for name in ("drip", "long", "head", "chunked"):
            self.zone[(f"{name}.test", "A")] = ["127.0.0.1"]
            pages[name] = "/" + name

        def by_name(handler):
            target = pages[handler.headers["Host"].split(".")[0]]
            page = self.site.pages[target]
            if callable(page):
                page(handler)
            else:
                handler.send_response(200)
                handler.send_header("Content-Length", str(len(page)))
                handler.end_headers()
                try:
                    handler.wfile.write(page)
                except OSError:
                    pass

        self.site.pages[PATH] = by_name
        self.zone[("silent.test", "A")] = ["127.0.0.3"]
        for name in ("drip", "silent", "long", "head", "chunked"):
            ids[name] = p.say(name=f"{name}.test")
        for name in ("long", "head", "chunked"):
            answer = p.hear(ids[name], 5)
            self.fails(answer, "incorrectResponse", "too long")
        for name in ("drip", "silent"):
            answer = p.hear(ids[name], 14)
            self.fails(answer, "connection", "in time")
            self.assertLess(answer["took"], 10500 * SLOW)
            self.assertGreater(answer["took"], 9000)

    # A181
    def test_nobody_listens(self):
        port = free_port()
        p = self.prober(http_port=port)
        self.fails(p.ask("ok.test"), "connection")

    # A165: 40 for one silent target leave places for the others
    def test_one_dead_target_takes_not_all_places(self):
        silent = socket.create_server(("127.0.0.3", self.site.port), backlog=200)
        self.addCleanup(silent.close)
        taken = []

        def count():
            while True:
                try:
                    taken.append(silent.accept()[0])
                except OSError:
                    return

        threading.Thread(target=count, daemon=True).start()
        p = self.probe()
        for i in range(40):
            self.zone[(f"dead{i}.test", "A")] = ["127.0.0.3"]
        ids = [p.say(name=f"dead{i}.test", deadline=5000 * SLOW) for i in range(40)]
        end = time.monotonic() + 4 * SLOW
        while len(taken) < 16:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)
        began = time.monotonic()
        self.proves(p.ask("ok.test"))
        self.assertLess(time.monotonic() - began, 1 * SLOW)
        self.assertEqual(len(taken), 16)  # at their end others may follow, for the moment that is left to them
        codes = [p.hear(i)["code"] for i in ids]
        self.assertEqual((codes.count("connection"), codes.count("rateLimited")), (16, 24))
        self.assertEqual({p.answers[i]["retry"] for i in ids if p.answers[i]["code"] == "rateLimited"},
                         {10})
        for s in taken:
            s.close()

    # A165: to wait for our own limit is no fault of the web server's
    def test_many_redirects_to_one_slow_responder_take_turns(self):
        took = 5.4  # two turns are longer than one validation may talk

        def slow(handler):
            time.sleep(took)
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(KEY_AUTH)))
            handler.end_headers()
            try:
                handler.wfile.write(KEY_AUTH.encode())
            except OSError:
                pass

        p = self.probe()
        ids = {}
        for host, deadline in (("127.0.0.4", 20000), ("127.0.0.5", 8000)):
            central = self.web(host=host, port=self.site.port)
            central.pages["/central"] = slow
            target = f"http://{host}:{self.site.port}/central"
            ids[host] = []
            for i in range(20):
                name = f"n{i}.{deadline}.test"
                self.zone[(name, "A")] = ["127.0.0.1"]
                ids[host].append((name, deadline, target))
        targets = {name: target for v in ids.values() for name, _, target in v}

        def redirect(handler):
            name = handler.headers["Host"].split(":")[0]
            handler.send_response(302)
            handler.send_header("Location", targets[name])
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        self.site.pages[PATH] = redirect
        asked = {host: [p.say(name=name, deadline=deadline) for name, deadline, _ in v]
                 for host, v in ids.items()}
        for number in asked["127.0.0.4"]:
            self.proves(p.hear(number))
        codes = [p.hear(number)["code"] for number in asked["127.0.0.5"]]
        self.assertEqual((codes.count(""), codes.count("rateLimited")), (16, 4), codes)

    # A165
    def test_three_hundred_at_once_are_all_answered(self):
        p = self.probe()
        for i in range(300):
            self.zone[(f"n{i}.test", "A")] = ["127.0.0.1"]
        for answer in [p.hear(i) for i in [p.say(name=f"n{i}.test") for i in range(300)]]:
            self.proves(answer)


class Dns01(ProberTest):
    RECORD = "_acme-challenge.ok.test"

    def ask(self, p, name="ok.test", **words):
        return p.ask(name, challenge="dns-01", **words)

    # A183, A184, R77
    def test_any_one_txt_record_proves_also_among_many_and_in_pieces(self):
        p = self.prober()
        for records in ([DIGEST], ["wrong", DIGEST], [[DIGEST[:10], DIGEST[10:]]],
                        [f"n{i}" for i in range(99)] + [DIGEST],
                        ["x" * 255, [("y" * 255)] * 4, DIGEST]):
            self.zone[(self.RECORD, "TXT")] = records
            self.proves(self.ask(p))
        self.assertTrue(self.dns.tcp)
        self.proves(self.ask(p, wildcard=1))

    # A185
    def test_what_is_not_there_and_what_is_wrong(self):
        p = self.prober()
        self.fails(self.ask(p), "dns", "NXDOMAIN")
        self.zone[(self.RECORD, "A")] = ["127.0.0.1"]
        self.fails(self.ask(p), "unauthorized", "no TXT record")
        for wrong in (["x"], [DIGEST + "="], [DIGEST.lower()], [KEY_AUTH], [""]):
            self.zone[(self.RECORD, "TXT")] = wrong
            answer = self.ask(p)
            self.fails(answer, "unauthorized")
            self.assertEqual(bytes.fromhex(answer["seen"]), wrong[0].encode())

    # S53, A185: one from another
    def test_failures_of_the_dns_are_told_apart(self):
        p = self.prober()
        for word, said in (("servfail", "SERVFAIL"), ("refused", "REFUSED"),
                           ("notimp", "SERVFAIL"), ("garbage", "malformed"), ("silent", "timeout"),
                           ("other", "timeout")):
            with self.subTest(word=word):
                self.zone[self.RECORD] = word
                self.fails(self.ask(p), "dns", said)
        self.fails(self.ask(self.prober(resolvers=f"127.0.0.1:{free_port()}")), "dns", "connection refused")
        self.zone[self.RECORD] = "silent"
        answer = self.ask(p, deadline=500)
        self.fails(answer, "dns", "in time")
        self.assertLess(answer["took"], 900 * SLOW)

    # A183, R77, S53
    def test_cnames_are_followed_and_do_not_go_round(self):
        p = self.prober()
        for chase in (True, False):
            self.dns.chase = chase
            self.zone[(self.RECORD, "CNAME")] = ["a.dns.test"]
            self.zone[("a.dns.test", "CNAME")] = ["B.dns.test"]
            self.zone[("b.dns.test", "TXT")] = [DIGEST]
            self.proves(self.ask(p))
            del self.zone[("b.dns.test", "TXT")]
            self.zone[("b.dns.test", "CNAME")] = ["a.dns.test"]
            self.fails(self.ask(p), "dns", "too many CNAMEs")
            del self.zone[("b.dns.test", "CNAME")]
            self.fails(self.ask(p), "dns")
            for i in range(9):
                self.zone[(f"c{i}.test", "CNAME")] = [f"c{i + 1}.test"]
            self.zone[("c9.test", "TXT")] = [DIGEST]
            self.zone[(self.RECORD, "CNAME")] = ["c2.test"]  # the eighth has it
            self.proves(self.ask(p))
            self.zone[(self.RECORD, "CNAME")] = ["c1.test"]
            self.fails(self.ask(p), "dns", "too many CNAMEs")

    # A184, S53: 64 KiB of records that are not ours
    def test_the_largest_answer_is_read(self):
        p = self.prober()
        self.zone[(self.RECORD, "TXT")] = [["z" * 255] * 10] * 24 + [DIGEST]
        answer = self.ask(p)
        self.proves(answer)
        self.assertLess(len(json.dumps(answer["transcript"])), 24000)

    # A186, A187: nothing is remembered, and each asks from another port by another id
    def test_a_second_try_sees_what_is_new(self):
        p = self.prober()
        self.zone[(self.RECORD, "TXT")] = lambda n: ["x"] if n == 1 else [DIGEST]
        self.fails(self.ask(p), "unauthorized")
        self.proves(self.ask(p))
        for _ in range(6):
            self.proves(self.ask(p))
        self.assertGreater(len(self.dns.ports), 6)
        self.assertGreater(len({b - a for a, b in zip(self.dns.ids, self.dns.ids[1:])}), 5, self.dns.ids)

    # A186: no search domains, no other resolver; another of the list when one fails
    def test_resolvers_are_those_of_the_list(self):
        other = Dns({self.RECORD: "servfail"})
        self.addCleanup(other.close)
        self.zone[(self.RECORD, "TXT")] = [DIGEST]
        nobody = free_port()
        for first in (other.address, f"127.0.0.1:{nobody}"):
            p = self.prober(resolvers=f"{first},{self.dns.address}")
            self.proves(self.ask(p))
        self.zone.clear()
        self.fails(self.ask(p, "ok"), "dns")
        self.assertEqual({a[0] for a in self.dns.asked[-1:]}, {"_acme-challenge.ok"})

    # S53, A185: whatever a resolver answers that is neither yes nor no
    def test_every_failing_rcode_is_a_failure_and_asks_another_resolver(self):
        words = [w for w in RCODES if w not in ("ok", "nxdomain")] + ["garbage"]
        other = Dns({})
        self.addCleanup(other.close)
        alone, both = self.prober(), self.prober(resolvers=f"{self.dns.address},{other.address}")
        for word in words:
            with self.subTest(word=word):
                self.zone[self.RECORD] = word
                answer = self.ask(alone)
                self.fails(answer, "dns")
                self.assertNotIn("NXDOMAIN", answer["detail"])
                other.zone[(self.RECORD, "TXT")] = [DIGEST]
                self.proves(self.ask(both))

    # A183: the one that failed is not the one who has to know the alias
    def test_an_alias_is_asked_of_the_resolver_that_named_it_and_of_the_other(self):
        self.dns.chase = False
        other = Dns({}, chase=False)
        self.addCleanup(other.close)
        p = self.prober(resolvers=f"{self.dns.address},{other.address}")
        self.zone.update({self.RECORD: "servfail", "alias.test": "servfail"})
        other.zone[(self.RECORD, "CNAME")] = ["alias.test"]
        other.zone[("alias.test", "TXT")] = [DIGEST]
        self.proves(self.ask(p))
        self.assertEqual(self.asked("alias.test", "TXT"), 0)
        # ... which may fail in its turn.
        other.zone["alias.test"] = "servfail"
        del self.zone["alias.test"]
        self.zone[("alias.test", "TXT")] = [DIGEST]
        self.proves(self.ask(p))
        self.zone["alias.test"] = "servfail"
        self.fails(self.ask(p), "dns", "SERVFAIL")

    # A188
    def test_an_address_has_no_dns_challenge(self):
        p = self.prober()
        for challenge in ("dns-01", "dns-account-01", "dns-persist-01"):
            self.fails(p.ask("127.0.0.1", type="ip", challenge=challenge), "serverInternal")
        self.assertEqual(self.dns.asked, [])

    # A241
    def test_dns_account_01_has_a_label_of_the_account(self):
        p = self.prober()
        label = base64.b32encode(hashlib.sha256(ACCOUNT.encode()).digest()[:10]).decode().lower()
        self.zone[(f"_{label}._acme-challenge.ok.test", "TXT")] = [DIGEST]
        self.proves(p.ask("ok.test", challenge="dns-account-01"))
        self.fails(p.ask("ok.test", challenge="dns-account-01", account=ACCOUNT + "2"), "dns")

    # A242: the TTL of the record, a minute here, is the DNS's own affair
    def test_dns_persist_01_names_us_and_the_account_until_it_ends(self):
        p = self.prober(identities="ca.test,two.test")
        record = ("_validation-persist.ok.test", "TXT")
        now = int(time.time())
        good = f"ca.test; accounturi={ACCOUNT}"
        for text, wild, code, reuse in (
                (good, 0, "", (0, 0)), (f"two.test;accounturi={ACCOUNT}", 0, "", (0, 0)),
                (f"{good}; persistUntil={now + 30}", 0, "", (20, 30)),
                (f"{good}; persistUntil={now + 90000}", 0, "", (89990, 90000)),
                (f"{good}; policy=wildcard", 1, "", (0, 0)), (good, 1, "unauthorized", 0),
                (f"{good}; policy=other", 1, "unauthorized", 0),
                (f"{good}; persistUntil={now - 5}", 0, "unauthorized", 0),
                (f"{good}; persistUntil=soon", 0, "malformed", 0),
                (f"{good}; accounturi={ACCOUNT}", 0, "malformed", 0), ("ca.test", 0, "malformed", 0),
                (f"{good}2", 0, "unauthorized", 0),
                (f"three.test; accounturi={ACCOUNT}", 0, "unauthorized", 0),
                ("ca.test accounturi", 0, "malformed", 0)):
            for records in (["v=spf1 -all", text], [text, f"other.ca; accounturi={ACCOUNT}", "x y"]):
                with self.subTest(records=records, wild=wild):
                    self.zone[record] = records
                    answer = p.ask("ok.test", challenge="dns-persist-01", wildcard=wild, token="",
                                   ka="")
                    if code:
                        self.fails(answer, code)
                    else:
                        self.proves(answer)
                        self.assertTrue(reuse[0] <= answer["reuse"] <= reuse[1], answer)


class Caa(ProberTest):
    def ask(self, name, p=None, challenge="dns-01", **words):
        return (p or self.p).ask(name, challenge=challenge, prove=0, caa=1, **words)

    def setUp(self):
        super().setUp()
        self.p = self.prober()

    def permits(self, answer):
        self.assertEqual((answer["code"], answer["proved"]), ("", 0), answer)

    # A240
    def test_the_first_set_on_the_way_up_counts(self):
        self.permits(self.ask("www.a.test"))
        self.assertEqual([a[0] for a in self.dns.asked], ["www.a.test", "a.test", "test"])
        self.zone[("a.test", "CAA")] = [(0, "issue", "other.test")]
        self.fails(self.ask("www.a.test"), "caa")
        self.zone[("www.a.test", "CAA")] = [(0, "issue", "ca.test")]
        self.permits(self.ask("www.a.test"))
        self.zone[("alias.a.test", "CNAME")] = ["www.a.test"]
        self.permits(self.ask("alias.a.test"))
        self.zone[("test", "CAA")] = [(0, "issue", ";")]
        self.fails(self.ask("b.test"), "caa")

    # A240
    def test_properties(self):
        for records, plain, wild in (
                ([(0, "issue", "ca.test")], 1, 1), ([(0, "ISSUE", "CA.test")], 1, 1),
                ([(0, "issue", ";")], 0, 0), ([(0, "issue", "")], 0, 0),
                ([(0, "issue", "ca.test"), (0, "issuewild", ";")], 1, 0),
                ([(0, "issue", ";"), (0, "issuewild", "ca.test")], 0, 1),
                ([(0, "issuewild", "other.test")], 1, 0), ([(0, "iodef", "mailto:a@b")], 1, 1),
                ([(128, "issue", "ca.test")], 1, 1), ([(0, "tbs", "x")], 1, 1),
                ([(128, "tbs", "x"), (0, "issue", "ca.test")], 0, 0),
                ([(1, "tbs", "x")], 1, 1), ([(0, "is-sue", "ca.test")], 0, 0),
                ([(0, "issue", "other.test"), (0, "issue", " ca.test ; ")], 1, 1),
                ([(0, "issue", f"ca.test; accounturi={ACCOUNT}")], 1, 1),
                ([(0, "issue", f"ca.test; accounturi={ACCOUNT}x")], 0, 0),
                ([(0, "issue", f"ca.test; accounturi={ACCOUNT}; accounturi={ACCOUNT}")], 0, 0),
                ([(0, "issue", "ca.test; validationmethods=http-01,dns-01")], 1, 1),
                ([(0, "issue", "ca.test; validationmethods=http-01")], 0, 0),
                ([(0, "issue", "ca.test; validationmethods=dns-01,")], 0, 0),
                ([(0, "issue", "ca.test; validationmethods=")], 0, 0),
                ([(0, "issue", "ca.test; foo=bar")], 1, 1), ([(0, "issue", "ca.test; %%%")], 0, 0)):
            with self.subTest(records=records):
                self.zone[("p.test", "CAA")] = records
                for wildcard, permitted in ((0, plain), (1, wild)):
                    answer = self.ask("p.test", wildcard=wildcard)
                    if permitted:
                        self.permits(answer)
                    else:
                        self.fails(answer, "caa")

    # S57
    def test_what_cannot_be_looked_up_refuses(self):
        failing = [w for w in RCODES if w not in ("ok", "nxdomain")]
        for word in (*failing, "garbage", "silent"):
            with self.subTest(word=word):
                self.zone["a.test"] = word
                self.fails(self.ask("www.a.test"), "dns")

    # S57: another resolver's records count where the first one fails
    def test_the_records_of_another_resolver_count_when_one_fails(self):
        other = Dns({("a.test", "CAA"): [(0, "issue", ";")]})
        self.addCleanup(other.close)
        p = self.prober(resolvers=f"{self.dns.address},{other.address}")
        for word in ("servfail", "notauth"):
            self.zone["a.test"] = word
            self.fails(self.ask("a.test", p), "caa")
        self.dns.chase = other.chase = False
        self.zone.update({"www.test": "servfail", "alias.test": "servfail"})
        other.zone[("www.test", "CNAME")] = ["alias.test"]
        other.zone[("alias.test", "CAA")] = [(0, "issue", ";")]
        self.fails(self.ask("www.test", p), "caa")

    # A186, A240: each label is a question of its own
    def test_a_silent_resolver_is_waited_for_once_and_not_for_each_label(self):
        name = "a.b.c.d.e.test"
        names = [name.split(".", i)[-1] for i in range(6)]
        self.zone.update(dict.fromkeys(names, "silent"))
        self.dns.chase = False
        mute, other = Dns(self.zone), Dns({}, chase=False)
        self.addCleanup(mute.close)
        self.addCleanup(other.close)
        for silent in ([self.dns], [self.dns, mute]):
            with self.subTest(silent=len(silent)):
                p = self.prober(resolvers=",".join(d.address for d in (*silent, other)))
                for d in (*silent, other):
                    d.asked.clear()
                self.permits(self.ask(name, p))
                self.assertEqual([d.asked for d in silent], [[(name, "CAA")]] * len(silent))
                self.assertEqual(other.asked, [(n, "CAA") for n in names])
        other.zone[("a.b.c.d.e.test", "CNAME")] = ["www.test"]
        other.zone[("www.test", "CAA")] = [(0, "issue", ";")]
        self.dns.asked.clear()
        self.fails(self.ask(name, self.prober(resolvers=f"{self.dns.address},{other.address}")), "caa")
        self.assertEqual(self.dns.asked, [(name, "CAA")], "an alias is asked of who named it")

    # A186: those in front fall silent after the other order was made for a failure
    def test_silent_resolvers_do_not_take_turns_in_front(self):
        name = "a.b.c.d.e.test"
        names = [name.split(".", i)[-1] for i in range(6)]
        self.zone.update(dict.fromkeys(names, "silent"))
        self.zone[name] = "servfail"
        mute, other = Dns(dict.fromkeys(names[1:], "silent")), Dns({}, chase=False)
        self.addCleanup(mute.close)
        self.addCleanup(other.close)
        p = self.prober(resolvers=",".join(d.address for d in (self.dns, mute, other)))
        self.permits(self.ask(name, p))
        for silent in (self.dns, mute):
            self.assertEqual(silent.asked, [(n, "CAA") for n in names[:2]])
        self.assertEqual(other.asked, [(n, "CAA") for n in names[1:]])

    # A186: the resolver in front answered, and so stays there
    def test_a_silent_resolver_behind_one_that_answers_is_not_moved_in_front(self):
        name = "a.b.c.d.e.test"
        labels = [name.split(".", i)[-1] for i in range(6)]
        site, mute = self.web(), Dns(dict.fromkeys(labels, "silent"))
        self.addCleanup(mute.close)
        site.pages[PATH] = KEY_AUTH.encode()
        self.zone[(name, "A")] = ["127.0.0.1"]
        for kind, lost in (("AAAA", lambda asked: "servfail"), ("CAA", lambda asked: "silent" if asked == 1 else [])):
            with self.subTest(kind=kind):
                self.zone[(name, kind)] = lost
                self.dns.asked.clear()
                mute.asked.clear()
                p = self.prober(resolvers=f"{self.dns.address},{mute.address}", http_port=site.port)
                self.proves(p.ask(name, caa=1))
                self.assertEqual(set(mute.asked), {(name, kind)})
                del self.zone[(name, kind)]

    # A240
    def test_after_the_proof_and_never_for_addresses_and_localhost(self):
        self.zone[("_acme-challenge.ok.test", "TXT")] = [DIGEST]
        answer = self.p.ask("ok.test", challenge="dns-01", caa=1)
        self.proves(answer)
        self.zone[("ok.test", "CAA")] = [(0, "issue", ";")]
        answer = self.p.ask("ok.test", challenge="dns-01", caa=1)
        self.assertEqual((answer["code"], answer["proved"]), ("caa", 1))
        self.dns.asked.clear()
        self.permits(self.ask("127.0.0.1", type="ip"))
        self.permits(self.ask("localhost"))
        self.permits(self.ask("a.localhost"))
        self.assertEqual(self.dns.asked, [])


class TlsAlpn01(ProberTest):
    GOOD = "critical,DER:0420" + hashlib.sha256(KEY_AUTH.encode()).hexdigest()

    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.server = Tls()
        self.addCleanup(self.server.close)

    def make(self, name, san=None, identifier=GOOD, extra="", server=None):
        self.zone[(name, "A")] = ["127.0.0.1"]
        (server or self.server).certificates[name] = certificate(
            self.folder, name, san if san is not None else f"DNS:{name}", identifier, extra)

    def ask(self, p, name, **words):
        return p.ask(name, challenge="tls-alpn-01", **words)

    # A189, A193, A194
    def test_the_certificate_made_for_it_proves_a_name_and_an_address(self):
        p = self.prober(tls_port=self.server.port)
        self.make("good.test")
        answer = self.ask(p, "good.test")
        self.proves(answer)
        self.assertEqual([line["what"] for line in answer["transcript"]],
                         ["resolve", "resolve", "connect", "tls"])
        self.make("upper.test", "DNS:UPPER.test")
        self.proves(self.ask(p, "upper.test"))
        self.make("1.0.0.127.in-addr.arpa", "IP:127.0.0.1")
        self.proves(self.ask(p, "127.0.0.1", type="ip"))
        self.assertEqual(self.server.asked, ["good.test", "upper.test", "1.0.0.127.in-addr.arpa"])
        end = time.monotonic() + 5
        while len(self.server.received) < 3 and time.monotonic() < end:
            time.sleep(0.01)
        self.assertEqual(self.server.received, [("acme-tls/1", b"")] * 3)

    # A194: RFC 8738 6, RFC 3596 2.5
    def test_an_ipv6_address_goes_by_its_reverse_name(self):
        reverse = "1." + "0." * 31 + "ip6.arpa"
        server = Tls(host="::1")
        self.addCleanup(server.close)
        p = self.prober(tls_port=server.port)
        self.make(reverse, "IP:::1", server=server)
        self.proves(self.ask(p, "::1", type="ip"))
        self.assertEqual(server.asked, [reverse])
        for san in ("IP:::2", "IP:1::1", "IP:0.0.0.1", f"DNS:{reverse}"):
            with self.subTest(san):
                self.make(reverse, san, server=server)
                self.fails(self.ask(p, "::1", type="ip"), "unauthorized", "name")

    # A189
    def test_its_key_usage_is_not_judged(self):
        # lego 4.9: keyEncipherment alone, with which nothing is signed.
        p = self.prober(tls_port=self.server.port)
        self.make("usage.test", extra="keyUsage=critical,keyEncipherment")
        self.proves(self.ask(p, "usage.test"))

    # A191, A192, A195, R76
    def test_every_other_certificate_is_refused(self):
        p = self.prober(tls_port=self.server.port)
        digest = self.GOOD.removeprefix("critical,")
        for name, san, identifier, extra in (
                ("hash.test", None, "critical,DER:0420" + "00" * 32, ""),
                ("two.test", "DNS:two.test,DNS:also.test", self.GOOD, ""),
                ("ip.test", "DNS:ip.test,IP:127.0.0.1", self.GOOD, ""),
                ("soft.test", None, digest, ""), ("none.test", None, None, ""),
                ("nosan.test", "", self.GOOD, ""), ("other.test", "DNS:else.test", self.GOOD, ""),
                ("sub.test", "DNS:www.sub.test", self.GOOD, ""),
                ("mail.test", "email:a@mail.test", self.GOOD, ""),
                ("short.test", None, "critical,DER:041f" + "00" * 31, ""),
                ("long.test", None, self.GOOD + "00", ""),
                ("draft.test", None, None,
                 "1.3.6.1.5.5.7.1.30.1=" + self.GOOD)):
            with self.subTest(name=name):
                self.make(name, san, identifier, extra)
                answer = self.ask(p, name)
                self.fails(answer, "unauthorized")
                self.assertTrue(answer["seen"].startswith("30"))

    # A195: RFC 5280 4.2 lets no extension be there twice, so no library reads such a certificate
    def test_a_certificate_with_an_extension_twice_is_refused(self):
        p = self.prober(tls_port=self.server.port)
        self.make("twice.test", extra="1.3.6.1.5.5.7.1.30=" + self.GOOD)
        self.proves(self.ask(p, "twice.test"))
        make_twice(self.folder / "twice.test.crt")
        for version in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
            self.server.maximum = version
            answer = self.ask(p, "twice.test")
            self.fails(answer, "unauthorized")
            self.assertTrue(answer["seen"].startswith("30"))

    def sign(self, name, ca, ca_key, *more):
        """What make() made, by a key and an issuer of another."""
        key, csr, crt = (self.folder / f"leaf.{e}" for e in ("key", "csr", "crt"))
        subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-config",
                        self.folder / f"{name}.cnf", "-keyout", key, "-out", csr], check=True,
                       capture_output=True)
        subprocess.run(["openssl", "x509", "-req", "-in", csr, "-CA", ca, "-CAkey", ca_key,
                        "-CAcreateserial", "-extfile", self.folder / f"{name}.cnf",
                        "-extensions", "ext", "-out", crt, *more], check=True, capture_output=True)
        self.server.certificates[name] = (crt, key)

    # A189: what signs it proves nothing but that its sender has the key
    def test_a_signature_of_any_key_and_hash_is_good(self):
        p = self.prober(tls_port=self.server.port)
        self.make("kind.test")
        pss = ["rsa:2048", "-sigopt", "rsa_padding_mode:pss"]
        salt = ["-sigopt", "rsa_pss_saltlen:digest"]
        for kind in (["rsa:2048"], ["rsa:2048", "-sha1"], pss, pss + salt, pss + ["-sha1"],
                     pss + salt + ["-sigopt", "rsa_mgf1_md:sha512"], ["rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"], ["ed25519"],
                     ["ec", "-pkeyopt", "ec_paramgen_curve:secp384r1", "-sha512"]):
            with self.subTest(kind):
                key, crt = self.folder / "kind.test.key", self.folder / "kind.test.crt"
                subprocess.run(["openssl", "req", "-x509", "-nodes", "-days", "1", "-config", self.folder / "kind.test.cnf",
                                "-newkey", *kind, "-keyout", key, "-out", crt], check=True, capture_output=True)
                self.proves(self.ask(p, "kind.test"))

    # A192, R76
    def test_a_certificate_of_a_ca_is_not_self_signed(self):
        p = self.prober(tls_port=self.server.port)
        self.make("signed.test")
        ca = certificate(self.folder, "ca", "", None)
        self.sign("signed.test", *ca)
        self.fails(self.ask(p, "signed.test"), "unauthorized", "self-signed")
        alike = self.folder / "alike"
        alike.mkdir()
        self.sign("signed.test", *certificate(alike, "signed.test", "", None))
        self.fails(self.ask(p, "signed.test"), "unauthorized", "own key")
        rsa, rsa_key = alike / "rsa.crt", alike / "rsa.key"
        subprocess.run(["openssl", "req", "-x509", "-nodes", "-config", alike / "signed.test.cnf", "-newkey", "rsa:2048",
                        "-keyout", rsa_key, "-out", rsa], check=True, capture_output=True)
        self.sign("signed.test", rsa, rsa_key, "-sigopt", "rsa_padding_mode:pss")
        self.fails(self.ask(p, "signed.test"), "unauthorized", "own key")
        both = self.folder / "both.crt"
        both.write_bytes(self.folder.joinpath("signed.test.crt").read_bytes() + ca[0].read_bytes())
        self.server.certificates["signed.test"] = (both, self.folder / "signed.test.key")
        self.fails(self.ask(p, "signed.test"), "unauthorized", "one certificate")

    # A189, A190, A194, A181
    def test_servers_that_do_not_speak_it(self):
        for server, code in ((Tls(alpn=()), "unauthorized"), (Tls(alpn=("h2",)), "unauthorized"),
                             (Tls(maximum=ssl.TLSVersion.TLSv1_1), "tls")):
            self.addCleanup(server.close)
            self.make("a.test", server=server)
            p = self.prober(tls_port=server.port)
            self.fails(self.ask(p, "a.test"), code)
        p = self.prober(tls_port=self.server.port)
        self.make("known.test")
        self.zone[("unknown.test", "A")] = ["127.0.0.1"]
        self.fails(self.ask(p, "unknown.test"), "tls")
        plain = self.web()
        p = self.prober(tls_port=plain.port)
        self.fails(self.ask(p, "known.test"), "tls")
        p = self.prober(tls_port=free_port())
        self.fails(self.ask(p, "known.test"), "connection")
        self.fails(self.ask(p, "nowhere.test"), "dns")

    # A165, A178, A179
    def test_silence_ends_by_our_clock_and_egress_counts(self):
        silent = socket.create_server(("127.0.0.3", self.server.port), backlog=16)
        self.addCleanup(silent.close)
        self.zone[("silent.test", "A")] = ["127.0.0.3"]
        p = self.prober(tls_port=self.server.port)
        self.fails(self.ask(p, "silent.test", deadline=800), "connection", "in time")
        self.make("six.test")
        self.zone[("six.test", "AAAA")] = ["::1"]
        self.proves(self.ask(p, "six.test"))
        p = self.prober(tls_port=self.server.port, networks="10.0.0.0/8")
        self.fails(self.ask(p, "six.test"), "connection", "may be connected to")


class Challtestsrv(ProberTest):
    # A183, A174, A240
    def test_somebody_elses_server_of_challenges(self):
        port, management = free_port(), free_port()
        process = challtestsrv(port, management)
        if process is None:
            self.skipTest("pebble-challtestsrv is not installed")
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        site = self.web()
        site.pages[PATH] = KEY_AUTH.encode()

        def tell(path, **what):
            c = http.client.HTTPConnection("127.0.0.1", management, timeout=5)
            c.request("POST", path, json.dumps(what))
            self.assertEqual(c.getresponse().status, 200)
            c.close()

        for _ in range(100):
            try:
                tell("/clear-a", host="none.lab.test")
                break
            except OSError:
                time.sleep(0.05 * SLOW)
        p = self.prober(resolvers=f"127.0.0.1:{port}", http_port=site.port)
        self.proves(p.ask("any.lab.test", caa=1))
        tell("/set-txt", host="_acme-challenge.a.lab.test.", value=DIGEST)
        self.proves(p.ask("a.lab.test", challenge="dns-01"))
        tell("/add-caa", host="a.lab.test.", policies=[{"tag": "issue", "value": "other.test"}])
        self.assertEqual(p.ask("a.lab.test", challenge="dns-01", caa=1)["code"], "caa")
        tell("/set-servfail", host="b.lab.test.")
        self.fails(p.ask("b.lab.test"), "dns", "SERVFAIL")


class Role(ProberTest):
    # A stop does not wait for validations: core asks again after the start
    def test_it_ends_at_once_when_told(self):
        silent = socket.create_server(("127.0.0.3", 0), backlog=16)
        self.addCleanup(silent.close)
        self.zone[("silent.test", "A")] = ["127.0.0.3"]
        self.zone["mute.test"] = "silent"
        p = Prober(resolvers=self.dns.address, http_port=silent.getsockname()[1])
        for challenge in ("http-01", "dns-01", "tls-alpn-01"):
            for name in ("silent.test", "mute.test", "ok.test"):
                p.say(name=name, challenge=challenge)
        time.sleep(0.3 * SLOW)
        began = time.monotonic()
        self.assertEqual(p.close(), (0, ""))
        self.assertLess(time.monotonic() - began, 1 * SLOW)

    # S83
    def test_a_question_out_of_range_ends_it(self):
        p = Prober(resolvers=self.dns.address)
        p.say(name="ok.test", deadline=1)
        p.process.wait(10 * SLOW)
        status, said = p.close()
        self.assertEqual(status, 1)
        self.assertIn("PROBE", said)

