/** The producer. While the example runs, `price` starts to return a currency too, and its callers have to adapt. */
import { App } from "farcall";

export const app = new App("shop");

const cents: Record<string, number> = { apple: 40, pear: 55 };

/** The price of a number of items, in cents. */
export const price = app.function(function price(item: string, quantity: number): number {
  return (cents[item] ?? 0) * quantity;
});
