/** What Modal says of the functions of a deployed app: ids and metadata by tag, for the newest version or an older one. */
import type { AppRef } from "../../../engine/index.ts";
import type { FunctionSchema } from "../../../schema/index.ts";
import type { Session } from "../client.ts";
import { Status, statusOf } from "../errors.ts";
import { inParallel } from "../values.ts";
import { FIRST_CARRIER, isCarrier, nextCarrier, readCarrier } from "./carrier.ts";
import type { Metadata } from "./metadata.ts";

export interface Located {
  functionId: string;
  metadata: Metadata;
}

/** By tag: `add`, and `Model.*` for a class. */
export type Layout = ReadonlyMap<string, Located>;

/** Of a function, or of a method, which has some of its own. */
export function metadataOf(
  layout: Layout,
  { name, class: of }: Pick<FunctionSchema, "name" | "class">,
): Metadata | undefined {
  if (of === undefined) return layout.get(name)?.metadata;
  return layout.get(`${of}.*`)?.metadata.methodHandleMetadata[name.slice(of.length + 1)];
}

/** How many questions about single functions are open at once. */
const PARALLEL = 16;

/** Of the newest version, by one question where the answer is complete. */
export async function readLayout(session: Session, appId: string, ref: AppRef): Promise<Layout> {
  const { appLayout } = await session.ask((rpc, options) => rpc.appGetLayout({ appId }, options));
  const metadata = new Map(appLayout?.objects.map((each) => [each.objectId, each.functionHandleMetadata]));
  const entries = Object.entries(appLayout?.functionIds ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const located = await inParallel(entries, PARALLEL, async ([tag, functionId]) => {
    const known = metadata.get(functionId);
    return known ? { functionId, metadata: known } : await getFunction(session, ref, tag);
  });
  return new Map(entries.flatMap(([tag], index) => (located[index] ? [[tag, located[index]] as const] : [])));
}

/**
 * Of an older version. Modal has no list of what that one had: with the helper's types their names are known, otherwise those of
 * the newest version are tried.
 */
export async function readOldLayout(session: Session, ref: AppRef, newest: Layout): Promise<Layout> {
  const layout = new Map<string, Located>();
  for (let carrier = FIRST_CARRIER, count = 1; ; carrier = nextCarrier(count++)) {
    const found = await getFunction(session, ref, carrier);
    if (!found) break;
    layout.set(carrier, found);
  }
  const metadata = new Map([...layout].map(([tag, each]) => [tag, each.metadata]));
  const names = readCarrier(ref.app, metadata)?.functions.map(({ name, class: of }) => (of ? `${of}.*` : name));
  const tags = [...new Set([...(names ?? []), ...newest.keys()])].filter((tag) => !isCarrier(tag));
  const found = await inParallel(tags, PARALLEL, (tag) => getFunction(session, ref, tag));
  for (const [index, tag] of tags.entries()) {
    const one = found[index];
    if (one) layout.set(tag, one);
  }
  return layout;
}

/** Undefined where the version has no such function. */
async function getFunction(session: Session, ref: AppRef, tag: string): Promise<Located | undefined> {
  const { app: appName, environment: environmentName, version = 0 } = ref;
  const request = { appName, objectTag: tag, environmentName, appVersion: version };
  return session.ask(async (rpc, options) => {
    try {
      const { functionId, handleMetadata } = await rpc.functionGet(request, options);
      return handleMetadata && { functionId, metadata: handleMetadata };
    } catch (error) {
      if (statusOf(error) === Status.notFound) return undefined;
      throw error;
    }
  });
}
