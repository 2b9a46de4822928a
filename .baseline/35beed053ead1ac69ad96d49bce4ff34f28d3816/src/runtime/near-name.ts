/** What the compiler says of a name that no generated app has: the names that begin alike, rather than all. */

/** `Name` itself where it is one of `Names`, else those that begin as it does: with three letters, else with one; else all of them. */
export type NearName<Names, Name extends string> = Name extends Names
  ? Name
  : [Names] extends [never]
    ? "an app that has any"
    : // As a template, which the compiler shows as the names that it comes to.
      `${FirstNotNever<
        Name extends `${infer A}${infer B}${infer C}${string}` ? Extract<Names, `${A}${B}${C}${string}`> : never,
        Name extends `${infer A}${string}` ? Extract<Names, `${A}${string}`> : never,
        Names
      > &
        string}`;

type FirstNotNever<A, B, C> = [A] extends [never] ? ([B] extends [never] ? C : B) : A;

/** An app by its name, where there are generated ones. */
export type NearApp<Apps, Name extends string> = Name extends keyof Apps
  ? Name
  : [keyof Apps] extends [never]
    ? "an app with generated stubs, or types: fromName<[text: string], number>(app, name)"
    : NearName<keyof Apps, Name>;
