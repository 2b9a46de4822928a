import { defineConfig } from "farcall";

export default defineConfig({ apps: ["shop"], output: "generated" });
