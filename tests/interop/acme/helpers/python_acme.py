# SPDX-License-Identifier: Apache-2.0
"""python3-acme, told by the environment (../script.py)."""
import datetime
import json
import os
import urllib.request

import josepy
from acme import challenges, client, messages
from cryptography.hazmat.primitives import serialization
from OpenSSL import crypto

env = os.environ


def load():
    with open(env["ACCOUNT"], "rb") as f:
        key = serialization.load_pem_private_key(f.read(), None)
    return josepy.JWKRSA(key=key), josepy.RS256


def connect():
    key, alg = load()
    net = client.ClientNetwork(key, alg=alg, user_agent="hanaper-interop", verify_ssl=env["ROOT"])
    return client.ClientV2(client.ClientV2.get_directory(env["DIRECTORY"], net), net)


def find():
    """By onlyReturnExisting: what the server says to a key that it knows."""
    acme = connect()
    body = messages.NewRegistration(key=acme.net.key.public_key(), only_return_existing=True)
    answer = acme.net.post(acme.directory["newAccount"], body, new_nonce_url=acme.directory[
        "newNonce"])
    acme.net.account = messages.RegistrationResource(
        uri=answer.headers["Location"], body=messages.Registration.from_json(answer.json()))
    return acme


def register():
    acme = connect()
    more = {}
    if "KID" in env:
        more["external_account_binding"] = messages.ExternalAccountBinding.from_data(
            account_public_key=acme.net.key.public_key(), kid=env["KID"], hmac_key=env["MAC"],
            directory=acme.directory)
    acme.new_account(messages.NewRegistration.from_data(
        email=env["CONTACT"], terms_of_service_agreed=True, **more))


def put(acme, name, challenge):
    response = challenge.chall.response(acme.net.key)
    if env["CHALLENGE"] == "tls-alpn-01":
        certificate, key = response.gen_cert(name)
        at = os.path.join(env["ALPN"], name)
        with open(at + ".crt.pem", "wb") as f:
            f.write(crypto.dump_certificate(crypto.FILETYPE_PEM, certificate))
        with open(at + ".key.pem", "wb") as f:
            f.write(crypto.dump_privatekey(crypto.FILETYPE_PEM, key))
    elif env["CHALLENGE"] == "http-01":
        path = os.path.join(env["WEBROOT"], challenge.chall.encode("token"))
        with open(path, "w") as f:
            f.write(challenge.chall.validation(acme.net.key))
    else:
        body = {"host": challenge.chall.validation_domain_name(name) + ".",
                "value": challenge.chall.validation(acme.net.key)}
        urllib.request.urlopen(env["DNS_API"] + "/set-txt", json.dumps(body).encode()).close()
    acme.answer_challenge(challenge, response)


def issue():
    acme = find()
    kind = {"http-01": challenges.HTTP01, "dns-01": challenges.DNS01,
            "tls-alpn-01": challenges.TLSALPN01}[env["CHALLENGE"]]
    with open(env["CSR"], "rb") as f:
        order = acme.new_order(f.read())
    for authorization in order.authorizations:
        if authorization.body.status == messages.STATUS_VALID:
            continue
        challenge = next(c for c in authorization.body.challenges if isinstance(c.chall, kind))
        put(acme, authorization.body.identifier.value, challenge)
    chain = env.get("CHAIN")
    order = acme.poll_and_finalize(
        order, datetime.datetime.now() + datetime.timedelta(seconds=30)) if not chain else \
        with_alternates(acme, order)
    text = order.fullchain_pem
    for other in order.alternative_fullchains_pem or () if chain else ():
        if chain in issuers(other):
            text = other
    with open(env["OUT"], "w") as f:
        f.write(text)
    if env.get("GIVE_UP"):
        for authorization in order.authorizations:
            acme.deactivate_authorization(authorization)


def with_alternates(acme, order):
    deadline = datetime.datetime.now() + datetime.timedelta(seconds=30)
    order = acme.poll_authorizations(order, deadline)
    return acme.finalize_order(order, deadline, fetch_alternative_chains=True)


def issuers(chain):
    end = "-----END CERTIFICATE-----"
    last = [p + end for p in chain.split(end) if "BEGIN" in p][-1]
    return crypto.load_certificate(crypto.FILETYPE_PEM,
                                           last.encode()).get_issuer().CN


def update():
    acme = find()
    body = acme.net.account.body.update(contact=("mailto:" + env["CONTACT"],))
    acme.update_registration(acme.net.account, body)


def deactivate():
    acme = find()
    acme.deactivate_registration(acme.net.account)


def revoke():
    acme = connect() if "BY" in env else find()
    with open(env["OUT"], "rb") as f:
        certificate = crypto.load_certificate(crypto.FILETYPE_PEM, f.read())
    acme.revoke(josepy.ComparableX509(certificate), int(env["REASON"]))


{"register": register, "issue": issue, "find": find, "update": update,
 "deactivate": deactivate, "revoke": revoke}[env["ACTION"]]()
