/** The producer. While the example runs, `price` learns to answer with a currency, which its callers have to follow. */
import { App } from "farcall";

export const app = new App("shop");

const cents: Record<string, number> = { apple: 40, pear: 55 };

/** What so many of an item cost, in cents. */
export const price = app.function(function price(item: string, quantity: number): number {
  return (cents[item] ?? 0) * quantity;
});
