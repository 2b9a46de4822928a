/** Reliable streams of frames between two processes, and what they say to each other. */
export { type Asks, Pair, type PairOptions } from "./pair.ts";
export {
  type OfferedCall,
  outputOf,
  type Refusal,
  type SourceRequest,
  TERMINATE,
  ToSource,
  ToWorker,
} from "./protocol.ts";
