/** The consumer: the compiler checks it against what is currently deployed. */
import { shop } from "./generated/index.ts";

const total: number = await shop.price.remote("pear", 3);
console.log(`three pears: ${total}`);
