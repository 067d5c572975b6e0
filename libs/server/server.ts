import { ServerCredentials as Credentials, type ServerCredentials } from '@grpc/grpc-js';
import { createServer, type ServiceImplementation } from 'nice-grpc';
import type { CompatServiceDefinition } from 'nice-grpc/lib/service-definitions/index.js';
import { ServerError, Status } from 'nice-grpc-common';
import { HealthDefinition } from '../../gen/grpc/health/v1/health.ts';
import type { Logger } from '../log/index.ts';
import type { Metrics } from '../metrics/index.ts';
import type { PrincipalVerifier } from '../principal/index.ts';
import { type ContextExtension, callMiddleware, type Denial } from './call.ts';
import { exposeDeadline } from './deadline.ts';
import { Health, type HealthCheck, healthService, watchHealth } from './health.ts';

/** A generated service definition (ts-proto, generic-definitions). */
export interface ServiceDefinition {
  readonly name: string;
  readonly fullName: string;
  readonly methods: Readonly<Record<string, MethodDefinition>>;
}

interface MethodDefinition {
  readonly name: string;
  readonly requestType: { encode(message: never): { finish(): Uint8Array } };
}

/** A contract with what answers it; make it with `route`. */
export interface Route {
  readonly definition: ServiceDefinition;
  readonly implementation: object;
}

/** Ties a generated definition to its implementation. */
export function route<Definition extends CompatServiceDefinition & ServiceDefinition>(
  definition: Definition,
  implementation: ServiceImplementation<Definition, ContextExtension>,
): Route {
  return { definition, implementation };
}

/** A contract of which nothing is built yet: every RPC answers UNIMPLEMENTED, after authorization. */
export function unimplementedRoute(definition: ServiceDefinition): Route {
  const implementation = Object.fromEntries(
    Object.entries(definition.methods).map(([key, method]) => [
      key,
      () => unimplemented(`${definition.fullName}/${method.name}`),
    ]),
  );
  return { definition, implementation };
}

function unimplemented(method: string): never {
  throw new ServerError(Status.UNIMPLEMENTED, `${method} is in the contract but not built yet.`);
}

/** What a gRPC server of ours needs. */
export interface ServerOptions {
  readonly service: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly routes: readonly Route[];
  readonly checks: readonly HealthCheck[];
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly verifyPrincipal: PrincipalVerifier;
  readonly recordDenial: (denial: Denial) => Promise<void>;
  /** mTLS credentials; unset is plain text, for loopback. */
  readonly credentials?: ServerCredentials;
}

/** A server that answers. */
export interface RunningServer {
  readonly port: number;
  readonly health: Health;
  /** NOT_SERVING at once, streams ended, calls in flight finished or cut after `graceMs`. */
  drain(graceMs?: number): Promise<void>;
}

// Bytes of one message, either way: contracts bound every list and text far below it.
const maxMessageBytes = 4 * 1024 * 1024;
const maxRequestBytes = 1024 * 1024;

/** Starts a gRPC server with health, authorization, validation, logs and metrics around every route. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const drainController = new AbortController();
  const health = new Health(options.metrics);
  const server = createServer({
    'grpc.max_receive_message_length': maxRequestBytes,
    'grpc.max_send_message_length': maxMessageBytes,
    'grpc.max_concurrent_streams': 1_000,
    'grpc.keepalive_permit_without_calls': 1,
    // passed on to grpc-js, which nice-grpc's type does not know
    interceptors: [exposeDeadline],
  } as never).use(
    callMiddleware({ ...options, encodeRequest: requestEncoder(options.routes), drainSignal: drainController.signal }),
  );
  const names = new Set(options.routes.map(({ definition }) => definition.fullName));
  for (const { definition, implementation } of options.routes) server.add(definition as never, implementation as never);
  server.add(HealthDefinition, healthService(health, names));
  const checking = watchHealth(health, options.checks, drainController.signal);
  const port = await server.listen(
    `${options.host}:${options.port}`,
    options.credentials ?? Credentials.createInsecure(),
  );
  return {
    port,
    health,
    async drain(graceMs = 5_000) {
      health.drain();
      drainController.abort();
      const cut = setTimeout(() => server.forceShutdown(), graceMs);
      await server.shutdown();
      clearTimeout(cut);
      await checking;
    },
  };
}

/** Finds for each method how to encode its request again. */
function requestEncoder(routes: readonly Route[]) {
  const encoders = new Map<string, { typeName: string; encode: (request: never) => { finish(): Uint8Array } }>();
  for (const { definition } of routes) {
    for (const method of Object.values(definition.methods)) {
      const typeName = `${definition.fullName.slice(0, definition.fullName.lastIndexOf('.'))}.${method.name}Request`;
      encoders.set(`/${definition.fullName}/${method.name}`, { typeName, encode: method.requestType.encode });
    }
  }
  return (path: string, request: unknown) => {
    const encoder = encoders.get(path);
    return encoder && { typeName: encoder.typeName, bytes: encoder.encode(request as never).finish() };
  };
}
