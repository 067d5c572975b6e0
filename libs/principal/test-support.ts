// Keys and principals for tests: a folder with a JWKS and a private key per name, as an installation has.

import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createPrincipalSigner,
  createPrincipalVerifier,
  type PrincipalSigner,
  type PrincipalVerifier,
} from './index.ts';

/** Signers of some services and a verifier that knows them. */
export interface TestKeys {
  readonly signers: Readonly<Record<string, PrincipalSigner>>;
  readonly verify: PrincipalVerifier;
  readonly jwksPath: string;
  /** Private keys as PKCS#8 PEM, by name. */
  readonly pems: Readonly<Record<string, string>>;
  /** Removes the folder. */
  remove(): void;
}

/** Makes an Ed25519 key for each name and a JWKS with all of them. */
export function createTestKeys(names: readonly string[]): TestKeys {
  const directory = mkdtempSync(join(tmpdir(), 'miniredis-keys-'));
  const pairs = names.map(name => ({ name, ...generateKeyPairSync('ed25519') }));
  const jwksPath = join(directory, 'jwks.json');
  const keys = pairs.map(({ name, publicKey }) => ({
    ...publicKey.export({ format: 'jwk' }),
    kid: name,
    alg: 'EdDSA',
    use: 'sig',
  }));
  writeFileSync(jwksPath, JSON.stringify({ keys }));
  const pems = Object.fromEntries(
    pairs.map(({ name, privateKey }) => [name, privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()]),
  );
  return {
    signers: Object.fromEntries(Object.entries(pems).map(([name, pem]) => [name, createPrincipalSigner(name, pem)])),
    verify: createPrincipalVerifier(jwksPath),
    jwksPath,
    pems,
    remove: () => rmSync(directory, { recursive: true }),
  };
}
