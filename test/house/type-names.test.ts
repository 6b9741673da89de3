// An exported type name has one meaning in its package.
import { expect, test } from "vitest";
import { sources } from "./shapes.ts";

/** Names with several meanings, by package: a list that only shrinks. */
const SEVERAL: Readonly<Record<string, readonly string[]>> = {
  cli: ["Finding"],
  client: [],
  "packages/conformance": ["Breaker", "Call"],
  "packages/messages": [],
  "packages/replay": ["World"],
  "packages/server": ["Callers", "Carrier", "Listener", "Recording", "Report", "ServerTls"],
  plugin: ["Block", "Declared", "Effects", "Source", "Taint"],
  runtime: ["Answer", "Entry", "Incoming", "Key", "Meter", "Place", "Receiver", "Time", "Waiter"],
};

test.each(Object.entries(SEVERAL))("exported type names of %s have one meaning", (folder, known) => {
  const names = sources(folder).flatMap(({ text }) =>
    [...text.matchAll(/^export (?:declare )?(?:abstract )?(?:class|interface|type|enum) (\w+)/gm)].map(
      ([, name = ""]) => name,
    ),
  );
  const several = names.filter((name, index) => names.indexOf(name) !== index);
  expect([...new Set(several)].sort()).toEqual(known);
});
