// An authorisation server (npm oidc-provider) and, beside it, the smallest FHIR server that believes its tokens.
// Usage: node server.mjs JWKS.json [MILLISECONDS]. Prints its origin, then serves until it is killed. With a time, that is what its clock says until
// PUT /clock sets it; GET /counted is how many tokens it has given.
//
// Clients: "es384", "rs384" (may sign with that algorithm only). oidc-provider accepts an assertion that expires in an hour and an audience
// that is the issuer; SMART does not, so that is checked here. A jti that comes twice it refuses by itself.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

let now = Number(process.argv[3]);
if (now) Date.now = () => now;
let given = 0;
const jwks = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const origin = `http://127.0.0.1:${server.address().port}`;
  const client = (algorithm) => ({
    client_id: algorithm.toLowerCase(),
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: algorithm,
    scope: 'system/Observation.rs system/Patient.rs',
    jwks,
  });
  const provider = new Provider(origin, {
    clients: [client('ES384'), client('RS384')],
    enabledJWA: { clientAuthSigningAlgValues: ['ES384', 'RS384'] },
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
    scopes: ['system/Observation.rs', 'system/Patient.rs'],
    ttl: { ClientCredentials: 300 },
    assertJwtClientAuthClaimsAndHeader(ctx, claims, header) {
      const now = Date.now() / 1000;
      const wrong =
        (claims.aud !== `${origin}/token` && 'aud') ||
        (claims.sub !== claims.iss && 'sub') ||
        (!(claims.exp <= now + 300) && 'exp') ||
        (!(claims.iat <= now) && 'iat') ||
        (header.typ !== 'JWT' && 'typ') ||
        (!jwks.keys.some((key) => key.kid === header.kid) && 'kid');
      if (wrong) {
        console.error(`assertion: ${wrong}`);
        throw new Error(wrong);
      }
    },
  });
  const authorisation = provider.callback();
  provider.on('grant.success', () => ++given);
  const clock = (request, response) => {
    let text = '';
    request.on('data', (some) => (text += some));
    request.on('end', () => response.end(String((now = Number(text)))));
  };

  const fhir = async (request, response) => {
    const answer = (status, body) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(body && JSON.stringify(body));
    if (request.url === '/fhir/.well-known/smart-configuration')
      return request.headers.authorization ? answer(400, {}) : answer(200, { token_endpoint: '/token' });
    const value = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    const token = value && (await provider.ClientCredentials.find(value));
    if (!token) return answer(401, {});
    if (request.url === '/fhir/revoke') {
      await token.destroy();
      return answer(204);
    }
    return answer(200, { resourceType: 'Patient', id: 'p1' });
  };
  server.on('request', (request, response) => {
    if (now && request.url === '/clock') return clock(request, response);
    if (request.url === '/counted') return response.end(String(given));
    return request.url.startsWith('/fhir/') ? fhir(request, response) : authorisation(request, response);
  });
  console.log(origin);
});
