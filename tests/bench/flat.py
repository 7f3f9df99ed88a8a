#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does memory stay flat?  One daemon issues very many certificates over 64 connections, and after each share of
them each role's resident memory is told, and once more a moment after the last.

    HNP_BUILD=build tests/bench/flat.py [--certificates N] [--each N] [--connections N]
"""
import argparse
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
import hnp  # noqa: E402
from servers import Ours  # noqa: E402

ROLES = ("hanaperd", "hanaper-core", "hanaper-signer", "hanaper-front", "hanaper-prober")


def memory(ours, what):
    """MiB of each role, in the order of ROLES."""
    pids = {"hanaperd": ours.pid, **ours.ca.role_pids()}
    return [int(re.search(what + r":\s+(\d+)", pathlib.Path(f"/proc/{pids[r]}/status").read_text())[1]) / 1024 for r in ROLES]


def row(count, rate, now, most):
    print(f"{count:>9} {rate:>8} " + " ".join(f"{m:7.1f}" for m in now) + f" {sum(now):7.1f} {sum(most):8.1f}", flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--certificates", type=int, default=1000000)
    p.add_argument("--each", type=int, default=50000)
    p.add_argument("--connections", type=int, default=64)
    a = p.parse_args()
    ours = Ours(pin=False)
    try:
        names = (r.replace("hanaper-", "") for r in ROLES)
        print(f"{'issued':>9} {'a-second':>8} " + " ".join(f"{n:>7}" for n in names) + "     all     most   (MiB)")
        row(0, "", memory(ours, "VmRSS"), memory(ours, "VmHWM"))
        for count in range(0, a.certificates, a.each):
            began = time.monotonic()
            done = subprocess.run([hnp.BUILD / "tests/bench/load", *map(str, ours.args), "--mode", "sign", "--connections",
                                   str(a.connections), "--count", str(a.each), "--first", str(count), "--ms", "600000"],
                                  capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(f"the load ended with {done.returncode}: {done.stderr[-500:]}")
            took = time.monotonic() - began
            row(count + a.each, f"{a.each / took:.0f}", memory(ours, "VmRSS"), memory(ours, "VmHWM"))
        time.sleep(5)
        row("at rest", "", memory(ours, "VmRSS"), memory(ours, "VmHWM"))
        with ours.ca.database() as db:
            print(db.execute("SELECT count(*) FROM certificate").fetchone()[0], "certificates in the database")
    finally:
        ours.close()


main()
