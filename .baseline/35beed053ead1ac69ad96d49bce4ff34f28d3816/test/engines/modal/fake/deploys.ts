/** What the real `modal deploy` asks: apps, mounts and images are made, functions created, and an app published. */
import { createHash } from "node:crypto";
import { ServerError, Status } from "nice-grpc";
import type { Apps } from "./apps.ts";
import type { Blobs } from "./blobs.ts";
import type { Handlers, Request } from "./codecs.ts";
import { dataOf, type Functions, hash } from "./functions.ts";
import { rawRequest } from "./server.ts";
import { findProtobufField, makeId, Outcome } from "./values.ts";

type MountFile = Request<"mountGetOrCreate">["files"][number];

export class Deploys {
  /** Content of files by their SHA-256. */
  readonly files = new Map<string, Buffer>();
  readonly mounts = new Map<string, MountFile[]>();
  #apps: Apps;
  #functions: Functions;
  #blobs: Blobs;

  constructor(apps: Apps, functions: Functions, blobs: Blobs) {
    this.#apps = apps;
    this.#functions = functions;
    this.#blobs = blobs;
  }

  readonly rpcs = {
    appCreate: async ({ environmentName, description, appState }) => {
      const app = this.#apps.create(environmentName, description, appState);
      return { appId: app.id, appPageUrl: `https://modal.invalid/apps/${app.id}` };
    },
    appHeartbeat: async () => ({}),
    appClientDisconnect: async () => ({}),
    clientHello: async () => ({}),
    functionPrecreate: async (request) => {
      const fn = this.#functions.obtain(request.existingFunctionId, request.appId, request.functionName);
      // What the app has published stays as it is until it is published again.
      return { functionId: fn.id, handleMetadata: this.#functions.describe(fn, request) };
    },
    functionCreate: async (request) => {
      const definition = request.function;
      if (!definition) throw new ServerError(Status.UNIMPLEMENTED, "functions with a list of GPUs are not supported");
      const fn = this.#functions.obtain(request.existingFunctionId, request.appId, definition.functionName);
      const bytes = findProtobufField(rawRequest(request), 1);
      if (!bytes) throw new Error("the request has no function");
      this.#functions.define(fn, definition, { raw: bytes });
      // The client describes the function to its user by what it gets back.
      const functionData = dataOf(definition);
      return { functionId: fn.id, function: definition, functionData, handleMetadata: fn.metadata };
    },
    classCreate: async ({ existingClassId }) => ({ classId: existingClassId || makeId("cs"), handleMetadata: {} }),
    imageGetOrCreate: async ({ image }) => ({
      imageId: `im-${hash(JSON.stringify(image ?? {}))}`,
      result: { status: Outcome.success },
      metadata: { imageBuilderVersion: "2025.06", pythonVersionInfo: "Python 3.12" },
    }),
    mountBatchedCheckExistence: async ({ sha256HexHashes }) => ({
      missingSha256HexHashes: sha256HexHashes.filter((each) => !this.files.has(each)),
    }),
    mountPutFile: async ({ sha256Hex, data, dataBlobId }) => {
      if (dataBlobId) this.files.set(sha256Hex, this.#blobs.get(dataBlobId));
      else if (data !== undefined) this.files.set(sha256Hex, Buffer.from(data));
      return { exists: this.files.has(sha256Hex) };
    },
    mountGetOrCreate: async ({ deploymentName, files }) => {
      const sorted = files.toSorted((a, b) => (a.filename < b.filename ? -1 : 1));
      const content = JSON.stringify([deploymentName, sorted]);
      const mountId = `mo-${hash(content)}`;
      this.mounts.set(mountId, files);
      const contentChecksumSha256Hex = createHash("sha256").update(content).digest("hex");
      return { mountId, handleMetadata: { contentChecksumSha256Hex } };
    },
    appPublish: async (request) => {
      const app = this.#apps.need(request.appId);
      const { functionIds, classIds, tags } = request;
      const definitions = Object.values(functionIds).map((id) => {
        const { definition } = this.#functions.need(id);
        return [id, { ...definition, mountIds: definition?.mountIds.toSorted() }] as const;
      });
      const key = hash(canonical([functionIds, classIds, tags, Object.fromEntries(definitions)]));
      if (request.name) app.name = request.name;
      app.tags = tags;
      const about = { clientVersion: request.clientVersion, tag: request.deploymentTag };
      const changed = this.#apps.publish(app, { key, functionIds, classIds }, about);
      return { url: `https://modal.invalid/apps/${app.name}`, deployedAt: changed ? app.deployedAt : 0 };
    },
  } satisfies Handlers;
}

/** The same for what is the same: Python sends the entries of a map in any order, and a function's mounts too. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each !== "object" || each === null || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
