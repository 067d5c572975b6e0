// What buf breaking does not look at, although callers stand on it: validation rules, HTTP paths, who may call an RPC,
// and who writes a field. Compares the contracts with the released image; elements that are gone or new altogether are
// buf's to judge, but for a new field that a caller of the release could not know to fill.
import { create, type DescField, type DescMessage, type DescMethod, type FileRegistry } from '@bufbuild/protobuf';
import { createValidator } from '@bufbuild/protovalidate';
import {
  accessRule,
  type Finding,
  fieldBehaviors,
  fieldName,
  type HttpBinding,
  httpBindings,
  isRedacted,
  methodName,
  ownMessages,
  ownMethods,
  validationRules,
} from './contracts.ts';
import { tightenedRules } from './rules.ts';

/** Finds what `contracts` refuses, moves or demands, compared with what was released. */
export function findBrokenOptions(released: FileRegistry, contracts: FileRegistry): Finding[] {
  const methods = new Map(ownMethods(contracts).map(method => [methodName(method), method]));
  const findings: Finding[] = [];
  for (const before of ownMethods(released)) {
    const after = methods.get(methodName(before));
    if (after === undefined) continue;
    const problems = [
      ...httpBreaks(released, before, contracts, after),
      ...accessBreaks(released, before, contracts, after),
    ];
    findings.push(...problems.map(what => ({ where: methodName(before), what })));
  }
  for (const before of ownMessages(released)) {
    const after = contracts.getMessage(before.typeName);
    if (after !== undefined) findings.push(...messageBreaks(released, before, contracts, after));
  }
  return findings;
}

function httpBreaks(released: FileRegistry, before: DescMethod, contracts: FileRegistry, after: DescMethod): string[] {
  const now = httpBindings(contracts, after);
  return httpBindings(released, before).flatMap(old => {
    if (now.some(binding => show(binding) === show(old))) return [];
    const moved = now.find(({ verb, path }) => verb === old.verb && path === old.path);
    if (moved !== undefined) return [`${old.verb} ${old.path}: was ${show(old)} and is ${show(moved)} now`];
    return [`${old.verb} ${old.path} is gone: keep it and give the new path as additional_bindings`];
  });
}

function show({ verb, path, body, responseBody }: HttpBinding): string {
  return `${verb} ${path} body "${body}"${responseBody === '' ? '' : ` response_body "${responseBody}"`}`;
}

function accessBreaks(
  released: FileRegistry,
  before: DescMethod,
  contracts: FileRegistry,
  after: DescMethod,
): string[] {
  const old = accessRule(released, before);
  const now = accessRule(contracts, after);
  if (old === undefined || now === undefined) return [];
  const roles = now.anonymous ? [] : old.roles.filter(role => !now.roles.includes(role));
  const services = old.services.filter(service => !now.services.includes(service));
  const problems = [...roles, ...services.map(service => `service "${service}"`)].map(
    who => `${who} may call it no longer`,
  );
  if (old.anonymous && !now.anonymous) problems.push('it needs a credential now');
  if (old.tenantField !== now.tenantField) {
    problems.push(`access.tenant_field was "${old.tenantField}" and is "${now.tenantField}" now`);
  }
  if (old.privileged && !now.privileged) problems.push('it was privileged, now the audit log would miss it');
  return problems;
}

function messageBreaks(
  released: FileRegistry,
  before: DescMessage,
  contracts: FileRegistry,
  after: DescMessage,
): Finding[] {
  const rules = tightenedRules(validationRules(released, before), validationRules(contracts, after));
  const findings = rules.map(what => ({ where: before.typeName, what }));
  for (const field of after.fields) {
    const old = before.fields.find(({ number }) => number === field.number);
    const problems = old === undefined ? demands(contracts, field) : fieldBreaks(released, old, contracts, field);
    findings.push(...problems.map(what => ({ where: fieldName(field), what })));
  }
  for (const oneof of after.oneofs) {
    const old = before.oneofs.find(({ name }) => name === oneof.name);
    const problems = tightenedRules(old ? validationRules(released, old) : {}, validationRules(contracts, oneof));
    findings.push(...problems.map(what => ({ where: `${before.typeName}.${oneof.name}`, what })));
  }
  return findings;
}

function fieldBreaks(released: FileRegistry, before: DescField, contracts: FileRegistry, after: DescField): string[] {
  const problems = tightenedRules(validationRules(released, before), validationRules(contracts, after));
  const behaviors = fieldBehaviors(released, before);
  for (const behavior of fieldBehaviors(contracts, after).filter(name => !behaviors.includes(name))) {
    if (['REQUIRED', 'IMMUTABLE', 'INPUT_ONLY', 'OUTPUT_ONLY'].includes(behavior))
      problems.push(`has become ${behavior}`);
  }
  if (isRedacted(released, before) && !isRedacted(contracts, after)) {
    problems.push('was debug_redact, now logs would show it');
  }
  return problems;
}

// A caller of the release leaves a new field empty: that must be accepted.
function demands(contracts: FileRegistry, field: DescField): string[] {
  const problems = fieldBehaviors(contracts, field).includes('REQUIRED') ? ['is new and REQUIRED'] : [];
  const result = createValidator({ registry: contracts }).validate(field.parent, create(field.parent));
  if (result.kind !== 'invalid') return problems;
  const refused = result.violations.filter(violation => violation.field[0] === field);
  return [...problems, ...refused.map(({ ruleId }) => `is new and may not be left empty (${ruleId})`)];
}
