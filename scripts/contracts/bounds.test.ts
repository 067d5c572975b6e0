import test from 'ava';
import { isBoundedPattern } from './bounds.ts';
import { createSample } from './sample.ts';

test('a string, bytes, list, map, item or key without a limit is refused, and says what to add', async t => {
  const sample = await createSample(t);
  await sample.edit(
    'thing',
    '(google.api.field_behavior) = IDENTIFIER,\n    (buf.validate.field).string.max_len = 100',
    '(google.api.field_behavior) = IDENTIFIER',
  );
  await sample.edit(
    'thing',
    '      max_items: 16\n      items: {\n        string: {max_len: 32}\n      }\n',
    '      min_items: 0\n',
  );
  await sample.edit('thing', '      max_pairs: 16\n      keys: {\n        string: {max_len: 32}\n      }\n', '');
  await sample.edit('thing', ',\n    (buf.validate.field).bytes.max_len = 64', '');
  t.deepEqual(await sample.find('bounds'), [
    {
      where: 'miniredis.sample.v1.Thing.name',
      what: 'it: a string without a bound: add string.max_len, or a pattern from ^ to $ without * and +',
    },
    { where: 'miniredis.sample.v1.Thing.words', what: 'a list without repeated.max_items' },
    {
      where: 'miniredis.sample.v1.Thing.words',
      what: 'its items: a string without a bound: add string.max_len, or a pattern from ^ to $ without * and +',
    },
    { where: 'miniredis.sample.v1.Thing.facts', what: 'a map without map.max_pairs' },
    {
      where: 'miniredis.sample.v1.Thing.facts',
      what: 'its keys: a string without a bound: add string.max_len, or a pattern from ^ to $ without * and +',
    },
    { where: 'miniredis.sample.v1.Thing.secret', what: 'it: bytes without a bound: add bytes.max_len' },
  ]);
});

test('a rule that is switched off and a message that holds anything are no bounds', async t => {
  const sample = await createSample(t);
  await sample.edit(
    'thing',
    '(buf.validate.field).bytes.max_len = 64',
    '(buf.validate.field).bytes.max_len = 64, (buf.validate.field).ignore = IGNORE_ALWAYS',
  );
  await sample.edit(
    'thing_service',
    'import "miniredis/common',
    'import "google/protobuf/any.proto";\nimport "miniredis/common',
  );
  await sample.edit(
    'thing_service',
    '  Thing thing = 2 [(google.api.field_behavior) = OPTIONAL];',
    '  Thing thing = 2 [(google.api.field_behavior) = OPTIONAL];\n  google.protobuf.Any any = 3 [(google.api.field_behavior) = OPTIONAL];',
  );
  t.deepEqual(await sample.find('bounds'), [
    { where: 'miniredis.sample.v1.Thing.secret', what: 'its rules are switched off by IGNORE_ALWAYS' },
    {
      where: 'miniredis.sample.v1.CreateThingRequest.any',
      what: 'google.protobuf.Any has no bounds: take fields of our own that have',
    },
  ]);
});

test('what only the server writes needs no bound, and a request field without a behavior is refused', async t => {
  const sample = await createSample(t);
  t.deepEqual(await sample.find('bounds'), []);
  await sample.edit(
    'thing',
    'string state_message = 6 [(google.api.field_behavior) = OUTPUT_ONLY]',
    'string state_message = 6',
  );
  t.is((await sample.find('bounds')).length, 1);
  t.deepEqual(
    (await sample.find('behavior')).map(({ where }) => where),
    ['miniredis.sample.v1.Thing.state_message'],
  );
});

test('a pattern bounds a text when it is anchored and repeats nothing without end', t => {
  for (const pattern of ['^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$', '^(a|b)$', '^x\\+\\*$', '^[*+]{1,3}$', '^[]+]$', '^$']) {
    t.true(isBoundedPattern(pattern), pattern);
  }
  for (const pattern of [
    '^[a-z]+$',
    '^a*$',
    '^a{2,}$',
    'a$',
    '^a',
    '^a|b$',
    '(?m)^a$',
    '^(a|b+)$',
    '^[a]*$',
    '^\\$*$',
  ]) {
    t.false(isBoundedPattern(pattern), pattern);
  }
});
