/**
 * Frames of the bare relay: a 16-byte header (length, spare, call, index) and a payload. The minimum that two hops over
 * sockets can do: no codec, no queue, no limits, and one write for everything in a chunk.
 */

export const HEADER = 16;
/** A double. */
export const PAYLOAD = 8;
export const FRAME = HEADER + PAYLOAD;

/** Calls `each` with every run of complete frames in `data`. */
export function cutFrames(each: (frames: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer | undefined;
  return (chunk) => {
    const data = rest ? Buffer.concat([rest, chunk]) : chunk;
    let end = 0;
    while (data.length - end >= HEADER) {
      const next = end + HEADER + data.readUInt32LE(end);
      if (next > data.length) break;
      end = next;
    }
    rest = end < data.length ? data.subarray(end) : undefined;
    if (end > 0) each(data.subarray(0, end));
  };
}
