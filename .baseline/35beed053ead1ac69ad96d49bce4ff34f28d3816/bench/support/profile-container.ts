/** Preloaded into a container: profiles until SIGUSR2, then writes the profile. A host kills its containers, so they cannot write it when they exit. */
import { writeFileSync } from "node:fs";
import { Session } from "node:inspector";
import { join } from "node:path";

const session = new Session();
session.connect();
session.post("Profiler.enable");
session.post("Profiler.start");
process.once("SIGUSR2", () => {
  session.post("Profiler.stop", (error, result) => {
    if (error) throw error;
    writeFileSync(
      join(process.env["PROFILE_FOLDER"]!, `container-${process.pid}.cpuprofile`),
      JSON.stringify(result.profile),
    );
  });
});
