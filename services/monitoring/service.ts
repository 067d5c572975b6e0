import { setTimeout as wait } from 'node:timers/promises';
import type { MonitoringServiceImplementation } from '../../gen/miniredis/monitoring/v1/monitoring_service.ts';
import type { NodeStats, TenantStats } from '../../gen/miniredis/monitoring/v1/stats.ts';
import { cutPage, decodePageToken, pageSize } from '../../libs/database/index.ts';
import { notFound } from '../../libs/errors/index.ts';
import type { ContextExtension } from '../../libs/server/index.ts';
import { type Figures, isStale, type NodeFigures } from './figures.ts';

const watchIntervalMs = 1_000;

/** The RPCs of monitoring over the newest figures. */
export function monitoringService(figures: Figures): MonitoringServiceImplementation<ContextExtension> {
  return {
    async getNodeStats({ name }) {
      return { stats: toNodeStats(existing(figures, name), new Date()) };
    },
    async listNodeStats({ parent, pageSize: requested, pageToken }) {
      const query = { parent };
      const [after] = decodePageToken(pageToken, query) ?? [''];
      const size = pageSize(requested);
      const rows = figures.list(prefixOf(parent)).filter(({ stats }) => stats.name > String(after));
      const page = cutPage(rows.slice(0, size + 1), size, query, ({ stats }) => [stats.name]);
      const now = new Date();
      return { stats: page.rows.map(row => toNodeStats(row, now)), nextPageToken: page.nextPageToken };
    },
    async getTenantStats({ name }) {
      const nodes = figures.list(`${name}/`);
      if (nodes.length === 0) throw notFound(`${name}/stats`);
      return { stats: toTenantStats(name, nodes, new Date()) };
    },
    async *watchNodeStats({ name }, { request: { signal } }) {
      while (!signal.aborted) {
        yield { stats: toNodeStats(existing(figures, name), new Date()) };
        await wait(watchIntervalMs, undefined, { signal });
      }
    },
  };
}

function existing(figures: Figures, name: string): NodeFigures {
  const found = figures.get(name);
  if (!found) throw notFound(`${name}/stats`);
  return found;
}

/** "tenants/acme" lists its nodes, "tenants/-" those of every tenant. */
function prefixOf(parent: string): string {
  return parent === 'tenants/-' ? 'tenants/' : `${parent}/`;
}

function toNodeStats(figures: NodeFigures, now: Date): NodeStats {
  const { tenant: _tenant, memoryLimitBytes, ...stats } = figures.stats;
  const stale = isStale(figures, now);
  return {
    ...stats,
    memoryLimitBytes,
    sampleTime: figures.sampleTime,
    stale,
    commandsPerSecond: stale ? 0 : figures.commandsPerSecond,
  };
}

function toTenantStats(name: string, nodes: readonly NodeFigures[], now: Date): TenantStats {
  const big = (pick: (node: NodeFigures) => bigint) => nodes.reduce((sum, node) => sum + pick(node), 0n);
  return {
    name,
    sampleTime: new Date(Math.min(...nodes.map(({ sampleTime }) => sampleTime.getTime()))),
    stale: nodes.some(node => isStale(node, now)),
    nodeCount: nodes.length,
    usedMemoryBytes: big(({ stats }) => stats.usedMemoryBytes),
    memoryLimitBytes: big(({ stats }) => stats.memoryLimitBytes),
    keyCount: big(({ stats }) => stats.keyCount),
    connectionCount: nodes.reduce((sum, { stats }) => sum + stats.connectionCount, 0),
    commandCount: big(({ stats }) => stats.commandCount),
    commandsPerSecond: nodes.reduce((sum, node) => sum + (isStale(node, now) ? 0 : node.commandsPerSecond), 0),
    inputBytes: big(({ stats }) => stats.inputBytes),
    outputBytes: big(({ stats }) => stats.outputBytes),
  };
}
