# SPDX-License-Identifier: Apache-2.0
"""Ports for servers under test."""
import random
import socket

HELD = []


def free_port():
    """A port that nobody else is given while this process lives.

    It lies below those that the kernel gives to the other ends of connections, and a
    name that only one can have keeps other processes of the tests from it.
    """
    for port in random.Random().sample(range(10000, 32000), 500):
        mine = socket.socket(socket.AF_UNIX)
        try:
            mine.bind(f"\0hnp-port-{port}")
            with socket.socket() as s:
                s.bind(("127.0.0.1", port))
        except OSError:
            mine.close()
            continue
        HELD.append(mine)
        return port
    raise AssertionError("no port is free")
