/** The contracts as data: RPCs, access rules, request validation. */
export {
  type AccessRule,
  allRpcs,
  descriptorSetPath,
  findRpc,
  isPublicPackage,
  nameOfRole,
  publicServices,
  type RateName,
  type RoleName,
  type Rpc,
  registry,
  roleOfName,
} from './registry.ts';
export { validateRequest } from './validation.ts';
