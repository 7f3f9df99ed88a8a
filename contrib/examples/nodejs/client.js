// Node.js: a client that shows its certificate.  node client.js https://NAME:PORT/
'use strict';
const fs = require('fs');
const https = require('https');

const tls = '@TLS@';
https.get(process.argv[2], {
  cert: fs.readFileSync(tls + '/cert.pem'),
  key: fs.readFileSync(tls + '/key.pem'),
  ca: fs.readFileSync(tls + '/root.crt'),
}, (response) => response.pipe(process.stdout))
  .on('error', (e) => { console.error(e.message); process.exitCode = 1; });
