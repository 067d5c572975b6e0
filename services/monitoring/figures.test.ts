import test from 'ava';
import { WatchStatsResponse } from '../../gen/miniredis/nodemanager/v1/node_manager_service.ts';
import { Figures, forgetAfterMs, isStale, staleAfterMs } from './figures.ts';

const start = Date.UTC(2026, 0, 1);

function report(second: number, nodes: Record<string, number>, { nodeManager = 'nm-1', incarnation = 1n } = {}) {
  return WatchStatsResponse.fromPartial({
    nodeManager,
    incarnation,
    sampleTime: new Date(start + second * 1_000),
    nodes: Object.entries(nodes).map(([name, commands]) => ({
      name,
      uid: `uid-${name}`,
      commandCount: BigInt(commands),
    })),
  });
}

test('the rate is taken between two samples of one incarnation', t => {
  const figures = new Figures();
  figures.take(report(0, { 'tenants/a/nodes/x': 100 }));
  t.is(figures.get('tenants/a/nodes/x')?.commandsPerSecond, 0);
  figures.take(report(2, { 'tenants/a/nodes/x': 150 }));
  t.is(figures.get('tenants/a/nodes/x')?.commandsPerSecond, 25);
  figures.take(report(3, { 'tenants/a/nodes/x': 7 }, { incarnation: 2n }));
  t.is(figures.get('tenants/a/nodes/x')?.commandsPerSecond, 0);
});

test('a node that its node-manager no longer names is dropped, one of another node-manager is kept', t => {
  const figures = new Figures();
  figures.take(report(0, { 'tenants/a/nodes/x': 1, 'tenants/a/nodes/y': 1 }));
  figures.take(report(0, { 'tenants/b/nodes/z': 1 }, { nodeManager: 'nm-2' }));
  figures.take(report(1, { 'tenants/a/nodes/y': 1 }));
  t.deepEqual(
    figures.list('tenants/').map(({ stats }) => stats.name),
    ['tenants/a/nodes/y', 'tenants/b/nodes/z'],
  );
});

test('figures grow stale, and are forgotten when nobody reports them', t => {
  const figures = new Figures();
  figures.take(report(0, { 'tenants/a/nodes/x': 1 }));
  const taken = figures.get('tenants/a/nodes/x');
  t.false(isStale(taken!, new Date(start + staleAfterMs)));
  t.true(isStale(taken!, new Date(start + staleAfterMs + 1)));
  figures.forget(new Date(start + forgetAfterMs));
  t.truthy(figures.get('tenants/a/nodes/x'));
  figures.forget(new Date(start + forgetAfterMs + 1));
  t.is(figures.get('tenants/a/nodes/x'), undefined);
});

test('a tenant whose id begins like another one is not listed with it', t => {
  const figures = new Figures();
  figures.take(report(0, { 'tenants/a/nodes/x': 1, 'tenants/ab/nodes/y': 1 }));
  t.deepEqual(
    figures.list('tenants/a/').map(({ stats }) => stats.name),
    ['tenants/a/nodes/x'],
  );
});
