// Each gate is shown a contract that it must refuse and one that it must let pass; where buf judges, its rule is named.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ownPackages, readContracts } from './contracts.ts';
import { updateGenerated } from './generation.ts';
import { releasedImage } from './released.ts';
import { createSample, type Sample } from './sample.ts';

async function refuses(t: ExecutionContext, sample: Sample, gate: string, ...expected: RegExp[]): Promise<void> {
  const findings = (await sample.find(gate)).map(({ where, what }) => `${where}: ${what}`);
  const text = findings.join('\n');
  t.true(findings.length > 0, `${gate} lets it pass`);
  for (const pattern of expected) t.regex(text, pattern);
}

async function passes(t: ExecutionContext, sample: Sample, gate: string): Promise<void> {
  t.deepEqual(await sample.find(gate), [], `${gate} refuses it`);
}

test('a contract that follows the rules passes every gate', async t => {
  const sample = await createSample(t);
  await sample.freeze();
  await updateGenerated(sample.folder);
  for (const gate of [
    'lint',
    'format',
    'breaking',
    'options',
    'released',
    'layers',
    'methods',
    'bounds',
    'behavior',
    'drift',
  ]) {
    await passes(t, sample, gate);
  }
});

test('lint refuses a field without a comment and a request that is shared', async t => {
  const sample = await createSample(t);
  await sample.edit('thing', '  // Words to find it by.\n', '');
  await sample.edit('thing_service', 'GetThing(GetThingRequest)', 'GetThing(CreateThingRequest)');
  await refuses(
    t,
    sample,
    'lint',
    /Field "words" should have a non-empty comment/,
    /should be named "GetThingRequest"/,
  );
});

test('lint refuses a validation pattern that does not compile', async t => {
  const sample = await createSample(t);
  await sample.edit('thing_service', 'pattern = "^tenants/[a-z]', 'pattern = "^(tenants/[a-z]');
  await refuses(t, sample, 'lint', /thing_service\.proto:\d+:\d+:/);
});

test('format refuses what buf format would write otherwise', async t => {
  const sample = await createSample(t);
  await sample.edit('thing', 'string name = 1 [', 'string name  =  1 [');
  await refuses(t, sample, 'format', /\+ {2}string name = 1 \[/);
});

test('breaking passes everything before the first freeze, and a new field, RPC and message after it', async t => {
  const sample = await createSample(t);
  await passes(t, sample, 'breaking');
  await sample.freeze();
  await sample.edit(
    'thing',
    'string state_message = 6',
    '// New.\n  bool new = 7;\n  // Old.\n  string state_message = 6',
  );
  await sample.edit(
    'thing_service',
    '  // Counts things',
    '  // New.\n  rpc NewThing(NewThingRequest) returns (NewThingResponse);\n  // Counts things',
  );
  await sample.edit(
    'thing_service',
    '// Request of CountThings.',
    '// New.\nmessage NewThingRequest {}\n// New.\nmessage NewThingResponse {}\n// Request of CountThings.',
  );
  await passes(t, sample, 'breaking');
});

test('breaking refuses a field that is deleted, also when its number and name are reserved', async t => {
  const sample = await createSample(t);
  await sample.freeze();
  await sample.edit(
    'thing',
    '  string state_message = 6 [(google.api.field_behavior) = OUTPUT_ONLY];',
    '  reserved 6;\n  reserved "state_message";',
  );
  await refuses(t, sample, 'breaking', /Previously present field "6" with name "state_message"/);
});

test('breaking refuses another type, number or file, and another idempotency level', async t => {
  const sample = await createSample(t);
  await sample.freeze();
  await sample.edit('thing', 'string state_message = 6', 'bytes state_message = 6');
  await sample.edit('thing', 'string name = 1', 'string name = 9');
  await sample.edit('thing_service', 'idempotency_level = IDEMPOTENT', 'idempotency_level = IDEMPOTENCY_UNKNOWN');
  await refuses(
    t,
    sample,
    'breaking',
    /Field "6" .* changed type from "string" to "bytes"/,
    /Previously present field "1" with name "name"/,
    /RPC "CreateThing" .*"idempotency_level" from "IDEMPOTENT" to "IDEMPOTENCY_UNKNOWN"/,
  );
});

test('a draft may change in any way after a freeze, because the released image leaves it out', async t => {
  const sample = await createSample(t);
  const draft = 'proto/miniredis/draft/v1/draft.proto';
  const head = 'syntax = "proto3";\n\npackage miniredis.draft.v1;\n\n// A draft.\nmessage Draft {\n  // A field.\n';
  await sample.write(draft, `${head}  string text = 1;\n}\n`);
  await sample.freeze();
  const packages = ownPackages(await readContracts(join(sample.folder, releasedImage)));
  t.deepEqual(packages, ['miniredis.common.v1', 'miniredis.sample.v1']);
  await sample.write(draft, `${head}  int32 number = 1;\n}\n`);
  await passes(t, sample, 'breaking');
  await passes(t, sample, 'options');
});

test('freezing the same contracts twice gives the same bytes', async t => {
  const sample = await createSample(t);
  await sample.freeze();
  const first = await readFile(join(sample.folder, releasedImage));
  await sample.freeze();
  t.deepEqual(await readFile(join(sample.folder, releasedImage)), first);
});

test('released refuses to drop a package that was released', async t => {
  const sample = await createSample(t);
  await sample.freeze();
  await passes(t, sample, 'released');
  const { gates } = await import('./gates.ts');
  const gate = gates.find(({ name }) => name === 'released')!;
  t.deepEqual(await gate.find(sample.folder, ['miniredis.common.v1']), [
    { where: 'miniredis.sample.v1', what: 'is in the released image, but not in the list' },
  ]);
});

test('layers refuses a draft below a released package, a service file as an import, and a listed package without files', async t => {
  const sample = await createSample(t);
  await sample.write(
    'proto/miniredis/draft/v1/draft_service.proto',
    'syntax = "proto3";\n\npackage miniredis.draft.v1;\n\n// A draft.\nmessage Draft {}\n',
  );
  await sample.edit(
    'thing',
    'import "google/api/field_behavior.proto";\n',
    'import "google/api/field_behavior.proto";\nimport "miniredis/draft/v1/draft_service.proto";\n',
  );
  await refuses(
    t,
    sample,
    'layers',
    /thing\.proto: is released, so it may not import .*draft_service\.proto, which is a draft: release miniredis\.draft\.v1 too/,
    /thing\.proto: may not import .*draft_service\.proto: move the message to a resource file/,
  );
  const { gates } = await import('./gates.ts');
  const gate = gates.find(({ name }) => name === 'layers')!;
  const findings = await gate.find(sample.folder, ['miniredis.absent.v1']);
  t.is(findings[0]!.where, 'miniredis.absent.v1');
});

test('drift refuses what the contracts generate otherwise, and generating again repairs exactly that', async t => {
  const sample = await createSample(t);
  await updateGenerated(sample.folder);
  await sample.edit('thing', 'bytes secret = 5', 'bytes key = 5');
  await sample.write('gen/miniredis/old/v1/old.ts', 'export {};\n');
  await rm(join(sample.folder, 'gen/google/rpc/status.ts'));
  t.deepEqual(await sample.find('drift'), [
    { where: 'gen/google/rpc/status.ts', what: 'is missing' },
    { where: 'gen/descriptors.binpb', what: 'is not what the contracts generate' },
    { where: 'gen/miniredis/sample/v1/thing.ts', what: 'is not what the contracts generate' },
    { where: 'gen/miniredis/old/v1/old.ts', what: 'comes from no contract' },
  ]);
  t.deepEqual(await updateGenerated(sample.folder), {
    missing: ['google/rpc/status.ts'],
    changed: ['descriptors.binpb', 'miniredis/sample/v1/thing.ts'],
    stale: ['miniredis/old/v1/old.ts'],
  });
});
