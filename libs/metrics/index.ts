/** Prometheus metrics of a process, and the small HTTP server that offers them beside its health. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export { Counter, Gauge, Histogram } from 'prom-client';

/** The metrics of one process. */
export interface Metrics {
  readonly registry: Registry;
  /** Calls answered, by method and gRPC code. */
  readonly calls: Counter<'method' | 'code'>;
  /** Seconds a call took, by method. */
  readonly callSeconds: Histogram<'method'>;
  /** 1 for a health entry that is well, 0 for one that is not. */
  readonly health: Gauge<'entry'>;
}

/** A registry of its own with the process's default metrics and those every service has. */
export function createMetrics(service: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    calls: new Counter({
      name: 'miniredis_rpc_calls_total',
      help: 'Calls answered, by method and gRPC code.',
      labelNames: ['method', 'code'],
      registers,
    }),
    callSeconds: new Histogram({
      name: 'miniredis_rpc_seconds',
      help: 'Seconds from the arrival of a call to its answer, by method.',
      labelNames: ['method'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    }),
    health: new Gauge({
      name: 'miniredis_health',
      help: '1 for a health entry that is well, 0 for one that is not.',
      labelNames: ['entry'],
      registers,
    }),
  };
}

/** What the HTTP side of a service asks. */
export interface MetricsServerOptions {
  readonly metrics: Metrics;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** The body of /healthz; `ready` decides between 200 and 503. */
  readonly health: () => { ready: boolean; entries: Record<string, boolean> };
}

/** Serves /metrics and /healthz; everything else is 404. Close it with `close`. */
export async function startMetricsServer(
  options: MetricsServerOptions,
): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer(async (request, response) => {
    if (request.url === '/healthz') {
      const health = options.health();
      response.writeHead(health.ready ? 200 : 503, { 'content-type': 'application/json' });
      response.end(JSON.stringify(health));
    } else if (request.url === '/metrics') {
      const body = await options.metrics.registry.metrics();
      response.writeHead(200, { 'content-type': options.metrics.registry.contentType }).end(body);
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
