import { useState } from "preact/hooks";
import type { ReplayedCall } from "../src/explorer/page-data.ts";
import { Choice, Form, Text } from "./try-it.tsx";
import { shortName } from "./words.ts";

/** Changes of `protobff replay --set`. */
const KINDS = {
  delay: "takes",
  faster: "is faster by",
  slower: "is slower by",
  answer: "has the answer",
  status: "fails with",
  hang: "has no answer",
} as const;
type Kind = keyof typeof KINDS;
/** Values at first, except of an answer: it is the captured one. */
const DEFAULTS: Readonly<Partial<Record<Kind, string>>> = {
  delay: "40ms",
  faster: "40ms",
  slower: "40ms",
  status: "UNAVAILABLE",
  hang: "",
};

/** Changes one call and runs the replay again. */
export function ChangeForm({
  calls,
  change,
  wrong,
  onChange,
}: {
  readonly calls: readonly ReplayedCall[];
  readonly change: string | undefined;
  readonly wrong: string;
  readonly onChange: (change: string | undefined) => void;
}) {
  const options = optionsOf(calls);
  const [call, setCall] = useState(options[0]?.[0] ?? "");
  const [kind, setKind] = useState<Kind>("delay");
  const [values, setValues] = useState<Partial<Record<string, string>>>({});
  if (options.length === 0) return null;
  const response = calls.find(({ name }) => name === call.split("#")[0])?.response ?? "{}";
  // An answer belongs to its call.
  const key = kind === "answer" ? call : kind;
  const value = values[key] ?? DEFAULTS[kind] ?? response;
  return (
    <Form onSend={() => onChange(`${call}: ${kind}${kind === "hang" ? "" : `=${value}`}`)}>
      <Choice id="call" label="Call" value={call} options={options} onChoose={setCall} />
      <Choice
        id="change"
        label="Change"
        value={kind}
        options={Object.entries(KINDS)}
        onChoose={(name) => setKind(name as Kind)}
      />
      {kind !== "hang" && (
        <Text
          id="value"
          label="Value"
          rows={kind === "answer" ? 8 : 1}
          value={value}
          invalid={wrong !== ""}
          onText={(text) => setValues({ ...values, [key]: text })}
        />
      )}
      <button type="submit" class="send">
        Replay with the change
      </button>{" "}
      {change !== undefined && (
        <button type="button" class="link" onClick={() => onChange(undefined)}>
          Remove the change
        </button>
      )}
      <p role="alert" class="bad">
        {wrong}
      </p>
      {change !== undefined && wrong === "" && (
        <p class="quiet">
          In a terminal: <code>--set '{change}'</code>
        </p>
      )}
    </Form>
  );
}

/** Returns the methods, and the attempts of those that have several. */
function optionsOf(calls: readonly ReplayedCall[]): readonly (readonly [value: string, text: string])[] {
  const methods = Map.groupBy(calls, ({ name }) => name);
  return [...methods].flatMap(([name, some]) => {
    const nths = some.flatMap(({ attempts }) => attempts.map(({ nth }) => nth)).sort((a, b) => a - b);
    if (nths.length < 2) return [[name, shortName(name)] as const];
    const each = nths.map((nth) => [`${name}#${nth}`, `${shortName(name)}, attempt ${nth}`] as const);
    return [[name, `${shortName(name)}, all attempts`] as const, ...each];
  });
}
