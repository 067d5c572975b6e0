import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { rolePassword, startPostgres, type TestPostgres } from '../libs/database/test-support.ts';

const schemas = ['auth', 'backend', 'gateway', 'monitoring', 'audit', 'pubsub', 'backup', 'scheduler', 'alert'];

let postgres: TestPostgres;

test.before(async () => {
  postgres = await startPostgres();
});

test.after.always(() => postgres?.close());

/** A secrets folder with the given files below database/. */
function secrets(t: ExecutionContext, files: Record<string, string>): string {
  const directory = mkdtempSync(join(tmpdir(), 'miniredis-secrets-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, 'database'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, 'database', name), `${content}\n`);
  return directory;
}

async function databaseSecrets(): Promise<Record<string, string>> {
  const { adminUrl, roleUrl } = await postgres.createDatabase();
  const urls = schemas.map(schema => [`${schema}.url`, roleUrl(`miniredis_${schema}`)] as const);
  return { 'admin.url': adminUrl, ...Object.fromEntries(urls) };
}

function run(directory: string): Promise<{ code: number; stdout: string[]; stderr: string }> {
  const script = fileURLToPath(new URL('migrate.ts', import.meta.url));
  const env = { ...process.env, MINIREDIS_SECRETS: directory };
  return new Promise(resolve => {
    execFile(process.execPath, [script], { env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout: stdout.trim().split('\n'), stderr });
    });
  });
}

test('each schema gets one line; a second run has nothing to do', async t => {
  const directory = secrets(t, await databaseSecrets());
  const first = await run(directory);
  t.is(first.stderr, '');
  t.is(first.code, 0);
  t.is(first.stdout.length, schemas.length);
  for (const [index, schema] of schemas.entries()) {
    t.true(first.stdout[index]!.startsWith(`${schema}: applied events/000001_create_outbox.sql`));
  }
  const second = await run(directory);
  t.is(second.code, 0);
  t.deepEqual(
    second.stdout,
    schemas.map(schema => `${schema}: up to date`),
  );
});

test('missing secret files are all told at once', async t => {
  const { 'auth.url': _auth, 'alert.url': _alert, ...files } = await databaseSecrets();
  const { code, stderr } = await run(secrets(t, files));
  t.is(code, 1);
  t.regex(stderr, /auth\.url/);
  t.regex(stderr, /alert\.url/);
});

test('an unusable URL is told by its file, without its content', async t => {
  const files = { ...(await databaseSecrets()), 'backend.url': `postgres://${rolePassword}@` };
  const { code, stderr } = await run(secrets(t, files));
  t.is(code, 1);
  t.regex(stderr, /database\/backend\.url must hold a URL/);
  t.false(stderr.includes(rolePassword));
});

test('a server that is away is one line and exit code 1', async t => {
  const files = { ...(await databaseSecrets()), 'admin.url': 'postgres://admin:hidden@127.0.0.1:1/miniredis' };
  const { code, stdout, stderr } = await run(secrets(t, files));
  t.is(code, 1);
  t.deepEqual(stdout, ['']);
  t.regex(stderr, /^migrate: Postgres at 127\.0\.0\.1:1, .*ECONNREFUSED.*\n$/);
});
