import type { ShownMock, ShownUpstream } from "../src/explorer/page-data.ts";
import { flip } from "./api.ts";

/** Texts of a switch's options. */
const BEHAVIOURS: Readonly<Record<string, string>> = {
  answers: "answers",
  slow: "slow: answers after 500 ms",
  silent: "silent: never answers",
  unavailable: "unavailable: UNAVAILABLE",
  down: "down: no connection",
  garbage: "garbage: answers no message",
  oversize: "oversize: answers too much",
};

export function Upstreams({
  upstreams,
  mocks,
}: {
  readonly upstreams: readonly ShownUpstream[];
  readonly mocks: readonly ShownMock[];
}) {
  if (upstreams.length === 0) return <p class="empty">This server calls no upstream.</p>;
  return (
    <div class="cards">
      {upstreams.map((upstream) => {
        const { service, branch } = upstream;
        return (
          <Upstream
            key={`${service} ${branch ?? ""}`}
            upstream={upstream}
            mock={branch === undefined ? mocks.find((mock) => mock.service === service) : undefined}
          />
        );
      })}
    </div>
  );
}

const BREAKER_CLASSES: Readonly<Record<string, string>> = { closed: "good", open: "bad" };
const ADDRESS_CLASSES: Readonly<Record<string, string>> = { ejected: "bad", connected: "good" };

const DEPLOYED = {
  unchecked: { text: "not compared yet", class: "" },
  same: { text: "as this server was generated", class: "good" },
  unknown: { text: "unknown", class: "" },
  drift: { text: "differs", class: "bad" },
};

function Upstream({ upstream, mock }: { readonly upstream: ShownUpstream; readonly mock: ShownMock | undefined }) {
  const { service, branch, breakers, limits, streams, addresses, deployed } = upstream;
  const name = branch === undefined ? service : `${service} ${branch}`;
  return (
    <section class="card" aria-label={name}>
      <h3>{name}</h3>
      {mock !== undefined && <Mocked mock={mock} />}
      <dl>
        {breakers.map(({ method, state, forMs, probesInMs }) => (
          <div key={`breaker ${method ?? ""}`}>
            <dt>breaker{of(method)}</dt>
            <dd class={BREAKER_CLASSES[state] ?? "running"}>
              {state}
              {forMs !== undefined && ` for ${Math.round(forMs / 1000)} s`}
              {probesInMs !== undefined && untilProbe(probesInMs)}
            </dd>
          </div>
        ))}
        {limits.map(({ method, taken, most, waiting }) => (
          <div key={`limit ${method ?? ""}`}>
            <dt>limit{of(method)}</dt>
            <dd>
              {most === null ? `${taken} calls, no bound` : `${taken} of ${Math.floor(most)}`}
              {waiting > 0 && `, ${waiting} waiting`}
              {most !== null && <meter min={0} max={most} value={taken} aria-label={`taken of ${name}`} />}
            </dd>
          </div>
        ))}
        {streams.map(({ method, taken, most }) => (
          <div key={`streams ${method ?? ""}`}>
            <dt>streams{of(method)}</dt>
            <dd>
              {taken} of {most} <meter min={0} max={most} value={taken} aria-label={`open streams of ${name}`} />
            </dd>
          </div>
        ))}
        {addresses.map(({ address, state, inFlight }) => (
          <div key={`address ${address}`}>
            <dt>{address}</dt>
            <dd class={ADDRESS_CLASSES[state] ?? ""}>
              {state}, {inFlight} in flight
            </dd>
          </div>
        ))}
        {deployed !== undefined && (
          <div>
            <dt>deployed</dt>
            <dd class={DEPLOYED[deployed.state].class}>
              {DEPLOYED[deployed.state].text}
              {deployed.texts.length > 0 && `: ${deployed.texts.join("; ")}`}
            </dd>
          </div>
        )}
      </dl>
    </section>
  );
}

/** Whole seconds; nothing is let out before. */
const untilProbe = (ms: number): string => (ms === 0 ? ", the next call is a probe" : `, a probe in ${ms / 1000} s`);

const of = (method: string | undefined): string =>
  method === undefined ? "" : ` of ${method.slice(method.indexOf("/") + 1)}`;

export function Mocked({
  mock: { name, service, behaviour },
  title = "mock",
}: {
  readonly mock: ShownMock;
  readonly title?: string;
}) {
  const known = BEHAVIOURS[behaviour] !== undefined;
  return (
    <label>
      {title}{" "}
      <select
        aria-label={`Behaviour of the mock of ${service}`}
        value={behaviour}
        onChange={(event) => void flip({ name, behaviour: event.currentTarget.value })}
      >
        {!known && <option value={behaviour}>{behaviour}</option>}
        {Object.entries(BEHAVIOURS).map(([word, text]) => (
          <option key={word} value={word}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
