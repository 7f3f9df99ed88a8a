// SPDX-License-Identifier: Apache-2.0
// npm's acme-client, told by the environment (../../script.py).
'use strict';
const fs = require('fs');
const net = require('net');
const acme = require('acme-client');

const env = process.env;

async function client() {
    const options = {
        directoryUrl: env.DIRECTORY,
        accountKey: fs.readFileSync(env.ACCOUNT),
        backoffMin: 200,
        backoffMax: 1000,
    };
    if (env.KID) {
        options.externalAccountBinding = { kid: env.KID, hmacKey: env.MAC };
    }
    return new acme.Client(options);
}

async function known() {
    const c = await client();
    await c.createAccount({ onlyReturnExisting: true });
    return c;
}

async function dns(command, host, value) {
    await fetch(`${env.DNS_API}/${command}`, {
        method: 'POST',
        body: JSON.stringify({ host: `_acme-challenge.${host}.`, value }),
    });
}

async function issue(c) {
    const identifiers = env.NAMES.split(' ').map(
        (value) => ({ type: net.isIP(value) ? 'ip' : 'dns', value }),
    );
    const order = await c.createOrder(env.NOT_AFTER
        ? { identifiers, notAfter: env.NOT_AFTER } : { identifiers });
    const authorizations = await c.getAuthorizations(order);
    for (const a of authorizations) {
        const challenge = a.challenges.find((x) => x.type === env.CHALLENGE);
        if (a.status === 'valid') continue;
        const answer = await c.getChallengeKeyAuthorization(challenge);
        if (challenge.type === 'http-01') {
            fs.writeFileSync(`${env.WEBROOT}/${challenge.token}`, answer);
        } else if (challenge.type === 'tls-alpn-01') {
            const [key, certificate] = await acme.crypto.createAlpnCertificate(a, answer);
            const at = `${env.ALPN}/${a.identifier.value}`;
            fs.writeFileSync(`${at}.key.pem`, key);
            fs.writeFileSync(`${at}.crt.pem`, certificate);
        } else {
            await dns('set-txt', a.identifier.value, answer);
        }
        await c.completeChallenge(challenge);
        await c.waitForValidStatus(challenge);
    }
    const done = await c.finalizeOrder(order, fs.readFileSync(env.CSR));
    fs.writeFileSync(env.OUT, await c.getCertificate(done, env.CHAIN || null));
    if (env.GIVE_UP) {
        for (const a of authorizations) await c.deactivateAuthorization(a);
    }
}

const actions = {
    register: async () => (await client()).createAccount({
        termsOfServiceAgreed: true, contact: [`mailto:${env.CONTACT}`],
    }),
    issue: async () => issue(await known()),
    find: known,
    update: async () => (await known()).updateAccount({ contact: [`mailto:${env.CONTACT}`] }),
    keychange: async () => (await known()).updateAccountKey(fs.readFileSync(env.NEW)),
    deactivate: async () => (await known()).updateAccount({ status: 'deactivated' }),
    revoke: async () => (await known()).revokeCertificate(fs.readFileSync(env.OUT),
        { reason: Number(env.REASON) }),
};

actions[env.ACTION]().catch((e) => {
    console.error(e);
    process.exit(1);
});
