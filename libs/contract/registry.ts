// The contracts as data: every RPC with its access rule, read from the one descriptor set that also serves reflection,
// transcoding and validation.

import { readFileSync } from 'node:fs';
import { createFileRegistry, type DescMethod, type FileRegistry, fromBinary, getOption } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { Access, Rate, Role } from '../../gen/miniredis/common/v1/access.ts';

/** Path of the descriptor set. */
export const descriptorSetPath = new URL('../../gen/descriptors.binpb', import.meta.url);

/** Name of a role without its prefix. */
export type RoleName = Exclude<keyof typeof Role, 'UNSPECIFIED'>;

/** Name of a rate group without its prefix. */
export type RateName = Exclude<keyof typeof Rate, 'UNSPECIFIED'>;

/** Who may call an RPC, as its contract says. */
export interface AccessRule {
  readonly roles: readonly RoleName[];
  readonly anonymous: boolean;
  readonly services: readonly string[];
  readonly rate: RateName;
  /** Field path of the request that names the tenant's resource; empty if none does. */
  readonly tenantField: string;
  readonly privileged: boolean;
}

/** One RPC of the platform. */
export interface Rpc {
  /** "/package.Service/Method". */
  readonly path: string;
  /** "package.Service". */
  readonly service: string;
  readonly method: string;
  readonly kind: DescMethod['methodKind'];
  readonly access: AccessRule;
  /** Whether Envoy's public listener leads to it. */
  readonly isPublic: boolean;
  readonly descriptor: DescMethod;
}

/** The descriptor set as a registry of protobuf-es. */
export const registry: FileRegistry = createFileRegistry(
  fromBinary(FileDescriptorSetSchema, readFileSync(descriptorSetPath)),
);

const accessExtension = registry.getExtension('miniredis.common.v1.access');
const rpcs = new Map(findRpcs().map(rpc => [rpc.path, rpc]));

/** Every RPC of the platform's packages, public and internal. */
export function allRpcs(): readonly Rpc[] {
  return [...rpcs.values()];
}

/** The RPC at a path "/package.Service/Method"; undefined if the contracts have none. */
export function findRpc(path: string): Rpc | undefined {
  return rpcs.get(path);
}

/** Full names of the services that Envoy's public listener leads to. */
export function publicServices(): readonly string[] {
  return [
    ...new Set(
      allRpcs()
        .filter(rpc => rpc.isPublic)
        .map(rpc => rpc.service),
    ),
  ];
}

/** Whether a package is reached from outside: those named internal, and the node-manager's, are not. */
export function isPublicPackage(name: string): boolean {
  return !name.includes('.internal.') && name !== 'miniredis.nodemanager.v1';
}

function findRpcs(): Rpc[] {
  const found: Rpc[] = [];
  for (const file of registry.files) {
    const packageName = file.proto.package;
    if (!packageName.startsWith('miniredis.')) continue;
    for (const service of file.services) {
      for (const method of service.methods) {
        found.push({
          path: `/${service.typeName}/${method.name}`,
          service: service.typeName,
          method: method.name,
          kind: method.methodKind,
          access: accessOf(method),
          isPublic: isPublicPackage(packageName),
          descriptor: method,
        });
      }
    }
  }
  return found;
}

function accessOf(method: DescMethod): AccessRule {
  if (!accessExtension) throw new Error('The descriptor set lacks miniredis.common.v1.access; run "npm run generate".');
  const access = Access.fromPartial(getOption(method, accessExtension) as Partial<Access>);
  return {
    roles: access.roles.map(nameOfRole),
    anonymous: access.anonymous,
    services: access.services,
    rate: nameOf(Rate, access.rate) as RateName,
    tenantField: access.tenantField,
    privileged: access.privileged,
  };
}

/** Name of a role's number; throws for one the contract does not have. */
export function nameOfRole(role: Role): RoleName {
  return nameOf(Role, role) as RoleName;
}

/** Number of a role's name. */
export function roleOfName(name: RoleName): Role {
  return Role[name];
}

function nameOf(values: Record<string, number>, value: number): string {
  const found = Object.entries(values).find(([, number]) => number === value);
  if (!found || found[0] === 'UNSPECIFIED') throw new Error(`The contract has no name for the value ${value}.`);
  return found[0];
}
