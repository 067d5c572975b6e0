/**
 * The packages that callers may rely on: from the freeze that takes them in, they only grow. A package enters this list
 * with the work that builds its service; all others are drafts and may still change in any way.
 */
export const releasedPackages = [
  'miniredis.audit.v1',
  'miniredis.auth.internal.v1',
  'miniredis.auth.v1',
  'miniredis.backend.internal.v1',
  'miniredis.backend.v1',
  'miniredis.common.v1',
  'miniredis.gateway.v1',
  'miniredis.monitoring.v1',
  'miniredis.nodemanager.v1',
] as const;

/** The image of the released packages as they were at the last freeze, below the repository's root. */
export const releasedImage = 'proto/released.binpb';
