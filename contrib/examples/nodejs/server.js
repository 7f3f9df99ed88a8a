// Node.js: mutual TLS.  node server.js; kill -HUP after a renewal: connections are kept.
'use strict';
const fs = require('fs');
const https = require('https');

const tls = '@TLS@';
const context = () => ({
  cert: fs.readFileSync(tls + '/cert.pem'),
  key: fs.readFileSync(tls + '/key.pem'),
  ca: fs.readFileSync(tls + '/root.crt'), // who may come in
  requestCert: true,
  rejectUnauthorized: true,
  minVersion: 'TLSv1.2',
});

const server = https.createServer(context(), (request, response) => {
  response.end(`hello ${request.socket.getPeerCertificate().subject.CN}\n`);
});
server.listen(@PORT@, '127.0.0.1');
process.on('SIGHUP', () => {
  try {
    server.setSecureContext(context());
  } catch (e) {
    console.error(`the certificate stays as it was: ${e.message}`);
  }
});
