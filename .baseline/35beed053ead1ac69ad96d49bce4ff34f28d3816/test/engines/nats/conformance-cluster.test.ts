import { natsConformance } from "./suite.ts";

natsConformance("three servers and three workers", { servers: 3, workers: 3 });
