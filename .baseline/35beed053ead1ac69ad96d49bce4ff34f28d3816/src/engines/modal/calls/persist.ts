/** Requests that Modal refuses because it is asked too much: sent again, as its own clients do, for as long as it takes. */
import { NotFoundError } from "../../../runtime/errors.ts";
import { LASTING, type Reply, type Request, type Rpc, type RpcOptions, type Session } from "../client.ts";
import { Status, statusOf } from "../errors.ts";
import { pause } from "../values.ts";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

let warned = false;

export async function persist<T>(
  session: Session,
  signal: AbortSignal,
  run: (rpc: Rpc, options: RpcOptions) => Promise<T>,
): Promise<T> {
  for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(wait * 2, LONGEST_PAUSE_MS)) {
    const answer = await session.ask(async (rpc) => {
      try {
        return { value: await run(rpc, { ...LASTING, signal }) };
      } catch (error) {
        if (statusOf(error) === Status.resourceExhausted && !signal.aborted) return undefined;
        throw error;
      }
    });
    if (answer) return answer.value;
    if (!warned) console.warn("farcall: Modal takes no more inputs at the moment; they are sent again until it does");
    warned = true;
    await pause(wait, signal);
    signal.throwIfAborted();
  }
}

/**
 * Opens a call on the control plane. Not with the call's own signal: an answer that nobody waits for any more would leave a call
 * running that nobody can cancel.
 * @param lookUp the function's id, anew after Modal has not found it: its app was stopped and deployed again
 */
export async function openCall(
  session: Session,
  signal: AbortSignal,
  request: Request<"functionMap">,
  lookUp: () => Promise<string>,
): Promise<Reply<"functionMap">> {
  const open = (functionId: string | undefined) =>
    persist(session, signal, (rpc) => rpc.functionMap({ ...request, ...(functionId && { functionId }) }, LASTING));
  try {
    return await open(undefined);
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    return open(await lookUp());
  }
}
