/**
 * Decides which output declares an app for `Function.fromName`. A TypeScript program has one `interface Apps` of "farcall", and two
 * declarations of an app in it are an error, so the first output with the app declares it.
 */
import type { ChosenRef } from "./choose.ts";
import type { Settings } from "./settings.ts";

/** For each output, in order, the names of apps that an earlier output of the same program declares. */
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
