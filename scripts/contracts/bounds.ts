// Nothing that a caller sends is without a limit: every string, bytes, list and map that a request can hold has a bound
// in its validation rules. A limit that is added later breaks callers, so it has to be there from the first release.
// A FieldMask passes: it names fields of a message that has bounds, and servers refuse other names.
import { type DescField, type FileRegistry, type JsonObject, type JsonValue, ScalarType } from '@bufbuild/protobuf';
import { type Finding, fieldBehaviors, fieldName, isObject, list, validationRules } from './contracts.ts';
import { messageIn, requestFields } from './request-fields.ts';

// Messages of others that hold any amount of anything: a request that accepts them has no contract.
const boundless = [
  'google.protobuf.Any',
  'google.protobuf.Struct',
  'google.protobuf.Value',
  'google.protobuf.ListValue',
  'google.protobuf.StringValue',
  'google.protobuf.BytesValue',
  'google.rpc.Status',
];

// String formats of protovalidate that imply a length. Not email, uri or ipv6: their texts may be as long as one likes.
const shortFormats = ['uuid', 'tuuid', 'ulid', 'ipv4', 'hostname'];

/** Finds the request fields that a caller could fill without limit. */
export function findUnbounded(contracts: FileRegistry): Finding[] {
  return requestFields(contracts).flatMap(field =>
    missingBounds(field, validationRules(contracts, field)).map(what => ({ where: fieldName(field), what })),
  );
}

/** Finds the request fields that do not say who writes them. */
export function findUnexplained(contracts: FileRegistry): Finding[] {
  return requestFields(contracts)
    .filter(field => fieldBehaviors(contracts, field).length === 0)
    .map(field => ({
      where: fieldName(field),
      what: 'a request can fill it, but it has no google.api.field_behavior: say REQUIRED, OPTIONAL, OUTPUT_ONLY …',
    }));
}

function missingBounds(field: DescField, rules: JsonObject): string[] {
  if (rules.ignore === 'IGNORE_ALWAYS') return ['its rules are switched off by IGNORE_ALWAYS'];
  const message = messageIn(field);
  if (message !== undefined && boundless.includes(message.typeName)) {
    return [`${message.typeName} has no bounds: take fields of our own that have`];
  }
  switch (field.fieldKind) {
    case 'list':
      return [
        ...(hasRule(rules.repeated, 'max_items') ? [] : ['a list without repeated.max_items']),
        ...scalarBounds('its items', field.scalar, inner(rules.repeated, 'items')),
      ];
    case 'map':
      return [
        ...(hasRule(rules.map, 'max_pairs') ? [] : ['a map without map.max_pairs']),
        ...scalarBounds('its keys', field.mapKey, inner(rules.map, 'keys')),
        ...scalarBounds('its values', field.scalar, inner(rules.map, 'values')),
      ];
    default:
      return scalarBounds('it', field.scalar, rules);
  }
}

function scalarBounds(what: string, type: ScalarType | undefined, rules: JsonObject): string[] {
  if (type === ScalarType.STRING && !isBoundedText(rules.string)) {
    return [`${what}: a string without a bound: add string.max_len, or a pattern from ^ to $ without * and +`];
  }
  if (type === ScalarType.BYTES && !isBoundedText(rules.bytes)) {
    return [`${what}: bytes without a bound: add bytes.max_len`];
  }
  return [];
}

function isBoundedText(rules: JsonValue | undefined): boolean {
  if (!isObject(rules)) return false;
  if (['const', 'len', 'max_len', 'len_bytes', 'max_bytes'].some(name => name in rules)) return true;
  if (list(rules.in).length > 0 || shortFormats.some(format => rules[format] === true)) return true;
  return typeof rules.pattern === 'string' && isBoundedPattern(rules.pattern);
}

/**
 * True when a regular expression cannot match a text of any length: it is anchored at both ends, and nothing in it
 * repeats without end. Says false when in doubt (alternatives outside parentheses, multi-line mode).
 */
export function isBoundedPattern(pattern: string): boolean {
  const shape = pattern.replace(/\\./g, 'x').replace(/\[\^?\]?[^\]]*\]/g, 'x');
  if (!shape.startsWith('^') || !shape.endsWith('$')) return false;
  if (/[*+]|\{\d+,\}|\(\?[a-z]*m/.test(shape)) return false;
  let depth = 0;
  for (const char of shape) {
    if (char === '(') depth++;
    else if (char === ')') depth--;
    else if (char === '|' && depth === 0) return false;
  }
  return true;
}

function hasRule(rules: JsonValue | undefined, name: string): boolean {
  return isObject(rules) && name in rules;
}

function inner(rules: JsonValue | undefined, name: string): JsonObject {
  const value = isObject(rules) ? rules[name] : undefined;
  return isObject(value) ? value : {};
}
