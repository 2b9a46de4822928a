import { callOptions, Function, kwargs } from "../../../src/index.ts";
import { first, parse } from "../generic.ts";
import { add, fit, frames, resize, sum, tokenize, total, train } from "../stubs.ts";
const bytes: Uint8Array = new Uint8Array();
resize.remote("bytes");
resize.remote(bytes, { widht: 3 });
resize.remote(bytes, { width: "3" });
resize.remote(bytes, 5);
resize.remote();
add.remote(1, 2, 3);
add.spawn(1, callOptions({ timeout: 3 }));
add.map(["a"], [1]);
add.map([1]);
resize.map([bytes], [{ widht: 1 }]);
resize.map([bytes], { orderOutput: false });
add.starmap([[1, "2"]]);
sum.remote(1, "2");
tokenize.remote(kwargs({ language: "en" }));
tokenize.remote("a", kwargs({ langauge: "en" }));
frames.remote(bytes);
tokenize.remote("a", kwargs({ text: "b" }));
train.remote([1], kwargs({ rate: 1 }));
first.remote(5);
first.map([1]);
parse.remote(true);
Function.fromName<[text: string], number>("text", "count").remote(5);
Function.fromName<[text: string], number>("text", "count").map([5]);
Function.fromName<[text: string], number>("text", "count").starmap([[5]]);
Function.fromName<[text: string], number>("text", "count").spawn("a", "b");
total.starmap([["a", 1]], { kwargs: { scle: 2 } });
add.remote(1, 2, { timeoutMs: 3 });
resize.remote(bytes, { timeoutMs: 3 });
resize.remote(bytes, { width: 3, idempotencyKey: "k" });
resize.map([bytes], { width: 5 });
fit.map([bytes], { width: 5 });
declare module "../../../src/runtime/apps.ts" {
  interface Apps {
    images: typeof import("../stubs.ts");
  }
}
Function.fromName("images", "resise");
Function.fromName("imags", "resize");
Function.fromName("images", "zzz");
