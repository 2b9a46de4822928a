/** Code and manifests, by the hash of their content, in parts that fit into messages. */
import { hash as digest } from "node:crypto";
import { EngineUnavailableError } from "../../../runtime/errors.ts";
import type { Connection } from "../connection.ts";
import { streams, subjects } from "../names.ts";

/** Below a server's default limit of a megabyte. */
const PART_BYTES = 512 * 1024;

export interface ObjectRef {
  /** sha256, hex, of the content. */
  hash: string;
  bytes: number;
}

export class Objects {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async put(content: string): Promise<ObjectRef> {
    const bytes = Buffer.from(content);
    const ref = { hash: digest("sha256", bytes), bytes: bytes.length };
    await Promise.all(
      Array.from({ length: partsOf(ref) }, (_, part) =>
        this.#connection.append(
          subjects.part(ref.hash, part),
          bytes.subarray(part * PART_BYTES, (part + 1) * PART_BYTES),
        ),
      ),
    );
    return ref;
  }

  /** Rejects with EngineUnavailableError when it is not whole. */
  async get(ref: ObjectRef): Promise<string> {
    const parts = await Promise.all(
      Array.from({ length: partsOf(ref) }, (_, part) =>
        this.#connection.read(streams.objects, { last_by_subj: subjects.part(ref.hash, part) }),
      ),
    );
    const content = Buffer.concat(parts.map((part) => part?.data ?? new Uint8Array()));
    if (digest("sha256", content) !== ref.hash) {
      throw new EngineUnavailableError("the code or manifest of a deployed version is missing or damaged", {
        hint: "Deploy the app again.",
      });
    }
    return content.toString();
  }

  async remove({ hash }: ObjectRef): Promise<void> {
    await this.#connection.ask(({ jsm }) => jsm.streams.purge(streams.objects, { filter: subjects.parts(hash) }));
  }
}

/** Also what is empty has a part. */
function partsOf({ bytes }: ObjectRef): number {
  return Math.max(1, Math.ceil(bytes / PART_BYTES));
}
