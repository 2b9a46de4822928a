import { natsConformance } from "./suite.ts";

natsConformance("one server and one worker", { servers: 1, workers: 1 });
