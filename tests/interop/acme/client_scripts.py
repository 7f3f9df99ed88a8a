# SPDX-License-Identifier: Apache-2.0
"""The libraries, each with a script of ours in its language."""
import json
import os
import shutil
import threading

import script
import world

COMMON = {
    "rfc2136": "leaves dns-01 to the caller",
    "ip": "makes dns identifiers of all names",
    "ari": "does not know it",
    "replaces": "sends none",
    "profile": "does not know them",
    "https": "is a library",
}


class PythonAcme(script.Script):
    name, package = "python3-acme", "python3-acme"
    account_type = "rsa"
    helper = ("/usr/bin/python3", world.HELPERS / "python_acme.py")
    cannot = {
        **COMMON,
        "notafter": "has no argument for it",
        "keychange": "has no call for it",
        "revoke_cert_key": "certbot, which is made of it, has that cell",
        "tlsalpn01": "makes the certificate, but has no server for it",
    }


class RubyAcmeClient(script.Script):
    name = package = "ruby-acme-client"
    account_type = "p384"
    helper = ("ruby", world.HELPERS / "ruby_acme_client.rb")
    cannot = {
        **COMMON,
        "eab": "knows it from 2.0.10 on",
        "tlsalpn01": "makes the certificate from 2.0.14 on",
        "revoke_cert_key": "signs by the account alone",
    }


class NodeAcmeClient(script.Script):
    name, package = "node-acme-client", "npm's acme-client"
    helper = ("node", world.HELPERS / "node" / "script.js")
    cannot = {
        **COMMON,
        "tlsalpn01": "makes the certificate, but has no server for it",
        "revoke_cert_key": "signs by the account alone",
    }
    installing = threading.Lock()

    def version(self):
        lock = json.loads((world.HELPERS / "node/package-lock.json").read_text())
        return lock["packages"]["node_modules/acme-client"]["version"]

    def prepare(self):
        super().prepare()
        # The registry is asked for exactly what the lock file has, by its hashes.
        place = world.build() / "interop-node"
        place.mkdir(exist_ok=True)
        lock = world.HELPERS / "node/package-lock.json"
        done = place / "installed.json"
        if not done.exists() or done.read_bytes() != lock.read_bytes():
            for file in ("package.json", "package-lock.json"):
                shutil.copy(world.HELPERS / "node" / file, place / file)
            # With the caller's environment: a proxy, a registry's CA.
            self.run("npm", "ci", "--prefix", place, "--no-audit", "--no-fund",
                     "--ignore-scripts", "--fetch-retries", "1", timeout=180, env=os.environ)
            if self.last.returncode != 0:
                raise AssertionError("npm cannot install acme-client: is its registry reachable? "
                                     + self.last.stderr[-1500:])
            shutil.copy(lock, done)
        self.modules = place / "node_modules"

    def script(self, action, kind="main", account="account.key", **more):
        return super().script(action, kind, account, NODE_PATH=self.modules,
                              NODE_EXTRA_CA_CERTS=self.roots, **more)
