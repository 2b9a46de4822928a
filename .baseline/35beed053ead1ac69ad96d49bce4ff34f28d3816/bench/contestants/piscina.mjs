/** Piscina: a pool of worker threads in the caller's own process, the usual way to leave the main thread. */
import { Piscina } from "piscina";
import { serve } from "./serve.ts";

const IN_FLIGHT = 256;

const pool = new Piscina({ filename: new URL("piscina-worker.mjs", import.meta.url).href, minThreads: 1 });

serve({
  one: (x) => pool.run(x),
  many: async (count) => {
    let sent = 0;
    const lane = async () => {
      while (sent < count) await pool.run(sent++);
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  },
  close: () => pool.destroy(),
});
