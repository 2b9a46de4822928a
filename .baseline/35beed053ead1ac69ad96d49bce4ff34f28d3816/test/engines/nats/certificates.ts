/** Certificates for a test, which openssl makes. */
import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { LEFT_OUT } from "./server.ts";

/** Why tests that need certificates are left out here; undefined where they run, and in CI, where they fail instead. */
export const TLS_LEFT_OUT: string | undefined =
  LEFT_OUT ??
  (spawnSync("openssl", ["version"]).status === 0 || process.env["CI"]
    ? undefined
    : "no openssl here to make certificates");

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

export interface Authority {
  /** Its certificate. */
  file: string;
  /** @param names such as `IP:127.0.0.1` */
  issue(name: string, names: string): { cert: string; key: string };
}

export function authority(folder: string, name: string): Authority {
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const file = join(folder, `${name}.pem`);
  openssl("req", "-x509", ...KEY, "-keyout", `${name}.key`, "-out", file, "-subj", `/CN=${name}`, "-days", "2");
  return {
    file,
    issue(whose, names) {
      const [cert, key, request, extensions] = ["pem", "key", "csr", "ext"].map((end) =>
        join(folder, `${whose}.${end}`),
      );
      writeFileSync(extensions!, `subjectAltName=${names}\n`);
      openssl("req", "-new", ...KEY, "-keyout", key!, "-out", request!, "-subj", `/CN=${whose}`);
      const by = ["-CA", file, "-CAkey", `${name}.key`, "-CAcreateserial"];
      openssl("x509", "-req", "-in", request!, ...by, "-out", cert!, "-days", "2", "-extfile", extensions!);
      return { cert: cert!, key: key! };
    },
  };
}
