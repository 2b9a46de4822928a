/** Which functions a name in a filter stands for: the function of that name, or all methods of the class of that name. */

export function isNamed(name: string, by: string): boolean {
  return name === by || name.startsWith(`${by}.`);
}

/** `isNamed` as a condition of SQL on the column `function`. Takes the name twice. */
export const FUNCTION_IS_NAMED = "(function = ? OR instr(function, ? || '.') = 1)";
