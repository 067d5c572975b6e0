// Where figures come from: backend tells which node-managers live, each of them streams its nodes' figures. Both streams
// are opened again, with jitter, whenever they end; figures of an unreachable node-manager grow stale meanwhile.

import { setTimeout as wait } from 'node:timers/promises';
import {
  type NodeManagerAddress,
  RouteServiceDefinition,
} from '../../gen/miniredis/backend/internal/v1/route_service.ts';
import { NodeManagerServiceDefinition } from '../../gen/miniredis/nodemanager/v1/node_manager_service.ts';
import { connect } from '../../libs/client/index.ts';
import type { Logger } from '../../libs/log/index.ts';
import type { PrincipalSigner } from '../../libs/principal/index.ts';
import type { Figures } from './figures.ts';

/** What the collector needs. */
export interface CollectorOptions {
  readonly figures: Figures;
  /** host:port of backend. */
  readonly backendAddress: string;
  readonly signer: PrincipalSigner;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Told whether the stream from backend is open. */
  readonly onBackend: (isOpen: boolean) => void;
}

const retryMs = { least: 200, most: 1_000 };

/** Collects until the signal aborts. */
export async function collectFigures(options: CollectorOptions): Promise<void> {
  const connection = connect({ address: options.backendAddress, dependency: 'backend', signer: options.signer });
  const streams = new Map<string, AbortController>();
  await repeat(
    options.signal,
    async () => {
      try {
        for await (const table of connection
          .client(RouteServiceDefinition)
          .watchRoutes({}, { signal: options.signal })) {
          options.onBackend(true);
          follow(table.nodeManagers, streams, options);
        }
      } finally {
        options.onBackend(false);
      }
    },
    options.log,
  );
  for (const stream of streams.values()) stream.abort();
  connection.close();
}

/** Opens a stream to each node-manager that is new, ends those to addresses that are no longer named. */
function follow(
  nodeManagers: readonly NodeManagerAddress[],
  streams: Map<string, AbortController>,
  options: CollectorOptions,
): void {
  const named = new Set(nodeManagers.map(({ address }) => address));
  for (const [address, stream] of streams) {
    if (named.has(address)) continue;
    stream.abort();
    streams.delete(address);
  }
  for (const address of named) {
    if (streams.has(address)) continue;
    const stream = new AbortController();
    streams.set(address, stream);
    void collectFrom(address, AbortSignal.any([stream.signal, options.signal]), options);
  }
}

async function collectFrom(address: string, signal: AbortSignal, options: CollectorOptions): Promise<void> {
  const connection = connect({ address, dependency: 'node-manager', signer: options.signer });
  await repeat(
    signal,
    async () => {
      for await (const report of connection.client(NodeManagerServiceDefinition).watchStats({}, { signal })) {
        options.figures.take(report);
      }
    },
    options.log,
  );
  connection.close();
}

/** Runs `work` again and again until the signal aborts; what it throws is logged once until it works again. */
async function repeat(signal: AbortSignal, work: () => Promise<void>, log: Logger): Promise<void> {
  while (!signal.aborted) {
    await work().catch((error: unknown) => {
      if (!signal.aborted) log.warn({ err: error }, 'stream_ended');
    });
    const pauseMs = retryMs.least + Math.random() * (retryMs.most - retryMs.least);
    await wait(pauseMs, undefined, { signal }).catch(() => {
      /* aborted: the loop's condition ends it */
    });
  }
}
