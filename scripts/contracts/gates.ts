// The gates that a contract passes before it is merged: what each one refuses, and how it is asked. All of them work on
// a workspace, so that tests can show each one a broken copy.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findUnbounded, findUnexplained } from './bounds.ts';
import { buf } from './buf.ts';
import { compileContracts, type Finding, ownPackages, readContracts } from './contracts.ts';
import { compareGenerated, generate, readGenerated } from './generation.ts';
import { findBadImports } from './layers.ts';
import { findBadMethods } from './methods.ts';
import { findBrokenOptions } from './options.ts';
import { releasedImage, releasedPackages } from './released.ts';

/** One gate: its name, what to do when it refuses, and the findings, none when the contracts pass. */
export type Gate = {
  readonly name: string;
  readonly advice: string;
  readonly find: (workspace: string, released?: readonly string[]) => Promise<Finding[]>;
};

/** All gates, the quick and basic ones first. */
export const gates: readonly Gate[] = [
  {
    name: 'lint',
    advice: 'buf lint: the rules are STANDARD and COMMENTS',
    find: workspace => bufFindings(workspace, ['lint']),
  },
  {
    name: 'format',
    advice: 'run: npx buf format -w proto',
    find: workspace => bufFindings(workspace, ['format', 'proto', '--diff', '--exit-code']),
  },
  {
    name: 'breaking',
    advice: 'released contracts only grow: deprecate, and add beside it',
    find: async workspace =>
      existsSync(join(workspace, releasedImage))
        ? bufFindings(workspace, ['breaking', 'proto', '--against', releasedImage])
        : [],
  },
  {
    name: 'options',
    advice: 'released rules, paths and rights only widen: keep the old, add beside it',
    find: async workspace => {
      const image = join(workspace, releasedImage);
      if (!existsSync(image)) return [];
      return findBrokenOptions(await readContracts(image), await compileContracts(workspace));
    },
  },
  {
    name: 'released',
    advice: 'a package that was released stays in scripts/contracts/released.ts',
    find: async (workspace, released = releasedPackages) => {
      const image = join(workspace, releasedImage);
      const frozen = existsSync(image) ? ownPackages(await readContracts(image)) : [];
      const dropped = frozen.filter(name => !released.includes(name));
      return dropped.map(where => ({ where, what: 'is in the released image, but not in the list' }));
    },
  },
  {
    name: 'layers',
    advice: 'resource files are imported, service files and drafts are not',
    find: async (workspace, released = releasedPackages) => findBadImports(await compileContracts(workspace), released),
  },
  {
    name: 'methods',
    advice: 'each RPC says who may call it, its path, and whether it may be retried',
    find: async workspace => findBadMethods(await compileContracts(workspace)),
  },
  {
    name: 'bounds',
    advice: 'bound it now: a limit added after the release breaks callers',
    find: async workspace => findUnbounded(await compileContracts(workspace)),
  },
  {
    name: 'behavior',
    advice: 'see google/api/field_behavior.proto',
    find: async workspace => findUnexplained(await compileContracts(workspace)),
  },
  {
    name: 'drift',
    advice: 'run: npm run generate',
    find: async workspace => {
      const drift = compareGenerated(await generate(workspace), await readGenerated(workspace));
      return [
        ...drift.missing.map(path => ({ where: `gen/${path}`, what: 'is missing' })),
        ...drift.changed.map(path => ({ where: `gen/${path}`, what: 'is not what the contracts generate' })),
        ...drift.stale.map(path => ({ where: `gen/${path}`, what: 'comes from no contract' })),
      ];
    },
  },
];

/** What one gate said. */
export type Verdict = { readonly gate: Gate; readonly findings: Finding[] };

/** Runs every gate in turn. A gate that cannot run, because the contracts do not compile, refuses. */
export async function runGates(workspace: string): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const gate of gates) verdicts.push({ gate, findings: await findOrFail(gate, workspace) });
  return verdicts;
}

async function findOrFail(gate: Gate, workspace: string): Promise<Finding[]> {
  try {
    return await gate.find(workspace);
  } catch (error) {
    return [{ where: 'proto', what: error instanceof Error ? error.message : String(error) }];
  }
}

async function bufFindings(workspace: string, args: readonly string[]): Promise<Finding[]> {
  const { code, output } = await buf(workspace, args);
  if (code === 0) return [];
  return [{ where: `buf ${args[0]}`, what: output }];
}
