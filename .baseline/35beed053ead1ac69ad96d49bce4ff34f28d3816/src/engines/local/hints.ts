/** What the client and the host of the local engine say in the same words. */

/** What to run when nothing is deployed. */
export const DEPLOY_HINT = "Run `farcall deploy FILE`.";
