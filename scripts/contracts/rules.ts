// Compares the validation rules of two versions of a field: is something refused now that was accepted before? buf does
// not look at them, but to a caller a tightened rule is a broken contract. Where it cannot tell (a changed pattern, a
// changed expression) the answer is yes: a rule that must change can be released beside the old one, in a new field.
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { isObject, list } from './contracts.ts';

// Upper limits: lowering one refuses more. Lower limits: raising one does.
const upper = new Set(['max_len', 'max_bytes', 'max_items', 'max_pairs', 'lt', 'lte', 'within']);
const lower = new Set(['min_len', 'min_bytes', 'min_items', 'min_pairs', 'gt', 'gte']);

// Rules that hold further rules: for the items of a list, the keys and values of a map, and one per type of field.
const nested = new Set([
  'items',
  'keys',
  'values',
  'repeated',
  'map',
  'string',
  'bytes',
  'enum',
  'bool',
  'any',
  'duration',
]);
const numbers = /^(float|double|s?u?int(32|64)|s?fixed(32|64)|timestamp|field_mask)$/;

// How often a rule is asked: each step to the right refuses more.
const ignoring = ['IGNORE_ALWAYS', 'IGNORE_IF_ZERO_VALUE', 'IGNORE_UNSPECIFIED'];

/** Says how `after` refuses more than `before`; empty when everything accepted before is accepted still. */
export function tightenedRules(before: JsonObject, after: JsonObject, path = ''): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap(name => {
    const where = path === '' ? name : `${path}.${name}`;
    if (name === 'example') return [];
    if (nested.has(name) || numbers.test(name)) {
      return tightenedRules(asObject(before[name]), asObject(after[name]), where);
    }
    const how = tightened(name, before[name], after[name]);
    return how === undefined ? [] : [`${where} ${how}`];
  });
}

function tightened(name: string, before: JsonValue | undefined, after: JsonValue | undefined): string | undefined {
  if (name === 'ignore') return lessIgnored(before, after);
  if (name === 'cel' || name === 'cel_expression') return newExpression(list(before), list(after));
  if (name === 'not_in' || name === 'oneof') return gained(list(before), list(after));
  if (after === undefined || after === false || same(before, after)) return undefined;
  if (name === 'in') return before === undefined ? added(after) : lost(list(before), list(after));
  if (before === undefined || before === false) return added(after);
  const step = size(after) - size(before);
  if ((upper.has(name) && step > 0) || (lower.has(name) && step < 0)) return undefined;
  return `was ${show(before)} and is ${show(after)} now`;
}

function lessIgnored(before: JsonValue | undefined, after: JsonValue | undefined): string | undefined {
  const [from, to] = [before ?? 'IGNORE_UNSPECIFIED', after ?? 'IGNORE_UNSPECIFIED'];
  return ignoring.indexOf(String(to)) > ignoring.indexOf(String(from)) ? `was ${from} and is ${to} now` : undefined;
}

// Only the condition counts, its message and id are free.
function newExpression(before: JsonValue[], after: JsonValue[]): string | undefined {
  const condition = (rule: JsonValue) => (isObject(rule) ? rule.expression : rule);
  const known = before.map(condition);
  const fresh = after.map(condition).filter(expression => !known.includes(expression));
  return fresh.length > 0 ? `has a new condition: ${fresh.map(show).join(', ')}` : undefined;
}

function gained(before: JsonValue[], after: JsonValue[]): string | undefined {
  const fresh = after.filter(value => !before.some(other => same(other, value)));
  return fresh.length > 0 ? `holds ${fresh.map(show).join(', ')} in addition` : undefined;
}

function lost(before: JsonValue[], after: JsonValue[]): string | undefined {
  const gone = before.filter(value => !after.some(other => same(other, value)));
  return gone.length > 0 ? `holds ${gone.map(show).join(', ')} no longer` : undefined;
}

function added(after: JsonValue): string {
  return `is new (${show(after)})`;
}

// int64 values and durations ("60s") come as text; a timestamp has no size, so that any change of one is reported.
function size(value: JsonValue): number {
  return typeof value === 'string' && /^-?[\d.]+s?$/.test(value) ? Number.parseFloat(value) : Number(value);
}

function same(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function show(value: JsonValue | undefined): string {
  return typeof value === 'string' && /^[\d.s-]+$/.test(value) ? value : JSON.stringify(value);
}

function asObject(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {};
}
