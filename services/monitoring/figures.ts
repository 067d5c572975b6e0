// The newest figures of every node, kept in memory. A sample carries the time it was taken at its source, so that
// freshness is measured where the figure was made and not where it arrived.

import type { NodeStats as ReportedStats } from '../../gen/miniredis/nodemanager/v1/node_manager.ts';
import type { WatchStatsResponse } from '../../gen/miniredis/nodemanager/v1/node_manager_service.ts';

/** Figures older than this are stale, in milliseconds. */
export const staleAfterMs = 5_000;

/** Figures older than this are dropped: the node is gone or reported by nobody. In milliseconds. */
export const forgetAfterMs = 60_000;

/** The newest figures of one node. */
export interface NodeFigures {
  readonly stats: ReportedStats;
  readonly nodeManager: string;
  readonly incarnation: bigint;
  readonly sampleTime: Date;
  /** Over the interval between the last two samples of one incarnation; 0 before the second. */
  readonly commandsPerSecond: number;
}

/** Holds figures by resource name of their node. */
export class Figures {
  readonly #byName = new Map<string, NodeFigures>();

  /** Takes a report of a node-manager. Nodes it no longer names, of the same node-manager, are dropped. */
  take(report: WatchStatsResponse): void {
    const sampleTime = report.sampleTime ?? new Date(0);
    const named = new Set(report.nodes.map(({ name }) => name));
    for (const [name, figures] of this.#byName) {
      if (figures.nodeManager === report.nodeManager && !named.has(name)) this.#byName.delete(name);
    }
    for (const stats of report.nodes) {
      const before = this.#byName.get(stats.name);
      this.#byName.set(stats.name, {
        stats,
        nodeManager: report.nodeManager,
        incarnation: report.incarnation,
        sampleTime,
        commandsPerSecond: rate(before, stats, report.incarnation, sampleTime),
      });
    }
  }

  /** Drops what nobody has reported for `forgetAfterMs`. */
  forget(now: Date): void {
    for (const [name, { sampleTime }] of this.#byName) {
      if (now.getTime() - sampleTime.getTime() > forgetAfterMs) this.#byName.delete(name);
    }
  }

  get(name: string): NodeFigures | undefined {
    return this.#byName.get(name);
  }

  /** Figures of the nodes whose name begins with a prefix such as "tenants/acme/", by name. */
  list(prefix: string): NodeFigures[] {
    return [...this.#byName.values()]
      .filter(({ stats }) => stats.name.startsWith(prefix))
      .sort((a, b) => (a.stats.name < b.stats.name ? -1 : 1));
  }
}

/** Whether figures are too old to be taken for what is. */
export function isStale(figures: NodeFigures, now: Date): boolean {
  return now.getTime() - figures.sampleTime.getTime() > staleAfterMs;
}

function rate(before: NodeFigures | undefined, stats: ReportedStats, incarnation: bigint, sampleTime: Date): number {
  if (!before || before.incarnation !== incarnation || before.stats.uid !== stats.uid) return 0;
  const seconds = (sampleTime.getTime() - before.sampleTime.getTime()) / 1_000;
  if (seconds <= 0) return before.commandsPerSecond;
  return Math.max(0, Number(stats.commandCount - before.stats.commandCount) / seconds);
}
