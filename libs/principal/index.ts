/** Who a request acts for, and how that travels through the mesh. */
export { operatorSubject, type Principal, serviceNameOf, tenantOf } from './principal.ts';
export {
  createPrincipalSigner,
  createPrincipalVerifier,
  type PrincipalSigner,
  type PrincipalVerifier,
  principalHeader,
  principalLifetimeSeconds,
} from './token.ts';
