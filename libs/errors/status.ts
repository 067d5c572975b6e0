// The one table from an error's reason to its canonical gRPC code, and both directions over the wire:
// DomainError → google.rpc.Status with typed details, and a received status → DomainError.

import { Status as Code } from 'nice-grpc-common';
import { Any } from '../../gen/google/protobuf/any.ts';
import {
  BadRequest,
  ErrorInfo,
  PreconditionFailure,
  QuotaFailure,
  RetryInfo,
} from '../../gen/google/rpc/error_details.ts';
import type { Status } from '../../gen/google/rpc/status.ts';
import { DomainError, type ErrorReason } from './domain-error.ts';

/** ErrorInfo.domain of every error of ours. */
export const errorDomain = 'miniredis';

/** Metadata key under which gRPC carries a google.rpc.Status. */
export const statusDetailsKey = 'grpc-status-details-bin';

const codes: Record<ErrorReason, Code> = {
  INVALID_REQUEST: Code.INVALID_ARGUMENT,
  INVALID_PAGE_TOKEN: Code.INVALID_ARGUMENT,
  UNAUTHENTICATED: Code.UNAUTHENTICATED,
  ROLE_DENIED: Code.PERMISSION_DENIED,
  TENANT_DENIED: Code.PERMISSION_DENIED,
  NOT_FOUND: Code.NOT_FOUND,
  ALREADY_EXISTS: Code.ALREADY_EXISTS,
  REQUEST_ID_REUSED: Code.ALREADY_EXISTS,
  ETAG_MISMATCH: Code.ABORTED,
  CONCURRENT_CHANGE: Code.ABORTED,
  STATE_CONFLICT: Code.FAILED_PRECONDITION,
  RATE_LIMITED: Code.RESOURCE_EXHAUSTED,
  LIMIT_EXCEEDED: Code.RESOURCE_EXHAUSTED,
  DEPENDENCY_UNAVAILABLE: Code.UNAVAILABLE,
  NOT_READY: Code.UNAVAILABLE,
  DEADLINE_EXCEEDED: Code.DEADLINE_EXCEEDED,
  UNIMPLEMENTED: Code.UNIMPLEMENTED,
  INTERNAL: Code.INTERNAL,
};

/** The canonical code of a reason. */
export function codeOf(reason: ErrorReason): Code {
  return codes[reason];
}

/** The google.rpc.Status that goes over the wire: code, message, exactly one ErrorInfo, and each other detail at most once. */
export function toStatus(error: DomainError): Status {
  const details = [
    pack('ErrorInfo', ErrorInfo.encode({ reason: error.reason, domain: errorDomain, metadata: error.metadata })),
  ];
  if (error.fields.length > 0) details.push(pack('BadRequest', BadRequest.encode(badRequest(error))));
  if (error.retryAfterMs !== undefined)
    details.push(pack('RetryInfo', RetryInfo.encode(retryInfo(error.retryAfterMs))));
  if (error.reason === 'LIMIT_EXCEEDED') details.push(pack('QuotaFailure', QuotaFailure.encode(quotaFailure(error))));
  if (error.reason === 'STATE_CONFLICT') {
    details.push(pack('PreconditionFailure', PreconditionFailure.encode(preconditionFailure(error))));
  }
  return { code: codeOf(error.reason), message: error.message, details };
}

/** Reads a received status back; undefined if it is not one of ours. */
export function fromStatus(status: Status): DomainError | undefined {
  const info = unpackErrorInfo(status);
  if (info?.domain !== errorDomain || !(info.reason in codes)) return undefined;
  const retry = status.details.find(detail => detail.typeUrl.endsWith('/google.rpc.RetryInfo'));
  const delay = retry && RetryInfo.decode(retry.value).retryDelay;
  return new DomainError(info.reason as ErrorReason, status.message, {
    metadata: info.metadata,
    ...(delay && { retryAfterMs: Number(delay.seconds) * 1_000 + delay.nanos / 1e6 }),
  });
}

/** The ErrorInfo of a status; undefined if it has none. */
export function unpackErrorInfo(status: Status): ErrorInfo | undefined {
  const info = status.details.find(detail => detail.typeUrl.endsWith('/google.rpc.ErrorInfo'));
  return info && ErrorInfo.decode(info.value);
}

function pack(type: string, writer: { finish(): Uint8Array }): Any {
  return Any.create({ typeUrl: `type.googleapis.com/google.rpc.${type}`, value: writer.finish() });
}

function badRequest(error: DomainError): BadRequest {
  return BadRequest.create({
    fieldViolations: error.fields.map(({ field, description, rule }) => ({ field, description, reason: rule ?? '' })),
  });
}

function retryInfo(retryAfterMs: number): RetryInfo {
  const whole = Math.ceil(retryAfterMs);
  return { retryDelay: { seconds: BigInt(Math.floor(whole / 1_000)), nanos: (whole % 1_000) * 1_000_000 } };
}

function quotaFailure(error: DomainError): QuotaFailure {
  return QuotaFailure.create({
    violations: [{ subject: error.metadata.subject ?? '', description: error.message }],
  });
}

function preconditionFailure(error: DomainError): PreconditionFailure {
  return PreconditionFailure.create({
    violations: [{ type: 'STATE', subject: error.metadata.resource ?? '', description: error.message }],
  });
}
