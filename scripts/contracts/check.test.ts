// The two commands, on a copy of the repository's own contracts.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { repository } from './buf.ts';

async function copyContracts(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'miniredis-copy-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  for (const path of ['buf.yaml', 'buf.gen.yaml', 'third_party', 'proto', 'gen']) {
    await cp(join(repository, path), join(folder, path), { recursive: true });
  }
  await symlink(join(repository, 'node_modules'), join(folder, 'node_modules'));
  await rm(join(folder, 'proto/released.binpb'), { force: true });
  return folder;
}

function run(script: string, folder: string): Promise<{ code: number; output: string }> {
  return new Promise(resolve => {
    execFile(process.execPath, [join(import.meta.dirname, script), folder], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr });
    });
  });
}

test('check ends with 1 and names the gates that refuse; freeze then freezes nothing', async t => {
  const folder = await copyContracts(t);
  await writeFile(
    join(folder, 'proto/miniredis/common/v1/rogue.proto'),
    'syntax = "proto3";\npackage miniredis.common.v1;\nmessage   Rogue {}\n',
  );
  const check = await run('check.ts', folder);
  t.is(check.code, 1);
  t.regex(check.output, /^REFUSED lint\n {2}buf lint: .*Message "Rogue" should have a non-empty comment/m);
  t.regex(check.output, /^REFUSED format\n/m);
  t.regex(check.output, /^REFUSED drift\n {2}gen\/miniredis\/common\/v1\/rogue\.ts: is missing$/m);
  t.regex(check.output, /^ok {6}breaking$/m);
  t.regex(check.output, /contracts: \d+ gates refused; docs\/contracts\.md says how a contract changes/);

  const freeze = await run('freeze.ts', folder);
  t.is(freeze.code, 1);
  t.regex(freeze.output, /^nothing is frozen: lint, format, .*drift refused/);
  t.false(existsSync(join(folder, 'proto/released.binpb')));
});

test('contracts that do not compile are refused with the compiler’s words', async t => {
  const folder = await copyContracts(t);
  await writeFile(join(folder, 'proto/miniredis/common/v1/rogue.proto'), 'syntax = "proto3";\nmessage {\n');
  const { code, output } = await run('check.ts', folder);
  t.is(code, 1);
  t.regex(output, /rogue\.proto:2:9:/);
});
