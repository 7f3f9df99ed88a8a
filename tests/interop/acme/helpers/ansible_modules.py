# SPDX-License-Identifier: Apache-2.0
"""community.crypto's acme_* modules, told by the environment (../script.py).

They are run as ansible runs them on a host, by their arguments on stdin, without the seconds that a playbook takes.
"""
import json
import os
import shutil
import subprocess
import sys
import urllib.request

env = os.environ
ACME = {"acme_directory": env["DIRECTORY"], "acme_version": 2}


def module(name, **arguments):
    """What it returns."""
    done = subprocess.run(
        [sys.executable, "-m", f"ansible_collections.community.crypto.plugins.modules.{name}"],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}), capture_output=True, text=True,
        env={**env, "SSL_CERT_FILE": env["ROOT"]})
    print(name, done.stdout, done.stderr)
    result = json.loads(done.stdout)
    if result.get("failed") or done.returncode != 0:
        sys.exit(1)
    return result


def account(state, **more):
    module("acme_account", state=state, account_key_src=env["ACCOUNT"], **ACME, **more)


def register():
    more = {}
    if "KID" in env:
        more["external_account_binding"] = {"kid": env["KID"], "alg": "HS256", "key": env["MAC"]}
    account("present", contact=["mailto:" + env["CONTACT"]], terms_agreed=True, **more)


def update():
    account("present", contact=["mailto:" + env["CONTACT"]], allow_creation=False)


def keychange():
    account("changed_key", new_account_key_src=env["NEW"])


def deactivate():
    account("absent")


def find():
    assert module("acme_account_info", account_key_src=env["ACCOUNT"], **ACME)["exists"]


def put_alpn(challenge):
    made = module("acme_challenge_cert_helper", challenge="tls-alpn-01", challenge_data=challenge,
                  private_key_src=env["ACCOUNT"])
    at = os.path.join(env["ALPN"], made["identifier"])
    with open(at + ".crt.pem", "w") as f:
        f.write(made["challenge_certificate"])
    shutil.copy(env["ACCOUNT"], at + ".key.pem")


def put_http(challenge):
    with open(os.path.join(env["WEBROOT"], os.path.basename(challenge["resource"])), "w") as f:
        f.write(challenge["resource_value"])


def put_dns(challenge):
    body = {"host": challenge["record"] + ".", "value": challenge["resource_value"]}
    urllib.request.urlopen(env["DNS_API"] + "/set-txt", json.dumps(body).encode()).close()


def issue():
    """Twice, as the module wants it: for the challenges, and when they can be answered."""
    kind = env["CHALLENGE"]
    arguments = {**ACME, "account_key_src": env["ACCOUNT"], "csr": env["CSR"], "challenge": kind,
                 "fullchain_dest": env["OUT"], "modify_account": False, "force": True,
                 "deactivate_authzs": "GIVE_UP" in env}
    if "CHAIN" in env:
        arguments["select_chain"] = [{"test_certificates": "last", "issuer": {"CN": env["CHAIN"]}}]
    begun = module("acme_certificate", **arguments)
    put = {"http-01": put_http, "dns-01": put_dns, "tls-alpn-01": put_alpn}[kind]
    for challenge in begun["challenge_data"].values():
        put(challenge[kind])
    module("acme_certificate", **arguments, data=begun)


def revoke():
    key = "private_key_src" if "BY" in env else "account_key_src"
    module("acme_certificate_revoke", certificate=env["OUT"], revoke_reason=int(env["REASON"]),
           **ACME, **{key: env["ACCOUNT"]})


{"register": register, "issue": issue, "find": find, "update": update, "keychange": keychange,
 "deactivate": deactivate, "revoke": revoke}[env["ACTION"]]()
