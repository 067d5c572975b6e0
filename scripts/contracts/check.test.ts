// The two commands as processes, on a sample. It lacks most of the packages that are listed as released, which layers says.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { createSample } from './sample.ts';

function run(script: string, folder: string): Promise<{ code: number; output: string }> {
  return new Promise(resolve => {
    execFile(process.execPath, [join(import.meta.dirname, script), folder], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr });
    });
  });
}

test('check ends with 1 and names the gates that refuse; freeze then freezes nothing', async t => {
  const sample = await createSample(t);
  await sample.write(
    'proto/miniredis/common/v1/rogue.proto',
    'syntax = "proto3";\npackage miniredis.common.v1;\nmessage   Rogue {}\n',
  );
  const check = await run('check.ts', sample.folder);
  t.is(check.code, 1);
  t.regex(check.output, /^REFUSED lint\n {2}buf lint: .*Message "Rogue" should have a non-empty comment/m);
  t.regex(check.output, /^REFUSED format\n/m);
  t.regex(check.output, /^REFUSED layers\n {2}miniredis\.audit\.v1: is listed in .*, but has no file in proto\/$/m);
  t.regex(check.output, /^REFUSED drift\n(.*\n)* {2}gen\/miniredis\/common\/v1\/rogue\.ts: is missing$/m);
  t.regex(check.output, /^ok {6}breaking$/m);
  t.regex(check.output, /^contracts: 4 gates refused; docs\/contracts\.md says how a contract changes$/m);

  const freeze = await run('freeze.ts', sample.folder);
  t.is(freeze.code, 1);
  t.regex(freeze.output, /^nothing is frozen: lint, format, layers, drift refused/);
  t.false(existsSync(join(sample.folder, 'proto/released.binpb')));
});

test('contracts that do not compile are refused with the compiler’s words', async t => {
  const sample = await createSample(t);
  await sample.edit('thing', 'message Thing {', 'message {');
  const { code, output } = await run('check.ts', sample.folder);
  t.is(code, 1);
  t.regex(output, /thing\.proto:9:1:missing name after/);
});
