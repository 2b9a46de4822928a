import { defineConfig } from "farcall";

export default defineConfig({ engine: "modal:", apps: ["media"], output: "generated" });
