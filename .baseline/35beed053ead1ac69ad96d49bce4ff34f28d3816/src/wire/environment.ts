/**
 * The environment of containers: a few variables of the shell that started them, and what the functions' options `env` and
 * `secrets` name. A deploy imports the app under the same, so that a module that loads there loads in a container too.
 */

/** The variables that every program needs to run and to reach the network; none that belongs to an app. */
const INHERITED = [
  ...["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "TMP", "TEMP"],
  ...["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"],
  ...["SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS"],
  ...[
    "SystemRoot",
    "windir",
    "ComSpec",
    "PATHEXT",
    "APPDATA",
    "LOCALAPPDATA",
    "USERPROFILE",
    "ProgramFiles",
    "ProgramData",
  ],
];

/** The variables that a container inherits from an environment. */
export function inherited(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return pickVariables(environment, INHERITED);
}

/** Those of the variables that are set. */
export function pickVariables(environment: NodeJS.ProcessEnv, names: readonly string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(
    names.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
  );
}
