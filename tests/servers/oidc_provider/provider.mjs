// An OpenID provider on loopback: node provider.mjs MODULES ISSUER PEM INTROSPECTION_PORT TTL_JSON
import { createServer } from 'node:https';
import { readFileSync } from 'node:fs';

const [modules, issuer, pem, introspectionPort, ttl] = process.argv.slice(2);
const { Provider } = await import(`${modules}/oidc-provider/lib/index.js`);

const device = 'urn:ietf:params:oauth:grant-type:device_code';
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'public',
      token_endpoint_auth_method: 'none',
      application_type: 'native',
      redirect_uris: ['http://127.0.0.1/'],
      grant_types: ['authorization_code', 'refresh_token', device],
      response_types: ['code'],
    },
    {
      client_id: 'application',
      client_secret: 'the-secret-of-the-application',
      redirect_uris: [],
      grant_types: ['client_credentials'],
      response_types: [],
    },
    {
      client_id: 'dovecot',
      client_secret: 'the-secret-of-dovecot',
      redirect_uris: [],
      grant_types: [],
      response_types: [],
    },
  ],
  scopes: ['openid', 'offline_access', 'smtp'],
  features: {
    deviceFlow: { enabled: true },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true },
    devInteractions: { enabled: true },
  },
  rotateRefreshToken: true,
  issueRefreshToken: async (ctx, client) => client.grantTypeAllowed('refresh_token'),
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, email: id }) }),
  ttl: {
    AccessToken: 3600, ClientCredentials: 600, DeviceCode: 60, RefreshToken: 86400,
    ...JSON.parse(ttl),
  },
});

const key = readFileSync(pem);
createServer({ key, cert: key }, provider.callback()).listen(new URL(issuer).port, '127.0.0.1', () => {
  // Dovecot asks about tokens without TLS.
  provider.listen(Number(introspectionPort), '127.0.0.1', () => console.log('ready'));
});
