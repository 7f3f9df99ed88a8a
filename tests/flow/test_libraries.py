# SPDX-License-Identifier: Apache-2.0
"""A library that is older than the one that was built with ends the start, and is named."""
import os
import shutil
import subprocess
import unittest

from hnp import BUILD, FlowTest, ROLES, SANITIZED, SLOW, UNCONFINED, WRAP, run

TEXT = 'const char *%s(const char *r) { (void)r; return "%s"; }'
STRUCT = 'static struct { int age; const char *version; void *rest[50]; } v; ' \
         'void *%s(int now) { (void)now; v.version = "%s"; return &v; }'
OLD = (  # a role, the library that it stands on, how that tells its version, and as what
    ("hanaper-signer", "GnuTLS", "gnutls_check_version", "3.7.8", TEXT),
    ("hanaper-signer", "libtasn1", "asn1_check_version", "4.18.0", TEXT),
    ("hanaper-core", "SQLite", "sqlite3_libversion", "3.39.4", TEXT),
    ("hanaper-core", "jansson", "jansson_version_str", "2.13.1", TEXT),
    ("hanaper-prober", "c-ares", "ares_version", "1.17.2", TEXT),
    ("hanaper-prober", "libcurl", "curl_version_info", "7.87.0", STRUCT),
    ("hanaper-front", "libmicrohttpd", "MHD_get_version", "0.9.74", TEXT),
)


@unittest.skipIf(SANITIZED, "a sanitizer must be the first library")
class Libraries(FlowTest):
    running = False

    # R88
    def test_an_older_one_ends_the_start(self):
        for role, library, function, version, kind in OLD:
            with self.subTest(library):
                bin = self.ca.tmp / library
                bin.mkdir()
                for name in (*ROLES, "hanaperd"):
                    shutil.copy(BUILD / name, bin / name)
                old = bin / "old.so"
                run("cc", "-shared", "-fPIC", "-x", "c", "-o", old, "-",
                    stdin=kind % (function, version))
                shutil.move(bin / role, bin / "real")
                (bin / role).write_text(f'#!/bin/sh\nLD_PRELOAD={old} exec {bin}/real "$@"\n')
                os.chmod(bin / role, 0o755)
                done = subprocess.run([*WRAP, bin / "hanaperd", "-f", "--dir", self.ca.dir, *UNCONFINED],
                                      text=True, capture_output=True, timeout=20 * SLOW)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(f"{library} {version} is older than", done.stdout + done.stderr)
        self.ca.start()
