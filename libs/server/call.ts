// The middleware every call passes through, in this order: its context is read, it is authorized, its request is judged
// by the contract, the handler runs, errors become statuses, one line is logged and counted.

import { isAbortError } from 'abort-controller-x';
import {
  type CallContext,
  ServerError,
  type ServerMiddleware,
  type ServerMiddlewareCall,
  Status,
} from 'nice-grpc-common';
import { Status as RpcStatus } from '../../gen/google/rpc/status.ts';
import { authorizeRole, authorizeTenant } from '../access/index.ts';
import {
  clientAddressHeader,
  type RequestContext,
  requestIdFrom,
  requestIdHeader,
  traceparentFrom,
  traceparentHeader,
} from '../context/index.ts';
import { findRpc, type Rpc, validateRequest } from '../contract/index.ts';
import { DomainError, statusDetailsKey, toStatus } from '../errors/index.ts';
import type { Logger } from '../log/index.ts';
import type { Metrics } from '../metrics/index.ts';
import { type Principal, type PrincipalVerifier, principalHeader } from '../principal/index.ts';
import { deadlineHeader } from './deadline.ts';

/** What handlers get besides nice-grpc's own call context. */
export interface ContextExtension {
  readonly request: RequestContext;
}

/** A call that was refused by role or tenant. */
export interface Denial {
  readonly context: RequestContext;
  readonly error: DomainError;
}

/** What the middleware needs to know of its service. */
export interface CallOptions {
  readonly service: string;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly verifyPrincipal: PrincipalVerifier;
  /** Encodes a request of a method again, for validation; undefined for methods without a contract of ours. */
  readonly encodeRequest: (path: string, request: unknown) => { typeName: string; bytes: Uint8Array } | undefined;
  /** Records a denial; awaited before the caller gets its answer. */
  readonly recordDenial: (denial: Denial) => Promise<void>;
  /** Aborts when the service drains; ends streams, not unary calls. */
  readonly drainSignal: AbortSignal;
}

/** The middleware for one server. */
export function callMiddleware(options: CallOptions): ServerMiddleware<ContextExtension> {
  return async function* handleCall<Request, Response>(
    call: ServerMiddlewareCall<Request, Response, ContextExtension>,
    context: CallContext,
  ) {
    const startedAt = performance.now();
    const request = readContext(call.method.path, call.responseStream, context, options.drainSignal);
    context.header.set(requestIdHeader, request.requestId);
    let principal: Principal | undefined;
    let failure: DomainError | undefined;
    try {
      const rpc = findRpc(call.method.path);
      if (rpc) principal = await authorize(rpc, call, context, request, options);
      return yield* call.next(call.request as never, {
        ...context,
        signal: request.signal,
        request: { ...request, principal },
      });
    } catch (error) {
      failure = toDomainError(error, request, options);
      context.trailer.set(statusDetailsKey, RpcStatus.encode(toStatus(failure)).finish());
      throw new ServerError(toStatus(failure).code, failure.message);
    } finally {
      finishCall({ ...request, principal }, failure, performance.now() - startedAt, options);
    }
  };
}

function readContext(
  path: string,
  isStream: boolean,
  { metadata, signal }: CallContext,
  drain: AbortSignal,
): RequestContext {
  const deadline = Number(metadata.get(deadlineHeader));
  return {
    requestId: requestIdFrom(metadata.get(requestIdHeader)),
    traceparent: traceparentFrom(metadata.get(traceparentHeader)),
    clientAddress: metadata.get(clientAddressHeader)?.split(',').at(-1)?.trim() ?? '',
    principal: undefined,
    method: path.slice(1),
    deadline: deadline > 0 ? deadline : undefined,
    signal: isStream ? AbortSignal.any([signal, drain]) : signal,
  };
}

async function authorize(
  rpc: Rpc,
  call: { requestStream: boolean; request: unknown },
  context: CallContext,
  request: RequestContext,
  options: CallOptions,
): Promise<Principal | undefined> {
  const token = context.metadata.get(principalHeader);
  const principal = token === undefined ? undefined : await options.verifyPrincipal(token);
  try {
    authorizeRole(rpc, principal);
    if (!call.requestStream) {
      validate(rpc, call.request, options);
      authorizeTenant(rpc, principal, call.request as object);
    }
  } catch (error) {
    if (principal && isDenial(error)) await options.recordDenial({ context: { ...request, principal }, error });
    throw error;
  }
  return principal;
}

function validate(rpc: Rpc, request: unknown, options: CallOptions): void {
  const encoded = options.encodeRequest(rpc.path, request);
  if (encoded) validateRequest(encoded.typeName, encoded.bytes);
}

function isDenial(error: unknown): error is DomainError {
  return error instanceof DomainError && (error.reason === 'ROLE_DENIED' || error.reason === 'TENANT_DENIED');
}

/** Everything thrown becomes a DomainError; what is not one is a fault of ours, logged with its stack and told as such. */
function toDomainError(error: unknown, request: RequestContext, options: CallOptions): DomainError {
  if (error instanceof DomainError) return error;
  if (isAbortError(error) && options.drainSignal.aborted) {
    return new DomainError('NOT_READY', `The ${options.service} service is shutting down; call again.`, {
      metadata: { service: options.service },
      retryAfterMs: 500,
    });
  }
  if (isAbortError(error)) {
    return new DomainError('DEADLINE_EXCEEDED', 'The caller stopped waiting before the answer was ready.');
  }
  if (error instanceof ServerError && error.code === Status.UNIMPLEMENTED) {
    return new DomainError('UNIMPLEMENTED', error.details, { metadata: { method: request.method } });
  }
  options.log.error({ err: error, method: request.method, requestId: request.requestId }, 'call_failed');
  return new DomainError('INTERNAL', `Something failed on our side; request id ${request.requestId}.`, {
    metadata: { request_id: request.requestId },
    cause: error,
  });
}

function finishCall(request: RequestContext, failure: DomainError | undefined, ms: number, options: CallOptions): void {
  const code = failure ? Status[toStatus(failure).code] : 'OK';
  options.metrics.calls.inc({ method: request.method, code: code ?? 'UNKNOWN' });
  options.metrics.callSeconds.observe({ method: request.method }, ms / 1_000);
  const quiet = request.method.startsWith('grpc.health.') || request.method.startsWith('envoy.');
  options.log[quiet ? 'debug' : 'info'](
    {
      method: request.method,
      code,
      ...(failure && { reason: failure.reason, detail: failure.message }),
      tenant: request.principal?.tenant,
      principal: request.principal?.subject,
      requestId: request.requestId,
      ...(request.traceparent && { traceparent: request.traceparent }),
      ms: Math.round(ms * 100) / 100,
    },
    'call',
  );
  if (failure?.cause !== undefined && failure.reason !== 'INTERNAL') {
    options.log.warn({ err: failure.cause, method: request.method, requestId: request.requestId }, 'call_cause');
  }
}
