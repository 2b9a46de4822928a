/** Where calls go: the function at its version, and the unit that runs it. What was found counts as long as the app is as it was. */
import { checkMethod } from "../../catalog/index.ts";
import type { SourceRequest } from "../pairs/index.ts";
import type { Catalog } from "../registry/index.ts";
import { unitOf } from "../unit.ts";
import type { Place, SourceCall } from "./call.ts";
import type { Unit } from "./unit.ts";

const MAX_KNOWN = 1_000;

export class Places {
  readonly #catalog: Catalog;
  readonly #unit: (name: string) => Unit<SourceCall>;
  /** By what a reference says. */
  readonly #places = new Map<string, { place: Place; sequence: number }>();

  constructor(catalog: Catalog, unit: (name: string) => Unit<SourceCall>) {
    this.#catalog = catalog;
    this.#unit = unit;
  }

  known(request: SourceRequest): Place | undefined {
    const known = this.#places.get(placeKey(request));
    const { app, environment } = request.function;
    if (!known || this.#catalog.apps.known({ app, environment })?.sequence !== known.sequence) return undefined;
    return known.place;
  }

  /** Rejects with FarcallError. */
  async find(request: SourceRequest): Promise<Place> {
    const { function: ref, method, durable, trace, progress } = request;
    const fn = await this.#catalog.function(ref);
    // Whoever takes HTTP requests has seen that the function answers them.
    if (method !== "web") checkMethod({ ...request, method }, fn.schema);
    const { version } = fn.stored;
    const { app, environment, name, instance } = ref;
    const unit = this.#unit(unitOf({ app, environment, version, schema: fn.schema, instance }));
    const place: Place = {
      fn,
      unit,
      header: {
        function: { app, environment, name, version, ...(instance !== undefined && { instance }) },
        method,
        durable,
        ...(trace && { trace }),
        ...(progress && { progress }),
      },
      repeats: durable || fn.schema.options.retries.maxRetries > 0,
    };
    const sequence = this.#catalog.apps.known({ app, environment })?.sequence;
    // A trace is of one call alone.
    if (sequence !== undefined && !trace) {
      if (this.#places.size > MAX_KNOWN) this.#places.clear();
      this.#places.set(placeKey(request), { place, sequence });
    }
    return place;
  }
}

function placeKey({ function: ref, method, durable, progress }: SourceRequest): string {
  const { app, environment, name, version = "", signature = "", instance = "-" } = ref;
  return `${method}\0${durable}\0${progress}\0${environment}\0${app}\0${name}\0${version}\0${signature}\0${instance}`;
}
