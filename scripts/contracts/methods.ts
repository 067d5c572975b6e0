// What every RPC must say of itself: who may call it, under which path, and whether it may be retried. The gateway, the
// services and Envoy's transcoder decide by these options alone, so an RPC that leaves one out, or whose options
// contradict each other, is refused here, before it can be called by too many or by nobody.
import { type DescField, type DescMessage, type DescMethod, type FileRegistry, ScalarType } from '@bufbuild/protobuf';
import {
  type AccessRule,
  accessRule,
  type Finding,
  type HttpBinding,
  httpBindings,
  idempotencyLevel,
  methodName,
  ownMethods,
} from './contracts.ts';

/** Names of callers with a key of their own, as access options may list them in `services`. */
const callers = [
  'gateway',
  'auth',
  'backend',
  'node-manager',
  'monitoring',
  'pubsub',
  'backup',
  'scheduler',
  'alert',
  'audit',
  'operator',
];

/** Finds RPCs whose access, HTTP or idempotency options are missing or contradict each other. */
export function findBadMethods(contracts: FileRegistry): Finding[] {
  const methods = ownMethods(contracts);
  const findings = methods.flatMap(method =>
    methodProblems(contracts, method).map(what => ({ where: methodName(method), what })),
  );
  return [...findings, ...findSharedPaths(contracts, methods)];
}

function methodProblems(contracts: FileRegistry, method: DescMethod): string[] {
  const access = accessRule(contracts, method);
  const bindings = httpBindings(contracts, method);
  const level = idempotencyLevel(contracts, method);
  const problems = bindings.flatMap(binding => bindingProblems(method, binding, level));
  if (level === undefined) {
    problems.push(
      'has no idempotency_level: write NO_SIDE_EFFECTS, IDEMPOTENT, or IDEMPOTENCY_UNKNOWN for what nobody may retry',
    );
  }
  if (access === undefined) return [...problems, 'has no miniredis.common.v1.access option: say who may call it'];
  return [...problems, ...accessProblems(access), ...exposureProblems(method, access, bindings)];
}

function accessProblems(access: AccessRule): string[] {
  const problems: string[] = [];
  if (access.rate === '' || access.rate === 'RATE_UNSPECIFIED') problems.push('access.rate is not set');
  if (access.roles.includes('ROLE_UNSPECIFIED')) problems.push('access.roles holds ROLE_UNSPECIFIED');
  if (new Set(access.roles).size < access.roles.length) problems.push('access.roles names a role twice');
  if (access.anonymous && access.roles.length > 0) {
    problems.push('access.anonymous lets everybody call it, so access.roles must be empty');
  }
  if (!access.anonymous && access.roles.length === 0 && access.services.length === 0) {
    problems.push('nobody may call it: access names no role and no service');
  }
  for (const service of access.services.filter(name => !callers.includes(name))) {
    problems.push(`access.services names "${service}", which is no service (they are ${callers.join(', ')})`);
  }
  return problems;
}

// People reach what Envoy routes, services reach the rest: an RPC is public or internal, and says so in one way.
function exposureProblems(method: DescMethod, access: AccessRule, bindings: HttpBinding[]): string[] {
  const isPublic = access.anonymous || access.roles.length > 0;
  const problems: string[] = [];
  if (isPublic && method.parent.file.proto.package.includes('.internal.')) {
    problems.push('is in an internal package, so access may name services only');
  }
  if (isPublic && bindings.length === 0) problems.push('people may call it, so it needs google.api.http');
  if (!isPublic && bindings.length > 0) {
    problems.push('only services may call it, so it must have no google.api.http');
  }
  if (access.tenantField !== '' && !isTextField(method.input, access.tenantField)) {
    problems.push(`access.tenant_field "${access.tenantField}" is no string field of ${method.input.name}`);
  }
  for (const variable of bindings.flatMap(({ path }) => pathVariables(path))) {
    if (variable.template.startsWith('tenants/') && variable.field !== access.tenantField) {
      problems.push(
        `its path names a tenant in {${variable.field}}, so access.tenant_field must be "${variable.field}", ` +
          `not "${access.tenantField}": else one tenant reaches another's`,
      );
    }
  }
  return problems;
}

function bindingProblems(method: DescMethod, binding: HttpBinding, level: string | undefined): string[] {
  const problems = pathVariables(binding.path)
    .filter(variable => !isTextField(method.input, variable.field))
    .map(variable => `path ${binding.path} names {${variable.field}}, which is no string field of the request`);
  if (!/^\/(v\d+|\.well-known)\//.test(binding.path))
    problems.push(`path "${binding.path}" must begin with its version, as in /v1/…`);
  if (binding.body !== '' && binding.body !== '*' && fieldAt(method.input, binding.body) === undefined) {
    problems.push(`body "${binding.body}" is no field of ${method.input.name}`);
  }
  if (binding.verb === 'GET' && binding.body !== '') problems.push('a GET has no body');
  if (binding.verb === 'GET' && level !== undefined && level !== 'NO_SIDE_EFFECTS') {
    problems.push(`a GET must have idempotency_level NO_SIDE_EFFECTS, not ${level}: proxies and browsers repeat it`);
  }
  return problems;
}

// Envoy's transcoder takes the first of two equal paths and never says so.
function findSharedPaths(contracts: FileRegistry, methods: DescMethod[]): Finding[] {
  const owners = new Map<string, string>();
  const findings: Finding[] = [];
  for (const method of methods) {
    for (const { verb, path } of httpBindings(contracts, method)) {
      const key = `${verb} ${path.replace(/\{[^=}]+\}/g, '*').replace(/\{[^=}]+=([^}]*)\}/g, '$1')}`;
      const owner = owners.get(key);
      if (owner !== undefined) findings.push({ where: methodName(method), what: `${key} is the path of ${owner} too` });
      owners.set(key, methodName(method));
    }
  }
  return findings;
}

function pathVariables(path: string): { field: string; template: string }[] {
  return [...path.matchAll(/\{([^=}]+)(?:=([^}]*))?\}/g)].map(match => ({
    field: match[1] ?? '',
    template: match[2] ?? '*',
  }));
}

function isTextField(message: DescMessage, path: string): boolean {
  const field = fieldAt(message, path);
  return field?.fieldKind === 'scalar' && field.scalar === ScalarType.STRING;
}

function fieldAt(message: DescMessage, path: string): DescField | undefined {
  const [first, ...rest] = path.split('.');
  const field = message.fields.find(({ name }) => name === first);
  if (rest.length === 0 || field === undefined) return field;
  return field.fieldKind === 'message' ? fieldAt(field.message, rest.join('.')) : undefined;
}
