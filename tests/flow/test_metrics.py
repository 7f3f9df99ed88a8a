# SPDX-License-Identifier: Apache-2.0
"""/metrics: the text form, names by Prometheus' conventions, and who relies on the names."""
import http.client
import json
import math
import os
import pathlib
import re
import tempfile
import time
import unittest

from hnp import BUILD, CA, SLOW, SOURCE, FlowTest, run

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf'^({NAME})(?:\{{((?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*)\}})? (\S+)$')
UNITS = ("_seconds", "_bytes", "_total", "_info")


def parse(text):
    """{family: (type, help, {(name, labels): value})}; says what is wrong with the form."""
    families, current, order = {}, None, []
    assert text.endswith("\n"), "the last line ends"
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name, words = line[7:].split(" ", 1)
            assert name not in families, f"{name}: two heads"
            assert words.strip() and words[0].isupper() or words[0].isdigit(), line
            families[name] = [None, words, {}]
            current = name
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            assert name == current and families[name][0] is None, line
            assert kind in ("counter", "gauge", "histogram"), line
            families[name][0] = kind
        else:
            m = SAMPLE.match(line)
            assert m, f"no sample: {line!r}"
            base = m[1]
            if families[current][0] == "histogram":
                base = re.sub(r"_(bucket|sum|count)$", "", m[1])
            assert base == current, f"{m[1]} stands among {current}"
            labels = tuple(re.findall(r'([a-z_]+)="((?:[^"\\]|\\.)*)"', m[2] or ""))
            assert len({k for k, _ in labels}) == len(labels), line
            key = (m[1], labels)
            assert key not in families[current][2], f"twice: {line}"
            families[current][2][key] = float(m[3].replace("+Inf", "inf"))
            order.append(m[1])
    return families


def check_conventions(families):
    faults = []
    for name, (kind, _, samples) in families.items():
        if not re.fullmatch(r"(hanaper|process)_[a-z0-9_]+", name):
            faults.append(f"{name}: another word")
        if (kind == "counter") != name.endswith("_total"):
            faults.append(f"{name}: a counter ends in _total, and nothing else does")
        if re.search(r"_(ms|us|milliseconds|microseconds|kb|days|hours)(_|$)", name):
            faults.append(f"{name}: not in base units")
        if kind == "histogram":
            faults += check_histogram(name, samples)
        if any(v < 0 or math.isnan(v) for v in samples.values()):
            faults.append(f"{name}: below zero")
    return faults


def check_histogram(name, samples):
    faults, groups = [], {}
    for (sample, labels), value in samples.items():
        rest = tuple((k, v) for k, v in labels if k != "le")
        group = groups.setdefault(rest, {"le": []})
        if sample.endswith("_bucket"):
            group["le"].append((float(dict(labels)["le"].replace("+Inf", "inf")), value))
        else:
            group[sample[len(name) + 1:]] = value
    for rest, g in groups.items():
        les = [le for le, _ in g["le"]]
        counts = [n for _, n in g["le"]]
        if les != sorted(les) or les[-1] != math.inf or counts != sorted(counts):
            faults.append(f"{name}{rest}: buckets do not grow")
        if counts[-1] != g["count"] or "sum" not in g:
            faults.append(f"{name}{rest}: count or sum")
    return faults


def used_in(text):
    """The metrics that a query names."""
    words = set(re.findall(r"\b((?:hanaper|process)_[a-z0-9_]+)\b", text))
    return {re.sub(r"_(bucket|sum|count)$", "", w) if w.endswith("_bucket") or
            re.search(r"_answers_(sum|count)$", w) else w for w in words}


class Metrics(FlowTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        ca = cls.ca
        cls.serials = [ca.issue(f"m{n}", f"DNS:secret{n}.internal") for n in range(3)]
        ca.revoke(cls.serials[0], "superseded")
        ca.ocsp(cls.serials[0])
        ca.ocsp(cls.serials[1])
        ca.ask("POST", "/v1/certificates?profile=server", ca.csr("x", "DNS:www.example.com"),
               {"Content-Type": "text/plain"})
        ca.ask("GET", "/v1/whoami", cert=None)
        ca.ask("GET", "/nothing/secret9.internal")
        ca.ask_http("HEAD", "/crl/main.crl")
        cls.text = cls.metrics()
        cls.families = parse(cls.text)

    @classmethod
    def metrics(cls):
        conn = http.client.HTTPConnection("127.0.0.1", cls.ca.metrics_port, timeout=30)
        conn.request("GET", "/metrics")
        r = conn.getresponse()
        text = r.read().decode()
        conn.close()
        assert r.status == 200, (r.status, text)
        assert r.headers["Content-Type"].startswith("text/plain; version=0.0.4"), r.headers
        return text

    def value(self, name, **labels):
        family = self.families[re.sub(r"_(bucket|sum|count)$", "", name)
                               if name not in self.families else name]
        found = [v for (n, ls), v in family[2].items()
                 if n == name and all(dict(ls).get(k) == w for k, w in labels.items())]
        self.assertEqual(len(found), 1, (name, labels, found))
        return found[0]

    def test_form_and_conventions(self):
        self.assertEqual(check_conventions(self.families), [])

    def test_promtool_agrees(self):
        done = run("promtool", "check", "metrics", stdin=self.text, check=False)
        self.assertEqual((done.returncode, done.stderr.strip()), (0, ""), done.stdout)
        run("promtool", "check", "rules", SOURCE / "contrib/prometheus/alerts.yml")

    def test_the_numbers_are_those_of_what_was_done(self):
        self.assertEqual(self.value("hanaper_certificates_issued_total", profile="server"), 3)
        self.assertEqual(self.value("hanaper_certificates_revoked_total", reason="superseded",
                                    issuer="main"), 1)
        self.assertEqual(self.value("hanaper_requests_refused_total", problem="policy",
                                    rule="profile.names.dns"), 1)
        self.assertEqual(self.value("hanaper_ocsp_responses_total", status="revoked"), 1)
        self.assertEqual(self.value("hanaper_ocsp_responses_total", status="good"), 1)
        self.assertEqual(self.value("hanaper_http_requests_total", route="/v1/certificates",
                                    method="POST", status="201"), 3)
        self.assertEqual(self.value("hanaper_http_requests_total", route="/v1/whoami",
                                    status="401"), 1)
        self.assertEqual(self.value("hanaper_http_requests_total", route="none", status="404"), 1)
        self.assertEqual(self.value("hanaper_http_requests_total", route="/crl/*",
                                    method="HEAD", status="200"), 1)
        self.assertEqual(self.value("hanaper_http_request_duration_seconds_count",
                                    route="/v1/certificates", method="POST"), 4)
        self.assertEqual(self.value("hanaper_ready"), 1)
        self.assertLess(abs(self.value("process_start_time_seconds") - time.time()), 60 * SLOW)
        self.assertGreater(self.value("hanaper_crl_size_bytes", issuer="main"), 100)
        self.assertGreaterEqual(self.value("hanaper_journal_records_total"), 9)
        self.assertGreater(self.value("hanaper_issuer_not_after_timestamp_seconds",
                                      issuer="root"), time.time())
        self.assertGreater(self.value("hanaper_commit_duration_seconds_count"), 3)

    # S71
    def test_nothing_in_it_is_of_anybody(self):
        for word in ("secret", "admin", "internal", "example", "127.0.0.1", *self.serials):
            self.assertNotIn(word, re.sub(r'(version|rule|status)="[^"]*"', "", self.text), word)

    def test_it_is_on_the_metrics_listener_and_the_socket_only(self):
        self.assertEqual(self.ca.ask_http("GET", "/metrics").status, 404)
        self.assertEqual(self.ca.ask("GET", "/metrics").status, 404)
        a = self.ca.ask_unix("GET", "/metrics")
        self.assertEqual(a.status, 200)
        self.assertIn(b"hanaper_http_requests_total", a.body)
        parse(a.body.decode())

    def test_alerts_dashboard_and_page_name_what_there_is(self):
        alerts = (SOURCE / "contrib/prometheus/alerts.yml").read_text()
        exprs = "\n".join(re.findall(r"^ +expr: (.*(?:\n {10,}.*)*)$", alerts, re.M))
        self.assertGreater(len(exprs.splitlines()), 8)
        dashboard = json.loads((SOURCE / "contrib/grafana/hanaper.json").read_text())
        queries = [t["expr"] for p in dashboard["panels"] for t in p["targets"]]
        queries += [v["query"] for v in dashboard["templating"]["list"]]
        page = set(re.findall(r"^\| `([a-z_]+)`", (SOURCE / "docs/metrics.md").read_text(), re.M))
        there = set(self.families)
        self.assertEqual(used_in(exprs) - there, set())
        self.assertEqual(used_in("\n".join(queries)) - there, set())
        self.assertEqual(page ^ there, set(), "docs/metrics.md")
        ids = [p["id"] for p in dashboard["panels"]]
        self.assertEqual(len(ids), len(set(ids)))

    def test_labels_of_the_page_are_those_of_the_samples(self):
        for name, labels in re.findall(r"^\| `([a-z_]+)` \| \w+ \| ([a-z, ]*)\|",
                                       (SOURCE / "docs/metrics.md").read_text(), re.M):
            said = {x.strip() for x in labels.split(",") if x.strip()}
            for (_, have), _ in self.families[name][2].items():
                self.assertEqual({k for k, _ in have} - {"le"}, said, name)


REQUESTS = 'hanaper_http_requests_total{%s,method="POST",route="/v1/certificates",status="%s"}'
SECONDS = 'hanaper_http_request_duration_seconds_bucket{%s,route="/v1/certificates",method="%s",le="%s"}'
# What makes each alert of contrib/prometheus fire after two hours: series, a value each minute.
TROUBLE = {
    "HanaperDown": {"up{%s}": "0x120"},
    "HanaperNotReady": {"hanaper_ready{%s}": "0x120"},
    "HanaperCrlEndsSoon": {'hanaper_crl_next_update_timestamp_seconds{%s,issuer="main"}': "10000x120",
                           'hanaper_issuer_not_after_timestamp_seconds{%s,issuer="main"}': "9000000000x120"},
    "HanaperIssuerEndsSoon": {'hanaper_issuer_not_after_timestamp_seconds{%s,issuer="main"}': "86400x120"},
    "HanaperRestarted": {"process_start_time_seconds{%s}": "0+300x120"},
    "HanaperCommitsFail": {"hanaper_commits_failed_total{%s}": "0+1x120"},
    "HanaperServerErrors": {REQUESTS % ("%s", 201): "0+60x120", REQUESTS % ("%s", 503): "0+60x120"},
    "HanaperSlow": {SECONDS % ("%s", "POST", "1"): "0+1x120", SECONDS % ("%s", "POST", "10"): "0+60x120",
                    SECONDS % ("%s", "POST", "+Inf"): "0+60x120"},
    "HanaperRefusesMany": {'hanaper_requests_refused_total{%s,problem="policy",rule="profile.names.dns"}': "0+120x120"},
    "HanaperStrangers": {REQUESTS % ("%s", 401): "0+1200x120"},
    "HanaperAuditDropped": {"hanaper_audit_rows_dropped_total{%s}": "0+1x120"},
    "HanaperManyEndToday": {'hanaper_certificates_live{%s,issuer="main"}': "1000x120",
                            'hanaper_certificates_expiring{%s,issuer="main",within="1d"}': "900x120",
                            'hanaper_certificates_expiring{%s,issuer="main",within="7d"}': "950x120"},
}
FINE = {
    "up{%s}": "1x120", "hanaper_ready{%s}": "1x120", "process_start_time_seconds{%s}": "0x120",
    'hanaper_issuer_not_after_timestamp_seconds{%s,issuer="main"}': "9000000000x120",
    'hanaper_crl_next_update_timestamp_seconds{%s,issuer="main"}': "90000+60x120",
    REQUESTS % ("%s", 201): "0+60x120", REQUESTS % ("%s", 401): "0+1x120",
    SECONDS % ("%s", "POST", "1"): "0+60x120", SECONDS % ("%s", "POST", "10"): "0+60x120",
    SECONDS % ("%s", "POST", "+Inf"): "0+60x120",
    SECONDS % ("%s", "GET", "1"): "0+1x120", SECONDS % ("%s", "GET", "10"): "0+60x120",  # a long list is none
    SECONDS % ("%s", "GET", "+Inf"): "0+60x120",
    "hanaper_commits_failed_total{%s}": "1x120", "hanaper_audit_rows_dropped_total{%s}": "1x120",
    'hanaper_certificates_live{%s,issuer="main"}': "1000x120",
    'hanaper_certificates_expiring{%s,issuer="main",within="1d"}': "100x120",
}


class Alerts(unittest.TestCase):
    """Each rule fires when it should, and is silent else: promtool computes them."""

    def firing(self, series):
        of = 'job="hanaper",instance="ca:9090"'
        return {"interval": "1m",
                "input_series": [{"series": k % of, "values": v} for k, v in series.items()]}

    def test_each_fires_and_none_without_a_cause(self):
        rules = SOURCE / "contrib/prometheus/alerts.yml"
        self.assertEqual(set(TROUBLE), set(re.findall(r"alert: (\w+)", rules.read_text())))
        asked = 'count by (alertname) (ALERTS{alertstate="firing"})'
        tests = []
        for name, series in TROUBLE.items():
            tests.append(self.firing(series) | {"promql_expr_test": [
                {"expr": f'count by (alertname) (ALERTS{{alertstate="firing",alertname="{name}"}})', "eval_time": "2h",
                 "exp_samples": [{"labels": f'{{alertname="{name}"}}', "value": 1}]}]})
        tests.append(self.firing(FINE) | {"promql_expr_test": [{"expr": asked, "eval_time": "2h", "exp_samples": []}]})
        with tempfile.TemporaryDirectory() as work:
            page = pathlib.Path(work) / "test.yml"
            page.write_text(json.dumps({"rule_files": [str(rules)], "evaluation_interval": "1m", "tests": tests}))
            run("promtool", "test", "rules", page)


class Counts(FlowTest):
    """What is counted once a minute, and at the start."""

    def test_stats_and_expiry_windows(self):
        ca = self.ca
        serials = [ca.issue(f"c{n}", f"DNS:c{n}.internal") for n in range(5)]
        short = ca.ask("POST", "/v1/certificates?profile=server&validity=2h",
                       ca.csr("short", "DNS:short.internal"), {"Content-Type": "text/plain"})
        self.assertEqual(short.status, 201, short)
        ca.revoke(serials[0])
        ca.stop()
        ca.start()
        end = time.monotonic() + 5 * SLOW
        while ca.ask("GET", "/v1/stats").json["issued"] < 10 and time.monotonic() < end:
            time.sleep(0.05)
        stats = ca.ask("GET", "/v1/stats").json
        self.assertEqual(stats["revoked"], 1)
        main = next(i for i in stats["by_issuer"] if i["issuer"] == "main")
        self.assertEqual(main["expiring"]["1d"], 1)
        db = ca.database()
        live = db.execute("SELECT count(*) FROM certificate c LEFT JOIN revocation r"
                          " ON r.certificate_id = c.id WHERE r.id IS NULL").fetchone()[0]
        issued = db.execute("SELECT count(*) FROM certificate").fetchone()[0]
        db.close()
        # The newest certificates of listener and responders may be younger than the count.
        self.assertIn(live - stats["live"], range(5))
        self.assertIn(issued - stats["issued"], range(5))
        server = [p for p in stats["issued_by_profile"] if p["profile"] == "server"]
        self.assertEqual(server[0]["count"], 6)
        text = ca.ask_unix("GET", "/metrics").body.decode()
        self.assertIn(f'hanaper_certificates_live{{issuer="main"}} {main["live"]}\n', text)
        self.assertIn('hanaper_certificates_expiring{issuer="main",within="1d"} 1\n', text)
        self.problem(ca.ask("GET", "/v1/stats?x=1"), 400, "malformed")


class Logs(FlowTest):
    running = False

    def test_json_lines_and_journald_priorities(self):
        ca = self.ca
        conf = ca.dir / "hanaper.yaml"
        text = re.sub(r"^log:.*\n(?: +.*\n)*", "", conf.read_text(), flags=re.M)
        conf.write_text(text + "\nlog: { format: json, level: info }\n")
        ca.log.touch()
        st = ca.log.stat()
        os.environ["JOURNAL_STREAM"] = f"{st.st_dev}:{st.st_ino}"
        try:
            ca.start()
        finally:
            del os.environ["JOURNAL_STREAM"]
        serial = ca.issue("log", "DNS:log.internal")
        ca.ask("POST", "/v1/certificates?profile=server", ca.csr("y", "DNS:www.example.com"),
               {"Content-Type": "text/plain"})
        ca.stop()
        lines = [line for line in ca.said().splitlines() if not line.startswith("ready ")]
        events = []
        for line in lines:
            m = re.fullmatch(r"<([3467])>(\{.*\})", line)
            self.assertTrue(m, line)
            event = json.loads(m[2])
            self.assertEqual({"info": "6", "warn": "4", "error": "3", "debug": "7"}[event["level"]],
                             m[1])
            self.assertRegex(event["time"], r"^20\d\d-.*Z$")
            events.append(event)
        self.assertIn("parent", {e["role"] for e in events})
        issued = [e for e in events if e["event"] == "issued" and e.get("serial") == serial]
        self.assertEqual(issued[0]["identity"], "cert:admin")
        refused = [e for e in events if e["event"] == "refused"]
        self.assertEqual(refused[0]["status"], 422)
        self.assertTrue([e for e in events if e["event"] == "stopped"])

    def test_strangers_fill_no_log(self):
        ca = CA().start()
        try:
            conn = ca.connect(cert=None)
            for _ in range(200):
                conn.request("GET", "/v1/whoami")
                conn.getresponse().read()
            conn.close()
            self.assertLess(ca.said().count("status=401"), 60)
        finally:
            ca.close()

    # S32
    def test_whatever_front_refuses_fills_no_log(self):
        ca = CA().start()
        plain = http.client.HTTPConnection("127.0.0.1", ca.http_port, timeout=30 * SLOW)
        kinds = (("tls", ca.connect(cert=None), (("GET", "/nothing", 404), ("DELETE", "/healthz", 405),
                                                 ("POST", "/v1/enroll", 415))),
                 ("tls-cert", ca.connect(), (("GET", "/nothing", 404), ("POST", "/v1/tokens", 415))),
                 ("plain", plain, (("GET", "/crl/nothing.crl", 404), ("POST", "/crl/main.crl", 405))))
        try:
            for kind, conn, asked in kinds:
                began = time.monotonic()
                for method, path, status in asked * 70:
                    conn.request(method, path, headers={"Content-Type": "x/x"})
                    a = conn.getresponse()
                    a.read()
                    self.assertEqual(a.status, status, path)
                lines = ca.said().count(f" peer={kind} ")
                self.assertGreaterEqual(lines, 10, kind)  # one kind hides nothing of another
                self.assertLessEqual(lines, 10 * (2 + int(time.monotonic() - began)), kind)
            time.sleep(1.1)
            for kind, conn, asked in kinds:
                conn.request("GET", "/nothing")
                conn.getresponse().read()
                conn.close()
            end = time.monotonic() + 5 * SLOW
            for kind, _, _ in kinds:
                told = re.compile(rf" unlogged refused=[1-9]\d* peer={kind}\n")
                while not told.search(ca.said()):
                    self.assertLess(time.monotonic(), end, kind)
                    time.sleep(0.01)
        finally:
            ca.close()
