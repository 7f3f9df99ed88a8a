# SPDX-License-Identifier: Apache-2.0
"""The libraries and Ansible's modules, each with a script of ours in its language."""
import json
import os
import shutil

import script
import world

COMMON = {
    "rfc2136": "leaves dns-01 to the caller",
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
        "tlsalpn01": "its certificate bears the identifier of a draft, 1.3.6.1.5.5.7.1.30.1",
    }


class Ansible(script.Script):
    """The modules of the collection community.crypto."""
    name = package = "ansible"
    account_type = "p384"
    helper = ("/usr/bin/python3", world.HELPERS / "ansible_modules.py")
    cannot = {
        "rfc2136": "leaves dns-01 to other modules",
        "ari": "community.crypto 2.20 asks for it",
        "replaces": "community.crypto 2.20 sends it",
        "profile": "community.crypto 2.24 can",
        "notafter": "has no argument for it",
        "https": "gets certificates for other servers",
    }


class RubyAcmeClient(script.Script):
    name = package = "ruby-acme-client"
    account_type = "p384"
    helper = ("ruby", world.HELPERS / "ruby_acme_client.rb")
    cannot = {
        **COMMON,
        "eab": "2.0.18 can",
        "tlsalpn01": "makes no certificate for it",
        "revoke_cert_key": "signs by the account alone",
    }


class NodeAcmeClient(script.Script):
    name, package = "node-acme-client", "npm's acme-client"
    helper = ("node", world.HELPERS / "node" / "script.js")
    cannot = {
        **COMMON,
        "revoke_cert_key": "signs by the account alone",
    }

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
