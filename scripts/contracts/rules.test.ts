import test from 'ava';
import fc from 'fast-check';
import { tightenedRules } from './rules.ts';

test('equal rules tighten nothing, in whatever order they stand', t => {
  const rules = { string: { max_len: '10', min_len: '1' }, ignore: 'IGNORE_IF_ZERO_VALUE' };
  t.deepEqual(tightenedRules(rules, { ignore: 'IGNORE_IF_ZERO_VALUE', string: { min_len: '1', max_len: '10' } }), []);
});

test('a rule that goes tightens nothing, a rule that comes does', t => {
  const cases = [
    { string: { max_len: '10' } },
    { string: { uuid: true } },
    { required: true },
    { int32: { gte: 0 } },
    { string: { in: ['a'] } },
    { string: { not_in: ['a'] } },
    { cel: [{ id: 'a', expression: 'this > 0' }] },
    { repeated: { unique: true } },
    { enum: { defined_only: true } },
    { timestamp: { gt_now: true } },
    { oneof: [{ fields: ['a', 'b'] }] },
  ];
  for (const rules of cases) {
    t.deepEqual(tightenedRules(rules, {}), [], JSON.stringify(rules));
    t.is(tightenedRules({}, rules).length, 1, JSON.stringify(rules));
  }
});

test('a limit tightens exactly when it moves towards what it limits', t => {
  const limits = fc.tuple(fc.constantFrom('max_len', 'lte', 'lt'), fc.constantFrom('min_len', 'gte', 'gt'));
  const property = fc.property(limits, fc.maxSafeInteger(), fc.maxSafeInteger(), ([upper, lower], before, after) => {
    const change = (name: string) =>
      tightenedRules({ int64: { [name]: String(before) } }, { int64: { [name]: String(after) } }).length > 0;
    return change(upper) === after < before && change(lower) === after > before;
  });
  t.notThrows(() => fc.assert(property));
});

test('a list of allowed values may grow, a list of forbidden ones may shrink', t => {
  t.deepEqual(tightenedRules({ string: { in: ['a'] } }, { string: { in: ['a', 'b'] } }), []);
  t.deepEqual(tightenedRules({ string: { not_in: ['a', 'b'] } }, { string: { not_in: ['a'] } }), []);
  t.deepEqual(tightenedRules({ string: { in: ['a', 'b'] } }, { string: { in: ['b'] } }), [
    'string.in holds "a" no longer',
  ]);
  t.deepEqual(tightenedRules({ enum: { not_in: [1] } }, { enum: { not_in: [1, 2] } }), [
    'enum.not_in holds 2 in addition',
  ]);
});

test('durations compare by length', t => {
  t.deepEqual(tightenedRules({ duration: { lte: '9s' } }, { duration: { lte: '60s' } }), []);
  t.deepEqual(tightenedRules({ duration: { lte: '60s' } }, { duration: { lte: '9.5s' } }), [
    'duration.lte was 60s and is 9.5s now',
  ]);
});

test('rules within lists and maps are compared too', t => {
  const before = { repeated: { items: { string: { max_len: '9' } } }, map: { keys: { string: { min_len: '1' } } } };
  const after = { repeated: { items: { string: { max_len: '8' } } }, map: { keys: { string: { min_len: '2' } } } };
  t.deepEqual(tightenedRules(before, after), [
    'repeated.items.string.max_len was 9 and is 8 now',
    'map.keys.string.min_len was 1 and is 2 now',
  ]);
});

test('an empty value that was let through without a check must be let through still', t => {
  t.deepEqual(tightenedRules({ ignore: 'IGNORE_IF_ZERO_VALUE' }, {}), [
    'ignore was IGNORE_IF_ZERO_VALUE and is IGNORE_UNSPECIFIED now',
  ]);
  t.deepEqual(tightenedRules({}, { ignore: 'IGNORE_ALWAYS' }), []);
});

test('the words of an expression are free, its condition is not', t => {
  const rule = (expression: string, message: string) => ({ cel: [{ id: 'a', message, expression }] });
  t.deepEqual(tightenedRules(rule('this > 0', 'old'), rule('this > 0', 'new')), []);
  t.deepEqual(tightenedRules(rule('this > 0', 'old'), rule('this > 1', 'old')), [
    'cel has a new condition: "this > 1"',
  ]);
});
