// Calls to other services: every call has a deadline that goes over the wire, ends with its caller, says who asks, and
// fails with a DomainError.

import { type Channel, ChannelCredentials } from '@grpc/grpc-js';
import type { Client } from 'nice-grpc';
import { createChannel, createClientFactory } from 'nice-grpc';
import type { CompatServiceDefinition } from 'nice-grpc/lib/service-definitions/index.js';
import { type CallOptions, ClientError, type ClientMiddleware, Metadata, Status } from 'nice-grpc-common';
import { Status as RpcStatus } from '../../gen/google/rpc/status.ts';
import { type RequestContext, requestIdHeader, traceparentHeader } from '../context/index.ts';
import { DomainError, dependencyUnavailable, fromStatus, statusDetailsKey } from '../errors/index.ts';
import { type PrincipalSigner, principalHeader } from '../principal/index.ts';

/** Options of one call, besides nice-grpc's. */
export interface RemoteCallOptions {
  /** The call that this one serves: its signal, deadline, request id and trace are passed on. */
  from?: RequestContext;
  /** Milliseconds to wait at most; unset is 2,000 for unary calls, unlimited for streams. */
  timeoutMs?: number;
}

/** How to reach a service. */
export interface ClientOptions {
  /** host:port. */
  readonly address: string;
  /** What the service is called in errors, for example "backend". */
  readonly dependency: string;
  /** The identity that calls. */
  readonly signer: PrincipalSigner;
  /** mTLS credentials; unset is plain text, for loopback. */
  readonly credentials?: ChannelCredentials;
}

/** Clients of one channel. Close it when they are no longer needed. */
export interface Connection {
  client<Definition extends CompatServiceDefinition>(definition: Definition): Client<Definition, RemoteCallOptions>;
  close(): void;
}

const defaultTimeoutMs = 2_000;

/** Opens a channel; it connects by itself, and again after the peer was away. */
export function connect(options: ClientOptions): Connection {
  const channel: Channel = createChannel(options.address, options.credentials ?? ChannelCredentials.createInsecure(), {
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1_000,
    'grpc.keepalive_time_ms': 10_000,
    'grpc.keepalive_timeout_ms': 3_000,
  });
  const factory = createClientFactory().use(callMiddleware(options));
  return {
    client: definition => factory.create(definition, channel),
    close: () => channel.close(),
  };
}

function callMiddleware(options: ClientOptions): ClientMiddleware<RemoteCallOptions> {
  return async function* remoteCall(call, { from, timeoutMs, ...rest }) {
    const remainingMs = remaining(call.responseStream, from, timeoutMs);
    const trailers: { status?: Uint8Array } = {};
    const callOptions: CallOptions = {
      ...rest,
      metadata: await outgoing(rest, from, remainingMs, options.signer),
      signal: anySignal(rest.signal, from?.signal, remainingMs),
      onTrailer: trailer => {
        const status = trailer.get(statusDetailsKey);
        if (status instanceof Uint8Array) trailers.status = status;
      },
    };
    try {
      return yield* call.next(call.request as never, callOptions);
    } catch (error) {
      throw toDomainError(error, trailers.status, options.dependency, remainingMs, from);
    }
  };
}

function remaining(isStream: boolean, from: RequestContext | undefined, timeoutMs: number | undefined): number {
  const own = timeoutMs ?? (isStream ? Number.POSITIVE_INFINITY : defaultTimeoutMs);
  const callers = from?.deadline === undefined ? Number.POSITIVE_INFINITY : Math.max(1, from.deadline - Date.now());
  return Math.min(own, callers);
}

async function outgoing(
  rest: CallOptions,
  from: RequestContext | undefined,
  remainingMs: number,
  signer: PrincipalSigner,
) {
  const metadata = Metadata(rest.metadata).set(principalHeader, await signer.own());
  if (from) metadata.set(requestIdHeader, from.requestId);
  if (from?.traceparent) metadata.set(traceparentHeader, from.traceparent);
  if (Number.isFinite(remainingMs)) metadata.set('grpc-timeout', `${Math.max(1, Math.ceil(remainingMs))}m`);
  return metadata;
}

function anySignal(own: AbortSignal | undefined, callers: AbortSignal | undefined, remainingMs: number): AbortSignal {
  const signals = [
    own,
    callers,
    Number.isFinite(remainingMs) ? AbortSignal.timeout(Math.ceil(remainingMs)) : undefined,
  ];
  return AbortSignal.any(signals.filter(signal => signal !== undefined));
}

function toDomainError(
  error: unknown,
  status: Uint8Array | undefined,
  dependency: string,
  remainingMs: number,
  from: RequestContext | undefined,
): unknown {
  if (from?.signal.aborted) return error;
  if (isAbort(error)) return deadlineExceeded(dependency, remainingMs, error);
  if (!(error instanceof ClientError)) return error;
  const remote = status && fromStatus(RpcStatus.decode(status));
  if (remote && remote.reason !== 'INTERNAL' && remote.reason !== 'UNAUTHENTICATED') return remote;
  if (error.code === Status.UNAVAILABLE) return dependencyUnavailable(dependency, error);
  if (error.code === Status.DEADLINE_EXCEEDED) return deadlineExceeded(dependency, remainingMs, error);
  return error;
}

function deadlineExceeded(dependency: string, remainingMs: number, cause: unknown): DomainError {
  return new DomainError('DEADLINE_EXCEEDED', `${dependency} did not answer within ${Math.round(remainingMs)} ms.`, {
    metadata: { dependency },
    cause,
  });
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError');
}
