# SPDX-License-Identifier: Apache-2.0
"""A library that is older than the one that was built with ends the start, and is named."""
import os
import shutil
import subprocess
import unittest

from hnp import BUILD, FlowTest, ROLES, SANITIZED, SLOW, UNCONFINED, WRAP, run

OLD = {  # role: the library that it stands on, and how that tells its version
    "hanaper-signer": ("GnuTLS", "gnutls_check_version", "3.7.8"),
    "hanaper-core": ("SQLite", "sqlite3_libversion", "3.39.4"),
    "hanaper-prober": ("c-ares", "ares_version", "1.17.2"),
    "hanaper-front": ("libmicrohttpd", "MHD_get_version", "0.9.74"),
}


@unittest.skipIf(SANITIZED, "a sanitizer must be the first library")
class Libraries(FlowTest):
    running = False

    # R88
    def test_an_older_one_ends_the_start(self):
        for role, (library, function, version) in OLD.items():
            with self.subTest(role):
                bin = self.ca.tmp / role
                bin.mkdir()
                for name in (*ROLES, "hanaperd"):
                    shutil.copy(BUILD / name, bin / name)
                old = bin / "old.so"
                run("cc", "-shared", "-fPIC", "-x", "c", "-o", old, "-",
                    stdin=f'const char *{function}(const char *r) {{ (void)r; return "{version}"; }}')
                shutil.move(bin / role, bin / "real")
                (bin / role).write_text(f'#!/bin/sh\nLD_PRELOAD={old} exec {bin}/real "$@"\n')
                os.chmod(bin / role, 0o755)
                done = subprocess.run([*WRAP, bin / "hanaperd", "-f", "--dir", self.ca.dir, *UNCONFINED],
                                      text=True, capture_output=True, timeout=20 * SLOW)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(f"{library} {version} is older than", done.stdout + done.stderr)
        self.ca.start()
