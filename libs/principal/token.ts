// Principals travel as short-lived EdDSA JWTs in the metadata key x-miniredis-principal. Users and API keys are signed by
// the gateway alone; a service signs for itself with its own key and can be nobody else.

import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createLocalJWKSet, errors, type JWTVerifyGetKey, jwtVerify, SignJWT } from 'jose';
import type { RoleName } from '../contract/index.ts';
import { DomainError } from '../errors/index.ts';
import { operatorSubject, type Principal } from './principal.ts';

/** Metadata key of the signed principal. */
export const principalHeader = 'x-miniredis-principal';

/** For how long a signed principal counts, in seconds. Receivers may cache it for half of that. */
export const principalLifetimeSeconds = 60;

const audience = 'miniredis-mesh';
const cacheLimit = 10_000;

/** Signs principals with the key of one service. */
export interface PrincipalSigner {
  /** A fresh token for a principal. */
  sign(principal: Principal): Promise<string>;
  /** The service's own token, made anew every half lifetime. */
  own(): Promise<string>;
}

/** A signer with the private key (PKCS#8 PEM) of `service`. */
export function createPrincipalSigner(service: string, privateKeyPem: string): PrincipalSigner {
  const key = createPrivateKey(privateKeyPem);
  let own: { token: string; renewAt: number } | undefined;
  return {
    sign: principal => signPrincipal(key, service, principal),
    async own() {
      if (own && Date.now() < own.renewAt) return own.token;
      const token = await signPrincipal(key, service, { subject: `service:${service}`, tenant: '', role: undefined });
      own = { token, renewAt: Date.now() + (principalLifetimeSeconds * 1_000) / 2 };
      return token;
    },
  };
}

/** Verifies signed principals; throws UNAUTHENTICATED with a cause in the metadata. */
export type PrincipalVerifier = (token: string) => Promise<Principal>;

/** A verifier with the public keys of all services, read once from a JWKS file. */
export function createPrincipalVerifier(jwksPath: string): PrincipalVerifier {
  const keys = createLocalJWKSet(JSON.parse(readFileSync(jwksPath, 'utf8')));
  const cache = new Map<string, { principal: Principal; expiresAt: number }>();
  return async token => {
    const cached = cache.get(token);
    if (cached && Date.now() < cached.expiresAt) return cached.principal;
    const verified = await verifyPrincipal(keys, token);
    if (cache.size >= cacheLimit) cache.clear();
    cache.set(token, verified);
    return verified.principal;
  };
}

async function signPrincipal(key: KeyObject, service: string, principal: Principal): Promise<string> {
  return new SignJWT({ tenant: principal.tenant, ...(principal.role && { role: principal.role }) })
    .setProtectedHeader({ alg: 'EdDSA', kid: service })
    .setSubject(principal.subject)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime(`${principalLifetimeSeconds}s`)
    .sign(key);
}

async function verifyPrincipal(
  keys: JWTVerifyGetKey,
  token: string,
): Promise<{ principal: Principal; expiresAt: number }> {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      algorithms: ['EdDSA'],
      audience,
      requiredClaims: ['sub', 'exp'],
      clockTolerance: 5,
    });
    const subject = payload.sub ?? '';
    const signer = protectedHeader.kid ?? '';
    if (!maySign(signer, subject)) throw unauthenticated('wrong_signer');
    const tenant = typeof payload.tenant === 'string' ? payload.tenant : '';
    const role = subject === operatorSubject ? 'PLATFORM_ADMIN' : (payload.role as RoleName | undefined);
    return { principal: { subject, tenant, role }, expiresAt: (payload.exp ?? 0) * 1_000 };
  } catch (error) {
    if (error instanceof DomainError) throw error;
    throw unauthenticated(error instanceof errors.JWTExpired ? 'expired' : 'invalid', error);
  }
}

/** The gateway speaks for users and keys; every service for itself. */
function maySign(signer: string, subject: string): boolean {
  if (subject.startsWith('service:')) return subject === `service:${signer}`;
  return signer === 'gateway' && /^(user|key):/.test(subject);
}

function unauthenticated(cause: string, error?: unknown): DomainError {
  return new DomainError('UNAUTHENTICATED', 'The signed principal of this call is missing, expired or not genuine.', {
    metadata: { cause },
    cause: error,
  });
}
