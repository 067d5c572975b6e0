/** One error model: rules throw DomainError, the wire carries google.rpc.Status. */
export {
  alreadyExists,
  DomainError,
  type DomainErrorFacts,
  dependencyUnavailable,
  type ErrorReason,
  etagMismatch,
  invalidField,
  notFound,
  stateConflict,
} from './domain-error.ts';
export { codeOf, errorDomain, fromStatus, statusDetailsKey, toStatus, unpackErrorInfo } from './status.ts';
