import type { ErrorReason as Reasons } from '../../gen/miniredis/common/v1/error_reason.ts';

/** Name of a value of miniredis.common.v1.ErrorReason without its prefix, for example "NOT_FOUND". */
export type ErrorReason = Exclude<keyof typeof Reasons, 'UNSPECIFIED'>;

/** Facts that go with a DomainError; which ones fit which reason stands in error_reason.proto. */
export interface DomainErrorFacts {
  /** Machine-readable facts for ErrorInfo.metadata. Never a secret. */
  metadata?: Record<string, string>;
  /** Fields of the request that are wrong, for BadRequest. */
  fields?: { field: string; description: string; rule?: string }[];
  /** After how many milliseconds a retry makes sense, for RetryInfo. */
  retryAfterMs?: number;
  /** What went wrong below; logged, never sent. */
  cause?: unknown;
}

/**
 * The one error that rules and stores throw. libs/errors turns it into a gRPC status. The message is for the caller:
 * it says what was wrong, the limit, and what to do.
 */
export class DomainError extends Error {
  readonly reason: ErrorReason;
  readonly metadata: Record<string, string>;
  readonly fields: NonNullable<DomainErrorFacts['fields']>;
  readonly retryAfterMs: number | undefined;

  constructor(reason: ErrorReason, message: string, facts: DomainErrorFacts = {}) {
    super(message, { cause: facts.cause });
    this.name = 'DomainError';
    this.reason = reason;
    this.metadata = facts.metadata ?? {};
    this.fields = facts.fields ?? [];
    this.retryAfterMs = facts.retryAfterMs;
  }
}

/** NOT_FOUND for a resource name. */
export function notFound(resource: string): DomainError {
  return new DomainError('NOT_FOUND', `${resource} does not exist.`, { metadata: { resource } });
}

/** ALREADY_EXISTS for a resource name. */
export function alreadyExists(resource: string): DomainError {
  return new DomainError('ALREADY_EXISTS', `${resource} exists already; choose another id.`, {
    metadata: { resource },
  });
}

/** ABORTED because the caller's etag is not the current one. */
export function etagMismatch(resource: string, etag: string): DomainError {
  return new DomainError('ETAG_MISMATCH', `${resource} was changed since it was read; read it again and retry.`, {
    metadata: { resource, etag },
  });
}

/** FAILED_PRECONDITION because of the resource's state. */
export function stateConflict(message: string, metadata: Record<string, string>): DomainError {
  return new DomainError('STATE_CONFLICT', message, { metadata });
}

/** INVALID_ARGUMENT about one field that the contract's own rules cannot judge. */
export function invalidField(field: string, description: string): DomainError {
  return new DomainError('INVALID_REQUEST', `${field}: ${description}`, { fields: [{ field, description }] });
}

/** UNAVAILABLE because something the call needs does not answer. */
export function dependencyUnavailable(dependency: string, cause: unknown, retryAfterMs = 1_000): DomainError {
  return new DomainError('DEPENDENCY_UNAVAILABLE', `${dependency} does not answer at the moment; retry shortly.`, {
    metadata: { dependency },
    retryAfterMs,
    cause,
  });
}
