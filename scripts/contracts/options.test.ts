// What buf breaking lets pass and the options gate does not, each beside the nearest change that is allowed.
import test, { type ExecutionContext } from 'ava';
import { createSample, type Sample } from './sample.ts';

async function findings(sample: Sample): Promise<string[]> {
  return (await sample.find('options')).map(({ where, what }) => `${where}: ${what}`);
}

async function released(t: ExecutionContext): Promise<Sample> {
  const sample = await createSample(t);
  await sample.freeze();
  return sample;
}

test('a changed HTTP path is refused, and an additional one is allowed', async t => {
  const moved = await released(t);
  await moved.edit('thing_service', 'get: "/v1/{name=tenants/*/things/*}"', 'get: "/v1/{name=tenants/*/stuff/*}"');
  t.deepEqual(await moved.find('breaking'), [], 'buf does not see it');
  t.deepEqual(await findings(moved), [
    'miniredis.sample.v1.ThingService/GetThing: GET /v1/{name=tenants/*/things/*} is gone: keep it and give the new path as additional_bindings',
  ]);

  const more = await released(t);
  await more.edit(
    'thing_service',
    'get: "/v1/{name=tenants/*/things/*}"',
    'get: "/v1/{name=tenants/*/things/*}" additional_bindings: {get: "/v1/{name=tenants/*/stuff/*}"}',
  );
  t.deepEqual(await findings(more), []);
});

test('a changed HTTP body is refused', async t => {
  const sample = await released(t);
  await sample.edit('thing_service', 'body: "*"', 'body: "thing"');
  t.deepEqual(await findings(sample), [
    'miniredis.sample.v1.ThingService/CreateThing: POST /v1/{parent=tenants/*}/things: ' +
      'was POST /v1/{parent=tenants/*}/things body "*" and is POST /v1/{parent=tenants/*}/things body "thing" now',
  ]);
});

test('who could call an RPC may call it still: no role, service or tenant check changes, and the audit stays', async t => {
  const sample = await released(t);
  await sample.edit('thing_service', 'ROLE_OWNER,\n        ROLE_DEVELOPER', 'ROLE_OWNER');
  await sample.edit('thing_service', 'services: ["scheduler"]', 'services: ["backup"]');
  await sample.edit('thing_service', 'tenant_field: "parent"\n      privileged: true', 'tenant_field: "thing.name"');
  t.deepEqual(await findings(sample), [
    'miniredis.sample.v1.ThingService/CreateThing: ROLE_DEVELOPER may call it no longer',
    'miniredis.sample.v1.ThingService/CreateThing: service "scheduler" may call it no longer',
    'miniredis.sample.v1.ThingService/CreateThing: access.tenant_field was "parent" and is "thing.name" now',
    'miniredis.sample.v1.ThingService/CreateThing: it was privileged, now the audit log would miss it',
  ]);
});

test('another role or service may be let in, and another budget may be charged', async t => {
  const sample = await released(t);
  await sample.edit('thing_service', 'roles: [ROLE_OWNER]', 'roles: [ROLE_OWNER, ROLE_VIEWER]');
  await sample.edit('thing_service', 'services: ["scheduler"]', 'services: ["scheduler", "backup"]');
  await sample.edit('thing_service', 'rate: RATE_WRITE', 'rate: RATE_EXECUTE');
  t.deepEqual(await findings(sample), []);
});

test('a tightened validation rule is refused, and a loosened one is allowed', async t => {
  const tighter = await released(t);
  await tighter.edit('thing', 'max_items: 16', 'max_items: 8');
  await tighter.edit('thing', 'min_len: 0', 'min_len: 1');
  await tighter.edit('thing_service', '{0,30}', '{0,20}');
  t.deepEqual(await tighter.find('breaking'), [], 'buf does not see it');
  t.deepEqual(await findings(tighter), [
    'miniredis.sample.v1.CreateThingRequest.parent: string.pattern was "^tenants/[a-z]([a-z0-9-]{0,30}[a-z0-9])?$" ' +
      'and is "^tenants/[a-z]([a-z0-9-]{0,20}[a-z0-9])?$" now',
    'miniredis.sample.v1.Thing.display_name: string.min_len was 0 and is 1 now',
    'miniredis.sample.v1.Thing.words: repeated.max_items was 16 and is 8 now',
  ]);

  const looser = await released(t);
  await looser.edit('thing', 'max_items: 16', 'max_items: 32');
  await looser.edit('thing', '(buf.validate.field).bytes.max_len = 64', '(buf.validate.field).bytes.max_len = 128');
  t.deepEqual(await findings(looser), []);
});

test('a rule on a whole message or oneof that is new is refused', async t => {
  const sample = await released(t);
  await sample.edit(
    'thing',
    '  // Resource name,',
    '  option (buf.validate.message).cel = {id: "a" message: "b" expression: "this.display_name != this.name"};\n  // Resource name,',
  );
  t.deepEqual(await findings(sample), [
    'miniredis.sample.v1.Thing: cel has a new condition: "this.display_name != this.name"',
  ]);
});

test('a field that becomes REQUIRED or is no longer redacted is refused', async t => {
  const sample = await released(t);
  await sample.edit(
    'thing_service',
    'Thing thing = 2 [(google.api.field_behavior) = OPTIONAL]',
    'Thing thing = 2 [(google.api.field_behavior) = REQUIRED]',
  );
  await sample.edit('thing', '    debug_redact = true,\n', '');
  t.deepEqual(await findings(sample), [
    'miniredis.sample.v1.CreateThingRequest.thing: has become REQUIRED',
    'miniredis.sample.v1.Thing.secret: was debug_redact, now logs would show it',
  ]);
});

test('a new field must be one that callers of the release may leave empty', async t => {
  const sample = await released(t);
  await sample.edit(
    'thing_service',
    '  Thing thing = 2 [(google.api.field_behavior) = OPTIONAL];\n',
    `  Thing thing = 2 [(google.api.field_behavior) = OPTIONAL];
  // New and free.
  string note = 3 [(google.api.field_behavior) = OPTIONAL, (buf.validate.field).string.max_len = 10];
  // New and demanded in words.
  bool sure = 4 [(google.api.field_behavior) = REQUIRED];
  // New and demanded by a rule.
  string reason = 5 [(google.api.field_behavior) = OPTIONAL, (buf.validate.field).string = {min_len: 1 max_len: 9}];
`,
  );
  t.deepEqual(await findings(sample), [
    'miniredis.sample.v1.CreateThingRequest.sure: is new and REQUIRED',
    'miniredis.sample.v1.CreateThingRequest.reason: is new and may not be left empty (string.min_len)',
  ]);
});
