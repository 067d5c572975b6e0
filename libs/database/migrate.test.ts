import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { sql } from 'kysely';
import { Client } from 'pg';
import { MigrationError, migrate, migrationDirectories, openDatabase, sqlState } from './index.ts';
import { freePort, rolePassword, startPostgres, type TestDatabase, type TestPostgres } from './test-support.ts';

let postgres: TestPostgres;

test.before(async () => {
  postgres = await startPostgres();
});

test.after.always(() => postgres?.close());

/** A folder of migrations that goes with the test. */
function folder(t: ExecutionContext, files: Record<string, string>) {
  const path = mkdtempSync(join(tmpdir(), 'miniredis-migrations-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  const write = (name: string, text: string) => writeFileSync(join(path, name), text);
  for (const [name, text] of Object.entries(files)) write(name, text);
  return { directory: { source: 'sample', path }, write };
}

async function query<Row extends object>(url: string, text: string): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

/** The options of a migration of schema "sample" in a fresh database. */
async function sample(t: ExecutionContext, files: Record<string, string>) {
  const database: TestDatabase = await postgres.createDatabase();
  const { directory, write } = folder(t, files);
  const options = { adminUrl: database.adminUrl, schema: 'sample', directories: [directory], rolePassword };
  return { ...options, write, roleUrl: database.roleUrl('miniredis_sample') };
}

const createA = { '000001_create_a.sql': 'create table a (id integer primary key);' };

test('files are applied once, in the order of their numbers, and recorded', async t => {
  const options = await sample(t, { '000002_fill_a.sql': 'insert into a values (1);', ...createA });
  t.deepEqual(await migrate(options), ['sample/000001_create_a.sql', 'sample/000002_fill_a.sql']);
  t.deepEqual(await migrate(options), []);
  options.write('000003_fill_more.sql', 'insert into a values (2);');
  t.deepEqual(await migrate(options), ['sample/000003_fill_more.sql']);
  t.deepEqual(await query(options.adminUrl, 'select id from sample.a order by id'), [{ id: 1 }, { id: 2 }]);
  const recorded = await query(options.adminUrl, 'select source, version from sample.migration order by version');
  t.deepEqual(
    recorded,
    [1, 2, 3].map(version => ({ source: 'sample', version })),
  );
});

test('processes that migrate at the same moment apply each file once between them', async t => {
  const options = await sample(t, { ...createA, '000002_fill_a.sql': 'insert into a select count(*) from a;' });
  const applied = await Promise.all(Array.from({ length: 6 }, () => migrate(options)));
  t.deepEqual(applied.flat().sort(), ['sample/000001_create_a.sql', 'sample/000002_fill_a.sql']);
  t.deepEqual(await query(options.adminUrl, 'select id from sample.a'), [{ id: 0 }]);
});

test('databases of one server can be migrated at the same moment', async t => {
  const all = await Promise.all(Array.from({ length: 4 }, () => sample(t, createA)));
  await t.notThrowsAsync(Promise.all(all.map(migrate)));
});

test('a failing file is undone and told with its name, place and reason; earlier files stay', async t => {
  const options = await sample(t, {
    ...createA,
    '000002_break.sql': 'insert into a values (1);\n\nselect 1 from\n  missing;\n',
  });
  const error = await t.throwsAsync(() => migrate(options), { instanceOf: MigrationError });
  t.is(error.message, 'sample/000002_break.sql:4:3: relation "missing" does not exist [42P01]');
  t.deepEqual(await query(options.adminUrl, 'select id from sample.a'), []);
  options.write('000002_break.sql', 'insert into a values (1);');
  t.deepEqual(await migrate(options), ['sample/000002_break.sql']);
});

test('a file that was changed after it was applied is refused', async t => {
  const options = await sample(t, createA);
  await migrate(options);
  options.write('000001_create_a.sql', 'create table a (id bigint primary key);');
  await t.throwsAsync(() => migrate(options), {
    instanceOf: MigrationError,
    message: /^sample\/000001_create_a\.sql: was changed after it was applied; .* new migration/,
  });
});

test('a build older than the database runs, and says which migrations it does not know', async t => {
  const options = await sample(t, createA);
  await migrate(options);
  await query(options.adminUrl, `insert into sample.migration values ('sample', 2, 'of a newer build')`);
  const warned: unknown[] = [];
  const log = { info: () => undefined, warn: (...args: unknown[]) => void warned.push(args) };
  t.deepEqual(await migrate({ ...options, log }), []);
  t.deepEqual(warned, [[{ source: 'sample', version: 2 }, 'migration_unknown_to_this_build']]);
});

for (const [what, files, message] of [
  ['a wrong name', { 'create_a.sql': '' }, /^sample\/create_a\.sql: a migration is named/],
  ['a gap', { '000002_create_a.sql': '' }, /^sample\/000002_create_a\.sql: its number must be 1/],
  [
    'a number used twice',
    { ...createA, '000001_create_b.sql': '' },
    /^sample\/000001_create_b\.sql: its number must be 2/,
  ],
  ['a commit', { '000001_commit.sql': 'create table a ();\ncommit;' }, /^sample\/000001_commit\.sql: begins or ends/],
] as const) {
  test(`files with ${what} are refused before anything is applied`, async t => {
    const options = await sample(t, files);
    await t.throwsAsync(() => migrate(options), { instanceOf: MigrationError, message });
    t.deepEqual(await query(options.adminUrl, `select from pg_namespace where nspname = 'sample'`), []);
  });
}

test('the role reads and writes rows but cannot change, drop or create tables, nor touch the record', async t => {
  const options = await sample(t, createA);
  await migrate(options);
  const { db, close } = openDatabase({ url: options.roleUrl, schema: 'sample', applicationName: 'test' });
  await sql`insert into a values (1)`.execute(db);
  await sql`update a set id = 2`.execute(db);
  await sql`delete from a`.execute(db);
  for (const text of [
    'drop table a',
    'alter table a add column b text',
    'truncate a',
    'create table b (id integer)',
    'create table public.b (id integer)',
    'delete from migration',
    'create role intruder',
  ]) {
    const error = await t.throwsAsync(() => sql.raw(text).execute(db), undefined, text);
    t.is(sqlState(error), '42501', text);
  }
  await close();
});

test('the role of one schema cannot read another', async t => {
  const options = await sample(t, createA);
  await migrate(options);
  await migrate({ ...options, schema: 'neighbour' });
  const { db, close } = openDatabase({ url: options.roleUrl, schema: 'sample', applicationName: 'test' });
  t.is(sqlState(await t.throwsAsync(() => sql`select from neighbour.a`.execute(db))), '42501');
  await close();
});

test('a file may narrow what the role may do', async t => {
  const text = `${createA['000001_create_a.sql']} revoke update, delete on a from :role; select ':role', 'x'::text;`;
  const options = await sample(t, { '000001_create_a.sql': text });
  await migrate(options);
  const { db, close } = openDatabase({ url: options.roleUrl, schema: 'sample', applicationName: 'test' });
  await sql`insert into a values (1)`.execute(db);
  t.is(sqlState(await t.throwsAsync(() => sql`delete from a`.execute(db))), '42501');
  await close();
});

test('a new password takes effect with the next migration', async t => {
  const options = await sample(t, createA);
  const role = 'miniredis_rotated';
  await migrate({ ...options, role });
  await migrate({ ...options, role, rolePassword: 'new:/@"\' password' });
  const url = new URL(options.roleUrl);
  url.username = role;
  await t.throwsAsync(() => query(url.href, 'select 1'), { message: /password authentication failed/ });
  url.password = 'new:/@"\' password';
  t.is((await query(url.href, 'select 1')).length, 1);
});

test('a server that does not answer is told with its address and without the password', async t => {
  const port = await freePort();
  const adminUrl = `postgres://admin:hidden@127.0.0.1:${port}/miniredis`;
  const error = await t.throwsAsync(() => migrate({ adminUrl, schema: 'sample', directories: [], rolePassword }), {
    instanceOf: MigrationError,
  });
  t.regex(error.message, new RegExp(`127\\.0\\.0\\.1:${port}, database miniredis, user admin: .*ECONNREFUSED`));
  t.notRegex(error.message, /hidden/);
});

test('every schema gets the shared tables before those of its service', async t => {
  const { adminUrl } = await postgres.createDatabase();
  const directories = migrationDirectories('pubsub');
  t.deepEqual(
    directories.slice(0, 2).map(({ source }) => source),
    ['events', 'idempotency'],
  );
  await migrate({ adminUrl, schema: 'pubsub', directories, rolePassword });
  const tables = await query<{ name: string }>(
    adminUrl,
    `select table_name as name from information_schema.tables where table_schema = 'pubsub' order by 1`,
  );
  const names = tables.map(({ name }) => name);
  for (const name of ['idempotency', 'inbox', 'inbox_parked', 'migration', 'outbox'])
    t.true(names.includes(name), name);
});

test('hidden files beside migrations are ignored', async t => {
  const options = await sample(t, { ...createA, '.gitkeep': '' });
  mkdirSync(join(options.directories[0]!.path, '.cache'));
  t.deepEqual(await migrate(options), ['sample/000001_create_a.sql']);
});
