import type { Rpc } from '../contract/index.ts';
import { DomainError } from '../errors/index.ts';
import { type Principal, serviceNameOf, tenantOf } from '../principal/index.ts';

/** Throws unless the contract lets the principal call the RPC: by its role, or as a service that it names. */
export function authorizeRole(rpc: Rpc, principal: Principal | undefined): void {
  if (rpc.access.anonymous) return;
  if (!principal) {
    throw new DomainError(
      'UNAUTHENTICATED',
      'This call needs a credential: send "authorization: Bearer <API key or access token>".',
      {
        metadata: { cause: 'missing' },
      },
    );
  }
  const service = serviceNameOf(principal);
  if (service && rpc.access.services.includes(service)) return;
  if (principal.role && rpc.access.roles.includes(principal.role)) return;
  throw roleDenied(rpc, principal);
}

/**
 * Throws unless the tenant that the request names is the principal's. Platform administrators, and services that the
 * contract lets call, act in every tenant. "tenants/-" and "platform" are for them alone.
 *
 * @param request the decoded request, whose fields have camelCase names
 */
export function authorizeTenant(rpc: Rpc, principal: Principal | undefined, request: object): void {
  if (rpc.access.tenantField === '' || !principal) return;
  if (principal.role === 'PLATFORM_ADMIN' || serviceNameOf(principal)) return;
  const name = fieldOf(request, rpc.access.tenantField);
  if (typeof name === 'string' && tenantOf(name) === principal.tenant && principal.tenant !== '') return;
  throw new DomainError('TENANT_DENIED', 'This resource belongs to another tenant than the credential.', {
    metadata: { tenant: principal.tenant, method: rpc.path.slice(1) },
  });
}

function roleDenied(rpc: Rpc, principal: Principal): DomainError {
  const wanted = rpc.access.roles.join(', ') || 'none';
  const role = principal.role ?? 'none';
  return new DomainError('ROLE_DENIED', `The role ${role} may not call ${rpc.method}; roles that may: ${wanted}.`, {
    metadata: { role, method: rpc.path.slice(1) },
  });
}

/** Follows a path of proto field names such as "node.name" through a decoded message. */
function fieldOf(message: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, part) => {
    const key = part.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  }, message);
}
