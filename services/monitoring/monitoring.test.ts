import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { createChannel, createClient } from 'nice-grpc';
import { ClientError, Metadata, Status } from 'nice-grpc-common';
import { RouteServiceDefinition } from '../../gen/miniredis/backend/internal/v1/route_service.ts';
import { MonitoringServiceDefinition } from '../../gen/miniredis/monitoring/v1/monitoring_service.ts';
import { NodeManagerServiceDefinition } from '../../gen/miniredis/nodemanager/v1/node_manager_service.ts';
import { createLogger } from '../../libs/log/index.ts';
import { createMetrics } from '../../libs/metrics/index.ts';
import { principalHeader } from '../../libs/principal/index.ts';
import { createTestKeys, type TestKeys } from '../../libs/principal/test-support.ts';
import { type Route, route, startServer } from '../../libs/server/index.ts';
import { collectFigures } from './collector.ts';
import { Figures } from './figures.ts';
import { registerNodeMetrics } from './node-metrics.ts';
import { monitoringService } from './service.ts';

function unused(): never {
  throw new Error('not part of this test');
}

async function startPeer(t: ExecutionContext, service: string, keys: TestKeys, routes: Route[]) {
  const server = await startServer({
    service,
    host: '127.0.0.1',
    port: 0,
    routes,
    checks: [],
    log: createLogger(service, 'silent'),
    metrics: createMetrics(service),
    verifyPrincipal: keys.verify,
    recordDenial: async () => {},
  });
  t.teardown(() => server.drain(100));
  return { server, address: `127.0.0.1:${server.port}` };
}

/** A node-manager with one node, whose command count rises by 10 at each report. */
function nodeManagerRoute() {
  return route(NodeManagerServiceDefinition, {
    applyNode: unused,
    removeNode: unused,
    listNodes: unused,
    execute: unused,
    async *watchStats(_request, { request: { signal } }) {
      for (let count = 0n; !signal.aborted; count += 10n) {
        const node = {
          uid: 'nabc',
          tenant: 'acme',
          name: 'tenants/acme/nodes/cache',
          usedMemoryBytes: 64n,
          commandCount: count,
        };
        yield { nodeManager: 'nm-1', incarnation: 1n, sampleTime: new Date(), nodes: [node] };
        await wait(100, undefined, { signal });
      }
    },
  });
}

function backendRoute(nodeManagers: () => string[]) {
  return route(RouteServiceDefinition, {
    resolveNode: unused,
    async *watchRoutes(_request, { request: { signal } }) {
      yield { nodeManagers: nodeManagers().map(address => ({ nodeManager: address, address })) };
      await once(signal, 'abort');
    },
  });
}

async function startMonitoring(t: ExecutionContext) {
  const keys = createTestKeys(['gateway', 'monitoring']);
  t.teardown(() => keys.remove());
  const nodeManager = await startPeer(t, 'node-manager', keys, [nodeManagerRoute()]);
  const backend = await startPeer(t, 'backend', keys, [backendRoute(() => [nodeManager.address])]);
  const figures = new Figures();
  const stop = new AbortController();
  const collecting = collectFigures({
    figures,
    backendAddress: backend.address,
    signer: keys.signers['monitoring']!,
    log: createLogger('monitoring', 'silent'),
    signal: stop.signal,
    onBackend: () => {},
  });
  const { address } = await startPeer(t, 'monitoring', keys, [
    route(MonitoringServiceDefinition, monitoringService(figures)),
  ]);
  const channel = createChannel(address);
  t.teardown(async () => {
    channel.close();
    stop.abort();
    await collecting;
  });
  const token = await keys.signers['gateway']!.sign({ subject: 'user:ada', tenant: 'acme', role: 'VIEWER' });
  const client = createClient(MonitoringServiceDefinition, channel, {
    '*': { metadata: Metadata().set(principalHeader, token) },
  });
  return { client, figures, nodeManager };
}

test('figures of a node and its tenant are live and fresh', async t => {
  const { client, figures } = await startMonitoring(t);
  while ((figures.get('tenants/acme/nodes/cache')?.commandsPerSecond ?? 0) === 0) await wait(20);
  const { stats } = await client.getNodeStats({ name: 'tenants/acme/nodes/cache' });
  t.like(stats, { uid: 'nabc', stale: false, usedMemoryBytes: 64n });
  t.true(Date.now() - (stats?.sampleTime?.getTime() ?? 0) < 3_000);
  t.true((stats?.commandsPerSecond ?? 0) > 0);
  t.like((await client.getTenantStats({ name: 'tenants/acme' })).stats, { nodeCount: 1, usedMemoryBytes: 64n });
  t.is((await client.listNodeStats({ parent: 'tenants/acme' })).stats.length, 1);
});

test('a node that nobody reports is NOT_FOUND', async t => {
  const { client } = await startMonitoring(t);
  const error = await t.throwsAsync(client.getNodeStats({ name: 'tenants/acme/nodes/none' }), {
    instanceOf: ClientError,
  });
  t.is(error.code, Status.NOT_FOUND);
});

test('a watcher gets figures again and again', async t => {
  const { client, figures } = await startMonitoring(t);
  while (!figures.get('tenants/acme/nodes/cache')) await wait(20);
  const counts: bigint[] = [];
  for await (const { stats } of client.watchNodeStats({ name: 'tenants/acme/nodes/cache' })) {
    counts.push(stats?.commandCount ?? 0n);
    if (counts.length === 2) break;
  }
  t.true(counts[1]! > counts[0]!);
});

test('Prometheus sees every node under its tenant', async t => {
  const { figures } = await startMonitoring(t);
  while (!figures.get('tenants/acme/nodes/cache')) await wait(20);
  const metrics = createMetrics('monitoring');
  registerNodeMetrics(metrics, figures);
  t.regex(
    await metrics.registry.metrics(),
    /miniredis_node_used_memory_bytes\{tenant="acme",node="tenants\/acme\/nodes\/cache",service="monitoring"\} 64/,
  );
});
