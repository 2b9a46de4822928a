/**
 * Which output says what `Function.fromName` knows of an app. `interface Apps` of "farcall" is one to a TypeScript program, and two
 * declarations of an app in it are an error there: the first output with the app has it.
 */
import type { ChosenRef } from "./choose.ts";
import type { Settings } from "./settings.ts";

/** For each output the names of apps that an earlier one of the same program declares, in order. */
export async function declaredElsewhere(
  outputs: readonly { settings: Settings; refs: readonly ChosenRef[] }[],
): Promise<string[][]> {
  const appsOf = outputs.map(({ refs }) => [...new Set(refs.map(({ app }) => app))].sort());
  const isShared = (app: string) => appsOf.filter((apps) => apps.includes(app)).length > 1;
  if (!appsOf.some((apps) => apps.some(isShared))) return outputs.map(() => []);
  const { moduleStyle } = await import("./project.ts");
  const programs = await Promise.all(
    outputs.map(async ({ settings }) => (await moduleStyle(settings.output)).tsconfig),
  );
  return appsOf.map((apps, index) =>
    apps.filter((app) =>
      appsOf.some((earlier, at) => at < index && programs[at] === programs[index] && earlier.includes(app)),
    ),
  );
}
