// What gen/ holds, and how it is made: the TypeScript stubs (buf.gen.yaml) and descriptors.binpb, the one descriptor
// set that reflection, JSON transcoding and validation share. It is always built in a temporary folder first, so that a
// failed run leaves gen/ as it was.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { bufOrThrow } from './buf.ts';

/** Files by their path below gen/. */
export type GeneratedFiles = ReadonlyMap<string, Buffer>;

/** What differs between gen/ and what the contracts generate; paths below gen/, sorted. */
export type Drift = { readonly missing: string[]; readonly stale: string[]; readonly changed: string[] };

/** Generates everything from the contracts of `workspace`. Throws with buf's output when they do not compile. */
export async function generate(workspace: string): Promise<GeneratedFiles> {
  const scratch = await mkdtemp(join(tmpdir(), 'miniredis-gen-'));
  try {
    await bufOrThrow(workspace, ['generate', '--output', scratch]);
    const set = join(scratch, 'gen', 'descriptors.binpb');
    await bufOrThrow(workspace, ['build', '--as-file-descriptor-set', '--exclude-source-info', '--output', set]);
    return await readGenerated(scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Reads gen/ of `workspace`; empty when there is none. */
export async function readGenerated(workspace: string): Promise<GeneratedFiles> {
  const root = join(workspace, 'gen');
  if (!existsSync(root)) return new Map();
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(paths.sort().map(async path => [path.slice(root.length + 1), await readFile(path)] as const)),
  );
}

/** Compares byte for byte. */
export function compareGenerated(expected: GeneratedFiles, actual: GeneratedFiles): Drift {
  const missing = [...expected.keys()].filter(path => !actual.has(path));
  const stale = [...actual.keys()].filter(path => !expected.has(path));
  const changed = [...expected].filter(([path, bytes]) => actual.get(path)?.equals(bytes) === false);
  return { missing: missing.sort(), stale: stale.sort(), changed: changed.map(([path]) => path).sort() };
}

/** Makes gen/ of `workspace` what its contracts generate, touching only files that differ. Returns what differed. */
export async function updateGenerated(workspace: string): Promise<Drift> {
  const expected = await generate(workspace);
  const drift = compareGenerated(expected, await readGenerated(workspace));
  const root = join(workspace, 'gen');
  for (const path of drift.stale) await rm(join(root, path));
  for (const path of [...drift.missing, ...drift.changed]) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), expected.get(path) ?? '');
  }
  return drift;
}
