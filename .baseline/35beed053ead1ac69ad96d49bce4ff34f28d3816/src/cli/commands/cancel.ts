/** `farcall cancel CALL`: cancels a call's inputs that have not ended. */
import type { Command } from "commander";
import type { Context, EngineOptions } from "../context.ts";
import { engineOptions, examples } from "../context.ts";

export function define(command: Command, context: Context): void {
  engineOptions(command.argument("<call>", "id of the call: fc-…")).option(
    "--terminate-containers",
    "also kill the containers that run its inputs",
  );
  examples(command, [["farcall cancel fc-01JD4Z", "cancels its waiting and running inputs"]]);
  command.action(async (id: string, options: EngineOptions & { terminateContainers?: boolean }) => {
    const { invoker } = await context.engine(options);
    await invoker.cancel(id, { terminateContainers: options.terminateContainers === true });
    context.output.document({ cancelled: id });
    context.output.line(`Cancelled ${id}.`);
  });
}
