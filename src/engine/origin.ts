/** Where a version was deployed from, as registries keep it and people read it. */

/** An engine may know only some of it. */
export interface DeploymentOrigin {
  /** Name of the package. */
  project?: string;
  /** Of the project, absolute. */
  folder?: string;
  /** The module that was deployed, relative to the folder, with forward slashes. */
  entry?: string;
  /** Whoever deployed it, as their system names them: `ada@laptop`. */
  user?: string;
  /** Of the sources: a git commit, with `-dirty` after it when there were changes that are not committed. */
  revision?: string;
  repository?: RepositoryPlace;
}

/** Where a project lies in git: by it, worktrees and clones of one repository are known to be one project. */
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

/** Twelve digits of a commit, and whether there were changes. */
export function shortRevision(revision: string): string {
  return revision.replace(/^([0-9a-f]{12})[0-9a-f]{28}/, "$1");
}
