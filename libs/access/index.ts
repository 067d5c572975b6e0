/** The decision who may call what: the contract's access rule against a principal. */
export { authorizeRole, authorizeTenant } from './authorize.ts';
