// An OpenID provider (npm oidc-provider) with its development forms for login and consent: any name is let in.
// Usage: node server.mjs REDIRECT_URI MILLISECONDS [token]. Prints its origin, then serves until it is killed. The time is what its clock says.
//
// Clients: "basic" (secret in the header, ID tokens by RS256), "post" (secret in the form, ES256) and "public" (no secret, PS256). PKCE is required of all.
// Groups are in userinfo, or with "token" in the ID token, too.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const [redirect, time, inToken] = process.argv.slice(2);
Date.now = () => Number(time);
const groups = { eve: ['nurses', 'auditors'], ian: ['doctors'], mallory: ['visitors'] };
const key = (type, options, more) => ({ ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), use: 'sig', ...more });
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const origin = `http://127.0.0.1:${server.address().port}`;
  const client = (client_id, token_endpoint_auth_method, id_token_signed_response_alg) => ({
    client_id,
    ...(token_endpoint_auth_method === 'none' ? {} : { client_secret: 'a secret/with+signs:of%all kinds' }),
    grant_types: ['authorization_code'],
    redirect_uris: [redirect],
    response_types: ['code'],
    token_endpoint_auth_method,
    id_token_signed_response_alg,
  });
  const provider = new Provider(origin, {
    clients: [client('basic', 'client_secret_basic', 'RS256'), client('post', 'client_secret_post', 'ES256'), client('public', 'none', 'PS256')],
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'none'],
    claims: { openid: ['sub'], profile: ['name', 'preferred_username'], groups: ['groups'] },
    conformIdTokenClaims: !inToken,
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256', 'PS256'] },
    features: { devInteractions: { enabled: true } },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, name: `${id} of the hospital`, preferred_username: id === 'chooser' ? 'boss' : id, groups: groups[id] ?? [] }) }),
    jwks: { keys: [key('rsa', { modulusLength: 2048 }, { kid: 'r' }), key('ec', { namedCurve: 'P-256' }, { kid: 'e', alg: 'ES256' })] },
    pkce: { required: () => true },
    scopes: ['openid', 'groups'],
    cookies: { keys: ['k'] },
  });
  server.on('request', provider.callback());
  console.log(origin);
});
