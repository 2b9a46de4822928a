/**
 * An app has an owner: the project that deployed it last. Another project that happens to use the same name is refused before
 * it takes the app's callers over.
 */
import { type AppSummary, type DeploymentOrigin, originText } from "../engine/index.ts";
import { ago } from "../text/index.ts";
import { DeployError } from "./errors.ts";

/**
 * Whether two deploys come from one project. They do when the packages have the same name (or, without a name, lie at the same
 * place in the repository) and either the folder is the same, or the repository is: two worktrees share git's common folder, two
 * clones share the remote `origin`.
 */
function isSameProject(a: DeploymentOrigin, b: DeploymentOrigin): boolean {
  const [here, there] = [a.repository, b.repository];
  if (a.project !== b.project) return false;
  if (a.folder !== undefined && a.folder === b.folder) return true;
  if (!here || !there) return false;
  if (a.project === undefined && here.path !== there.path) return false;
  return here.folder === there.folder || (here.remote !== undefined && here.remote === there.remote);
}

/** Whether what is deployed comes from another project. An app of unknown origin belongs to whoever deploys it next. */
export function isOthers(deployed: AppSummary | undefined, origin: DeploymentOrigin | undefined): boolean {
  return deployed?.origin !== undefined && origin !== undefined && !isSameProject(deployed.origin, origin);
}

export function takeOverError(deployed: AppSummary): DeployError {
  const { app, environment } = deployed;
  return new DeployError(
    "register",
    `app ${app} (${environment}) belongs to another project: ${deployedFrom(deployed)}`,
    [],
    {
      hint:
        "Deploy to another environment with --env NAME, give the app another name in `new App(…)`, or pass --take-over to " +
        "replace that project's functions with these.",
    },
  );
}

function deployedFrom({ version, deployedAt, origin = {} }: AppSummary): string {
  return `version ${version} was deployed ${ago(deployedAt)} from ${originText(origin)}`;
}
