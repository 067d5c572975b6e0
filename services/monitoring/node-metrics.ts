import { Gauge, type Metrics } from '../../libs/metrics/index.ts';
import type { Figures, NodeFigures } from './figures.ts';

const gauges: readonly { name: string; help: string; value: (figures: NodeFigures) => number }[] = [
  {
    name: 'miniredis_node_used_memory_bytes',
    help: 'Bytes that the data of a node uses.',
    value: ({ stats }) => Number(stats.usedMemoryBytes),
  },
  {
    name: 'miniredis_node_memory_limit_bytes',
    help: 'Most bytes that the data of a node may use.',
    value: ({ stats }) => Number(stats.memoryLimitBytes),
  },
  { name: 'miniredis_node_keys', help: 'Keys of a node.', value: ({ stats }) => Number(stats.keyCount) },
  {
    name: 'miniredis_node_connections',
    help: 'Client connections of a node.',
    value: ({ stats }) => stats.connectionCount,
  },
  {
    name: 'miniredis_node_commands_total',
    help: 'Commands a node has processed since it last came up.',
    value: ({ stats }) => Number(stats.commandCount),
  },
  {
    name: 'miniredis_node_commands_per_second',
    help: 'Commands per second of a node over the last interval.',
    value: ({ commandsPerSecond }) => commandsPerSecond,
  },
  {
    name: 'miniredis_node_sample_age_seconds',
    help: 'Age of the newest figures of a node.',
    value: ({ sampleTime }) => (Date.now() - sampleTime.getTime()) / 1_000,
  },
];

/** Offers the newest figures of every node to Prometheus, by tenant and node. */
export function registerNodeMetrics(metrics: Metrics, figures: Figures): void {
  for (const { name, help, value } of gauges) {
    new Gauge({
      name,
      help,
      labelNames: ['tenant', 'node'],
      registers: [metrics.registry],
      collect() {
        this.reset();
        for (const node of figures.list('tenants/')) {
          this.set({ tenant: node.stats.tenant, node: node.stats.name }, value(node));
        }
      },
    });
  }
}
