/** The Python of the tests that run Modal's own client: found where scripts/python-venv.sh has put it, or reported missing. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { promisify } from "node:util";
import type { FakeModal } from "./fake.ts";

const repository = resolve(import.meta.dirname, "../../../..");
const windows = process.platform === "win32";

/** A Python that has `modal`: FARCALL_MODAL_PYTHON, or the one in .venv. */
export const modalPython: string | undefined = [
  process.env["FARCALL_MODAL_PYTHON"],
  resolve(repository, ".venv", windows ? "Scripts/python.exe" : "bin/python"),
].find((path) => path !== undefined && existsSync(path));

/** For the name of a test group that is left out without Python. */
export const pythonMissing = modalPython ? "" : " (left out: run scripts/python-venv.sh first)";

/** Runs the real `modal deploy` of a Python file; gives what it prints. */
export async function modalDeploy(
  fake: FakeModal,
  file: string,
  options: { name?: string; environment?: string; tag?: string } = {},
): Promise<string> {
  const given = Object.entries({ "--name": options.name, "--env": options.environment, "--tag": options.tag });
  const flags = given.flatMap(([flag, value]) => (value === undefined ? [] : [flag, value]));
  return modal(fake, ["deploy", ...flags, file], dirname(file));
}

/** Runs Modal's command line against the fake. */
export async function modal(fake: FakeModal, args: string[], cwd = process.cwd()): Promise<string> {
  if (!modalPython) throw new Error("there is no Python with modal: run scripts/python-venv.sh");
  const env = {
    ...process.env,
    ...fake.env,
    MODAL_IMAGE_BUILDER_VERSION: "2025.06",
    PYTHONDONTWRITEBYTECODE: "1",
    NO_COLOR: "1",
  };
  try {
    const { stdout } = await promisify(execFile)(modalPython, ["-m", "modal", ...args], { cwd, env });
    return stdout;
  } catch (error) {
    // execFile's rejections carry what the program has printed.
    const { message, stdout, stderr } = error as Error & { stdout: string; stderr: string };
    throw new Error([message, stdout, stderr].join("\n"));
  }
}
