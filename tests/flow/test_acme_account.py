# SPDX-License-Identifier: Apache-2.0
"""ACME accounts: made, found, changed, ended, bound, given another key (RFC 8555 7.3)."""
import json
import threading

from acme_case import AcmeTest
from acme_client import Key, b64, make_csr, number, unb64
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def race(*calls):
    """What each returned; all begin at once."""
    gate, answers = threading.Barrier(len(calls)), [None] * len(calls)

    def one(n, call):
        gate.wait()
        answers[n] = call()
    threads = [threading.Thread(target=one, args=(n, call)) for n, call in enumerate(calls)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return answers


class Accounts(AcmeTest):
    def open(self, client, **payload):
        return client.post(client.base + "/new-account", payload, True)

    # A89, A102, A100
    def test_a_new_account(self):
        seen = set()
        for contact in (None, "absent", [], ["mailto:a@example.com"], ["mailto:a@example.com", "mailto:b@example.com"]):
            c = self.client()
            a = self.open(c, **({} if contact == "absent" else {"contact": contact}))
            self.assertEqual(a.status, 201, a)
            self.assertEqual(a.json["status"], "valid")
            self.assertEqual(a.json["orders"], a.headers["Location"] + "/orders")
            self.assertEqual(a.json.get("contact") or [], contact if isinstance(contact, list) else [])
            self.assertLessEqual(set(a.json), {"status", "contact", "orders", "termsOfServiceAgreed"})
            name = a.headers["Location"].rsplit("/", 1)[1]
            self.assertGreaterEqual(len(unb64(name)), 16)
            seen.add(name[:4])
        self.assertEqual(len(seen), 5, "ids are no counter")

    # A90
    def test_the_same_key_again_is_the_same_account(self):
        c = self.client()
        first = self.open(c, contact=["mailto:a@example.com"])
        n = self.count("acme_account")
        for payload in ({}, {"contact": ["mailto:other@example.com"]}, {"contact": []}, {"contact": "nonsense"},
                        {"status": "deactivated"}, {"onlyReturnExisting": True}, {"onlyReturnExisting": False},
                        {"externalAccountBinding": {"x": 1}}):
            a = self.open(c, **payload)
            self.assertEqual((a.status, a.headers["Location"]), (200, first.headers["Location"]), a)
            self.assertEqual(a.json, first.json)
        self.assertEqual(self.count("acme_account"), n)

    # A91, A92, A93
    def test_only_what_is_there(self):
        c = self.client()
        n = self.count("acme_account")
        more = {"contact": ["mailto:a@example.com"], "status": "valid", "key": c.key.jwk, "termsOfServiceAgreed": True}
        for payload in ({}, more, {"externalAccountBinding": None}, {"contact": ["nonsense"]}):
            self.refused(self.open(c, onlyReturnExisting=True, **payload), 400, "accountDoesNotExist")
        bound = self.client("bound")
        self.refused(self.open(bound, onlyReturnExisting=True), 400, "accountDoesNotExist")
        self.assertEqual(self.count("acme_account"), n)
        self.assertEqual(c.register().status, 201)
        for payload in ({}, more):
            a = self.open(c, onlyReturnExisting=True, **payload)
            self.assertEqual((a.status, a.headers["Location"]), (200, c.kid), a)
        self.assertNotIn("onlyReturnExisting", a.json)

    # A94: none are published, none are demanded
    def test_no_terms_no_agreement(self):
        for payload in ({}, {"termsOfServiceAgreed": False}, {"termsOfServiceAgreed": True}):
            self.assertEqual(self.open(self.client(), **payload).status, 201)

    # A95, A96
    def test_what_means_nothing_is_ignored_and_not_reflected(self):
        junk = {"orders": "", "status": "", "key": {}, "contact": None, "externalAccountBinding": None,
                "termsOfServiceAgreed": None, "onlyReturnExisting": None, "createdAt": "", "id": 1, "x": [{}],
                "initialIp": None}
        c = self.client()
        a = self.open(c, **junk)
        self.assertEqual(a.status, 201, a)
        self.assertLessEqual(set(a.json), {"status", "orders", "contact"})
        self.assertEqual(a.json["status"], "valid")
        c.kid = a.headers["Location"]
        a = c.post(c.kid, junk)
        self.assertEqual((a.status, a.json["status"]), (200, "valid"), a)
        for word in ("true", 1, "yes", [True], {}):
            fresh = self.client()
            self.assertEqual(self.open(fresh, onlyReturnExisting=word).status, 201, "true and nothing else is true")

    # A97, A98, A99, A101
    def test_contacts_are_judged(self):
        c = self.client(register=True, contact=["mailto:keep@example.com"])

        def both(contact, status, kind, *words):
            self.refused(self.open(self.client(), contact=contact), status, kind, *words)
            self.refused(c.post(c.kid, {"contact": contact}), status, kind, *words)
            self.assertEqual(c.post(c.kid).json["contact"], ["mailto:keep@example.com"])
        for url in ("tel:+12025551212", "https://example.com/", "a@example.com", "", "data:,x", "mailto", "mail to:a@b.c",
                    "//example.com", "xmpp:a@example.com", "javascript:alert(1)"):
            both([url], 400, "unsupportedContact", "mailto")
            both(["mailto:a@example.com", url], 400, "unsupportedContact")
        for url in ("mailto:a@example.com?subject=x", "mailto:a@example.com,b@example.com", "mailto:?to=a@example.com",
                    "mailto:a@example.com?", "mailto:a@example.com?cc=b@example.com", "mailto:", "mailto:a",
                    "mailto:@example.com", "mailto:a@", "mailto:a@b@c", "mailto:a b@example.com", "mailto:a@exa mple.com",
                    "mailto:a@example.com\u0001", "mailto:a@-x.com", "mailto:a@example..com", "mailto:" + "a" * 300 + "@b.c",
                    "mailto:a@" + "b" * 64 + ".com", "mailto:a@example.com\n", "mailto://a@example.com/x"):
            if not url.endswith("\n"):  # blanks at the ends are let be
                both([url], 400, "invalidContact")
        both([f"mailto:a{i}@example.com" for i in range(11)], 400, "invalidContact")
        for wrong in ("mailto:a@example.com", {}, {"0": "mailto:a@example.com"}, 1, True, [1], [None], [[]], [{}],
                      [["mailto:a@example.com"]], ["mailto:a@example.com", 1]):
            both(wrong, 400, "malformed")
        for good in (["mailto: a@example.com"], ["MAILTO:a@example.com"], ["mailto:a+b@example.com"], ["mailto:a@localhost"]):
            self.assertEqual(self.open(self.client(), contact=good).status, 201, good)

    # A103, A104, A105, A106, A107
    def test_what_an_update_changes(self):
        c = self.client(register=True, contact=["mailto:a@example.com"])
        first = c.post(c.kid)
        self.assertEqual((first.status, first.headers["Location"]), (200, c.kid))
        for payload in (None, {}, {"contact": None}, {"status": "valid"}, {"status": "foo"}, {"status": ""},
                        {"status": None}, {"status": "revoked"}, {"status": "Deactivated"}, {"status": ["deactivated"]},
                        {"status": "valid", "key": Key().jwk}, {"orders": "https://evil.example/"},
                        {"termsOfServiceAgreed": False}, {"termsOfServiceAgreed": True}, {"x": {"y": 1}},
                        {"externalAccountBinding": {"x": 1}}, {"id": "1", "createdAt": "2020-01-01T00:00:00Z"}):
            a = c.post(c.kid, payload)
            self.assertEqual((a.status, a.json, a.headers["Location"]), (200, first.json, c.kid), payload)
        for contact in (["mailto:b@example.com"], ["mailto:c@example.com", "mailto:d@example.com"], []):
            a = c.post(c.kid, {"contact": contact})
            self.assertEqual((a.status, a.json.get("contact", [])), (200, contact), a)
            self.assertEqual(c.post(c.kid).json, a.json)
        self.assertEqual(c.post(c.kid, {"contact": ["mailto:e@example.com"], "status": "valid"}).json["contact"],
                         ["mailto:e@example.com"])

    # A108, R65
    def test_the_url_of_another_account(self):
        a, b = self.client(register=True, contact=["mailto:a@example.com"]), self.client(register=True)
        nobody = a.base + "/account/" + "A" * 22
        answers = []
        for url in (a.kid, nobody):
            for payload in (None, {}, {"contact": []}, {"status": "deactivated"}):
                answers.append(b.post(url, payload))
                self.refused(answers[-1], 403, "unauthorized")
                self.assertNotIn("a@example.com", answers[-1].body.decode())
        self.assertEqual(len({x.body for x in answers}), 1, "there or not, it is told in the same words")
        self.assertEqual(a.post(a.kid).json["contact"], ["mailto:a@example.com"])

    # A109, A111, R67
    def test_who_is_deactivated_gets_nothing_more(self):
        c = self.client(register=True)
        a = c.post(c.kid, {"status": "deactivated"})
        self.assertEqual((a.status, a.json["status"]), (200, "deactivated"), a)
        for path, payload in (("", None), ("", {}), ("", {"status": "valid"}), ("", {"status": "deactivated"}),
                              ("", {"contact": []}), ("/orders", None)):
            self.refused(c.post(c.kid + path, payload), 401, "unauthorized")
        for path in ("/new-order", "/new-authz", "/key-change", "/revoke-cert", "/order/x", "/authz/x", "/challenge/x",
                     "/certificate/x", "/order/x/finalize"):
            self.refused(c.post(c.base + path, {}), 401, "unauthorized")
        n = self.count("acme_account")
        for payload in ({}, {"onlyReturnExisting": True}, {"termsOfServiceAgreed": True, "contact": []}):
            self.refused(self.open(c, **payload), 401, "unauthorized")
        self.assertEqual(self.count("acme_account"), n)
        self.ca.stop()
        self.ca.start()
        c.close()
        self.refused(c.post(c.kid), 401, "unauthorized")

    # A113
    def test_many_at_once_with_one_key_are_one_account(self):
        for _ in range(3):
            key = Key()
            clients = [self.client(key=key) for _ in range(30)]
            for c in clients:
                c.nonces = [c.nonce()]
            answers = race(*[lambda c=c: c.register() for c in clients])
            self.assertEqual(sorted(a.status for a in answers), [200] * 29 + [201])
            self.assertEqual(len({a.headers["Location"] for a in answers}), 1)

    # A114
    def test_a_key_is_the_same_however_it_is_written(self):
        c = self.client(register=True)
        for jwk in (dict(reversed(list(c.key.jwk.items()))), {"use": "sig"} | c.key.jwk, c.key.jwk | {"kid": "1"}):
            url = c.base + "/new-account"
            header = {"jwk": jwk, "url": url, "nonce": c.nonce(), "alg": "ES256"}
            head = b64(json.dumps(header, indent=3).encode())
            body = b64(b"{}")
            jws = {"protected": head, "payload": body, "signature": b64(c.key.sign(f"{head}.{body}".encode()))}
            a = c.send(url, jws)
            self.assertEqual((a.status, a.headers["Location"]), (200, c.kid), a)

    # A52, R19: a key that was told to be known to others
    def test_a_compromised_key_opens_no_account(self):
        key = Key()
        a = self.ca.ask("POST", "/v1/certificates?profile=acme", make_csr(["weak.internal"], key.key),
                        {"Content-Type": "application/pkcs10"})
        self.assertEqual(a.status, 201, a)
        self.assertEqual(self.ca.revoke(a.json["serial"], "keyCompromise").status, 200)
        c = self.client(key=key)
        self.refused(self.open(c), 400, "badPublicKey", "compromised")
        old = self.client(register=True)
        self.refused(old.post(old.base + "/key-change", change(old, key)), 400, "badPublicKey")

    # A132
    def test_the_key_of_a_certificate_is_no_accounts(self):
        key = Key()
        a = self.ca.ask("POST", "/v1/certificates?profile=acme", make_csr(["taken.internal"], key.key),
                        {"Content-Type": "application/pkcs10"})
        self.assertEqual(a.status, 201, a)
        old = self.client(register=True)
        self.refused(old.post(old.base + "/key-change", change(old, key)), 400, "badPublicKey", "certificate")
        self.refused(self.open(self.client(key=key)), 400, "badPublicKey", "certificate")
        self.assertEqual(old.post(old.kid).status, 200)

    # A244
    def test_what_was_answered_outlives_a_kill(self):
        c = self.client(register=True)
        c.post(c.kid, {"contact": ["mailto:kept@example.com"]})
        new = Key("EdDSA")
        self.assertEqual(c.post(c.base + "/key-change", change(c, new)).status, 200)
        self.kill()
        c.close()
        c.key = new
        self.assertEqual(c.post(c.kid).json["contact"], ["mailto:kept@example.com"])


class Limits(AcmeTest):
    site = "limits: { accounts_per_hour: 3, orders_per_hour: 2 }"

    # A83, A85, A86
    def test_too_many_accounts(self):
        for _ in range(3):
            c = self.client(register=True)
        other = self.client()
        for _ in range(3):
            a = other.post(other.base + "/new-account", {}, True)
            self.refused(a, 429, "rateLimited")
            self.assertGreater(int(a.headers["Retry-After"]), 0)
            self.assertLessEqual(int(a.headers["Retry-After"]), 3600)
        self.assertEqual(c.post(c.base + "/new-account", {}, True).status, 200, "who has one is not counted")
        self.refused(other.post(other.base + "/new-account", {"onlyReturnExisting": True}, True), 400,
                     "accountDoesNotExist")

    # S32: who shares the address is not held up by it
    def test_what_lacks_its_binding_is_not_counted(self):
        stranger = self.client("bound")
        for _ in range(5):
            self.refused(stranger.post(stranger.base + "/new-account", {}, True), 403, "externalAccountRequired")


class Binding(AcmeTest):
    def key(self, **more):
        a = self.ca.ask("POST", "/v1/acme/eab", {"directory": "bound"} | more)
        self.assertEqual(a.status, 201, a)
        return a.json["kid"], a.json["hmac_key"]

    def open(self, client, eab, **more):
        return client.post(client.base + "/new-account", {"externalAccountBinding": eab} | more, True)

    # A117
    def test_without_one(self):
        c = self.client("bound")
        for payload in ({}, {"externalAccountBinding": None}):
            self.refused(c.post(c.base + "/new-account", payload, True), 403, "externalAccountRequired")

    # A118, A120, S12, R56, R78
    def test_each_part_is_looked_at(self):
        kid, mac = self.key()
        c, before = self.client("bound"), self.count("acme_account")
        good = c.binding(kid, mac)
        for wrong in ([], [good], "x", 1, True, {}, {"x": 1}, ".".join(good.values()), good | {"header": {}},
                      good | {"signatures": []}, {k: good[k] for k in ("protected", "payload")},
                      good | {"payload": good["payload"] + "="}, good | {"protected": ""}, c.binding(kid, mac, nonce=c.nonce()), c.binding(kid, mac, nonce=""),
                      c.binding(kid, mac, url=c.base + "/new-order"), c.binding(kid, mac, url=c.base),
                      c.binding(kid, mac, url=self.client().base + "/new-account"), c.binding(kid, mac, url=1),
                      c.binding(kid, mac, jwk=Key().jwk), c.binding(kid, mac, jwk={"x": 1}),
                      c.binding(kid, mac, jwk=[c.key.jwk]), c.binding(kid, mac, jwk=c.key.jwk | {"d": "AQAB"}),
                      c.binding(kid, mac, jwk="x"), c.binding(1, mac), c.binding(None, mac),
                      c.binding(kid, mac, crit=["x"]), c.binding(kid, mac, b64=False)):
            self.refused(self.open(c, wrong), 400, "malformed")
        for alg in ("none", "HS1", "hs256", "RS256", "ES256", "", "HS256 ", "A128KW"):
            said = set()
            for one in (kid, "nobody"):  # of which the MAC is made, too
                a = self.open(c, c.binding(one, mac, alg=alg))
                self.refused(a, 400, "malformed")
                said.add(a.json["detail"])
            self.assertEqual(len(said), 1, said)
        words = set()
        for wrong in (c.binding("nobody", mac), c.binding("", mac), c.binding(kid + "x", mac), c.binding(kid[:-1], mac),
                      c.binding(kid.upper() + "A", mac), c.binding(kid, b64(b"\0" * 32)), c.binding(kid, ""),
                      good | {"signature": ""}, good | {"signature": b64(unb64(good["signature"])[:-1])}, good | {"payload": ""},
                      good | {"signature": b64(unb64(good["signature"]) + b"\0")},
                      good | {"signature": b64(bytes([unb64(good["signature"])[0] ^ 1]) + unb64(good["signature"])[1:])},
                      c.binding(kid, mac, alg="HS512") | {"signature": good["signature"]},
                      c.binding("' OR 1=1--", mac), c.binding("x" * 5000, mac), c.binding("\n", mac)):
            a = self.open(c, wrong)
            self.refused(a, 403, "unauthorized")
            words.add(a.json["detail"])
        self.assertEqual(len(words), 1, "an unknown key and a wrong MAC are told in the same words")
        signed = c.jws({"alg": "ES256", "kid": kid, "url": c.base + "/new-account"}, c.key.jwk)
        self.refused(self.open(c, signed), 400, "malformed")
        self.assertEqual(self.count("acme_account"), before)
        a = self.open(c, good)
        self.assertEqual(a.status, 201, a)
        self.assertEqual(a.json["externalAccountBinding"], good)
        self.refused(self.open(self.client("bound"), good), 400, "malformed")
        other = self.client("bound")
        self.refused(self.open(other, other.binding(kid, mac)), 403, "unauthorized", "new one")

    # A118, A122: what is not made was not bound
    def test_a_binding_that_is_too_long_to_be_kept_uses_no_key_up(self):
        kid, mac = self.key()
        c = self.client("bound")
        self.refused(self.open(c, c.binding(kid, mac) | {"x": "y" * 17000}), 413, "malformed")
        self.assertEqual(self.count("acme_eab", f"kid = '{kid}' AND accounts_n = 0"), 1)
        self.assertEqual(self.open(c, c.binding(kid, mac)).status, 201)

    # A118, A119: as keys, not as octets
    def test_all_ways_to_write_a_good_one(self):
        for alg, account in (("HS256", "ES256"), ("HS384", "RS256"), ("HS512", "EdDSA")):
            kid, mac = self.key()
            c = self.client("bound", alg=account)
            jwk = dict(reversed(list((c.key.jwk | {"use": "sig"}).items())))
            a = self.open(c, c.binding(kid, mac, alg=alg, jwk=jwk), contact=["mailto:a@example.com"])
            self.assertEqual(a.status, 201, a)

    # A122, A123, R56
    def test_a_key_of_another_directory_a_revoked_one_and_one_that_is_not_needed(self):
        kid, mac = self.key()
        c = self.client()
        self.refused(self.open(c, c.binding(kid, mac)), 403, "unauthorized", "another directory")
        self.assertEqual(self.ca.ask("DELETE", f"/v1/acme/eab/{kid}").status // 100, 2)
        c = self.client("bound")
        self.refused(self.open(c, c.binding(kid, mac)), 403, "unauthorized", "revoked")
        kid, mac = self.key(directory="acme")
        c = self.client()
        for unknown in (c.binding(kid, b64(b"x" * 32)), c.binding("nobody", mac)):  # ADR 0012
            self.refused(self.open(c, unknown), 403, "unauthorized", "unknown here, or the MAC is wrong")
        a = self.open(c, c.binding(kid, mac))
        self.assertEqual(a.status, 201, a)
        self.assertEqual(a.json["externalAccountBinding"]["protected"], c.binding(kid, mac)["protected"])

    # A124, A120
    def test_a_binding_outlives_a_key_change_and_is_told_again(self):
        kid, mac = self.key()
        c = self.client("bound")
        eab = c.binding(kid, mac)
        c.kid = self.open(c, eab).headers["Location"]
        self.assertEqual(c.post(c.base + "/new-account", {}, True).json["externalAccountBinding"], eab)
        new = Key()
        self.assertEqual(c.post(c.base + "/key-change", change(c, new)).status, 200)
        c.key = new
        self.assertEqual(c.post(c.kid).json["externalAccountBinding"], eab)
        self.assertEqual(c.post(c.base + "/new-account", {"onlyReturnExisting": True}, True).status, 200)
        self.assertEqual(self.count("acme_account", "directory = 'bound' AND eab_num IS NOT NULL"),
                         self.count("acme_account", "directory = 'bound'"))

    # A122, A74
    def test_of_many_with_one_key_one_is_bound(self):
        kid, mac = self.key()
        clients = [self.client("bound") for _ in range(20)]
        for c in clients:
            c.nonces = [c.nonce()]
        answers = race(*[lambda c=c: self.open(c, c.binding(kid, mac)) for c in clients])
        self.assertEqual(sorted(a.status for a in answers), [201] + [403] * 19)


def change(c, new, header=None, payload=None, key=None, **more):
    """The inner JWS of a key change; 'header' and 'payload' are changed so."""
    inner = {"alg": new.alg, "jwk": new.jwk, "url": c.base + "/key-change"} | (header or {}) | more
    said = {"account": c.kid, "oldKey": c.key.jwk} if payload is None else payload
    return c.jws({k: v for k, v in inner.items() if v is not None}, said, key or new)


class KeyChange(AcmeTest):
    def url(self, c):
        return c.base + "/key-change"

    # A125, A126, A127, A129, R66
    def test_each_part_is_looked_at(self):
        c, new, other = self.client(register=True), Key(), self.client(register=True)
        right = {"account": c.kid, "oldKey": c.key.jwk}
        good = change(c, new)
        wrong = [change(c, new, nonce=c.nonce()), change(c, new, nonce=""), change(c, new, url=c.base + "/new-account"),
                 change(c, new, url=None), change(c, new, jwk=None, kid=c.kid), change(c, new, kid=c.kid),
                 change(c, new, jwk=None), change(c, new, key=c.key), change(c, new, key=other.key),
                 change(c, new, jwk=new.jwk | {"d": "AQAB"}), change(c, new, crit=["x"]), change(c, new, alg=None),
                 {}, {"x": 1}, good | {"header": {}}, good | {"signatures": []}, good | {"signature": ""},
                 good | {"payload": ""}, good | {"payload": good["payload"] + "="},
                 good | {"signature": b64(bytes(64))}, change(c, new, payload=b""), change(c, new, payload=b"[]"),
                 change(c, c.key), change(c, c.key, alg="ES256")]
        wrong += [change(c, new, payload=p) for p in (
            {}, {"account": c.kid}, {"oldKey": c.key.jwk}, right | {"account": other.kid}, right | {"account": c.kid + "/"},
            right | {"account": c.kid.rsplit("/", 1)[1]}, right | {"account": None}, right | {"account": [c.kid]},
            right | {"oldKey": new.jwk}, right | {"oldKey": other.key.jwk}, right | {"oldKey": None},
            right | {"oldKey": "x"}, right | {"oldKey": {}}, right | {"oldKey": c.key.jwk | {"d": "AQAB"}},
            right | {"oldKey": [c.key.jwk]})]
        for inner in wrong:
            self.refused(c.post(self.url(c), inner), 400, "malformed")
        for alg in ("none", "HS256", "PS256", "es256"):
            self.refused(c.post(self.url(c), change(c, new, alg=alg)), 400, "badSignatureAlgorithm")
        self.refused(c.post(self.url(c), change(c, new, alg="ES384")), 400, "badPublicKey")
        self.refused(c.post(self.url(c), good, True), 400, "malformed")
        for payload in (b"", b'"' + good["payload"].encode() + b'"', b"[]"):
            self.refused(c.post(self.url(c), payload), 400, "malformed")
        weak = rsa.generate_private_key(65537, 1024)
        n = weak.public_key().public_numbers().n
        short = Key()
        short.alg, short.key = "RS256", weak
        short.sign = lambda data: weak.sign(data, padding.PKCS1v15(), hashes.SHA256())
        self.assertEqual(short.jwk["n"], number(n))
        self.refused(c.post(self.url(c), change(c, short)), 400, "badPublicKey")
        self.assertEqual(c.post(c.kid).status, 200, "the old key is the account's still")
        self.assertEqual(c.post(self.url(c), change(c, new, payload=right | {"x": 1})).status, 200)

    # A130
    def test_from_then_on_the_new_key_alone(self):
        c = self.client(register=True, contact=["mailto:a@example.com"])
        kid = c.kid
        for alg in ("RS256", "ES384", "EdDSA", "ES512", "ES256"):
            old, new = c.key, Key(alg)
            a = c.post(self.url(c), change(c, new))
            self.assertEqual(a.status, 200, a)
            self.assertEqual(a.json["contact"], ["mailto:a@example.com"])
            self.assertIn(c.post(kid).status, (400, 401, 403))
            was = self.client(key=old)
            self.refused(was.post(c.base + "/new-account", {"onlyReturnExisting": True}, True), 400,
                         "accountDoesNotExist")
            c.key = new
            self.assertEqual(c.post(kid).status, 200)
            a = c.post(c.base + "/new-account", {}, True)
            self.assertEqual((a.status, a.headers["Location"]), (200, kid))

    # A130, A109: core has seen the key lately, and for whom it spoke then
    def test_a_key_that_goes_to_another_account_speaks_for_that_one(self):
        a, b = self.client(register=True), self.client(register=True)
        moving = a.key
        for c in (a, b, a, b):
            self.assertEqual(c.post(c.kid).status, 200)
        other = Key()
        self.assertEqual(a.post(self.url(a), change(a, other)).status, 200)
        self.assertIn(a.post(a.kid).status, (400, 401, 403), "the key is no account's for now")
        self.assertEqual(b.post(self.url(b), change(b, moving)).status, 200)
        self.assertIn(a.post(a.kid).status, (400, 401, 403), "it is the other's")
        self.assertIn(b.post(b.kid).status, (400, 401, 403))
        a.key, b.key = other, moving
        for c in (a, b):
            self.assertEqual(c.post(c.kid).status, 200)
        self.assertEqual(b.post(b.kid, {"status": "deactivated"}).status, 200)
        self.refused(b.post(b.kid), 401, "unauthorized")
        self.assertEqual(a.post(a.kid).status, 200)

    # A128
    def test_a_key_in_use(self):
        a, b, gone = self.client(register=True), self.client(register=True), self.client(register=True)
        gone.post(gone.kid, {"status": "deactivated"})
        for taken in (b, gone):
            answer = a.post(self.url(a), change(a, taken.key))
            self.assertEqual((answer.status, answer.headers["Location"]), (409, taken.kid), answer)
        self.assertEqual((a.post(a.kid).status, b.post(b.kid).status), (200, 200))

    # A128: two accounts want one key at once
    def test_of_two_that_want_one_key_one_gets_it(self):
        for _ in range(5):
            clients, new = [self.client(register=True) for _ in range(4)], Key()
            for c in clients:
                c.nonces = [c.nonce()]
            answers = race(*[lambda c=c: c.post(self.url(c), change(c, new)) for c in clients])
            self.assertEqual(sorted(a.status for a in answers), [200, 409, 409, 409])
            winner = clients[[a.status for a in answers].index(200)]
            self.assertEqual({a.headers["Location"] for a in answers}, {winner.kid})
