/** Declared errors for callers: what `instanceof` proves to the compiler, and how tests construct them. */
import { RemoteError, withLocal } from "../../src/index.ts";
import { type Equal, expectType } from "./expect.ts";
import * as stubs from "./stubs.ts";

try {
  await stubs.ping.remote();
} catch (error) {
  if (error instanceof stubs.TooLarge) {
    expectType<Equal<typeof error, stubs.TooLarge>>(true);
    expectType<Equal<typeof error.code, number>>(true);
    expectType<Equal<typeof error.limit, number | undefined>>(true);
    const { name, message, stack, file }: { name: string; message: string; stack?: string; file: string } = error;
    console.log(name, message, stack, file);
  } else if (error instanceof stubs.ImageError) {
    // @ts-expect-error only TooLarge has it
    console.log(error.limit);
  } else if (error instanceof RemoteError) console.log(error.code);
}

new stubs.Busy();
new stubs.Busy("busy", {}, { cause: 1 });
new stubs.ImageError("bad", { file: "a" });
new stubs.TooLarge("large", { file: "a", code: 1 }, { cause: new Error() });
class Own extends stubs.ImageError {}
expectType<Equal<Own["file"], string>>(true);
withLocal(stubs, {
  ping: () => {
    throw new stubs.Busy();
  },
});

// @ts-expect-error a property is missing
new stubs.ImageError("bad");
// @ts-expect-error wrong type of a property
new stubs.TooLarge("large", { file: "a", code: "1" });
// @ts-expect-error unknown property
new stubs.ImageError("bad", { file: "a", size: 1 });
// @ts-expect-error an error class has no definition
withLocal(stubs, { Busy: Error });
