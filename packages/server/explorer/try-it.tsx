import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Overview, ShownMock, ShownRequest, Tried } from "../src/explorer/page-data.ts";
import { callers, tryIt } from "./api.ts";
import { Detail, Headers } from "./detail.tsx";
import { choosesFields } from "./plan.ts";
import { Mocked } from "./upstreams.tsx";
import { Message } from "./waterfall.tsx";
import { ms, shortName } from "./words.ts";

/** A form for a request, its answer, and the steps that the request took. */
export function TryIt({
  about,
  requests,
  mocks,
}: {
  readonly about: Overview;
  readonly requests: readonly ShownRequest[];
  readonly mocks: readonly ShownMock[];
}) {
  const [rpc, setRpc] = useState(about.rpcs[0]?.rpc ?? "");
  const [body, setBody] = useState(about.rpcs[0]?.skeleton ?? "{}");
  const [headers, setHeaders] = useState("");
  const { answer, made, wrong, fail, forget, send } = useSending(requests);
  const { known, caller, load, setAs } = useCallers(about, fail);
  const choose = (name: string): void => {
    setRpc(name);
    setBody(about.rpcs.find((listed) => listed.rpc === name)?.skeleton ?? "{}");
    forget();
  };
  const rpcs = about.rpcs.map((listed) => [listed.rpc, shortName(listed.rpc)] as const);
  const callers = [...known.map((name) => [name, name] as const), [NOBODY, "no caller"] as const];
  return (
    <div class="try">
      <Form onSend={() => void send({ rpc, body, headers, as: caller })}>
        <Choice id="rpc" label="Rpc" value={rpc} options={rpcs} onChoose={choose} />
        <Text id="body" label="Request, as JSON" rows={12} value={body} invalid={wrong !== ""} onText={setBody} />
        {known.length > 0 && (
          <Choice id="as" label="Caller" value={caller ?? NOBODY} options={callers} onFocus={load} onChoose={setAs} />
        )}
        {choosesFields(about.plan, rpc) && (
          <Fields
            paths={about.rpcs.find((listed) => listed.rpc === rpc)?.fields ?? []}
            headers={headers}
            onHeaders={setHeaders}
          />
        )}
        <Text
          id="headers"
          label="Headers, a line each"
          rows={3}
          placeholder="authorization: Bearer …"
          value={headers}
          onText={setHeaders}
        />
        <button type="submit" class="send">
          Send
        </button>
        <p role="alert" class="bad">
          {wrong}
        </p>
        <Mocks mocks={mocks} />
      </Form>
      <div aria-live="polite">
        {answer !== undefined && <Answer answer={answer} />}
        {answer !== undefined && made !== undefined && <Detail request={made} plan={about.plan} />}
      </div>
    </div>
  );
}

/** No name is empty. */
const NOBODY = "";

/** Sends requests; keeps the last answer, with the record of its request, or what went wrong. */
function useSending(requests: readonly ShownRequest[]) {
  const [answer, setAnswer] = useState<Tried>();
  const [wrong, setWrong] = useState("");
  const [sentAs, setSentAs] = useState<string>();
  const forget = (): void => setAnswer(undefined);
  const send = async ({ rpc, body, headers, as }: Draft): Promise<void> => {
    setWrong("");
    forget();
    try {
      JSON.parse(body); // says where, which the server's answer does not
      const request = identified(headersIn(headers));
      setSentAs(request.id);
      setAnswer(await tryIt({ rpc, body, headers: request.headers, as }));
    } catch (thrown) {
      setWrong(thrown instanceof Error ? thrown.message : String(thrown));
    }
  };
  const made = sentAs === undefined ? undefined : requests.find(({ requestId }) => requestId === sentAs);
  return { answer, made, wrong, fail: setWrong, forget, send };
}

/** A request as it is written. */
interface Draft {
  readonly rpc: string;
  readonly body: string;
  readonly headers: string;
  readonly as: string | undefined;
}

/** Returns the callers that the server lists, and the chosen one. */
function useCallers(about: Overview, fail: (message: string) => void) {
  const [known, setKnown] = useState<readonly string[]>([]);
  const [as, setAs] = useState<string>();
  // A restarted server may list other callers.
  const load = () => void callers().then(setKnown, (thrown: Error) => fail(thrown.message));
  useEffect(load, [about]);
  const caller = as === NOBODY ? undefined : (known.find((name) => name === as) ?? known[0]);
  return { known, caller, load, setAs };
}

export function Form({ onSend, children }: { readonly onSend: () => void; readonly children: ComponentChildren }) {
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onSend();
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) onSend();
      }}
    >
      {children}
    </form>
  );
}

export function Choice({
  id,
  label,
  value,
  options,
  onFocus,
  onChoose,
}: {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  /** Values with their texts. */
  readonly options: readonly (readonly [string, string])[];
  readonly onFocus?: () => void;
  readonly onChoose: (value: string) => void;
}) {
  return (
    <>
      <label for={id}>{label}</label>
      <select id={id} value={value} onFocus={onFocus} onChange={(event) => onChoose(event.currentTarget.value)}>
        {options.map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
    </>
  );
}

export function Text({
  id,
  label,
  rows,
  value,
  placeholder,
  invalid,
  onText,
}: {
  readonly id: string;
  readonly label: string;
  readonly rows: number;
  readonly value: string;
  readonly placeholder?: string;
  readonly invalid?: boolean;
  readonly onText: (text: string) => void;
}) {
  return (
    <>
      <label for={id}>{label}</label>
      <textarea
        id={id}
        rows={rows}
        spellcheck={false}
        placeholder={placeholder}
        value={value}
        aria-invalid={invalid}
        onInput={(event) => onText(event.currentTarget.value)}
      />
    </>
  );
}

const FIELDS = /^bff-fields:[ \t]*(.*)$/im;

/** Ticks of the fields that the header `bff-fields` names. */
function Fields({
  paths,
  headers,
  onHeaders,
}: {
  readonly paths: readonly string[];
  readonly headers: string;
  readonly onHeaders: (text: string) => void;
}) {
  const chosen = (FIELDS.exec(headers)?.[1] ?? "").split(",").filter((path) => path !== "");
  const tick = (path: string): void => {
    const next = chosen.includes(path) ? chosen.filter((other) => other !== path) : [...chosen, path];
    const others = headers.split("\n").filter((line) => line !== "" && !FIELDS.test(line));
    onHeaders([...others, ...(next.length === 0 ? [] : [`bff-fields: ${next.join()}`])].join("\n"));
  };
  return (
    <fieldset>
      <legend>Fields of the answer; none: the usual ones</legend>
      {paths.map((path) => (
        <label key={path} class="field">
          <input type="checkbox" checked={chosen.includes(path)} onChange={() => tick(path)} /> {path}
        </label>
      ))}
    </fieldset>
  );
}

function Mocks({ mocks }: { readonly mocks: readonly ShownMock[] }) {
  if (mocks.length === 0) return null;
  return (
    <fieldset>
      <legend>Behaviour of upstreams</legend>
      {mocks.map((mock) => (
        <p key={mock.name}>
          <Mocked mock={mock} title={mock.name} />
        </p>
      ))}
    </fieldset>
  );
}

function Answer({ answer }: { readonly answer: Tried }) {
  return (
    <>
      <h3>
        Answer: <span class={answer.status === 200 ? "good" : "bad"}>HTTP {answer.status}</span> in {ms(answer.ms)}
      </h3>
      <Message title="Body" text={answer.body} />
      <details>
        <summary>Headers of the answer</summary>
        <Headers headers={answer.headers} />
      </details>
    </>
  );
}

/** Adds a request id, by which the request is found again, unless the headers contain one. */
function identified(headers: readonly Header[]): {
  readonly headers: readonly Header[];
  readonly id: string | undefined;
} {
  if (headers.some(([name]) => name.toLowerCase() === "x-request-id")) return { headers, id: undefined };
  const id = `explorer-${crypto.randomUUID()}`;
  return { headers: [...headers, ["x-request-id", id]], id };
}

type Header = readonly [name: string, value: string];

/** @throws for a line that is no header */
function headersIn(text: string): Header[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const colon = line.indexOf(":");
      if (colon < 1) throw new Error(`“${line}” is no header: write name: value`);
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const;
    });
}
