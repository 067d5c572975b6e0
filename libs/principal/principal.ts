import type { RoleName } from '../contract/index.ts';

/** Who a request acts for. */
export interface Principal {
  /** "user:<id>", "key:<id>" or "service:<name>". */
  readonly subject: string;
  /** Id of the tenant it acts in; empty for the platform. */
  readonly tenant: string;
  /** Its role there; undefined for a service, which has none. */
  readonly role: RoleName | undefined;
}

/** The operator: whoever can read the secrets of the installation. Acts as a platform administrator. */
export const operatorSubject = 'service:operator';

/** Name of the service that a principal is; undefined for users and keys. */
export function serviceNameOf(principal: Principal): string | undefined {
  return principal.subject.startsWith('service:') ? principal.subject.slice('service:'.length) : undefined;
}

/** Id of the tenant in a resource name: "tenants/acme/nodes/x" → "acme", "tenants/-" → "-"; undefined if it names none. */
export function tenantOf(resourceName: string): string | undefined {
  const [collection, tenant] = resourceName.split('/', 2);
  return collection === 'tenants' ? tenant : undefined;
}
