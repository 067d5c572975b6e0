import { ConfigError, Environment, readServiceConfig, type ServiceConfig, type ServiceName } from '../config/index.ts';
import { createLogger, type Logger } from '../log/index.ts';
import { createMetrics, type Metrics, startMetricsServer } from '../metrics/index.ts';
import { createPrincipalSigner, createPrincipalVerifier, type PrincipalSigner } from '../principal/index.ts';
import { type Denial, type HealthCheck, type Route, type RunningServer, startServer } from '../server/index.ts';

/** What `runService` gives to a service's main function. */
export interface ServiceProcess<Settings extends object> {
  readonly config: ServiceConfig & Settings;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Signs for this service. */
  readonly signer: PrincipalSigner;
  /** Aborts when the process shall end; loops and streams stop on it. */
  readonly signal: AbortSignal;
  /** Registers what to close at the end, last registered first closed, after the server has drained. */
  onStop(close: () => Promise<void> | void): void;
  /** Starts the gRPC server on the configured port and /metrics and /healthz beside it. */
  serve(options: {
    routes: readonly Route[];
    checks: readonly HealthCheck[];
    recordDenial: (denial: Denial) => Promise<void>;
  }): Promise<RunningServer>;
}

/**
 * Runs a service until SIGTERM or SIGINT: reads its configuration (all problems told at once, exit 1), calls `main`,
 * and on a signal drains: health turns NOT_SERVING, calls in flight end, what was opened is closed, exit 0.
 *
 * @param readSettings reads the service's own settings
 */
export async function runService<Settings extends object>(
  name: ServiceName,
  readSettings: (env: Environment, base: ServiceConfig) => Settings,
  main: (service: ServiceProcess<Settings>) => Promise<void>,
): Promise<void> {
  const config = readConfig(name, readSettings);
  const log = createLogger(name, config.logLevel);
  const stop = new AbortController();
  const closers: (() => Promise<void> | void)[] = [];
  const metrics = createMetrics(name);
  const end = once(async (code: number) => {
    stop.abort();
    for (const close of closers.toReversed()) {
      await Promise.resolve(close()).catch((error: unknown) => log.error({ err: error }, 'close_failed'));
    }
    log.info({ code }, 'service_ended');
    process.exit(code);
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end(0));
  process.on('unhandledRejection', error => {
    log.fatal({ err: error }, 'unhandled_rejection');
    void end(1);
  });
  const service: ServiceProcess<Settings> = {
    config,
    log,
    metrics,
    signer: createPrincipalSigner(name, config.privateKeyPem),
    signal: stop.signal,
    onStop: close => closers.push(close),
    serve: options => serve(service, options),
  };
  try {
    await main(service);
    log.info({ port: config.port }, 'service_started');
  } catch (error) {
    log.fatal({ err: error }, 'service_failed_to_start');
    await end(1);
  }
}

function readConfig<Settings extends object>(
  name: ServiceName,
  readSettings: (env: Environment, base: ServiceConfig) => Settings,
): ServiceConfig & Settings {
  try {
    const env = new Environment();
    const base = readServiceConfig(name, env);
    return env.finish({ ...base, ...readSettings(env, base) });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${name}: ${error.message}\n`);
    process.exit(1);
  }
}

async function serve<Settings extends object>(
  service: ServiceProcess<Settings>,
  options: Parameters<ServiceProcess<Settings>['serve']>[0],
): Promise<RunningServer> {
  const { config, log, metrics } = service;
  const server = await startServer({
    ...options,
    service: config.service,
    host: config.bind,
    port: config.port,
    log,
    metrics,
    verifyPrincipal: createPrincipalVerifier(config.jwksPath),
  });
  const http = await startMetricsServer({
    metrics,
    host: config.bind,
    port: config.httpPort,
    health: () => ({ ready: server.health.ready, entries: server.health.entries }),
  });
  service.onStop(() => http.close());
  service.onStop(() => server.drain());
  return server;
}

/** Runs `work` at the first call only. */
function once(work: (code: number) => Promise<void>): (code: number) => Promise<void> {
  let running: Promise<void> | undefined;
  return code => {
    running ??= work(code);
    return running;
  };
}
