# SPDX-License-Identifier: Apache-2.0
"""What ACME accounts hold without proof: names are counted, for each account and for all together."""
import contextlib
import re
import sqlite3
import time
import unittest

from acme_case import AcmeTest
from hnp import SLOW

MOST = 100000  # names of all accounts together (ca/acme_room.h)
LONG = "y" * 40


class RoomTest(AcmeTest):
    site = "limits: { accounts_per_hour: 0, orders_per_hour: 40, pending_orders: 20, failures_per_hour: 0 }"

    def many(self, prefix, n):
        return [f"{prefix}{i}.internal" for i in range(n)]

    def made(self, answer):
        self.assertEqual((answer.status, answer.json["status"]), (201, "pending"), answer)
        return answer

    def lasts(self, answer):
        """Seconds until its order ends."""
        return time.mktime(time.strptime(answer.json["expires"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone - time.time()

    def rows(self, event):
        time.sleep(1.3)
        return self.ca.ask("GET", f"/v1/audit?event={event}&limit=100").json["events"]


class Own(RoomTest):
    # A152, S32
    def test_an_order_of_many_names_counts_as_many_until_they_are_proved(self):
        c = self.client(register=True)
        self.made(c.order(*self.many("first", 19)))
        self.made(c.order(*self.many("whole", 100)))  # never is one order too many
        a = c.order("more.internal")
        self.refused(a, 429, "rateLimited", "119 names in unfinished orders")
        self.made(self.client(register=True).order("more.internal"))
        known = self.client(register=True)
        for _ in range(3):  # what is proved is an order more and no name
            known.certificate("proved.internal", responder=self.responder)
            self.assertEqual(known.order("proved.internal").json["status"], "ready")

    # A152, S32
    def test_giving_up_what_was_ordered_makes_no_room(self):
        c = self.client(register=True)
        for i in range(2):
            order = self.made(c.order(*self.many(f"vain{i}x", 20)))
            self.assertEqual(c.post(order.json["authorizations"][0], {"status": "deactivated"}).status, 200)
            self.assertEqual(c.post(order.headers["Location"]).json["status"], "invalid")
        a = c.order("again.internal")
        self.refused(a, 429, "rateLimited", "40 names", "ended unproved")
        self.refused(c.post(c.base + "/new-authz", {"identifier": {"type": "dns", "value": "again.internal"}}), 429,
                     "rateLimited", "ended unproved")

    # A152, S32
    def test_an_order_that_ends_at_once_makes_no_room(self):
        c = self.client(register=True)
        for i in range(2):
            end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2 * SLOW))
            order = c.order(*self.many(f"short{i}x", 20), notAfter=end)
            self.assertEqual(order.status, 201, order)
            time.sleep(2 * SLOW + 1.1)
        self.refused(c.order("again.internal"), 429, "rateLimited", "40 names", "ended unproved")

    # S32, A247
    def test_an_entry_of_the_audit_has_some_of_very_many_names(self):
        c = self.client(register=True)
        order = self.made(c.order(*[f"n{i}.{LONG}.{LONG}.internal" for i in range(100)]))
        self.refused(c.order(*[f"n{i}.{LONG}.{LONG}.internal" for i in range(99)]), 429, "rateLimited")
        self.refused(c.order("few.internal"), 429, "rateLimited")
        who = "acme:" + c.kid.rsplit("/", 1)[1]
        made = [e for e in self.rows("order-made") if e["identity"] == who]
        self.assertEqual([e["object"] for e in made],
                         [f"order {order.headers['Location'].rsplit('/', 1)[1]} of 100 names"])
        few, many = [e for e in self.rows("refused") if e["identity"] == who]
        self.assertEqual(many["object"], "order of 99 names")
        self.assertEqual([n["value"] for n in few["names"]], ["few.internal"])
        self.assertNotIn("object", few)
        for e in made + [many]:
            self.assertEqual([n["value"] for n in e["names"]][:2], [f"n{i}.{LONG}.{LONG}.internal" for i in range(2)])
            self.assertLess(sum(len(n["value"]) for n in e["names"]), 1025)


class All(RoomTest):
    def held(self):
        return self.ca.database().execute("SELECT num FROM meta WHERE key = 'acme-unproved'").fetchone()[0]

    # S32, A172
    def test_what_is_proved_before_an_order_is_held_no_more(self):
        c = self.client(register=True)
        before = self.held()
        one, other = [self.made(c.post(c.base + "/new-authz", {"identifier": {"type": "dns", "value": name}}))
                      for name in ("before.internal", "never.internal")]
        self.assertEqual(self.held(), before + 2)
        challenge, _ = c.challenge(one.headers["Location"])
        self.responder.tokens[challenge["token"]] = c.key_authorization(challenge["token"])
        self.assertEqual(c.post(challenge["url"], {}).status, 200)
        self.assertEqual(c.poll(one.headers["Location"]).json["status"], "valid")
        self.assertEqual(self.held(), before + 1)
        self.assertEqual(c.order("before.internal").json["status"], "ready")
        self.assertEqual(c.order("never.internal").json["authorizations"], [other.headers["Location"]])
        self.assertEqual(self.held(), before + 1, "an order's name, in its place")

    def hold(self, names, *clients):
        """As if accounts held so many without proof."""
        for c in clients:
            c.close()
        self.ca.stop()
        with contextlib.closing(sqlite3.connect(self.ca.dir / "hanaper.db")) as db, db:
            db.execute("UPDATE meta SET num = ? WHERE key = 'acme-unproved'", (names,))
        self.ca.start()

    # S32
    def test_strangers_who_fill_the_disk_keep_out_strangers_alone(self):
        self.addCleanup(self.hold, 0)
        known, bound, stranger = self.client(register=True), self.client("bound"), self.client(register=True)
        known.certificate("known.internal", responder=self.responder)
        key = self.ca.ask("POST", "/v1/acme/eab", {"directory": "bound"}).json
        self.assertEqual(bound.register(externalAccountBinding=bound.binding(key["kid"], key["hmac_key"])).status, 201)
        self.assertGreater(self.lasts(self.made(stranger.order("first.internal"))), 6 * 86400)
        self.hold(MOST - 1, known, bound, stranger)
        self.assertLess(self.lasts(self.made(stranger.order("last.internal"))), 3601, "it holds nothing for long")
        for _ in range(3):
            a = stranger.order("late.internal")
            self.refused(a, 429, "rateLimited", "nobody has proved")
            self.assertGreater(int(a.headers["Retry-After"]), 60)
        self.refused(stranger.post(stranger.base + "/new-authz", {"identifier": {"type": "dns", "value": "a.internal"}}),
                     429, "rateLimited", "nobody has proved")
        self.assertEqual(len(re.findall(" acme-full names=100000 ", self.ca.said())), 1, "one line a minute")
        self.made(known.order("new.internal"))
        known.certificate("known.internal", "other.internal", responder=self.responder)
        self.made(bound.order("bound.internal"))
        self.hold(MOST * 3 // 2, known, bound)
        self.refused(known.order("newer.internal"), 429, "rateLimited", "nobody has proved", "key for external accounts")
        self.made(bound.order("next.internal"))
        self.hold(2 * MOST, known, bound)
        for c in known, bound:
            self.refused(c.order("newest.internal"), 429, "rateLimited", "nobody has proved")
        self.assertEqual(self.ca.ask("GET", "/readyz").status, 200)


if __name__ == "__main__":
    unittest.main()
