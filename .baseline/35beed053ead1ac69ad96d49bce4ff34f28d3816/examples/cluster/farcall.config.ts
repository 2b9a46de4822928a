import { defineConfig } from "farcall";

export default defineConfig({ apps: ["textindex"], output: "generated" });
