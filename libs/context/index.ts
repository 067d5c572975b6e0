/** What travels with a request from hop to hop: its id, its trace, who it acts for, its deadline. */
import { randomUUID } from 'node:crypto';
import type { Principal } from '../principal/index.ts';

/** Metadata keys of the context. */
export const requestIdHeader = 'x-request-id';
export const traceparentHeader = 'traceparent';
export const clientAddressHeader = 'x-forwarded-for';

/** The context of one call, as handlers see it and clients pass it on. */
export interface RequestContext {
  readonly requestId: string;
  /** W3C trace context; empty if the caller sent none. */
  readonly traceparent: string;
  /** The client's address as Envoy saw it; empty for calls from inside. */
  readonly clientAddress: string;
  /** Undefined only in RPCs that need no credential. */
  readonly principal: Principal | undefined;
  /** Full method, "package.Service/Method". */
  readonly method: string;
  /** When the caller stops waiting, in milliseconds of Date.now; undefined if it set no deadline. */
  readonly deadline: number | undefined;
  /** Aborts when the caller is gone, the deadline has passed or the service drains. */
  readonly signal: AbortSignal;
}

const requestIdPattern = /^[\w.:-]{1,128}$/;
const traceparentPattern = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The caller's request id if it is a sane one, else a new one. */
export function requestIdFrom(value: string | undefined): string {
  return value !== undefined && requestIdPattern.test(value) ? value : randomUUID();
}

/** The caller's traceparent if it is well formed, else nothing. */
export function traceparentFrom(value: string | undefined): string {
  return value !== undefined && traceparentPattern.test(value) ? value : '';
}
