#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CRLs at size: what a list of very many revocations costs, and who notices that it is made.

The journal of a new CA gets that many revocations; the daemon takes them in.  Then, with
crl.debounce at 0, each revocation has the list of all (and its shard) made anew: how long that takes
and what it costs, the memory of all roles before and at the peak, and the latency of the calls that revoke
and issue while lists are made without a pause.

    HNP_BUILD=build tests/bench/crl.py [--revoked N] [--shards N] [--calls N]
"""
import argparse
import pathlib
import re
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
import hnp  # noqa: E402
import journal  # noqa: E402


def percentile(values, p):
    return sorted(values)[min(len(values) - 1, int(len(values) * p))]


def cpu_ms(pids):
    """Of all their threads."""
    return sum(int(s.read_text().split()[0]) for pid in pids for s in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e6


def memory(pids, what):
    """MiB together: VmRSS is now, VmHWM the most since the last reset."""
    return sum(int(re.search(what + r":\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) for pid in pids) / 1024


def lists(ca, shards):
    """Of the log: (file, entries, ms) in order."""
    return [(m[2], int(m[0]), int(m[3])) for m in
            re.findall(r"entries=(\d+) octets=(\d+) file=(crl/main\S*\.crl) ms=(\d+)", ca.said())]


def idle(pids):
    """Until they have nothing to do for a second."""
    for _ in range(120):
        before = cpu_ms(pids)
        time.sleep(1)
        if cpu_ms(pids) - before < 20:
            return


def prepare(ca, a):
    text = re.sub(r"(?m)^(log|crl|limits):.*\n(?:[ \t]+.*\n)*", "", (ca.dir / "hanaper.yaml").read_text())
    text += (f"\nlog: {{ level: debug }}\nlimits: {{ rate: 0, same_names: 0 }}\n"
             f"crl: {{ interval: 1h, next_update: 24h, debounce: 0s, shards: {a.shards} }}\n")
    (ca.dir / "hanaper.yaml").write_text(text)
    now = int(time.time())
    began = time.monotonic()
    journal.append(ca.dir / "journal", journal.REVOCATION, now, (
        journal.revocation("main", b"\x55" + i.to_bytes(18, "big") + bytes([i * 167 % 256]), now + 86400 * 30, now - 1, 4)
        for i in range(a.revoked)))
    print(f"{a.revoked} revocations journalled in {time.monotonic() - began:.0f} s", flush=True)
    began = time.monotonic()
    ca.start(wait=False)
    ca.wait_ready(600)
    print(f"taken in, and the first list, in {time.monotonic() - began:.1f} s", flush=True)


def one_list(ca, a, serial):
    """Revokes it: CPU of all roles until both lists are there, and how long each took."""
    pids = [ca.daemon.pid, *ca.role_pids().values()]
    before, n = cpu_ms(pids), len(lists(ca, a.shards))
    for pid in pids:
        pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")
    rss = memory(pids, "VmRSS")
    if ca.revoke(serial).status != 200:
        raise SystemExit("not revoked")
    end = time.monotonic() + 60
    while len(lists(ca, a.shards)) < n + (2 if a.shards else 1) and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.3)
    made = lists(ca, a.shards)[n:]
    return {"cpu": cpu_ms(pids) - before, "growth": memory(pids, "VmHWM") - rss,
            "all": max(ms for f, _, ms in made if f == "crl/main.crl"),
            "shard": [ms for f, _, ms in made if f != "crl/main.crl"]}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--revoked", type=int, default=1000000)
    p.add_argument("--shards", type=int, default=16)
    p.add_argument("--calls", type=int, default=1000)
    a = p.parse_args()
    ca = hnp.CA()
    try:
        prepare(ca, a)
        ca.stop()
        began = time.monotonic()
        ca.start(wait=False)
        ca.wait_ready(600)
        print(f"start to ready: {(time.monotonic() - began) * 1000:.0f} ms", flush=True)
        pids = [ca.daemon.pid, *ca.role_pids().values()]
        idle(pids)
        print(f"memory at rest: {memory(pids, 'VmRSS'):.0f} MiB, " + ", ".join(
            f"{name.replace('hanaper-', '')} {memory([pid], 'VmRSS'):.0f}" for name, pid in ca.role_pids().items()), flush=True)
        rounds = []
        for i in range(5):
            rounds.append(one_list(ca, a, ca.issue(f"one{i}", f"DNS:one{i}.internal")))
            idle(pids)
        shard = [ms for r in rounds for ms in r["shard"]]
        print(f"the list of all: {statistics.median(r['all'] for r in rounds):.0f} ms (longest {max(r['all'] for r in rounds)}), "
              f"all roles {statistics.median(r['cpu'] for r in rounds):.0f} ms of CPU with its shard, "
              f"peak of all roles {max(r['growth'] for r in rounds):.0f} MiB above")
        if shard:
            print(f"one of {a.shards}: {statistics.median(shard):.0f} ms (longest {max(shard)})")
        csr = ca.csr("many", "DNS:many.internal")
        connection = ca.connect()
        took = {"issue": [], "revoke": []}
        before = len(lists(ca, a.shards))
        began = time.monotonic()
        for i in range(a.calls):
            t = time.perf_counter()
            answer = ca.ask("POST", "/v1/certificates?profile=server", csr, {"Content-Type": "text/plain"}, connection=connection)
            took["issue"].append((time.perf_counter() - t) * 1000)
            t = time.perf_counter()
            done = ca.ask("POST", f"/v1/certificates/{answer.json['serial']}/revoke", '{"reason":"superseded"}',
                          {"Content-Type": "application/json"}, connection=connection)
            took["revoke"].append((time.perf_counter() - t) * 1000)
            if (answer.status, done.status) != (201, 200):
                raise SystemExit(f"{answer} {done}")
        made = len(lists(ca, a.shards)) - before
        print(f"{a.calls} issued and revoked in {time.monotonic() - began:.1f} s while {made} lists were made:")
        for what, ms in took.items():
            print(f"  {what:7} p50 {percentile(ms, 0.5):.2f}  p99 {percentile(ms, 0.99):.2f}  longest {max(ms):.1f} ms")
    finally:
        ca.close()


if __name__ == "__main__":
    main()
