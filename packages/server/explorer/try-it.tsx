import { useEffect, useState } from "preact/hooks";
import type { Overview, ShownMock, ShownRequest, Tried } from "../src/explorer/shown.ts";
import { callers, tryIt } from "./api.ts";
import { Detail, Headers } from "./detail.tsx";
import { Mocked } from "./upstreams.tsx";
import { Message } from "./waterfall.tsx";
import { ms, shortName } from "./words.ts";

/** A request of one's own, its answer, and what became of it on the way. */
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
  const [answer, setAnswer] = useState<Tried>();
  const [wrong, setWrong] = useState("");
  const [sentAs, setSentAs] = useState<string>();
  const [known, setKnown] = useState<readonly string[]>([]);
  const [as, setAs] = useState<string>();
  // Of a server that has started again they may be others.
  const ask = () => void callers().then(setKnown, (thrown: Error) => setWrong(thrown.message));
  useEffect(ask, [about]);
  const caller = as === NOBODY ? undefined : (known.find((name) => name === as) ?? known[0]);
  const choose = (name: string): void => {
    setRpc(name);
    setBody(about.rpcs.find((one) => one.rpc === name)?.skeleton ?? "{}");
    setAnswer(undefined);
  };
  const send = async (): Promise<void> => {
    setWrong("");
    setAnswer(undefined);
    const own = `explorer-${crypto.randomUUID()}`;
    try {
      JSON.parse(body); // says where, which the server's answer does not
      const all = headersIn(headers);
      const named = all.some(([name]) => name.toLowerCase() === "x-request-id");
      setSentAs(named ? undefined : own);
      setAnswer(await tryIt({ rpc, body, headers: named ? all : [...all, ["x-request-id", own]], as: caller }));
    } catch (thrown) {
      setWrong(thrown instanceof Error ? thrown.message : String(thrown));
    }
  };
  const made = sentAs === undefined ? undefined : requests.find(({ requestId }) => requestId === sentAs);
  return (
    <div class="try">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void send();
        }}
      >
        <label for="rpc">Rpc</label>
        <select id="rpc" value={rpc} onChange={(event) => choose(event.currentTarget.value)}>
          {about.rpcs.map((one) => (
            <option key={one.rpc} value={one.rpc}>
              {shortName(one.rpc)}
            </option>
          ))}
        </select>
        <label for="body">Request, as JSON</label>
        <textarea
          id="body"
          rows={12}
          spellcheck={false}
          value={body}
          aria-invalid={wrong !== ""}
          onInput={(event) => setBody(event.currentTarget.value)}
        />
        {known.length > 0 && (
          <>
            <label for="as">Who calls</label>
            <select
              id="as"
              value={caller ?? NOBODY}
              onFocus={ask}
              onChange={(event) => setAs(event.currentTarget.value)}
            >
              {known.map((name) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
              <option value={NOBODY}>nobody</option>
            </select>
          </>
        )}
        <label for="headers">Headers, a line each</label>
        <textarea
          id="headers"
          rows={3}
          spellcheck={false}
          placeholder="authorization: Bearer …"
          value={headers}
          onInput={(event) => setHeaders(event.currentTarget.value)}
        />
        <button type="submit" class="send">
          Send
        </button>
        <p role="alert" class="bad">
          {wrong}
        </p>
        {mocks.length > 0 && (
          <fieldset>
            <legend>What upstreams do</legend>
            {mocks.map((mock) => (
              <p key={mock.name}>
                <Mocked mock={mock} title={mock.name} />
              </p>
            ))}
          </fieldset>
        )}
      </form>
      <div aria-live="polite">
        {answer !== undefined && (
          <>
            <h3>
              Answer: <span class={answer.status === 200 ? "good" : "bad"}>HTTP {answer.status}</span> in{" "}
              {ms(answer.ms)}
            </h3>
            <Message title="Body" text={answer.body} />
            <details>
              <summary>Headers of the answer</summary>
              <Headers headers={answer.headers} />
            </details>
          </>
        )}
        {answer !== undefined && made !== undefined && <Detail request={made} plan={about.plan} />}
      </div>
    </div>
  );
}

/** No name is empty. */
const NOBODY = "";

/** @throws for a line that is no header */
function headersIn(text: string): (readonly [string, string])[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const colon = line.indexOf(":");
      if (colon < 1) throw new Error(`“${line}” is no header: write name: value`);
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const;
    });
}
