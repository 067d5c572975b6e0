import test from 'ava';
import { GetNodeRequest } from '../../gen/miniredis/backend/v1/node_service.ts';
import { DomainError } from '../errors/index.ts';
import { allRpcs, findRpc, publicServices, validateRequest } from './index.ts';

test('every RPC says who may call it', t => {
  t.true(allRpcs().length > 50);
  for (const { path, access, isPublic } of allRpcs()) {
    const callers = access.roles.length + access.services.length + (access.anonymous ? 1 : 0);
    t.true(callers > 0, `${path} can be called by nobody`);
    if (!isPublic) t.is(access.roles.length, 0, `${path} is internal but open to users`);
  }
});

test('internal packages are not among the public services', t => {
  t.true(publicServices().includes('miniredis.backend.v1.NodeService'));
  t.false(publicServices().some(name => name.includes('internal') || name.includes('nodemanager')));
  t.is(findRpc('/miniredis.backend.v1.NodeService/Nothing'), undefined);
});

test('a request is judged by the rules of its contract', t => {
  const encode = (name: string) => GetNodeRequest.encode({ name }).finish();
  validateRequest('miniredis.backend.v1.GetNodeRequest', encode('tenants/acme/nodes/cache'));
  const error = t.throws(() => validateRequest('miniredis.backend.v1.GetNodeRequest', encode('cache')), {
    instanceOf: DomainError,
  });
  t.deepEqual(
    error.fields.map(({ field }) => field),
    ['name'],
  );
});
