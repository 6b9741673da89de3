// Loaded before a plugin (`node --import`): writes what the process has used as the last line of its standard error.
import { writeSync } from "node:fs";

process.on("exit", () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  writeSync(2, `\n${JSON.stringify({ cpu_ms: (userCPUTime + systemCPUTime) / 1000, max_rss_mb: maxRSS / 1024 })}\n`);
});
