// Freezes the released contracts: node scripts/contracts/freeze.ts [folder]. Writes proto/released.binpb, the image that later
// contracts are compared with. It takes the packages of released.ts alone, and only when every gate passes, so that a
// freeze never hides a break.
import { join } from 'node:path';
import { bufOrThrow, repository } from './buf.ts';
import { runGates } from './gates.ts';
import { releasedImage, releasedPackages } from './released.ts';

/** Writes the released image of `workspace`. The same contracts give the same bytes. */
export async function freeze(workspace: string, released: readonly string[]): Promise<void> {
  const types = released.flatMap(name => ['--type', name]);
  await bufOrThrow(workspace, ['build', 'proto', '--exclude-source-info', ...types, '--output', releasedImage]);
}

if (process.argv[1] === import.meta.filename) {
  const workspace = process.argv[2] ?? repository;
  const refused = (await runGates(workspace)).filter(({ findings }) => findings.length > 0);
  if (refused.length > 0) {
    const names = refused.map(({ gate }) => gate.name).join(', ');
    console.error(`nothing is frozen: ${names} refused; node scripts/contracts/check.ts says why`);
    process.exitCode = 1;
  } else {
    await freeze(workspace, releasedPackages);
    console.log(`${join(workspace, releasedImage)} holds ${releasedPackages.length} packages`);
  }
}
