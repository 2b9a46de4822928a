/** Where a version was deployed from: as registries keep it, and in words. */

/** An engine may know only some of it. */
export interface DeploymentOrigin {
  /** Name of the package. */
  project?: string;
  /** The project's folder, absolute. */
  folder?: string;
  /** The module that was deployed, relative to the folder, with forward slashes. */
  entry?: string;
  /** The user who deployed it, as their system names them: `ada@laptop`. */
  user?: string;
  /** The sources' git commit, followed by `-dirty` if there were uncommitted changes. */
  revision?: string;
  repository?: RepositoryPlace;
}

/** A project's place in git, by which worktrees and clones of one repository are recognised as one project. */
export interface RepositoryPlace {
  /** The folder that all worktrees of the repository share. */
  folder: string;
  /** The project's folder in the repository, with forward slashes; "" for its root. */
  path: string;
  /** Host and path of the remote `origin`: `github.com/acme/shop`. */
  remote?: string;
}

/** `/home/ada/shop (package @acme/shop) by ada@laptop, revision 0123456789ab` */
export function originText(origin: DeploymentOrigin): string {
  const { user, revision } = origin;
  const by = user === undefined ? "" : ` by ${user}`;
  return `${placeOfOrigin(origin)}${by}${revision === undefined ? "" : `, revision ${shortRevision(revision)}`}`;
}

/** `/home/ada/shop (package @acme/shop)` */
export function placeOfOrigin({ folder, project }: DeploymentOrigin): string {
  if (folder === undefined) return project === undefined ? "an unknown place" : `package ${project}`;
  return project === undefined ? folder : `${folder} (package ${project})`;
}

/** Twelve digits of a commit, and whether there were uncommitted changes. */
export function shortRevision(revision: string): string {
  return revision.replace(/^([0-9a-f]{12})[0-9a-f]{28}/, "$1");
}
