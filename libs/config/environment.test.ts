import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { addressVariable, ConfigError, Environment, readServiceConfig } from './index.ts';

test('every problem of a configuration is told at once', t => {
  const env = new Environment({ MINIREDIS_PORT_OFFSET: '7', A: 'x', B: '200', C: 'nowhere' });
  env.choice('MINIREDIS_PORT_OFFSET', 0, [0, 10_000]);
  env.integer('A', 1, 0, 9);
  env.integer('B', 1, 0, 9);
  env.address('C', '127.0.0.1:1');
  env.secret('/does/not/exist', 'key');
  const error = t.throws(() => env.finish({}), { instanceOf: ConfigError });
  t.is(error.problems.length, 5);
  t.regex(error.message, /MINIREDIS_PORT_OFFSET is "7"; it must be one of 0, 10000/);
  t.regex(error.message, /\/does\/not\/exist\/key cannot be read \(ENOENT\)/);
});

test('a secret is trimmed, and an empty one is a problem that names its path only', t => {
  const directory = mkdtempSync(join(tmpdir(), 'miniredis-config-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'full'), 's3cret\n');
  writeFileSync(join(directory, 'empty'), '\n');
  const env = new Environment({});
  t.is(env.secret(directory, 'full'), 's3cret');
  env.secret(directory, 'empty');
  t.regex(t.throws(() => env.finish({}))?.message ?? '', /secret file .*empty is empty/);
});

test('the port offset moves a service, its HTTP port and the addresses of its peers', t => {
  const env = new Environment({ MINIREDIS_PORT_OFFSET: '20000', MINIREDIS_AUTH_ADDRESS: 'auth:8000' });
  const config = readServiceConfig('backend', env);
  t.is(config.port, 25_500);
  t.is(config.httpPort, 25_550);
  t.is(config.addresses['node-manager'], '127.0.0.1:27000');
  t.is(config.addresses.auth, 'auth:8000');
  t.is(addressVariable('node-manager'), 'MINIREDIS_NODE_MANAGER_ADDRESS');
});
