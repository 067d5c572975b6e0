// Health of a process: one entry per thing worth knowing. Entry "" is readiness: it asks only what no RPC of the service
// can do without. Everything else is a named entry, told by gRPC health, /healthz and a metric.

import { setTimeout as wait } from 'node:timers/promises';
import {
  type HealthCheckRequest,
  type HealthServiceImplementation,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '../../gen/grpc/health/v1/health.ts';
import { DomainError } from '../errors/index.ts';
import type { Metrics } from '../metrics/index.ts';

/** A dependency that is asked once a second. */
export interface HealthCheck {
  /** Name of the entry, for example "postgres". */
  readonly name: string;
  /** True: the service is not ready without it. */
  readonly required: boolean;
  /** Resolves if it is well, rejects if it is not; has two seconds. */
  readonly probe: (signal: AbortSignal) => Promise<void>;
}

const probeIntervalMs = 1_000;
const probeTimeoutMs = 2_000;

/** Entries of a process and whoever watches them. */
export class Health {
  readonly #entries = new Map<string, boolean>();
  readonly #required = new Set<string>();
  readonly #watchers = new Set<() => void>();
  readonly #metrics: Metrics;
  #draining = false;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** Declares an entry, not well until `set` says so. */
  declare(name: string, required: boolean): void {
    if (required) this.#required.add(name);
    this.set(name, false);
  }

  set(name: string, isWell: boolean): void {
    if (this.#entries.get(name) === isWell) return;
    this.#entries.set(name, isWell);
    this.#changed();
  }

  /** From now on not ready, whatever the entries say. */
  drain(): void {
    this.#draining = true;
    this.#changed();
  }

  get ready(): boolean {
    return !this.#draining && [...this.#required].every(name => this.#entries.get(name));
  }

  get entries(): Record<string, boolean> {
    return Object.fromEntries(this.#entries);
  }

  /** Whether an entry is well; undefined if there is none of that name. Full names of gRPC services mean readiness. */
  isWell(name: string, services: ReadonlySet<string>): boolean | undefined {
    if (name === '' || services.has(name)) return this.ready;
    return this.#entries.get(name);
  }

  /** Resolves at the next change, or when the signal aborts. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const done = () => {
        this.#watchers.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#watchers.add(done);
      signal.addEventListener('abort', done, { once: true });
      if (signal.aborted) done();
    });
  }

  #changed(): void {
    for (const [name, isWell] of this.#entries) this.#metrics.health.set({ entry: name }, isWell ? 1 : 0);
    this.#metrics.health.set({ entry: 'ready' }, this.ready ? 1 : 0);
    for (const watcher of [...this.#watchers]) watcher();
  }
}

/** Asks each dependency once a second until the signal aborts; resolves after the last probe has ended. */
export async function watchHealth(health: Health, checks: readonly HealthCheck[], signal: AbortSignal): Promise<void> {
  for (const check of checks) health.declare(check.name, check.required);
  await Promise.all(checks.map(check => watchOne(health, check, signal)));
}

async function watchOne(health: Health, check: HealthCheck, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    health.set(check.name, await isAnswering(check));
    await wait(probeIntervalMs, undefined, { signal, ref: false }).catch(() => {
      /* aborted: the loop's condition ends it */
    });
  }
}

async function isAnswering(check: HealthCheck): Promise<boolean> {
  const timeout = AbortSignal.timeout(probeTimeoutMs);
  const expired = new Promise<boolean>(resolve =>
    timeout.addEventListener('abort', () => resolve(false), { once: true }),
  );
  const probed = check.probe(timeout).then(
    () => true,
    () => false,
  );
  return Promise.race([probed, expired]);
}

/** grpc.health.v1 over the entries. `services` are the full names that this server offers. */
export function healthService(health: Health, services: ReadonlySet<string>): HealthServiceImplementation {
  const statusOf = (name: string) => {
    const isWell = health.isWell(name, services);
    if (isWell === undefined) return ServingStatus.SERVICE_UNKNOWN;
    return isWell ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
  };
  return {
    async check({ service }: HealthCheckRequest) {
      const status = statusOf(service);
      if (status === ServingStatus.SERVICE_UNKNOWN) {
        throw new DomainError('NOT_FOUND', `There is no health entry "${service}".`, {
          metadata: { resource: service },
        });
      }
      return { status };
    },
    async list() {
      const names = ['', ...services, ...Object.keys(health.entries)];
      return { statuses: Object.fromEntries(names.map(name => [name, { status: statusOf(name) }])) };
    },
    async *watch({ service }, context) {
      let last: ServingStatus | undefined;
      while (!context.signal.aborted) {
        const status = statusOf(service);
        if (status !== last) yield { status };
        last = status;
        await health.changed(context.signal);
      }
    },
  };
}
