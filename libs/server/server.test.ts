import { setTimeout as wait } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { createChannel, createClient } from 'nice-grpc';
import { ClientError, Metadata, Status } from 'nice-grpc-common';
import { HealthDefinition, HealthCheckResponse_ServingStatus as Serving } from '../../gen/grpc/health/v1/health.ts';
import { RouteServiceDefinition } from '../../gen/miniredis/backend/internal/v1/route_service.ts';
import {
  type GetTenantResponse,
  TenantServiceDefinition,
  type TenantServiceImplementation,
} from '../../gen/miniredis/backend/v1/tenant_service.ts';
import { connect } from '../client/index.ts';
import { DomainError, notFound } from '../errors/index.ts';
import { createLogger } from '../log/index.ts';
import { createMetrics } from '../metrics/index.ts';
import { principalHeader } from '../principal/index.ts';
import { createTestKeys } from '../principal/test-support.ts';
import {
  type ContextExtension,
  type Denial,
  type HealthCheck,
  route,
  startServer,
  unimplementedRoute,
} from './index.ts';

const tenant = {
  name: 'tenants/acme',
  uid: 'u',
  displayName: '',
  etag: '',
  createTime: undefined,
  updateTime: undefined,
};

function unused(): never {
  throw new Error('not part of this test');
}

const implementation: TenantServiceImplementation<ContextExtension> = {
  createTenant: unused,
  listTenants: unused,
  updateTenant: unused,
  deleteTenant: unused,
  async getTenant(): Promise<GetTenantResponse> {
    return { tenant };
  },
};

async function startStack(
  t: ExecutionContext,
  handlers: Partial<TenantServiceImplementation<ContextExtension>> = {},
  checks: HealthCheck[] = [],
) {
  const keys = createTestKeys(['gateway', 'auth', 'backend']);
  const denials: Denial[] = [];
  const lines: string[] = [];
  const server = await startServer({
    service: 'backend',
    host: '127.0.0.1',
    port: 0,
    routes: [
      route(TenantServiceDefinition, { ...implementation, ...handlers }),
      unimplementedRoute(RouteServiceDefinition),
    ],
    checks,
    log: createLogger('backend', 'info', { write: (line: string) => void lines.push(line) }),
    metrics: createMetrics('backend'),
    verifyPrincipal: keys.verify,
    recordDenial: async denial => void denials.push(denial),
  });
  const address = `127.0.0.1:${server.port}`;
  const connection = connect({ address, dependency: 'backend', signer: keys.signers.auth! });
  const channel = createChannel(address);
  const plain = createClient(TenantServiceDefinition, channel);
  t.teardown(async () => {
    connection.close();
    channel.close();
    await server.drain(200);
    keys.remove();
  });
  const as = async (role: 'OWNER' | 'VIEWER' | 'PLATFORM_ADMIN', of: string) => ({
    metadata: Metadata().set(
      principalHeader,
      await keys.signers.gateway!.sign({ subject: 'user:ada', tenant: of, role }),
    ),
  });
  return {
    server,
    keys,
    denials,
    lines,
    address,
    channel,
    plain,
    asAuth: connection.client(TenantServiceDefinition),
    connection,
    as,
  };
}

async function codeOf(call: Promise<unknown>): Promise<Status | undefined> {
  return call.then(
    () => Status.OK,
    (error: unknown) => (error instanceof ClientError ? error.code : undefined),
  );
}

test('a call without a credential is UNAUTHENTICATED', async t => {
  const { plain } = await startStack(t);
  t.is(await codeOf(plain.getTenant({ name: 'tenants/acme' })), Status.UNAUTHENTICATED);
});

test('a member reads its own tenant and is denied another one, which is recorded', async t => {
  const { plain, as, denials } = await startStack(t);
  t.deepEqual(
    (await plain.getTenant({ name: 'tenants/acme' }, await as('VIEWER', 'acme'))).tenant?.name,
    'tenants/acme',
  );
  t.is(await codeOf(plain.getTenant({ name: 'tenants/other' }, await as('OWNER', 'acme'))), Status.PERMISSION_DENIED);
  t.deepEqual(
    denials.map(({ error, context }) => [error.reason, context.principal?.subject]),
    [['TENANT_DENIED', 'user:ada']],
  );
});

test('a role that the contract does not name is denied', async t => {
  const { plain, as } = await startStack(t);
  t.is(await codeOf(plain.listTenants({}, await as('OWNER', 'acme'))), Status.PERMISSION_DENIED);
});

test('a principal of a user counts only if the gateway signed it', async t => {
  const { plain, keys } = await startStack(t);
  const forged = await keys.signers.auth!.sign({ subject: 'user:eve', tenant: 'acme', role: 'PLATFORM_ADMIN' });
  const metadata = Metadata().set(principalHeader, forged);
  t.is(await codeOf(plain.getTenant({ name: 'tenants/acme' }, { metadata })), Status.UNAUTHENTICATED);
});

test('a service may call what the contract names it for, and nothing else', async t => {
  const { asAuth, connection } = await startStack(t);
  t.is((await asAuth.getTenant({ name: 'tenants/acme' })).tenant?.name, 'tenants/acme');
  const error = await t.throwsAsync(asAuth.listTenants({}), { instanceOf: DomainError });
  t.is(error.reason, 'ROLE_DENIED');
  const routes = connection.client(RouteServiceDefinition);
  t.is(
    (await t.throwsAsync(routes.resolveNode({ name: 'tenants/a/nodes/b' }), { instanceOf: DomainError })).reason,
    'ROLE_DENIED',
  );
});

test('a request that breaks the contract names each field that is wrong', async t => {
  const { plain, as } = await startStack(t);
  const error = await t.throwsAsync(plain.getTenant({ name: 'tenants/UPPER' }, await as('VIEWER', 'acme')), {
    instanceOf: ClientError,
  });
  t.is(error.code, Status.INVALID_ARGUMENT);
  t.true(error.details.includes('name'));
});

test('an error of a rule reaches the calling service as the same error', async t => {
  const { asAuth } = await startStack(t, {
    getTenant() {
      throw notFound('tenants/acme');
    },
  });
  const error = await t.throwsAsync(asAuth.getTenant({ name: 'tenants/acme' }), { instanceOf: DomainError });
  t.is(error.reason, 'NOT_FOUND');
  t.deepEqual(error.metadata, { resource: 'tenants/acme' });
});

test('a fault of ours is INTERNAL with the request id and hides its text', async t => {
  const { plain, as, lines } = await startStack(t, {
    getTenant() {
      throw new Error('the dog ate it');
    },
  });
  const error = await t.throwsAsync(plain.getTenant({ name: 'tenants/acme' }, await as('VIEWER', 'acme')), {
    instanceOf: ClientError,
  });
  t.is(error.code, Status.INTERNAL);
  t.false(error.details.includes('dog'));
  t.true(lines.some(line => line.includes('the dog ate it')));
});

test('a handler sees the deadline of its caller, and its signal aborts when the caller is gone', async t => {
  let seen: number | undefined;
  let aborted: Promise<void> | undefined;
  const { asAuth } = await startStack(t, {
    async getTenant(_request, { request }) {
      seen = request.deadline;
      aborted = new Promise(resolve => request.signal.addEventListener('abort', () => resolve()));
      await wait(10_000, undefined, { signal: request.signal });
      return { tenant };
    },
  });
  const before = Date.now();
  const error = await t.throwsAsync(asAuth.getTenant({ name: 'tenants/acme' }, { timeoutMs: 300 }), {
    instanceOf: DomainError,
  });
  t.is(error.reason, 'DEADLINE_EXCEEDED');
  t.true(seen !== undefined && seen >= before && seen <= Date.now() + 300);
  await aborted;
});

test('the request id of the caller is kept, answered and logged', async t => {
  const { plain, as, lines } = await startStack(t);
  const { metadata } = await as('VIEWER', 'acme');
  let answered: string | undefined;
  await plain.getTenant(
    { name: 'tenants/acme' },
    {
      metadata: metadata.set('x-request-id', 'req-1'),
      onHeader: header => {
        answered = header.get('x-request-id');
      },
    },
  );
  t.is(answered, 'req-1');
  t.true(lines.some(line => line.includes('"requestId":"req-1"') && line.includes('GetTenant')));
});

test('readiness follows required checks, other entries are told by name', async t => {
  let postgres = false;
  const { channel } = await startStack(t, {}, [
    { name: 'postgres', required: true, probe: async () => (postgres ? undefined : Promise.reject(new Error('away'))) },
    { name: 'nats', required: false, probe: () => Promise.reject(new Error('away')) },
  ]);
  const health = createClient(HealthDefinition, channel);
  const watched: Serving[] = [];
  t.is((await health.check({ service: '' })).status, Serving.NOT_SERVING);
  t.is((await health.check({ service: 'nats' })).status, Serving.NOT_SERVING);
  postgres = true;
  for await (const { status } of health.watch({ service: 'miniredis.backend.v1.TenantService' })) {
    watched.push(status);
    if (status === Serving.SERVING) break;
  }
  t.is(watched.at(-1), Serving.SERVING);
  t.is((await health.check({ service: '' })).status, Serving.SERVING);
  t.is(await codeOf(health.check({ service: 'nobody' })), Status.NOT_FOUND);
});

test('draining answers NOT_SERVING to watchers, lets calls in flight end and then closes', async t => {
  let finish: () => void = unused;
  const started = Promise.withResolvers<void>();
  const { plain, as, server } = await startStack(t, {
    async getTenant() {
      started.resolve();
      await new Promise<void>(resolve => {
        finish = resolve;
      });
      return { tenant };
    },
  });
  const call = plain.getTenant({ name: 'tenants/acme' }, await as('VIEWER', 'acme'));
  await started.promise;
  const drained = server.drain();
  t.false(server.health.ready);
  finish();
  t.is((await call).tenant?.name, 'tenants/acme');
  await drained;
  t.is(await codeOf(plain.getTenant({ name: 'tenants/acme' }, await as('VIEWER', 'acme'))), Status.UNAVAILABLE);
});
