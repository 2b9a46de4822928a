/** A registry for npm on loopback, which has some of the packages that are installed here. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const repo = resolve(import.meta.dirname, "../..");

interface Packed {
  manifest: { name: string; version: string };
  tarball: Buffer;
}

export class NpmRegistry {
  readonly #server: Server;
  readonly #folder = mkdtempSync(join(tmpdir(), "npm-"));
  /** Tarballs that were asked for, by package. */
  readonly fetched: string[] = [];

  private constructor(packages: ReadonlyMap<string, Packed>) {
    this.#server = createServer((request, response) => {
      const path = decodeURIComponent(new URL(request.url!, "http://localhost").pathname).slice(1);
      const isTarball = path.endsWith(".tgz");
      const found = packages.get(isTarball ? path.slice(0, -".tgz".length) : path);
      if (!found) response.writeHead(404).end("{}");
      else if (isTarball) {
        this.fetched.push(found.manifest.name);
        response.end(found.tarball);
      } else {
        const { manifest } = found;
        const { name, version } = manifest;
        const dist = { tarball: `${this.url}${name}.tgz` };
        response.setHeader("content-type", "application/json");
        response.end(
          JSON.stringify({ name, "dist-tags": { latest: version }, versions: { [version]: { ...manifest, dist } } }),
        );
      }
    });
  }

  /** @param names of packages in this repository's node_modules */
  static async start(names: readonly string[]): Promise<NpmRegistry> {
    const packages = new Map<string, Packed>();
    const registry = new NpmRegistry(packages);
    for (const name of names) {
      const folder = join(repo, "node_modules", name);
      const [packed] = JSON.parse(
        execFileSync("npm", ["pack", folder, "--ignore-scripts", "--json", "--pack-destination", registry.#folder], {
          encoding: "utf8",
          stdio: ["ignore", "pipe", "ignore"],
        }),
      ) as { filename: string }[];
      const file = join(registry.#folder, packed!.filename.replace("@", "").replace("/", "-"));
      const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Packed["manifest"];
      packages.set(name, { manifest, tarball: readFileSync(file) });
    }
    registry.#server.listen(0, "127.0.0.1");
    await once(registry.#server, "listening");
    return registry;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Environment variables with which npm uses it, and keeps nothing elsewhere. */
  get env(): Record<string, string> {
    return { npm_config_registry: this.url, npm_config_cache: join(this.#folder, "cache") };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
