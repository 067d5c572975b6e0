// The contracts as the checks read them: descriptors built by buf, and the options of methods, fields and messages as
// plain JSON with the names that stand in the .proto files. Options come as JSON because a check compares and reports
// them; nothing else in the system reads them this way.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createFileRegistry,
  type DescField,
  type DescMessage,
  type DescMethod,
  type DescOneof,
  type DescService,
  type FileRegistry,
  fromBinary,
  type JsonObject,
  type JsonValue,
  toJson,
} from '@bufbuild/protobuf';
import {
  FieldOptionsSchema,
  FileDescriptorSetSchema,
  MessageOptionsSchema,
  MethodOptionsSchema,
  OneofOptionsSchema,
} from '@bufbuild/protobuf/wkt';
import { bufOrThrow } from './buf.ts';

/** A thing that a check found: where in the contracts, and what is wrong with it and what to do. */
export type Finding = { readonly where: string; readonly what: string };

/** One HTTP binding of an RPC. */
export type HttpBinding = {
  readonly verb: string;
  readonly path: string;
  readonly body: string;
  readonly responseBody: string;
};

/** The access option of an RPC; roles and rate by their names in the .proto file. */
export type AccessRule = {
  readonly roles: readonly string[];
  readonly anonymous: boolean;
  readonly services: readonly string[];
  readonly rate: string;
  readonly tenantField: string;
  readonly privileged: boolean;
};

/** Compiles the contracts of `workspace`. Throws with buf's output when they do not compile. */
export async function compileContracts(workspace: string): Promise<FileRegistry> {
  const scratch = await mkdtemp(join(tmpdir(), 'miniredis-contracts-'));
  try {
    const set = join(scratch, 'set.binpb');
    await bufOrThrow(workspace, ['build', '--as-file-descriptor-set', '--exclude-source-info', '--output', set]);
    return await readContracts(set);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Reads a descriptor set or an image of buf's, which is one. */
export async function readContracts(path: string): Promise<FileRegistry> {
  return createFileRegistry(fromBinary(FileDescriptorSetSchema, await readFile(path)));
}

/** The project's own packages, sorted. */
export function ownPackages(contracts: FileRegistry): string[] {
  const names = [...contracts.files].map(file => file.proto.package);
  return [...new Set(names)].filter(name => name.startsWith('miniredis.')).sort();
}

/** The project's own services, in the order of their names. */
export function ownServices(contracts: FileRegistry): DescService[] {
  const services = [...contracts].filter(type => type.kind === 'service');
  return services.filter(isOwn).sort((a, b) => a.typeName.localeCompare(b.typeName));
}

/** The project's own RPCs, services in the order of their names. */
export function ownMethods(contracts: FileRegistry): DescMethod[] {
  return ownServices(contracts).flatMap(service => service.methods);
}

/** The project's own messages, nested ones too, in the order of their names. */
export function ownMessages(contracts: FileRegistry): DescMessage[] {
  const messages = [...contracts].filter(type => type.kind === 'message');
  return messages.filter(isOwn).sort((a, b) => a.typeName.localeCompare(b.typeName));
}

function isOwn(type: DescMessage | DescService): boolean {
  return type.file.proto.package.startsWith('miniredis.');
}

/** "package.Service/Method", as errors and access tables name it. */
export function methodName(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`;
}

/** "package.Message.field". */
export function fieldName(field: DescField): string {
  return `${field.parent.typeName}.${field.name}`;
}

/** The HTTP bindings of an RPC, the main one first; empty when it has none. */
export function httpBindings(contracts: FileRegistry, method: DescMethod): HttpBinding[] {
  const rule = optionsOf(contracts, method)['[google.api.http]'];
  if (!isObject(rule)) return [];
  return [rule, ...list(rule.additional_bindings).filter(isObject)].map(toBinding);
}

function toBinding(rule: JsonObject): HttpBinding {
  const verb = ['get', 'put', 'post', 'delete', 'patch'].find(name => name in rule) ?? 'custom';
  const path = isObject(rule.custom) ? rule.custom.path : rule[verb];
  return { verb: verb.toUpperCase(), path: text(path), body: text(rule.body), responseBody: text(rule.response_body) };
}

/** The access option of an RPC, undefined when it has none. */
export function accessRule(contracts: FileRegistry, method: DescMethod): AccessRule | undefined {
  const rule = optionsOf(contracts, method)['[miniredis.common.v1.access]'];
  if (!isObject(rule)) return undefined;
  return {
    roles: list(rule.roles).map(text),
    anonymous: rule.anonymous === true,
    services: list(rule.services).map(text),
    rate: text(rule.rate),
    tenantField: text(rule.tenant_field),
    privileged: rule.privileged === true,
  };
}

/** The idempotency level that is written at an RPC; undefined when none is, although that means UNKNOWN on the wire. */
export function idempotencyLevel(contracts: FileRegistry, method: DescMethod): string | undefined {
  const level = optionsOf(contracts, method).idempotency_level;
  return level === undefined ? undefined : text(level);
}

/** The field_behavior names of a field, for example REQUIRED. */
export function fieldBehaviors(contracts: FileRegistry, field: DescField): string[] {
  return list(optionsOf(contracts, field)['[google.api.field_behavior]']).map(text);
}

/** True when the contract marks the field as a secret that no log may show. */
export function isRedacted(contracts: FileRegistry, field: DescField): boolean {
  return optionsOf(contracts, field).debug_redact === true;
}

/** The validation rules of a field, message or oneof, empty when it has none. */
export function validationRules(contracts: FileRegistry, desc: DescField | DescMessage | DescOneof): JsonObject {
  const rules = optionsOf(contracts, desc)[`[buf.validate.${desc.kind}]`];
  return isObject(rules) ? rules : {};
}

// All options of a descriptor, extensions under their name in brackets. int64 values are text, enums are names.
function optionsOf(contracts: FileRegistry, desc: DescMethod | DescField | DescMessage | DescOneof): JsonObject {
  const how = { registry: contracts, useProtoFieldName: true };
  const json = () => {
    switch (desc.kind) {
      case 'rpc':
        return desc.proto.options && toJson(MethodOptionsSchema, desc.proto.options, how);
      case 'field':
        return desc.proto.options && toJson(FieldOptionsSchema, desc.proto.options, how);
      case 'message':
        return desc.proto.options && toJson(MessageOptionsSchema, desc.proto.options, how);
      case 'oneof':
        return desc.proto.options && toJson(OneofOptionsSchema, desc.proto.options, how);
    }
  };
  const options = json();
  return isObject(options) ? options : {};
}

/** True for a JSON object, false for arrays, null and everything else. */
export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The elements of a JSON array, none for anything else. */
export function list(value: JsonValue | undefined): JsonValue[] {
  return Array.isArray(value) ? value : [];
}

function text(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
