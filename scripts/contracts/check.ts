// Checks the contracts: node scripts/contracts/check.ts [folder]. The folder is the repository unless one is named. Ends
// with 0 when every gate passes, else with 1 and what each gate refused. docs/contracts.md explains the gates.
import { repository } from './buf.ts';
import { runGates } from './gates.ts';

let refused = 0;
for (const { gate, findings } of await runGates(process.argv[2] ?? repository)) {
  console.log(`${findings.length === 0 ? 'ok     ' : 'REFUSED'} ${gate.name}`);
  if (findings.length === 0) continue;
  refused++;
  for (const { where, what } of findings) console.log(`  ${where}: ${what}`);
  console.log(`  -> ${gate.advice}`);
}
if (refused > 0) {
  console.error(`contracts: ${refused} gates refused; docs/contracts.md says how a contract changes`);
  process.exitCode = 1;
}
