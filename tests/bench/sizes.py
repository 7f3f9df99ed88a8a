# SPDX-License-Identifier: Apache-2.0
"""How everything grows with the number of certificates: tests/bench/run --sizes 1000 100000 1000000.

One CA directory is filled (tests/bench/fill) to each size in turn.  At each: start to ready, memory,
the modes of the load, questions that few rows answer, a backup.
"""
import json
import pathlib
import re
import sqlite3
import statistics
import subprocess
import time

import servers
from servers import PIN_LOAD, PIN_SERVER, hnp

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/performance.md"
BEGIN, END = "<!-- make bench sizes: begin -->", "<!-- make bench sizes: end -->"
REVOKED = 100  # one in so many of what is filled in
MODES = (  # name, arguments, connections
    ("sign", ["--mode", "sign"], 8),
    ("sign", ["--mode", "sign"], 64),
    ("revoke", ["--mode", "revoke"], 8),
    ("show", ["--mode", "show"], 8),
    ("list", ["--mode", "list"], 8),
    ("search", ["--mode", "search"], 8),
    ("ocsp-nonce", ["--mode", "ocsp-nonce"], 8),
)
# Filters; what is in braces is taken from the database.
QUESTIONS = (
    ("the newest", "/v1/certificates?limit=100"),
    ("one name", "/v1/certificates?dns={name}"),
    ("a part of one name", "/v1/certificates?q={part}"),
    ("a part that all have", "/v1/certificates?q=internal"),
    ("a part that none has", "/v1/certificates?q=nowhere"),
    ("a rare profile", "/v1/certificates?profile=admin"),
    ("no such profile", "/v1/certificates?profile=short"),
    ("no such requester", "/v1/certificates?requester=nobody"),
    ("revoked", "/v1/certificates?status=revoked"),
    ("revoked, of a profile without", "/v1/certificates?status=revoked&profile=admin"),
    ("expired, there is none", "/v1/certificates?status=expired&profile=server"),
    ("ends within a day", "/v1/certificates?expires_before={tomorrow}&profile=server"),
    ("issued before it all", "/v1/certificates?issued_before=2020-01-01T00:00:00Z"),
    ("audit, the newest", "/v1/audit?limit=100"),
    ("audit, a rare kind", "/v1/audit?event=refused"),
    ("audit, nobody", "/v1/audit?identity=nobody"),
    ("tokens", "/v1/tokens"),
    ("stats", "/v1/stats"),
    ("healthz", "/healthz"),
    ("readyz", "/readyz"),
)


def say(*words):
    print(*words, flush=True)


def fill(ca, n):
    """n certificates more; the daemon is stopped."""
    began = time.monotonic()
    subprocess.run([hnp.BUILD / "tests/bench/fill", ca.dir, str(n), str(n // REVOKED)], check=True,
                   stderr=subprocess.DEVNULL)
    say(f"  {n} certificates made in {time.monotonic() - began:.0f} s")


def memory(ca):
    """MiB of each role."""
    ret = {}
    for name, pid in [("hanaperd", ca.daemon.pid), *ca.role_pids().items()]:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        ret[name.replace("hanaper-", "")] = int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024
    return ret


def quiet(ca):
    """Until core has counted what there is, as it does in its first seconds and then once a minute."""
    stat = pathlib.Path(f"/proc/{ca.role_pids()['hanaper-core']}/schedstat")
    for _ in range(60):
        before = int(stat.read_text().split()[0])
        time.sleep(1)
        if int(stat.read_text().split()[0]) - before < 20e6:
            return


def start(ca):
    """Milliseconds to ready."""
    began = time.monotonic()
    ca.start(wait=False, wrap=PIN_SERVER)
    while "\nready " not in ca.said() and not ca.said().startswith("ready "):
        if ca.daemon.poll() is not None or time.monotonic() - began > 60:
            raise SystemExit(f"it does not start: {ca.said()[-2000:]}")
        time.sleep(0.002)
    return (time.monotonic() - began) * 1000


class Sizes:
    def __init__(self, a):
        self.a = a
        self.ours = servers.Ours()
        self.rows = []
        self.faults = []

    def load(self, args, connections):
        done = subprocess.run([str(x) for x in (*PIN_LOAD, hnp.BUILD / "tests/bench/load", *self.ours.args, *args,
                                                "--connections", connections, "--ms", self.a.ms)],
                              capture_output=True, text=True, timeout=300)
        r = json.loads(done.stdout)[0]
        if done.returncode != 0 or r["wrong"] or r["failed"]:
            self.faults.append(f"{args}: {done.stderr.strip()[:200] or r['first_error']}")
        return r

    def sample(self, ca, row):
        """Serials of certificates that are not revoked, from all over the table; the database's size."""
        db = sqlite3.connect(ca.dir / "hanaper.db")
        n = db.execute("SELECT max(id) FROM certificate").fetchone()[0]
        step = max(1, n // 3000)
        serials = [r[0] for r in db.execute(
            "SELECT lower(hex(c.serial)) FROM certificate c LEFT JOIN revocation r ON r.certificate_id = c.id"
            " WHERE r.id IS NULL AND c.profile = 'server' AND c.id % ? = 0 LIMIT 3000", (step,))]
        self.name = db.execute("SELECT value FROM certificate_name WHERE certificate_id > ? AND type = 1 LIMIT 1",
                               (n // 2,)).fetchone()
        self.name = self.name[0] if self.name else "host-0000000.team-0.internal"
        row["certificates"] = db.execute("SELECT count(*) FROM certificate").fetchone()[0]
        db.close()
        self.ours.serials.write_text("\n".join(serials) + "\n")

    def questions(self, ca):
        tomorrow = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86400))
        ret = {}
        for what, path in QUESTIONS:
            path = path.format(name=self.name, part=self.name[:12], tomorrow=tomorrow)
            took = []
            for _ in range(7):
                began = time.monotonic()
                try:
                    answer = ca.ask_unix("GET", path)
                except TimeoutError:
                    took = [float("inf")]
                    break
                took.append((time.monotonic() - began) * 1000)
            ret[what] = statistics.median(took)
            if took[-1] == float("inf") or answer.status >= 400:
                self.faults.append(f"{path}: {'no answer' if took[-1] == float('inf') else answer.body[:200]}")
        return ret

    def at(self, size):
        ca, row = self.ours.ca, {}
        say(f"{size} certificates")
        ca.stop()
        db = sqlite3.connect(ca.dir / "hanaper.db")
        there = db.execute("SELECT count(*) FROM certificate").fetchone()[0]
        db.close()
        if size > there:
            fill(ca, size - there)
        self.sample(ca, row)
        row["first start"] = start(ca)
        time.sleep(2)  # what is kept of the journal is written
        starts = []
        for _ in range(3):
            ca.stop()
            starts.append(start(ca))
        row["start"] = statistics.median(starts)
        ca.stop()
        row["database"] = sum(p.stat().st_size for p in ca.dir.glob("hanaper.db*"))
        row["journal"] = sum(p.stat().st_size for p in (ca.dir / "journal").glob("*.hj"))
        start(ca)
        self.ours.args[self.ours.args.index("--pid") + 1] = ca.daemon.pid
        quiet(ca)
        row["idle"] = memory(ca)
        revoked = 0
        for name, args, connections in MODES:
            args = list(args)
            if name in ("revoke", "show", "ocsp-nonce"):
                args += ["--serials", self.ours.serials]
            if name == "revoke":
                args += ["--count", 500, "--first", revoked]
            rounds = [self.load([*args, *(["--first", 500 * i] if name == "revoke" else [])], connections)
                      for i in range(self.a.runs)]
            row[name, connections] = {
                "rate": statistics.median(r["per_second"] for r in rounds),
                "cpu": statistics.median(sum(p["cpu_us_per_op"] for p in r["server"]) for r in rounds),
                "p99": statistics.median(r["latency_us"]["p99"] for r in rounds)}
            say(f"  {name:11} {connections:3} {row[name, connections]['rate']:8.0f}/s"
                f"  CPU {row[name, connections]['cpu']:7.1f} us  p99 {row[name, connections]['p99'] / 1000:.1f} ms")
            if connections == 64:
                row["busy"] = memory(ca)
        row["questions"] = self.questions(ca)
        say("  " + ", ".join(f"{q} {ms:.1f} ms" for q, ms in row["questions"].items()))
        began = time.monotonic()
        subprocess.run([hnp.BUILD / "hanaper", "backup", "--with-keys", "--dir", ca.dir, ca.tmp / "backup.tar"], check=True,
                       stdout=subprocess.DEVNULL)
        row["backup"] = time.monotonic() - began
        (ca.tmp / "backup.tar").unlink()
        for what in ("first start", "start"):
            say(f"  {what} {row[what]:.0f} ms")
        say(f"  idle {sum(row['idle'].values()):.0f} MiB, busy {sum(row['busy'].values()):.0f} MiB, "
            f"backup {row['backup']:.1f} s, {row['database'] / row['certificates']:.0f} octets each")
        self.rows.append((size, row))

    # -- what came of it

    def line(self, what, form):
        return f"| {what} | " + " | ".join(form(row) for _, row in self.rows) + " |"

    def text(self):
        yield f"Medians of {self.a.runs} rounds of {self.a.ms} ms; one in {REVOKED} revoked; servers on one core, the load on " \
              "another. Rate, CPU of all roles for one, p99:"
        yield ""
        yield "| certificates | " + " | ".join(f"{size:,}".replace(",", " ") for size, _ in self.rows) + " |"
        yield "| --- |" + " --- |" * len(self.rows)
        for name, _, c in MODES:
            yield self.line(f"{name}, {c} connections", lambda row: f"{row[name, c]['rate']:.0f}/s, {row[name, c]['cpu']:.0f} us, "
                                                                    f"{row[name, c]['p99'] / 1000:.1f} ms")
        yield self.line("start to ready", lambda row: f"{row['start']:.0f} ms")
        yield self.line("the same without `journal/state`", lambda row: f"{row['first start']:.0f} ms")
        yield self.line("backup", lambda row: f"{row['backup']:.1f} s")
        yield self.line("database, of each certificate", lambda row: f"{row['database'] / row['certificates']:.0f} octets")
        yield self.line("journal, of each certificate", lambda row: f"{row['journal'] / row['certificates']:.0f} octets")
        for key, what in (("idle", "memory, idle"), ("busy", "memory, 64 connections")):
            yield self.line(what, lambda row: f"{sum(row[key].values()):.0f} MiB: " + ", ".join(
                f"{role} {mib:.0f}" for role, mib in row[key].items() if role in ("front", "core", "signer")))
        for what, path in QUESTIONS:
            yield self.line(f"{what}: `{path.replace('/v1/', '')}`", lambda row: f"{row['questions'][what]:.1f} ms")

    def write(self):
        page = PAGE.read_text()
        if BEGIN not in page:
            raise SystemExit(f"{PAGE}: the line {BEGIN} is missing")
        body = "\n".join(self.text())
        PAGE.write_text(re.sub(re.escape(BEGIN) + ".*?" + re.escape(END), lambda _: f"{BEGIN}\n{body}\n{END}", page, flags=re.S))


def main(a):
    sizes = Sizes(a)
    try:
        for size in sorted(a.sizes):
            sizes.at(size)
    finally:
        sizes.ours.close()
    print("\n".join(["", *sizes.text()]))
    if a.write:
        sizes.write()
    print(f"\nbench: {len(sizes.rows)} sizes, {len(sizes.faults)} with something wrong" + "".join(
        f"\n  {f}" for f in sizes.faults))
    return 1 if sizes.faults else 0
