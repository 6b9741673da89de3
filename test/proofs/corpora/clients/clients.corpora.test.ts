// Clients of others, named by their tsconfig.json in PROTOBFF_CLIENTS: they compile without all fields called unread.
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { analyseClient } from "../../../../cli/src/clients/analyse.ts";
import { unreadFields } from "../../../../cli/src/clients/unread.ts";
import { answersIn, errorsWithout } from "./removal.ts";

const configs = (process.env.PROTOBFF_CLIENTS ?? "").split(",").filter((path) => path !== "");

test.skipIf(configs.length === 0).each(configs)("unread fields of %s", { timeout: 1_800_000 }, (config) => {
  const answers = answersIn(config);
  const reads = analyseClient(config, dirname(config), answers);
  const { unread, unknown, read } = unreadFields(answers, [{ client: "client", ...reads }]);
  const decided = Math.floor(reads.decided * 100);
  console.log(
    `${config}: ${read} read, ${unknown.length} unknown, ${unread.length} unread fields, ${decided} % decided\n${unread.join("\n")}`,
  );
  expect(errorsWithout(config, new Set(unread))).toEqual([]);
});
