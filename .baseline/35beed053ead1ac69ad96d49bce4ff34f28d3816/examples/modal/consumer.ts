/** The consumer: knows the Python app by its generated stubs alone. The compiler checks every call below. */
import { kwargs, RemoteError } from "farcall";
import { media } from "./generated/index.ts";
import { drawing } from "./picture.ts";

const texts = [
  "A typed function is called far away.",
  "Types travel with the deploy of an app.",
  "The cat sleeps on the warm window sill.",
  "Two cats sleep in the sun all day.",
];

// One call: arguments that Python takes by name only are passed by name.
const vector = await media.embed.remote("Hello, Python!", kwargs({ dimensions: 8 }));
console.log(`remote   ${vector.map((value) => value.toFixed(2)).join(" ")}`);

// Many calls, in as many containers as there are: results come in order.
const words: string[] = [];
for await (const embedding of media.embed.map(texts, { kwargs: { dimensions: 4, normalize: false } })) {
  words.push(embedding.join(","));
}
console.log(`map      ${words.join("  ")}`);

// A class with a parameter: the instance is in a container, and stays warm between calls.
const index = new media.Index({ name: "example" });
console.log(`class    ${await index.add.remote(...texts)} texts are in the index`);
for (const { text, score } of await index.search.remote("sleepy cats", kwargs({ top: 2 }))) {
  console.log(`search   ${score.toFixed(3)}  ${text}`);
}

// A generator: items come as Python yields them. A timedelta is a number of seconds.
for await (const { index, text, reading_time } of media.sentences.remoteGen(texts.join(" "), 120)) {
  console.log(`yield    ${index}: ${text} (${reading_time.toFixed(1)} s)`);
  if (index === 2) break;
}

// Bytes both ways, and dataclasses as plain objects.
const { png, size, color } = await media.thumbnail.remote(drawing(240, 160), { width: 48, height: 48 });
console.log(
  `picture  ${size.width} x ${size.height}, ${png.length > 100 ? "a PNG" : "empty"}, average ${color.join(" ")}`,
);

// Durable: any program can fetch the result by the call's id.
const call = await media.embed.spawn("later", kwargs({ dimensions: 3 }));
console.log(`spawn    ${(await call.get()).map((value) => value.toFixed(2)).join(" ")}`);

// What Python raises arrives with its type and message.
try {
  await media.embed.remote("nothing", kwargs({ dimensions: 0 }));
} catch (error) {
  if (!(error instanceof RemoteError)) throw error;
  console.log(`error    ${error.name}: ${error.message}`);
}
