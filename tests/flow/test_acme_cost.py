# SPDX-License-Identifier: Apache-2.0
"""What a certificate by ACME costs: requests, and work of the database."""
import os
import unittest

import acme_client
import acme_world


class Cost(acme_world.AcmeTest):
    def test_seven_requests_are_a_certificate(self):
        for _ in range(3):
            client = acme_client.Client(self.ca.api_port, self.ca.dir / "root.crt")
            self.assertEqual(client.register().status, 201)
            pem = client.certificate("localhost", responder=self.responder)
            self.assertEqual(pem.count("BEGIN CERTIFICATE"), 2)
            # new-nonce, new-account, new-order, authorization, challenge, finalize, certificate
            self.assertEqual(client.requests, 7)
            client.close()

    def written(self):
        """Octets that core has written to any file, and calls of write."""
        pid = self.ca.role_pids()["hanaper-core"]
        with open(f"/proc/{pid}/io", encoding="ascii") as io:
            lines = dict(line.split(": ") for line in io.read().splitlines())
        wal = self.ca.dir / "hanaper.db-wal"
        return int(lines["write_bytes"]), os.stat(wal).st_mtime_ns if wal.exists() else 0

    # A75: neither a row nor a flush; what was written to disk is told by the kernel
    def test_a_nonce_costs_the_database_nothing(self):
        client = acme_client.Client(self.ca.api_port, self.ca.dir / "root.crt")
        self.addCleanup(client.close)
        for _ in range(50):
            client.get(client.base + "/new-nonce", "HEAD")
        for _ in range(3):  # the daemon has things of its own to write, now and then
            before = self.written()
            for _ in range(1000):
                self.assertEqual(client.get(client.base + "/new-nonce", "HEAD").status, 200)
            after = self.written()
            if after[1] == before[1]:
                break
        self.assertEqual(after[1], before[1], "the database's log was written")
        self.assertLess(after[0] - before[0], 64 << 10, "a thousand nonces are pages of one small file")


if __name__ == "__main__":
    unittest.main()
