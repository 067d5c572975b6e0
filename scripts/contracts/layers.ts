// Who may import whom among the contracts: common has types only and imports nobody, a service file is imported by
// nobody, a public contract does not show internal ones, and a released package does not lean on a draft (it would be
// frozen with it).
import type { DescFile, FileRegistry } from '@bufbuild/protobuf';
import { type Finding, ownPackages } from './contracts.ts';

/** Finds imports that go the wrong way, and released packages that do not exist. */
export function findBadImports(contracts: FileRegistry, released: readonly string[]): Finding[] {
  const packages = ownPackages(contracts);
  const absent = released
    .filter(name => !packages.includes(name))
    .map(name => ({ where: name, what: 'is listed in scripts/contracts/released.ts, but has no file in proto/' }));
  const files = [...contracts.files].filter(isOwn);
  return [...absent, ...files.flatMap(file => importProblems(file, released))];
}

function importProblems(file: DescFile, released: readonly string[]): Finding[] {
  const from = file.proto.package;
  const problems: string[] = [];
  for (const imported of file.dependencies.filter(isOwn)) {
    const to = imported.proto.package;
    const path = imported.proto.name;
    if (from === 'miniredis.common.v1' && to !== from)
      problems.push(`common has types for all, so it may not import ${path}`);
    if (path.endsWith('_service.proto')) problems.push(`may not import ${path}: move the message to a resource file`);
    if (to.includes('.internal.') && !from.includes('.internal.'))
      problems.push(`is public, so it may not import ${path}`);
    if (released.includes(from) && !released.includes(to)) {
      problems.push(`is released, so it may not import ${path}, which is a draft: release ${to} too`);
    }
  }
  return problems.map(what => ({ where: file.proto.name, what }));
}

function isOwn(file: DescFile): boolean {
  return file.proto.package.startsWith('miniredis.');
}
