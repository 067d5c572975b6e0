import test from 'ava';
import { createSample, type Sample } from './sample.ts';

async function problems(sample: Sample, method: string): Promise<string[]> {
  const findings = await sample.find('methods');
  return findings.filter(({ where }) => where === `miniredis.sample.v1.ThingService/${method}`).map(({ what }) => what);
}

test('an RPC without access, path or idempotency level is refused', async t => {
  const sample = await createSample(t);
  await sample.edit('thing_service', '    option idempotency_level = IDEMPOTENT;\n', '');
  await sample.edit('thing_service', '    option (google.api.http) = {get: "/v1/{name=tenants/*/things/*}"};\n', '');
  await sample.edit(
    'thing_service',
    '    option (miniredis.common.v1.access) = {\n      services: ["monitoring"]\n      rate: RATE_READ\n    };\n',
    '',
  );
  t.deepEqual(await problems(sample, 'CreateThing'), [
    'has no idempotency_level: write NO_SIDE_EFFECTS, IDEMPOTENT, or IDEMPOTENCY_UNKNOWN for what nobody may retry',
  ]);
  t.deepEqual(await problems(sample, 'GetThing'), ['people may call it, so it needs google.api.http']);
  t.deepEqual(await problems(sample, 'CountThings'), ['has no miniredis.common.v1.access option: say who may call it']);
});

test('an idempotency level of UNKNOWN passes when it is written, but not at a GET', async t => {
  const sample = await createSample(t);
  await sample.edit('thing_service', 'idempotency_level = IDEMPOTENT;', 'idempotency_level = IDEMPOTENCY_UNKNOWN;');
  t.deepEqual(await problems(sample, 'CreateThing'), []);
  await sample.edit(
    'thing_service',
    'NO_SIDE_EFFECTS;\n    option (google.api.http)',
    'IDEMPOTENT;\n    option (google.api.http)',
  );
  t.deepEqual(await problems(sample, 'GetThing'), [
    'a GET must have idempotency_level NO_SIDE_EFFECTS, not IDEMPOTENT: proxies and browsers repeat it',
  ]);
});

test('a path that names a tenant must be the one whose tenant is checked', async t => {
  const sample = await createSample(t);
  await sample.edit('thing_service', '      tenant_field: "name"\n', '');
  await sample.edit('thing_service', 'tenant_field: "parent"', 'tenant_field: "thing.words"');
  t.deepEqual(await problems(sample, 'GetThing'), [
    'its path names a tenant in {name}, so access.tenant_field must be "name", not "": else one tenant reaches another\'s',
  ]);
  t.deepEqual(await problems(sample, 'CreateThing'), [
    'access.tenant_field "thing.words" is no string field of CreateThingRequest',
    'its path names a tenant in {parent}, so access.tenant_field must be "parent", not "thing.words": else one tenant reaches another\'s',
  ]);
});

test('access that contradicts itself is refused', async t => {
  const sample = await createSample(t);
  await sample.edit(
    'thing_service',
    'roles: [ROLE_OWNER]\n      rate: RATE_READ',
    'roles: [ROLE_OWNER, ROLE_OWNER]\n      anonymous: true',
  );
  await sample.edit('thing_service', 'services: ["monitoring"]', '');
  await sample.edit('thing_service', 'services: ["scheduler"]', 'services: ["cron"]');
  t.deepEqual(await problems(sample, 'GetThing'), [
    'access.rate is not set',
    'access.roles names a role twice',
    'access.anonymous lets everybody call it, so access.roles must be empty',
  ]);
  t.deepEqual(await problems(sample, 'CountThings'), ['nobody may call it: access names no role and no service']);
  t.regex((await problems(sample, 'CreateThing'))[0]!, /^access\.services names "cron", which is no service/);
});

test('an RPC for services has no path, and an internal package has no RPC for people', async t => {
  const sample = await createSample(t);
  await sample.edit(
    'thing_service',
    '    option (miniredis.common.v1.access) = {\n      services: ["monitoring"]',
    '    option (google.api.http) = {get: "/v1/things"};\n    option (miniredis.common.v1.access) = {\n      services: ["monitoring"]',
  );
  t.deepEqual(await problems(sample, 'CountThings'), ['only services may call it, so it must have no google.api.http']);
  await sample.write(
    'proto/miniredis/sample/internal/v1/peek_service.proto',
    `syntax = "proto3";
package miniredis.sample.internal.v1;
import "google/api/annotations.proto";
import "miniredis/common/v1/access.proto";
service PeekService {
  rpc Peek(PeekRequest) returns (PeekResponse) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (google.api.http) = {get: "/v1/peek"};
    option (miniredis.common.v1.access) = {anonymous: true rate: RATE_READ};
  }
}
message PeekRequest {}
message PeekResponse {}
`,
  );
  const findings = await sample.find('methods');
  t.deepEqual(findings[0], {
    where: 'miniredis.sample.internal.v1.PeekService/Peek',
    what: 'is in an internal package, so access may name services only',
  });
});

test('paths that Envoy could not serve are refused: an unknown field, no version, the same path twice', async t => {
  const sample = await createSample(t);
  await sample.edit(
    'thing_service',
    'post: "/v1/{parent=tenants/*}/things"\n      body: "*"',
    'post: "/{parent=tenants/*}/things"\n      body: "stuff"',
  );
  await sample.edit('thing_service', 'get: "/v1/{name=tenants/*/things/*}"', 'get: "/v1/{id}"');
  t.deepEqual(await problems(sample, 'CreateThing'), [
    'path "/{parent=tenants/*}/things" must begin with its version, as in /v1/…',
    'body "stuff" is no field of CreateThingRequest',
  ]);
  t.deepEqual(await problems(sample, 'GetThing'), [
    'path /v1/{id} names {id}, which is no string field of the request',
  ]);

  const twice = await createSample(t);
  await twice.edit('thing_service', 'get: "/v1/{name=tenants/*/things/*}"', 'post: "/v1/{name=tenants/*}/things"');
  t.deepEqual(await problems(twice, 'GetThing'), [
    'POST /v1/tenants/*/things is the path of miniredis.sample.v1.ThingService/CreateThing too',
  ]);
});
