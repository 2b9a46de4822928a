import { natsConformance } from "./suite.ts";

natsConformance("one server and one worker, each user with its role", { secured: true });
