# SPDX-License-Identifier: Apache-2.0
"""Each message that the roles send each other, cut and with an octet changed: the receiver takes it or ends in order.

HNP_WALK=N: so many places of each message instead of a few.
"""
import os
import random
import time
import unittest

from between import Between, Frame
from hnp import SLOW

PLACES = int(os.environ.get("HNP_WALK", "2"))


class Walk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ca = Between("signer", "prober", "front", "core")
        cls.addClassCleanup(cls.ca.close)
        cls.ca.start()
        serial = cls.ca.issue("a", "DNS:localhost")
        cls.ca.ocsp(serial)
        cls.ca.revoke(serial)
        cls.ca.ask_unix("POST", "/v1/reload")
        cls.frames = {}
        for role, relay in cls.ca.at.items():
            for f in relay.seen:
                # Each link once, from the side of its receiver.
                if f.body and (f.to_role or f.link == "parent") and f.type != "LISTENER":
                    cls.frames[role, f.to_role, f.type] = f
        cls.ca.stop()

    def changed(self, body):
        chance = random.Random(len(body))
        for at in chance.sample(range(len(body)), min(PLACES, len(body))):
            yield body[:at]
            yield body[:at] + bytes([body[at] ^ (1 << chance.randrange(8))]) + body[at + 1:]

    def settled(self, role):
        """It has taken what came before the ping, or it is gone."""
        relay = self.ca.at[role]
        said = sum(f.type == "PONG" for f in relay.seen)
        relay.say(Frame("parent", True, "PING", b""))
        end = time.monotonic() + 10 * SLOW
        while self.ca.alive() and sum(f.type == "PONG" for f in relay.seen) == said:
            self.assertLess(time.monotonic(), end, self.ca.said()[-2000:])
            time.sleep(0.002)

    # S83, R87
    def test_cut_or_changed_anywhere_a_message_does_no_more_than_end_its_receiver(self):
        told = 0
        for (role, to_role, type_), f in self.frames.items():
            for body in self.changed(f.body):
                if not self.ca.alive():
                    self.ca.start()
                self.ca.at[role].say(Frame(f.link, to_role, type_, body))
                self.settled(role)
                told += 1
                self.assertNotRegex(self.ca.said(), "by signal|Sanitizer|runtime error|assert", (role, type_, body))
        print(f"     {len(self.frames)} messages, {told} lies")
        self.ca.stop()
        self.ca.start()
        self.ca.issue("after", "DNS:localhost")
