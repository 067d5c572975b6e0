// A workspace of its own for a test of the gates: the repository's buf settings, vendored protos and common package, with
// one small package, miniredis.sample.v1, that passes every gate until a test breaks it.
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { repository } from './buf.ts';
import type { Finding } from './contracts.ts';
import { freeze } from './freeze.ts';
import { gates } from './gates.ts';

/** The packages that count as released in a sample. */
export const samplePackages = ['miniredis.common.v1', 'miniredis.sample.v1'];

/** A workspace that ends with its test. */
export type Sample = {
  readonly folder: string;
  /** Replaces a text in thing.proto or thing_service.proto; throws unless it stands there exactly once. */
  readonly edit: (file: 'thing' | 'thing_service', from: string, to: string) => Promise<void>;
  /** Writes a file below the workspace. */
  readonly write: (path: string, text: string) => Promise<void>;
  /** Freezes the sample as released. */
  readonly freeze: () => Promise<void>;
  /** What one gate finds. */
  readonly find: (gate: string) => Promise<Finding[]>;
};

/** Makes a sample in a temporary folder, which goes with the test. */
export async function createSample(t: ExecutionContext): Promise<Sample> {
  const folder = await mkdtemp(join(tmpdir(), 'miniredis-sample-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  for (const path of ['buf.yaml', 'buf.gen.yaml', 'third_party', 'proto/miniredis/common']) {
    await cp(join(repository, path), join(folder, path), { recursive: true });
  }
  await symlink(join(repository, 'node_modules'), join(folder, 'node_modules'));
  const own = join(folder, 'proto/miniredis/sample/v1');
  await cp(join(import.meta.dirname, 'sample'), own, { recursive: true });

  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  };
  return {
    folder,
    write,
    edit: async (file, from, to) => {
      const path = join(own, `${file}.proto`);
      const parts = (await readFile(path, 'utf8')).split(from);
      if (parts.length !== 2) throw new Error(`"${from}" stands ${parts.length - 1} times in ${file}.proto`);
      await writeFile(path, parts.join(to));
    },
    freeze: () => freeze(folder, samplePackages),
    find: name => {
      const gate = gates.find(candidate => candidate.name === name);
      if (gate === undefined) throw new Error(`there is no gate ${name}`);
      return gate.find(folder, samplePackages);
    },
  };
}
